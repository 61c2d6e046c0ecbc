"""What benches of several areas use."""

from __future__ import annotations

from tests.tracker.emulation import emulator

__all__ = ["emulator"]
