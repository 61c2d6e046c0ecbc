"""The table of commands of `lou`: a command is a row here and a module with `declare(parser)`.

The module is imported when the command is used. Help, completion and the man page read the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from app.cli.parser import CommandParser, UsageError
from app.cli.topics import TOPICS
from app.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class CliCommand:
    """One command, and the module that implements it."""

    word: str
    summary: str
    module: str
    examples: tuple[str, ...] = ()
    has_json: bool = True

    def parser(self) -> CommandParser:
        found = CommandParser(f"lou {self.word}", self.summary, has_json=self.has_json)
        import_module(self.module).declare(found)
        return found


COMMANDS = (
    CliCommand("serve", "run without a window", "app.cli.status", has_json=False),
    CliCommand("connect", "be the bridge of one client", "app.cli.status", has_json=False),
    CliCommand("status", "what runs, and how it is", "app.cli.status"),
    CliCommand("enable", "switch a server or one of its tools on", "app.cli.switches"),
    CliCommand("disable", "switch a server or one of its tools off", "app.cli.switches"),
    CliCommand("restart", "stop a server and start it again", "app.cli.switches"),
    CliCommand("tools", "list the tools of a server", "app.cli.tools"),
    CliCommand(
        "call",
        "call a tool",
        "app.cli.tools",
        ("lou call search web_search query='tiny keyboards' max_results=5",),
    ),
    CliCommand("logs", "show or follow log lines", "app.cli.logs", ("lou logs search -f",)),
    CliCommand(
        "calls",
        "list calls, and what each asked and got",
        "app.cli.calls",
        ("lou calls search --outcome error", "lou calls --id 42"),
    ),
    CliCommand("metrics", "counts, times and errors", "app.cli.metrics"),
    CliCommand(
        "keys", "list, set, unset and test keys", "app.cli.keys", ("lou keys set TAVILY_API_KEY",)
    ),
    CliCommand(
        "clients",
        "connect MCP clients",
        "app.cli.clients",
        ("lou clients connect claude-desktop", "lou clients disconnect --all"),
    ),
    CliCommand(
        "servers",
        "add, remove and import servers of your own",
        "app.cli.servers",
        ("lou servers add files -- npx -y @modelcontextprotocol/server-filesystem ~/notes",),
    ),
    CliCommand(
        "install",
        "add packages that only some people need",
        "app.cli.install",
        ("lou install firestore",),
        has_json=False,
    ),
    CliCommand("desktop", "add Lou to the menu of the desktop", "app.cli.desktop"),
    CliCommand("report", "save what a bug report needs, without secrets", "app.cli.report"),
    CliCommand(
        "uninstall",
        "end Lou and take out what it wrote into other programs",
        "app.cli.uninstall",
        ("lou uninstall", "lou uninstall --purge"),
        has_json=False,
    ),
    CliCommand("doctor", "check everything and say how to mend it", "app.cli.doctor"),
    CliCommand("quit", "stop Lou and its servers", "app.cli.status"),
    CliCommand(
        "completion",
        "print the script with which a shell completes lou's words",
        "app.cli.completion",
        (
            "source <(lou completion bash)",
            "source <(lou completion zsh)",
            "lou completion fish | source",
            "lou completion powershell | Out-String | Invoke-Expression",
        ),
        has_json=False,
    ),
)


def command(word: str) -> CliCommand:
    """The command of this name; raises UsageError when there is none."""
    for each in COMMANDS:
        if each.word == word:
            return each
    groups = [f"lou {each.word} {word}" for each in COMMANDS if word in each.parser().subcommands]
    hint = f"Did you mean {' or '.join(groups)}?" if groups else ""
    hint = hint or did_you_mean(word, [each.word for each in COMMANDS])
    raise UsageError(f"There is no command {word!r}. {hint}".strip(), "" if hint else overview())


def overview() -> str:
    """What `lou --help` prints."""
    rows = [("", "start Lou in the tray"), *((each.word, each.summary) for each in COMMANDS)]
    lines = [f"  lou {word:<12}{summary}" for word, summary in rows]
    topics = [f"  lou help {name:<13}{topic.summary}" for name, topic in TOPICS.items()]
    end = ("Help for a command: lou COMMAND --help", "")
    return "\n".join(("Usage:", *lines, "", "More about:", *topics, "", *end))
