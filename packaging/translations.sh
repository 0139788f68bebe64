#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Brings resources/translations/*.ts up to date with the texts in the sources; what is new is marked unfinished there.
set -euo pipefail
cd "$(dirname "$0")/.."

lupdate=$(command -v lupdate6 || ls /usr/lib/qt6/bin/lupdate 2>/dev/null || command -v lupdate) ||
  { echo "lupdate is missing: install qt6-l10n-tools (packaging/deps.sh does)" >&2; exit 1; }
for translation in resources/translations/*.ts; do
  "$lupdate" -locations none -no-obsolete -I . ui app/studio -ts "$translation"
done
