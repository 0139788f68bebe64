#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports small models with the built program and holds the files to what others make of them:

    check_exports.py DISTILLIX GOLDEN_CASES WORK_FOLDER

- The official `gguf` and `safetensors` readers read every format and type; an independent NumPy forward over what they
  read, with BitLinear's rounding of activations, gives the program's own logits; without it, the export's own report.
- The official `tokenizers` library makes the same tokens.
- Stock llama.cpp, where its package can be had, loads every architecture and type and gives the logits of the file.
"""
import json
import os
import subprocess
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import plain_forward

DISTILLIX, GOLDEN, WORK = sys.argv[1:4]
failures = []
done = 0


def check(condition, what):
    global done
    done += 1
    if not condition:
        failures.append(what)
        print("FAILED:", what, flush=True)


def run(*arguments):
    """The verb's result."""
    process = subprocess.run([DISTILLIX, *map(str, arguments), "--json"], capture_output=True, text=True)
    last = json.loads(process.stdout.strip().splitlines()[-1])
    if last["type"] != "result":
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {last}")
    return last["result"]


def path(name):
    return os.path.join(WORK, name)


try:
    import llama_cpp
except ImportError as error:
    llama_cpp = None
    print(f"llama.cpp is not looked at: {error}")


def our_logits(model, ids):
    save_file({"input_ids": np.asarray(ids, dtype=np.int32)}, path("ids.safetensors"))
    run("logits", model, "--ids", path("ids.safetensors"), "--out", path("logits.safetensors"))
    return load_file(path("logits.safetensors"))["logits"]


def llama_logits(file, ids):
    model = llama_cpp.LlamaCpp(file, max(32, ids.shape[1]), exact=True)
    rows = []
    for sequence in ids:
        model.forget()
        rows.append(model.feed(sequence))
    model.close()
    return np.stack(rows)


# ---- golden models: every architecture, through files whose weights are exact --------------------------------------------

def with_config(case, name, **changes):
    """A golden model's folder with other soft-caps: what exports cannot hold is taken out of the comparison."""
    folder = path(name)
    os.makedirs(folder)
    with open(os.path.join(GOLDEN, case, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    config.update(changes)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
        json.dump(config, f)
    os.symlink(os.path.abspath(os.path.join(GOLDEN, case, "model.safetensors")), os.path.join(folder, "model.safetensors"))
    return folder, config


NO_CAPS = {"attn_logit_soft_cap": None, "final_logit_soft_cap": None}
CASES = [("nocap", "qwen3"), ("torch-untied-perchannel", None), ("torch-headdim", None),
         ("torch-packed-ropescaling", None), ("dense", None), ("torch-subnorm-noqknorm", "bitnet")]
for case, architecture in CASES:
    folder, config = with_config(case, case, **NO_CAPS)
    ids = load_file(os.path.join(GOLDEN, case, "golden.safetensors"))["input_ids"]
    ours = our_logits(folder, ids)
    bits = 8 if config["use_bitlinear"] else None
    for out, arguments in ((f"{case}.gguf", ["--format", "gguf", "--type", "F32", "--embedding", "F32"]),
                           (f"{case}-hf", ["--format", "hf", "--type", "F32"])):
        result = run("export", folder, "--out", path(out), *arguments)
        if architecture and out.endswith(".gguf"):
            check(result["architecture"] == architecture, f"{case}: {result['architecture']}")
        model = plain_forward.load(path(out))
        exact = plain_forward.difference(ours, model.logits(ids, activation_bits=bits, eps=config["quantization_eps"]))
        # A code on a rounding boundary may fall the other way, as between any two implementations (golden/README.md).
        check(exact["relative"] < (1e-2 if bits else 1e-5), f"{case} {out}: NumPy with activation codes {exact}")
        plain = model.logits(ids)
        if llama_cpp and out.endswith(".gguf"):
            theirs = plain_forward.difference(plain, llama_logits(path(out), ids))
            check(theirs["relative"] < 1e-4, f"{case}: llama.cpp against NumPy {theirs}")
            print(f"{case}: llama.cpp ({result['architecture']}) and NumPy differ by {theirs['relative']:.1e}")

# Without QK-norm and sub-norm the architecture is llama, whose rows of q and k are moved: the sub-norm case without them.
folder, config = with_config("torch-subnorm-noqknorm", "llama", use_sub_norm=False, **NO_CAPS)
os.remove(os.path.join(folder, "model.safetensors"))
tensors = load_file(os.path.join(GOLDEN, "torch-subnorm-noqknorm", "model.safetensors"))
save_file({k: v for k, v in tensors.items() if "sub_norm" not in k}, os.path.join(folder, "model.safetensors"))
ids = load_file(os.path.join(GOLDEN, "torch-subnorm-noqknorm", "golden.safetensors"))["input_ids"]
ours = our_logits(folder, ids)
result = run("export", folder, "--out", path("llama.gguf"), "--type", "F32", "--embedding", "F32")
check(result["architecture"] == "llama", result["architecture"])
model = plain_forward.load(path("llama.gguf"))
exact = plain_forward.difference(ours, model.logits(ids, activation_bits=8, eps=config["quantization_eps"]))
check(exact["relative"] < 1e-2, f"llama: {exact}")
if llama_cpp:
    theirs = plain_forward.difference(model.logits(ids), llama_logits(path("llama.gguf"), ids))
    check(theirs["relative"] < 1e-4, f"llama: llama.cpp against NumPy {theirs}")
    print(f"llama: llama.cpp (llama) and NumPy differ by {theirs['relative']:.1e}")

# ---- a model with a tokenizer, trained for a moment: every type ------------------------------------------------------------

run("sample-data", path("text"))
run("import", path("text/train.jsonl"), "--validation", path("text/validation.jsonl"), "--out", path("data"))
run("train", "new", path("run"), "--dataset", path("data"), "--preset", "sample", "--steps", "20", "--batch", "4")
ids = np.random.default_rng(1).integers(4, 1000, (2, 48))
ours = our_logits(path("run"), ids)
reference = None
sizes = {}
for type_, embedding, bound in (("F32", "F32", 1e-9), ("F16", "F16", 1e-5), ("BF16", "BF16", 1e-3), ("Q8_0", "Q8_0", 1e-3),
                                ("TQ2_0", "F16", 1e-5), ("TQ1_0", "Q6_K", 1e-2)):
    out = path(f"{type_}.gguf")
    planned = run("export", path("run"), "--dry-run", "--type", type_, "--embedding", embedding)
    result = run("export", path("run"), "--out", out, "--type", type_, "--embedding", embedding)
    sizes[type_] = os.path.getsize(out)
    check(planned["bytes"] == result["bytes"] == sizes[type_], f"{type_}: planned {planned['bytes']}, is {sizes[type_]}")
    model = plain_forward.load(out)
    logits = model.logits(ids)
    if reference is None:
        reference = logits
        exact = plain_forward.difference(ours, model.logits(ids, activation_bits=8))
        check(exact["relative"] < 1e-2, f"F32: NumPy with activation codes {exact}")
    against = plain_forward.difference(reference, logits)
    check(against["kl"] / against["positions"] < bound, f"{type_}: against F32 {against}")
    if llama_cpp:
        theirs = plain_forward.difference(logits, llama_logits(out, ids))
        # llama.cpp rounds activations to eight bits for the packed types.
        check(theirs["kl"] / theirs["positions"] < (1e-3 if type_ in ("TQ1_0", "TQ2_0", "Q8_0", "BF16") else 1e-5),
              f"{type_}: llama.cpp against NumPy {theirs}")
check(sizes["TQ1_0"] < sizes["TQ2_0"] < sizes["Q8_0"] < sizes["F16"] < sizes["F32"], str(sizes))

import gguf
reader = gguf.GGUFReader(path("TQ2_0.gguf"))
tokens = reader.get_field("tokenizer.ggml.tokens").contents()
check(len(tokens) == 1024 and reader.get_field("qwen3.vocab_size").contents() == 1024, "tokens")
for key, value in (("tokenizer.ggml.model", "llama"), ("tokenizer.ggml.add_space_prefix", False), ("general.file_type", 37),
                   ("tokenizer.ggml.add_bos_token", True), ("qwen3.rope.freq_base", 1e6)):
    field = reader.get_field(key)
    check(field is not None and field.contents() == value, f"{key}: {field and field.contents()}")
check("<|assistant|>" in reader.get_field("tokenizer.chat_template").contents(), "chat template")
check(len(reader.get_field("tokenizer.ggml.scores").contents()) == 1024, "scores")

os.mkdir(path("o"))
run("export", path("run"), "--out", path("o/m.gguf"), "--ollama")
with open(path("o/m.Modelfile"), encoding="utf-8") as f:
    modelfile = f.read()
check(sorted(os.listdir(path("o"))) == ["m.Modelfile", "m.gguf"], os.listdir(path("o")))
for line in ("FROM ./m.gguf\n", "<|assistant|>", "PARAMETER stop \"</s>\"\n", "PARAMETER num_ctx 256\n"):
    check(line in modelfile, f"Modelfile lacks {line!r}: {modelfile}")

# ---- safetensors and the Hugging Face folder ---------------------------------------------------------------------------------

run("export", path("run"), "--format", "safetensors", "--out", path("latent.safetensors"))
checkpoint = sorted(os.listdir(path("run/checkpoints")))[-1]
latent = load_file(os.path.join(path("run/checkpoints"), checkpoint, "model.safetensors"))
written = load_file(path("latent.safetensors"))
check(latent.keys() == written.keys() and all(np.array_equal(latent[k], written[k]) for k in latent), "latent weights")
for type_, dtype in (("F16", np.float16), ("BF16", None)):
    out = path(f"latent-{type_}.safetensors")
    run("export", path("run"), "--format", "safetensors", "--type", type_, "--out", out)
    if dtype:
        half = load_file(out)
        check(all(np.array_equal(half[k], latent[k].astype(dtype)) for k in latent), f"latent weights in {type_}")

result = run("export", path("run"), "--format", "hf", "--out", path("hf"))
model = plain_forward.load(path("hf"))
against = plain_forward.difference(reference, model.logits(ids))
check(against["kl"] / against["positions"] < 1e-5, f"hf: {against}")
for name in ("config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
             "special_tokens_map.json", "chat_template.jinja", "README.md"):
    check(os.path.getsize(os.path.join(path("hf"), name)) > 0, name)
with open(path("hf/README.md"), encoding="utf-8") as f:
    card = f.read()
check(card.startswith("---\n") and "20 optimizer steps" in card and "1,024" not in card.split("##")[0][:40], "model card")
check(WORK not in card, "the model card names a folder of this machine")

# ---- the same tokens ----------------------------------------------------------------------------------------------------------

import sample_text
text = sample_text.compose(40_000)
with open(path("text.txt"), "wb") as f:
    f.write(text.encode())
run("tokenizer", "encode", path("run"), path("text.txt"), "--out", path("tokens.safetensors"))
ours = load_file(path("tokens.safetensors"))["input_ids"][0].tolist()
# `tokenizers` takes special tokens out of any text; typed ones are left out there.
typed = text.replace(sample_text.SPECIAL, "")
with open(path("typed.txt"), "wb") as f:
    f.write(typed.encode())
run("tokenizer", "encode", path("run"), path("typed.txt"), "--out", path("typed.safetensors"))
typed_ids = load_file(path("typed.safetensors"))["input_ids"][0].tolist()
from tokenizers import Tokenizer
check(Tokenizer.from_file(path("hf/tokenizer.json")).encode(typed, add_special_tokens=False).ids == typed_ids, "tokenizers' ids")
with_bos = Tokenizer.from_file(path("hf/tokenizer.json")).encode("a b").ids
check(with_bos[0] == 1, f"BOS {with_bos}")
check(Tokenizer.from_file(path("hf/tokenizer.json")).decode(typed_ids, skip_special_tokens=False) == typed, "tokenizers' text")
if llama_cpp:
    model = llama_cpp.LlamaCpp(path("TQ2_0.gguf"), 32)
    check(model.tokenize(text) == ours, "llama.cpp's ids")
    check(model.tokenize("a", bos=True)[0] == 1, "llama.cpp's BOS")
    model.close()

print(f"{done - len(failures)} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
