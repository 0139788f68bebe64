#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building and testing need and is not there yet: with apt on Debian and Ubuntu; elsewhere it names the
# packages and stops. Quiet and quick when nothing is missing.
set -euo pipefail

packages=(
  cmake ninja-build g++ pkg-config ccache                    # building
  libdnnl-dev libsentencepiece-dev nlohmann-json3-dev        # the engine
  libsimdjson-dev libzip-dev zlib1g-dev libzstd-dev liblzma-dev libxxhash-dev
  libcli11-dev                                               # the command line
  qt6-base-dev qt6-svg-dev libqcustomplot-dev                # the window
  qt6-tools-dev qt6-l10n-tools                               # its translations
  fonts-inter fonts-jetbrains-mono fonts-noto-color-emoji    # its letters
  xvfb xdotool                                               # a display for its tests and pictures
  libgtest-dev libgmock-dev python3 python3-venv             # the tests
  libboost-context-dev                                       # the emulated card's threads
  gzip xz-utils                                              # what distillix eval --compare sets beside a model
)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This system has no apt. Install what these Debian packages hold, then run this again with DISTILLIX_SKIP_DEPS=1:" >&2
  printf '  %s\n' "${packages[@]}" >&2
  [ "${DISTILLIX_SKIP_DEPS:-0}" = 1 ] || exit 1
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  # Another compiler than Debian's g++ package is as good, and so is another cmake.
  case "$package" in
    cmake | g++ | python3) command -v "$package" >/dev/null && continue ;;
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null && continue ;;
  esac
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Run as root: apt-get install --no-install-recommends ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
