"""The lock agrees with pyproject.toml for every Python and system; nothing in it is vulnerable."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "packaging" / "requirements.lock"
EXTRA = ROOT / "packaging" / "firestore.lock"
AUDIT = ROOT / "packaging" / "audit.py"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
DIRECT = [
    *PROJECT["project"]["dependencies"],
    *PROJECT["project"]["optional-dependencies"]["firestore"],
    *PROJECT["dependency-groups"]["build"],
]
SYSTEMS = {"linux": ("Linux", "posix"), "win32": ("Windows", "nt"), "darwin": ("Darwin", "posix")}


def blocks() -> list[str]:
    """The lines of each pin."""
    text = (LOCK.read_text("utf-8") + EXTRA.read_text("utf-8")).replace("\\\n", " ")
    return [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]


def pins(environment: dict[str, str]) -> dict[str, list[Version]]:
    """What is installed where `environment` holds."""
    found: dict[str, list[Version]] = {}
    for block in blocks():
        pin = Requirement(block.partition(" --hash")[0].strip())
        if pin.marker is None or pin.marker.evaluate(environment):
            (only,) = pin.specifier
            found.setdefault(canonicalize_name(pin.name), []).append(Version(only.version))
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_dependency_has_one_fitting_pin(python: str, system: str) -> None:
    platform, os_name = SYSTEMS[system]
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.7",
        "sys_platform": system,
        "platform_system": platform,
        "os_name": os_name,
    }
    pinned = pins(environment)
    assert {name for name, versions in pinned.items() if len(versions) > 1} == set()
    for wanted in map(Requirement, DIRECT):
        if wanted.marker is None or wanted.marker.evaluate(environment):
            versions = pinned.get(canonicalize_name(wanted.name), [])
            assert versions, wanted
            assert wanted.specifier.contains(versions[0]), wanted


def test_every_pin_has_hashes_and_is_pinned_exactly() -> None:
    for block in blocks():
        assert "==" in block.partition(" --hash")[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block


def test_everything_that_lou_brings_along_is_pinned() -> None:
    """Follows the metadata of what is installed here; no pin is missing at any depth."""
    pinned, seen, missing = pins({}), set(), set()
    waiting = [Requirement(each) for each in DIRECT]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        extras = {"", *wanted.extras}
        if (name, *sorted(extras)) in seen:
            continue
        seen.add((name, *sorted(extras)))
        if name not in pinned:
            missing.add(name)
            continue
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of the build alone
        waiting += [
            need
            for need in map(Requirement, needs)
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in extras)
        ]
    assert missing == set()


def test_what_the_extra_needs_is_not_installed_for_everybody() -> None:
    always = LOCK.read_text("utf-8")
    assert "firebase-admin==" in EXTRA.read_text("utf-8")
    heavy = ("firebase-admin", "grpcio", "google-cloud-firestore", "numpy", "pyqtgraph")
    assert [name for name in heavy if f"\n{name}==" in always] == []


def audit(*argv: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, AUDIT, *argv], capture_output=True, text=True, check=False
    )


def test_no_pin_is_known_to_be_vulnerable_and_the_age_of_the_list_is_told() -> None:
    done = audit()
    assert done.returncode == 0, done.stdout
    assert re.search(r"advisories of \d{4}-\d\d-\d\d \(\d+ days old\): 0 found", done.stdout)


def test_every_advisory_is_of_a_package_that_is_pinned() -> None:
    listed = json.loads((ROOT / "packaging" / "advisories.json").read_text("utf-8"))
    names = {canonicalize_name(block.partition("==")[0]) for block in blocks()}
    assert {one["package"] for one in listed["advisories"]} <= names


def test_the_audit_finds_an_affected_pin(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("h11==0.14.0 \\\n    --hash=sha256:00\nstarlette==0.49.1\n")
    done = audit(lock)
    assert done.returncode == 1
    assert "h11 0.14.0 is affected by CVE-2025-43859" in done.stdout
    assert "starlette" not in done.stdout


@pytest.mark.parametrize("content", ["", "{}", '{"date": "soon", "advisories": []}'])
def test_an_audit_that_cannot_run_says_so(tmp_path: Path, content: str) -> None:
    broken = tmp_path / "advisories.json"
    broken.write_text(content)
    done = audit(LOCK, broken)
    assert done.returncode == 2
    assert "did not run" in done.stdout
