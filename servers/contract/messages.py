"""Names and shapes of the control protocol: methods, events, error codes.

App to server (on the server's stdin):

| method | params | result |
|---|---|---|
| configure | keys {NAME: value}, settings {...}, disabled_tools [...], debug, keep_calls | {} |
| list_tools | | tools [TOOL_FIELDS of each] |
| call_tool | name, arguments, timeout_s, own | status (success, failure), data, text, is_error |
| cancel | id of a call_tool in flight | cancelled |
| ping | | at |
| check_key | name, value (absent: the configured one) | verdict, message |
| stop | | {} |

Server to app (on the server's stdout): the events below; the line below each lists its data.
"""

from typing import Final

CONFIGURE: Final = "configure"
LIST_TOOLS: Final = "list_tools"
CALL_TOOL: Final = "call_tool"
CANCEL: Final = "cancel"
PING: Final = "ping"
CHECK_KEY: Final = "check_key"
STOP: Final = "stop"

SELF_TEST: Final = "self_test"
"""An internal tool of the embedded servers: {"parts": [{"code", "title", "problem"}]}"""

TOOL_FIELDS: Final = (
    "name",
    "title",
    "description",
    "input_schema",
    "output_schema",
    "annotations",
    "enabled",
)

READY: Final = "ready"
"""name, pid, tools (count), tools_hash, endpoint; sent again when the tools are others"""
LOG: Final = "log"
"""at (epoch s), level, logger, message, call (id, when a call caused it)"""
CALL: Final = "call"
"""call (id), tool, ms, outcome (OUTCOMES), error (kind, when it failed), client, version,
at (epoch s of its end), bytes, own (Lou asked for itself)"""
CALL_DETAIL: Final = "call_detail"
"""The data of a `call` event, and some time after it: request (the arguments) and answer (the
result), JSON values without secrets and addresses, and cut: "long" (a part is left out), "busy" or
"large" (both are left out, since calls came too quickly or they are too large), or empty"""
USAGE: Final = "usage"
"""either {"api": provider, "ms", "outcome": "ok" or error kind, "call"}
or {"cache": name, "hit": bool, "call"}"""
BRIDGE_MARK: Final = "notifications/lou/client"
"""The first message of a bridge to a server: `id` of the client whose entry started the bridge."""

CLIENT_CONNECTED: Final = "client_connected"
"""session, client, version, protocol, stage ("initialized", "tools_listed", "called"), at, mark
(the client's id for Lou, if its bridge told it),
capabilities (names of what the client declares; of a relay only)"""
CLIENT_LEFT: Final = "client_left"
"""session, client, at"""
TROUBLE: Final = "trouble"
"""code, message, hint, key (if it concerns one), cleared (true: the trouble of this code ended),
retry_after_s (if the server at the address asks to wait)"""
BYE: Final = "bye"
"""reason, code (the exit code that follows)"""

OWN_CLIENT: Final = "lou"
"""The client by whose name Lou itself lists and calls tools."""

OUTCOMES: Final = ("ok", "error", "refused", "cancelled", "timeout")

VERDICTS: Final = ("accepted", "rejected", "missing", "unreachable", "unknown")
"""Of check_key: the provider accepted it, rejected it, it is not set, no answer, not known."""

UNKNOWN_METHOD: Final = "unknown_method"
UNKNOWN_TOOL: Final = "unknown_tool"
UNKNOWN_SERVER: Final = "unknown_server"
BAD_PARAMS: Final = "bad_params"
BAD_MESSAGE: Final = "bad_message"
NOT_READY: Final = "not_ready"
TIMED_OUT: Final = "timed_out"
INTERNAL: Final = "internal_error"

EXIT_CONFIGURATION: Final = 78
EXIT_PERMISSION: Final = 77
"""Exit codes after which a server is not started again until something changes."""
EXIT_REFUSED: Final = 76
"""The server at the address refuses the key; it is asked again after a change, or much later."""
EXIT_UNREACHABLE: Final = 75
"""The server at the address is away; it is tried again for as long as it is wanted."""
