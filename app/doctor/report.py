"""A bug report: a zip of texts about this Lou, without secrets and without addresses.

In: what a running Lou answered, if one runs, and the files of Lou. Out: the texts by name, so that
a person can see them before they are saved.
"""

from __future__ import annotations

import getpass
import ipaddress
import json
import platform
import re
import socket
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.config import config_model
from app.config.config_file import ConfigFile
from app.system import files, installation, paths, version
from servers.contract.redaction import Redactor

HOMEPAGE = "https://github.com/lou-app/lou"
LICENCE = "MIT"
_LOG_BYTES = 200_000
_ADDRESS = re.compile(
    r"(?<![\w.+-])(?P<mail>[\w.+-]{1,64}+(?:@|%40)[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,5}+)"
    r"|(?P<url>\b[a-z][a-z0-9+.-]{1,15}(?::|%3A)(?://|\\/\\/|%2F%2F))[^\s\"'<>)\]}]+"
    r"|(?<![\w.])(?P<ip>(?:\d{1,3}\.){3}\d{1,3})(?![\w.])"
    r"|(?<![\w:.])(?P<ip6>(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15})(?![\w:])",
    re.IGNORECASE,
)
_OWN_IP = ("127.", "0.0.0.0")  # noqa: S104 - compared, nothing listens there


def facts() -> dict[str, str]:
    """What a bug report says of this Lou.

    `notices` is the file with the terms of the software that Lou brings; empty where pip installed
    it.
    """
    found = installation.current()
    return {
        "version": version.current(),
        "installed_by": found.title,
        "update_with": found.update,
        "remove_with": found.remove,
        "system": platform.platform(),
        "python": platform.python_version(),
        "licence": LICENCE,
        "homepage": HOMEPAGE,
        "notices": _notices(),
        "config": str(paths.config_file()),
        "data": str(paths.data_folder()),
        "logs": str(paths.log_folder()),
    }


def _notices() -> str:
    name = "THIRD-PARTY-NOTICES.txt"
    base = Path(sys.prefix)
    shared = base.parent.parent / "share"
    candidates = (base / "share/doc/lou" / name, base / name, shared / "doc/lou" / name)
    return str(next((path for path in candidates if path.is_file()), ""))


def texts(answers: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a report by file name; `answers` are those of a running Lou, by method."""
    found = {
        "facts.json": _json(facts()),
        "config.json": _json(_configuration()),
        **{f"{name}.json": _json(answer) for name, answer in answers.items()},
    }
    for log in sorted(paths.log_folder().glob("*.log")):
        found[f"logs/{log.name}"] = _tail(log)
    redact = Redactor()
    return {name: without_addresses(redact(text)) for name, text in found.items()}


def save(report: Mapping[str, str], target: Path) -> None:
    """Write the report as a zip to the file that a person chose; raises SettingsError."""
    with files.export(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in report.items():
            archive.writestr(name, text)


def without_addresses(text: str) -> str:
    """The text without e-mail and web addresses, and without this person's and machine's names."""
    text = _ADDRESS.sub(_hide, text)
    home = str(Path.home())
    names = ((form, "~") for form in (home, json.dumps(home)[1:-1], Path.home().as_posix()))
    own = ((_user(), "USER"), (socket.gethostname(), "HOST"))
    private = (pair for pair in own if len(pair[0]) > 3 and pair[0] not in {"root", "localhost"})
    for name, shown in (*names, *private):
        text = text.replace(name, shown) if len(name) > 1 else text
    return text


def _hide(found: re.Match[str]) -> str:
    if found["mail"]:
        return "someone@hidden"
    if found["url"]:
        return f"{found['url']}hidden"
    if found["ip6"]:
        return "[2001:db8::]" if _is_of_others(found["ip6"]) else found[0]
    return found[0] if found["ip"].startswith(_OWN_IP) else "0.0.0.0"  # noqa: S104 - shown only


def _is_of_others(text: str) -> bool:
    """Whether `text` is an IPv6 address, and not a time or one that means this machine."""
    try:
        found = ipaddress.IPv6Address(text.rstrip("."))
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # the user id has no name
        return ""


def _configuration() -> dict[str, Any]:
    """What is configured, without any value that could be a secret."""
    config = ConfigFile.of_home().config
    servers = {
        name: {
            "command": list(config_model.masked_words(entry)),
            "variables": sorted(entry.env),
            "disabled": entry.disabled,
            "disabled_tools": list(entry.disabled_tools),
        }
        for name, entry in config.servers.items()
    }
    settings = asdict(config.settings)
    parts = {name: sorted(part) for name, part in settings.pop("servers").items()}
    return {"servers": servers, "settings": settings, "settings_of_servers": parts}


def _tail(log: Path) -> str:
    try:
        return files.tail(log, _LOG_BYTES)
    except OSError as failure:
        return f"It could not be read: {failure.strerror or failure}\n"


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"
