"""Finds the servers that clients on this computer have in their own files, to bring them over."""

from __future__ import annotations

from dataclasses import dataclass

from app.clients import catalog
from app.clients.catalog import Client
from app.clients.files.locations import Places, targets
from app.clients.imports import server_import
from app.clients.imports.foreign_servers import ForeignServer
from app.errors import AppError
from servers.contract import key_text


@dataclass(frozen=True, slots=True)
class ClientSource:
    """A client and the servers in its files, Lou's own entries among them."""

    id: str
    name: str
    servers: tuple[ForeignServer, ...]


def text_of(content: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16; raises AppError when it is no text."""
    try:
        return key_text.decoded(content)
    except key_text.NotAKeyError:
        raise AppError("The file is no text.", "Save it as UTF-8.") from None


def servers_of(client: Client, places: Places) -> list[ForeignServer]:
    """The servers in the client's files; raises AppError if there are none that can be read."""
    found: list[ForeignServer] = []
    paths = [target.path for target in targets(client, places) if target.exists]
    for path in paths:
        try:
            found += server_import.found_in(text_of(path.read_bytes()))
        except OSError as failure:
            raise AppError(f"{path} cannot be read: {failure}.", "Mend the file first.") from None
        except AppError as refused:
            if len(paths) == 1:
                raise AppError(f"{path}: {refused.title}", refused.hint) from None
    if not found:
        raise AppError(
            f"{client.name} has no file with servers on this computer.",
            "Give the path of one: lou servers import FILE",
        )
    return found


def sources(places: Places) -> list[ClientSource]:
    """Every client that has servers; one whose file cannot be read is left out."""
    found = []
    for client in catalog.clients():
        try:
            servers = tuple(servers_of(client, places))
        except AppError:
            continue
        found.append(ClientSource(client.id, client.name, servers))
    return found
