"""Makes a Firestore client for nobody, to see that its libraries work; the exit code says so."""

from __future__ import annotations

import asyncio
import sys

from servers.host.self_test import in_words

_NOBODY = "127.0.0.1:9"


async def _use() -> None:
    from servers.tracker.stores.base import untold  # noqa: PLC0415 - any may be what is broken
    from servers.tracker.stores.firestore.connection import FirestoreConnection  # noqa: PLC0415
    from servers.tracker.stores.firestore.firestore_store import FirestoreStore  # noqa: PLC0415

    cloud = FirestoreConnection("", "self_test", _NOBODY, untold)
    await cloud.make_client()
    cloud.collection("entries").document("one")
    await cloud.close()
    FirestoreStore("", collection="self_test", emulator=_NOBODY)


def main() -> int:
    """0 when they work; else 1, with what is wrong on stdout."""
    try:
        asyncio.run(_use())
    except Exception as broken:  # noqa: BLE001 - it is told in words
        sys.stdout.write(in_words(broken) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
