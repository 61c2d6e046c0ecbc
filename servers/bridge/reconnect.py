"""What is done while the server is away: ask the app, start the app, knock again.

Nothing here is loaded while the server is connected.
"""

from __future__ import annotations

import json
import os

from servers.bridge.app_launch import launch_app
from servers.bridge.connect import dial, line_from
from servers.bridge.replies import Replies
from servers.contract import endpoint, ownership

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    import _socket

_SHORTEST_WAIT_S = 0.05
_LONGEST_WAIT_S = 2.0
_LONGEST_WAIT_ASKED_S = 0.1
_FRESH_S = 0.5
"""How long the app's word holds while the client waits."""
_HUNG_APP_S = 5.0
_LAUNCH_AGAIN_S = 30.0
_LONGEST_WORD = 64 << 10

_NOT_RUNNING = "Lou is not running, so the {} server cannot answer. Start Lou, then try again."
_UNKNOWN = "Lou has no server called {}. Add it in Lou, or correct the client's configuration."


class Reconnect:
    """One time without the server called `name`, from when it was lost."""

    def __init__(self, name: str, now: float) -> None:
        self.answers = _cached_answers(name)
        self.refusal = ""
        """Why calls cannot be answered; empty while it is worth waiting."""
        self._name = name
        self._since = now
        self._ask_at = now
        self._launch_at = now
        self._app_is_absent = False

    def wait_s(self, now: float, *, is_asked: bool) -> float:
        """How long to wait before the next knock: longer the longer nobody answers."""
        longest = _LONGEST_WAIT_ASKED_S if is_asked else _LONGEST_WAIT_S
        return min(max((now - self._since) / 5, _SHORTEST_WAIT_S), longest)

    def knock(self) -> _socket.socket | None:
        """A connection, if the server is there again."""
        try:
            return dial(endpoint.server_socket(self._name))
        except PermissionError as denied:
            self.refusal = str(denied)
            return None

    def ask(self, now: float) -> None:
        """Learn from the app whether it is worth waiting."""
        if now < self._ask_at:
            return
        self._ask_at = now + _FRESH_S
        try:
            link = dial(endpoint.control_socket())
            word = None if link is None else _hello(link, self._name)
        except PermissionError as denied:
            self.refusal = str(denied)
            return
        except (OSError, ValueError):  # it listens and does not answer: nothing is known
            self._ask_at = now + _HUNG_APP_S
            self.refusal = ""
            return
        self._app_is_absent = word is None
        self._heed(word or {})

    def launch(self, now: float) -> None:
        """Start the app if it is not there: for a client that waits, not for one that idles."""
        if not self._app_is_absent or now < self._launch_at:
            return
        if launch_app():
            self._launch_at = now + _LAUNCH_AGAIN_S
        else:
            self.refusal = _NOT_RUNNING.format(self._name)

    def _heed(self, word: dict[str, object]) -> None:
        message = str(word.get("message") or "")
        if word.get("known") is False:
            self.answers = Replies()
            self.refusal = message or _UNKNOWN.format(self._name)
        elif word.get("wanted") is False:
            self.refusal = message or f"The {self._name} server is switched off in Lou."
        else:
            self.refusal = message


def _cached_answers(name: str) -> Replies:
    try:
        found = json.loads(ownership.read(endpoint.answers_file(name)))
    except (OSError, ValueError):
        return Replies()
    return Replies(found if isinstance(found, dict) else None)


def _hello(link: _socket.socket, name: str) -> dict[str, object]:
    """The app's word on the server. A Lou message by hand: its codec costs as much as all this."""
    params = {"server": name, "pid": os.getpid()}
    asked = {"type": "request", "id": "hello", "method": "bridge_hello", "params": params}
    try:
        link.sendall(json.dumps(asked).encode() + b"\n")
        word = json.loads(line_from(link, _LONGEST_WORD))
    finally:
        link.close()
    result = word.get("result") if isinstance(word, dict) else None
    if not isinstance(result, dict):
        raise ValueError("no answer to bridge_hello")  # noqa: TRY004 - as any other broken line
    return result
