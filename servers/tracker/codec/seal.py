"""Seals values as Fernet tokens, and makes the keyed digests that they are searched by.

A token holds `v2|row|column|bound|value`, padded to a multiple of 64 bytes to hide its length. It
opens only in its own row and column, beside the clear fields it is `bound` to. Digests are made
with keys derived from the token key, so a new key means new digests: `stamp` names the key, the
form and the rules that a row was made with.

Rows of the first form (`v1|row|column|value`, the same digests for clear and sealed words) are
still opened and found, until resealing has converted them.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from servers.tracker.entry import Rules

_BLOCK = 64
_CIPHER_BLOCK = 16
_PADDING = bytes([_CIPHER_BLOCK]) * _CIPHER_BLOCK
"""The padding (PKCS 7) of a text of whole blocks."""
_VERSION, _HEAD, _MAC = b"\x80", 9, 32
"""Of a Fernet token: its first byte, and the bytes before its blocks and behind them."""
_LENGTH = 16
_LENGTHS = {"pair": 32}
"""Hexadecimal digits. Two equal digests of words give a false hit; two of pairs merge two leads."""
_SAID_ONCE = frozenset({"url", "email", "pair"})
_REMEMBERED = 8192
"""Digests in the cache: words, tags, domains and states recur."""


class KeyFormatError(ValueError):
    """A text is no key; the message says why."""


class SealedError(Exception):
    """No key opens this token, or it was put elsewhere."""


class Sealer:
    """Seals with the first of `keys`, opens with any of them."""

    def __init__(self, keys: Sequence[bytes], rules: Rules) -> None:
        self._openers = [_TokenOpener(key) for key in keys]
        self._token_maker = _TokenMaker(keys[0])
        first_ids, self.key_ids = (
            tuple(_derived(key, b"lou tracker key name " + form, 4).hex() for key in keys)
            for form in (b"v1", b"v2")
        )
        self._of_first_form = frozenset(first_ids)
        self._rules = _bits(rules)
        first, present = (
            [_DigestKey(_derived(key, b"lou tracker index " + form, 32)) for key in keys]
            for form in (b"v1", b"v2")
        )
        self._digests = dict(zip((*self.key_ids, *first_ids), (*present, *first), strict=True))
        # A pair has the same digest in both forms: it reveals nothing that its row does not, and
        # a Lou that knows only the first form finds the entry instead of tracking it twice.
        self._pairs = dict(zip((*self.key_ids, *first_ids), (*first, *first), strict=True))
        self.stamp = f"{self.key_ids[0]}.{self._rules}"
        self._digest = self._digests[self.key_ids[0]].of
        self._known: Callable[[str, str], str] = functools.lru_cache(_REMEMBERED)(self._digest)

    def knows(self, stamp: str) -> bool:
        """Whether what was made with `stamp` can be opened."""
        return key_of(stamp) in self._digests

    def is_of_first_form(self, stamp: str) -> bool:
        """Whether what was made with `stamp` is of the first form."""
        return key_of(stamp) in self._of_first_form

    def rules_of(self, stamp: str) -> Rules:
        bits = [bit == "1" for bit in stamp.partition(".")[2]]
        return Rules(*bits) if len(bits) == len(_bits(Rules())) else Rules()

    def seal(self, row: str, column: str, text: str, bound: str = "") -> str:
        """The token of `text`, which opens at this row and column only, and with `bound`."""
        plain = f"v2|{row}|{column}|{bound}|{text}".encode()
        return self._token_maker.token(plain + b"\0" * (-(len(plain) + 1) % _BLOCK) + b"\0")

    def open(self, row: str, column: str, token: str, *, bound: str = "", stamp: str = "") -> str:
        """The text of `token`, which was made with `stamp`.

        Raises:
            SealedError: no key opens it, or it or the fields beside it were moved or changed.
        """
        found = next(filter(None, (opener.text(token) for opener in self._openers)), None)
        if found is None:
            raise SealedError("sealed with a key that is not here")
        plain = found.rstrip(b"\0").decode()
        is_first = bool(stamp) and self.is_of_first_form(stamp)
        context = f"v1|{row}|{column}|" if is_first else f"v2|{row}|{column}|{bound}|"
        if not plain.startswith(context):
            raise SealedError("moved here from another place, or changed beside it")
        return plain.removeprefix(context)

    def digest(self, kind: str, value: str, stamp: str = "") -> str:
        """The digest of `value`; with `stamp`, as rows of that stamp have it."""
        index = (self._pairs if kind == "pair" else self._digests)[key_of(stamp or self.stamp)]
        return index.of(kind, value)

    def digests(self, terms: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        """The digests of an entry's terms, sorted, so that their order reveals nothing."""
        new, known = self._digest, self._known
        return tuple(
            sorted([(new if kind in _SAID_ONCE else known)(kind, value) for kind, value in terms])
        )


class _Mac:
    """HMAC-SHA256 (RFC 2104) with both blocks of the key hashed in advance.

    An entry needs about thirty. `hmac.digest` takes three times as long, and releases the GIL each
    time.
    """

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block)).copy
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block)).copy

    def over(self, data: bytes) -> hashlib._Hash:
        inner, outer = self._inner(), self._outer()
        inner.update(data)
        outer.update(inner.digest())
        return outer


class _DigestKey:
    """The digests that one key makes."""

    def __init__(self, key: bytes) -> None:
        self._mac = _Mac(key).over

    def of(self, kind: str, value: str) -> str:
        found = self._mac(f"{kind}\0{value}".encode()).hexdigest()
        return found[: _LENGTHS.get(kind, _LENGTH)]


class _TokenMaker:
    """Makes the tokens of `Fernet(key).encrypt` from whole blocks, in a third of the time.

    One CBC cipher serves all tokens. A random block goes before each text; it comes out as an
    initial vector that nobody can predict.
    """

    def __init__(self, key: bytes) -> None:
        secret = base64.urlsafe_b64decode(key)
        self._mac = _Mac(secret[:16]).over
        self._cipher = Cipher(AES(secret[16:]), CBC(os.urandom(_CIPHER_BLOCK))).encryptor()
        self._lock = threading.Lock()

    def token(self, blocks: bytes) -> str:
        with self._lock:
            sealed = self._cipher.update(random_block() + blocks + _PADDING)
        said = _VERSION + int(time.time()).to_bytes(8, "big") + sealed
        return base64.urlsafe_b64encode(said + self._mac(said).digest()).decode()


class _TokenOpener:
    """Opens the tokens of one key, as `Fernet(key).decrypt` does, in half the time.

    One CBC cipher opens all tokens: only the block after a change of the chain depends on what was
    decrypted before, and that is the initial vector, which is thrown away.
    """

    def __init__(self, key: bytes) -> None:
        secret = base64.urlsafe_b64decode(key)
        self._mac = _Mac(secret[:16]).over
        self._cipher = Cipher(AES(secret[16:]), CBC(bytes(_CIPHER_BLOCK))).decryptor()
        self._lock = threading.Lock()

    def text(self, token: str) -> bytes | None:
        """The text of `token`; None when another key made it, or it was changed."""
        try:
            data = base64.urlsafe_b64decode(token)
        except ValueError:
            return None
        blocks = data[_HEAD:-_MAC]
        is_whole = len(blocks) >= 2 * _CIPHER_BLOCK and len(blocks) % _CIPHER_BLOCK == 0
        if not is_whole or data[:1] != _VERSION:
            return None
        if not hmac.compare_digest(self._mac(data[:-_MAC]).digest(), data[-_MAC:]):
            return None
        with self._lock:
            text = self._cipher.update(blocks)
        return text[_CIPHER_BLOCK : -text[-1]]


_spare: list[bytes] = []


def random_block() -> bytes:
    """16 random bytes. They are fetched in bulk: each fetch releases the GIL."""
    while True:
        try:
            return _spare.pop()
        except IndexError:
            fresh = os.urandom(_CIPHER_BLOCK * 64)
            _spare.extend(
                fresh[at : at + _CIPHER_BLOCK] for at in range(0, len(fresh), _CIPHER_BLOCK)
            )


def parse_keys(text: str) -> tuple[bytes, ...]:
    """The keys in a comma-separated list, the newest first; raises KeyFormatError."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    if not names:
        raise KeyFormatError("there is no key in it")
    for number, name in enumerate(names, 1):
        try:
            is_key = len(base64.urlsafe_b64decode(name)) == 32
        except ValueError:
            is_key = False
        if not is_key:
            raise KeyFormatError(f"key {number} of {len(names)} is not 32 bytes in URL-safe base64")
    return tuple(dict.fromkeys(name.encode() for name in names))


def key_of(stamp: str) -> str:
    """The name of the key in `stamp`, which reveals nothing about the key."""
    return stamp.partition(".")[0]


def _bits(rules: Rules) -> str:
    return "".join(
        str(int(bit)) for bit in (rules.strip_tracking, rules.fold_case, rules.fold_plus_tag)
    )


def _derived(key: bytes, purpose: bytes, length: int) -> bytes:
    secret = base64.urlsafe_b64decode(key)
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(secret)
