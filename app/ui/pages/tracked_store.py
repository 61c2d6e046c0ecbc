"""The tracker's store in one line: entries, encryption, backups; buttons to back up and copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from app.ui import wording
from app.ui.page_context import PageContext
from app.ui.tracked_source import TrackedSource
from app.ui.widgets.buttons import Button
from app.ui.widgets.layouts import horizontal
from app.ui.widgets.text import label, show_toned

_STORES = {"sqlite": "on this computer", "firestore": "in Firestore"}


class TrackedStore(QWidget):
    """Shows the answer of the tracker's tool `store_state`."""

    def __init__(self, context: PageContext, source: TrackedSource) -> None:
        super().__init__()
        self._source = source
        self._words = label(tone="soft", wrap=True)
        back_up = context.starter(lambda: self._do("make_backup"))
        copy = context.starter(lambda: self._do("stop_copy" if self._copying else "start_copy"))
        self._back_up = Button(context.theme, "Back up now", back_up, kind="quiet")
        self._copy = Button(context.theme, "", copy, kind="quiet")
        self._copying = False
        self.setLayout(horizontal((self._words, 1), self._copy, self._back_up))
        self.hide()

    async def pull(self) -> None:
        """Fetch the state from the tracker and show it."""
        await self._do("store_state")

    def show_state(self, state: Mapping[str, Any]) -> None:
        show_toned(self._words, _state_text(state), "soft" if state["state"] == "ready" else "warn")
        self._back_up.setVisible(state["store"] == "sqlite")
        other = str(state["other_store"])
        self._copying = state["copy"].get("state") == "running"
        place = _STORES.get(other, other)
        self._copy.setText("Stop copying" if self._copying else f"Copy what is kept {place}")
        self._copy.setVisible(bool(other))
        self.show()

    async def _do(self, tool: str) -> None:
        """Call a tool that answers with the state, and show it."""
        self.show_state(await self._source.ask(tool, {}))


def _state_text(state: Mapping[str, Any]) -> str:
    if state["state"] != "ready":
        return str(state["message"])
    entries = wording.counted(int(state["entries"]), "entry", "entries")
    place = _STORES.get(str(state["store"]), str(state["store"]))
    parts = [f"{entries} {place}."]
    if state["deleted"]:
        many = f"{int(state['deleted']):,} deleted entries can be brought back."
        parts.append("1 deleted entry can be brought back." if state["deleted"] == 1 else many)
    parts.append(f"Addresses and notes are sealed with the key {state['key']}.")
    if state["resealing"].get("running"):
        parts.append("Older entries are being sealed with the newest key.")
    if state["backups"]:
        parts.append(f"{wording.counted(len(state['backups']), 'backup')} kept.")
    if state["copy"]:
        parts.append(_copy_text(state["copy"]))
    return " ".join(parts)


def _copy_text(copy: Mapping[str, Any]) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in copy.items() if value not in ("", None))
    return f"Copy: {facts}."
