"""A bridge and a stand-in for the server, both gone after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.contract import endpoint
from tests.bridge.parts import Answer, BridgeProcess, StandIn, echo


@pytest.fixture
def bridge(home: Path) -> Iterator[Callable[..., BridgeProcess]]:
    """Launches bridges."""
    made: list[BridgeProcess] = []

    def launch(*args: str, **env: str) -> BridgeProcess:
        made.append(BridgeProcess(*args, **env))
        return made[-1]

    yield launch
    for one in made:
        one.close()


@pytest.fixture
def stand_in(home: Path) -> Iterator[Callable[..., StandIn]]:
    """Puts a server behind the bridges."""
    made: list[StandIn] = []

    def listen(answer: Answer = echo, path: str = "") -> StandIn:
        made.append(StandIn(path or endpoint.server_socket("search"), answer))
        return made[-1]

    yield listen
    for one in made:
        one.leave()
