"""Writes docs/settings.md from the rows that define the settings: `make docs`."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.config.settings import shown_fields  # noqa: E402 - the line before finds it
from servers.contract import server_settings  # noqa: E402
from servers.contract.server_settings import ServerSetting  # noqa: E402

PAGE = ROOT / "docs" / "settings.md"
_START = """# Settings

The settings are in `config.json`, under `settings`; `lou doctor` says where the file is. The window
asks for those with a star. Lou reads a changed file within seconds. A number in the settings of a
server that is beyond the limits counts as the limit. `make docs` writes this page.
"""


def page() -> str:
    """The text of docs/settings.md."""
    own = [_own_row(field) for field in shown_fields()]
    every = map(_row, server_settings.EVERY.values())
    provider = map(_row, server_settings.PROVIDER.values())
    parts = [
        _START,
        _table("Lou", "Directly in `settings`.", own),
        _table("Every server", "In `settings.SERVER`, for each server by its name.", every),
        *(
            _table(
                server.capitalize(),
                f"In `settings.{server}`. A dot stands for an object within: "
                f"`{next(path for path in settings if '.' in path)}`.",
                map(_row, settings.values()),
            )
            for server, settings in server_settings.BY_SERVER.items()
        ),
        _table(
            "A server of your own",
            "In `settings.SERVER`, by the name that you gave it.",
            map(_row, server_settings.RELAY.values()),
        ),
        _table(
            "Each search provider",
            "In `settings.search.PROVIDER`, such as `settings.search.brave`.",
            provider,
        ),
    ]
    return "\n".join(parts)


def _table(title: str, where: str, rows: Iterable[str]) -> str:
    head = "| setting | default | values | meaning |\n|---|---|---|---|\n"
    return f"## {title}\n\n{where}\n\n{head}{''.join(rows)}"


def _own_row(field: Any) -> str:
    words = field.metadata
    least, most = words["bounds"] or (0, math.inf)
    values = _values(field.default, words["choices"], least, most)
    return _line(f"`{field.name}` *", _default_text(field.default), values, words)


def _row(setting: ServerSetting) -> str:
    default = setting.default_text or _default_text(setting.default)
    values = _values(setting.default, setting.choices, setting.least, setting.most)
    name = f"`{setting.path}`" + (" *" if setting.shown else "")
    return _line(name, default, values, {"label": setting.title, "help": setting.help})


def _line(name: str, default: str, values: str, words: Mapping[str, str]) -> str:
    return f"| {name} | {default} | {values} | **{words['label']}.** {words['help']} |\n"


def _default_text(default: Any) -> str:
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, str):
        return f'`"{default}"`'
    return "`[]`" if isinstance(default, tuple) else f"`{default:g}`"


def _values(default: Any, choices: Mapping[str, str], least: float, most: float) -> str:
    if choices:
        return ", ".join(f'`"{value}"`' for value in choices)
    if isinstance(default, bool):
        return "`true`, `false`"
    if isinstance(default, str):
        return "a text"
    if isinstance(default, tuple):
        return "a list of texts"
    return f"{least:g} and more" if most == math.inf else f"{least:g} to {most:g}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
