"""What a server package gives to the host: tools with their time limits, resources and prompts.

Nothing here knows MCP. A tool is a typed coroutine function with a docstring. Its parameters become
the input schema, its return type (a frozen dataclass) the output schema. A tool learns about its
call from `servers.host.tools.calls`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

_INVALID_PARAMS = -32602


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number, both included: `Annotated[int, "how many", Range(1, 20)]`."""

    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `name` is the function's; `summary` defaults to its docstring.

    An `internal` tool answers the app's control channel only; MCP clients never see it. One that is
    `always_loaded` stays before the model in clients that load most tools only on demand.
    """

    run: Callable[..., Awaitable[Any]]
    title: str
    read_only: bool
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False
    internal: bool = False
    always_loaded: bool = False
    timeout_s: float = 50.0

    @property
    def name(self) -> str:
        return self.run.__name__


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource. A `{name}` in `uri` makes it a template; `read` takes those names."""

    uri: str
    name: str
    title: str
    description: str
    read: Callable[..., Awaitable[str]]
    mime_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt. `arguments` maps each name to its description; every value is a text."""

    name: str
    title: str
    description: str
    render: Callable[..., str]
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Keys and settings of a server; a new one replaces the one before as a whole."""

    keys: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """This server's part of the app's settings, e.g. `settings.search`."""


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """Whether a key works: `verdict` is one of `messages.VERDICTS`, `message` for a person."""

    verdict: str
    message: str


class ToolError(Exception):
    """A failure that the model reads; `message` says what happened and what to do.

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
    """A server, without MCP."""

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
            StartRefusedError: it cannot work with this configuration.
        """

    async def configure(self, configuration: Configuration) -> None:
        """Use a new configuration; calls in flight finish with the old one."""

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        """Ask the key's provider whether `value` works, with the cheapest request it has."""

    async def stop(self) -> None:
        """Finish acknowledged work and close everything."""


class JsonRpcError(Exception):
    """A request that is answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class UnknownToolError(JsonRpcError):
    """No tool of this name exists for this caller."""

    def __init__(self, message: str) -> None:
        super().__init__(_INVALID_PARAMS, message)


class UpstreamLostError(Exception):
    """What the server depends on is gone; it ends, and may be started again.

    With a `code` the app is told of a trouble; the exit code says when to try again.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        hint: str = "",
        exit_code: int = 1,
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.exit_code = exit_code
        self.retry_after_s = retry_after_s


class StartRefusedError(Exception):
    """The server cannot start until something changes; `code` is for programs."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


Build = Callable[[], Service]
"""Creates the service, once the process is ready for it."""
