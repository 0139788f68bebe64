#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds a model's GGUF exports, run by stock llama.cpp, to the program's own figures on held-out text:

    check_llama.py DISTILLIX MODEL DATASET WORK_FOLDER [POSITIONS]

Token ids on 1 MB of text of many scripts; over POSITIONS (20,000) positions of the dataset's validation part KL, agreement of
the first choice and loss, for several types; eight greedy continuations of 32 tokens. For a model without soft-caps and the
type TQ2_0 with an F16 embedding it must come to: equal token ids; KL under 1e-3; agreement over 99% where our first choice leads by
more than 0.05; continuations equal up to the first lead below 0.05.
"""
import json
import os
import subprocess
import sys
import time

import numpy as np
from safetensors.numpy import load_file, save_file

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import llama_cpp
import plain_forward
import sample_text

DISTILLIX, MODEL, DATASET, WORK = sys.argv[1:5]
POSITIONS = int(sys.argv[5]) if len(sys.argv) > 5 else 20000
MARGIN = 0.05
failures = []


def run(*arguments):
    process = subprocess.run([DISTILLIX, *map(str, arguments), "--json"], capture_output=True, text=True)
    last = json.loads(process.stdout.strip().splitlines()[-1])
    if last["type"] != "result":
        raise SystemExit(f"{' '.join(map(str, arguments))}: {last}")
    return last["result"]


def path(name):
    return os.path.join(WORK, name)


def our_logits(ids):
    save_file({"input_ids": np.asarray(ids, dtype=np.int32)}, path("ids.safetensors"))
    run("logits", MODEL, "--ids", path("ids.safetensors"), "--out", path("logits.safetensors"))
    return load_file(path("logits.safetensors"))["logits"]


def verdict(good, what):
    if not good:
        failures.append(what)
    print(("holds:  " if good else "FAILS:  ") + what, flush=True)


config = run("info", "model", MODEL)["config"]
capped = bool(config["attn_logit_soft_cap"] or config["final_logit_soft_cap"])
with open(os.path.join(DATASET, "validation.tokens"), "rb") as f:
    stream = np.frombuffer(f.read()[64:], dtype=np.int32)
window = min(512, config["max_seq_len"])
windows = min(-(-POSITIONS // window), len(stream) // window)
ids = stream[: windows * window].reshape(windows, window)
print(f"{windows} windows of {window} tokens: {windows * window:,} positions" + ("; the model has soft-caps" if capped else ""))

TYPES = [("TQ2_0", "F16"), ("TQ1_0", "F16"), ("TQ2_0", "Q8_0"), ("TQ2_0", "Q6_K"), ("Q8_0", "Q8_0"), ("F16", "F16"), ("F32", "F32")]
files = {}
for type_, embedding in TYPES:
    name = f"{type_}-{embedding}"
    files[name] = path(name + ".gguf")
    result = run("export", MODEL, "--type", type_, "--embedding", embedding, "--out", files[name], "--overwrite",
                 "--dataset", DATASET, "--positions", POSITIONS if (type_, embedding) == TYPES[0] else 512)
    if (type_, embedding) == TYPES[0]:
        print(f"the export's own report ({name}): {json.dumps(result['verified'])}")

text = sample_text.compose(1_000_000)
with open(path("text.txt"), "wb") as f:
    f.write(text.encode())
run("tokenizer", "encode", MODEL, path("text.txt"), "--out", path("tokens.safetensors"))
ours = load_file(path("tokens.safetensors"))["input_ids"][0].tolist()
model = llama_cpp.LlamaCpp(files["TQ2_0-F16"], window)
print(f"llama.cpp {llama_cpp.version()}")
begun = time.time()
theirs = model.tokenize(text)
first = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), None)
verdict(ours == theirs, f"token ids of {len(text.encode()):,} bytes: {len(ours):,} here, {len(theirs):,} in llama.cpp"
        + ("" if first is None else f", first difference at {first}") + f" ({time.time() - begun:.1f} s there)")
model.close()

sums = {name: None for name in files}
losses = {"ours": 0.0, **{name: 0.0 for name in files}}
count = 0
per_call = max(1, 4096 // window)
for begin in range(0, windows, per_call):
    part = ids[begin: begin + per_call]
    reference = our_logits(part)

    def nats(logits):
        x = logits[:, :-1].astype(np.float64)
        return float((np.logaddexp.reduce(x, axis=-1) - np.take_along_axis(x, part[:, 1:, None].astype(np.int64), -1)[..., 0]).sum())

    losses["ours"] += nats(reference)
    count += part.shape[0] * (window - 1)
    for name, file in files.items():
        model = llama_cpp.LlamaCpp(file, window)
        rows = []
        for sequence in part:
            model.forget()
            rows.append(model.feed(sequence))
        model.close()
        logits = np.stack(rows)
        losses[name] += nats(logits)
        d = plain_forward.difference(reference, logits)
        if sums[name] is None:
            sums[name] = d
        else:
            for key, value in d.items():
                sums[name][key] = max(sums[name][key], value) if key in ("kl_max", "largest", "relative") else sums[name][key] + value

print(f"\nloss here {losses['ours'] / count:.5f} nats a token\n")
print(f"{'in llama.cpp':14} {'bytes':>12} {'KL':>9} {'KL max':>8} {'agree':>8} {'agree, lead > 0.05':>19} {'largest':>8} {'loss':>8}")
for name, d in sums.items():
    print(f"{name:14} {os.path.getsize(files[name]):12,} {d['kl'] / d['positions']:9.2e} {d['kl_max']:8.1e} {d['same'] / d['positions']:8.3%} "
          f"{d['clear_same'] / d['clear']:12.3%} of {d['clear'] / d['positions']:4.0%} {d['largest']:8.3f} {losses[name] / count:8.5f}")
d = sums["TQ2_0-F16"]
if not capped:
    verdict(d["kl"] / d["positions"] < 1e-3, f"TQ2_0: KL {d['kl'] / d['positions']:.2e} < 1e-3 over {d['positions']:,} positions")
    verdict(d["clear_same"] / d["clear"] > 0.99, f"TQ2_0: {d['clear_same'] / d['clear']:.3%} agreement where our lead exceeds {MARGIN} (> 99%)")
    print(f"        plain agreement {d['same'] / d['positions']:.3%}")

model = llama_cpp.LlamaCpp(files["TQ2_0-F16"], window)
starts = np.linspace(0, len(stream) - 64, 8).astype(int)
continuations, equal, told = [], True, []
for start in starts:
    prompt = stream[start: start + 32].tolist()
    model.forget()
    tokens = [int(model.feed(prompt, every=False)[0].argmax())]
    while len(tokens) < 32:
        tokens.append(int(model.feed([tokens[-1]], start=len(prompt) + len(tokens) - 1, every=False)[0].argmax()))
    continuations.append(prompt + tokens)
model.close()
# Ours over theirs: up to the first difference both have continued alike, so this is our greedy continuation too.
reference = our_logits(np.array(continuations, dtype=np.int32))
for row, sequence in zip(reference, continuations):
    length = 32
    for i in range(32):
        at = row[32 + i - 1]
        top = np.partition(at, -2)[-2:]
        lead = abs(float(top[1] - top[0]))
        if lead < MARGIN or int(at.argmax()) != sequence[32 + i]:
            length = i
            if lead >= MARGIN:
                equal = False
                told.append(f"differs at {i} with a lead of {lead:.3f}")
            else:
                told.append(f"{i}" + ("" if int(at.argmax()) != sequence[32 + i] else " (our lead is below 0.05 there)"))
            break
    else:
        told.append("all 32")
# What is left between the two programs: the model rounds what goes into a projection to eight bits, llama.cpp does not (or by
# blocks, with TQ2_0). An independent forward over the exported file without that rounding shows it.
plain = plain_forward.load(files["F32-F32"]).logits(np.array(continuations))
model = llama_cpp.LlamaCpp(files["F32-F32"], window)
rows = []
for sequence in continuations:
    model.forget()
    rows.append(model.feed(sequence))
model.close()


def kl(one, other):
    d = plain_forward.difference(one, other)
    return f"{d['kl'] / d['positions']:.1e}"


print(f"KL over these {plain.shape[0] * plain.shape[1]} positions: {kl(reference, np.stack(rows))} from here to llama.cpp in F32, "
      f"{kl(reference, plain)} from here to a NumPy forward without the rounding of activations, {kl(plain, np.stack(rows))} from that to llama.cpp")
if not capped:
    verdict(equal, "greedy continuations equal up to the first lead below 0.05: " + ", ".join(told))
else:
    print("greedy continuations: " + ", ".join(told))
sys.exit(1 if failures else 0)
