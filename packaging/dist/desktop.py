"""What a Linux desktop reads about a program: menu entry, icon, AppStream, manual, completions."""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

from common import BUILD, HOMEPAGE, PACKAGING, ROOT, VERSION, compress, epoch, run

sys.path.insert(0, str(ROOT))

from app.cli import completion
from app.system import desktop_entry

_BULLET = re.compile(r"^- (.*(?:\n  .*)*)", re.MULTILINE)


def desktop_files(share: Path) -> None:
    """Write all of them below `share`, for a Lou whose commands are on the PATH."""
    _write(share / "applications" / "lou.desktop", desktop_entry.text(("lou",)))
    icon = (ROOT / "resources" / "icons" / "lou.svg").read_text("utf-8")
    _write(share / "icons" / "hicolor" / "scalable" / "apps" / "lou.svg", icon)
    template = (PACKAGING / "linux" / "app.lou.Lou.metainfo.xml").read_text("utf-8")
    _write(share / "metainfo" / "app.lou.Lou.metainfo.xml", _filled(template))
    page = BUILD / "lou.1"
    run(sys.executable, PACKAGING / "man_page.py", page)
    compress(page, share / "man" / "man1" / "lou.1.gz")
    for other in ("lou-server", "lou-connect"):
        link = share / "man" / "man1" / f"{other}.1.gz"
        link.symlink_to("lou.1.gz")
    for shell, place in _COMPLETIONS.items():
        _write(share / place, completion.SCRIPTS[shell])


_COMPLETIONS = {
    "bash": "bash-completion/completions/lou",
    "zsh": "zsh/vendor-completions/_lou",
    "fish": "fish/vendor_completions.d/lou.fish",
}


def changes() -> list[str]:
    """What the changelog says of the newest version, a sentence each."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = text.split("\n## ")[1]
    return [" ".join(found.split()) for found in _BULLET.findall(newest)]


def _filled(text: str) -> str:
    date = datetime.datetime.fromtimestamp(int(epoch()), datetime.UTC).date().isoformat()
    notes = "".join(f"          <li>{_escaped(each)}</li>\n" for each in changes()[:8])
    for word, value in (("VERSION", VERSION), ("DATE", date), ("HOMEPAGE", HOMEPAGE)):
        text = text.replace(f"@{word}@", value)
    return text.replace("@CHANGES@\n", notes)


def _escaped(text: str) -> str:
    plain = text.replace("*", "").replace("`", "")
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
