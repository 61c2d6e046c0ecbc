"""Everything that the palette can reach: pages, servers, tools, clients, keys, settings, actions.

In: the core as it is now. Out: one `PaletteTarget` each; `PageContext.go` opens its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core import Core
from app.ui import wording
from app.ui.page_registry import PAGES
from app.ui.setting_choices import choices


@dataclass(frozen=True, slots=True)
class PaletteTarget:
    """One line of the palette."""

    title: str
    kind: str
    place: str
    more: str = ""
    """Words that find it too, such as its other names."""


def everything(core: Core) -> list[PaletteTarget]:
    """All targets, in the order in which they are offered before anything is typed."""
    return [
        *_pages(),
        *_actions(core),
        *_servers(core),
        *_clients(core),
        *_keys(core),
        *_settings(),
    ]


def matching(targets: Sequence[PaletteTarget], text: str) -> list[PaletteTarget]:
    """The targets that have every word of `text`, those whose title begins with it first."""
    words = text.casefold().split()
    found = [
        target
        for target in targets
        if all(word in f"{target.title} {target.kind} {target.more}".casefold() for word in words)
    ]
    return sorted(found, key=lambda target: _rank(target, " ".join(words)))


def _rank(target: PaletteTarget, text: str) -> int:
    title = target.title.casefold()
    if title.startswith(text):
        return 0
    return 1 if any(word.startswith(text) for word in title.split()) else 2


def _pages() -> Iterator[PaletteTarget]:
    for spec in PAGES:
        yield PaletteTarget(spec.title, "Page", spec.name)


def _actions(core: Core) -> Iterator[PaletteTarget]:
    pause = ("Resume all servers", "resume") if core.is_paused else ("Pause all servers", "pause")
    for title, place, more in (
        ("Add a server...", "add", "new"),
        ("Bring servers over from a client...", "takeover", "import claude"),
        (*pause, "stop start"),
        ("Keys...", "keys", "secrets keyring"),
        ("Unlock keys", "unlock", "keyring"),
        ("Open config.json", "config", "edit file"),
        ("Open the data folder", "folder", "files"),
        ("Quit Lou", "quit", "exit end"),
    ):
        yield PaletteTarget(title, "Action", place, more)


def _servers(core: Core) -> Iterator[PaletteTarget]:
    for server in core.servers():
        yield PaletteTarget(server.title, "Server", f"servers {server.name}", server.name)
        word = "off" if server.wanted else "on"
        yield PaletteTarget(f"Switch {server.title} {word}", "Action", f"switch {server.name}")
        yield PaletteTarget(f"Restart {server.title}", "Action", f"restart {server.name}")
        yield PaletteTarget(f"Logs of {server.title}", "Action", f"logs {server.name}")
        if not server.embedded:
            yield PaletteTarget(f"Edit {server.title}...", "Action", f"edit {server.name}")
        for tool in core.remembered_tools(server.name):
            title = str(tool.get("title") or wording.words(str(tool["name"])))
            place = f"try {server.name} {tool['name']}"
            yield PaletteTarget(title, f"Tool of {server.title}", place, str(tool["name"]))


def _clients(core: Core) -> Iterator[PaletteTarget]:
    for view in core.clients.views():
        yield PaletteTarget(view.name, "Client", f"clients {view.id}", view.id)


def _keys(core: Core) -> Iterator[PaletteTarget]:
    for key in core.key_service.views():
        yield PaletteTarget(key.title, "Key", f"keys {key.name}", key.name)


def _settings() -> Iterator[PaletteTarget]:
    for choice in choices():
        field = choice.field
        yield PaletteTarget(
            field.title, "Setting", f"settings {field.name}", f"{field.help} {field.group}"
        )
