#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Style, by tools: clang-format on every file (fails where one differs), and with --tidy clang-tidy on every source.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t files < <(git ls-files '*.cpp' '*.h' '*.inc' '*.cu' '*.cuh')
if command -v clang-format >/dev/null; then
  clang-format --dry-run --Werror "${files[@]}"
else
  echo "clang-format is not installed: formatting was not looked at"
fi
if [ "${1:-}" = --tidy ]; then
  cmake --preset dev >/dev/null
  mapfile -t sources < <(git ls-files 'app/*.cpp' 'core/*.cpp')
  printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/dev
fi
