"""What a server package gives to the host: a service with tools, resources and prompts.

Nothing here knows MCP. A tool is a typed coroutine function with a docstring. Its parameters become
the input schema, its return type (a frozen dataclass) the output schema. A tool learns about its
call from `servers.host.tools.calls`.
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


@runtime_checkable
class Mirror(Protocol):
    """A server that passes another server's tools, resources and prompts through unchanged.

    Lists and answers are the other server's own JSON. `title`, `instructions`, `offers` and
    `listings` are known once `start` has returned; a change is reported with
    `calls.surface_changed`.
    """

    name: str
    version: str
    title: str
    instructions: str

    async def start(self, configuration: Configuration) -> None:
        """See Service."""

    async def configure(self, configuration: Configuration) -> None:
        """See Service."""

    async def check_key(self, name: str, value: str) -> KeyVerdict:
        """See Service."""

    async def stop(self) -> None:
        """See Service."""

    def offers(self) -> frozenset[str]:
        """Which of "tools", "resources", "prompts" and "completions" the other server has."""

    def listings(self) -> Sequence[Mapping[str, Any]]:
        """The tools as the other server lists them."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The other server's result of one tool call.

        Raises:
            UpstreamError: it answered with an error.
        """

    async def watch(self, uri: str) -> None:
        """Report changes of the resource at `uri` with `calls.resource_changed` from now on."""

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The other server's answer to any other request.

        Raises:
            UpstreamError: it answered with an error.
        """


class JsonRpcError(Exception):
    """A request that is answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class UpstreamError(JsonRpcError):
    """A JSON-RPC error of the mirrored server, passed on unchanged."""


class UpstreamLostError(Exception):
    """What the server depends on is gone; it ends, and may be started again."""


class StartRefusedError(Exception):
    """The server cannot start until something changes; `code` is for programs."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


Build = Callable[[], Service | Mirror]
"""Creates the service, once the process is ready for it."""
