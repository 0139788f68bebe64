#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The peer that `distillix bench train` is measured beside: SPEC's model in plain PyTorch, float32, on the CPU.

    OMP_NUM_THREADS=2 MALLOC_TRIM_THRESHOLD_=-1 MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=1073741824 \\
        python3 tests/support/pytorch_peer.py --batch 2 --tokens 256 --repeat 5

prints one JSON line: median seconds of a micro-step (forward, backward) and of an optimizer step, tokens a second, and
the process's peak resident memory. The malloc settings are the best found for it: glibc otherwise gives every large
tensor back to the system and faults it in again.
"""
import argparse
import json
import math
import resource
import statistics
import time

import torch
import torch.nn.functional as F


class BitLinear(torch.nn.Module):
    def __init__(self, inputs, outputs, eps=1e-8):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(outputs, inputs).uniform_(-1, 1) / math.sqrt(inputs))
        self.eps = eps

    def forward(self, x):
        gamma = self.weight.detach().abs().mean() + self.eps
        weight = torch.clamp(torch.round(self.weight.detach() / gamma), -1, 1) * gamma
        weight = self.weight + (weight - self.weight).detach()
        alpha = x.detach().abs().amax(dim=-1, keepdim=True) + self.eps
        quantized = torch.round(torch.clamp(x.detach() / alpha * 127, -128, 127)) * (alpha / 127)
        return F.linear(x + (quantized - x).detach(), weight)


class RMSNorm(torch.nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Block(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        d, h = c.hidden, c.head
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(d), RMSNorm(d)
        self.q_proj, self.k_proj = BitLinear(d, c.heads * h), BitLinear(d, c.kv_heads * h)
        self.v_proj, self.o_proj = BitLinear(d, c.kv_heads * h), BitLinear(c.heads * h, d)
        self.q_norm, self.k_norm = RMSNorm(h), RMSNorm(h)
        self.gate_proj, self.up_proj, self.down_proj = BitLinear(d, c.mlp), BitLinear(d, c.mlp), BitLinear(c.mlp, d)

    def forward(self, x, cos, sin, mask):
        c = self.c
        b, t, _ = x.shape
        a = self.input_layernorm(x)
        q = self.q_norm(self.q_proj(a).view(b, t, c.heads, c.head)).transpose(1, 2)
        k = self.k_norm(self.k_proj(a).view(b, t, c.kv_heads, c.head)).transpose(1, 2)
        v = self.v_proj(a).view(b, t, c.kv_heads, c.head).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        group = c.heads // c.kv_heads
        k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        scores = q @ k.transpose(-2, -1) / math.sqrt(c.head)
        scores = 50 * torch.tanh(scores / 50) + mask
        out = (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(b, t, c.heads * c.head)
        x = x + self.o_proj(out)
        m = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(m)) * self.up_proj(m))


class Model(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed_tokens = torch.nn.Embedding(c.vocab, c.hidden)
        torch.nn.init.normal_(self.embed_tokens.weight, std=0.02)
        self.layers = torch.nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = RMSNorm(c.hidden)
        angles = torch.arange(c.tokens)[:, None] * c.rope_base ** (-torch.arange(0, c.head, 2) / c.head)
        self.cos, self.sin = angles.cos(), angles.sin()
        self.mask = torch.full((c.tokens, c.tokens), -math.inf).triu(1)

    def forward(self, ids):
        t = ids.shape[1]
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, self.cos[:t], self.sin[:t], self.mask[:t, :t])
        return 30 * torch.tanh(F.linear(self.norm(x), self.embed_tokens.weight) / 30)


def newton_schulz(u):
    x = u / max(u.norm().item(), 1e-7)
    transposed = x.shape[0] > x.shape[1]
    if transposed:
        x = x.T
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if transposed else x


@torch.no_grad()
def muon(parameters, momenta, lr=0.01, mu=0.95):
    for p, m in zip(parameters, momenta):
        m.lerp_(p.grad, 1 - mu)
        o = newton_schulz(p.grad.lerp(m, mu))
        p.add_(o, alpha=-lr * 0.2 * math.sqrt(max(p.shape)))


def main():
    parser = argparse.ArgumentParser()
    for name, value in dict(vocab=32000, hidden=768, layers=12, heads=12, kv_heads=4, head=64, mlp=2048, rope_base=1e6,
                            batch=2, tokens=256, repeat=5, optimizer=1, threads=0).items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    c = parser.parse_args()
    if c.threads:
        torch.set_num_threads(c.threads)
    torch.manual_seed(1)
    model = Model(c)
    matrices = [p for n, p in model.named_parameters() if "_proj" in n]
    others = [p for n, p in model.named_parameters() if "_proj" not in n]
    momenta = [torch.zeros_like(p) for p in matrices]
    adam = torch.optim.AdamW(others, lr=1e-3, betas=(0.9, 0.95))
    ids = torch.randint(0, c.vocab, (c.batch, c.tokens))
    forward, backward, optimizer = [], [], []
    for n in range(c.repeat + 1):
        start = time.perf_counter()
        logits = model(ids)
        loss = F.cross_entropy(logits[:, :-1].reshape(-1, c.vocab), ids[:, 1:].reshape(-1))
        middle = time.perf_counter()
        loss.backward()
        end = time.perf_counter()
        del logits, loss
        if n > 0:  # the first one warms up
            forward.append(middle - start)
            backward.append(end - middle)
    for _ in range(c.optimizer):
        start = time.perf_counter()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        muon(matrices, momenta)
        adam.step()
        optimizer.append(time.perf_counter() - start)
    step = statistics.median(f + b for f, b in zip(forward, backward))
    print(json.dumps({
        "program": "PyTorch " + torch.__version__, "threads": torch.get_num_threads(), "precision": "float32",
        "parameters": sum(p.numel() for p in model.parameters()), "batch": c.batch, "tokens": c.tokens,
        "forwardSeconds": statistics.median(forward), "backwardSeconds": statistics.median(backward),
        "microStepSeconds": step, "tokensPerSecond": c.batch * c.tokens / step,
        "optimizerSeconds": statistics.median(optimizer) if optimizer else None,
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
