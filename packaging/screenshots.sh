#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pictures of every page of the window, light and dark, with a real project behind them: no display is needed.
#   packaging/screenshots.sh [FOLDER [SCALE]]      into build/screenshots unless named; SCALE 2 is a screen of twice the dots
# The project it photographs lies in build/screenshots-project: made once (a sample dataset, a training of two minutes). Another
# training runs while the pictures are taken, and is stopped behind them.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-build/screenshots}
scale=${2:-1}
project=build/screenshots-project
packaging/deps.sh
mkdir -p build "$folder"
cmake --preset check >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 1; }
cmake --build --preset check -j "$(nproc)" --target distillix distillix-studio studio_screenshots >build/screenshots.log 2>&1 ||
  { tail -n 40 build/screenshots.log >&2; exit 1; }
program=build/check/bin/distillix

if [ ! -e "$project/datasets/sample" ]; then
  mkdir -p "$project/datasets" "$project/runs"
  [ -e "$project/text" ] || "$program" sample-data "$project/text"
  "$program" import "$project/text/train.jsonl" --validation "$project/text/validation.jsonl" --out "$project/datasets/sample"
fi
if [ ! -e "$project/runs/first" ]; then
  "$program" train new "$project/runs/first" --dataset "$project/datasets/sample" --preset sample --minutes 2
fi
rm -rf "$project/runs/second"
nice "$program" train new "$project/runs/second" --dataset "$project/datasets/sample" --preset sample --muon-learning-rate 0.02 \
  --minutes 30 --checkpoint-every 20 --validate-every 10 --sample-every 10 >build/screenshots-training.log 2>&1 &
# Not by SIGINT, which whatever a script starts in the background ignores.
trap 'kill $! 2>/dev/null || true; wait $! 2>/dev/null || true' EXIT
until [ -n "$(ls "$project/runs/second/checkpoints" 2>/dev/null)" ] || ! kill -0 $! 2>/dev/null; do sleep 1; done
DISTILLIX_CLI=$PWD/$program QT_QPA_PLATFORM=offscreen QT_SCALE_FACTOR=$scale LC_ALL=C.UTF-8 build/check/tests/ui/studio_screenshots "$folder" "$project"
ls -l "$folder"
