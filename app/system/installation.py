"""How this Lou was installed, and the commands that update, extend and remove it.

In: what installers leave beside the package: the file INSTALLER of its metadata, and the files by
which pipx and uv know their own environments. Nothing is started.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib import metadata

_PACKAGE = "lou"
_UNINSTALL = "lou uninstall"


@dataclass(frozen=True, slots=True)
class Installation:
    """One way to install Lou, in words and commands for a person.

    `add` is the command that adds Python packages to it; empty where everything is inside.
    """

    kind: str
    title: str
    update: str
    remove: str
    add: tuple[str, ...] = ()


def _with_pip(title: str, kind: str, update: str, remove: str) -> Installation:
    pip = (sys.executable, "-I", "-m", "pip", "install")
    return Installation(kind, title, update, remove, pip)


_BY_INSTALLER = {
    "deb": Installation(
        "deb",
        "the Debian package",
        "sudo apt install ./lou_VERSION_amd64.deb",
        "sudo apt remove lou",
    ),
    "archive": Installation(
        "archive", "the archive for Linux", "sh install.sh, from the new archive", _UNINSTALL
    ),
    "setup": Installation(
        "setup",
        "the setup program for Windows",
        "run the new setup program",
        "Windows Settings, Apps, Lou, Uninstall",
    ),
    "brew": Installation("brew", "Homebrew", "brew upgrade lou", "brew uninstall lou"),
}
"""By what the metadata names as the installer."""


@cache
def current() -> Installation:
    found = _distribution()
    if found is None:
        return _with_pip("a folder of source code", "source", "git pull", "delete the folder")
    if own := _BY_INSTALLER.get((found.read_text("INSTALLER") or "").strip()):
        return own
    return of_prefix(Path(sys.prefix), is_editable=_is_editable(found))


def of_prefix(prefix: Path, *, is_editable: bool) -> Installation:
    """The installation in the environment `prefix`, when no installer of Lou's own made it."""
    if (prefix / "uv-receipt.toml").is_file():
        with_uv = ("uv", "pip", "install", "--python", sys.executable)
        return Installation("uv", "uv", "uv tool upgrade lou", "uv tool uninstall lou", with_uv)
    if (prefix / "pipx_metadata.json").is_file():
        inject = ("pipx", "inject", "lou")
        return Installation("pipx", "pipx", "pipx upgrade lou", "pipx uninstall lou", inject)
    if "Cellar" in prefix.parts:
        return _BY_INSTALLER["brew"]
    if is_editable:
        title = "a folder of source code"
        return _with_pip(title, "source", "git pull && make run", "delete the folder")
    update = f"{sys.executable} -m pip install --upgrade lou"
    return _with_pip("pip", "pip", update, f"{sys.executable} -m pip uninstall lou")


def packages_of_extra(name: str) -> list[str]:
    """The packages of an extra, as its requirements say them."""
    found = _distribution()
    needs = (found.requires or []) if found else []
    marked = [need.partition(";") for need in needs]
    return [need.strip() for need, _, marker in marked if f'"{name}"' in marker.replace("'", '"')]


def _distribution() -> metadata.Distribution | None:
    from importlib import metadata  # noqa: PLC0415 - loads the mail parser, which most never need

    try:
        return metadata.distribution(_PACKAGE)
    except metadata.PackageNotFoundError:
        return None


def _is_editable(found: metadata.Distribution) -> bool:
    try:
        origin = json.loads(found.read_text("direct_url.json") or "{}")
    except ValueError:
        return False
    return bool(origin.get("dir_info", {}).get("editable"))
