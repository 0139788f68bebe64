#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A first start in a real X window, with keys and clicks: sample project, running training, pages, a second start that finds
# the first one's window, closing during the training, and coming back.
#   x_journey.sh DISTILLIX_STUDIO DISTILLIX
set -euo pipefail
studio=$1
program=$2
for tool in Xvfb xdotool; do
  command -v "$tool" >/dev/null || { echo "Skipped"; echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
pids=()
finish() {
  status=$?
  set +e  # whatever fails here, nothing may go on running
  [ "$status" -eq 0 ] || { echo "--- studio"; cat "$work/studio.log"; ls -R "$work/sample" 2>/dev/null | head -40; } >&2
  [ ! -e "$work/sample/runs/first" ] || "$program" runs stop "$work/sample/runs/first" >/dev/null 2>&1 || true
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

# A display of its own: the server chooses a free number and says it. Without -noreset it starts over whenever its last
# client leaves, as each xdotool before the window does, and refuses who comes meanwhile.
Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp -noreset 3>"$work/display" 2>/dev/null &
pids+=($!)
until_true() {  # SECONDS WHAT COMMAND...
  local seconds=$1 what=$2 end=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "not within $seconds s: $what" >&2; exit 1; }
    sleep 0.1
  done
}
until_true 20 "the X server starts" test -s "$work/display"
export DISPLAY=:$(cat "$work/display") QT_QPA_PLATFORM=xcb LC_ALL=C.UTF-8 DISTILLIX_SAMPLE_PROJECT=$work/sample
export DISTILLIX_CLI=$program DBUS_SESSION_BUS_ADDRESS=disabled: HOME=$work XDG_CONFIG_HOME=$work/config

take_focus() {
  window=$(xdotool search --onlyvisible --pid "$studio_pid" --name 'Distillix Studio') || return 1
  window=${window%%$'\n'*}
  xdotool windowmove "$window" 0 0 windowsize "$window" 1280 800 windowfocus "$window"
}
start() {
  "$studio" "$@" >>"$work/studio.log" 2>&1 &
  pids+=($!)
  studio_pid=$!
  # The server refuses the focus to a window that is not drawn yet.
  until_true 30 "the window appears and takes the focus" take_focus
}
title_has() { xdotool getwindowname "$window" | grep -q -- "$1"; }
running() { "$program" runs show "$work/sample/runs/first" --json | grep -q '"state":"running"'; }

start
until_true 10 "the welcome page has its title" title_has 'Distillix Studio'
# The button of the sample project has the focus: one key.
xdotool key space
until_true 120 "the sample trains" running
until_true 20 "the train page opens" title_has 'Train'
# A click on the rail's last button, then keys.
xdotool mousemove 44 330 click 1
until_true 10 "a click opens a page" bash -c "! xdotool getwindowname $window | grep -q Train"
xdotool key ctrl+5
until_true 10 "Ctrl+5 opens the library" title_has 'Library'
xdotool key ctrl+k
palette_open() { [ "$(xdotool search --onlyvisible --pid "$studio_pid" | wc -l)" -ge 2 ]; }
until_true 10 "the palette opens" palette_open
xdotool type --delay 20 'view: data'
xdotool key Return
until_true 10 "the palette opens the data page" title_has 'Data'
# A second start finds this window and ends.
timeout 20 "$studio" "$work/sample" >>"$work/studio.log" 2>&1
kill -0 "$studio_pid"
# Closing does not end the training; the next start finds project and page again.
until_true 10 "the window takes the focus" take_focus
xdotool key ctrl+q
until_true 20 "the window closes" bash -c "! kill -0 $studio_pid"
running
start
until_true 20 "the project is open again" title_has 'sample'
title_has 'Data'
"$program" runs stop "$work/sample/runs/first" >/dev/null
until_true 10 "the window takes the focus" take_focus
xdotool key ctrl+q
until_true 20 "the window closes" bash -c "! kill -0 $studio_pid"
