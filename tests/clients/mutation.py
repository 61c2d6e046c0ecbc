"""Golden files with bytes changed, lost and doubled: whatever they say, nothing may surprise."""

from __future__ import annotations

import random
from pathlib import Path

from app.clients.catalog import Client
from app.clients.files.backups import FileRecord
from app.clients.planning import plan
from app.clients.planning.file_state import FileState, RefusedError
from tests.clients.conftest import WISH

_PIECES = [b"{", b"}", b"[", b"]", b'"', b"'", b",", b":", b"\n", b"\r", b"#", b"//", b"/*", b"*/"]
_PIECES += [
    b"\\",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b" ",
    b"\t",
    b"-",
    b"&a",
    b"*a",
    b"|",
    b"=",
    b"...",
]
_PIECES += [
    b"null",
    b"---\n",
    b"[[",
    b"mcpServers",
    b"lou-search",
    b"\xe2\x80\xa8",
    b"1e999",
    b"\\u",
]


def mutated(rng: random.Random, content: bytes) -> bytes:
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(content) + 1)
        end = min(at + rng.randrange(6), len(content))
        kind = rng.randrange(4)
        if kind == 0:
            content = content[:at] + content[end:]
        elif kind == 1:
            content = content[:at] + rng.choice(_PIECES) + content[at:]
        elif kind == 2:
            content = content[:at] + rng.choice(_PIECES) + content[end:]
        else:
            content = content[:at] + content[at:end] * 2 + content[end:]
    return content


def survive(client: Client, content: bytes) -> bool:
    """Look at it, and where it can be edited, edit it there and back; whether it could."""
    finding = plan.find_state(client, content, WISH, FileRecord())
    assert (
        finding.state is FileState.CONNECTED or finding.state is FileState.ABSENT or finding.reason
    )
    try:
        change = plan.connect(client, content, WISH, FileRecord())
    except RefusedError as refused:
        finding = refused.finding
        change = None
    if change is None:
        assert finding.reason
        assert finding.hint
        return False
    if finding.state is FileState.ABSENT:
        assert plan.disconnect(client, change.after, WISH, change.record).after == content
    return True


def golden_files(client: Client) -> list[bytes]:
    folder = Path(__file__).parent / "golden"
    return [path.read_bytes() for path in sorted(folder.glob(f"{client.id}.[ab]*"))]


def run(client: Client, count: int, seed: int) -> int:
    """`count` mutations; how many of them could still be edited."""
    rng = random.Random(seed)
    files = golden_files(client)
    return sum(survive(client, mutated(rng, rng.choice(files))) for _ in range(count))
