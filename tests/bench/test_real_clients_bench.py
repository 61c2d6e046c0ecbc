"""Real clients from npm: connected by Lou, they call a tool, are proven, and get their bytes back.

Their model is a stand-in on loopback.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.app.running import Lou, lou
from tests.bench.model_standin import DONE, model
from tests.conftest import Figures
from tests.patience import PATIENCE_S, wait_until
from tests.relay.test_wire import WIRE

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800), pytest.mark.anyio]

PROMPT = "Call the tool."
_CODEX = """# mine
model = "gpt-5"
model_provider = "here"
[model_providers.here]
name = "here"
base_url = "$URL/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
"""
_CONTINUE = """# mine
name: mine
version: 0.0.1
schema: v1
models:
  - name: m
    provider: openai
    model: m
    apiBase: $URL/v1
    apiKey: k
    capabilities: [tool_use]
"""
_OPENCODE = """{
  // mine
  "$schema": "https://opencode.ai/config.json",
  "model": "here/m",
  "provider": {
    "here": {
      "npm": "@ai-sdk/openai-compatible",
      "options": {"baseURL": "$URL/v1", "apiKey": "k"},
      "models": {"m": {}}
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class RealClient:
    """A package, its program, how it is called, and the file that Lou changes."""

    package: str
    program: str
    words: tuple[str, ...]
    file: str
    content: str
    variables: Callable[[str], dict[str, str]] = lambda url: {"OPENAI_BASE_URL": f"{url}/v1"}
    writes_itself: bool = False
    """It keeps state of its own in the same file."""
    before: tuple[str, ...] = ()
    """What it is called with first, to learn of the model."""


CLIENTS = {
    "claude-code": RealClient(
        "@anthropic-ai/claude-code@2.1.332",
        "claude",
        ("-p", PROMPT, "--allowedTools", "mcp__lou-mine__seen"),
        ".claude.json",
        '{\n  "hasCompletedOnboarding": true\n}\n',
        lambda url: {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "k"},
        writes_itself=True,
    ),
    "codex": RealClient(
        "@openai/codex@0.171.0",
        "codex",
        ("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", PROMPT),
        ".codex/config.toml",
        _CODEX,
    ),
    "qwen-code": RealClient(
        "@qwen-code/qwen-code@0.24.4",
        "qwen",
        ("--approval-mode", "yolo", "--auth-type", "openai", "-m", "m", "-p", PROMPT),
        ".qwen/settings.json",
        "{}\n",
        writes_itself=True,
    ),
    "continue": RealClient(
        "@continuedev/cli@1.5.47",
        "cn",
        ("-p", PROMPT, "--auto"),
        ".continue/config.yaml",
        _CONTINUE,
    ),
    "opencode": RealClient(
        "opencode-ai@1.18.33",
        "opencode",
        ("run", PROMPT),
        ".config/opencode/opencode.json",
        _OPENCODE,
    ),
    "copilot-cli": RealClient(
        "@github/copilot@1.0.102",
        "copilot",
        ("-p", PROMPT, "--allow-all-tools", "--no-auto-update"),
        ".copilot/mcp-config.json",
        '{\n  "mcpServers": {}\n}\n',
        lambda url: {
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
            "COPILOT_PROVIDER_API_KEY": "k",
            "COPILOT_MODEL": "gpt-4.1",
        },
    ),
    "cline": RealClient(
        "cline@3.0.65",
        "cline",
        ("--auto-approve", "true", PROMPT),
        ".cline/data/settings/cline_mcp_settings.json",
        '{\n  "mcpServers": {}\n}\n',
        before=("auth", "-p", "openai", "-k", "k", "-m", "m", "-b", "$URL/v1"),
    ),
    "gemini-cli": RealClient(
        "@google/gemini-cli@0.61.0",
        "gemini",
        ("--skip-trust", "--yolo", "-m", "gemini-2.5-pro", "-p", PROMPT),
        ".gemini/settings.json",
        '{"security": {"auth": {"selectedType": "gemini-api-key"}}}\n',
        lambda url: {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "k"},
        writes_itself=True,
    ),
}


def _installed(package: str, folder: Path) -> Path:
    """Where its programs are."""
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
    subprocess.run([*npm, package], cwd=folder, check=True)
    return folder / "node_modules/.bin"


@pytest.fixture
def running() -> Iterator[Lou]:
    with lou() as found:
        found.start()
        found.wait_for("search", "ready")
        added = found.run("servers", "add", "mine", "--", sys.executable, WIRE)
        assert added.returncode == 0, added.stderr
        found.wait_for("mine", "ready")
        yield found


def _client(running: Lou, name: str) -> dict[str, Any]:
    listed = running.json("clients", "list")
    clients = listed["clients"] if isinstance(listed, dict) else listed
    return next(each for each in clients if each["id"] == name)


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_real_client_calls_through_lou(
    tmp_path: Path, running: Lou, figure: Figures, name: str
) -> None:
    client = CLIENTS[name]
    program = str(_installed(client.package, tmp_path) / client.program)
    file = running.home / client.file
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(client.content)
    async with model() as url:
        before = client.content.replace("$URL", url)
        file.write_text(before)
        connected = await asyncio.to_thread(running.run, "clients", "connect", name)
        assert connected.returncode == 0, connected.stderr
        environment = {**running.environment, "OPENAI_API_KEY": "k", "NO_PROXY": "127.0.0.1"}
        for words in filter(None, (client.before, client.words)):
            process = await asyncio.create_subprocess_exec(
                program, *(word.replace("$URL", url) for word in words), cwd=running.home,
                stdin=-3, stdout=-1, stderr=-2, env=environment | client.variables(url),
            )  # fmt: skip
            said, _ = await asyncio.wait_for(process.communicate(), 2 * PATIENCE_S)
    assert DONE in said.decode(), said.decode()[-2_000:]

    def is_proven() -> bool:
        return "called" in str(_client(running, name))

    await asyncio.to_thread(wait_until, is_proven)
    undone = await asyncio.to_thread(running.run, "clients", "disconnect", name)
    assert undone.returncode == 0, undone.stderr
    if not client.writes_itself:
        assert file.read_text() == before
    assert "lou-mine" not in file.read_text()
    figure(f"clients: {name} from npm calls, is proven, and has its bytes back", 1, at_least=1)
