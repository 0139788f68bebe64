#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Holds a model's GGUF exports to the program's own logits in stock llama.cpp (from PyPI, installed into a folder of its own
# under build/): token ids, KL and agreement over 20,000 positions of held-out text, greedy continuations.
#   packaging/llama-check.sh [MODEL DATASET [POSITIONS]]     of python-journey.sh: python-journey/run python-journey/dataset
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
model=$(realpath "${1:-python-journey/run}")
dataset=$(realpath "${2:-python-journey/dataset}")
distillix=${DISTILLIX:-}
cd "$repository"
if [ -z "$distillix" ]; then
  packaging/deps.sh
  cmake --preset release >/dev/null
  cmake --build --preset release -j "$(nproc)" --target distillix
  distillix=$repository/build/release/bin/distillix
fi
# shellcheck source=../tests/support/peer_packages.sh
source tests/support/peer_packages.sh
python=$(tests/support/python_env.sh build/python-peers "${peer_packages[@]}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" tests/support/check_llama.py "$distillix" "$model" "$dataset" "$work" "${3:-20000}"
