#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A Python environment of its own for tests that compare with other programs' packages: python_env.sh FOLDER PACKAGE...
# Says its interpreter's path on standard output. Where it cannot be had it says why on standard error and ends with 77.
set -uo pipefail
folder=$1
shift
stamp=$folder/packages.txt
if [ "$(cat "$stamp" 2>/dev/null)" != "$*" ]; then
  rm -rf "$folder"
  mkdir -p "$(dirname "$folder")"
  reason=$( { python3 -m venv "$folder" && "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "$@"; } 2>&1) || {
    echo "cannot install $*: $(printf '%s' "$reason" | tail -n 1)" >&2
    rm -rf "$folder"
    exit 77
  }
  echo "$*" >"$stamp"
fi
echo "$folder/bin/python"
