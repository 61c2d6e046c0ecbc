"""Fills in the placeholders that a client, or a person, would fill in before a server starts.

Pure. In: a text and known values. Out: the filled text, and the placeholders that stayed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_BRACES = re.compile(r"\$\{([^{}\n]{1,200})\}")
_BARE = re.compile(r"(?:(?<=^)|(?<=[\s=:]))\$(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?=$|[\s/\\:])")
_PERCENT = re.compile(r"%([A-Za-z_][A-Za-z0-9_()]{2,60})%")
_CURLY = re.compile(r"(?<![\w{$])\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_DOUBLE = re.compile(r"\{\{[^{}\n]{1,200}\}\}")
_COMMAND = re.compile(r"^\s*(?:\$\([^\n]+\)|`[^`\n]+`|\{file:[^{}\n]+\})\s*$")
_ASKED = r"(?:your|key|token|secret|password|passw|api|insert|enter|url|path|name|host|user"
_STUB = re.compile(
    rf"<[^<>\n]{{0,60}}{_ASKED}|account|project|org|value|here|domain|region|e?mail|id|port|db)"
    r"[^<>\n]{0,60}>"
    r"|(?:^|(?<=[\s=/:@\"']))(?:sk-|ghp_|xoxb-)?your[-_ ](?:[a-z]|own)[\w -]{1,60}"
    r"|(?:^|(?<=[\s=]))(?:change|replace)[-_ ]?(?:me|this)(?![a-z])"
    r"|(?:^|(?<=[\s=]))(?:insert|enter|paste|replace|add|put)[-_ ][\w -]{0,60}[-_ ]?"
    r"(?:key|token|secret|password|here|value|id|url|with[\w -]{0,40})$"
    r"|(?:key|token|secret|password|id|value|url|name|path)[-_ ]here$"
    r"|^(?:[a-z]{2,8}[-_]){1,2}your[-_ ](?:api|key|token|secret|access|bot|pass|actual|real|own)"
    r"|[/\\]path[/\\]to[/\\]"
    r"|^(?:todo|tbd|placeholder|insert|xxx+|\*{3,}|\.{3,}|…)$"
    r"|^[\w-]{0,14}[-_]?(?:x{4,}|\*{3,}|…|\.{3,})[\w-]{0,6}$"
    r"|^[\w-]{2,20}(?:\.{3}|…)$"
    r"|(?<![\w*])[a-z]{2,12}[-_](?:\*{3,}|x{4,})(?![\w*])"
    r"|^\[[a-z _-]{0,30}(?:your|insert|enter)[a-z _-]{0,40}\]$",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "fish", "ksh", "cmd", "powershell", "pwsh"})


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled text; `missing` are the placeholders that stayed."""

    text: str
    missing: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    """The variables that were filled in."""


def fill(text: str, values: Mapping[str, str], kept: frozenset[str] = frozenset()) -> Filled:
    """`text` with the placeholders that are in `values` filled in, but not those in `kept`."""
    missing: list[str] = []
    used: list[str] = []

    def value(match: re.Match[str]) -> str:
        name, default = _variable_of(match)
        if name in kept or match[0].startswith("${keyring:"):
            return match[0]
        if values.get(name):
            used.append(name)
            return values[name]
        if default is not None:
            return default
        missing.append(match[0])
        return match[0]

    if _COMMAND.match(text):
        return Filled(text, (text.strip(),))
    for pattern in (_BRACES, _CURLY, _PERCENT, _BARE):
        text = pattern.sub(value, text) if not used or pattern is not _BARE else text
    missing += (match[0] for match in _DOUBLE.finditer(text))
    missing += (match[0] for match in _STUB.finditer(text))
    return Filled(text, tuple(dict.fromkeys(missing)), tuple(used))


def is_prompt(placeholder: str) -> bool:
    """Whether it is a variable or a prompt of the client, and not an example of the author."""
    return placeholder.startswith(("${", "$", "%", "{env:"))


def names_in(text: str) -> set[str]:
    return {
        _variable_of(match)[0]
        for pattern in (_BRACES, _CURLY, _PERCENT, _BARE)
        for match in pattern.finditer(text)
    }


def script_start(words: tuple[str, ...]) -> int:
    """The first word of a shell script, which has variables of its own; behind all, if none."""
    program = re.split(r"[\\/]", words[0].lower())[-1].removesuffix(".exe")
    options = {"-c", "-lc", "-ic", "/c", "-command"} if program in _SHELLS else set()
    return next(
        (at + 1 for at, word in enumerate(words) if at and word.lower() in options), len(words)
    )


def _variable_of(match: re.Match[str]) -> tuple[str, str | None]:
    """The variable's name and its default."""
    inside = match[1].removeprefix("env:").removeprefix("ENV:")
    if match[0].startswith("${") and match[1].startswith("input:"):
        return match[1], None
    name, sign, default = inside.partition(":-")
    if not sign and match[0].startswith("${"):
        plain = _NAME.match(inside)
        if plain and inside[plain.end() : plain.end() + 1] in {"-", "="}:
            return plain[0], inside[plain.end() + 1 :]
        if plain and match[1].startswith("env:") and inside[plain.end() : plain.end() + 1] == ":":
            return plain[0], inside[plain.end() + 1 :]
    return name, default if sign else None
