# SPDX-License-Identifier: Apache-2.0
"""Reads weights that distillix wrote with the readers of their own formats, and compares.

    read_weights.py FORM FILE EXPECTED.safetensors [EPS]

FORM is a name that core/interchange/weights_file.h lists; EXPECTED holds the latent weights in float32. Needs numpy and
safetensors, or for FORM "pt" numpy and torch; exit code 77 where they are missing.
"""
import sys

form, path, expected_path = sys.argv[1:4]
eps = float(sys.argv[4]) if len(sys.argv) > 4 else 1e-8
try:
    import numpy as np

    if form == "pt":
        import torch
    else:
        import safetensors
except ImportError as error:
    print(f"{error.name} is not installed")
    sys.exit(77)

TYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "U8": np.uint8, "I32": np.int32}


def by_official_reader(name):
    with open(name, "rb") as file:
        return {key: np.frombuffer(bytes(value["data"]), TYPES[value["dtype"]]).reshape(value["shape"])
                for key, value in safetensors.deserialize(file.read())}


def by_hand(name):
    """The expected weights, for where safetensors is not installed: float32 only."""
    import json
    import struct

    with open(name, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    return {key: np.frombuffer(data[value["data_offsets"][0]:value["data_offsets"][1]], np.float32).reshape(value["shape"])
            for key, value in header.items() if key != "__metadata__"}


def bfloat16(values):
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


expected = by_hand(expected_path)
if form == "pt":
    state = torch.load(path, weights_only=True)
    found = {key: value.numpy() for key, value in state.items()}
else:
    found = by_official_reader(path)

packed = {key for key in expected if form == "i2s" and key.endswith("_proj.weight")}
names = set(expected) | {key[: -len(".weight")] + part for key in packed for part in ("_scale", "_shape")}
assert set(found) == names, set(found) ^ names
for key, latent in expected.items():
    if key in packed:
        stem = key[: -len(".weight")]
        shape, scale = found[stem + "_shape"], found[stem + "_scale"]
        assert tuple(shape) == latent.shape, key
        codes = np.stack([(found[key] >> shift) & 3 for shift in (6, 4, 2, 0)], axis=1).reshape(-1)[: latent.size]
        codes = codes.astype(np.int8).reshape(latent.shape) - 1
        gamma = np.float32(np.abs(latent.astype(np.float64)).mean()) + np.float32(eps)
        assert np.array_equal(codes, np.clip(np.rint(latent / gamma), -1, 1)), key
        assert abs(scale[0] - gamma) <= 2e-7 * gamma, key
    elif form == "safetensors-bf16":
        assert np.array_equal(found[key], bfloat16(latent)), key
    elif form == "safetensors-f16":
        assert np.array_equal(found[key], latent.astype(np.float16)), key
    else:
        assert found[key].dtype == np.float32 and np.array_equal(found[key], latent), key
print(f"{len(found)} tensors are what was written")
