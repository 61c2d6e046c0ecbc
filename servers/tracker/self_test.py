"""Tests the late-loaded parts of the tracker by using each of them once.

Firestore's libraries take 60 MB and stay once they are loaded, so they are tried in a process of
their own. Nothing here reaches the network.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from importlib.util import find_spec

from servers.contract.self_test import Part, PartFailedError, expect
from servers.tracker.codec.seal import Sealer
from servers.tracker.entry import Rules

_PROGRAM = "servers.tracker.stores.firestore.firestore_self_test"
_WITHIN_S = 40.0


def _seal() -> None:
    sealer = Sealer([b"c2VsZiB0ZXN0IHNlbGYgdGVzdCBzZWxmIHRlc3QgISE="], Rules())
    token = sealer.seal("row", "column", "text")
    expect(sealer.open("row", "column", token) == "text", "a sealed text came back changed")


async def _use_firestore() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", _PROGRAM),
        env=dict(os.environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _WITHIN_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    words = said.decode("utf-8", "replace").strip()
    if process.returncode:
        raise PartFailedError(words or f"it ended with exit code {process.returncode}")


PARTS = {
    "sealing": Part("Sealing entries", _seal),
    "firestore": Part("Loading Firestore", _use_firestore),
}


def installed_parts() -> dict[str, Part]:
    """The parts that are installed: Firestore's libraries are an extra."""
    absent = () if find_spec("firebase_admin") else ("firestore",)
    return {code: part for code, part in PARTS.items() if code not in absent}
