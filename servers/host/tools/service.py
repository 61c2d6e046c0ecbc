"""What a server package hands to the host: tools as plain async functions, and its life.

Nothing here knows MCP. A tool is a typed coroutine function with a docstring; its parameters make
the input schema, its return type (a frozen dataclass) the output schema. What a tool needs to know
about the call it serves it asks `servers.host.tools.calls`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number, both included: `Annotated[int, "how many", Range(1, 20)]`."""

    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `name` is the function's; `summary` defaults to its docstring.

    An `internal` tool answers the app's control channel only; MCP clients never see it.
    """

    run: Callable[..., Awaitable[Any]]
    title: str
    read_only: bool
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False
    internal: bool = False
    timeout_s: float = 50.0

    @property
    def name(self) -> str:
        """The name clients call it by."""
        return self.run.__name__


@dataclass(frozen=True, slots=True)
class Resource:
    """Something to read. A `{name}` in `uri` makes it a template; `read` takes those names."""

    uri: str
    name: str
    title: str
    description: str
    read: Callable[..., Awaitable[str]]
    mime_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text to start from. `arguments` maps a name to what it means; all of them are texts."""

    name: str
    title: str
    description: str
    render: Callable[..., str]
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the server works with from now on; replaces the one before as a whole."""

    keys: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """This server's own part of the app's settings, e.g. `settings.search`."""


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """Whether a key works: one of `messages.VERDICTS`, and a sentence for a person."""

    verdict: str
    message: str


class ToolError(Exception):
    """A failure that the model reads: `message` says what happened and what to do.

    `kind` is one word for metrics, e.g. quota, rate_limited, not_found, conflict, bad_argument.
    `data` becomes the structured part of the failed result.
    """

    def __init__(
        self, message: str, *, kind: str = "failed", data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.data = dict(data or {})


class Service(Protocol):
    """A server without its protocol."""

    name: str
    version: str
    title: str
    instructions: str
    tools: Sequence[Tool]
    resources: Sequence[Resource]
    prompts: Sequence[Prompt]

    async def start(self, configuration: Configuration) -> None:
        """Open what the tools need; called once, before `ready`.

        Raises:
            StartRefused: it cannot work with this configuration.
        """

    async def configure(self, configuration: Configuration) -> None:
        """Take a new configuration; calls in flight finish with the old one."""

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        """Ask the key's provider whether `value` works; costs the least it can."""

    async def stop(self) -> None:
        """Finish what was acknowledged and close everything."""


@runtime_checkable
class Mirror(Protocol):
    """A server that shows another server's surface as it is.

    What it lists and answers is the other's own wire JSON. `title`, `instructions`, `offers` and
    `listings` are known once `start` has returned; when they change it calls
    `calls.surface_changed`.
    """

    name: str
    version: str
    title: str
    instructions: str

    async def start(self, configuration: Configuration) -> None:
        """As of Service."""

    async def configure(self, configuration: Configuration) -> None:
        """As of Service."""

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        """As of Service."""

    async def stop(self) -> None:
        """As of Service."""

    def offers(self) -> frozenset[str]:
        """Which of "tools", "resources", "prompts" and "completions" the other serves."""

    def listings(self) -> Sequence[Mapping[str, Any]]:
        """Its tools, as it lists them."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The result of one tool call, as it answers it.

        Raises:
            Refusal: it answered with an error.
        """

    async def watch(self, uri: str) -> None:
        """Hear of changes of the resource at `uri`, and tell `calls.resource_changed`."""

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to any other request.

        Raises:
            Refusal: it answered with an error.
        """


class UpstreamError(Exception):
    """A JSON-RPC error that is passed on as it came."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class UpstreamLostError(Exception):
    """What the server stands on is gone; it ends, and may be started again."""


class StartRefusedError(Exception):
    """The server cannot start until something changes: `code` for programs, words for people."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


Build = Callable[[], Service | Mirror]
"""What makes the server, once the process is ready for it."""
