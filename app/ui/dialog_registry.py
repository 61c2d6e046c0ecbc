"""Opens dialogs by name. Each is imported when first opened, to keep the start quick."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QWidget

from app.core import Core
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
            "edit": self._edit,
            "copy": self._duplicate,
            "takeover": self._take_over,
            "remove": self._remove,
            "connect": self._connect,
            "palette": self._palette,
            "store": self._store,
            "config": _open_config,
            "folder": _open_data,
            **{verb: self._starter(verb) for verb in _VERBS},
        }

    def open(self, name: str, thing: str, parent: QWidget | None) -> bool:
        """Open the dialog called `name` on `thing`; false when there is no such dialog."""
        opener = self._known.get(name)
        if opener:
            opener(thing, parent)
        return opener is not None

    def close(self) -> None:
        if self._keys is not None:
            self._keys.close()

    def _open_keys(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.keys import KeysDialog  # noqa: PLC0415

        dialog = self._keys
        if not isinstance(dialog, KeysDialog):
            dialog = self._keys = KeysDialog(self._context)
        if parent is not None and parent.isVisible() and not dialog.isVisible():
            frame = dialog.frameGeometry()
            frame.moveCenter(parent.frameGeometry().center())
            dialog.move(frame.topLeft())  # it has no parent, since the tray opens it too
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        if thing:
            dialog.choose(thing)

    def _unlock(self, _thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.keys import unlock  # noqa: PLC0415

        self._context.tasks.start(unlock(self._context, parent))

    def _add(self, _thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.own_server import add_server  # noqa: PLC0415

        self._context.tasks.start(add_server(self._context, parent))

    def _edit(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.own_server import edit_server  # noqa: PLC0415

        self._context.tasks.start(edit_server(self._context, parent, thing))

    def _duplicate(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.own_server import add_server  # noqa: PLC0415

        self._context.tasks.start(add_server(self._context, parent, like=thing))

    def _take_over(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.takeover import take_over  # noqa: PLC0415

        self._context.tasks.start(take_over(self._context, parent, thing))

    def _remove(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.own_server import remove_server  # noqa: PLC0415

        self._context.tasks.start(remove_server(self._context, parent, thing))

    def _connect(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.pages.client_actions import ClientActions  # noqa: PLC0415

        if parent is not None:
            ClientActions(self._context, parent).connect(self._context.core.clients.view(thing))

    def _palette(self, _thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.palette import PaletteDialog  # noqa: PLC0415

        PaletteDialog(self._context, parent).open()

    def _store(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.keys import keep_keys_in  # noqa: PLC0415

        self._context.tasks.start(keep_keys_in(self._context, parent, thing))

    def _starter(self, verb: str) -> Callable[[str, QWidget | None], None]:
        def start(thing: str, _parent: QWidget | None) -> None:
            self._context.tasks.start(_VERBS[verb](self._context.core, thing))

        return start


async def _switch(core: Core, server: str) -> None:
    await core.enable(server, not core.server(server).wanted)


_VERBS: Final[dict[str, Callable[[Core, str], Coroutine[Any, Any, object]]]] = {
    "restart": lambda core, server: core.restart(server),
    "switch": _switch,
    "pause": lambda core, _: core.pause_all(),
    "resume": lambda core, _: core.resume_all(),
    "mend": lambda core, what: core.mend(what),
}
"""What is done at once, by the first word of its place; the second names the server."""


def _open_config(_thing: str, _parent: QWidget | None) -> None:
    """Show config.json in the person's editor."""
    open_url(QUrl.fromLocalFile(str(paths.config_file())))


def _open_data(_thing: str, _parent: QWidget | None) -> None:
    open_url(QUrl.fromLocalFile(str(paths.data_folder())))
