#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds everything and runs every test, on any machine: the README's second command, and what CI calls.
#   packaging/test.sh [ctest's arguments, such as -L core or -R golden]
set -euo pipefail
cd "$(dirname "$0")/.."

packaging/deps.sh
cmake --preset check >build-configure.log 2>&1 || { cat build-configure.log >&2; exit 1; }
rm -f build-configure.log
cmake --build --preset check -j "$(nproc)"

# As many tests at once as there are cores; those named Slow want them all and run alone.
status=0
ctest --preset check -j "$(nproc)" --output-junit "$PWD/build/check/tests.xml" "$@" || status=$?
# A test that was not run is no test that passed: each says why.
python3 - build/check/tests.xml <<'END'
import re
import sys
import xml.etree.ElementTree as xml

skipped = [case for case in xml.parse(sys.argv[1]).iter("testcase") if case.find("skipped") is not None]
print(f"\n{len(skipped)} tests were skipped" + (":" if skipped else "."))
for case in skipped:
    output = case.findtext("system-out") or ""
    reason = re.search(r": Skipped\n(.*)", output)
    print(f"  {case.get('name')}: {reason.group(1).strip() if reason else 'no reason given'}")
END
exit "$status"
