"""A Lou of its own process that updates its entry again and again: `lou_process.py SPEC`.

SPEC is JSON: home, lou, prefix, count. It prints how many of its own updates were lost and redone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from app.clients import catalog
from app.clients.files.client_files import ClientFiles
from app.clients.files.locations import Places
from app.clients.planning.entries import Bridge
from app.clients.planning.file_state import FileState
from app.clients.planning.plan import DesiredEntries
from app.errors import ClientConfigError
from app.system.safe_write import Disk

CLIENT = catalog.client("cursor")


def main(spec: dict[str, str]) -> dict[str, int]:
    places = Places("linux", Path(spec["home"]), {})
    bridge = Bridge(f"/opt/{spec['prefix']}/lou-connect")
    desired = DesiredEntries(("none",), bridge)
    client_files = ClientFiles(Path(spec["lou"]), lambda: desired, places, Disk())
    lost = refused = 0
    for number in range(int(spec["count"])):
        if number:
            (seen,) = client_files.inspect(CLIENT)
            lost += seen.finding.state is not FileState.CONNECTED
        desired = DesiredEntries((f"{spec['prefix']}{number}",), bridge)
        while True:
            try:
                client_files.connect(CLIENT)
                break
            except ClientConfigError:
                refused += 1
    (seen,) = client_files.inspect(CLIENT)
    if seen.finding.state is not FileState.CONNECTED:
        lost += 1
        client_files.connect(CLIENT)
    return {"lost": lost, "refused": refused}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
