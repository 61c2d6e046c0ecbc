"""Secrets planted so that they would be seen wherever they leaked, and the eyes that look."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

CANARIES = {
    "TAVILY_API_KEY": 'tvly-cana"ry/1+&=%\\q7Zk2',
    "GOOGLE_API_KEY": 'AIza-cana"ry/2+&=%\\x9Lm4',
    "GOOGLE_CSE_ID": 'cx-cana"ry/3+&=%\\w3Np6',
    "BRAVE_API_KEY": 'BSA-cana"ry/4+&=%\\v5Rt8',
}
"""Values that look different in every encoding, and that a header and a query can carry."""


def shapes(value: str) -> Iterator[bytes]:
    """`value` raw, URL-encoded, JSON-escaped, and inside base64 at each of its three offsets."""
    yield value.encode()
    yield urllib.parse.quote(value).encode()
    yield urllib.parse.quote(value, safe="").encode()
    yield urllib.parse.quote_plus(value).encode()
    yield json.dumps(value)[1:-1].encode()
    yield json.dumps(json.dumps(value))[2:-2].encode()
    yield repr(value)[1:-1].encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            encoded = encode(b"\0" * offset + value.encode())
            whole = -(-offset * 4 // 3)
            yield encoded[whole + 1 : len(encoded) - 4]


NEEDLES = {(name, shape) for name, value in CANARIES.items() for shape in shapes(value)}


def sightings(where: str, content: bytes) -> list[str]:
    return [f"{name} as {shape!r} in {where}" for name, shape in NEEDLES if shape in content]


def in_files(folder: Path) -> list[str]:
    """Every file below `folder`; what ends while it is read held nothing."""
    seen = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_socket():
            try:
                seen += sightings(str(path), path.read_bytes())
            except OSError:
                continue
    return seen


def in_processes(processes: Iterable[psutil.Process]) -> list[str]:
    """What every process of this user may read of these: arguments and environment."""
    seen = []
    for one in processes:
        for kind in ("cmdline", "environ"):
            try:
                content = Path(f"/proc/{one.pid}/{kind}").read_bytes()
            except OSError:
                continue
            seen += sightings(f"{kind} of {one.pid}", content)
    return seen
