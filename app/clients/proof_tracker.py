"""Keeps the proof of each client up to date from what the servers see, across restarts of Lou."""

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
    """One proof for each client of the catalogue."""

    def __init__(self, disk: Disk, path: Path, rows: Sequence[Client]) -> None:
        self._disk = disk
        self._path = path
        self._rows = rows
        self._proofs: dict[str, Proof] = {}
        self._saved: dict[str, Proof] = {}

    def of(self, id: str) -> Proof:  # noqa: A002 - the row's own word
        """The proof of one client."""
        return self._proofs.get(id, Proof())

    def took(self, row: Client, files: Sequence[Inspected], found: Sequence[Instance]) -> None:
        """The client's files and processes were looked at."""
        written = max((each.record.written_at for each in files if each.record.wanted), default=0.0)
        proof = connection_proof.wrote(self.of(row.id), written)
        started = max((instance.started for instance in found), default=0.0)
        self._proofs[row.id] = connection_proof.started(proof, started)

    def saw(self, event: ClientEvent) -> str:
        """Take an event in; the id of the client it was, or nothing."""
        row = self._called(event.client)
        if row is None:
            return ""
        proof = connection_proof.met(self.of(row.id), event.server, event.stage, event.at)
        self._proofs[row.id] = replace(
            proof,
            version=event.version or proof.version,
            protocol=event.protocol or proof.protocol,
        )
        return row.id

    def called(self, record: CallRecord) -> str:
        """Take a call in; the id of the client that made it, or nothing."""
        row = self._called(record.client)
        if row is None:
            return ""
        self._proofs[row.id] = connection_proof.met(
            self.of(row.id), record.server, "called", record.at
        )
        return row.id

    def load(self) -> None:
        """Take over what was seen before Lou started."""
        try:
            found = json.loads(self._path.read_bytes())
            self._proofs = {id: _proof(each) for id, each in found.items()}  # noqa: A001
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError):
            log.warning("%s cannot be read; the proofs begin anew", self._path)
        self._saved = dict(self._proofs)

    def save(self) -> None:
        """Keep what was seen for the next start."""
        if self._proofs == self._saved:
            return
        found = {id: asdict(each) for id, each in self._proofs.items()}  # noqa: A001
        try:
            self._disk.make_folder(self._path.parent)
            self._disk.put(self._path, json.dumps(found).encode())
            self._saved = dict(self._proofs)
        except OSError as failure:
            log.warning("The proofs could not be kept: %s", failure.strerror)

    def _called(self, name: str) -> Client | None:
        return next((row for row in self._rows if row.calls_itself(name)), None)


def _proof(found: dict[str, Any]) -> Proof:
    servers = {name: ProofProgress(**each) for name, each in found.pop("servers", {}).items()}
    return Proof(**found, servers=servers)
