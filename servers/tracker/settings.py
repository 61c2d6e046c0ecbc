"""What the user chose for the tracker, read from the settings and never half understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from servers.host.tools.service import StartRefusedError
from servers.tracker.entry import Rules

Choice = Literal["auto", "sqlite", "firestore"]
_CHOICES: tuple[Choice, ...] = ("auto", "sqlite", "firestore")


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """The tracker's settings. `exchange` is the one folder for import and export, if chosen."""

    folder: Path
    rules: Rules
    store: Choice = "auto"
    exchange: Path | None = None
    collection: str = "lou"
    emulator: str = ""


def read(found: Mapping[str, Any]) -> TrackerSettings:
    """The settings in `found`.

    Raises:
        StartRefused: one of them is of the wrong kind; the text names it.
    """
    rules = Rules(
        strip_tracking=_flag(found, "strip_tracking_parameters", default=True),
        fold_case=_flag(found, "fold_case", default=True),
        fold_plus_tag=_flag(found, "fold_plus_tag", default=False),
    )
    store = found.get("store", "auto")
    if store not in _CHOICES:
        raise _wrong("store", f"one of {', '.join(_CHOICES)}")
    exchange = _text(found, "exchange_folder")
    firestore = found.get("firestore", {})
    if not isinstance(firestore, Mapping):
        raise _wrong("firestore", "an object")
    return TrackerSettings(
        Path(str(found["folders"]["data"])) / "tracker",
        rules,
        next(choice for choice in _CHOICES if choice == store),
        Path(exchange).expanduser() if exchange else None,
        _text(firestore, "collection") or "lou",
        _text(firestore, "emulator"),
    )


def _flag(found: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = found.get(name, default)
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise _wrong(name, "a text")
    return value


def _wrong(name: str, wanted: str) -> StartRefusedError:
    return StartRefusedError(
        "bad_settings",
        f"The setting tracker.{name} must be {wanted}.",
        "Change it in Lou's settings.",
    )
