"""What every part of the build shares: places, versions, programs, Debian's packages."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
OUT = ROOT / "dist"
BUILD = ROOT / "build" / "dist"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
VERSION: str = PROJECT["version"]
HOMEPAGE: str = PROJECT["urls"]["Homepage"]
LOCKS = tuple(PACKAGING / name for name in ("requirements.lock", "firestore.lock"))
PYTHON = "3.11"
"""The CPython inside the trees: what Debian 12 and the registry's embeddable package have."""


class BuildError(Exception):
    """Something is missing on this machine; the message says what to do."""


def epoch() -> str:
    """The time of everything in the artifacts: SOURCE_DATE_EPOCH, else that of the last commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return given
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "1700000000"


def is_quick() -> bool:
    """Whether to pack quickly and large, for a try."""
    return bool(os.environ.get("LOU_DIST_QUICK"))


def run(*argv: str | Path, cwd: Path = ROOT, **more: str) -> None:
    """Run a program quietly; its output is shown when it fails.

    Raises:
        BuildError: it failed.
    """
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch(), **more}
    done = subprocess.run(
        [str(word) for word in argv], cwd=cwd, env=environment, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise BuildError(f"{argv[0]} failed:\n{done.stdout[-4000:]}")


def require(programs: dict[str, str]) -> None:
    """Install what is missing of `programs` (each with its Debian package), or say how.

    Raises:
        BuildError: this user cannot install packages.
    """
    missing = sorted({package for name, package in programs.items() if not shutil.which(name)})
    if not missing:
        return
    if os.geteuid() != 0:
        raise BuildError(f"Install first: sudo apt-get install {' '.join(missing)}")
    run("apt-get", "update", "-qq")
    apt = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
    run(*apt, DEBIAN_FRONTEND="noninteractive")


def fresh(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def debian_packages(names: Iterable[str], folder: Path) -> None:
    """Download Debian's packages by name and unpack them into `folder`."""
    archives = BUILD / "debian"
    archives.mkdir(parents=True, exist_ok=True)
    absent = [name for name in names if not list(archives.glob(f"{name}_*.deb"))]
    if absent:
        run("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *absent, cwd=archives)
    for name in names:
        run("dpkg-deb", "-x", next(archives.glob(f"{name}_*.deb")), folder)


def install(site: Path, platform: str, wheel: Path, *, locks: Iterable[Path]) -> None:
    """Install Lou's wheel and the packages of the lock files, each by its hash, into `site`."""
    # Copies, because what follows strips binaries in place: a link would reach uv's own cache.
    uv = (sys.executable, "-m", "uv", "pip", "install", "--quiet", "--link-mode", "copy")
    there = ("--target", site, "--python-platform", platform, "--python-version", PYTHON)
    pinned = [word for lock in locks for word in ("--requirement", lock)]
    run(*uv, *there, "--only-binary", ":all:", "--require-hashes", *pinned)
    run(*uv, *there, "--no-deps", wheel)
    for surplus in ("bin", "Scripts", ".lock"):
        remove(site / surplus)


def name_installer(site: Path, installer: str) -> None:
    """Let Lou in `site` know how it was installed, by a new file, since trees share files."""
    name = next(site.glob("lou-*.dist-info")) / "INSTALLER"
    name.unlink(missing_ok=True)
    name.write_text(f"{installer}\n", "utf-8")


def remove(path: Path) -> None:
    """Delete a file or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def compress(path: Path, target: Path) -> None:
    """A gzip copy that holds no time and no name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def size_mb(path: Path) -> float:
    """The bytes of a file, or of all files of a folder, in millions."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.lstat().st_size for each in files if not each.is_symlink()) / 1e6
