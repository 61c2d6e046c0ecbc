"""Opens dialogs by name. Each is imported when first opened, to keep the start quick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QWidget

from app.system import paths
from app.ui.page_context import PageContext, open_url


class DialogRegistry:
    """Opens dialogs by the names that `Notice.action`, the tray and the pages use."""

    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._keys: QWidget | None = None
        self._known: Final[dict[str, Callable[[str, QWidget | None], None]]] = {
            "keys": self._open_keys,
            "unlock": self._unlock,
            "add": self._add,
            "remove": self._remove,
            "config": _open_config,
        }

    def open(self, name: str, thing: str, parent: QWidget | None) -> bool:
        """Open the dialog called `name` on `thing`; false when there is no such dialog."""
        opener = self._known.get(name)
        if opener:
            opener(thing, parent)
        return opener is not None

    def close(self) -> None:
        """Close the key dialog."""
        if self._keys is not None:
            self._keys.close()

    def _open_keys(self, thing: str, _parent: QWidget | None) -> None:
        from app.ui.dialogs.keys import KeysDialog  # noqa: PLC0415

        dialog = self._keys
        if not isinstance(dialog, KeysDialog):
            dialog = self._keys = KeysDialog(self._context)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        if thing:
            dialog.choose(thing)

    def _unlock(self, _thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.keys import unlock  # noqa: PLC0415

        self._context.tasks.start(unlock(self._context, parent))

    def _add(self, _thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.add_server import add_server  # noqa: PLC0415

        self._context.tasks.start(add_server(self._context, parent))

    def _remove(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.confirm import confirm  # noqa: PLC0415

        async def remove() -> None:
            title = f"Remove the server {thing}?"
            text = "It is stopped and forgotten. Its keys stay until you remove them."
            if await confirm(self._context.theme, parent, title, text, yes="Remove"):
                await self._context.core.remove_server(thing)

        self._context.tasks.start(remove())


def _open_config(_thing: str, _parent: QWidget | None) -> None:
    """Show config.json in the person's editor."""
    open_url(QUrl.fromLocalFile(str(paths.config_file())))
