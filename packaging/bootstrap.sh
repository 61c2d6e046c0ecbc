#!/usr/bin/env bash
# Makes a fresh machine able to run Lou (`app`) or its tests (`tests`): .venv, Python packages,
# and the system packages they need. Installs what it may; else prints the one command that does.
set -euo pipefail
CDPATH= cd -- "$(dirname -- "$0")/.."

APP_PACKAGES=(libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1
  libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xfixes0 libegl1 libgl1
  libfontconfig1 libdbus-1-3 libglib2.0-0)
TEST_PACKAGES=("${APP_PACKAGES[@]}" dbus gnome-keyring xvfb openbox trayer xdotool x11-utils imagemagick
  fonts-dejavu-core google-cloud-cli-firestore-emulator default-jre-headless
  wine wine64 gcc-mingw-w64-x86-64-win32 nsis unzip zsh fish)
GOOGLES_SOURCE=https://cloud.google.com/sdk/docs/install#deb

missing() {
  comm -23 <(printf '%s\n' "$@" | sort) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

system_packages() {
  command -v dpkg >/dev/null || return 0
  local wanted; wanted=$(missing "$@" | tr '\n' ' ')
  [ -z "$wanted" ] && return 0
  local become=()
  if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null || agrees "$wanted"; then become=(sudo); else
      echo "Some system packages are missing. Install them with:" >&2
      echo "  sudo apt-get install --no-install-recommends $wanted" >&2
      [ "$MODE" = tests ] && exit 1
      return 0
    fi
  fi
  echo "Installing system packages: $wanted"
  "${become[@]}" apt-get update -qq
  # shellcheck disable=SC2086
  "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null || {
    echo "These packages could not be installed; the line above says why." >&2
    [ "$MODE" = app ] ||
      echo "The Firestore emulator is in Google's package source, which is added once: $GOOGLES_SOURCE" >&2
    exit 1
  }
}

# Asks the person at the terminal, once; without one the answer is no.
agrees() {
  [ -t 0 ] && [ -t 1 ] && command -v sudo >/dev/null || return 1
  local answer
  printf 'Lou needs these system packages: %s\nInstall them with sudo? [Y/n] ' "$1"
  read -r answer || return 1
  case $answer in ''|y|Y|yes|Yes) return 0 ;; *) return 1 ;; esac
}

find_python() {
  local python
  for python in python3.13 python3.12 python3.11 python3; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$python"; return
    fi
  done
}

# Debian and Ubuntu ship a Python that cannot make an environment without one more package.
add_python() {
  local python; python=$(find_python)
  if ! "${python:-false}" -c 'import ensurepip' 2>/dev/null; then
    APP_PACKAGES+=("${python:-python3}-venv")
  fi
}

python_packages() {
  local python; python=$(find_python)
  if [ -z "$python" ]; then
    echo "Lou needs Python 3.11 or newer; install it and run this again." >&2
    exit 1
  fi
  .venv/bin/python -c 'import pip' 2>/dev/null || "$python" -m venv .venv
  # Every package by its hash; then Lou itself, with nothing fetched for its build.
  .venv/bin/python -m pip install --quiet --require-hashes --requirement packaging/requirements.lock
  .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
  .venv/bin/python -m compileall -q app servers
  touch .venv/.ready
}

development_packages() {
  .venv/bin/python -m pip install --quiet --upgrade "pip>=25.1"
  .venv/bin/python -m pip install --quiet --require-hashes --no-deps --requirement packaging/firestore.lock
  .venv/bin/python -m pip install --quiet --group dev --constraint <(pins)
  touch .venv/.tools
}

# What the lock pins, without hashes: tools must not move it.
pins() { sed -n 's/ *\\$//; /^[A-Za-z0-9]/p' packaging/requirements.lock packaging/firestore.lock; }

MODE=${1:-app}
case $MODE in
  app) add_python; system_packages "${APP_PACKAGES[@]}"; python_packages ;;
  tests) system_packages "${TEST_PACKAGES[@]}"
    [ .venv/.tools -nt .venv/.ready ] || development_packages ;;
  *) echo "usage: bootstrap.sh app|tests" >&2; exit 2 ;;
esac
