"""The parser of one command: its arguments, its subcommands, and what its help and errors say.

In: the words of a command line. Out: a namespace, or a `UsageError`. Help, the man page and the
completion of the shells are all made from what is declared here.
"""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from app.errors import did_you_mean


class UsageError(Exception):
    """A command line that cannot be understood; `usage` may say how it is written."""

    def __init__(self, message: str, usage: str = "") -> None:
        super().__init__(message)
        self.usage = usage


class CommandParser(ArgumentParser):
    """Options and positional arguments may come in any order; subcommands are parsers, too."""

    def __init__(self, prog: str, summary: str, *, has_json: bool = True) -> None:
        super().__init__(prog, description=f"{summary[:1].upper()}{summary[1:]}.")
        self.summary = summary
        self.subcommands: dict[str, CommandParser] = {}
        if has_json:
            self.add_switch("--json", "print one JSON document")

    def subcommand(self, word: str, summary: str) -> CommandParser:
        self.subcommands[word] = CommandParser(f"{self.prog} {word}", summary)
        return self.subcommands[word]

    def add_switch(self, word: str, purpose: str) -> None:
        self.add_argument(word, action="store_true", help=purpose)

    def add_server(self, *, optional: bool = False) -> None:
        nargs = "?" if optional else None
        self.add_argument("server", nargs=nargs, default="", metavar="SERVER", help="its name")

    def add_count(self, default: int, most: int, what: str) -> None:
        """Declare `-n`: how many, at most `most`."""

        def count(text: str) -> int:
            if not text.isdecimal() or int(text) > most:
                raise ArgumentTypeError(f"{text!r} is not a whole number from 0 to {most}")
            return int(text)

        help_text = f"how many {what} ({default})"
        self.add_argument("-n", type=count, default=default, metavar="N", help=help_text)

    def options(self) -> Mapping[str, Action]:
        """Every option by each of its spellings."""
        return {word: action for action in self._actions for word in action.option_strings}

    def positionals(self) -> Sequence[Action]:
        """The arguments without a name, in their order."""
        return self._get_positional_actions()

    def leaf(self, words: Sequence[str]) -> tuple[CommandParser, Sequence[str]]:
        """The subcommand's parser, and the words after it; raises UsageError if there is none."""
        if not self.subcommands or (words and words[0] in {"-h", "--help"}):
            return self, words
        known = ", ".join(self.subcommands)
        if not words:
            self.error(f"{self.prog} needs one of these words: {known}.")
        found = self.subcommands.get(words[0])
        if found is None:
            hint = did_you_mean(words[0], self.subcommands)
            self.error(f"There is no command `{self.prog} {words[0]}`. {hint or known}")
        return found.leaf(words[1:])

    def parse(self, words: Sequence[str], rest: Sequence[str]) -> Namespace:
        """The arguments, with `rest` for what follows `--`; raises UsageError for other words."""
        found, unknown = self.parse_known_intermixed_args(words, Namespace(rest=list(rest)))
        if unknown:
            hint = did_you_mean(unknown[0], self.options())
            self.error(f"{self.prog} does not take {unknown[0]!r}. {hint}".strip())
        return found

    def format_help(self) -> str:
        """What `--help` prints; for a group the list of its subcommands."""
        if not self.subcommands:
            return super().format_help()
        rows = (f"  {word:<12}{each.summary}" for word, each in self.subcommands.items())
        more = f"Help for one of them: {self.prog} WORD --help"
        return "\n".join((self.format_usage(), str(self.description), "", *rows, "", more, ""))

    def format_usage(self) -> str:
        """The line that says how the command is written."""
        return f"usage: {self.prog} WORD ...\n" if self.subcommands else super().format_usage()

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(message, self.format_usage())


def takes_value(action: Action) -> bool:
    """Whether a word follows this option."""
    return action.nargs != 0


def shown_name(action: Action) -> str:
    """What stands for the value of an argument, such as SERVER."""
    metavar: Any = action.metavar
    return str(metavar or (action.dest.upper() if action.option_strings else action.dest))
