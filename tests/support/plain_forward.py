#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent forward pass over exported files, in NumPy: a GGUF file through the official `gguf` reader, or a Hugging
Face folder through the official `safetensors` reader. Nothing of the program is used.

As a module: load(path) -> Model; model.logits(ids[B,T]) -> float32 [B,T,V]. `activation_bits=8` rounds what goes into each
projection as BitLinear does (one scale a token), which other programs do not; then the logits must be the program's own up to
rounding. `attention_cap` and `final_cap` put back the soft-caps that no other program has.
"""
import json
import os

import numpy as np


class Model:
    def __init__(self, weights, config, interleaved):
        self.w = weights            # our names, without "layers.N." prefixes being changed
        self.c = config
        self.interleaved = interleaved  # RoPE turns (x[2j], x[2j+1]), else (x[j], x[j+h/2])

    def logits(self, ids, activation_bits=None, attention_cap=None, final_cap=None, eps=1e-8):
        c, w = self.c, self.w
        h, heads, kv = c["head_dim"], c["heads"], c["kv_heads"]
        ids = np.asarray(ids)
        T = ids.shape[1]
        position = np.arange(T, dtype=np.float64)[:, None] / (c["rope_scaling"] or 1.0)
        angle = position * c["rope_base"] ** (-2.0 * np.arange(h // 2) / h)
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)

        def norm(x, weight):
            return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(c["eps"])) * weight

        def linear(x, weight):
            if activation_bits == 8:
                alpha = np.abs(x).max(axis=-1, keepdims=True) + np.float32(eps)
                x = np.round(np.clip(x / alpha * np.float32(127), -128, 127)) * (alpha / np.float32(127))
            return x @ weight.T

        def turn(x):  # [B, T, heads, h]
            a, b = (x[..., 0::2], x[..., 1::2]) if self.interleaved else (x[..., : h // 2], x[..., h // 2:])
            co, si = cos[None, :, None, :], sin[None, :, None, :]
            out = np.empty_like(x)
            first, second = a * co - b * si, b * co + a * si
            if self.interleaved:
                out[..., 0::2], out[..., 1::2] = first, second
            else:
                out[..., : h // 2], out[..., h // 2:] = first, second
            return out

        mask = np.triu(np.full((T, T), -np.inf, dtype=np.float32), 1)
        x = w["embed_tokens.weight"][ids]
        B = ids.shape[0]
        for n in range(c["layers"]):
            def get(name):
                return w.get(f"layers.{n}.{name}.weight")
            a = norm(x, get("input_layernorm"))
            q = linear(a, get("self_attn.q_proj")).reshape(B, T, heads, h)
            k = linear(a, get("self_attn.k_proj")).reshape(B, T, kv, h)
            v = linear(a, get("self_attn.v_proj")).reshape(B, T, kv, h)
            if get("self_attn.q_norm") is not None:
                q, k = norm(q, get("self_attn.q_norm")), norm(k, get("self_attn.k_norm"))
            q, k = turn(q), turn(k)
            k, v = (np.repeat(z, heads // kv, axis=2) for z in (k, v))
            s = np.einsum("bthd,bshd->bhts", q, k) / np.float32(np.sqrt(h))
            if attention_cap:
                s = np.float32(attention_cap) * np.tanh(s / np.float32(attention_cap))
            s = s + mask
            s = np.exp(s - s.max(axis=-1, keepdims=True))
            s /= s.sum(axis=-1, keepdims=True)
            o = np.einsum("bhts,bshd->bthd", s, v).reshape(B, T, heads * h)
            if get("self_attn.sub_norm") is not None:
                o = norm(o, get("self_attn.sub_norm"))
            x = x + linear(o, get("self_attn.o_proj"))
            m = norm(x, get("post_attention_layernorm"))
            gate = linear(m, get("mlp.gate_proj"))
            z = gate / (1 + np.exp(-gate)) * linear(m, get("mlp.up_proj"))
            if get("mlp.sub_norm") is not None:
                z = norm(z, get("mlp.sub_norm"))
            x = x + linear(z, get("mlp.down_proj"))
        x = norm(x, w["norm.weight"])
        out = x @ w.get("lm_head.weight", w["embed_tokens.weight"]).T
        return np.float32(final_cap) * np.tanh(out / np.float32(final_cap)) if final_cap else out


def load_hugging_face(folder):
    from safetensors.numpy import load_file
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        j = json.load(f)
    scaling = j["rope_scaling"]
    config = {"layers": j["num_hidden_layers"], "heads": j["num_attention_heads"], "kv_heads": j["num_key_value_heads"],
              "head_dim": j["head_dim"], "eps": j["rms_norm_eps"], "rope_base": j["rope_theta"],
              "rope_scaling": scaling and scaling["factor"]}
    weights = {}
    for name, tensor in load_file(os.path.join(folder, "model.safetensors")).items():
        name = name.removeprefix("model.").replace("attn_sub_norm", "sub_norm").replace("ffn_sub_norm", "sub_norm")
        weights[name] = tensor.astype(np.float32)
    return Model(weights, config, False)


GGUF_NAMES = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
              "attn_v": "self_attn.v_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
              "attn_sub_norm": "self_attn.sub_norm", "attn_output": "self_attn.o_proj",
              "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
              "ffn_sub_norm": "mlp.sub_norm", "ffn_down": "mlp.down_proj"}


def load_gguf(path):
    import gguf
    reader = gguf.GGUFReader(path)

    def value(key, default=None):
        field = reader.get_field(key)
        return default if field is None else field.contents()

    arch = value("general.architecture")
    assert arch in ("qwen3", "llama", "bitnet"), arch
    assert value("general.quantization_version") == 2
    config = {"layers": value(f"{arch}.block_count"), "heads": value(f"{arch}.attention.head_count"),
              "kv_heads": value(f"{arch}.attention.head_count_kv"), "head_dim": value(f"{arch}.attention.key_length"),
              "eps": value(f"{arch}.attention.layer_norm_rms_epsilon"), "rope_base": value(f"{arch}.rope.freq_base"),
              "rope_scaling": value(f"{arch}.rope.scaling.factor")}
    weights = {}
    for tensor in reader.tensors:
        array = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        array = array.reshape([int(n) for n in reversed(tensor.shape)])
        name = {"token_embd.weight": "embed_tokens.weight", "output_norm.weight": "norm.weight",
                "output.weight": "lm_head.weight"}.get(tensor.name)
        if name is None:
            blk, number, kind, suffix = tensor.name.split(".")
            assert blk == "blk" and suffix == "weight", tensor.name
            name = f"layers.{number}.{GGUF_NAMES[kind]}.weight"
        weights[name] = array
    return Model(weights, config, arch == "llama")


def load(path):
    return load_hugging_face(path) if os.path.isdir(path) else load_gguf(path)


def difference(ours, theirs):
    """KL(ours || theirs), agreement and the largest difference over [..., V] logits."""
    a, b = (x.reshape(-1, x.shape[-1]).astype(np.float64) for x in (ours, theirs))
    log_p = a - np.logaddexp.reduce(a, axis=-1, keepdims=True)
    log_q = b - np.logaddexp.reduce(b, axis=-1, keepdims=True)
    kl = (np.exp(log_p) * (log_p - log_q)).sum(-1)
    top = np.partition(a, -2, axis=-1)
    clear = top[:, -1] - top[:, -2] > 0.05
    same = a.argmax(-1) == b.argmax(-1)
    return {"positions": len(a), "kl": float(kl.sum()), "kl_max": float(kl.max()), "same": int(same.sum()),
            "clear": int(clear.sum()), "clear_same": int((same & clear).sum()),
            "largest": float(np.abs(a - b).max()),
            "relative": float(np.linalg.norm(a - b) / np.linalg.norm(a))}
