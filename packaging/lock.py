"""Pins the newest packages that fit pyproject.toml, each by its hash: `make lock`.

requirements.lock holds what every Lou needs, firestore.lock what the extra `firestore` adds to it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BASE, EXTRA = HERE / "requirements.lock", HERE / "firestore.lock"
_BLOCK = re.compile(r"^[A-Za-z0-9][^\n]*\n(?:[ \t]+[^\n]*\n)*", re.MULTILINE)


def main(argv: list[str]) -> int:
    """Write both files; `--upgrade` moves pins that still fit."""
    known = "".join(lock.read_text("utf-8") for lock in (BASE, EXTRA) if lock.exists())
    _compile(BASE, [*argv, "--group", "build"])
    EXTRA.write_text(known, "utf-8")  # uv keeps the pins that it finds here
    _compile(EXTRA, [*argv, "--group", "build", "--extra", "firestore", "--constraint", str(BASE)])
    base, everything = (lock.read_text("utf-8") for lock in (BASE, EXTRA))
    there = {_pin(block) for block in _BLOCK.findall(base)}
    head = everything[: _BLOCK.search(everything).start()]  # type: ignore[union-attr]
    more = [block for block in _BLOCK.findall(everything) if _pin(block) not in there]
    EXTRA.write_text(head + "".join(more), "utf-8")
    return 0


def _compile(lock: Path, more: list[str]) -> None:
    subprocess.run(
        [*(sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--universal"),
         *("--python-version", "3.11", "--generate-hashes", "--custom-compile-command"),
         *("make lock", "--output-file", str(lock), *more)],
        check=True, cwd=HERE.parent, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _pin(block: str) -> str:
    return block.partition("\\")[0].partition("#")[0].strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
