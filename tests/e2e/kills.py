"""Kill a server while it works on a call, and see what its client sees."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass

import psutil
import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from tests.e2e.spine import BRIDGE, PAIR, WITHIN_S, Spine


@dataclass(frozen=True)
class Kill:
    """What the client read, and after how long the session answered again."""

    words: str
    error_after_s: float
    answered_after_s: float


async def kill_under_a_call(spine: Spine, session: Client) -> Kill:
    """Stop the tracker, let a call reach it, kill it, and call again until it answers."""
    spine.wait_ready("tracker")  # one that dies again and again before that is given up
    old = spine.pid("tracker")
    (bridge,) = spine.running("-I", "-S", "-E", str(BRIDGE), "tracker")
    os.kill(old, signal.SIGSTOP)
    before = bridge.io_counters().read_chars
    call = asyncio.create_task(session.call_tool("track_url_email", PAIR))
    await until_it_passed(bridge, before)
    began = time.monotonic()
    os.kill(old, signal.SIGKILL)
    with pytest.raises(MCPError) as failed:
        await asyncio.wait_for(call, WITHIN_S)
    failed_at = time.monotonic()
    found = await asyncio.wait_for(session.call_tool("find_tracked", {}), WITHIN_S)
    answered_at = time.monotonic()
    assert not found.is_error
    assert spine.pid("tracker") != old
    return Kill(str(failed.value), failed_at - began, answered_at - began)


async def until_it_passed(bridge: psutil.Process, before: int) -> None:
    """Until the bridge has read a call, which it sends on in the same turn."""
    deadline = time.monotonic() + WITHIN_S
    while bridge.io_counters().read_chars <= before:
        assert time.monotonic() < deadline, "the call did not reach the bridge"
        await asyncio.sleep(0.001)
