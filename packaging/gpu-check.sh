#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a machine with an NVIDIA card is asked to do, in stages that each take under eight minutes and can be run again
# where they broke off. No window and no network; the results go under tests/gpu-results/.
#   packaging/gpu-check.sh build      compile for the card that is here, without the window
#   packaging/gpu-check.sh test       operation tables, golden figures, the trainer's tests, losses and answers beside the
#                                     processor's
#   packaging/gpu-check.sh sanitize   the operation tables under compute-sanitizer, where it is installed
#   packaging/gpu-check.sh bench      training, answering, and each operation timed; memory of the v0.4 configuration
#   packaging/gpu-check.sh burnin     861 samples, 10,000 micro-steps: the published burn-in
#   packaging/gpu-check.sh ptxas      registers and spills of every kernel (needs no card)
#   packaging/gpu-check.sh all        all of these, in this order
#   packaging/gpu-check.sh carry      on a machine that has them: pack the third-party libraries into
#                                     build/gpu-carry.tar.xz, for one that has neither them nor a network; build takes
#                                     them from there
set -euo pipefail
cd "$(dirname "$0")/.."
readonly self=$PWD/packaging/gpu-check.sh

readonly minutes=${GPU_CHECK_MINUTES:-8}
readonly build=build/gpu carried=$PWD/build/gpu-carry archive=build/gpu-carry.tar.xz
readonly program=$build/bin/distillix
jobs=${GPU_CHECK_JOBS:-$(nproc)}
libraries=usr/lib/$(uname -m)-linux-gnu

commit=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
if [ -n "$(git status --porcelain --untracked-files=no 2>/dev/null)" ]; then commit+=-changed; fi
# What steps are counted as done for: their very sources, whatever git says of them.
content=$(find app cmake core tests packaging CMakeLists.txt -type f ! -path 'tests/gpu-results/*' -print0 | sort -z |
  xargs -0 sha256sum | sha256sum | cut -c1-12)

say() { printf '%s\n' "$*" >&2; }

find_nvcc() {
  if command -v nvcc; then return; fi
  local place
  for place in "${CUDA_HOME:-}" "${CUDA_PATH:-}" /usr/local/cuda; do
    if [ -n "$place" ] && [ -x "$place/bin/nvcc" ]; then echo "$place/bin/nvcc"; return; fi
  done
  say "There is no nvcc here: install NVIDIA's CUDA toolkit, or let CUDA_HOME name its folder."
  return 1
}

# fact NAME: of the first card that can be opened; nothing where there is none.
fact() {
  "$program" info device --json 2>/dev/null | tail -n 1 | python3 -c '
import json
import sys

devices = json.loads(sys.stdin.read() or "{}").get("result", {}).get("devices", [])
print(next((d[sys.argv[1]] for d in devices if d["name"].startswith("cuda")), ""))' "$1"
}

need_card() {
  [ -x "$program" ] || { say "Run packaging/gpu-check.sh build first."; exit 1; }
  card=$(fact device)
  if [ -z "$card" ]; then
    say "No card can be opened here:"
    "$program" info device >&2 || true
    exit 2
  fi
  report=tests/gpu-results/$(printf '%s' "$card" | tr -c 'A-Za-z0-9\n' '-' | tr -s '-')-$commit-$content.md
  mkdir -p tests/gpu-results
  [ -s "$report" ] && return
  {
    echo "# $card, commit $commit, sources $content"
    echo
    echo "Begun $(date -u +%Y-%m-%dT%H:%MZ) by packaging/gpu-check.sh. Processor: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)."
    echo
    echo '```'
    "$program" info device
    if command -v nvidia-smi >/dev/null; then nvidia-smi; fi
    "$(find_nvcc)" --version | tail -n 2
    echo '```'
  } >"$report"
}

# step NAME COMMAND...: runs it once for these sources (the state is a file), within the stage's minutes, and writes its
# last lines into the report, behind those that tell of failures. A step that broke off or failed is run again the next
# time.
deadline=0
failed=()
step() {
  local name=$1 state=$build/steps/$content-$1
  shift
  if [ -e "$state.done" ]; then say "$name: done before"; return 0; fi
  local left=$((deadline - $(date +%s)))
  if [ "$left" -lt 20 ]; then say "$name: no time is left in this stage; run it again to go on"; failed+=("$name (not run)"); return 0; fi
  mkdir -p "$build/steps"
  say "$name …"
  local status=0 begun
  begun=$(date +%s)
  timeout --signal=INT --kill-after=20 "$left" "$@" >"$state.log" 2>&1 || status=$?
  {
    echo
    echo "## $name: $( [ $status -eq 0 ] && echo passed || echo "FAILED with status $status" ), $(($(date +%s) - begun)) s"
    echo
    echo '```'
    if [ $status -ne 0 ]; then grep -nE '^\[  FAILED|: Failure$|[Ee]rror' "$state.log" | head -n 40 || true; fi
    tail -n "${step_lines:-25}" "$state.log"
    echo '```'
  } >>"$report"
  if [ $status -eq 0 ]; then
    mv "$state.log" "$state.done"
  else
    failed+=("$name")
    say "$name: status $status; its end:"
    tail -n 15 "$state.log" >&2
  fi
}

begin_stage() { deadline=$(($(date +%s) + minutes * 60 - 15)); failed=(); }
end_stage() {
  [ ${#failed[@]} -eq 0 ] && { say "$1: all passed"; return 0; }
  say "$1: not passed: ${failed[*]}"
  return 1
}

stage_carry() {
  local packages=(libdnnl-dev libsentencepiece-dev nlohmann-json3-dev libsimdjson-dev libzip-dev zlib1g-dev libzstd-dev
    liblzma-dev libxxhash-dev libcli11-dev libgtest-dev libgmock-dev)
  rm -rf "$carried" "$archive"
  mkdir -p build
  local package file needed name
  # Files keep their places, from which CMake's packages find each other.
  for package in "${packages[@]}"; do
    while read -r file; do
      case "$file" in
        /usr/include/* | /usr/lib/* | /usr/share/cmake/* | /usr/share/pkgconfig/*) ;;
        *) continue ;;
      esac
      if [ -f "$file" ] || [ -L "$file" ]; then
        mkdir -p "$carried$(dirname "$file")"
        cp -P "$file" "$carried$file"
        case "$(readlink "$file")" in /*) ln -sf "$(basename "$(readlink -f "$file")")" "$carried$file" ;; esac
      fi
    done < <(dpkg -L "$package")
  done
  find "$carried" -name '*.a' ! -name 'libg*.a' -delete
  find "$carried" -name '*.pc' -exec sed -i -e 's|^prefix=.*|prefix=${pcfiledir}/../../..|' -e 's|=/usr/|=${prefix}/|' {} +
  # What they link to, and what that needs, but for what every system has.
  find "$carried" -name '*.so' -print0 | while IFS= read -r -d '' file; do
    file=${file#"$carried"}
    { readlink -f "$file"; ldd "$file" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p'; } | while read -r needed; do
      case "$(basename "$needed")" in
        libc.so* | libm.so* | libdl.so* | librt.so* | libpthread.so* | libstdc++.so* | libgcc_s.so* | ld-linux*) continue ;;
      esac
      # Under the name that programs ask for, and the file's own, which CMake's packages ask for.
      name=$(objdump -p "$needed" | sed -n 's/^ *SONAME *//p')
      rm -f "$carried/$libraries/${name:-none}"
      cp -L "$needed" "$carried/$libraries/${name:-$(basename "$needed")}"
      file=$(basename "$(readlink -f "$needed")")
      [ -e "$carried/$libraries/$file" ] || ln -sf "$name" "$carried/$libraries/$file"
    done
  done
  for file in "$carried/$libraries"/*.so; do
    [ -e "$file" ] || ln -sf "$(basename "$(ls "$file".* | head -n 1)")" "$file"
  done
  # pkg-config, in a wrapper that finds its library.
  mkdir -p "$carried/usr/bin"
  cp -L "$(command -v pkgconf || command -v pkg-config)" "$carried/usr/bin/pkgconf"
  ldd "$carried/usr/bin/pkgconf" | sed -n 's/.*=> \(\/[^ ]*pkgconf[^ ]*\).*/\1/p' | xargs -r -I{} cp -L {} "$carried/$libraries/"
  printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "\$(dirname \"\$0\")/../../$libraries" "\$(dirname \"\$0\")/pkgconf" \
    >"$carried/usr/bin/pkg-config"
  chmod +x "$carried/usr/bin/pkg-config"
  tar -C "$carried" -cJf "$archive" usr
  rm -rf "$carried"
  ls -l "$archive" >&2
}

# cuBLASLt's files where the toolkit comes without them: those of a Python package, if there is one.
find_cublas() {
  local nvcc=$1 root
  root=$(dirname "$(dirname "$(readlink -f "$nvcc")")")
  if ls "$root"/lib64/libcublasLt.so "$root"/targets/*/lib/libcublasLt.so /usr/lib/*/libcublasLt.so >/dev/null 2>&1; then return; fi
  python3 -c '
import importlib.util
import pathlib

for name in ("nvidia.cu13", "nvidia.cublas", "nvidia.cu12"):
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        continue
    for place in spec.submodule_search_locations if spec else []:
        for library in sorted(pathlib.Path(place, "lib").glob("libcublasLt.so.*")):
            print(library)
            print(pathlib.Path(place, "include"))
            raise SystemExit' 2>/dev/null || true
}

stage_build() {
  local nvcc architectures=native options=()
  nvcc=$(find_nvcc)
  # Without a card, what a card of today would need; the stage then tells at least that it all compiles.
  if ! ls /dev/nvidia[0-9]* >/dev/null 2>&1; then
    architectures=${GPU_CHECK_ARCHITECTURES:-"80;90"}
    say "No card is here: building for $architectures."
  else
    # By number where the driver tells it: "native" fails where a card is there that CMake does not see.
    architectures=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d '. ') || true
    [[ $architectures =~ ^[0-9]+$ ]] || architectures=native
  fi
  command -v ninja >/dev/null && options+=(-G Ninja)
  command -v ccache >/dev/null || options+=(-DCCACHE=)
  if [ -f "$archive" ] && ! [ "$carried" -nt "$archive" ]; then
    rm -rf "$carried"
    mkdir -p "$carried"
    tar -C "$carried" -xJf "$archive"
    touch "$carried"
  fi
  if [ -d "$carried" ]; then
    # Found by the programs through a path of their own, of which their libraries' libraries get to know too: set for
    # all, it would reach every tool that runs here.
    options+=("-DCMAKE_PREFIX_PATH=$carried/usr"
      "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags,-rpath,$carried/$libraries")
    export PKG_CONFIG_PATH=$carried/$libraries/pkgconfig CPATH=$carried/usr/include LIBRARY_PATH=$carried/$libraries
    command -v pkg-config >/dev/null || export PKG_CONFIG=$carried/usr/bin/pkg-config
  fi
  local cublas
  cublas=$(find_cublas "$nvcc")
  if [ -n "$cublas" ]; then
    say "cuBLASLt is not beside nvcc: taking $(head -n 1 <<<"$cublas")"
    options+=("-DCUDA_cublasLt_LIBRARY=$(head -n 1 <<<"$cublas")")
    CPATH=${CPATH:+$CPATH:}$(tail -n 1 <<<"$cublas")
    export CPATH
  fi
  # shellcheck disable=SC2206  # several options in one variable
  options+=(${GPU_CHECK_CMAKE:-})
  cmake -S . -B "$build" "${options[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1 -DNDEBUG" \
    -DCMAKE_UNITY_BUILD=ON -DDISTILLIX_STUDIO=OFF -DDISTILLIX_EMULATED_CARD=OFF -DCMAKE_CUDA_FLAGS=-lineinfo "-DCMAKE_CUDA_COMPILER=$nvcc" "-DDISTILLIX_CUDA_ARCHITECTURES=$architectures" >&2
  timeout $((minutes * 60)) cmake --build "$build" -j "$jobs" --target distillix distillix_cuda test_ops test_golden test_train || {
    say "build: broke off; run it again to go on where it stopped"
    return 1
  }
  "$program" info device >&2
}

module() { echo "$PWD/$build/bin/libdistillix_cuda.so"; }

stage_test() {
  need_card
  begin_stage
  export DISTILLIX_CUDA_MODULE DISTILLIX_TEST_DEVICE=cuda
  DISTILLIX_CUDA_MODULE=$(module)
  step op-tables "$build/tests/test_ops" --gtest_filter='*OpTable*' --gtest_brief=1
  step golden "$build/tests/test_golden"
  step trainer "$build/tests/test_train" --gtest_brief=1
  unset DISTILLIX_TEST_DEVICE
  step losses-beside-the-processor "$self" losses
  step answers-beside-the-processor "$self" answers
  end_stage test
}

# make_data VARIANT FOLDER: the sample data, imported.
make_data() {
  [ -d "$2/dataset" ] && return
  rm -rf "$2/text"
  "$program" sample-data "$2/text" --variant "$1"
  "$program" import "$2/text/train.jsonl" --validation "$2/text/validation.jsonl" --out "$2/dataset"
}

# 200 steps of the same training on the processor and on the card: how far the losses lie apart.
stage_losses() {
  local work=$build/losses device
  mkdir -p "$work"
  make_data standard "$work"
  for device in cpu cuda; do
    # The processor's run stands for later sources too, the card's does not.
    [ -e "$work/$device.done" ] && { [ "$device" = cpu ] || [ "$(cat "$work/$device.done")" = "$content" ]; } && continue
    rm -rf "${work:?}/$device"
    "$program" train new "$work/$device" --dataset "$work/dataset" --preset sample --steps 200 --seed 1 --device "$device"
    echo "$content" >"$work/$device.done"
  done
  python3 tests/support/compare_losses.py "$work/cpu" "$work/cuda"
}

# Greedy answers of what the processor trained there, token by token: decoding on the card, through its recorded graph.
stage_answers() {
  local work=$build/losses device prompt
  for device in cpu cuda; do
    : >"$work/$device-answers.jsonl"
    while IFS= read -r -d '' prompt; do
      "$program" generate "$work/cpu" --prompt "$prompt" --temperature 0 --max-tokens 64 --logprobs 2 --json --device "$device" \
        </dev/null >>"$work/$device-answers.jsonl"
    done < <(head -n 8 "$work/text/validation.jsonl" | python3 -c '
import json
import sys

for line in sys.stdin:
    sys.stdout.write(json.loads(line)["prompt"] + "\0")')
  done
  python3 tests/support/compare_answers.py "$work/cpu-answers.jsonl" "$work/cuda-answers.jsonl"
}

# The published burn-in: 861 samples, 256 tokens, batch 4, 10,000 micro-steps; ends at a loss of 0.28 or under, with
# weights that live. Goes on with the run where it broke off.
stage_burn() {
  local work=$build/burnin run=$build/burnin/run-$content
  mkdir -p "$work"
  make_data v0.3-burnin "$work"
  if [ -f "$run/run.json" ]; then
    "$program" train resume "$run" --device cuda
  else
    rm -rf "$run"
    "$program" train new "$run" --dataset "$work/dataset" --preset 100M --batch 4 --tokens 256 --accumulation 1 --steps 10000 \
      --checkpoint-every 2000 --sample-every 1000 --device cuda
  fi
  python3 - "$run/metrics.jsonl" <<'END'
import json
import sys

lines = [json.loads(line) for line in open(sys.argv[1])]
last = [line["loss"] for line in lines[-100:]]
loss = sum(last) / len(last)
flips = max(line.get("flipShare", 0) for line in lines[-100:])
print(f"{len(lines)} steps, {lines[-1]['elapsed']:.0f} s, loss over the last 100 {loss:.4f} (to reach: 0.28), flips {flips:.1e}")
sys.exit(0 if loss <= 0.28 and flips > 0 else 1)
END
}

stage_sanitize() {
  need_card
  local tool
  if ! tool=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null); then
    say "compute-sanitizer is not installed here: the stage is skipped"
    return 0
  fi
  begin_stage
  export DISTILLIX_CUDA_MODULE DISTILLIX_TEST_DEVICE=cuda
  DISTILLIX_CUDA_MODULE=$(module)
  # In parts, so that what breaks off goes on behind those that are done. What a library asks of the card in vain is its
  # own affair: every call of ours is checked.
  local check part
  for check in memcheck racecheck synccheck initcheck; do
    for part in 0 1 2 3; do
      step "sanitize-$check-$part" env GTEST_TOTAL_SHARDS=4 "GTEST_SHARD_INDEX=$part" "$tool" --tool "$check" --error-exitcode 9 \
        --report-api-errors no "$build/tests/test_ops" --gtest_filter='*OpTable*' --gtest_brief=1
    done
  done
  end_stage sanitize
}

stage_bench() {
  need_card
  begin_stage
  export step_lines=60
  # As many sequences as the card surely holds: some 0.9 GB each, and 3 GB for the model.
  local batch
  batch=$((($(fact memoryBytes) / 1000000000 - 4) * 10 / 9))
  batch=$((batch > 64 ? 64 : batch < 1 ? 1 : batch))
  step bench-train-100M "$program" bench train --preset 100M --tokens 1024 --batch "$batch" --update-tokens 524288 --device cuda --no-keep
  step bench-train-v0.4 "$program" bench train --preset 100M --tokens 1024 --batch 2 --recompute --device cuda --no-keep
  step bench-infer "$program" bench infer --device cuda --no-keep
  step bench-ops "$program" bench ops --device cuda
  step bench-ops-many "$program" bench ops --rows 16384 --tokens 1024 --device cuda
  step bench-ops-library env DISTILLIX_CUDA_FORWARD=library "$program" bench ops --rows 16384 --tokens 1024 --device cuda
  if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    export TORCHINDUCTOR_CACHE_DIR=$PWD/$build/inductor
    step bench-pytorch-train python3 tests/support/pytorch_gpu_peer.py --tests train --batch "$batch"
    step bench-pytorch-forward python3 tests/support/pytorch_gpu_peer.py --tests forward prefill
    step bench-pytorch-decode python3 tests/support/pytorch_gpu_peer.py --tests decode
    step bench-pytorch-v0.4 python3 tests/support/pytorch_gpu_peer.py --tests train --batch 2 --recompute --update-tokens 2048
  else
    say "PyTorch with CUDA is not installed here: our figures stand alone"
  fi
  end_stage bench
}

stage_burnin() {
  need_card
  begin_stage
  step burnin "$self" burn
  end_stage burnin
}

stage_ptxas() {
  local nvcc architectures=(80 90) out
  nvcc=$(find_nvcc)
  [ -n "${GPU_CHECK_ARCHITECTURES:-}" ] && IFS=';' read -ra architectures <<<"$GPU_CHECK_ARCHITECTURES"
  mkdir -p build/ptxas tests/gpu-results
  local digest
  digest=$(cat core/backend/cuda/kernels/* core/backend/ops.h core/base/result.h | sha256sum | cut -c1-16)
  local architecture source name
  local -a work=()
  for architecture in "${architectures[@]}"; do
    for source in core/backend/cuda/kernels/*.cu; do
      name=build/ptxas/$(basename "$source" .cu)-$architecture-$digest.txt
      [ -s "$name" ] || work+=("$architecture" "$source" "$name")
    done
  done
  export nvcc
  # One file a time and core; what is there already of these very sources stays.
  if [ ${#work[@]} -gt 0 ]; then
    printf '%s\0' "${work[@]}" | xargs -0 -n 3 -P "$jobs" bash -c '
      "$nvcc" -std=c++20 -O3 --expt-relaxed-constexpr -I. -arch="sm_$0" -cubin -Xptxas -v -o "$2.cubin" "$1" 2>"$2.part" ||
        { cat "$2.part" >&2; exit 255; }
      rm -f "$2.cubin"
      mv "$2.part" "$2"'
  fi
  for architecture in "${architectures[@]}"; do
    out=tests/gpu-results/ptxas-sm_$architecture.txt
    "$nvcc" --version | sed -n 's/^Cuda compilation tools, /nvcc /p' >"$out"
    for source in core/backend/cuda/kernels/*.cu; do
      echo "$(basename "$source")"
      cat "build/ptxas/$(basename "$source" .cu)-$architecture-$digest.txt"
    done | c++filt | python3 -c '
import re
import sys

# A line a kernel: registers, shared memory, stack, spills. ptxas prints three lines for each.
name, stack = None, ("0", "0", "0")
spilled = []
for line in sys.stdin:
    line = line.rstrip()
    if line.endswith(".cu"):
        print("\n" + line)
    if found := re.search(r"Compiling entry function .(.*). for .sm_", line):
        name = re.sub(r"distillix::cuda::|\(anonymous namespace\)::|void ", "", found.group(1))
        name = re.sub(r"\(.*\)$", "", name)
    elif found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
        stack = found.groups()
    elif name and (found := re.search(r"Used (\d+) registers", line)):
        shared = re.search(r"(\d+) bytes smem", line)
        print(f"  {found.group(1):>3} registers  {shared.group(1) if shared else 0:>6} B shared  {stack[0]:>4} B stack"
              f"  {stack[1]}/{stack[2]} spilled  {name}")
        if stack[1] != "0" or stack[2] != "0":
            spilled.append(name)
        name, stack = None, ("0", "0", "0")
print("\n" + (f"{len(spilled)} kernels spill: " + "; ".join(spilled) if spilled else "no kernel spills"))
sys.exit(1 if spilled else 0)' >>"$out" || { tail -n 1 "$out" >&2; say "ptxas: kernels spill, see $out"; return 1; }
    say "$(tail -n 1 "$out") for sm_$architecture ($out)"
  done
}

case "${1:-}" in
  carry | build | test | sanitize | bench | burnin | ptxas | losses | answers | burn) "stage_$1" ;;
  all)
    status=0
    for stage in build test sanitize bench burnin ptxas; do
      "$self" "$stage" || { status=$?; say "$stage ended with status $status"; [ "$stage" = build ] && exit "$status"; }
    done
    exit "$status"
    ;;
  *)
    sed -n '3,/^set /{/^#/p}' "$0" | sed 's/^# \{0,1\}//'
    exit 64
    ;;
esac
