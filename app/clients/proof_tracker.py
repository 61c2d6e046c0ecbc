"""Keeps the proof of each client: how far it got with Lou's servers. Saved across restarts of Lou.

In: files, processes, client events and calls. Out: a `Proof` for each client.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from app.clients.catalog import Client
from app.clients.planning import connection_proof
from app.clients.planning.connection_proof import Proof, ProofProgress
from app.clients.running import Instance
from app.clients.views import Inspected
from app.system.safe_write import Disk
from app.views import CallRecord, ClientEvent

log = logging.getLogger(__name__)


class Proofs:
    """The proofs of all clients in the catalog."""

    def __init__(self, disk: Disk, path: Path, rows: Sequence[Client]) -> None:
        self._disk = disk
        self._path = path
        self._rows = rows
        self._proofs: dict[str, Proof] = {}
        self._saved: dict[str, Proof] = {}

    def of(self, id: str) -> Proof:
        return self._proofs.get(id, Proof())

    def inspected(self, row: Client, files: Sequence[Inspected], found: Sequence[Instance]) -> None:
        """Update the proof from the client's files and running processes."""
        written = max((each.record.written_at for each in files if each.record.wanted), default=0.0)
        proof = connection_proof.after_write(self.of(row.id), written)
        started = max((instance.started for instance in found), default=0.0)
        self._proofs[row.id] = connection_proof.after_start(proof, started)

    def client_event(self, event: ClientEvent) -> str:
        """Update the proof from an event; returns the client's id, or an empty text."""
        marked = next((row for row in self._rows if row.id == event.mark), None)
        row = marked or self._row_of(event.client)
        if row is None:
            return ""
        proof = connection_proof.after_stage(self.of(row.id), event.server, event.stage, event.at)
        self._proofs[row.id] = replace(
            proof,
            version=event.version or proof.version,
            protocol=event.protocol or proof.protocol,
            capabilities=event.capabilities or proof.capabilities,
        )
        return row.id

    def call_ended(self, record: CallRecord) -> str:
        """Update the proof from a finished call; returns the client's id, or an empty text."""
        row = self._row_of(record.client)
        if row is None:
            return ""
        self._proofs[row.id] = connection_proof.after_stage(
            self.of(row.id), record.server, "called", record.at
        )
        return row.id

    def load(self) -> None:
        """Load the proofs of earlier runs of Lou."""
        try:
            found = json.loads(self._path.read_bytes())
            self._proofs = {id: _proof(each) for id, each in found.items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError):
            log.warning("%s cannot be read; the proofs start empty", self._path)
        self._saved = dict(self._proofs)

    def save(self) -> None:
        if self._proofs == self._saved:
            return
        found = {id: asdict(each) for id, each in self._proofs.items()}
        try:
            self._disk.make_folder(self._path.parent)
            self._disk.put(self._path, json.dumps(found).encode())
            self._saved = dict(self._proofs)
        except OSError as failure:
            log.warning("The proofs could not be kept: %s", failure.strerror)

    def _row_of(self, name: str) -> Client | None:
        return next((row for row in self._rows if row.calls_itself(name)), None)


def _proof(found: dict[str, Any]) -> Proof:
    servers = {name: ProofProgress(**each) for name, each in found.pop("servers", {}).items()}
    return Proof(**found, servers=servers)
