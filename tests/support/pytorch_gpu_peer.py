#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The peer that a card's figures are measured beside: SPEC's model as PyTorch does it best, compiled, in bfloat16 with
float32 master weights and fused attention (FlexAttention: the soft-cap within, grouped keys not repeated).

    python3 tests/support/pytorch_gpu_peer.py        # training, forward, prefill, decode of the 100M preset
    python3 tests/support/pytorch_gpu_peer.py --tests train --batch 2 --recompute --update-tokens 2048     # v0.4

Needs PyTorch 2.6 or later. It prints a JSON line a test: training with each of the micro-batches given, in tokens a
second of whole updates (clip, Muon and AdamW included) and their share of the card's dense bfloat16 peak; forward
(logits of all positions), prefill (of the last) and decode in CUDA graphs over ternary weights made dense once. Memory
is what tensors took at most, without the context. `--device cpu --no-compile` and small sizes run it anywhere, to see
that it works.
"""
import argparse
import itertools
import json
import math
import statistics
import time

import torch
import torch.nn.functional as F
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
from torch.utils.checkpoint import checkpoint

from pytorch_peer import BitLinear, RMSNorm, rotate

# Dense bfloat16 products a second, by what the card's name holds (the makers' data sheets).
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "RTX 4090": 165e12}


class StackedBitLinear(BitLinear):
    """Matrices over one input as one product: fewer, larger kernels. Each has a gamma of its own."""

    def __init__(self, inputs, *outputs):
        super().__init__(inputs, sum(outputs))
        self.outputs = outputs

    def ternary(self):
        weight = self.weight.detach()
        gamma = torch.cat([part.abs().mean().expand(len(part), 1) for part in weight.split(self.outputs)]) + self.eps
        return torch.clamp(torch.round(weight / gamma), -1, 1) * gamma

    def forward(self, x):
        weight = self.weight + (self.ternary() - self.weight).detach()
        alpha = x.detach().abs().amax(dim=-1, keepdim=True) + self.eps
        quantized = torch.round(torch.clamp(x.detach() / alpha * 127, -128, 127)) * (alpha / 127)
        return F.linear(x + (quantized - x).detach(), weight)


class FrozenBitLinear(torch.nn.Module):
    """For inference: gamma times the ternary weights, dense bfloat16."""

    def __init__(self, trained):
        super().__init__()
        self.register_buffer("weight", trained.ternary().to(torch.bfloat16))
        self.eps = trained.eps

    def forward(self, x):
        x = x.float()
        alpha = x.abs().amax(dim=-1, keepdim=True) + self.eps
        quantized = torch.round(torch.clamp(x / alpha * 127, -128, 127)) * (alpha / 127)
        return F.linear(quantized.to(torch.bfloat16), self.weight)


class Block(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        d, h = c.hidden, c.head
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(d), RMSNorm(d)
        self.qkv_proj = StackedBitLinear(d, c.heads * h, c.kv_heads * h, c.kv_heads * h)
        self.o_proj = StackedBitLinear(c.heads * h, d)
        self.q_norm, self.k_norm = RMSNorm(h), RMSNorm(h)
        self.gate_up_proj, self.down_proj = StackedBitLinear(d, c.mlp, c.mlp), StackedBitLinear(c.mlp, d)

    def heads(self, x, cos, sin):
        c = self.c
        b, t, _ = x.shape
        rows = self.qkv_proj(self.input_layernorm(x)).view(b, t, c.heads + 2 * c.kv_heads, c.head)
        q, k, v = rows.split((c.heads, c.kv_heads, c.kv_heads), dim=2)
        q, k = self.q_norm(q.float()).transpose(1, 2), self.k_norm(k.float()).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        return q.to(torch.bfloat16), k.to(torch.bfloat16), v.transpose(1, 2).to(torch.bfloat16)

    def rest(self, x, attended):
        b, _, t, _ = attended.shape
        x = x + self.o_proj(attended.transpose(1, 2).reshape(b, t, -1)).float()
        gate, up = self.gate_up_proj(self.post_attention_layernorm(x)).chunk(2, dim=-1)
        return x + self.down_proj(F.silu(gate) * up).float()

    def forward(self, x, cos, sin, mask):
        q, k, v = self.heads(x, cos, sin)
        cap = self.c.cap
        soft = (lambda score, b, h, i, j: cap * torch.tanh(score / cap)) if cap else None
        return self.rest(x, flex_attention(q, k, v, score_mod=soft, block_mask=mask, enable_gqa=True))

    def decode(self, x, cos, sin, keys, values, position):
        """One token against a cache [1, Hkv, capacity, h], written at `position`, a tensor."""
        q, k, v = self.heads(x, cos, sin)
        keys.index_copy_(2, position, k)
        values.index_copy_(2, position, v)
        c = self.c
        q = q.view(1, c.kv_heads, c.heads // c.kv_heads, c.head)
        scores = (q @ keys.transpose(-2, -1)).float() / math.sqrt(c.head)
        if c.cap:
            scores = c.cap * torch.tanh(scores / c.cap)
        scores = scores.masked_fill(torch.arange(keys.shape[2], device=keys.device) > position, -math.inf)
        out = torch.softmax(scores, dim=-1).to(torch.bfloat16) @ values
        return self.rest(x, out.view(1, c.heads, 1, c.head))


class Model(torch.nn.Module):
    def __init__(self, c, device):
        super().__init__()
        self.c = c
        self.embed_tokens = torch.nn.Embedding(c.vocab, c.hidden)
        torch.nn.init.normal_(self.embed_tokens.weight, std=0.02)
        self.layers = torch.nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = RMSNorm(c.hidden)
        length = max(c.tokens, c.past + c.decode + 1)
        angles = torch.arange(length)[:, None] * c.rope_base ** (-torch.arange(0, c.head, 2) / c.head)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self.to(device)

    def logits(self, x):
        final = self.c.final_cap
        y = F.linear(self.norm(x).to(torch.bfloat16), self.embed_tokens.weight.to(torch.bfloat16)).float()
        return final * torch.tanh(y / final) if final else y

    def hidden(self, ids, mask):
        t = ids.shape[1]
        x = self.embed_tokens(ids).float()
        for layer in self.layers:
            if self.c.recompute and self.training:
                x = checkpoint(layer, x, self.cos[:t], self.sin[:t], mask, use_reentrant=False)
            else:
                x = layer(x, self.cos[:t], self.sin[:t], mask)
        return x

    def loss(self, ids, mask):
        logits = self.logits(self.hidden(ids, mask)[:, :-1])
        return F.cross_entropy(logits.reshape(-1, self.c.vocab), ids[:, 1:].reshape(-1))

    def step(self, token, position, keys, values):
        x = self.embed_tokens(token).float()
        cos, sin = self.cos[position], self.sin[position]
        for n, layer in enumerate(self.layers):
            x = layer.decode(x, cos, sin, keys[n], values[n], position)
        return self.logits(x)[:, -1].argmax(dim=-1, keepdim=True)

    def freeze(self):
        """Turns every StackedBitLinear into its form for inference, and the head into bfloat16."""
        for module in list(self.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, StackedBitLinear):
                    setattr(module, name, FrozenBitLinear(child))
        self.embed_tokens.weight.data = self.embed_tokens.weight.data.to(torch.bfloat16)
        return self.requires_grad_(False).eval()


def causal_mask(tokens, device):
    return create_block_mask(lambda b, h, i, j: i >= j, None, None, tokens, tokens, device=device)


def newton_schulz(u):
    """Of equal matrices at once, [n, rows, columns], in bfloat16."""
    x = u.to(torch.bfloat16)
    x = x / x.flatten(1).norm(dim=1).clamp_min(1e-7)[:, None, None]
    transposed = x.shape[1] > x.shape[2]
    if transposed:
        x = x.mT
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.mT if transposed else x


class Optimizer:
    """Clip, Muon over the projections (equal shapes together), fused AdamW over the rest."""

    def __init__(self, model, compiled, device):
        self.parameters = list(model.parameters())
        stacked = [m for m in model.modules() if isinstance(m, StackedBitLinear)]
        # (parameter, its matrix's first row, rows): equal shapes together.
        matrices = [(m.weight, sum(m.outputs[:n]), rows) for m in stacked for n, rows in enumerate(m.outputs)]
        shape = lambda matrix: (matrix[2], matrix[0].shape[1])
        self.groups = [list(g) for _, g in itertools.groupby(sorted(matrices, key=shape), key=shape)]
        self.momenta = [[torch.zeros_like(p[first:first + rows]) for p, first, rows in g] for g in self.groups]
        projections = {id(m.weight) for m in stacked}
        others = [p for p in self.parameters if id(p) not in projections]
        self.adam = torch.optim.AdamW(others, lr=1e-3, betas=(0.9, 0.95), fused=device.type == "cuda")
        self.orthogonal = torch.compile(newton_schulz) if compiled else newton_schulz

    @torch.no_grad()
    def step(self, lr=0.01, mu=0.95):
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        for group, momenta in zip(self.groups, self.momenta):
            gradients = [p.grad[first:first + rows] for p, first, rows in group]
            weights = [p[first:first + rows] for p, first, rows in group]
            torch._foreach_lerp_(momenta, gradients, 1 - mu)
            update = self.orthogonal(torch.stack(torch._foreach_lerp(gradients, momenta, mu)))
            scale = -lr * 0.2 * math.sqrt(max(weights[0].shape))
            torch._foreach_add_(weights, list(update.float().unbind()), alpha=scale)
        self.adam.step()
        for p in self.parameters:
            p.grad = None


class Bench:
    def __init__(self, c):
        self.c = c
        self.device = torch.device(c.device)
        self.cuda = self.device.type == "cuda"
        self.name = torch.cuda.get_device_name(self.device) if self.cuda else "cpu"

    def wait(self):
        if self.cuda:
            torch.cuda.synchronize(self.device)

    def compile(self, function, **options):
        return torch.compile(function, **options) if self.c.compile else function

    def seconds(self, work, repeat):
        """Each of `repeat` runs behind three that warm up."""
        for _ in range(3):
            work()
        times = []
        for _ in range(repeat):
            self.wait()
            start = time.perf_counter()
            work()
            self.wait()
            times.append(time.perf_counter() - start)
        return times

    def tell(self, **fields):
        print(json.dumps({"program": "PyTorch " + torch.__version__, "device": self.name, "precision": "bfloat16",
                          **fields, "peakBytes": torch.cuda.max_memory_allocated(self.device) if self.cuda else None}),
              flush=True)

    def train(self, batch):
        c = self.c
        torch.manual_seed(1)
        if self.cuda:
            torch.cuda.reset_peak_memory_stats(self.device)
        model = Model(c, self.device)
        optimizer = Optimizer(model, c.compile, self.device)
        mask = causal_mask(c.tokens, self.device)
        micro_steps = max(1, c.update_tokens // (batch * c.tokens))
        ids = torch.randint(0, c.vocab, (batch, c.tokens), device=self.device)
        loss = self.compile(model.loss)

        def micro_step():
            with torch.autocast(self.device.type, torch.bfloat16):
                value = loss(ids, mask) / micro_steps
            value.backward()

        def update():
            for _ in range(micro_steps):
                micro_step()
            optimizer.step()

        micro_step()
        optimizer.step()
        times = self.seconds(micro_step, c.repeat)
        model.zero_grad()
        update()
        self.wait()
        updates = []
        for _ in range(c.updates):
            start = time.perf_counter()
            update()
            self.wait()
            updates.append(time.perf_counter() - start)
        parameters = sum(p.numel() for p in model.parameters())
        rate = micro_steps * batch * c.tokens / statistics.median(updates)
        flops = 6 * parameters + 12 * c.layers * c.heads * c.head * c.tokens
        peak = next((p for name, p in PEAKS.items() if name in self.name), None)
        self.tell(test="train", parameters=parameters, batch=batch, tokens=c.tokens,
                  updateTokens=micro_steps * batch * c.tokens,
                  recompute=c.recompute, microStepSeconds=statistics.median(times),
                  updateSeconds=statistics.median(updates), tokensPerSecond=rate,
                  utilisation=rate * flops / peak if peak else None)

    @torch.no_grad()
    def infer(self):
        c = self.c
        torch.manual_seed(1)
        if self.cuda:
            torch.cuda.reset_peak_memory_stats(self.device)
        model = Model(c, self.device).freeze()
        graphs = {"mode": "reduce-overhead"}
        if {"forward", "prefill"} & set(c.tests):
            ids = torch.randint(0, c.vocab, (1, c.length), device=self.device)
            mask = causal_mask(c.length, self.device)
            for test, last in (("forward", slice(None)), ("prefill", slice(-1, None))):
                if test not in c.tests:
                    continue
                run = self.compile(lambda i, m, last=last: model.logits(model.hidden(i, m)[:, last]), **graphs)
                times = self.seconds(lambda: run(ids, mask), c.repeat)
                self.tell(test=test, batch=1, tokens=c.length, seconds=statistics.median(times),
                          tokensPerSecond=c.length / statistics.median(times))
        if "decode" in c.tests:
            capacity = c.past + c.decode + 1
            shape = (1, c.kv_heads, capacity, c.head)
            cache = [[torch.zeros(shape, device=self.device, dtype=torch.bfloat16) for _ in range(c.layers)]
                     for _ in "kv"]
            # They are written in place: a graph may be made all the same, for they stay where they are.
            for tensor in itertools.chain(*cache):
                torch._dynamo.mark_static_address(tensor)
            step = self.compile(model.step, **graphs)
            position = torch.zeros(1, dtype=torch.long, device=self.device)

            def generate():
                token = torch.zeros(1, 1, dtype=torch.long, device=self.device)
                position.fill_(c.past)
                for _ in range(c.decode):
                    # A graph's output is overwritten by its next run.
                    token = step(token, position, *cache).clone()
                    position.add_(1)

            times = self.seconds(generate, c.repeat)
            self.tell(test="decode", batch=1, past=c.past, tokens=c.decode, seconds=statistics.median(times),
                      tokensPerSecond=c.decode / statistics.median(times))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in dict(vocab=32000, hidden=768, layers=12, heads=12, kv_heads=4, head=64, mlp=2048, rope_base=1e6,
                            cap=50.0, final_cap=30.0, tokens=1024, update_tokens=524288, repeat=5, updates=3, length=512,
                            past=0, decode=128).items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    parser.add_argument("--batch", type=int, nargs="+", default=[8, 32, 64], help="micro-batches to try")
    parser.add_argument("--tests", nargs="+", default=["train", "forward", "prefill", "decode"],
                        choices=["train", "forward", "prefill", "decode"])
    parser.add_argument("--recompute", action="store_true")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    c = parser.parse_args()
    torch.set_float32_matmul_precision("high")
    bench = Bench(c)
    if "train" in c.tests:
        for batch in c.batch:
            torch.compiler.reset()
            try:
                bench.train(batch)
            except torch.OutOfMemoryError:
                print(json.dumps({"test": "train", "batch": batch, "error": "out of memory"}), flush=True)
    if set(c.tests) - {"train"}:
        torch.compiler.reset()
        bench.infer()


if __name__ == "__main__":
    main()
