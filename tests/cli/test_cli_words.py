"""Words around the commands: help, the place of --json, suggestions, colours, completion, man."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.cli import completion
from app.cli.commands import COMMANDS
from app.cli.parser import CommandParser
from app.cli.topics import TOPICS
from servers.host.tools.toolbox import FunctionTool
from servers.search import server as search_server
from servers.tracker import server as tracker_server
from tests.app.running import LOU, Lou, lou
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def running() -> Iterator[Lou]:
    with lou() as found:
        found.start()
        found.wait_for("tracker", "ready")
        yield found


@pytest.fixture(scope="module")
def absent() -> Iterator[Lou]:
    """A home in which no Lou runs."""
    with lou() as found:
        yield found


def leaves(parser: CommandParser) -> Iterator[CommandParser]:
    if not parser.subcommands:
        yield parser
    for each in parser.subcommands.values():
        yield from leaves(each)


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "call", "tracker", "find_tracked", "status=new"),
        ("call", "--json", "tracker", "find_tracked", '{"status": "new"}'),
        ("call", "tracker", "--json", "find_tracked", "status=new"),
        ("call", "tracker", "find_tracked", "--json", '{"status": "new"}'),
        ("call", "tracker", "find_tracked", "--json", "status=new", "--timeout", "20"),
        ("call", "tracker", "--timeout", "20", "find_tracked", "status=new", "--json"),
        ("call", "tracker", "find_tracked", "--json", "--", "status=new"),
    ],
)
def test_json_and_options_stand_anywhere(running: Lou, words: Sequence[str]) -> None:
    done = running.run(*words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"]["entries"] == []


@pytest.mark.parametrize(
    "words",
    [("--json", "status"), ("--json", "keys", "list"), ("keys", "--json", "list"),
     ("keys", "list", "--json"), ("clients", "--json", "list")],
)  # fmt: skip
def test_json_stands_before_a_command_too(running: Lou, words: Sequence[str]) -> None:
    done = running.run(*words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


@pytest.mark.parametrize(
    "words",
    [("stauts",), ("clients", "disconnect"), ("servers", "add", "mine"), ("servers", "import"),
     ("call", "search", "web_search", "--timeout", "-1"), ("call", "search", "web_search", "[]"),
     ("call", "search", "web_search", "{")],
)  # fmt: skip
def test_wrong_usage_is_a_document_too(running: Lou, words: Sequence[str]) -> None:
    done = running.run("--json", *words)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "usage"


def test_every_command_and_topic_has_help(absent: Lou) -> None:
    for command in COMMANDS:
        for parser in leaves(command.parser()):
            assert parser.prog in parser.format_help()
            assert all(action.help for action in parser.positionals()), parser.prog
    shown = absent.run("serve", "--help")
    assert (shown.returncode, "usage: lou serve" in shown.stdout) == (0, True)
    assert "SERVER" in absent.run("connect", "--help").stdout
    assert absent.run("help", "keys", "set").stdout == absent.run("keys", "set", "--help").stdout
    for name in TOPICS:
        assert name in absent.run("help").stdout
        assert absent.run("help", name).returncode == 0


def test_every_example_of_a_call_names_arguments_that_the_tool_takes() -> None:
    texts = [(ROOT / "app/cli" / name).read_text("utf-8") for name in ("commands.py", "topics.py")]
    texts += [
        path.read_text("utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    ]
    takes = {
        tool.name: FunctionTool(tool).listing["inputSchema"]["properties"].keys()
        for server in (search_server, tracker_server)
        for tool in server.build().tools
    }
    examples = re.findall(r"lou call (?:search|tracker) (\w+) ([^`\n]*)", "\n".join(texts))
    assert len(examples) >= 5
    for tool, told in examples:
        assert set(re.findall(r"(?:^| )(\w+)=|\"(\w+)\": ", told)) <= {
            pair for name in takes[tool] for pair in ((name, ""), ("", name))
        }, f"{tool} {told}"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("stauts",), "status"),
        (("help", "enviroment"), "environment"),
        (("disconnect", "--all"), "lou clients disconnect"),
        (("list",), "lou keys list or lou clients list"),
        (("STATUS",), "status"),
        (("keys", "lst"), "list"),
        (("clients", "conect", "cursor"), "connect"),
        (("logs", "--levl", "ERROR"), "--level"),
        (("clients", "diff", "claude-dekstop"), "claude-desktop"),
        (("restart", "trakcer"), "tracker"),
        (("disable", "tracker", "find_traked"), "find_tracked"),
    ],
)
def test_a_word_that_is_nearly_right_gets_a_suggestion(
    running: Lou, words: Sequence[str], meant: str
) -> None:
    done = running.run(*words)
    assert done.returncode in {1, 2}
    assert f"Did you mean {meant}?" in done.stderr


def test_a_word_far_from_all_gets_none(absent: Lou) -> None:
    done = absent.run("frobnicate")
    assert "Did you mean" not in done.stderr
    assert "lou status" in done.stderr


def on_a_terminal(found: Lou, *words: str, **more: str) -> str:
    """What a command writes to a terminal."""
    parent, child = pty.openpty()
    environment = {**found.environment, "TERM": "xterm", **more}
    subprocess.run([LOU, *words], env=environment, stdout=child, check=False, timeout=PATIENCE_S)
    os.close(child)
    shown = b""
    while True:
        try:
            chunk = os.read(parent, 1 << 16)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(parent)
    return shown.decode()


def test_colours_are_for_terminals_that_want_them(running: Lou) -> None:
    coloured = on_a_terminal(running, "status")
    assert "\x1b[32mready" in coloured
    plain = running.run("status").stdout
    assert "\x1b" not in plain
    uptime = re.compile(r" for .*?\(|CPU.*")
    without = re.sub(r"\x1b\[\d+m", "", coloured).replace("\r\n", "\n")
    assert uptime.sub("", without).splitlines()[2:3] == uptime.sub("", plain).splitlines()[2:3]
    for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_a_terminal(running, "status", **more)
    assert "\x1b" not in on_a_terminal(running, "status", "--json")


@pytest.mark.parametrize(
    ("before", "partial", "found"),
    [
        ((), "st", {"status"}),
        (("--json",), "doc", {"doctor"}),
        (("help",), "env", {"environment"}),
        (("keys",), "un", {"unset", "unlock"}),
        (("keys", "set"), "TAV", {"TAVILY_API_KEY"}),
        (("keys", "store"), "", {"system", "file"}),
        (("keys", "export", "ENCRYPTION_KEY"), "", {":files"}),
        (("logs", "--level"), "E", {"ERROR"}),
        (("logs", "search"), "--fo", {"--follow"}),
        (("clients", "diff", "--of"), "un", {"undo"}),
        (("clients", "connect"), "claude-d", {"claude-desktop"}),
        (("clients", "disconnect"), "--a", {"--all"}),
        (("servers", "import"), "x", {":files"}),
        (("servers", "add", "mine", "--", "npx"), "x", {":files"}),
        (("completion",), "f", {"fish"}),
        (("nosuch",), "", set()),
        (("keys", "nosuch"), "", set()),
        (("status",), "x", set()),
    ],
)
def test_what_can_follow_is_known(before: Sequence[str], partial: str, found: set[str]) -> None:
    assert set(completion.candidates(before, partial)) == found


def test_servers_tools_and_arguments_of_the_running_lou_are_completed(running: Lou) -> None:
    def words(*before: str) -> set[str]:
        done = running.run("complete", "--", *before)
        return {line.partition("\t")[0] for line in done.stdout.splitlines()}

    assert words("restart", "=t") == {"tracker"}
    assert words("call", "tracker", "=find_") >= {"find_tracked"}
    assert "status=" in words("call", "tracker", "find_tracked", "=")
    assert "status=" not in words("call", "tracker", "find_tracked", "status=new", "=")


_ASKED = {
    "bash": 'source <(lou completion bash); COMP_WORDS=(lou keys s); COMP_CWORD=2; _lou lou; echo '
    '"${COMPREPLY[@]}"',
    "fish": "lou completion fish | source; complete -C 'lou keys s'",
    "zsh": "zsh -n =(lou completion zsh) && echo set store",
}  # fmt: skip


@pytest.mark.parametrize("shell", sorted(_ASKED))
def test_the_script_of_a_shell_completes_in_it(absent: Lou, shell: str) -> None:
    assert shutil.which(shell), f"install {shell} first: `make desktop` does"
    path = f"{Path(LOU).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [shell, "-c", _ASKED[shell]],
        env={**absent.environment, "PATH": path},
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert {"set", "store"} <= set(done.stdout.split()), done.stderr


def test_disconnect_all_takes_lou_out_of_every_client(absent: Lou) -> None:
    for folder in (".cursor", ".codeium/windsurf"):
        (absent.home / folder).mkdir(parents=True)
    for client in ("cursor", "windsurf"):
        assert absent.run("clients", "connect", client).returncode == 0
    assert absent.run("clients", "disconnect").returncode == 2
    assert absent.run("clients", "disconnect", "cursor", "--all").returncode == 2
    found = absent.json("clients", "disconnect", "--all")
    assert {view["id"] for view in found["clients"]} == {"cursor", "windsurf"}
    assert found["refused"] == {}
    assert not (absent.home / ".cursor/mcp.json").exists(), "Lou made it, and nothing is left in it"
    again = absent.run("clients", "disconnect", "--all")
    assert (again.returncode, again.stdout) == (0, "No client has an entry of Lou's.\n")


def test_the_man_page_names_every_command_and_option(tmp_path: Path) -> None:
    page = tmp_path / "lou.1"
    script = ROOT / "packaging" / "man_page.py"
    subprocess.run([sys.executable, str(script), str(page)], check=True, timeout=PATIENCE_S)
    text = page.read_text("utf-8")
    plain = text.replace("\\-", "-")
    for command in COMMANDS:
        for parser in leaves(command.parser()):
            assert f'.SS "{parser.prog} ' in plain
            assert all(f"\\fB{word}\\fR" in plain for word in parser.options() if word != "-h"
                       and word != "--help")  # fmt: skip
    assert "EXIT CODES" in text
    if shutil.which("groff"):
        done = subprocess.run(
            ["groff", "-man", "-ww", "-z", str(page)],
            capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
