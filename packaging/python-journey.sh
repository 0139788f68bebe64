#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The journey on real input: the Python 3.11 standard library as Debian ships it (libpython3.11-minimal and
# libpython3.11-stdlib), every 20th file in sorted order held out; a tokenizer of 8,000 pieces from the training part
# alone; the preset "small" for twenty minutes on the processor, killed once on the way and resumed; and the validation
# part's bits per byte beside gzip -9 and xz -9e of the same bytes.
#   packaging/python-journey.sh [FOLDER]      all of it goes there (python-journey)
#   MINUTES=5 packaging/python-journey.sh     a shorter training
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-python-journey}
minutes=${MINUTES:-20}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
if [ -e "$folder/run" ]; then
  echo "$folder/run is there already: give another folder, or remove it" >&2
  exit 5
fi
distillix=${DISTILLIX:-}
if [ -z "$distillix" ]; then
  (cd "$repository" && packaging/deps.sh && cmake --preset release >/dev/null && cmake --build --preset release -j "$(nproc)" --target distillix)
  distillix=$repository/build/release/bin/distillix
fi

cd "$folder"
if [ ! -d source ]; then
  mkdir -p packages
  (cd packages && apt-get download -qq libpython3.11-minimal libpython3.11-stdlib)
  for package in packages/*.deb; do dpkg -x "$package" unpacked; done
  mv unpacked/usr/lib/python3.11 source
  rm -rf unpacked packages
fi
(cd source && find . -type f -name '*.py' | sed 's|^\./||' | LC_ALL=C sort) >files.txt
awk 'NR % 20 == 0' files.txt >validation.txt
echo "$(wc -l <files.txt) files, $(wc -l <validation.txt) of them for validation"

[ -d dataset ] || "$distillix" import source --out dataset --extension py --validation validation.txt --vocab-size 8000

"$distillix" train new run --dataset dataset --preset small --minutes "$minutes" &
trainer=$!
# Killed at about half of the time: as soon as the run has trained half of its minutes, by its own metrics.
while kill -0 "$trainer" 2>/dev/null; do
  if [ -s run/metrics.jsonl ] && tail -n 1 run/metrics.jsonl | grep -q '}$'; then
    elapsed=$(tail -n 1 run/metrics.jsonl | sed -n 's/.*"elapsed":\([0-9.]*\).*/\1/p')
    if awk -v e="${elapsed:-0}" -v m="$minutes" 'BEGIN { exit !(e > m * 30) }'; then
      echo "killing the training (SIGKILL) after $elapsed seconds"
      kill -9 "$trainer"
      break
    fi
  fi
  sleep 1
done
wait "$trainer" || true
"$distillix" train resume run
"$distillix" eval run --dataset dataset --compare
"$distillix" generate run --text $'def read_lines(path):\n    """Return the lines of a file."""\n' --max-tokens 64 --temperature 0
