#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An import of any size, and how much memory it took: text of SIZE bytes is composed of what lies on this machine (manual
# pages, documentation, headers, sources), every copy made different from the others, half of it as JSONL and half as a
# folder of files; imported with 8,000 pieces; told with its peak of memory and its speed; and removed.
#   packaging/big-import.sh 10GB [FOLDER]       FOLDER (big-import) needs twice as much room
#   DISTILLIX=PROGRAM packaging/big-import.sh   another program than the release build
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] && size=$(numfmt --from=si "${1%B}") || { sed -n '3,7s/^# //p' "$0" >&2; exit 2; }
folder=${2:-big-import}
if [ -e "$folder" ]; then
  echo "$folder is there already: give another folder, or remove it" >&2
  exit 5
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
trap 'rm -rf "$folder"' EXIT
free=$(df --output=avail -B1 "$folder" | tail -n 1)
if [ "$free" -lt $((size * 2)) ]; then
  echo "$folder has room for $free bytes, and $((size * 2)) are needed" >&2
  exit 8
fi
distillix=${DISTILLIX:-}
if [ -z "$distillix" ]; then
  (cd "$repository" && packaging/deps.sh && cmake --preset release >/dev/null && cmake --build --preset release -j "$(nproc)" --target distillix)
  distillix=$repository/build/release/bin/distillix
fi

echo "composing $size bytes"
python3 - "$size" "$folder" <<'PYTHON'
import gzip, json, os, sys

size, folder = int(sys.argv[1]), sys.argv[2]
texts = []
for root in ("/usr/share/man", "/usr/share/doc", "/usr/include", "/usr/lib/python3", "/usr/lib/python3.11", "/usr/share/perl"):
    for where, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(where, name)
            try:
                if os.path.islink(path) or not 200 <= os.path.getsize(path) <= 1 << 20:
                    continue
                with (gzip.open if name.endswith(".gz") else open)(path, "rb") as file:
                    texts.append(file.read().decode("utf-8"))
            except (OSError, EOFError, UnicodeDecodeError):
                continue
            if "\0" in texts[-1] or len(texts[-1]) > 1 << 20:
                texts.pop()
if not texts:
    sys.exit("there is no text on this machine to compose from")
print(f"{len(texts)} texts of {sum(map(len, texts))} characters to begin with", flush=True)

written = count = round_ = 0
with open(os.path.join(folder, "half.jsonl"), "w", encoding="utf-8") as lines:
    while written < size:
        round_ += 1
        for number, text in enumerate(texts):
            # Each copy is another text: a line of its own in front, and its words in another order of paragraphs.
            parts = text.split("\n\n")
            turn = round_ * 7 % len(parts)
            new = f"copy {round_} of text {number}\n" + "\n\n".join(parts[turn:] + parts[:turn])
            if (number + round_) % 2:
                written += lines.write(json.dumps({"text": new}, ensure_ascii=False) + "\n")
            else:
                where = os.path.join(folder, "files", f"{round_}", f"{number // 1000}")
                os.makedirs(where, exist_ok=True)
                with open(os.path.join(where, f"{number}.txt"), "w", encoding="utf-8") as file:
                    written += file.write(new)
            count += 1
            if written >= size:
                break
print(f"{count} documents", flush=True)
PYTHON
du -sb "$folder/half.jsonl" "$folder/files"

# VmHWM, the most that was resident, is asked for until the program ends.
"$distillix" import "$folder/half.jsonl" "$folder/files" --extension txt --vocab-size 8000 --validation-fraction 0.001 \
  --out "$folder/dataset" &
import=$!
peak=0
while kill -0 "$import" 2>/dev/null; do
  now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$import/status" 2>/dev/null || true)
  peak=${now:-$peak}
  sleep 1
done
wait "$import"
echo "at most $((peak / 1024)) MiB resident (VmHWM)"
