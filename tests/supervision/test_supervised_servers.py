"""The supervisor over real processes that misbehave."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.errors import ServerError
from app.supervision.states import RestartPolicy
from app.views import ServerState, Trouble
from tests.patience import PATIENCE_S
from tests.supervision.conftest import Yard, tagged, until

pytestmark = pytest.mark.anyio

BRISK = RestartPolicy(
    ping_every=0.3,
    ping_deadline=0.15,
    ping_again=0.1,
    delay_unit=0.02,
    close_wait=0.3,
    term_wait=0.3,
    start_timeout=2.0,
)
"""The same rules with small numbers, for tests of what follows what."""


async def test_a_server_becomes_ready_and_stops(yard):
    observed = await yard.ready("a")
    assert (observed.tools, observed.endpoint, observed.trouble) == (1, "/s", None)
    assert [process.pid for process in yard.servers()] == [observed.pid]
    yard.supervisor.want("a", False)
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert (observed.state, observed.pid) == (ServerState.OFF, None)
    assert [state for _, state in yard.states] == ["starting", "ready", "stopping", "off"]
    assert not list(yard.run_folder.glob("run-*"))


async def test_the_configuration_arrives_first_and_nothing_secret_is_seen_outside(yard):
    secret = "s3cret-canary"
    yard.plans["a"] = yard.launch("good", configure={"keys": {"X": secret}})
    observed = await yard.ready("a")
    for process in tagged(yard.tag):
        assert secret not in " ".join(process.cmdline())
        assert secret not in str(process.environ())
    assert any(part.startswith("--lou-instance=") for part in yard.servers()[0].cmdline())
    assert observed.state is ServerState.READY


async def test_requests_are_matched_to_their_answers(yard):
    await yard.ready("a")
    answers = await asyncio.gather(*(yard.call("a", "echo", n=n) for n in range(200)))
    assert [answer["echo"]["n"] for answer in answers] == list(range(200))


async def test_a_refusal_of_the_server_keeps_its_code(yard):
    await yard.ready("a")
    with pytest.raises(ServerError) as refused:
        await yard.supervisor.request("a", "unknown", {}, 5)
    assert refused.value.code == "unknown_method"


async def test_a_request_to_a_server_that_is_off_says_so(yard):
    yard.supervisor.add("a")
    with pytest.raises(ServerError, match="not running") as refused:
        await yard.supervisor.request("a", "ping", {}, 5)
    assert refused.value.code == "not_ready"
    with pytest.raises(ServerError, match="no server called b"):
        yard.supervisor.want("b", True)


async def test_a_request_in_flight_fails_when_the_server_is_killed(yard):
    observed = await yard.ready("a")
    call = asyncio.ensure_future(yard.call("a", "hang"))
    await asyncio.sleep(0)
    os.kill(observed.pid, signal.SIGKILL)
    with pytest.raises(ServerError, match="ended before it answered"):
        await call


async def test_a_call_that_takes_too_long_is_given_up_and_cancelled(yard):
    await yard.ready("a")
    with pytest.raises(ServerError) as late:
        await yard.call("a", "mute", within=0.05)
    assert late.value.code == "timed_out"
    assert (await yard.call("a", "seen"))["methods"].count("cancel") == 1


async def test_a_call_whose_caller_leaves_is_cancelled_in_the_server(yard):
    await yard.ready("a")
    call = asyncio.ensure_future(yard.call("a", "mute"))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await yard.call("a", "seen"))["methods"].count("cancel") == 1


async def test_a_killed_server_comes_back_and_is_there_once(yard):
    observed = await yard.ready("a")
    for _ in range(5):
        os.kill(observed.pid, signal.SIGKILL)
        await until(lambda old=observed.pid: yard.supervisor.observed("a").pid != old)
        observed = await yard.is_ready("a")
        assert [process.pid for process in yard.servers()] == [observed.pid]
    assert observed.restarts == 5
    assert not yard.given_up


@pytest.mark.parametrize("code", [0, 1])
async def test_a_server_that_exits_at_once_is_given_up_once(yards, code, figure):
    yard = yards(policy=RestartPolicy(delay_unit=0.02))
    began = time.monotonic()
    yard.start("a", f"exit:{code}")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert observed.state is ServerState.FAILED
    assert observed.restarts == 5
    assert f"exit code {code}" in observed.trouble.message
    assert [name for name, _ in yard.given_up] == ["a"]
    figure("server that exits at once: to failed (delays / 25)", time.monotonic() - began, "s")


async def test_what_a_dying_server_said_last_is_told(yards):
    yard = yards(policy=BRISK)
    yard.start("a", "last-words")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert "OSError: the disk is full" in observed.trouble.message
    assert ("a", "OSError: the disk is full") in yard.lines


@pytest.mark.parametrize("code", [77, 78])
async def test_a_server_that_refuses_to_start_is_not_started_again(yard, code):
    yard.start("a", f"refused:{code}")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert (observed.state, observed.restarts) == (ServerState.FAILED, 0)
    assert (observed.trouble.code, observed.trouble.key) == ("no_key", "TAVILY")
    assert len(yard.given_up) == 1
    yard.behaviours["a"] = "good"
    yard.supervisor.wake("a")
    await yard.is_ready("a")


async def test_a_segfault_is_called_by_its_name(yards):
    yard = yards(policy=BRISK)
    yard.start("a", "segfault")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert "SIGSEGV" in observed.trouble.message


async def test_a_server_that_never_gets_ready_is_given_up(yards):
    yard = yards(
        policy=RestartPolicy(start_timeout=0.3, close_wait=0.1, term_wait=0.1, delay_unit=0.01)
    )
    yard.start("a", "never-ready")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert (observed.state, observed.trouble.code) == (ServerState.FAILED, "slow_start")
    assert not yard.servers()


async def test_a_server_that_needs_longer_to_start_is_given_the_time(yards):
    yard = yards(policy=RestartPolicy(start_timeout=0.5, close_wait=0.1, term_wait=0.1))
    yard.plans["slow"] = yard.launch("slow:1.0", start_timeout=20.0)
    observed = await yard.ready("slow")
    assert (observed.state, observed.restarts) == (ServerState.READY, 0)


async def test_a_deaf_server_is_killed_within_nine_seconds(yard, figure):
    await yard.ready("a", "deaf")
    began = time.monotonic()
    yard.supervisor.want("a", False)
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert observed.state is ServerState.OFF
    figure("stop of a server deaf to stdin and SIGTERM", time.monotonic() - began, "s", at_most=9)


async def test_stopping_all_takes_no_longer_than_stopping_one(yards):
    yard = yards(policy=BRISK)
    for name in "abc":
        await yard.ready(name, "deaf")
    began = time.monotonic()
    await yard.supervisor.stop()
    assert time.monotonic() - began < 2
    assert {observed.state for observed in yard.supervisor.all()} == {ServerState.OFF}


@pytest.mark.parametrize("how", ["stopped", "hung"])
async def test_a_server_that_does_not_answer_is_replaced(yards, how):
    yard = yards(policy=BRISK)
    old = await yard.ready("a")
    if how == "stopped":
        os.kill(old.pid, signal.SIGSTOP)
    else:
        call = asyncio.ensure_future(yard.call("a", "hang"))
    await until(lambda: yard.supervisor.observed("a").pid not in {None, old.pid})
    new = await yard.is_ready("a")
    assert [process.pid for process in yard.servers()] == [new.pid]
    assert ("a", ServerState.UNHEALTHY) in yard.states
    if how == "hung":
        with pytest.raises(ServerError):
            await call


async def test_a_short_stall_is_forgiven(yards):
    yard = yards(policy=BRISK)
    old = await yard.ready("a")
    os.kill(old.pid, signal.SIGSTOP)
    await until(lambda: yard.supervisor.observed("a").state is ServerState.UNHEALTHY)
    os.kill(old.pid, signal.SIGCONT)
    assert (await yard.is_ready("a")).pid == old.pid


async def test_grandchildren_go_with_their_server(yard):
    observed = await yard.ready("a", "daemons:3")
    await until(lambda: len(tagged(yard.tag)) == 5)
    yard.behaviours["a"] = "good"
    os.kill(observed.pid, signal.SIGKILL)
    await until(lambda: len(tagged(yard.tag)) == 2 and yard.servers())
    await yard.is_ready("a")


async def test_grandchildren_go_when_the_guard_is_killed(yard):
    observed = await yard.ready("a", "daemons:2")
    guard = yard.servers()[0].parent()
    yard.behaviours["a"] = "good"
    guard.kill()
    await until(lambda: yard.supervisor.observed("a").pid not in {None, observed.pid})
    await yard.is_ready("a")
    await until(lambda: len(tagged(yard.tag)) == 2)


async def test_a_stopped_guard_does_not_keep_a_server_alive(yards):
    yard = yards(policy=BRISK)
    await yard.ready("a", "deaf")
    yard.servers()[0].parent().suspend()
    yard.supervisor.want("a", False)
    assert (await yard.supervisor.settled("a", PATIENCE_S)).state is ServerState.OFF


async def test_a_missing_precondition_blocks_and_is_no_crash(yard):
    yard.plans["a"] = Trouble("keyring_locked", "The keyring is locked.", "Unlock it.")
    yard.start("a")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert (observed.state, observed.restarts) == (ServerState.BLOCKED, 0)
    assert observed.trouble.code == "keyring_locked"
    assert not yard.given_up
    del yard.plans["a"]
    yard.supervisor.wake("a")
    await yard.is_ready("a")


async def test_a_missing_program_blocks(yard):
    yard.plans["a"] = yard.launch("good", argv=("/nowhere/at/all",))
    yard.start("a")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert (observed.state, observed.trouble.code) == (ServerState.BLOCKED, "program_missing")


async def test_a_program_that_cannot_be_executed_says_why(yards, tmp_path):
    yard = yards(policy=BRISK)
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF but not really")
    program.chmod(0o700)
    yard.plans["a"] = yard.launch("good", argv=(str(program),))
    yard.start("a")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert observed.state is ServerState.FAILED
    assert "Exec format error" in observed.trouble.message


async def test_a_start_that_breaks_in_lou_itself_ends_as_a_failure(yards, caplog):
    yard = yards(policy=BRISK)
    yard.plans["a"] = yard.launch("good", env={"A": 1})
    yard.start("a")
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert observed.state is ServerState.FAILED
    assert "Lou's own log" in observed.trouble.message
    assert "Could not start a" in caplog.text
    del yard.plans["a"]
    yard.supervisor.wake("a")
    await yard.is_ready("a")


async def test_nobody_is_blamed_for_silence_while_the_app_was_away(yards):
    yard = yards(policy=replace(BRISK, away=0.3))
    old = await yard.ready("a")
    os.kill(old.pid, signal.SIGSTOP)
    time.sleep(0.8)  # the app sleeps too
    await asyncio.sleep(1.5)  # long enough for three misses
    os.kill(old.pid, signal.SIGCONT)
    assert (await yard.is_ready("a")).pid == old.pid
    assert ("a", ServerState.UNHEALTHY) not in yard.states


async def test_switching_off_while_the_start_is_prepared_starts_nothing(yard):
    yard.hold = asyncio.Event()
    yard.start("a")
    await until(lambda: yard.prepared)
    yard.supervisor.want("a", False)
    assert (await yard.supervisor.settled("a", PATIENCE_S)).state is ServerState.OFF
    assert not tagged(yard.tag)


async def test_switching_off_in_the_middle_of_a_spawn_does_not_wait_for_the_ladder(yard):
    for turns in range(12):
        yard.start("a")
        for _ in range(turns):
            await asyncio.sleep(0)
        yard.supervisor.want("a", False)
        began = time.monotonic()
        assert (await yard.supervisor.settled("a", PATIENCE_S)).state is ServerState.OFF
        assert time.monotonic() - began < 1.5
        assert not yard.servers()


async def test_a_cause_that_changes_while_the_start_is_prepared_is_not_missed(yard):
    yard.hold = asyncio.Event()
    yard.plans["a"] = Trouble("no_key", "No key is set.")
    yard.start("a")
    await until(lambda: yard.prepared)
    yard.supervisor.wake("a")
    yard.hold.set()
    await until(lambda: yard.prepared == 2)
    assert (await yard.supervisor.settled("a", PATIENCE_S)).state is ServerState.BLOCKED


async def test_wild_switching_ends_as_wanted_and_with_one_process(yard):
    yard.start("a")
    for round_ in range(30):
        yard.supervisor.want("a", round_ % 2 == 1)
        if round_ % 7 == 0:
            await yard.supervisor.restart("a")
        await asyncio.sleep(0.01 * (round_ % 4))
        assert len(yard.servers()) <= 1
    yard.supervisor.want("a", True)
    observed = await yard.is_ready("a")
    assert [process.pid for process in yard.servers()] == [observed.pid]
    assert not yard.given_up


async def test_a_restart_by_a_person_is_no_failure(yard):
    old = await yard.ready("a")
    await yard.supervisor.restart("a")
    new = await yard.supervisor.settled("a", PATIENCE_S)
    assert new.state is ServerState.READY
    assert new.pid != old.pid
    assert new.restarts == 0


async def test_a_new_configuration_reaches_the_running_server(yard):
    old = await yard.ready("a")
    await yard.supervisor.configure("a", {"disabled_tools": ["x"]})
    assert yard.supervisor.observed("a").pid == old.pid


async def test_a_required_tool_that_is_missing_is_told(yard):
    yard.plans["a"] = yard.launch("good", required_tools=("echo", "web_search"))
    await yard.ready("a")
    await until(lambda: yard.supervisor.observed("a").trouble is not None)
    observed = yard.supervisor.observed("a")
    assert (observed.state, observed.trouble.code) == (ServerState.READY, "missing_tools")
    assert "web_search" in observed.trouble.message
    assert "echo" not in observed.trouble.message


async def test_garbage_on_stdout_harms_nothing_and_is_shown(yard):
    observed = await yard.ready("a", "garbage")
    assert observed.state is ServerState.READY
    assert ("a", "stdout: Hello, I am a banner") in yard.lines
    assert all(len(line) < 5000 for _, line in yard.lines)


async def test_one_megabyte_results_arrive_whole(yard):
    await yard.ready("a")
    answer = await yard.call("a", "big", bytes=1_000_000)
    assert len(answer["text"]) == 1_000_000


async def test_a_result_over_the_limit_costs_only_its_own_call(yard):
    await yard.ready("a")
    with pytest.raises(ServerError):
        await yard.call("a", "big", within=1, bytes=5_000_000)
    assert (await yard.call("a", "echo", n=1))["echo"] == {"n": 1}


async def test_a_request_over_the_limit_is_refused_before_it_is_sent(yard):
    await yard.ready("a")
    with pytest.raises(ServerError, match="too long"):
        await yard.call("a", "echo", text="x" * 2_000_000)


async def test_a_server_too_heavy_for_too_long_is_started_anew(yards):
    yard = yards(policy=RestartPolicy(overweight_for=0.3, delay_unit=0.02))
    yard.plans["a"] = yard.launch("good", memory_budget=40 << 20)
    old = await yard.ready("a")
    await yard.call("a", "grow", bytes=120 << 20)
    await measured(yard, lambda: yard.supervisor.observed("a").rss_bytes > 120 << 20)
    await measured(yard, lambda: yard.supervisor.observed("a").pid not in {None, old.pid})


async def test_what_a_server_weighs_is_no_change_to_tell_of(yard):
    before = await yard.ready("a")
    told: list[str] = []
    yard.supervisor.changed.subscribe(told.append)
    await yard.call("a", "grow", bytes=50 << 20)
    heavier = before.rss_bytes + (40 << 20)
    await measured(yard, lambda: yard.supervisor.observed("a").rss_bytes > heavier)
    assert not told


async def measured(yard: Yard, condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await yard.supervisor.measure()


async def test_too_many_restarts_of_all_together_pause_them_with_one_word(yards):
    yard = yards(policy=RestartPolicy(delay_unit=0.01, restart_limit=50))
    for name in "abc":
        yard.start(name, "exit:1")
    for name in "abc":
        assert (await yard.supervisor.settled(name, PATIENCE_S)).state is ServerState.FAILED
    assert [name for name, _ in yard.given_up] == [""]
    assert yard.given_up[0][1].code == "restart_storm"
    told = [yard.supervisor.observed(name).trouble.message for name in "abc"]
    assert any("paused" in words and "exit code 1" in words for words in told)


async def test_removing_a_server_stops_and_forgets_it(yard):
    await yard.ready("a")
    await yard.supervisor.remove("a")
    assert yard.supervisor.all() == ()
    assert not yard.servers()


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_server_that_is_added_again_while_it_leaves_is_kept(yards, wanted):
    yard = yards(policy=BRISK)
    await yard.ready("a", "deaf")
    leaving = asyncio.create_task(yard.supervisor.remove("a"))
    await until(lambda: yard.supervisor.observed("a").state is ServerState.STOPPING)
    yard.behaviours["a"] = "good"
    yard.supervisor.add("a")
    yard.supervisor.want("a", wanted)
    await leaving
    observed = await yard.supervisor.settled("a", PATIENCE_S)
    assert observed.state is (ServerState.READY if wanted else ServerState.OFF)
    assert [each.name for each in yard.supervisor.all()] == ["a"]


async def test_the_weight_of_a_server_is_known(yard):
    observed = await yard.ready("a")
    assert 1 << 20 < observed.rss_bytes < 200 << 20
    assert sys.platform != "linux" or observed.cpu_percent >= 0
