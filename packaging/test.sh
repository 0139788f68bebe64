#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds everything and runs every test, on any machine: the README's second command, and what CI calls.
#   packaging/test.sh [ctest's arguments, such as -L core or -R golden]
set -euo pipefail
cd "$(dirname "$0")/.."

packaging/deps.sh
cmake --preset dev >build-configure.log 2>&1 || { cat build-configure.log >&2; exit 1; }
rm -f build-configure.log
cmake --build --preset dev -j "$(nproc)"

# Tests that start programs share the cores with them: as many at once as there are cores, and the long ones last.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
ctest --preset dev -j "$(nproc)" "$@" 2>&1 | tee "$log" || status=$?
if grep -q 'Skipped' "$log"; then
  echo
  echo "Skipped tests say why with: ctest --preset dev -V -R NAME"
fi
exit "$status"
