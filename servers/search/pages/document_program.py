"""Reads one document in a process of its own: bytes come on stdin, JSON goes out on stdout.

Its arguments are the numbers of the first and the last page that are wanted.
A document can be made to harm its reader; here it has a process without keys, with little memory
and little time. Out goes `{"title", "total", "parts": [[number, text], ...]}`, or `{"error"}`.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from bisect import bisect
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from servers.search.pages.office_archive import LOCKED, DocumentError

_MEMORY = 176 << 20
"""With the libraries that it maps, less than 200 MB."""
_ADDRESSES = 1 << 30
_SECONDS = 30
_MOST_CHARS = 2_000_000
_OBJECT = re.compile(rb"(?<!\d)(\d{1,7})[ \t\r\n]{1,4}\d{1,5}[ \t\r\n]{1,4}obj\b")
_CATALOG = re.compile(rb"/Type\s{0,4}/Catalog\b")
_MOST_BEFORE_TYPE = 2000


def _bound() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    for name, most in (
        ("RLIMIT_DATA", _MEMORY),
        ("RLIMIT_AS", _ADDRESSES),
        ("RLIMIT_CPU", _SECONDS),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
    ):
        with suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), (most, most))


def read(data: bytes, first: int, last: int) -> dict[str, Any]:
    """The parts `first` to `last` of the document in `data`; they count from 1."""
    if b"%PDF-" in data[:1024]:
        title, total, parts = _pdf(data, first, last)
    else:
        title, total, parts = _archive(data, first, last)
    kept, room = [], _MOST_CHARS
    for number, text in parts:
        kept.append([number, text[:room]])
        room -= len(text)
        if room <= 0:
            break
    return {"title": title, "total": total, "parts": kept}


Parts = Iterator[tuple[int, str]]


def _pdf(data: bytes, first: int, last: int) -> tuple[str, int, Parts]:
    import logging  # noqa: PLC0415 - each kind of document needs its own

    import pypdf  # noqa: PLC0415

    from servers.search.pages.pdf_text import text_of  # noqa: PLC0415

    logging.disable()
    try:
        file = pypdf.PdfReader(io.BytesIO(data))
    except pypdf.errors.PyPdfError:
        file = pypdf.PdfReader(io.BytesIO(_mended(data)))
    if file.is_encrypted and not file.decrypt(""):
        raise DocumentError(LOCKED)
    title = ""
    with suppress(Exception):
        title = str((file.metadata and file.metadata.title) or "")

    def parts() -> Parts:
        for number in range(first, min(last, len(file.pages)) + 1):
            try:
                yield number, text_of(file.pages[number - 1])
            except (MemoryError, RecursionError):
                raise
            except Exception:  # noqa: BLE001 - a broken page of a document is no reason to lose the others
                yield number, "[This page is damaged.]"

    return title, len(file.pages), parts()


def _mended(data: bytes) -> bytes:
    """`data` with a new table of where its objects are, for one that is broken or cut off."""
    places = {int(found[1]): found.start(1) for found in _OBJECT.finditer(data)}
    root = _root(data, {at: number for number, at in places.items()})
    if not root:
        return data
    rows = [b"xref\n"]
    rows += [b"%d 1\n%010d 00000 n \n" % (number, at) for number, at in sorted(places.items())]
    size = max(places) + 1
    end = b"trailer<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, len(data) + 1)
    return data + b"\n" + b"".join(rows) + end


def _root(data: bytes, objects: dict[int, int]) -> int:
    """The number of the object that is the catalog, of the numbers at each place; or 0."""
    starts = sorted(objects)
    for found in _CATALOG.finditer(data):
        at = starts[max(0, bisect(starts, found.start()) - 1)] if starts else len(data)
        if 0 < found.start() - at < _MOST_BEFORE_TYPE and b">" not in data[at : found.start()]:
            return objects[at]
    return 0


def _archive(data: bytes, first: int, last: int) -> tuple[str, int, Parts]:
    """An office document or a book: an archive of XML files."""
    from servers.search.pages.office_files import parts_of  # noqa: PLC0415

    title, found = parts_of(zipfile.ZipFile(io.BytesIO(data)))
    wanted = islice(enumerate(found, 1), first - 1, last)
    return title, len(found), ((number, make()) for number, make in wanted)


def main() -> None:
    """Read the document on stdin."""
    first, last = map(int, sys.argv[1:3])
    _bound()
    try:
        answer = read(sys.stdin.buffer.read(), first, last)
    except DocumentError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "it takes too much memory"}
    except ImportError as error:
        answer = {"error": f"a part of Lou is missing ({error.name})"}
    except Exception as error:  # noqa: BLE001 - whatever a document does to a library, it is the document
        answer = {"error": f"it is damaged ({type(error).__name__})"}
    sys.stdout.buffer.write(json.dumps(answer).encode("ascii"))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
