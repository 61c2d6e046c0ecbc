"""List model of the tools of one server, with a switch for each."""

from __future__ import annotations

from typing import Any

from app.ui import wording
from app.ui.models.keyed_list import KeyedList
from app.ui.translation import tr
from app.ui.widgets.rows import Row
from app.ui.widgets.text import tooltip

Tool = dict[str, Any]


class ToolsModel(KeyedList[Tool]):
    """One row for each tool, as `Core.tools` gave them."""

    def __init__(self) -> None:
        super().__init__(
            lambda tool: str(tool["name"]),
            title=_title,
            spoken=_spoken,
            row=_row,
            tooltip=lambda tool: tooltip(wording.one_line(str(tool.get("description", "")))),
        )


def _title(tool: Tool) -> str:
    return tr(str(tool.get("title") or tool["name"]))


def _spoken(tool: Tool) -> str:
    return wording.spoken(_title(tool), "on" if tool.get("enabled", True) else "off")


def _row(tool: Tool) -> Row:
    description = wording.one_line(str(tool.get("description", "")))
    return Row(title=_title(tool), detail=description, on=bool(tool.get("enabled", True)))
