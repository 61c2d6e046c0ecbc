"""Compares the pins of the lock with a list of advisories written by hand; needs no network.

    python packaging/audit.py [LOCK] [ADVISORIES]

Without a LOCK it reads both: that of every Lou and that of its extra.

Exit codes: 0 nothing was found, 1 something was found, 2 the audit did not run. The list is no copy
of a database: it holds what was known of these packages at its date, which the audit prints. To
renew it, run `pip-audit -r packaging/requirements.lock --no-deps` where there is a network, write
what it finds into advisories.json, and set the date.
"""

from __future__ import annotations

import datetime
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).parent
LOCKS = ("requirements.lock", "firestore.lock")
OLD_DAYS = 90
_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A pinned version that an advisory names."""

    pin: str
    advisory: str
    affected: str
    summary: str


def pins(lock: str) -> list[tuple[str, Version]]:
    """Every pinned version in the text of a lock; a name may have one for each system."""
    return [(canonicalize_name(name), Version(version)) for name, version in _PIN.findall(lock)]


def findings(lock: str, advisories: list[dict[str, str]]) -> list[Finding]:
    """What the advisories say of the pins."""
    return [
        Finding(f"{name} {version}", one["id"], one["affected"], one["summary"])
        for name, version in pins(lock)
        for one in advisories
        if canonicalize_name(one["package"]) == name
        and SpecifierSet(one["affected"]).contains(version, prereleases=True)
    ]


def main(argv: list[str]) -> int:
    """Print what was found; the exit code."""
    locks = [Path(argv[0])] if argv else [HERE / name for name in LOCKS]
    known = Path(argv[1]) if len(argv) > 1 else HERE / "advisories.json"
    try:
        text = "".join(lock.read_text("utf-8") for lock in locks)
        listed = json.loads(known.read_text("utf-8"))
        date = datetime.date.fromisoformat(listed["date"])
        found = findings(text, listed["advisories"])
    except (OSError, ValueError, KeyError) as unusable:
        print(f"audit: did not run: {unusable!r}")
        return 2
    for one in found:
        print(f"audit: {one.pin} is affected by {one.advisory} ({one.affected}): {one.summary}")
    age = (datetime.datetime.now(datetime.UTC).date() - date).days
    print(
        f"audit: {len(pins(text))} pins, {len(listed['advisories'])} advisories of {date} "
        f"({age} days old): {len(found)} found."
        + (" The list is old: renew it, see packaging/audit.py." if age > OLD_DAYS else "")
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
