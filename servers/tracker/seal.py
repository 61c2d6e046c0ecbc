"""Sealing: what is stored is a Fernet token, what is looked up is a keyed digest.

A token holds `v1|row|column|value`, padded to a multiple of 64 bytes: it opens only where it was
put, and its length says little. Digests are made with a second key, derived from the first, so
that new keys mean new digests: `stamp` names the keys and rules a row was made with.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from servers.tracker.entry import Rules

_BLOCK = 64
_LENGTH = 16
_LENGTHS = {"pair": 32}
"""Hexadecimal digits. A false hit among words is a nuisance, in pairs it would merge two leads."""


class KeyFormatError(ValueError):
    """A key that is none; the text says why."""


class Locked(Exception):  # noqa: N818 - a state
    """No key opens this token, or it was put elsewhere."""


class Sealer:
    """Seals with the first of `keys`, opens with any of them."""

    def __init__(self, keys: Sequence[bytes], rules: Rules) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self.key_ids = tuple(_key_id(key) for key in keys)
        self._rules = _bits(rules)
        self._digests = {
            key_id: _Mac(_derived(key, b"lou tracker index v1", 32))
            for key_id, key in zip(self.key_ids, keys, strict=True)
        }
        self.stamp = f"{self.key_ids[0]}.{self._rules}"
        self._digest = self._digests[self.key_ids[0]]

    def knows(self, stamp: str) -> bool:
        """Whether what was made with `stamp` can be opened."""
        return key_of(stamp) in self._digests

    def rules_of(self, stamp: str) -> Rules:
        """The rules in `stamp`."""
        bits = [bit == "1" for bit in stamp.partition(".")[2]]
        return Rules(*bits) if len(bits) == len(_bits(Rules())) else Rules()

    def seal(self, row: str, column: str, text: str) -> str:
        """The token of `text`, which opens at this row and column only."""
        plain = f"v1|{row}|{column}|{text}".encode()
        padded = plain + b"\0" * (-(len(plain) + 1) % _BLOCK) + b"\0"
        return self._fernet.encrypt(padded).decode()

    def open(self, row: str, column: str, token: str) -> str:
        """The text of `token`.

        Raises:
            Locked: no key opens it, or it belongs elsewhere.
        """
        try:
            plain = self._fernet.decrypt(token.encode()).rstrip(b"\0").decode()
        except InvalidToken:
            raise Locked("sealed with a key that is not here") from None
        context = f"v1|{row}|{column}|"
        if not plain.startswith(context):
            raise Locked("moved here from another place")
        return plain.removeprefix(context)

    def reseal(self, token: str) -> str:
        """The same text sealed with the first key.

        Raises:
            Locked: no key opens it.
        """
        try:
            return self._fernet.rotate(token.encode()).decode()
        except InvalidToken:
            raise Locked("sealed with a key that is not here") from None

    def digest(self, kind: str, value: str, stamp: str = "") -> str:
        """What `value` is looked up by; with `stamp`, among the rows made with that."""
        mac = self._digests[key_of(stamp)] if stamp else self._digest
        return mac.of(f"{kind}\0{value}".encode())[: _LENGTHS.get(kind, _LENGTH)]


class _Mac:
    """HMAC-SHA256 (RFC 2104) with both blocks of the key hashed in advance.

    An entry needs about thirty digests. `hmac.digest` costs three times as much each, and lets go
    of the interpreter every time.
    """

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def of(self, data: bytes) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.hexdigest()


def parse_keys(text: str) -> tuple[bytes, ...]:
    """The keys in a comma-separated list, the newest first.

    Raises:
        KeyFormatError: one of them is no Fernet key, or there is none.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names:
        raise KeyFormatError("there is no key in it")
    for number, name in enumerate(names, 1):
        try:
            is_key = len(base64.urlsafe_b64decode(name)) == 32
        except (binascii.Error, ValueError):
            is_key = False
        if not is_key:
            raise KeyFormatError(f"key {number} of {len(names)} is not 32 bytes in URL-safe base64")
    return tuple(dict.fromkeys(name.encode() for name in names))


def key_of(stamp: str) -> str:
    """The name of the key in `stamp`; it says nothing about the key."""
    return stamp.partition(".")[0]


def _bits(rules: Rules) -> str:
    return "".join(
        str(int(bit)) for bit in (rules.strip_tracking, rules.fold_case, rules.fold_plus_tag)
    )


def _key_id(key: bytes) -> str:
    return _derived(key, b"lou tracker key name v1", 4).hex()


def _derived(key: bytes, purpose: bytes, length: int) -> bytes:
    secret = base64.urlsafe_b64decode(key)
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(secret)
