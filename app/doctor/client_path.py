"""Why a client does not see Lou: the way from its file to its last call, and the step that fails.

In: a client's view, the servers, the bridge, what the client itself logged. Out: the steps. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.clients.planning.entries import Bridge
from app.clients.views import ClientView
from app.views import ServerState, ServerView


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step; `is_reached` is None for what cannot be known before an earlier step."""

    title: str
    is_reached: bool | None
    sentence: str = ""
    fix: str = ""
    action: str = ""
    """The place that helps, as in `Notice`, or empty."""


def walk(
    client: ClientView, servers: Sequence[ServerView], bridge: Bridge, logged: Sequence[str] = ()
) -> list[PathStep]:
    """The steps in their order; after the first that is not reached the others are unknown."""
    steps = [*_in_its_file(client, bridge), *_in_lou(client, servers), *_in_its_session(client)]
    failed = next((n for n, step in enumerate(steps) if not step.is_reached), len(steps))
    found = [
        step if number <= failed else replace(step, is_reached=None, sentence="", fix="", action="")
        for number, step in enumerate(steps)
    ]
    if failed < len(steps) and logged:
        said = f"Its own log says: {logged[-1]}"
        found[failed] = replace(found[failed], sentence=f"{found[failed].sentence} {said}".strip())
    return found


def _in_its_file(client: ClientView, bridge: Bridge) -> Iterator[PathStep]:
    name, place = client.name, f"clients {client.id}"
    yield PathStep(
        "Installed", client.installed, f"{name} was not found on this computer.",
        "Install it and start it once.", place,
    )  # fmt: skip
    is_readable = client.state not in ("unreadable", "ambiguous")
    mend = client.hint or "Look at the file, and mend it."
    yield PathStep("Its file can be read", is_readable, client.reason, mend, place)
    has_entry = client.state == "connected" or bool(client.entries)
    yield PathStep(
        "Lou's entries are in its file",
        has_entry and client.state != "foreign",
        client.reason or f"Lou is not in the file of {name}.",
        client.hint or "Connect it.",
        f"connect {client.id}",
    )
    is_right = client.state == "connected" or bool(client.missing)
    yield PathStep(
        "The entries are right",
        is_right,
        client.reason,
        client.hint or "Repair writes the right ones.",
        f"connect {client.id}",
    )
    switched_off = [entry for file in client.files for entry in file.switched_off]
    yield PathStep(
        "The entries are switched on",
        not switched_off,
        f"{name} itself has switched off {', '.join(switched_off)}.",
        f"Switch it on in {name}.",
        place,
    )
    yield PathStep(
        "The program that the entries name is there",
        not bridge.is_missing,
        f"{bridge.command} is missing.",
        "Install Lou again, the way it was installed.",
    )


def _said(server: ServerView) -> str:
    return "has failed" if server.state == "failed" else f"is {server.state}"


def _in_lou(client: ClientView, servers: Sequence[ServerView]) -> Iterator[PathStep]:
    named = {entry.server for entry in client.entries}
    meant = [server for server in servers if server.name in named] or list(servers)
    stopped = [each for each in meant if each.wanted and each.state != ServerState.READY]
    first = stopped[0] if stopped else None
    trouble = first.trouble if first else None
    yield PathStep(
        "The servers are ready",
        first is None and any(each.wanted for each in meant),
        f"{first.title} {_said(first)}. {trouble.message if trouble else ''}".strip()
        if first
        else "All servers are switched off.",
        (trouble.hint if trouble else "") or "Switch it on, or look at its log.",
        f"servers {first.name}" if first else "servers",
    )


def _in_its_session(client: ClientView) -> Iterator[PathStep]:
    name, place = client.name, f"clients {client.id}"
    reached = {step.step: step.at for step in client.proof}
    yield PathStep(
        "Restarted since then",
        bool(reached.get("restarted")) or any(each.initialized for each in client.entries),
        f"{name} has not been started since Lou's entries were written.",
        client.reload_words,
        place,
    )
    for title, stage, words in (
        ("A session is opened", "initialized", "opened no session with"),
        ("The tools are listed", "listed", "asked for no tools of"),
    ):
        lacking = [each.server for each in client.entries if not getattr(each, stage)]
        fix = f"Look into the settings of {name} whether it lists this server with an error."
        sentence = f"{name} {words} {', '.join(lacking)} yet."
        yield PathStep(title, not lacking and bool(client.entries), sentence, fix, place)
    yield PathStep(
        "A tool was called",
        bool(reached.get("called")),
        f"Everything stands ready; {name} has called nothing yet.",
        "Ask it something that needs a tool, such as: search the web for today's news with Lou.",
        "try",
    )
