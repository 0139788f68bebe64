#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts Python packages that only tests need into FOLDER, for PYTHONPATH. Prints what went wrong and fails where they
# cannot be had, so that the test can say why it was skipped.
#   python_packages.sh FOLDER PACKAGE...
set -euo pipefail
folder=$1
shift
stamp="$folder/.installed-$(printf '%s-' "$@")"
[ -e "$stamp" ] && exit 0
command -v python3 >/dev/null || { echo "there is no python3"; exit 1; }
python3 -m pip --version >/dev/null 2>&1 || { echo "python3 has no pip"; exit 1; }
mkdir -p "$folder"
if ! said=$(timeout 180 python3 -m pip install --quiet --disable-pip-version-check --target "$folder" --upgrade "$@" 2>&1); then
  echo "pip cannot install $*: $(tail -n 1 <<<"$said")"
  exit 1
fi
touch "$stamp"
