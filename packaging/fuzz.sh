#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes every reader of strangers' files under the address and undefined-behaviour sanitizers.
#   packaging/fuzz.sh [SECONDS] [TARGET...]     each for SECONDS (60), all targets unless some are named
# It begins with the committed corpora (tests/fuzz/corpora), keeps what it finds worth keeping in build/fuzz/corpus, and
# ends with a failure and the offending file's name at the first find. JOBS=2 runs two at a time.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true

packaging/deps.sh
if ! command -v clang++ >/dev/null; then
  command -v apt-get >/dev/null || { echo "libFuzzer needs clang: install it" >&2; exit 1; }
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends clang libclang-rt-14-dev >/dev/null
fi
mkdir -p build
cmake --preset fuzz >build/configure-fuzz.log 2>&1 || { cat build/configure-fuzz.log >&2; exit 1; }
cmake --build --preset fuzz -j "$(nproc)"

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for program in build/fuzz/bin/fuzz_*; do targets+=("${program##*/fuzz_}"); done
fi

fuzz() {
  local target=$1 folder=build/fuzz/corpus/$1
  mkdir -p "$folder" build/fuzz/finds
  # What a hostile file may cost: 2 GiB and ten seconds are far beyond any honest answer to a few kilobytes.
  if build/fuzz/bin/fuzz_"$target" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix=build/fuzz/finds/"$target"- \
    "$folder" tests/fuzz/corpora/"$target" >build/fuzz/"$target".log 2>&1; then
    echo "$target: clean, $(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/"$target".log) executions in $seconds s"
  else
    tail -n 40 build/fuzz/"$target".log
    echo "$target: A FIND; see build/fuzz/$target.log and build/fuzz/finds"
    return 1
  fi
}
export -f fuzz
export seconds
printf '%s\n' "${targets[@]}" | xargs -P "${JOBS:-1}" -I{} bash -c 'fuzz {}'
