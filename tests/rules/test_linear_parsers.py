"""Parsers of foreign text take linear time for the worst texts that are known of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from app.clients.imports import server_import
from app.config.config_model import Config
from app.errors import AppError
from app.formats import text_edits, yaml_reader
from app.formats.spans import FormatError, Layout
from servers.contract.redaction import Redactor
from tests.conftest import Figures
from tests.rules.regexes import spent

SIZE = 16_000
QUICK_S = 0.02
Parser = Callable[[str], object]

_LAYOUTS = {name: Layout(name, ("servers",)) for name in ("json", "jsonc", "toml", "yaml")}
_REDACT = Redactor(["canary-0123456789abcdef", "k" * 3_000, 'q"u%o\\t&e-0123456789'])


_ONE = '{"mcpServers": {"a": {"command": '


def _entry(words: str) -> Callable[[int], str]:
    one = '{"mcpServers": {"a": {"command": %s, "args": ["x"%s]}}}'
    command, _, word = words.partition(" ")
    return lambda size: one % (f'"{command}"', f", {word}" * (size // (len(word) + 2)))


def _repeated(start: str, unit: str, end: str = "") -> Callable[[int], str]:
    return lambda size: start + unit * ((size - len(start) - len(end)) // len(unit)) + end


def _numbered(start: str, unit: str, end: str = "") -> Callable[[int], str]:
    return lambda size: start + "".join(unit % at for at in range(size // len(unit))) + end


def _twice(size: int) -> str:
    names = ("".join(f'"{at}": 1, ' for at in range(size // 24)),) * 2
    return "{" + "".join(names) + '"c": 1}'


TEXTS: dict[str, tuple[str, Callable[[int], str]]] = {
    "import: words of a command": ("import", _repeated(f'{_ONE}"', "x ", '"}}}')),
    "import: arguments": ("import", _entry('x "y"')),
    "import: arguments of a shell": ("import", _entry('sh "y"')),
    "import: variables of a container": ("import", _entry('docker "-e", "A"')),
    "import: headers of mcp-remote": ("import", _entry('npx "mcp-remote", "--header", "A: b"')),
    "import: names twice": ("import", _twice),
    "import: names with dots": ("import", _repeated("a", ".a", " = 1")),
    "import: a table in tables": ("import", _repeated("[", "a.", "a]")),
    "import: comments that never close": ("import", _repeated("{", "/*")),
    "import: placeholders": ("import", _repeated(f'{_ONE}"x", "args": ["', "${A:-", '"]}}}')),
    "import: brackets": ("import", _repeated("", "[")),
    "TOML: names with dots": ("toml", _repeated("a", ".a", " = 1")),
    "TOML: quoted names with dots": ("toml", _repeated("[", "'a'.", "a]")),
    "TOML: names in braces": ("toml", _repeated("a = {", "a.", "a = 1}")),
    "TOML: tables": ("toml", _numbered("", "[a%05d]\n")),
    "JSON: members": ("json", _numbered("{", '"a%05d": 1, ', '"b": 1}')),
    "JSON: comments": ("jsonc", _repeated("{}", "/**/")),
    "JSON: commas": ("jsonc", _repeated("[1", " ,")),
    "YAML: pairs": ("yaml", _numbered("", "a%05d: b\n")),
    "YAML: braces": ("yaml", _repeated("", "{a: ")),
    "YAML: items": ("yaml", _repeated("a: [", "b, ", "]")),
    "redactor: escapes": ("redactor", _repeated("", "%25")),
    "redactor: a piece of a long secret": ("redactor", _repeated("", "k" * 40 + " ")),
    "redactor: quotes": ("redactor", _repeated("", "\\'\"")),
    "redactor: hex": ("redactor", _repeated("", "ab:")),
}  # fmt: skip


def _parser(kind: str) -> Parser:
    if kind == "redactor":
        return _REDACT
    if kind == "import":
        return lambda text: server_import.plan(Config(), text)
    return lambda text: text_edits.read(text, _LAYOUTS[kind])


def _work(kind: str) -> Parser:
    parse = _parser(kind)

    def work(text: str) -> None:
        yaml_reader.compose.cache_clear()
        with contextlib.suppress(FormatError, AppError):
            parse(text)

    return work


@pytest.mark.parametrize("name", TEXTS)
def test_a_parser_takes_linear_time(name: str) -> None:
    kind, text = TEXTS[name]
    work = _work(kind)
    work(text(100))
    took = spent(work, text(SIZE))
    if took > QUICK_S:
        took = min(took, spent(work, text(SIZE), 2))
        less = spent(work, text(SIZE // 4), 3)
        assert took <= QUICK_S or took < 9 * max(less, QUICK_S / 8), f"{took:.2f} s, {less:.2f} s"


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_each_parser_on_100_kb(figure: Figures) -> None:
    rows = sorted(
        ((spent(_work(kind), text(100_000)), name) for name, (kind, text) in TEXTS.items())
    )
    for took, name in reversed(rows[-8:]):
        most = None if name.startswith(("YAML", "import")) else 50  # threads read these
        figure(f"{name}, 100 KB", took * 1e3, "ms", at_most=most)
