"""What a server knows stays in it: no log, no message, no file, no argv, no environment."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from servers.contract.redaction import Redactor
from tests.host.clients import lines
from tests.host.supervised import supervised

pytestmark = pytest.mark.anyio

SECRET = 'pl4nt3d+s3cr3t/with"quotes&more=='


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
    }


async def test_a_planted_secret_is_nowhere_but_in_memory(home: Path) -> None:
    async with supervised() as server:
        await server.ready(keys={"TEST_KEY": SECRET}, debug=True)
        async with lines(server.socket) as client:
            await client.initialize()
            answer = await client.ask("tools/call", {"name": "leak", "arguments": {}})
            await client.ask("tools/call", {"name": "crash", "arguments": {}})
        await server.request("call_tool", name="leak")
        await server.request("check_key", name="TEST_KEY")
        environ = Path(f"/proc/{server.pid}/environ")
        readable = environ.read_bytes().decode() if os.access(environ, os.R_OK) else ""
        argv = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode()
        await server.ended()
        said = b"".join([*server.raw, server.errors]).decode()
        files = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert answer["result"]["content"][0]["text"] == "refused with [redacted]"
    assert server.all("log"), "nothing was logged: the test proves nothing"
    assert b"printed [redacted]" in server.errors
    for form in _forms(SECRET):
        assert form not in said
        assert form not in argv
        assert form not in readable
        assert not any(form.encode() in content for content in files)


async def test_a_stack_trace_is_told_in_debug_mode_only_and_without_secrets(home: Path) -> None:
    async with supervised() as server:
        await server.ready(keys={"TEST_KEY": SECRET})
        quiet = await server.answer(server.send("check_key", name="CRASH", value=SECRET))
        await server.request("configure", keys={"TEST_KEY": SECRET}, debug=True)
        debugged = await server.answer(server.send("check_key", name="CRASH", value=SECRET))
    assert quiet["error"]["data"] == {}
    assert (
        "RuntimeError: no such provider for [redacted]" in debugged["error"]["data"]["stack_trace"]
    )


async def test_core_files_are_off_and_memory_is_closed_to_others(home: Path) -> None:
    async with supervised() as server:
        await server.ready()
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        dumpable = await server.request("call_tool", name="is_dumpable")
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    assert dumpable["data"] == {"result": 0}


async def test_keys_of_before_stay_out_of_the_log_after_a_change(home: Path) -> None:
    async with supervised() as server:
        await server.ready(keys={"TEST_KEY": SECRET})
        await server.request("configure", keys={"TEST_KEY": "another-one-now"})
        await server.request("call_tool", name="echo", arguments={"text": "x", SECRET: 1})
        said = await server.request("call_tool", name="echo", arguments={"text": "x", SECRET: 1})
    assert SECRET not in said["text"]


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=60)


@settings(max_examples=300, deadline=None)
@given(secret=TEXT, before=st.binary(max_size=12), after=st.binary(max_size=12))
def test_every_form_of_a_secret_is_found(secret: str, before: bytes, after: bytes) -> None:
    assume(secret not in "x [redacted] y")
    redactor = Redactor([secret])
    for form in _forms(secret):
        assert form not in redactor(f"x {form} y")
    wrapped = base64.b64encode(before + secret.encode() + after).decode()
    skip = -(-len(before) * 8 // 6)
    middle = wrapped[skip : (len(before) + len(secret)) * 8 // 6]
    assert middle not in redactor(wrapped) or len(middle) < 5


def test_a_service_accounts_private_key_is_found_alone_and_by_the_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n"
    account = json.dumps({"private_key": key, "private_key_id": "0123456789abcdef"})
    redactor = Redactor([account])
    for part in ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQC7", "0123456789abcdef"):
        assert part not in redactor(f"PEM says {part}!")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefghijklmnop",
        "sk-ant-api03-abcdefghijklmnop",
        "AIzaSyA1234567890abcdefghijklmno",
        "https://user:hunter22@example.com/x",
        "https://api.example.com/?q=1&key=abcdefgh",
        "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_taken_out_too(text: str) -> None:
    assert "[redacted]" in Redactor()(text)


def test_ordinary_words_stay() -> None:
    text = "GET https://example.com/a?page=2 took 12 ms: skip-list, Bearer of news"
    assert Redactor(["abc"])(text) == text
