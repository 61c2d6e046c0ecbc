"""`lou completion SHELL` prints a script; the script asks `lou complete` for words.

In: the words before the cursor, and after `=` the one at it. Out: one candidate a line, with its
meaning after a tab, or the line `:files` where the shell should offer files.
"""

from __future__ import annotations

from argparse import Action, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.cli.commands import COMMANDS, command
from app.cli.output import Output, write
from app.cli.parser import CommandParser, UsageError, shown_name, takes_value
from app.cli.topics import TOPICS

Candidates = Mapping[str, str]

_ANSWERS_WITHIN_S = 2.0
_FILES = {":files": ""}
_TAKE_FILES = frozenset({"FILE", "FOLDER"})

_BASH = r"""# lou: completion for bash
_lou() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o default 2>/dev/null
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("$1" complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "=${COMP_WORDS[COMP_CWORD]}" \
        2>/dev/null)
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _lou lou
"""
_ZSH = r"""#compdef lou
# lou: completion for zsh
_lou() {
    local line name
    local -a before found open
    before=("${(@)words[2,CURRENT-1]}")
    for line in "${(@f)$("${words[1]}" complete -- "${before[@]}" "=${words[CURRENT]}" \
        2>/dev/null)}"; do
        name=${line%%$'\t'*}
        case $name in
            '') ;;
            :files) _files ;;
            *=) open+=("$name") ;;
            *) found+=("${name//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    (( $#open )) && compadd -S '' -- "${open[@]}"
    (( $#found )) && _describe lou found
}
compdef _lou lou
"""
_FISH = r"""# lou: completion for fish
function __lou_complete
    set -l words (commandline -opc)
    set -l partial (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] "=$partial" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$partial"
        else
            echo $line
        end
    end
end
complete -c lou -f -a '(__lou_complete)'
"""
_POWERSHELL = r"""# lou: completion for PowerShell
Register-ArgumentCompleter -Native -CommandName lou, lou.exe -ScriptBlock {
    param($partial, $line, $cursor)
    $words = $line.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor }
    $before = @($words | Select-Object -Skip 1 | ForEach-Object { "$_" })
    & "$($line.CommandElements[0])" complete -- @before "=$partial" 2>$null | ForEach-Object {
        $value, $meaning = $_ -split "`t", 2
        if ($value -ne ':files') {
            $shown = if ($meaning) { $meaning } else { $value }
            New-Object System.Management.Automation.CompletionResult (
                $value, $value, 'ParameterValue', $shown)
        }
    }
}
"""
SCRIPTS: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}
"""The script of each shell."""


def declare(parser: CommandParser) -> None:
    shells = tuple(SCRIPTS)
    parser.add_argument("shell", choices=shells, metavar="SHELL", help=", ".join(shells))
    parser.set_defaults(run=_print_script)


def print_candidates(words: Sequence[str]) -> int:
    """Print what can stand in place of the last of `words`, which has a `=` before it."""
    if not words:
        return 2
    found = candidates(words[:-1], words[-1].removeprefix("="))
    lines = (f"{word}\t{meaning}\n" if meaning else f"{word}\n" for word, meaning in found.items())
    write("".join(lines))
    return 0


def candidates(before: Sequence[str], partial: str) -> Candidates:
    """The words that begin with `partial` and may follow `before`, with their meanings."""
    before = [word for word in before if word != "--json"]
    if "--" in before:
        return _FILES
    try:
        known = _after(before, partial)
    except UsageError:
        return {}
    return {w: text for w, text in known.items() if w.startswith(partial) or w in _FILES}


def _after(before: Sequence[str], partial: str) -> Candidates:
    commands = {each.word: each.summary for each in COMMANDS}
    topics = {name: topic.summary for name, topic in TOPICS.items()}
    if not before:
        return {**commands, "help": "explain a command or a topic", "--help": "", "--version": ""}
    if before[0] == "help":
        return {**commands, **topics} if len(before) == 1 else {}
    parser, words = command(before[0]).parser(), before[1:]
    while parser.subcommands and words:
        parser, words = parser.leaf(words[:1])[0], words[1:]
    if parser.subcommands:
        return {word: each.summary for word, each in parser.subcommands.items()}
    return _in_leaf(parser, words, partial)


def _in_leaf(parser: CommandParser, words: Sequence[str], partial: str) -> Candidates:
    options, values, waiting = parser.options(), [], None
    for word in words:
        option = None if waiting else options.get(word)
        if option is None and not waiting:
            values.append(word)
        waiting = option if option and takes_value(option) else None
    if waiting:
        return _values(waiting, values)
    if partial.startswith("-"):
        return {word: str(each.help or "") for word, each in options.items() if word[1:2] == "-"}
    positionals = parser.positionals()
    if len(values) < len(positionals):
        return _values(positionals[len(values)], values)
    return _values(positionals[-1], values) if positionals and positionals[-1].nargs == "*" else {}


def _values(action: Action, values: Sequence[str]) -> Candidates:
    """What an argument can be, after the positional `values`."""
    name = shown_name(action)
    if action.choices:
        return dict.fromkeys(map(str, action.choices), "")
    if name in _TAKE_FILES:
        return _FILES
    find = _FINDERS.get(name)
    return dict(find(values)) if find else {}


def _servers(_: Sequence[str]) -> Iterable[tuple[str, str]]:
    # As all imports of this kind: most words need none of them.
    from app.config.config_file import ConfigFile  # noqa: PLC0415

    return ((name, "") for name in ConfigFile.of_home().config.servers)


def _tools(values: Sequence[str]) -> Iterable[tuple[str, str]]:
    return ((name, str(tool.get("title") or "")) for name, tool in _tools_of(values[0]).items())


def _arguments(values: Sequence[str]) -> Iterable[tuple[str, str]]:
    tool = _tools_of(values[0]).get(values[1], {})
    given = {word.partition("=")[0] for word in values[2:]}
    fields = tool.get("input_schema", {}).get("properties", {})
    for name, schema in fields.items():
        if name not in given:
            yield f"{name}=", str(schema.get("description") or "").partition("\n")[0]


def _tools_of(server: str) -> dict[str, dict[str, Any]]:
    from app.control.client import ask  # noqa: PLC0415
    from app.errors import AppError  # noqa: PLC0415

    try:
        tools = ask("tools", within_s=_ANSWERS_WITHIN_S, server=server)["tools"]
    except AppError:  # without a running Lou nobody knows the tools
        return {}
    return {tool["name"]: tool for tool in tools}


def _clients(_: Sequence[str]) -> Iterable[tuple[str, str]]:
    from app.clients import catalog  # noqa: PLC0415

    return ((row.id, row.name) for row in catalog.clients())


def _keys(_: Sequence[str]) -> Iterable[tuple[str, str]]:
    from servers.contract import manifest  # noqa: PLC0415

    return ((key.name, key.purpose) for key in manifest.KEYS)


_FINDERS: Mapping[str, Callable[[Sequence[str]], Iterable[tuple[str, str]]]] = {
    "SERVER": _servers,
    "TOOL": _tools,
    "ARG": _arguments,
    "CLIENT": _clients,
    "KEY": _keys,
}


def _print_script(args: Namespace, output: Output) -> int:
    del output
    write(SCRIPTS[args.shell])
    return 0
