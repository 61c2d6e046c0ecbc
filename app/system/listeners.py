"""How the core announces changes: plain listeners, called at once, on the loop's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class Listeners(Generic[T]):
    """Those who want to hear of one kind of change. One that fails never stops the others."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[T], None]] = []

    def subscribe(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Call `listener` at every change, until the returned function is called."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def tell(self, change: T) -> None:
        """Announce `change`."""
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:
                log.exception("A listener failed")
