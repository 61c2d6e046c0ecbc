"""The groups of the doctor's checks, and what mends a failed one with one click. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from app.views import Check


@dataclass(frozen=True, slots=True)
class Mend:
    """The text of the button, and where `PageContext.go` leads."""

    words: str
    place: str


GROUPS = (
    ("Lou", ("running", "update_finished", "part_", "start_at_login", "start_with_client")),
    ("Keys", ("keyring", "tracker_key", "plain_key_")),
    ("Servers", ("server_", "command_")),
    ("Clients", ("client_",)),
    ("Files", ("",)),
)
"""Title and beginnings of the codes of each group, in the order of the page."""

_MENDS = (
    ("keyring", Mend("Open keys", "keys")),
    ("tracker_key", Mend("Encrypt my keys...", "store file")),
    ("plain_key_", Mend("Edit {name}...", "edit {name}")),
    ("command_", Mend("Edit {name}...", "edit {name}")),
    ("server_", Mend("Restart it", "restart {name}")),
    ("client_", Mend("Repair...", "connect {name}")),
    ("start_at_login", Mend("Set it again", "mend login")),
    ("start_with_client", Mend("Write it again", "mend launch")),
    ("update_finished", Mend("Quit Lou", "quit")),
    ("config_", Mend("Open config.json", "config")),
    ("log_folder", Mend("Open the data folder", "folder")),
    ("disk_space", Mend("Open the data folder", "folder")),
    ("logs_stored", Mend("Open settings", "settings log_total_mb")),
    ("part_", Mend("Show Lou's log", "logs lou")),
)


def mend_of(check: Check) -> Mend | None:
    """What mends the check; None where only the person can."""
    for prefix, mend in _MENDS:
        if check.code.startswith(prefix):
            name = check.code.removeprefix(prefix)
            return Mend(mend.words.format(name=name), mend.place.format(name=name))
    return None


def grouped(checks: list[Check]) -> list[tuple[str, list[Check]]]:
    """The checks by group, groups with failed ones first, and those first; no group is empty."""
    rest = list(checks)
    groups = []
    for title, prefixes in GROUPS:
        own = [check for check in rest if check.code.startswith(prefixes)]
        rest = [check for check in rest if check not in own]
        if own:
            groups.append((title, sorted(own, key=lambda check: check.ok)))
    return sorted(groups, key=lambda group: group[1][0].ok)


def report(checks: list[Check], heading: str) -> str:
    """All checks as text, for a bug report."""
    lines = [heading, ""]
    for title, own in grouped(checks):
        lines.append(title)
        for check in own:
            lines.append(f"  [{'ok' if check.ok else 'NOT OK'}] {check.code}: {check.sentence}")
            if not check.ok and check.fix:
                lines.append(f"      {check.fix}")
    return "\n".join(lines)
