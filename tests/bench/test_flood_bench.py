"""Good HTTP requests while another process floods wrong tokens, silent and half-open ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.conftest import Figures
from tests.host.supervised import supervised
from tests.host.test_host_flood import answered_during_a_flood, answered_while, port_of
from tests.host.test_host_http import TOKEN

pytestmark = [pytest.mark.bench, pytest.mark.anyio, pytest.mark.timeout(300)]


async def test_good_requests_during_a_flood(home: Path, figure: Figures) -> None:
    async with supervised() as server:
        await server.ready(keys={"LOU_HTTP_TOKEN": TOKEN}, settings={"http": {"port": 0}})
        port, until = port_of(server), time.monotonic() + 10
        before, quick = await answered_while(lambda: time.monotonic() < until, port, 1.0)
        asked, good, flooded = await answered_during_a_flood(port, 20.0, within_s=1.0)
        lines = len(server.all("log"))
    figure("flood of wrong, silent, half-open, nonsense: connections", flooded)
    figure(f"good requests answered within 1 s, of {asked}", 100 * good / asked, "%", at_least=99)
    figure(f"the same without a flood, of {before}", 100 * quick / before, "%")
    figure("log lines it made", lines, at_most=20)
