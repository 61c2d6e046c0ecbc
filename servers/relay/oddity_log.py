"""Logs what a server does that clients could not take: lines that are no MCP, odd entries of lists.

In: lines and faults. Out: a few warnings; a server may do it with each line.
"""

from __future__ import annotations

import logging

from servers.host.redact import excerpt

log = logging.getLogger(__name__)

_NOISE_LOGGED = 3
_EXCERPT_BYTES = 10_000
_MOST_FAULTS_LOGGED = 20
_SINGULAR = {
    "tools": "tool",
    "resources": "resource",
    "resourceTemplates": "resource template",
    "prompts": "prompt",
}


class OddityLog:
    """What was logged of one server."""

    def __init__(self) -> None:
        self._noise = 0
        self._reported: set[tuple[str, str, str]] = set()

    def noise(self, line: bytes) -> None:
        """Log a line that is no message; after three no more."""
        if line.strip():
            self._noise += 1
            if self._noise <= _NOISE_LOGGED:
                log.warning(
                    "The server wrote a line that is no MCP: %s",
                    excerpt(line[:_EXCERPT_BYTES].decode("utf-8", "backslashreplace"), 200),
                )

    def faults(self, kind: str, faults: list[tuple[str, str]]) -> None:
        """Log the odd entries of a list, each once; `faults` are their names and why."""
        for name, why in faults:
            fault = (kind, name, why)
            if fault in self._reported or len(self._reported) >= _MOST_FAULTS_LOGGED:
                continue
            self._reported.add(fault)
            log.warning(
                "The %s %s is left out, since clients cannot take it: %s",
                _SINGULAR[kind],
                excerpt(name, 80),
                excerpt(why, 400),
            )
