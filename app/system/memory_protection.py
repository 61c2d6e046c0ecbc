"""What the app asks of the system for the sake of the keys in its memory."""

from __future__ import annotations

from servers.contract.memory_protection import forbid_core_dumps, forbid_reading

__all__ = ("forbid_core_dumps", "forbid_reading")
