"""`lou COMMAND`: the table of commands, and their exit codes.

0 done; 1 failed, with a reason on stderr; 2 wrong usage; 3 Lou is not running.
A command is a row here and a module with `declare(parser)`, imported when the command is used.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from importlib import import_module

from app.cli.output import Output
from app.control.client import NotRunningError
from app.errors import AppError

DONE, FAILED, NOT_RUNNING = 0, 1, 3


@dataclass(frozen=True, slots=True)
class CliCommand:
    """One command, and the module that implements it."""

    word: str
    summary: str
    module: str


COMMANDS = (
    CliCommand("status", "what runs, and how it is", "app.cli.status"),
    CliCommand("enable", "switch a server or one of its tools on", "app.cli.switches"),
    CliCommand("disable", "switch a server or one of its tools off", "app.cli.switches"),
    CliCommand("restart", "stop a server and start it again", "app.cli.switches"),
    CliCommand("tools", "list the tools of a server", "app.cli.tools"),
    CliCommand("call", "call a tool", "app.cli.tools"),
    CliCommand("logs", "show or follow log lines", "app.cli.logs"),
    CliCommand("metrics", "counts, times and errors", "app.cli.metrics"),
    CliCommand("keys", "list, set, unset and test keys", "app.cli.keys"),
    CliCommand("clients", "connect MCP clients", "app.cli.clients"),
    CliCommand("servers", "add, remove and import servers of your own", "app.cli.servers"),
    CliCommand("doctor", "check everything and say how to mend it", "app.cli.doctor"),
    CliCommand("quit", "stop Lou and its servers", "app.cli.status"),
)
_OWN = (("serve", "run without a window"), ("connect SERVER", "be the bridge of one client"))


def run(words: list[str]) -> int:
    """Run one command; returns the exit code."""
    if getattr(sys, "stdout", None) is None:  # on Windows without a console
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if words[0] in {"-h", "--help", "help"}:
        sys.stdout.write(_overview())
        return DONE
    if words[0] in {"-V", "--version"}:
        from app.system import version  # noqa: PLC0415 - reads the package's metadata

        sys.stdout.write(f"lou {version.current()}\n")
        return DONE
    command = next((each for each in COMMANDS if each.word == words[0]), None)
    if command is None:
        sys.stderr.write(f"There is no command {words[0]!r}.\n\n{_overview()}")
        return 2
    return _run(command, words[1:])


def _run(command: CliCommand, words: list[str]) -> int:
    parser = argparse.ArgumentParser(f"lou {command.word}", description=command.summary)
    import_module(command.module).declare(parser)
    own, rest = _split(words)
    try:
        args = parser.parse_args(own, argparse.Namespace(rest=rest))
    except SystemExit as usage:
        return int(usage.code or 0)
    output = Output(getattr(args, "json", False))
    try:
        return int(args.run(args, output))
    except AppError as refused:
        return _print_error(refused, output)
    except KeyboardInterrupt:
        return FAILED
    except OSError as failure:
        return _output_failed(failure)


def _output_failed(failure: OSError) -> int:
    """The reader of stdout left, or the disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(failure, BrokenPipeError):
        sys.stderr.write(f"The output could not be written: {failure.strerror or failure}.\n")
    return FAILED


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """The arguments before `--`, and the command line after it."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _print_error(refused: AppError, output: Output) -> int:
    if output.is_json:
        reason = {"code": refused.code, "message": refused.title, "hint": refused.hint}
        output.document({"error": reason})
    output.complain(refused.title)
    if refused.hint:
        output.complain(refused.hint)
    return NOT_RUNNING if isinstance(refused, NotRunningError) else FAILED


def _overview() -> str:
    rows = [("", "start Lou in the tray"), *_OWN, *((c.word, c.summary) for c in COMMANDS)]
    lines = [f"  lou {word:<16}{summary}" for word, summary in rows]
    return "\n".join(["Usage:", *lines, "", "Help for a command: lou COMMAND --help", ""])
