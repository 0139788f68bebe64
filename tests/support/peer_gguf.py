# SPDX-License-Identifier: Apache-2.0
"""Random ternary weights in the shapes of the 100M preset as a GGUF in F16, for other programs' quantizers and benchmarks:
peer_gguf.py OUT ARCHITECTURE, which is "qwen3" (the preset's own block, but for its soft-caps) or "llama" (without the norms of q
and k, for builds that do not know qwen3)."""
import sys

import gguf
import numpy as np

V, D, LAYERS, HEADS, KV, HEAD, F = 32000, 768, 12, 12, 4, 64, 2048


def main(out, arch):
    random = np.random.default_rng(1)
    w = gguf.GGUFWriter(out, arch)
    w.add_context_length(2048)
    w.add_embedding_length(D)
    w.add_block_count(LAYERS)
    w.add_feed_forward_length(F)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV)
    w.add_key_length(HEAD)
    w.add_value_length(HEAD)
    w.add_layer_norm_rms_eps(1e-6)
    w.add_rope_freq_base(1e6)
    w.add_rope_dimension_count(HEAD)
    w.add_vocab_size(V)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    w.add_tokenizer_model("llama")
    w.add_token_list([b"<unk>", b"<s>", b"</s>"] + [f"t{i}".encode() for i in range(3, V)])
    w.add_token_scores([0.0] * V)
    w.add_token_types([2, 3, 3] + [1] * (V - 3))

    def ternary(rows, columns):  # as BitLinear's weights come out of SPEC's initial ones: a third of them zeros
        scale = 0.5 / columns**0.5
        return (random.integers(-1, 2, (rows, columns)) * scale).astype(np.float16)

    w.add_tensor("token_embd.weight", (random.standard_normal((V, D)) * 0.02).astype(np.float16))
    w.add_tensor("output_norm.weight", np.ones(D, np.float32))
    for n in range(LAYERS):
        name = f"blk.{n}."
        w.add_tensor(name + "attn_norm.weight", np.ones(D, np.float32))
        w.add_tensor(name + "ffn_norm.weight", np.ones(D, np.float32))
        w.add_tensor(name + "attn_q.weight", ternary(HEADS * HEAD, D))
        w.add_tensor(name + "attn_k.weight", ternary(KV * HEAD, D))
        w.add_tensor(name + "attn_v.weight", ternary(KV * HEAD, D))
        if arch == "qwen3":
            w.add_tensor(name + "attn_q_norm.weight", np.ones(HEAD, np.float32))
            w.add_tensor(name + "attn_k_norm.weight", np.ones(HEAD, np.float32))
        w.add_tensor(name + "attn_output.weight", ternary(D, HEADS * HEAD))
        w.add_tensor(name + "ffn_gate.weight", ternary(F, D))
        w.add_tensor(name + "ffn_up.weight", ternary(F, D))
        w.add_tensor(name + "ffn_down.weight", ternary(D, F))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


main(*sys.argv[1:])
