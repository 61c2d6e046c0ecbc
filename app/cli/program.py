"""`lou COMMAND`: runs a command, prints help and errors, and says how it ended.

Exit codes: 0 done; 1 failed, with a reason on stderr; 2 wrong usage; 3 Lou is not running.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from app import errors
from app.cli.commands import COMMANDS, CliCommand, command, overview
from app.cli.output import Output, OutputError, write
from app.cli.parser import UsageError
from app.cli.topics import TOPICS
from app.control.client import NotRunningError
from app.errors import AppError, did_you_mean

DONE, FAILED, WRONG_USAGE, NOT_RUNNING = 0, 1, 2, 3


def run(words: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    own, rest = _split(words)
    output = Output("--json" in own)
    try:
        return _outcome([word for word in own if word != "--json"], rest, output)
    except KeyboardInterrupt:
        return FAILED
    except OutputError as failure:
        return _output_failed(failure.__cause__)


def _outcome(words: Sequence[str], rest: Sequence[str], output: Output) -> int:
    """Run the command, and print the error with which it ended, if any."""
    try:
        return _run(words, rest, output)
    except UsageError as wrong:
        return _print_usage(wrong, output)
    except AppError as refused:
        return _print_error(refused, output)
    except OSError as failure:
        return _print_error(errors.of_system(failure), output)


def _run(words: Sequence[str], rest: Sequence[str], output: Output) -> int:
    first, others = (words[0], words[1:]) if words else ("", ())
    if first in {"-h", "--help", "help"}:
        write(_help(others))
        return DONE
    if first in {"-V", "--version"}:
        from app.system import version  # noqa: PLC0415 - reads the package's metadata

        write(f"lou {version.current()}\n")
        return DONE
    if first == "complete":
        from app.cli import completion  # noqa: PLC0415 - for the scripts of `lou completion` alone

        return completion.print_candidates(rest)
    if not first:
        raise UsageError("A command is missing.", overview())
    chosen = command(first)
    parser, left = chosen.parser().leaf(others)
    if output.is_json and not chosen.has_json:
        parser.error(f"lou {first} does not take '--json'.")
    try:
        args = parser.parse(left, rest)
    except SystemExit:  # --help was printed
        return _print_examples(chosen)
    output.is_json |= getattr(args, "json", False)
    return int(args.run(args, output))


def _help(words: Sequence[str]) -> str:
    if not words:
        return overview()
    if topic := TOPICS.get(words[0]):
        return f"{topic.text.rstrip()}\n"
    if words[0] not in {each.word for each in COMMANDS}:
        known = [*(each.word for each in COMMANDS), *TOPICS]
        hint = did_you_mean(words[0], known)
        message = f"There is no help on {words[0]!r}. {hint}".strip()
        raise UsageError(message, "" if hint else overview())
    chosen = command(words[0])
    text = chosen.parser().leaf(words[1:] or ("--help",))[0].format_help()
    return "\n".join((text.rstrip(), *_examples(chosen), ""))


def _examples(chosen: CliCommand) -> Sequence[str]:
    lines = [f"  {example}" for example in chosen.examples]
    return ("", "examples:", *lines) if lines else ()


def _print_examples(chosen: CliCommand) -> int:
    write("".join(f"{line}\n" for line in _examples(chosen)))
    return DONE


def _output_failed(failure: BaseException | None) -> int:
    """The reader of stdout left, or the disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(failure, BrokenPipeError):
        sys.stderr.write(f"The output could not be written: {errors.said_by_system(failure)}.\n")
    return FAILED


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The arguments before `--`, and the command line after it."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _print_usage(wrong: UsageError, output: Output) -> int:
    if output.is_json:
        output.document({"error": {"code": "usage", "message": str(wrong), "hint": ""}})
    output.complain(str(wrong), "red")
    if wrong.usage:
        output.complain(f"\n{wrong.usage.rstrip()}")
    return WRONG_USAGE


def _print_error(refused: AppError, output: Output) -> int:
    if output.is_json:
        reason = {"code": refused.code, "message": refused.title, "hint": refused.hint}
        output.document({"error": reason})
    output.complain(refused.title, "red")
    if refused.hint:
        output.complain(refused.hint)
    return NOT_RUNNING if isinstance(refused, NotRunningError) else FAILED
