"""Sends the app what each tool call asked and got, without secrets, after it was answered.

In: finished calls. Out: one `call_detail` event for each. Adding a call takes a microsecond. The
rest is done on the loop in slices of a millisecond, once no call came for a moment; after a second
of calls, or with many waiting, a little between them. The calls that wait are bounded: beyond the
bound they are sent without request and answer.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Any

from servers.contract import messages
from servers.host.redact import redact
from servers.host.tools.calls import FinishedCall

log = logging.getLogger(__name__)

PRIVATE = "[private]"
EMAIL = "[e-mail]"
MOST_CHARACTERS = 64_000
"""Of the request, and of the answer."""
_LONGEST_TEXT = 24_000
_PIECE = 2_000
"""Characters that are redacted at once, so that no call waits long for it."""
_LONGEST_WORD = 8_000
"""Characters without a space, such as Base64; a longer one is left out."""
_DEEPEST = 60
_MOST_READ = 1_500_000
"""Bytes of a call that is read again for its detail; reading more would hold the loop."""
_MOST_WAITING, _MOST_WAITING_BYTES, _MOST_BARE = 2_000, 16_000_000, 20_000
_REST_S, _LATEST_S = 0.02, 1.0
"""Details are sent when no call came for so long, or the first of them waits for so long."""
_SLICE_S, _SOON_S, _LATER_S = 0.001, 0.005, 0.05
_FINISH_WITHIN_S = 0.5

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}+(?:@|%40)[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}+", re.IGNORECASE
)

Emit = Callable[[str, dict[str, Any]], None]
Steps = Generator[None, None, Any]

_hidden: frozenset[str] = frozenset()
_is_on = False


def switch(*, on: bool) -> None:
    """Send details from now on, or none."""
    global _is_on  # noqa: PLW0603 - one process, one server
    _is_on = on


def hide(members: Iterable[str]) -> None:
    """Mask what stands in members of these names: a server keeps it for itself."""
    global _hidden  # noqa: PLW0603 - one process, one server
    _hidden = frozenset(members)


class CallDetails:
    """Add each finished call; its detail is sent later."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._waiting: deque[tuple[FinishedCall, dict[str, Any], int]] = deque()
        """Each with its bytes."""
        self._bare: deque[dict[str, Any]] = deque(maxlen=_MOST_BARE)
        self._bytes = 0
        self._steps: Steps | None = None
        self._began_at = self._added_at = 0.0
        self._is_scheduled = False

    def add(self, call: FinishedCall, facts: dict[str, Any]) -> None:
        """Send `facts`, the data of its `call` event, with what `call.read` returns, later."""
        if not _is_on or call.read is None:
            return
        loop = asyncio.get_running_loop()
        self._added_at = loop.time()
        held = call.held()
        cut = "large" if held > _MOST_READ else "busy" if self._fullness >= 1 else ""
        if cut:
            self._bare.append({**facts, "cut": cut})
        else:
            self._waiting.append((call, facts, held))
            self._bytes += held
        if not self._is_scheduled:
            self._is_scheduled = True
            self._began_at = self._added_at
            loop.call_later(_LATER_S, self._work)

    async def finish(self) -> None:
        """Send all that waits; after half a second without requests and answers."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _FINISH_WITHIN_S
        while self._step():
            if loop.time() > end:
                self._bare.extend({**facts, "cut": "busy"} for _, facts, _ in self._waiting)
                self._waiting.clear()
            await asyncio.sleep(0)

    def _work(self) -> None:
        """Work for one slice if calls rest, wait for long, or are many; go on later."""
        loop = asyncio.get_running_loop()
        now, more = loop.time(), True
        is_resting = now - self._added_at >= _REST_S
        if is_resting or now - self._began_at >= _LATEST_S or self._fullness > 0.5:
            while (more := self._step()) and loop.time() - now < _SLICE_S:
                pass
        self._is_scheduled = more
        if more:
            loop.call_later(_SOON_S if is_resting else _LATER_S, self._work)

    @property
    def _fullness(self) -> float:
        return max(len(self._waiting) / _MOST_WAITING, self._bytes / _MOST_WAITING_BYTES)

    def _step(self) -> bool:
        """Do a little; returns whether there is more."""
        if self._steps is None:
            if self._waiting:
                call, facts, held = self._waiting.popleft()
                self._bytes -= held
                self._steps = self._send(call, facts)
            elif self._bare:
                self._emit(messages.CALL_DETAIL, self._bare.popleft())
        else:
            try:
                next(self._steps)
            except StopIteration:
                self._steps = None
            except Exception:
                log.exception("What a call asked and got could not be kept")
                self._steps = None
        return bool(self._steps or self._waiting or self._bare)

    def _send(self, call: FinishedCall, facts: dict[str, Any]) -> Steps:
        assert call.read is not None
        request, answer = call.read()
        yield
        asked, got = _Masking(), _Masking()
        masked = yield from asked.value(request)
        facts = {**facts, "request": masked}
        masked = yield from got.value(answer)
        cut = "long" if asked.is_cut or got.is_cut else ""
        self._emit(messages.CALL_DETAIL, {**facts, "answer": masked, "cut": cut})


class _Masking:
    """Copies one JSON value without secrets and addresses, up to `MOST_CHARACTERS`."""

    def __init__(self) -> None:
        self._room = MOST_CHARACTERS
        self.is_cut = False

    def value(self, found: Any, name: str = "", depth: int = 0) -> Steps:
        """The copy; yields between pieces of work. `name` is the member that holds `found`."""
        if name in _hidden and found not in (None, "", [], {}):
            return PRIVATE
        if self._room <= 0 or depth > _DEEPEST:
            self.is_cut = True
            return "(left out)"
        if isinstance(found, str):
            return (yield from self._text(found, name))
        if isinstance(found, dict):
            return (yield from self._members(found, depth))
        if isinstance(found, list | tuple):
            return (yield from self._items(found, name, depth))
        self._room -= 8
        return found

    def _members(self, found: dict[str, Any], depth: int) -> Steps:
        copied: dict[str, Any] = {}
        for name, member in found.items():
            if self._room <= 0:
                self.is_cut = True
                break
            shown = yield from self._text(str(name), "")
            while shown in copied:
                shown += "'"
            copied[shown] = yield from self.value(member, str(name), depth + 1)
        return copied

    def _items(self, found: list[Any] | tuple[Any, ...], name: str, depth: int) -> Steps:
        copied: list[Any] = []
        for item in found:
            if self._room <= 0:
                self.is_cut = True
                copied.append(f"({len(found) - len(copied):,} more left out)")
                break
            copied.append((yield from self.value(item, name, depth + 1)))
        return copied

    def _text(self, text: str, name: str) -> Steps:
        most = min(_LONGEST_TEXT, max(self._room, 0))
        kept, left_out = _shortened(text, most)
        self._room -= len(kept) + 8
        parts = []
        for number, piece in enumerate(_pieces(kept)):
            parts.append(_masked(piece, "" if number else name))
            yield
        if left_out:
            self.is_cut = True
            parts.append(f" ({left_out:,} characters left out)")
        return "".join(parts)


def _shortened(text: str, most: int) -> tuple[str, int]:
    """The start of `text` up to a space, and how many characters are left out."""
    if len(text) <= most:
        if len(text) > _LONGEST_WORD and _space_before(text, _LONGEST_WORD) < 0:
            return "", len(text)
        return text, 0
    end = max(_space_before(text, most), 0)
    return text[:end], len(text) - end


def _pieces(text: str) -> Iterable[str]:
    """`text` in pieces; none ends within a word, so no secret is split."""
    start = 0
    while len(text) - start > _PIECE:
        end = _space_before(text, start + _PIECE)
        if end <= start:
            after = _SPACE.search(text, start + _PIECE)
            end = after.end() if after else len(text)
        yield text[start:end]
        start = end
    yield text[start:]


_SPACE = re.compile(r"\s")


def _space_before(text: str, end: int) -> int:
    """Where a piece of `text` may end before `end`: after a line, else a word; -1 for none."""
    line = text.rfind("\n", max(0, end - _PIECE // 2), end)
    return (line if line >= 0 else text.rfind(" ", max(0, end - _LONGEST_WORD), end)) + 1 or -1


def _masked(text: str, name: str) -> str:
    """`text` as a log would show it; the name of its member may say that it is a secret."""
    label = f"{name}=" if name else ""
    shown = redact(f"{label}{text}")
    shown = shown.removeprefix(label) if shown.startswith(label) else redact(text)
    return _EMAIL.sub(EMAIL, shown) if "@" in shown or "%40" in shown else shown
