"""Makes a Firestore client that connects to nothing, to test the libraries. The exit code says so.

A module of its own because it runs as a process: the libraries take 60 MB that stay loaded.
"""

from __future__ import annotations

import asyncio
import sys

from servers.contract.self_test import in_words

_NOBODY = "127.0.0.1:9"


async def _use() -> None:
    from servers.tracker.stores.base import ignore_trouble  # noqa: PLC0415 - any may be what is broken
    from servers.tracker.stores.firestore.connection import FirestoreConnection  # noqa: PLC0415
    from servers.tracker.stores.firestore.firestore_store import FirestoreStore  # noqa: PLC0415

    connection = FirestoreConnection("", "self_test", _NOBODY, ignore_trouble)
    await connection.make_client()
    connection.collection("entries").document("one")
    await connection.close()
    FirestoreStore("", collection="self_test", emulator=_NOBODY)


def main() -> int:
    """0 when they work; else 1, with the error on stdout."""
    try:
        asyncio.run(_use())
    except Exception as broken:  # noqa: BLE001 - it is told in words
        sys.stdout.write(in_words(broken) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
