"""Finds the key in a text that a person pasted, or in a file. Pure, but for `of_file`.

In: the name of a key and a text. Out: the key and the corrections, or an error that says what the
text is instead. The app uses it before it stores a key, a server before it asks a provider.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from servers.contract import service_account
from servers.contract.manifest import FIREBASE_CREDENTIALS, KEYS
from servers.contract.service_account import NotAKeyError, PathGivenError, kind_of_file

__all__ = ["NotAKeyError", "PathGivenError", "Understood", "decoded", "of_file", "understood"]

_LARGEST_FILE = 1 << 20
_KNOWN = {key.name: key for key in KEYS}
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c",
           "\u00ab": "\u00bb", "\u201d": "\u201d", "\u2019": "\u2019"}  # fmt: skip
_ASSIGNED = re.compile(
    r"""(?:(?:export|set|setx|env|let|const|var)\s+|\$env:)?["']?(?P<name>[A-Za-z_][A-Za-z0-9_]*)["']?"""
    r"""\s*(?P<sign>:=|[=:]|(?<=\w)\s)\s*(?P<value>.*)""",
    re.IGNORECASE | re.DOTALL,
)
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_LABEL = re.compile(
    r"(?:your |my |the )?(?:api|secret|access|auth|private)?[ _-]?(?:key|token|secret|value|id)"
)
_SCHEME = re.compile(
    r"(?:authorization\s*:\s*)?bearer\s+(?=\S+$)|(?:x-api-key|x-subscription-token|api-key)\s*:\s*",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"(?<!\s)\s++#")
_FILES = ("{", "-----BEGIN")
_MOST_LAYERS = 8
"""How many quotation marks, or names and schemes, are taken off one after the other."""
_SHORTENED = re.compile("\u2026|\u2022{3}|\\*{4}|\\.{3}$|^\\.{3}")


@dataclass(frozen=True, slots=True)
class Understood:
    """A key, and a sentence for each thing that was removed."""

    value: str
    mended: tuple[str, ...] = ()


def decoded(content: bytes) -> str:
    """The text of a file or of stdin, in UTF-8 or UTF-16; raises NotAKeyError if it is not text."""
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        if b"\0" in content[:4]:
            return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAKeyError("This is no text.", "Give the key as text in UTF-8.") from None


def of_file(path: str) -> str:
    """The text of the file at `path`, in which a setting says that a key is.

    Raises:
        OSError: it cannot be read.
        NotAKeyError: it is not text, or nothing that holds a key.
    """
    place = Path(path).expanduser()
    found = place.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_FILE:
        raise NotAKeyError("This is no file with a key.", "Give the path of a small file.")
    return decoded(place.read_bytes())


def understood(name: str, text: str) -> Understood:
    """The key called `name` in `text`.

    An unknown key may be any text: only what certainly is not part of it is removed.

    Raises:
        NotAKeyError: it is something else, or ambiguous.
    """
    mended: list[str] = []
    raw = _without_invisible(text, mended).strip("\r\n")
    value, key = raw.strip(), _KNOWN.get(name)
    if name == FIREBASE_CREDENTIALS:
        account = service_account.read(_without_name(name, value, mended))
        return Understood(account.text, (*mended, *account.mended))
    if key is not None and not key.generated:
        value = _one_line(name, value, mended)
        _check(name, value)
        return Understood(value, tuple(mended))
    bare = _without_name(name, value, mended)
    return Understood(raw if bare == value else _without_quotes(bare, []), tuple(mended))


def _without_invisible(text: str, mended: list[str]) -> str:
    plain = _INVISIBLE.sub("", text.removeprefix("\ufeff"))
    if plain == text.removeprefix("\ufeff"):
        return plain
    if not plain.isascii():  # in such a text they may be part of a word
        return text.removeprefix("\ufeff")
    mended.append("Invisible characters were left out.")
    return plain


def _without_name(name: str, value: str, mended: list[str]) -> str:
    """The text after `NAME=`; of several such lines, the one of `name`."""
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    named = [_ASSIGNED.fullmatch(line) for line in lines if not line.startswith("#")]
    if len(lines) > 1 and all(found and _ENVIRONMENT.fullmatch(found["name"]) for found in named):
        mine = [found[0] for found in named if found and found["name"] == name]
        if len(mine) == 1:
            mended.append(f"Only the line of {name} was taken.")
            value, lines = mine[0], mine
    found = _ASSIGNED.fullmatch(value)
    if not found or found["name"].upper() not in {name, f"{name}_PATH"}:
        return value
    bare = found["value"].strip()
    if bare[:1] in _QUOTES:
        bare = bare.rstrip(";,").rstrip()
    elif not bare or (len(lines) > 1 and bare[0] not in "{["):
        return value
    mended.append(f"`{found['name']}` before the value was left out.")
    return bare


def _without_quotes(value: str, mended: list[str]) -> str:
    for _ in range(_MOST_LAYERS):
        if len(value) < 2 or _QUOTES.get(value[0]) != value[-1]:
            break
        value = value[1:-1].strip()
        mended.append("The quotation marks around it were left out.")
    return value


def _one_line(name: str, value: str, mended: list[str]) -> str:
    """The word that is the key."""
    if value.startswith(_FILES):
        raise NotAKeyError(f"This is {kind_of_file(value)}, not {name}.", "Paste the key alone.")
    lines = [line.strip() for line in value.splitlines()]
    lines = [line for line in lines if line and not (line.startswith("#") and len(lines) > 1)]
    if len(lines) > 1:
        value = _of_lines(name, lines, mended)
    elif lines:
        value = lines[0]
    value = _bare(name, value, mended)
    words = value.split()
    if len(words) > 1:
        value = _of_words(name, words, mended)
    return value


def _of_lines(name: str, lines: list[str], mended: list[str]) -> str:
    mine = [line for line in lines if _name_of(name, line) == name]
    if len(set(mine)) == 1:
        mended.append(f"Only the line of {name} was taken.")
        return mine[0]
    if len(set(lines)) == 1:
        mended.append("It was there twice.")
        return lines[0]
    if not mine and len(lines) == 2 and _is_label(name, lines[0]):
        mended.append(f"The line before it, `{lines[0]:.40}`, was left out.")
        return lines[1]
    raise NotAKeyError(
        f"This is {len(lines)} lines, and {name} is one.", "Paste the key alone, on one line."
    )


def _of_words(name: str, words: list[str], mended: list[str]) -> str:
    label = " ".join(words[:-1])
    if _is_label(name, label):
        mended.append(f"`{label:.40}` before it was left out.")
        return _without_quotes(words[-1], mended)
    if len(set(words)) == 1:
        mended.append("It was there twice.")
        return words[0]
    raise NotAKeyError(
        f"There is a space inside, and {name} is one word.",
        "Paste the key alone: nothing before it and nothing behind it.",
    )


def _bare(name: str, value: str, mended: list[str]) -> str:
    """`value` without a name, quotation marks, a header's scheme and a comment."""
    for _ in range(_MOST_LAYERS):
        before = value
        found = _ASSIGNED.fullmatch(value)
        if found and _is_name(name, found) and found["value"].strip(" ="):
            _check_name(name, found["name"])
            mended.append(f"`{found['name']}` before the value was left out.")
            value = found["value"].strip()
            if "\n" not in value:
                value = _COMMENT.split(value, maxsplit=1)[0]
            if value[:1] in _QUOTES:
                value = value.rstrip(";,").rstrip()
        scheme = _SCHEME.match(value)
        if scheme:
            mended.append(f"`{scheme[0].strip()}` before it was left out.")
            value = value[scheme.end() :].strip()
        value = _without_quotes(value, mended)
        if value == before:
            break
    return value


def _is_name(name: str, found: re.Match[str]) -> bool:
    """Whether the text before the sign is a variable's name and not part of the key."""
    given = found["name"]
    if found["sign"].isspace():
        return given.upper() == name or given in _KNOWN
    return given.upper() == name or bool(_ENVIRONMENT.fullmatch(given)) or _is_label(name, given)


def _name_of(name: str, line: str) -> str:
    found = _ASSIGNED.fullmatch(line)
    return found["name"].upper() if found and _is_name(name, found) else ""


def _check_name(name: str, given: str) -> None:
    if given.upper() in _KNOWN and given.upper() != name:
        other = given.upper()
        raise NotAKeyError(f"This is {other}, not {name}.", f"Set it as {other}.")


def _is_label(name: str, words: str) -> bool:
    plain = words.strip().rstrip(":=").strip().casefold()
    title = _KNOWN[name].title.casefold()
    if plain in {name.casefold(), title, title.partition(":")[0]}:
        return True
    return bool(_LABEL.fullmatch(plain.removeprefix(title).strip()))


def _check(name: str, value: str) -> None:
    """Refuse what certainly is not a key of a provider; raises NotAKeyError if it is not a key."""
    if not value or value.upper().rstrip("=: ") == name:
        raise NotAKeyError("There is no key in it.", "Paste the key.")
    if _SHORTENED.search(value):
        raise NotAKeyError("This key is shown shortened.", "Copy the whole key from its provider.")
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        raise NotAKeyError("A quotation mark stands at one end only.", "Paste the key alone.")
    invalid = next((each for each in value if not "!" <= each <= "~"), "")
    if invalid:
        raise NotAKeyError(
            f"{invalid!r} is in it, which no such key has.", "Copy the key once more, by itself."
        )
