#!/bin/sh
# Installs Lou for the user who runs it, or updates it: no administrator, nothing is downloaded.
#   sh install.sh            into ~/.local/lib/lou, commands in ~/.local/bin
# Remove it with: lou uninstall
set -eu
umask go-w
[ -d "${HOME:-}" ] || { echo "HOME names no folder: set it to the home of the user who will use Lou." >&2; exit 1; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lib=$HOME/.local/lib
place=$lib/lou
bin=$HOME/.local/bin
share=${XDG_DATA_HOME:-$HOME/.local/share}

case $(uname -sm) in "Linux x86_64") ;; *)
  echo "This archive is for Linux on x86_64. See docs/install.md for other systems." >&2; exit 1 ;;
esac
started=0
"$here/lou/bin/python" -I -S -c '' 2>/dev/null || started=$?
if [ "$started" = 126 ]; then
  echo "Nothing may run in $here, which may be mounted with noexec: unpack the archive elsewhere." >&2
  exit 1
elif [ "$started" != 0 ]; then
  echo "This system is too old for the archive: it needs glibc 2.35 (Debian 12, Ubuntu 22.04, Fedora 36)." >&2
  exit 1
fi
if [ "$(id -u)" = 0 ] && [ -z "${LOU_INSTALL_AS_ROOT:-}" ]; then
  echo "Run it as the user who will use Lou, not as root (or set LOU_INSTALL_AS_ROOT=1)." >&2
  exit 1
fi

for name in lou lou-server lou-connect; do
  [ ! -e "$bin/$name" ] || [ -L "$bin/$name" ] || {
    echo "$bin/$name is another program: move it away, or rename it." >&2; exit 1; }
done
[ ! -e "$place" ] || [ -e "$place/bin/lou" ] || {
  echo "$place holds something else than Lou: move it away." >&2; exit 1; }

mkdir -p "$lib" "$bin"
old=$lib/.lou-old
[ -e "$place" ] || [ ! -e "$old" ] || mv "$old" "$place" # an installation was killed half-way
rm -rf "$lib"/.lou-new-?????? "$old"
new=$(mktemp -d "$lib/.lou-new-XXXXXX")
trap 'rm -rf "$new"; [ -e "$place" ] || [ ! -e "$old" ] || mv "$old" "$place"' EXIT
cp -a "$here/lou/." "$new/"
chmod 755 "$new"
[ ! -e "$place" ] || mv "$place" "$old"
mv "$new" "$place"
rm -rf "$old"
for name in lou lou-server lou-connect; do ln -sfn "../lib/lou/bin/$name" "$bin/$name"; done
(cd "$place/share" && find man bash-completion zsh fish -type f 2>/dev/null) | while read -r file; do
  mkdir -p "$share/$(dirname "$file")" && ln -sfn "$place/share/$file" "$share/$file" || true
done
"$bin/lou" desktop install >/dev/null || echo "Without an entry in the menu; try: $bin/lou desktop install" >&2
"$bin/lou" quit --restart >/dev/null 2>&1 || true
echo "Lou is installed. Start it from the menu, or with: lou"
case :$PATH: in *":$bin:"*) ;; *) echo "$bin is not in your PATH yet: log in again, or type $bin/lou" ;; esac
