"""What benches of several areas use."""

from __future__ import annotations

from tests.tracker.emulation import emulator, one_loop

__all__ = ["emulator", "one_loop"]
