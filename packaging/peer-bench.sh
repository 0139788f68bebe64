#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Speed beside other programs: the same random ternary weights in the 100M preset's shapes (without its soft-caps), in turn with this program and with builds
# of ik_llama.cpp and llama.cpp that are given, round after round; medians and ratios at the end.
#   packaging/peer-bench.sh [--ik BIN] [--llama BIN] [--rounds 5] [--threads "1 2"] [--head int8] [--program distillix]
# BIN is the folder of that build's llama-bench and llama-quantize. The peers' ternary weights are IQ2_BN_R4 (ik) and TQ2_0
# (llama.cpp), their tied embedding and head Q8_0. Prefill is of 512 tokens, decode of 128, keys and values in float16 everywhere.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
ik='' llama='' rounds=5 threads='1 2' head=int8 program=
while [ $# -gt 0 ]; do
  case $1 in
    --ik) ik=$2 ;;
    --llama) llama=$2 ;;
    --rounds) rounds=$2 ;;
    --threads) threads=$2 ;;
    --head) head=$2 ;;
    --program) program=$2 ;;
    *) sed -n '3,8s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done
for program in $program "$here"/build/release/bin/distillix "$here"/build/dev/bin/distillix; do
  [ -x "$program" ] && break
done
[ -x "$program" ] || { echo "no distillix: build it first, or name it with --program" >&2; exit 1; }
work=$here/build/peer-bench
mkdir -p "$work"
rm -f "$work"/rows.txt
python=$(bash "$here/tests/support/python_env.sh" "$work/venv" numpy gguf==0.19.0)

# quantized NAME BIN TYPE ARCHITECTURE...: NAME.gguf by the first architecture that the build knows.
quantized() {
  local name=$1 bin=$2 type=$3 arch
  for arch in "${@:4}"; do
    [ -e "$work/$arch.gguf" ] || "$python" "$here/tests/support/peer_gguf.py" "$work/$arch.gguf" "$arch"
    "$bin/llama-quantize" --pure --token-embedding-type q8_0 "$work/$arch.gguf" "$work/$name.gguf" "$type" 2 >"$work/$name.log" 2>&1 &&
      "$bin/llama-bench" -m "$work/$name.gguf" -p 1 -n 0 -r 1 -t 1 >>"$work/$name.log" 2>&1 && return
  done
  tail -n 5 "$work/$name.log" >&2
  exit 1
}
# Ours: the very weights, which import recognises as ternary.
[ -e "$work/qwen3.gguf" ] || "$python" "$here/tests/support/peer_gguf.py" "$work/qwen3.gguf" qwen3
rm -rf "$work/model"
"$program" import-model "$work/qwen3.gguf" --out "$work/model" >"$work/import.log"
export DISTILLIX_CACHE=$work/cache
[ -z "$ik" ] || quantized ik "$ik" IQ2_BN_R4 qwen3 llama
[ -z "$llama" ] || quantized llama "$llama" TQ2_0 qwen3 llama

# Rows of: who, test, threads, tokens a second.
peer() {
  "$2/llama-bench" -m "$work/$1.gguf" -p 512 -n 128 -r 1 -t "$3" -o json 2>/dev/null | "$python" -c '
import json, sys
for row in json.load(sys.stdin):
    print(sys.argv[1], "prefill" if row["n_prompt"] else "decode", sys.argv[2], row["avg_ts"])' "$1" "$3" >>"$work/rows.txt"
}
ours() {
  "$program" bench infer "$work/model" --threads "$1" --lengths 512 --tests prefill,decode --decode 128 --warmup 1 --repeat 1 \
    --head "$head" --no-keep --no-peaks --json | "$python" -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    for row in message.get("result", {}).get("records", []) if message.get("type") == "result" else []:
        print("distillix", row["test"], sys.argv[1], row["tokens_per_second"])
        print("distillix", "resident-" + row["test"], sys.argv[1], row["peak_bytes"] / 1e6)' "$1" >>"$work/rows.txt"
}
for ((round = 1; round <= rounds; ++round)); do
  for n in $threads; do
    echo "round $round of $rounds, $n threads" >&2
    ours "$n"
    [ -z "$ik" ] || peer ik "$ik" "$n"
    [ -z "$llama" ] || peer llama "$llama" "$n"
  done
done
"$python" - "$work/rows.txt" <<'PYTHON'
import collections, platform, statistics, sys

rows = collections.defaultdict(list)
for line in open(sys.argv[1]):
    who, test, threads, value = line.split()
    rows[test, int(threads), who].append(float(value))
processor = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
print(f"{processor}; tokens a second, medians of {len(next(iter(rows.values())))} rounds in turn (least to most)")
for test in ("prefill", "decode"):
    for threads in sorted({key[1] for key in rows}):
        own = statistics.median(rows[test, threads, "distillix"])
        for who in ("distillix", "ik", "llama"):
            values = rows.get((test, threads, who))
            if not values: continue
            median = statistics.median(values)
            ratio = "" if who == "distillix" else f"  ours is {own / median:.2f} times that"
            print(f"{test:8} {threads} threads  {who:10} {median:8.1f} ({min(values):.1f} to {max(values):.1f}){ratio}")
memory = [v for (test, _, _), values in rows.items() if test.startswith("resident") for v in values]
print(f"distillix: resident at most {max(memory):.0f} MB")
PYTHON
