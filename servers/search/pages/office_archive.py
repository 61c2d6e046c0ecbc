"""An office document or a book as an archive of XML files, and the parts it names.

In comes an archive that somebody else made.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable

from lxml import etree

_MOST_XML = 64 << 20
LOCKED = "it is locked with a password"

Part = Callable[[], str]


class DocumentError(Exception):
    """The document cannot be read; the message says why."""


class OfficeFile:
    """The parts of an archive by their names."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = frozenset(archive.namelist())

    def content(self, name: str) -> bytes:
        info = self._archive.getinfo(name)
        if info.flag_bits & 1:
            raise DocumentError(LOCKED)
        with self._archive.open(info) as file:
            content = file.read(_MOST_XML + 1)
        if len(content) > _MOST_XML:
            raise DocumentError("a part of it is too large")
        return content

    def xml(self, name: str) -> etree._Element:
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
            recover=True,
        )
        root = etree.fromstring(self.content(name), parser)
        if root is None:
            raise DocumentError("it is damaged")
        return root

    def optional(self, name: str) -> etree._Element:
        """The part `name`; an element without children where there is none."""
        return self.xml(name) if name in self.names else etree.Element("none")

    def targets(self, name: str) -> dict[str, tuple[str, str]]:
        """By id the kind and the name of each part that the part `name` leads to."""
        folder, base = posixpath.split(name)
        place = posixpath.join(folder, "_rels", f"{base}.rels")
        found = {}
        for one in self.optional(place):
            target = posixpath.normpath(posixpath.join("/", folder, one.get("Target", "")))
            kind = one.get("Type", "").rpartition("/")[2]
            found[one.get("Id", "")] = (kind, target.lstrip("/"))
        return found


def id_of(element: etree._Element) -> str:
    """The value of its attribute `r:id`."""
    return next((value for key, value in element.items() if key.endswith("}id")), "")


def is_on(element: etree._Element, name: str, usual: str = "0") -> bool:
    """Whether its attribute `name`, which is `usual` where it is left out, says yes."""
    return element.get(name, usual) in {"1", "true"}
