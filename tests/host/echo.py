"""A small real server, for tests of what every server does: `python tests/host/echo.py [...]`."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

sys.path.insert(0, str(Path(__file__).parents[2]))

from servers.host.tools import calls
from servers.host.tools.service import (
    Configuration,
    KeyVerdict,
    Prompt,
    Range,
    Resource,
    StartRefusedError,
    Tool,
    ToolError,
)

log = logging.getLogger("echo")


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    times: int


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Said]
    next: str | None
    by: dict[str, int]


class Echo:
    """Says back what it is told."""

    name = "echo"
    version = "1.2.3"
    title = "Echo"
    instructions = "Says back what it is told."

    def __init__(self) -> None:
        self.configuration = Configuration()
        self.started = self.stopped = False
        self.tools = (
            Tool(self.echo, "Echo", read_only=True),
            Tool(self.pages, "Pages", read_only=True),
            Tool(self.fail, "Fail", read_only=False, destructive=True),
            Tool(self.crash, "Crash", read_only=True),
            Tool(self.wait, "Wait", read_only=True, timeout_s=2.0),
            Tool(self.large, "Large", read_only=True),
            Tool(self.leak, "Leak", read_only=True),
            Tool(self.is_dumpable, "Is dumpable", read_only=True, internal=True),
            Tool(self.secret_length, "Secret length", read_only=True, internal=True),
        )
        self.resources = (
            Resource("echo://now", "now", "Now", "What was said last.", self._now),
            Resource("echo://said/{word}", "said", "Said", "One word.", self._said, "text/plain"),
        )
        self.prompts = (
            Prompt(
                "greet", "Greet", "Greets somebody.", "Say hello to {name}.".format, {"name": "Who"}
            ),
        )
        self._last = ""

    async def start(self, configuration: Configuration) -> None:
        if configuration.settings.get("refuse"):
            raise StartRefusedError("no_key", "The key is missing.", "Set it in Lou.")
        self.configuration = configuration
        self.started = True
        log.info("Echo started")

    async def configure(self, configuration: Configuration) -> None:
        self.configuration = configuration

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        if name == "CRASH":
            raise RuntimeError(f"no such provider for {value}")
        return KeyVerdict("accepted" if value == "good" else "rejected", f"{name} is {value}.")

    async def stop(self) -> None:
        self.stopped = True

    async def echo(
        self,
        text: Annotated[str, "what to say"],
        times: Annotated[int, "how often", Range(1, 20)] = 1,
        voice: Literal["loud", "soft"] = "soft",
    ) -> Said:
        """Say a text back."""
        said = text.upper() if voice == "loud" else text
        if said != self._last:
            self._last = said
            await calls.resource_changed("echo://now")
        return Said(said * times, times)

    async def pages(self, words: Annotated[list[str], "words to page"]) -> Page:
        """Return nested things."""
        return Page([Said(word, 1) for word in words], None, {word: len(word) for word in words})

    async def fail(self, kind: str = "quota") -> Said:
        """Fail as a tool may."""
        raise ToolError("The quota is used up. Try again tomorrow.", kind=kind, data={"left": 0})

    async def crash(self) -> Said:
        """Fail as no tool should."""
        raise RuntimeError("the database at /secret/place is gone")

    async def wait(self, seconds: float = 60.0, steps: int = 0) -> str:
        """Take a while."""
        for step in range(steps):
            await calls.progress(step + 1, steps, f"step {step + 1}")
        calls.emit("usage", api="clock", ms=1.0, outcome="ok")
        await asyncio.sleep(seconds)
        return "done"

    async def large(self, size: int) -> str:
        """Return a text of that size."""
        return "x" * size

    async def leak(self, name: str = "TEST_KEY") -> str:
        """Write a key to the log, to stdout, to stderr and into a failure."""
        value = self.configuration.keys.get(name, "")
        log.error("The key is %s", value)
        print("printed", value)
        print("printed", value, file=sys.stderr)
        raise ToolError(f"refused with {value}", kind="denied")

    async def secret_length(self, name: str = "TEST_KEY") -> int:
        """Tell the app how long a key is."""
        return len(self.configuration.keys.get(name, ""))

    async def is_dumpable(self) -> int:
        """Tell the app whether others of this user may read this process."""
        return int(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))

    async def _now(self) -> str:
        return f'{{"last": "{self._last}"}}'

    async def _said(self, word: str) -> str:
        if word == "nothing":
            raise ToolError("Nobody said that.", kind="not_found")
        return word


def build() -> Any:
    return Echo()


if __name__ == "__main__":
    from servers.__main__ import serve

    instance = next((a.split("=")[1] for a in sys.argv if a.startswith("--lou-instance=")), "")
    sys.exit(serve(lambda: build, instance))
