"""Makes what is shipped into `dist/`: `make dist`, or `python packaging/dist PART ...`.

Parts: wheel (with the source archive), deb, archive, setup. Each is made from the wheel. Also
written: SHA256SUMS, the list of contents as CycloneDX, and the notices of third parties.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from common import BUILD, OUT, ROOT, BuildError, fresh, require, run, size_mb


def main(argv: list[str]) -> int:
    """Make the parts that are named, else all; returns the exit code."""
    unknown = [part for part in argv if part not in _PARTS]
    if unknown:
        sys.stderr.write(f"There is no part {unknown[0]!r}; there are: {', '.join(_PARTS)}.\n")
        return 2
    begun = time.monotonic()
    OUT.mkdir(exist_ok=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    try:
        wheel = _wheel()
        for part in argv or _PARTS:
            if made := _PARTS[part](wheel):
                print(f"{made.name}: {size_mb(made):.1f} MB")
        _sums()
    except BuildError as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    print(f"dist/ is made ({time.monotonic() - begun:.0f} s)")
    return 0


def _wheel() -> Path:
    """Both from a copy of what git knows, so that no local file gets into them."""
    source = fresh(BUILD / "source")
    files = BUILD / "files.txt"
    with files.open("wb") as listed:
        subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=listed, check=True)
    for name in files.read_bytes().decode().split("\0"):
        if name and (ROOT / name).is_file():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
            target.chmod(0o755 if target.stat().st_mode & 0o100 else 0o644)
    for old in (*OUT.glob("lou-*.whl"), *OUT.glob("lou-*.tar.gz")):
        old.unlink()
    hatchling = (sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel")
    run(*hatchling, "-d", OUT, cwd=source)
    return next(OUT.glob("lou-*.whl"))


def _deb(wheel: Path) -> Path:
    _linux_tree(wheel)
    import linux_packages  # noqa: PLC0415 - needs the project's table of commands

    return linux_packages.deb()


def _archive(wheel: Path) -> Path:
    _linux_tree(wheel)
    import linux_packages  # noqa: PLC0415

    return linux_packages.archive()


@cache
def _linux_tree(wheel: Path) -> None:
    """Made once for both of its packages."""
    import linux  # noqa: PLC0415

    require(linux.PROGRAMS)
    tree = linux.build(wheel)
    print(f"tree for Linux: {size_mb(tree):.1f} MB")
    for name in ("sbom.cdx.json", "THIRD-PARTY-NOTICES.txt"):
        shutil.copy(tree / "share" / "doc" / "lou" / name, OUT / f"lou-linux-{name}")


def _setup(wheel: Path) -> Path:
    import windows  # noqa: PLC0415

    require(windows.PROGRAMS)
    return windows.setup(wheel)


def _only_wheel(wheel: Path) -> Path:
    return wheel


def _sums() -> None:
    rows = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(OUT.iterdir())
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (OUT / "SHA256SUMS").write_text("".join(rows), "utf-8")


_PARTS: dict[str, Callable[[Path], Path]] = {
    "wheel": _only_wheel,
    "deb": _deb,
    "archive": _archive,
    "setup": _setup,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
