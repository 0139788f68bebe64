#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_exports.py in an environment of its own: check_exports.sh DISTILLIX BUILD_FOLDER. Ends with 77 where that cannot be had.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/peer_packages.sh"
skip() {
  echo ": Skipped"
  echo "$1"
  exit 77
}
reason=$(mktemp)
python=$("$here/python_env.sh" "$2/python-peers" "${peer_packages[@]}" 2>"$reason") || skip "$(cat "$reason")"
work=$(mktemp -d)
trap 'rm -rf "$work" "$reason"' EXIT
"$python" "$here/check_exports.py" "$1" "$here/../golden/cases" "$work"
