#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes golden cases from SPEC's formulas in PyTorch, with its automatic differentiation: an implementation that shares
nothing with the engine. tests/golden/cases/torch-* were made by it:

    python3 tests/support/make_golden.py tests/golden/cases

Each case turns on configuration fields that the other cases leave at their defaults.
"""
import json
import math
import os
import struct
import sys

import torch
import torch.nn.functional as F

BASE = dict(vocab_size=96, hidden_dim=48, num_layers=2, num_heads=4, num_kv_heads=2, head_dim=12, mlp_hidden_dim=80, max_seq_len=48,
            dropout=0.0, rope_base=1e6, rope_scaling=None, use_bitlinear=True, bitlinear_per_channel=False, quantization_eps=1e-8,
            norm_eps=1e-6, tie_word_embeddings=True, use_qk_norm=True, attn_logit_soft_cap=50.0, final_logit_soft_cap=30.0,
            use_sub_norm=False)

CASES = {
    "torch-untied-perchannel": (dict(tie_word_embeddings=False, bitlinear_per_channel=True), dict()),
    "torch-subnorm-noqknorm": (dict(use_sub_norm=True, use_qk_norm=False, attn_logit_soft_cap=None, final_logit_soft_cap=None), dict()),
    "torch-packed-ropescaling": (dict(rope_scaling=2.5), dict(packed=True, masked=True)),
    "torch-headdim": (dict(num_heads=3, num_kv_heads=1, head_dim=24, rope_base=1e4), dict(smoothing=0.1)),
    "torch-dense-all": (dict(use_bitlinear=False, tie_word_embeddings=False, use_sub_norm=True, rope_scaling=4.0, num_heads=3, num_kv_heads=3,
                             head_dim=20), dict(packed=True, masked=True, smoothing=0.05, adjust="original", muon_lr=0.002, muon_wd=0.1, adam_wd=0.1)),
}


class Round(torch.autograd.Function):
    """A quantizer under the plain straight-through estimator: the given value forward, the identity backward."""

    @staticmethod
    def forward(ctx, x, quantized):
        return quantized.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def bitlinear(c, x, w):
    if not c["use_bitlinear"]:
        return x @ w.T
    eps = c["quantization_eps"]
    gamma = (w.abs().mean(dim=1, keepdim=True) if c["bitlinear_per_channel"] else w.abs().mean()).detach() + eps
    wq = torch.clamp(torch.round(w.detach() / gamma), -1, 1) * gamma
    alpha = x.detach().abs().amax(dim=-1, keepdim=True) + eps
    xq = torch.round(torch.clamp(x.detach() / alpha * 127, -128, 127)) * (alpha / 127)
    return Round.apply(x, xq) @ Round.apply(w, wq).T


def rmsnorm(c, x, w):
    return x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + c["norm_eps"]) * w


def rope(c, x, positions):
    h = c["head_dim"]
    angle = (positions[:, :, None] / (c["rope_scaling"] or 1.0)) * c["rope_base"] ** (-2.0 * torch.arange(h // 2, dtype=torch.float64) / h)
    cos, sin = angle.cos().float()[:, :, None, :], angle.sin().float()[:, :, None, :]
    a, b = x[..., : h // 2], x[..., h // 2:]
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def cap(x, limit):
    return x if limit is None else limit * torch.tanh(x / limit)


def forward(c, p, ids, documents):
    b, t = ids.shape
    H, K, h = c["num_heads"], c["num_kv_heads"], c["head_dim"]
    starts = torch.zeros(b, t, dtype=torch.long)
    for s in range(b):
        for i in range(1, t):
            starts[s, i] = i if documents[s, i] != documents[s, i - 1] else starts[s, i - 1]
    positions = (torch.arange(t)[None] - starts).double()
    seen = torch.ones(t, t).tril().bool()[None] & (documents[:, :, None] == documents[:, None, :])
    x = p["embed_tokens.weight"][ids]
    for n in range(c["num_layers"]):
        g = lambda name: p[f"layers.{n}.{name}.weight"]
        a = rmsnorm(c, x, g("input_layernorm"))
        q, k, v = (bitlinear(c, a, g(f"self_attn.{m}_proj")).view(b, t, -1, h) for m in "qkv")
        if c["use_qk_norm"]:
            q, k = rmsnorm(c, q, g("self_attn.q_norm")), rmsnorm(c, k, g("self_attn.k_norm"))
        q, k = rope(c, q, positions), rope(c, k, positions)
        k, v = k.repeat_interleave(H // K, dim=2), v.repeat_interleave(H // K, dim=2)
        s = cap(torch.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(h), c["attn_logit_soft_cap"])
        s = s.masked_fill(~seen[:, None], -math.inf)
        o = torch.einsum("bhij,bjhd->bihd", torch.softmax(s, -1), v).reshape(b, t, H * h)
        if c["use_sub_norm"]:
            o = rmsnorm(c, o, g("self_attn.sub_norm"))
        x = x + bitlinear(c, o, g("self_attn.o_proj"))
        m = rmsnorm(c, x, g("post_attention_layernorm"))
        f = F.silu(bitlinear(c, m, g("mlp.gate_proj"))) * bitlinear(c, m, g("mlp.up_proj"))
        if c["use_sub_norm"]:
            f = rmsnorm(c, f, g("mlp.sub_norm"))
        x = x + bitlinear(c, f, g("mlp.down_proj"))
    x = rmsnorm(c, x, p["norm.weight"])
    head = p["embed_tokens.weight"] if c["tie_word_embeddings"] else p["lm_head.weight"]
    return cap(x @ head.T, c["final_logit_soft_cap"])


def loss_of(logits, labels, documents, smoothing):
    targets = labels[:, 1:].clone()
    targets[documents[:, 1:] != documents[:, :-1]] = -100
    return F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-100, label_smoothing=smoothing)


def parameters(c):
    d, f, h, q, kv = c["hidden_dim"], c["mlp_hidden_dim"], c["head_dim"], c["num_heads"] * c["head_dim"], c["num_kv_heads"] * c["head_dim"]
    p = {"embed_tokens.weight": torch.randn(c["vocab_size"], d)}
    norm = lambda width: 1 + 0.3 * torch.randn(width)
    matrix = lambda rows, cols: (torch.rand(rows, cols) * 2 - 1) / math.sqrt(cols)
    for n in range(c["num_layers"]):
        l = f"layers.{n}."
        p[l + "input_layernorm.weight"] = norm(d)
        for m, rows in (("q", q), ("k", kv), ("v", kv)):
            p[l + f"self_attn.{m}_proj.weight"] = matrix(rows, d)
        if c["use_qk_norm"]:
            p[l + "self_attn.q_norm.weight"], p[l + "self_attn.k_norm.weight"] = 3 * norm(h), 3 * norm(h)
        if c["use_sub_norm"]:
            p[l + "self_attn.sub_norm.weight"] = norm(q)
        p[l + "self_attn.o_proj.weight"] = matrix(d, q)
        p[l + "post_attention_layernorm.weight"] = norm(d)
        p[l + "mlp.gate_proj.weight"], p[l + "mlp.up_proj.weight"] = matrix(f, d), matrix(f, d)
        if c["use_sub_norm"]:
            p[l + "mlp.sub_norm.weight"] = norm(f)
        p[l + "mlp.down_proj.weight"] = matrix(d, f)
    p["norm.weight"] = norm(d)
    if not c["tie_word_embeddings"]:
        p["lm_head.weight"] = torch.randn(c["vocab_size"], d)
    return {name: value.requires_grad_() for name, value in p.items()}


def newton_schulz(u):
    x = u / max(u.norm().item(), 1e-7)
    flip = x.shape[0] > x.shape[1]
    x = x.T if flip else x
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if flip else x


@torch.no_grad()
def optimize(p, state, step, o):
    for name, w in p.items():
        g = w.grad
        if "_proj" in name:
            m = state.setdefault(name, torch.zeros_like(w))
            m += (1 - o["momentum"]) * (g - m)
            ortho = newton_schulz(g + o["momentum"] * (m - g))
            rows, cols = w.shape
            factor = math.sqrt(max(1, rows / cols)) if o["adjust_lr"] == "original" else 0.2 * math.sqrt(max(rows, cols))
            w *= 1 - o["muon_lr"] * o["muon_wd"]
            w -= o["muon_lr"] * factor * ortho
        else:
            m, v = state.setdefault(name, (torch.zeros_like(w), torch.zeros_like(w)))
            m += (1 - o["beta1"]) * (g - m)
            v += (1 - o["beta2"]) * (g * g - v)
            if w.dim() == 2:
                w *= 1 - o["adam_lr"] * o["adam_wd"]
            w -= o["adam_lr"] * (m / (1 - o["beta1"] ** step)) / ((v / (1 - o["beta2"] ** step)).sqrt() + o["adam_eps"])


def save(path, tensors, metadata=None):
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "I32" if tensor.dtype == torch.int32 else "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def make(folder, name, changes, options):
    torch.manual_seed(sum(map(ord, name)))
    c = dict(BASE, **changes)
    o = dict(muon_lr=options.get("muon_lr", 0.02), muon_wd=options.get("muon_wd", 0.0), momentum=0.95, adjust_lr=options.get("adjust", "match_rms_adamw"), adam_lr=0.003,
             adam_wd=options.get("adam_wd", 0.0), beta1=0.9, beta2=0.95, adam_eps=1e-8)
    b, t = 2, 29
    ids = torch.randint(0, c["vocab_size"], (b, t))
    documents = torch.zeros(b, t, dtype=torch.long)
    if options.get("packed"):
        documents[0, 7:], documents[0, 20:], documents[1, 13:] = 1, 2, 5
    labels = ids.clone()
    if options.get("masked"):
        labels[torch.rand(b, t) < 0.3] = -100
    p = parameters(c)
    target = os.path.join(folder, name)
    os.makedirs(target, exist_ok=True)
    json.dump(c, open(os.path.join(target, "config.json"), "w"), indent=1)
    save(os.path.join(target, "model.safetensors"), p)
    smoothing = options.get("smoothing", 0.0)
    out = {"input_ids": ids.int(), "labels": labels.int()}
    if options.get("packed"):
        out["document_ids"] = documents.int()
    losses, state = [], {}
    for step in range(1, 6):
        logits = forward(c, p, ids, documents)
        loss = loss_of(logits, labels, documents, smoothing)
        for w in p.values():
            w.grad = None
        loss.backward()
        losses.append(loss.item())
        if step == 1:
            out["logits"], out["loss"] = logits.detach().clone(), loss.detach().reshape(1).clone()
            out.update({"grad." + n: w.grad.clone() for n, w in p.items()})
        optimize(p, state, step, o)
        if step in (1, 5):
            out.update({f"step{step}." + n: w.detach().clone() for n, w in p.items()})
    out["train_losses"] = torch.tensor(losses)
    save(os.path.join(target, "golden.safetensors"), out, dict({k: str(v) for k, v in o.items()}, label_smoothing=str(smoothing), case=name))
    print(name, losses)


if __name__ == "__main__":
    for case, (fields, extra) in CASES.items():
        make(sys.argv[1], case, fields, extra)
