"""A number of a workbook as its cell shows it: `#,##0.00 "€"`, `0%`, dates and times. Pure.

Dates are told as ISO 8601 has them, whatever order the format asks for.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta

_USUAL = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
    46: "[h]:mm:ss",
    **dict.fromkeys([*range(14, 18), *range(27, 32)], "yyyy-mm-dd"),
    **dict.fromkeys([18, 20, 32, 33], "h:mm"), **dict.fromkeys([19, 21, 45, 47], "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
}  # fmt: skip
"""The formats that a workbook names by a number alone."""
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<sign>.)|[_*].|\[\$(?P<money>[^\[\]-]{0,20})[^\[\]]{0,80}\]|\[[^\[\]]{0,80}\]|'
    r"(?P<digits>[0#?](?:[0#?,.]*[0#?])?)(?P<less>,*)|(?P<power>E[+-]0+)|(?P<other>.)"
)
_SECTION = re.compile(r'((?:"[^"]*"|\\.|\[[^\[\]]{0,80}\]|[^;])*+)(?:;|$)')
_TEXT = re.compile(r'"[^"]*"|\\.|[_*].|\[(?![hms]{1,9}\])[^\[\]]{0,80}\]')
_DATE = re.compile(r"[ydhs]|mmm")
_LONGEST_CODE = 255
_LONGEST = 11
"""Digits that a cell without a format shows."""


def code_of(number: str, own: dict[str, str]) -> str:
    """The format of that number, which may be one of the workbook's `own`."""
    return own.get(number, "")[:_LONGEST_CODE] or _USUAL.get(
        int(number) if number.isdecimal() else 0, ""
    )


def shown(value: str, code: str, since: datetime) -> str:
    """The number in `value` under the format `code`; days count from `since`."""
    try:
        number = float(value)
        if not math.isfinite(number):
            return value
        plain = _TEXT.sub("", code).lower()
        if _DATE.search(plain.replace("general", "")):
            return _date(number, plain, since)
        if not code or "general" in plain or "/" in plain or "@" in plain:
            return _general(value, number)
        return _formatted(number, code)
    except (OverflowError, ValueError):
        return value


def hides_text(code: str) -> bool:
    """Whether a cell of this format shows no text that stands in it, as with `;;;`."""
    sections = _sections(code)
    return len(sections) > 3 and not sections[3]


def _sections(code: str) -> list[str]:
    """The formats for numbers above zero, below it, zero, and text."""
    found = [one[1] for one in _SECTION.finditer(code)]
    return found if code.endswith(";") else found[:-1]


def _general(value: str, number: float) -> str:
    is_long = "." in value and len(value.lstrip("-0.")) > _LONGEST
    return f"{number:.{_LONGEST - 1}G}" if is_long else value


def _date(days: float, plain: str, since: datetime) -> str:
    seconds = round(days * 86_400)
    if "[" in plain:
        clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}"
        return f"{clock}:{seconds % 60:02d}" if "s" in plain.replace("[s]", "") else clock
    date = since + timedelta(seconds=seconds)
    clock = f"{date:%H:%M:%S}" if "s" in plain and date.second else f"{date:%H:%M}"
    if days < 1:
        return clock
    return f"{date:%Y-%m-%d}" if days.is_integer() else f"{date:%Y-%m-%d} {clock}"


def _formatted(number: float, code: str) -> str:
    sections = _sections(code)
    at = 1 if number < 0 and len(sections) > 1 else 2 if number == 0 and len(sections) > 2 else 0
    tokens = [found.groupdict() for found in _TOKEN.finditer(sections[at])]
    patterns = [one["digits"] for one in tokens if one["digits"]]
    size = abs(number) * 100 ** sum(one["other"] == "%" for one in tokens)
    size /= 1000 ** sum(len(one["less"] or "") for one in tokens)
    power = next((one["power"] for one in tokens if one["power"]), "")
    digits = _digits(size, "".join(patterns), power)
    told = []
    for one in tokens:
        if one["digits"]:
            # of several groups, as in a telephone number, the last ones fill up first
            patterns.pop(0)
            here = max(0, len(digits) - sum(map(len, patterns)))
            told.append(digits[:here])
            digits = digits[here:]
        told += [one[name] or "" for name in ("quoted", "sign", "money", "other")]
    text = "".join(told).strip()
    return f"-{text}" if number < 0 and at == 0 and text else text


def _digits(size: float, pattern: str, power: str) -> str:
    """`size` with the digits that `pattern` asks for before and after its point."""
    whole, _, after = pattern.partition(".")
    if power:
        return f"{size:.{len(after)}E}"
    text = f"{size:,.{len(after)}f}" if "," in whole else f"{size:.{len(after)}f}"
    before, point, rest = text.partition(".")
    needed = len(after.rstrip("#?"))
    rest = rest[:needed] + rest[needed:].rstrip("0")
    before = before.zfill(whole.count("0")) if before != "0" or "0" in whole else ""
    return f"{before}{point if rest else ''}{rest}"
