"""Reads a Firebase service account from any text that a person may paste. Pure.

In: a text. Out: the JSON of the account, with its private key in the form that libraries read, or
an error that says what the text is instead.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_GET = (
    "In the Firebase console, under Project settings, Service accounts, choose `Generate new "
    "private key`, and give the JSON of that file."
)
_NEEDED = ("project_id", "private_key", "client_email", "token_uri")
_PEM = re.compile(
    r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----"
    r"((?:[^-]++|-(?!----(?:BEGIN|END)))*+)-----END \1-----"
)
_WELL_FORMED = re.compile(
    r"-----BEGIN [A-Z ]+-----\r?\n(?:[A-Za-z0-9+/=]+\r?\n)+-----END [A-Z ]+-----\s*"
)
_BREAKS = re.compile(r"(?:(?<!\\)\\++[rn]|\s)++")
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?[\\/][^\n{}<>]*|[^\s{}<>/\\]+\.json|file://\S+", re.IGNORECASE
)
_FENCE = re.compile(r"```\w*+(.*)```", re.DOTALL)
_PREFIX = re.compile(r"(?:(?:const|let|var)\s+)?[A-Za-z_]\w*\s*=\s*(?=[{\[])|data:[\w/;+-]*,")
_SMART = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'"})
_LAST_COMMA = re.compile(r",(\s*[}\]])")


class NotAKeyError(ValueError):
    """The text is not a key; `words` says what it is, `hint` what to do."""

    def __init__(self, words: str, hint: str) -> None:
        super().__init__(f"{words} {hint}")
        self.words = words
        self.hint = hint


class PathGivenError(NotAKeyError):
    """The text is the path of a file that may contain the account."""

    def __init__(self, path: str) -> None:
        super().__init__(f"This is the path of a file, {path:.200}, not what is in it.", _GET)
        self.path = path


@dataclass(frozen=True, slots=True)
class Account:
    """The JSON of a service account, and a sentence for each correction."""

    text: str
    mended: tuple[str, ...] = ()


def read(text: str) -> Account:
    """The service account in `text`; raises NotAKeyError if it is something else."""
    mended: list[str] = []
    plain = _without_wrapping(text.strip())
    if plain != text.strip():
        mended.append("What was around the JSON was left out.")
    values = _values(plain, mended)
    if values is None:
        raise _other(plain)
    values = _innermost(values, mended)
    _check_kind(values)
    key = _private_key(values["private_key"], mended)
    if not mended and key == values["private_key"]:
        return Account(plain)
    return Account(json.dumps({**values, "private_key": key}, indent=2), tuple(mended))


def kind_of_file(text: str) -> str:
    """The kind of a text with several parts, in words, e.g. `the JSON of a service account`."""
    if text.startswith("-----BEGIN"):
        return "a private key or a certificate"
    try:
        read(text)
    except NotAKeyError:
        return "a piece of JSON"
    return "the JSON of a service account"


def _without_wrapping(text: str) -> str:
    """`text` without a code fence, a variable's name and a semicolon."""
    fenced = _FENCE.fullmatch(text)
    text = fenced[1].strip() if fenced else text
    if text[:3].upper() == "%7B":
        text = urllib.parse.unquote(text)
    prefix = _PREFIX.match(text)
    bare = text[prefix.end() :] if prefix else text
    return bare.strip().removesuffix(";").strip()


def _values(text: str, mended: list[str]) -> Any:
    """The object or list that `text` encodes; None if it encodes none."""
    for words, decode in _DECODERS:
        try:
            values = decode(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        for _ in range(3):  # JSON in a string of JSON
            if not isinstance(values, str):
                break
            mended.append("It was a text in quotation marks; they were taken off.")
            values = _values(values.strip(), mended)
        if isinstance(values, dict | list):
            if words:
                mended.append(words)
            return values
    return None


_loose = functools.partial(json.loads, strict=False)


def _in_quotes(text: str) -> Any:
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'`\"":
        raise ValueError
    return _loose(text[1:-1].strip())


def _in_string_literal(text: str) -> Any:
    """JSON inside a string literal: each quotation mark has a backslash."""
    bare = text.strip("'\"")
    if '\\"' not in bare:
        raise ValueError
    return _loose(_loose(f'"{bare}"'))


def _python(text: str) -> Any:
    if not text.startswith("{"):
        raise ValueError
    import ast  # noqa: PLC0415 - for this shape alone
    import warnings  # noqa: PLC0415

    warnings.filterwarnings("ignore", category=SyntaxWarning, module="<unknown>")
    return ast.literal_eval(text)


def _base64(text: str) -> Any:
    packed = re.sub(r"\s+", "", text).strip("'\"")
    if len(packed) < 40 or not re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", packed):
        raise ValueError
    padded = packed.rstrip("=") + "=" * (-len(packed.rstrip("=")) % 4)
    content = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    return _loose(content.decode("utf-8-sig"))


_DECODERS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("", json.loads),
    ("Line breaks inside its texts were written as JSON writes them.", _loose),
    ("The quotation marks around it were left out.", _in_quotes),
    ("Backslashes before its quotation marks were left out.", _in_string_literal),
    ("Typographic quotation marks were made plain.", lambda text: _loose(text.translate(_SMART))),
    (
        "A comma too many was left out.",
        lambda text: _loose(_LAST_COMMA.sub(r"\1", text.translate(_SMART))),
    ),
    ("It was written as Python writes it; it is JSON now.", _python),
    ("It was base64; what that holds was taken.", _base64),
)


def _innermost(values: Any, mended: list[str]) -> Any:
    """The account inside a list or object that contains nothing else."""
    for _ in range(3):
        if isinstance(values, list) and len(values) == 1:
            values = values[0]
        elif isinstance(values, dict) and len(values) == 1 and "type" not in values:
            (name, inner), *_ = values.items()
            if isinstance(inner, str):
                inner = _values(inner.strip(), [])
            if not isinstance(inner, dict) or name in {"installed", "web"}:
                return values
            values = inner
        else:
            return values
        mended.append("What was around it was left out.")
    return values


def _check_kind(values: Any) -> None:
    if not isinstance(values, dict):
        raise NotAKeyError(f"This is a list of {len(values)}, not one service account.", _GET)
    if values.get("type") == "service_account" or _has(values, "client_email", "private_key"):
        absent = [name for name in _NEEDED if not isinstance(values.get(name), str)]
        absent += [name for name in _NEEDED if values.get(name) == ""]
        if absent:
            raise NotAKeyError(f"This service account lacks {', '.join(absent)}.", _GET)
        return
    kind = next((words for is_it, words in _KINDS if is_it(values)), "JSON, but no service account")
    raise NotAKeyError(f"This is {kind}.", _GET)


def _has(values: Mapping[str, Any], *names: str) -> bool:
    return all(name in values for name in names)


def _is_client(values: Mapping[str, Any]) -> bool:
    inner = values.get("installed") or values.get("web")
    return isinstance(inner, dict) or _has(values, "client_id", "client_secret")


_KINDS: tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...] = (
    (
        lambda found: found.get("type") == "authorized_user",
        "the sign-in of a person (gcloud), not a service account",
    ),
    (
        lambda found: str(found.get("type", "")).startswith("external_account"),
        "the description of an external identity, not a service account",
    ),
    (
        lambda found: _has(found, "apiKey") or _has(found, "authDomain"),
        "the web config of a Firebase app (apiKey, authDomain), not a service account",
    ),
    (
        lambda found: _has(found, "project_info"),
        "google-services.json, the config of an Android app, not a service account",
    ),
    (_is_client, "the file of an OAuth client, not a service account"),
    (
        lambda found: _has(found, "private_key"),
        "a part of a service account: client_email is missing",
    ),
    (lambda found: not found, "empty JSON, not a service account"),
)


def _private_key(text: str, mended: list[str]) -> str:
    """The key with the line breaks of PEM; raises NotAKeyError if it is none, or a part of one."""
    found = _PEM.search(text)
    if not found:
        raise NotAKeyError(
            "The private_key in this service account is not whole: its first or last line is "
            "missing.",
            _GET,
        )
    if "ENCRYPTED" in found[1]:
        raise NotAKeyError("The private_key in it is encrypted.", _GET)
    letters = _BREAKS.sub("", found[2])
    if not _is_der(letters):
        raise NotAKeyError("The private_key in this service account is damaged or cut off.", _GET)
    lines = [letters[at : at + 64] for at in range(0, len(letters), 64)]
    pem = "\n".join((f"-----BEGIN {found[1]}-----", *lines, f"-----END {found[1]}-----", ""))
    if _WELL_FORMED.fullmatch(text):
        return text
    mended.append("The line breaks of its private_key were mended.")
    return pem


def _is_der(letters: str) -> bool:
    """Whether it is one complete DER structure: its first bytes contain its length."""
    try:
        content = base64.b64decode(letters, validate=True)
    except ValueError:
        return False
    if len(content) < 4 or content[0] != 0x30:
        return False
    if content[1] < 0x80:
        return len(content) == 2 + content[1]
    size = content[1] & 0x7F
    return len(content) == 2 + size + int.from_bytes(content[2 : 2 + size], "big")


def _other(text: str) -> NotAKeyError:
    """The error for a text without an object."""
    for pattern, words in _OTHERS:
        if pattern.search(text):
            return NotAKeyError(words, _GET)
    bare = text.strip("'\"`\u201c\u201d ")
    if _PATH.fullmatch(bare):
        return PathGivenError(bare.removeprefix("file://"))
    if text.startswith(("{", "[", '"')):
        return _invalid_json(text)
    return NotAKeyError("This is no service account.", _GET)


_OTHERS = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"^$", "There is nothing in it."),
        (r"^(?>.*?\bapiKey\b).*\b(authDomain|projectId)\b", f"This is {_KINDS[2][1]}."),
        (r"^.{0,3}-----BEGIN", "This is only the private key of an account, not its whole JSON."),
        (r"^<.*plist", "This is the config of an iOS app, not a service account."),
        (r"^<", "This is a web page, not a service account."),
        (r"^AIza\S+$", "This is a web API key, not a service account."),
        (r"^[^\s@]++@[^\s@]++(?<=\.iam\.gserviceaccount\.com)$",
         "This is only a service account's address."),
    )
)  # fmt: skip


def _invalid_json(text: str) -> NotAKeyError:
    try:
        json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        return NotAKeyError(f"This JSON is broken at {where}.", f"Paste the whole file. {_GET}")
    except RecursionError:
        pass
    return NotAKeyError("This is JSON, but no service account.", _GET)
