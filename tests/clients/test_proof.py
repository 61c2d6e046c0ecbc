"""Steps are seen, never assumed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.clients.catalog import Client, clients
from app.clients.planning import connection_proof
from app.clients.planning.connection_proof import (
    Proof,
    ProofStep,
    advice,
    after_stage,
    after_start,
    after_write,
)
from app.clients.proof_tracker import Proofs
from app.system.safe_write import Disk
from app.views import ClientEvent
from tests.clients.conftest import row

CLAUDE, BOTH = row("claude-desktop"), ("search", "tracker")


def test_the_steps_follow_each_other() -> None:
    proof = Proof()
    assert proof.step(BOTH) is ProofStep.NOTHING
    proof = after_write(proof, 100.0)
    assert proof.step(BOTH) is ProofStep.WRITTEN
    proof = after_start(proof, 110.0)
    assert proof.step(BOTH) is ProofStep.RESTARTED
    proof = after_stage(proof, "search", "initialized", 120.0)
    assert proof.step(BOTH) is ProofStep.RESTARTED
    proof = after_stage(proof, "tracker", "initialized", 121.0)
    assert proof.step(BOTH) is ProofStep.INITIALIZED
    for server, at in (("search", 122.0), ("tracker", 123.0)):
        proof = after_stage(proof, server, "tools_listed", at)
    assert proof.step(BOTH) is ProofStep.LISTED
    assert proof.at(ProofStep.LISTED, BOTH) == 123.0
    proof = after_stage(proof, "search", "called", 130.0)
    assert proof.step(BOTH) is ProofStep.CALLED
    assert proof.at(ProofStep.CALLED, BOTH) == 130.0


def test_a_session_older_than_the_file_proves_nothing() -> None:
    proof = after_stage(
        after_stage(Proof(), "search", "initialized", 50.0), "search", "called", 60.0
    )
    proof = after_write(proof, 100.0)
    assert proof.step(("search",)) is ProofStep.WRITTEN
    assert "start it again" in advice(proof, ("search",), CLAUDE)
    proof = after_start(proof, 99.0)
    assert proof.step(("search",)) is ProofStep.WRITTEN


def test_a_restart_is_seen_from_the_session_too() -> None:
    proof = after_stage(after_write(Proof(), 100.0), "search", "initialized", 101.0)
    assert proof.at(ProofStep.RESTARTED, ("search",)) == 101.0


def test_the_advice_ends_when_a_call_came() -> None:
    proof = after_write(Proof(), 1.0)
    words = [advice(Proof(), ("search",), CLAUDE), advice(proof, ("search",), CLAUDE)]
    for stage in ("initialized", "tools_listed", "called"):
        proof = after_stage(proof, "search", stage, 2.0)
        words.append(advice(proof, ("search",), CLAUDE))
    assert words[0] == ""
    assert words[2] == words[3] == "Claude Desktop is connected. Ask it to use a tool."
    assert words[4] == "Claude Desktop is connected."


def test_an_unknown_stage_changes_nothing() -> None:
    assert after_stage(Proof(), "search", "left", 5.0) == Proof()


def test_a_client_that_reads_its_file_at_once_is_not_told_to_restart() -> None:
    assert "Restart" not in connection_proof.advice(
        after_write(Proof(), 1.0), ("search",), row("zed")
    )


@pytest.mark.parametrize("client", clients(), ids=lambda client: client.id)
def test_the_advice_says_everything_once(client: Client) -> None:
    told = advice(after_write(Proof(), 1.0), ("search",), client)
    assert told == client.reload_words
    assert told.count("Restart") + told.count("restart") <= 1
    assert len({sentence.strip() for sentence in told.split(".")}) == len(told.split("."))


def test_the_mark_of_the_entry_names_a_client_that_its_handshake_does_not(tmp_path: Path) -> None:
    proofs = Proofs(Disk(), tmp_path / "proofs.json", clients())
    event = ClientEvent(
        "search", "1", "mcp", "called", at=5.0, mark="vibe", capabilities=("roots",)
    )
    assert proofs.client_event(event) == "vibe"
    assert proofs.of("vibe").servers["search"].called == 5.0
    assert proofs.of("vibe").capabilities == ("roots",)
    assert proofs.client_event(replace(event, mark="nobody")) == ""
    assert proofs.client_event(replace(event, mark="", client="@cline/core")) == "cline"
