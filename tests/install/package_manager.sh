#!/bin/sh
# package_manager.sh DEB: installs, updates and removes the package with dpkg, for a user of its own,
# on a copy-on-write view of this machine: nothing outside of it changes, and all processes end.
set -eu
if [ -z "${LOU_INSIDE:-}" ]; then
  LOU_INSIDE=1 exec unshare --mount --pid --fork --kill-child "$0" "$1"
fi
if [ "$LOU_INSIDE" = 1 ]; then
  top=/run/lou-package-manager
  mkdir -p "$top"
  mount -t tmpfs none "$top"
  mkdir "$top/upper" "$top/work" "$top/root"
  mount -t overlay none -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" "$top/root"
  mount -t proc none "$top/root/proc"
  mount --rbind /dev "$top/root/dev"
  mount -t tmpfs none "$top/root/run"
  cp "$1" "$top/root/run/lou.deb"
  cp "$0" "$top/root/run/inside.sh"
  LOU_INSIDE=2 exec chroot "$top/root" sh /run/inside.sh /run/lou.deb
fi

user=lou-stranger
home=/home/$user
client=$home/.config/Claude/claude_desktop_config.json
as_user() {
  runuser -u "$user" -- env -i HOME="$home" USER="$user" LOGNAME="$user" LANG=C.UTF-8 \
    PATH=/usr/bin:/bin XDG_RUNTIME_DIR="/run/user/$(id -u "$user")" "$@" </dev/null
}
wait_for() {
  for _ in $(seq 600); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  echo "not in time: $*" >&2
  exit 1
}
is_ready() { [ "$(as_user lou status --json | grep -c '"state": "ready"')" = 2 ]; }
pid() { as_user lou status --json | sed -n 's/.*"pid": \([0-9]*\).*/\1/p' | head -1; }
is_another() { new=$(pid) && [ -n "$new" ] && [ "$new" != "$1" ]; }

useradd --create-home "$user"
mkdir -p "/run/user/$(id -u "$user")"
chown "$user" "/run/user/$(id -u "$user")"
chmod 700 "/run/user/$(id -u "$user")"
dpkg --install "$1"
as_user lou serve &
wait_for is_ready
as_user mkdir -p "$home/.config/Claude"
echo '{"mcpServers": {"other": {"command": "other"}}}' | tee "$client" >/dev/null
chown "$user" "$client"
as_user lou clients connect claude-desktop
as_user lou call tracker track_url_email url=https://a.example/ email=ann@a.example
grep -q /usr/lib/lou/bin/lou-connect "$client"

before=$(pid)
dpkg --install "$1"
wait_for is_another "$before"
wait_for is_ready
as_user lou call tracker find_tracked | grep -q ann@a.example
grep -q lou-tracker "$client"

dpkg --remove lou
! grep -q lou- "$client"
grep -q '"other"' "$client"
[ ! -e /usr/lib/lou ]
[ ! -e /usr/bin/lou ]
[ -d "$home/.local/share/lou" ]
[ -z "$(ps -u "$user" -o pid=)" ]
echo "the package came, was updated and went"
