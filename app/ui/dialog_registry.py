"""Opens dialogs by name. Each is imported when first opened, to keep the start quick."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any, Final

from PySide6.QtWidgets import QWidget

from app.core import Core
from app.system import paths
from app.ui.page_context import PageContext, open_path


class DialogRegistry:
    """Opens dialogs by the names that `Notice.action`, the tray and the pages use."""

    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._keys: QWidget | None = None
        self._known: Final[dict[str, Callable[[str, QWidget | None], None]]] = {
            "keys": self._open_keys,
            "connect": self._connect,
            "palette": self._palette,
            "config": lambda *_: open_path(paths.config_file()),
            "folder": lambda *_: open_path(paths.data_folder()),
            **{name: self._shower(*place) for name, place in _DIALOGS.items()},
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
            dialog.centre_on(parent)  # it is not its parent, since the tray opens it too
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        if thing:
            dialog.choose(thing)

    def _connect(self, thing: str, parent: QWidget | None) -> None:
        from app.ui.pages.client_actions import ClientActions  # noqa: PLC0415

        if parent is not None:
            ClientActions(self._context, parent).connect(self._context.core.clients.view(thing))

    def _palette(self, _thing: str, parent: QWidget | None) -> None:
        from app.ui.dialogs.palette import PaletteDialog  # noqa: PLC0415

        PaletteDialog(self._context, parent).open()

    def _shower(self, module: str, function: str) -> Callable[[str, QWidget | None], None]:
        def show(thing: str, parent: QWidget | None) -> None:
            work = getattr(import_module(f"app.ui.dialogs.{module}"), function)
            self._context.tasks.start(work(self._context, parent, thing))

        return show

    def _starter(self, verb: str) -> Callable[[str, QWidget | None], None]:
        def start(thing: str, _parent: QWidget | None) -> None:
            self._context.tasks.start(_VERBS[verb](self._context.core, thing))

        return start


_DIALOGS: Final = {
    "unlock": ("keys", "unlock"),
    "store": ("keys", "keep_keys_in"),
    "add": ("own_server", "add_server"),
    "edit": ("own_server", "edit_server"),
    "copy": ("own_server", "copy_server"),
    "remove": ("own_server", "remove_server"),
    "takeover": ("takeover", "take_over"),
}
"""The module of app.ui.dialogs and its function, which gets the context, the parent and a thing."""


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
