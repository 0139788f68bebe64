#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An import of real, dirty data: what lies on a Debian machine, as it lies there. Manual pages (gzip, many languages and
# encodings), documentation and change logs (text, HTML, gzip), the headers and scripts of the system, JSON files of every make one
# after the other, and lists of packages as CSV. Most of it was never meant for this.
#   packaging/dirty-dataset.sh [FOLDER]     all of it goes there (dirty-dataset); takes some minutes and 500 MB
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-dirty-dataset}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
distillix=${DISTILLIX:-}
if [ -z "$distillix" ]; then
  (cd "$repository" && packaging/deps.sh && cmake --preset release >/dev/null && cmake --build --preset release -j "$(nproc)" --target distillix)
  distillix=$repository/build/release/bin/distillix
fi

# Copies, so that what is imported stays what it was; at most 150 MB of each.
# take NAME FROM... -- FIND'S TESTS...
take() {
  local name=$1 from=() total=0
  shift
  while [ "$1" != -- ]; do
    if [ -d "$1" ]; then from+=("$1"); fi
    shift
  done
  shift
  [ -d "$folder/$name" ] || [ ${#from[@]} -eq 0 ] || {
    mkdir -p "$folder/$name.partial"
    find "${from[@]}" -xdev -type f "$@" -size -16M -printf '%s %p\n' 2>/dev/null | LC_ALL=C sort -k 2 |
      awk '{ total += $1; if (total <= 150e6) { sub(/^[0-9]+ /, ""); print } }' |
      tar -C / --ignore-failed-read -cf - -T - 2>/dev/null | tar -C "$folder/$name.partial" -xf -
    mv "$folder/$name.partial" "$folder/$name"
  }
}
take manuals /usr/share/man --
take documents /usr/share/doc /usr/share/info --
take sources /usr/include /usr/lib/python3 /usr/lib/python3.11 /usr/share/perl /usr/share/cmake-3.25 -- \( -name '*.h' -o -name '*.hpp' -o -name '*.py' -o -name '*.pm' -o -name '*.pl' -o -name '*.sh' -o -name '*.cmake' -o -name '*.c' \)

# JSON files of every make, one after the other, and one cut off in the middle.
if [ ! -e "$folder/all.json" ]; then
  find /usr/share /usr/lib -xdev -type f -name '*.json' -size -4M 2>/dev/null | LC_ALL=C sort | awk 'NR <= 4000' |
    while read -r file; do cat "$file"; echo; done >"$folder/all.json.partial"
  printf '{"text": "cut off in the mid' >>"$folder/all.json.partial"
  mv "$folder/all.json.partial" "$folder/all.json"
fi
# The packages as CSV, descriptions with newlines and quotes in them; every fiftieth row lacks a field.
if [ ! -e "$folder/packages.csv" ]; then
  { echo 'package,version,text'
    dpkg-query -W -f '@@@${Package}\t${Version}\t${Description}\n' |
      awk 'BEGIN { RS = "@@@"; FS = "\t" }
           NF == 3 { sub(/\n$/, "", $3); gsub(/\n/, "\r\n", $3); gsub(/"/, "\"\"", $3)
                     if (NR % 50 == 0) print $1 "," $2; else printf "%s,%s,\"%s\"\r\n", $1, $2, $3 }'
  } >"$folder/packages.csv"
fi
du -sb "$folder/manuals" "$folder/documents" "$folder/sources" "$folder/all.json" "$folder/packages.csv" | awk '{ total += $1; print } END { print total " bytes in all" }'

rm -rf "$folder/dataset"
extensions=$(echo 0 1 2 3 4 5 6 7 8 9 1ssl 3pm 3perl 7ssl txt html md rst news changelog debian copyright info h hpp py pm pl sh cmake c | tr ' ' ,)
"$distillix" import "$folder/manuals" "$folder/documents" "$folder/sources" "$folder/all.json" "$folder/packages.csv" \
  --extension "$extensions" --vocab-size 8000 --validation-fraction 0.01 --fill-in-middle 0.1 --out "$folder/dataset"
