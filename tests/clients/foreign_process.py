"""A program that knows nothing of Lou and writes the same file: `foreign_process.py SPEC`.

It reads, adds a key of its own, and replaces the file whole, with no lock, as clients do.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path


def main(spec: dict[str, str]) -> dict[str, int]:
    path = Path(spec["path"])
    rng = random.Random(7)
    lost = 0
    mine: set[str] = set()
    for number in range(int(spec["count"])):
        found = json.loads(path.read_bytes())
        lost += len(mine - found.keys())
        mine = {key for key in mine if key in found}
        found[f"foreign{number}"] = number
        beside = path.with_name(f"foreign-{os.getpid()}")
        beside.write_text(json.dumps(found, indent=2))
        beside.replace(path)
        mine.add(f"foreign{number}")
        time.sleep(rng.random() * float(spec["pause_s"]))
    time.sleep(0.5)
    lost += len(mine - json.loads(path.read_bytes()).keys())
    return {"lost": lost}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
