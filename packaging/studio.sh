#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds Distillix Studio and opens its window: the README's first command.
#   packaging/studio.sh [PROJECT]               the window, with the project in that folder
#   packaging/studio.sh --terminal [FOLDER]     no window: does the main job once, in the terminal
# Without a display it does the second by itself. What it makes there lies in FOLDER (studio-sample here, unless named).
# Run it again at any time: what is done is kept, what was interrupted goes on.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."

window=0
if [ "${1:-}" = --terminal ]; then
  shift
elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  window=1
fi
program=build/release/bin/distillix
say() { printf '\n== %s\n' "$*"; }

say "Building (a few minutes the first time)"
packaging/deps.sh
mkdir -p build
cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 1; }
if [ "$window" = 1 ]; then
  if ! grep -q '^Qt6_DIR:PATH=/' build/release/CMakeCache.txt || ! grep -q '^QCustomPlotQt6_DIR:PATH=/' build/release/CMakeCache.txt; then
    echo "Qt 6.4 or QCustomPlot was not found, so there is no window (packaging/deps.sh names the packages)." >&2
    window=0
  fi
fi
if [ "$window" = 1 ]; then
  cmake --build --preset release -j "$(nproc)" --target distillix distillix-studio
  project=()
  if [ -n "${1:-}" ]; then
    case "$1" in
      /*) project=("$1") ;;
      *) project=("$here/$1") ;;
    esac
  fi
  exec build/release/bin/distillix-studio "${project[@]}"
fi
cmake --build --preset release -j "$(nproc)" --target distillix

folder=${1:-studio-sample}
mkdir -p "$folder"
echo "Everything lies in $folder. Delete it to start over."

if [ ! -e "$folder/text" ]; then
  say "Composing prompts and answers about small Python functions"
  "$program" sample-data "$folder/text"
fi

if [ ! -e "$folder/dataset" ]; then
  say "Training a tokenizer on them and turning them into tokens"
  "$program" import "$folder/text/train.jsonl" --validation "$folder/text/validation.jsonl" --out "$folder/dataset"
fi

run=$folder/run
state=none
if [ -e "$run/run.json" ]; then
  state=$("$program" runs show "$run" --json | sed -n 's/.*"state":"\([a-z]*\)".*/\1/p')
fi
ended=0
case "$state" in
  finished) say "The model is trained already: $run" ;;
  none)
    say "Training a ternary model of two million parameters for two minutes (Ctrl-C stops it after a checkpoint)"
    "$program" train new "$run" --dataset "$folder/dataset" --preset sample --minutes 2 || ended=$?
    ;;
  *)
    say "Going on with the training that was $state"
    "$program" train resume "$run" || ended=$?
    ;;
esac
if [ "$ended" -eq 10 ]; then
  echo "Stopped. Run packaging/studio.sh ${1:-} again to go on."
  exit 10
elif [ "$ended" -ne 0 ]; then
  exit "$ended"
fi

say "Asking it what it was never shown"
head -n 4 "$folder/dataset/validation.jsonl" >"$folder/questions.jsonl"
"$program" generate "$run" --prompts "$folder/questions.jsonl" --temperature 0

say "What comes next"
cat <<END
  $program chat $run                                  talk with it
  $program eval $run --dataset $folder/dataset    how well it predicts what it has not seen
  $program runs show $run                             the run, as numbers
  $program train new runs/mine --dataset $folder/dataset --preset sample --minutes 10
  $program import FOLDER_OF_CODE --out data/mine --vocab-size 8000 --validation-fraction 0.05
  $program --help
END

if [ -t 0 ] && [ -t 1 ]; then
  say "Talk with it"
  "$program" chat "$run" --temperature 0
fi
