"""The list of sealing keys in one text: separated by commas, the newest first. Pure.

The first key seals; each key opens what it sealed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

_KEY_BYTES = 32


def keys_in(text: str) -> tuple[str, ...]:
    """The parts of `text` that are keys, each once, in their order."""
    parts = (part.strip() for part in text.split(","))
    return tuple(dict.fromkeys(part for part in parts if _is_key(part)))


def is_list(text: str) -> bool:
    """Whether `text` holds at least one key, and nothing but keys."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return bool(parts) and all(map(_is_key, parts))


def joined(texts: Iterable[str]) -> str:
    """Every key in `texts` once, those of the first text first."""
    return ",".join(dict.fromkeys(key for text in texts for key in keys_in(text)))


def holds(text: str, wanted: str) -> bool:
    """Whether `wanted` is a list of keys, and each of them is in `text` as well."""
    return is_list(wanted) and set(keys_in(wanted)) <= set(keys_in(text))


def _is_key(part: str) -> bool:
    try:
        return len(base64.b64decode(part.encode(), b"-_", validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False
