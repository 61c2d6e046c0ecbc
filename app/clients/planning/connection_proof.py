"""How far a client got: written, restarted, initialized, tools listed, called. Pure.

Each step after the first is proved by the client's own session with a server. A session that is
older than Lou's last write proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from app.clients.catalog import Client


class ProofStep(IntEnum):
    """The steps, in their order."""

    NOTHING = 0
    WRITTEN = 1
    RESTARTED = 2
    INITIALIZED = 3
    LISTED = 4
    CALLED = 5


@dataclass(frozen=True, slots=True)
class ProofProgress:
    """When the client reached each stage with one server, in epoch seconds; 0 for never."""

    initialized: float = 0.0
    listed: float = 0.0
    called: float = 0.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proved of one client."""

    written: float = 0.0
    restarted: float = 0.0
    version: str = ""
    protocol: str = ""
    capabilities: Sequence[str] = ()
    """What it declared to a server of the user's own."""
    servers: Mapping[str, ProofProgress] = field(default_factory=dict)

    def step(self, servers: Sequence[str]) -> ProofStep:
        """The last step that the client reached with all of `servers`."""
        if not self.written:
            return ProofStep.NOTHING
        if self.at(ProofStep.INITIALIZED, servers):
            return max(
                step
                for step in (ProofStep.INITIALIZED, ProofStep.LISTED, ProofStep.CALLED)
                if self.at(step, servers)
            )
        return ProofStep.RESTARTED if self.at(ProofStep.RESTARTED, servers) else ProofStep.WRITTEN

    def at(self, step: ProofStep, servers: Sequence[str]) -> float:
        """When the step was reached with all of `servers`, or the last call with any; else 0."""
        reached = [self.servers.get(server, ProofProgress()) for server in servers]
        if not reached:
            return self.written if step is ProofStep.WRITTEN else 0.0
        first = _latest(self.written, [each.initialized for each in reached])
        if step is ProofStep.WRITTEN:
            return self.written
        if step is ProofStep.RESTARTED:
            return first or (self.restarted if self.restarted > self.written else 0.0)
        if step is ProofStep.INITIALIZED or not first:
            return first
        if step is ProofStep.LISTED:
            return _latest(self.written, [each.listed for each in reached])
        last = max(each.called for each in reached)
        return last if last >= self.written else 0.0


def after_write(proof: Proof, at: float) -> Proof:
    """The proof after Lou wrote the file at this time; 0 after Lou removed its entries."""
    return replace(proof, written=at)


def after_start(proof: Proof, at: float) -> Proof:
    """The proof after a process of the client started at this time."""
    return replace(proof, restarted=max(proof.restarted, at))


def after_stage(proof: Proof, server: str, stage: str, at: float) -> Proof:
    """The proof after the client reached initialized, tools_listed or called with a server."""
    key = {"initialized": "initialized", "tools_listed": "listed", "called": "called"}.get(stage)
    if key is None:
        return proof
    reached = replace(proof.servers.get(server, ProofProgress()), **{key: at})
    return replace(proof, servers={**proof.servers, server: reached})


def advice(proof: Proof, servers: Sequence[str], client: Client) -> str:
    """What the user should do next, as a sentence."""
    name = client.name
    match proof.step(servers):
        case ProofStep.NOTHING:
            return ""
        case ProofStep.WRITTEN:
            return client.reload_words
        case ProofStep.RESTARTED:
            return f"{name} was restarted; Lou waits for it to open its servers."
        case ProofStep.INITIALIZED | ProofStep.LISTED:
            return f"{name} is connected. Ask it to use a tool."
        case _:
            return f"{name} is connected."


def _latest(written: float, times: Sequence[float]) -> float:
    return max(times) if all(at and at >= written for at in times) else 0.0
