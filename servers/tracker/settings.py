"""The tracker's settings: from its part of `settings` in config.json to checked values.

The rows in servers/contract/server_settings.py hold the defaults. A value that cannot be used
stops the start, since a guess could put entries into the wrong store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from servers.contract.server_settings import TRACKER, SettingValueError, value_of
from servers.host.tools.service import StartRefusedError
from servers.tracker.entry import Rules


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """The tracker's settings. `exchange` is the one folder for import and export, if chosen."""

    folder: Path
    rules: Rules
    store: Literal["auto", "sqlite", "firestore"]
    exchange: Path | None
    collection: str
    emulator: str


def read(given: Mapping[str, Any]) -> TrackerSettings:
    """Raises StartRefusedError if one of `given` is of the wrong kind; the text names it."""
    try:
        values = {path: value_of(setting, given) for path, setting in TRACKER.items()}
    except SettingValueError as wrong:
        raise StartRefusedError(
            "bad_settings",
            f"The setting tracker.{wrong.path} must be {wrong.expected}.",
            "Change it in Lou's settings.",
        ) from None
    exchange = values["exchange_folder"]
    return TrackerSettings(
        folder=Path(str(given["folders"]["data"])) / "tracker",
        rules=Rules(
            strip_tracking=values["strip_tracking_parameters"],
            fold_case=values["fold_case"],
            fold_plus_tag=values["fold_plus_tag"],
        ),
        store=values["store"],
        exchange=Path(exchange).expanduser() if exchange else None,
        collection=values["firestore.collection"] or TRACKER["firestore.collection"].default,
        emulator=values["firestore.emulator"],
    )
