"""Writes the man page lou(1) from the table of commands: `packaging/man_page.py [FILE]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.cli.commands import COMMANDS  # noqa: E402
from app.cli.parser import CommandParser, shown_name, takes_value  # noqa: E402 - found by the above
from app.cli.topics import TOPICS  # noqa: E402
from app.system import version  # noqa: E402

_START = r"""\fBlou\fR without a command starts Lou in the tray, or raises its window if it
runs already. The commands below are for the Lou that runs. \fBlou\-server\fR (search or tracker)
runs one server on its own, and \fBlou\-connect\fR is what MCP clients start."""


def page() -> str:
    """The text of the man page, in the macros of man(7)."""
    lines = [
        f'.TH LOU 1 "" "Lou {version.current()}" "User Commands"',
        ".SH NAME",
        r"lou \- bundles local MCP servers for Claude Desktop and other MCP clients",
        ".SH SYNOPSIS",
        r".B lou",
        r"[\fICOMMAND\fR [\fIARGUMENT\fR ...]]",
        ".SH DESCRIPTION",
        _START,
        ".SH COMMANDS",
    ]
    for command in COMMANDS:
        lines += _command(command.parser())
        lines += _preformatted(command.examples)
    for name, topic in TOPICS.items():
        lines += [f".SH {name.upper().replace('-', ' ')}", *_paragraphs(topic.text)]
    lines += [".SH SEE ALSO", "The pages in docs of Lou's source, and", r".B lou help"]
    return "\n".join((*lines, ""))


def _command(parser: CommandParser) -> Iterator[str]:
    if parser.subcommands:
        for each in parser.subcommands.values():
            yield from _command(each)
        return
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    yield f'.SS "{_roff(usage)}"'
    yield _roff(str(parser.description))
    for action in parser.positionals():
        yield from (".TP", rf"\fI{_roff(shown_name(action))}\fR", _roff(str(action.help)))
    for action in dict.fromkeys(parser.options().values()):
        if action.dest != "help":
            value = rf" \fI{_roff(shown_name(action))}\fR" if takes_value(action) else ""
            words = ", ".join(rf"\fB{_roff(word)}\fR" for word in action.option_strings)
            yield from (".TP", words + value, _roff(str(action.help)))


def _paragraphs(text: str) -> Iterator[str]:
    """Indented lines stay lines, the others are filled."""
    for is_block, lines in groupby(text.splitlines(), lambda line: line.startswith("  ")):
        if is_block:
            yield from _preformatted([line[2:] for line in lines])
        else:
            yield from (_roff(line) if line else ".PP" for line in lines)


def _preformatted(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from (".PP", ".nf", *(rf"\&    {_roff(line)}" for line in lines), ".fi")


def _roff(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return rf"\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(page(), "utf-8")
    else:
        sys.stdout.write(page())
