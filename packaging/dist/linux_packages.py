"""Packs the tree for Linux as a Debian package, and as an archive with a script for one user."""

from __future__ import annotations

import email.utils
import shutil
from pathlib import Path

from common import (
    BUILD,
    HOMEPAGE,
    OUT,
    PACKAGING,
    ROOT,
    VERSION,
    compress,
    epoch,
    fresh,
    is_quick,
    name_installer,
    run,
    size_mb,
)
from linux import SITE, TREE

_DEPENDS = (
    *("libc6 (>= 2.35)", "zlib1g", "libexpat1", "libfontconfig1", "libdbus-1-3", "libegl1"),
    *("libgl1", "libglib2.0-0 | libglib2.0-0t64", "libx11-xcb1", "libxcb-randr0", "libxcb-shape0"),
    *("libxcb-shm0", "libxcb-sync1", "libxcb-xfixes0", "libxcb-xinerama0", "libxcb-render0"),
)
_MAINTAINER = "The Lou developers <lou@lists.example.org>"
_CHANGELOG = """lou ({version}) stable; urgency=medium

  * See CHANGELOG.md.gz beside this file.

 -- {maintainer}  {date}
"""
_CONTROL = """Package: lou
Version: {version}
Architecture: amd64
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {depends}
Recommends: gnome-keyring | kwalletmanager | keepassxc, ca-certificates
Section: utils
Priority: optional
Homepage: {homepage}
Description: local MCP servers for Claude Desktop and other MCP clients
 Lou is a tray application. It keeps API keys in the keyring of the system,
 starts and watches local MCP servers, shows what they do, and connects MCP
 clients to them with one click.
 .
 The servers that come with it search the web, read pages and remember which
 address was found on which page. Any other MCP server can be added.
"""
_COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Lou
Source: {homepage}

Files: *
Copyright: the Lou developers
License: Expat
{licence}

Files: usr/lib/lou/*
Copyright: the authors that THIRD-PARTY-NOTICES.txt names, beside this file
License: various
 The terms of each part are in THIRD-PARTY-NOTICES.txt. Qt and PySide6 are under
 the GNU Lesser General Public License, version 3: /usr/share/common-licenses/LGPL-3
"""


def deb() -> Path:
    """Make the Debian package."""
    root = fresh(BUILD / "deb")
    (root / "usr" / "lib").mkdir(parents=True)
    _link_tree(root / "usr" / "lib" / "lou", "deb")
    shutil.move(root / "usr" / "lib" / "lou" / "share", root / "usr" / "share")
    (root / "usr" / "bin").mkdir()
    for name in ("lou", "lou-server", "lou-connect"):
        (root / "usr" / "bin" / name).symlink_to(f"../lib/lou/bin/{name}")
    each_user = root / "usr" / "lib" / "lou" / "bin" / "lou-each-user"  # for postinst and prerm
    shutil.copy(PACKAGING / "linux" / "lou-each-user", each_user)
    each_user.chmod(0o755)
    doc = root / "usr" / "share" / "doc" / "lou"
    licence = (ROOT / "LICENSE").read_text("utf-8").strip().splitlines()
    body = "\n".join(f" {line}" if line.strip() else " ." for line in licence)
    (doc / "copyright").write_text(_COPYRIGHT.format(homepage=HOMEPAGE, licence=body), "utf-8")
    compress(ROOT / "CHANGELOG.md", doc / "CHANGELOG.md.gz")
    changes = BUILD / "changelog"
    date = email.utils.formatdate(int(epoch()), usegmt=True).replace("GMT", "+0000")
    changes.write_text(_CHANGELOG.format(version=VERSION, maintainer=_MAINTAINER, date=date))
    compress(changes, doc / "changelog.gz")
    overrides = root / "usr" / "share" / "lintian" / "overrides" / "lou"
    overrides.parent.mkdir(parents=True)
    shutil.copy(PACKAGING / "linux" / "lintian-overrides", overrides)
    control = root / "DEBIAN"
    control.mkdir()
    text = _CONTROL.format(
        version=VERSION, maintainer=_MAINTAINER, depends=", ".join(_DEPENDS), homepage=HOMEPAGE,
        size=round(size_mb(root / "usr") * 1e6 / 1024),
    )  # fmt: skip
    (control / "control").write_text(text, "utf-8")
    for script in ("postinst", "prerm"):
        shutil.copy(PACKAGING / "linux" / script, control / script)
        (control / script).chmod(0o755)
    _same_rights(root)
    target = OUT / f"lou_{VERSION}_amd64.deb"
    level = "-z0" if is_quick() else "-z6"
    run("dpkg-deb", "--root-owner-group", "-Zxz", level, "--build", root, target)
    return target


def archive() -> Path:
    """Make the archive with install.sh, for one user without an administrator."""
    name = f"lou-{VERSION}-linux-x86_64"
    top = fresh(BUILD / "archive") / name
    top.mkdir()
    _link_tree(top / "lou", "archive")
    shutil.copy(PACKAGING / "linux" / "install.sh", top / "install.sh")
    (top / "install.sh").chmod(0o755)
    shutil.copy(ROOT / "LICENSE", top / "LICENSE")
    _same_rights(top)
    target = OUT / f"{name}.tar.zst"
    pack = f"zstd {'-1' if is_quick() else '-12'} --long=27 -T0"
    run("tar", "--sort=name", f"--mtime=@{epoch()}", "--owner=0", "--group=0", "--numeric-owner",
        "-I", pack, "-cf", target, name, cwd=top.parent)  # fmt: skip
    return target


def _link_tree(target: Path, installer: str) -> None:
    """A copy of the tree that shares its files, with the name of its installer inside."""
    run("cp", "-al", TREE, target)
    name_installer(target / SITE.relative_to(TREE), installer)


def _same_rights(root: Path) -> None:
    """Rights that do not hang on the umask of who builds."""
    run("chmod", "-R", "u=rwX,go=rX", root)
