#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds Distillix Studio and does its main job once, from nothing: the README's first command.
#   packaging/studio.sh [FOLDER]        everything it makes lies in FOLDER (studio-sample here, unless named)
# There is no window yet, so the job is done in the terminal. Run it again at any time: what is done is kept, what was
# interrupted goes on.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-studio-sample}
program=build/release/bin/distillix
say() { printf '\n== %s\n' "$*"; }

say "Building (a few minutes the first time)"
packaging/deps.sh
mkdir -p build
cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 1; }
cmake --build --preset release -j "$(nproc)" --target distillix

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
