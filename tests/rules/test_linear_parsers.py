"""Parsers of foreign text take linear time for the worst texts that are known of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import random
import re
import time
from collections.abc import Callable
from typing import cast

import pytest

from app.clients import catalog, install_links, masking
from app.clients.imports import server_import
from app.config.config_model import Config
from app.errors import AppError
from app.formats import text_edits, yaml_reader
from app.formats.spans import FormatError, Layout
from servers.bridge import jsonrpc_scan
from servers.contract import envelope, key_text
from servers.contract.line_reader import BoundedLineReader
from servers.contract.redaction import Redactor
from servers.host.mcp import jsonrpc
from servers.host.mcp.jsonrpc import MalformedMessageError
from servers.search.pages import feeds, markup, robots, visibility
from servers.tracker.codec import urls
from servers.tracker.entry import RejectedEntryError, Rules, checked
from servers.tracker.transfer import csv_jsonl
from servers.tracker.transfer.text_file import LeadFileError
from tests.conftest import Figures
from tests.rules import worst_pages
from tests.rules.regexes import grows_more, spent

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


def _servers(unit: str) -> Callable[[int], str]:
    return _numbered('{"mcpServers": {', unit, '"z": {"command": "x"}}}')


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
    "import: redirects": ("import", _repeated("", "https://a/redirect?url=", "goose://extension")),
    "import: brackets in a link": ("import", _repeated("vscode:mcp/install?%7B%22a%22:", "[")),
    "import: brackets": ("import", _repeated("", "[")),
    "import: servers": ("import", _servers('"a%05d": {"command": "x", "args": ["y"]}, ')),
    "import: servers with a long name": (
        "import",
        _servers('"' + "a" * 40 + '%05d": {"command": "x"}, '),
    ),
    "import: variables": (
        "import",
        _numbered('{"a": {"command": "x", "env": {', '"A%05d": "b", ', '"z": ""}}}'),
    ),
    "import: projects": ("import", _numbered('{"projects": {', '"p%05d": {}, ', '"z": {}}}')),
    "import: numbers": ("import", _entry("x 1")),
    "import: words": ("import", _repeated("", "a ")),
    "TOML: names with dots": ("toml", _repeated("a", ".a", " = 1")),
    "TOML: quoted names with dots": ("toml", _repeated("[", "'a'.", "a]")),
    "TOML: names in braces": ("toml", _repeated("a = {", "a.", "a = 1}")),
    "TOML: tables": ("toml", _numbered("", "[a%05d]\n")),
    "TOML: a list": ("toml", _repeated("a = [", "1,", "]")),
    "TOML: tables in a list": ("toml", _repeated("a = [", "{a=1},", "]")),
    "TOML: dates": ("toml", _repeated("a = [", "1979-05-27,", "]")),
    "TOML: deep tables": ("toml", _repeated("", "[" + "a." * 90 + "a]\n")),
    "TOML: lines in a text": ("toml", _repeated('a = """', "\\n\n", '"""')),
    "JSON: members": ("json", _numbered("{", '"a%05d": 1, ', '"b": 1}')),
    "JSON: comments": ("jsonc", _repeated("{}", "/**/")),
    "JSON: commas": ("jsonc", _repeated("[1", " ,")),
    "YAML: pairs": ("yaml", _numbered("", "a%05d: b\n")),
    "YAML: braces": ("yaml", _repeated("", "{a: ")),
    "YAML: items": ("yaml", _repeated("a: [", "b, ", "]")),
    "YAML: items in lines": ("yaml", _repeated("", "- b\n")),
    "YAML: lists in lists": ("yaml", _repeated("", "- - - - b\n")),
    "YAML: names without values": ("yaml", _repeated("", "? a\n")),
    "YAML: words": ("yaml", _repeated("", "a ")),
    "YAML: lines": ("yaml", _repeated("a:\n", "  b\n")),
    "YAML: anchors": ("yaml", _repeated("a: [", "&x b,", "]")),
    "YAML: aliases": ("yaml", _repeated("a: &x b\nb: [", "*x,", "]")),
    "YAML: tags": ("yaml", _repeated("a: [", "!!str b,", "]")),
    "YAML: comments": ("yaml", _repeated("", "#\n")),
    "YAML: tabs": ("yaml", _repeated("a:\tb\n", "b\t \n")),
    "YAML: digits": ("yaml", _repeated("a: ", "9")),
    "YAML: digits and signs": ("yaml", _repeated("a: ", "9_", "e")),
    "YAML: times": ("yaml", _repeated("a: [", "2001-12-14t21:59:43.10-05:00, ", "]")),
    "YAML: quotes": ("yaml", _repeated("a: '", "''", "'")),
    "YAML: a long name": ("yaml", _repeated("", "a", ": b")),
    "YAML: names with blanks": ("yaml", _repeated("", "a ", ": b")),
    "YAML: documents": ("yaml", _repeated("a: b\n", "---\n")),
    "YAML: ends of documents": ("yaml", _repeated("a: b\n", "...\n")),
    "YAML: directives of tags": ("yaml", _numbered("", "%%TAG !a%05d! b\n", "--- a\n")),
    "YAML: directives": ("yaml", _repeated("", "%A\n", "--- a\n")),
    "YAML: lines of a block": ("yaml", _repeated("a: |\n", "  b\n")),
    "YAML: lines of a folded block": ("yaml", _repeated("a: >\n", "  b\n\n")),
    "YAML: blanks before a block": ("yaml", _repeated("a: |\n", " ")),
    "YAML: different anchors": ("yaml", _numbered("", "- &a%05d b\n")),
    "YAML: aliases of one list": ("yaml", _repeated("a: &x [b, b, b, b]\nb: [", "*x,", "]")),
    "YAML: dashes": ("yaml", _repeated("", "- ")),
    "YAML: marks of names": ("yaml", _repeated("", "? ")),
    "YAML: colons": ("yaml", _repeated("", ": ")),
    "YAML: braces and names": ("yaml", _repeated("", "{a, ")),
    "YAML: escapes": ("yaml", _repeated('a: "', "\\n", '"')),
    "control message: members": ("control", _numbered("{", '"a%05d": 1, ', '"b": 1}')),
    "control message: brackets": ("control", _repeated("", "[")),
    "control message: digits": ("control", _repeated('{"type": ', "9", "}")),
    "control message: escapes": ("control", _repeated('{"type": "', "\\u00e9", '"}')),
    "bridge: brackets": ("bridge", _repeated("", "[")),
    "bridge: objects": ("bridge", _repeated("", '{"a":')),
    "bridge: digits": ("bridge", _repeated('{"id": ', "9", "}")),
    "bridge: a batch": ("bridge", _repeated("[", '{"id":1},', "{}]")),
    "JSON-RPC: brackets": ("rpc", _repeated('{"id": ', "[")),
    "JSON-RPC: digits": ("rpc", _repeated('{"id": ', "9", "}")),
    "line reader: short lines": ("lines", _repeated("", "\n")),
    "link: pluses": ("link", _repeated("cursor://a/mcp/install?config=", "+")),
    "link: redirects": ("link", _repeated("", "https://a/redirect?url=", "goose://extension")),
    "link: parameters": ("link", _repeated("goose://extension?", "arg=a&")),
    "link: escapes": ("link", _repeated("vscode:mcp/install?", "%7B")),
    "key: words": ("key", _repeated("", "a ")),
    "key: quotes": ("key", _repeated("", "'")),
    "key: names": ("key", _repeated("", "BRAVE_API_KEY=")),
    "key: schemes": ("key", _repeated("", "x-api-key:")),
    "key: lines": ("key", _repeated("", "a=b\n")),
    "account: brackets": ("account", _repeated("", "{")),
    "account: quotes": ("account", _repeated("{", "'a': ", "}")),
    "account: backslashes": ("account", _repeated('{"a": "', "\\", '"}')),
    "account: addresses": ("account", _repeated("", "a@b.co")),
    "account: configs": ("account", _repeated("", "apiKey ")),
    "account: texts in texts": ("account", _repeated("", '"\\"')),
    "account: Base64": ("account", _repeated("", "QUJD")),
    "csv: quotes": ("csv", _repeated("url,email\n", '"')),
    "csv: broken quotes": ("csv", _repeated("url,email\n", '"a"b\n')),
    "csv: rows": ("csv", _repeated("url,email\n", "a.com,a@a.com\n")),
    "csv: cells": ("csv", _repeated("url,email\n", ",")),
    "csv: names": ("csv", _numbered("url,email", ",a%05d", "\n")),
    "csv: equal names": ("csv", _repeated("url,email", ",a", "\n")),
    "csv: addresses in a cell": ("csv", _repeated("url,email\na.com,", "a@a.com ", "\n")),
    "csv: brackets in a cell": ("csv", _repeated('url,email\na.com,"', "<a@", '"\n')),
    "csv: entities in a cell": ("csv", _repeated("url,email\na.com,", "&amp;", "\n")),
    "csv: refusals in a cell": ("csv", _repeated("url,email\na.com,", "do not ", "\n")),
    "csv: labels of two scripts": ("csv", _repeated("url,email\na.com/", "a\u0430.", ",a@a.com\n")),
    "csv: tags": ("csv", _repeated('url,email,tags\na.com,a@a.com,"', "&#64;,\U0001f525;", '"\n')),
    "csv: a garbled note": ("csv", _repeated("url,email,note\na.com,a@a.com,", "\u00c3a", "\n")),
    "csv: run together": ("csv", _repeated("url,email\n", "https:/", ",a@a.com\n")),
    "csv: empty rows": ("csv", _repeated("url,email\n", "\n")),
    "jsonl: brackets": ("jsonl", _repeated("", "[")),
    "jsonl: rows": ("jsonl", _repeated("", "{}\n")),
    "jsonl: names": ("jsonl", _numbered('{"url": "a.com", ', '"a%05d": "b", ', '"email": ""}')),
    "url: dots": ("url", _repeated("https://a.example/", "../")),
    "url: escapes": ("url", _repeated("https://a.example/", "%2e")),
    "url: labels": ("url", _repeated("https://", "a.", "a")),
    "url: parameters": ("url", _repeated("https://a.example/?", "utm_a=b&")),
    "feed: open items": ("feed", _repeated("<rss><channel>", "<item>")),
    "feed: entities": ("feed", _repeated("<rss>", "&a;")),
    "feed: entries": ("feed", _repeated("<feed>", "<entry><title>a</title></entry>")),
    "page: hidden siblings": ("page", _repeated("<body>", "<p hidden>a</p>")),
    "page: hidden panels": ("page", _numbered("<body>", "<p class=panel%05d hidden>a</p>")),
    "page: places among siblings": (
        "page",
        _repeated("<style>p:nth-child(7n+1){display:none}</style><body>", "<p>a</p>"),
    ),
    "page: siblings before": (
        "page",
        _repeated("<style>.a~.b{display:none}</style><body class=a>", "<p class=b>a</p>"),
    ),
    "robots: stars": ("robots", _repeated("User-agent: *\nDisallow: /", "*a")),
    "robots: rules": ("robots", _numbered("User-agent: *\n", "Disallow: /a%05d*b\n")),
    "robots: agents": ("robots", _numbered("", "User-agent: a%05d\n")),
    "redactor: escapes": ("redactor", _repeated("", "%25")),
    "redactor: a piece of a long secret": ("redactor", _repeated("", "k" * 40 + " ")),
    "redactor: quotes": ("redactor", _repeated("", "\\'\"")),
    "redactor: hex": ("redactor", _repeated("", "ab:")),
    "redactor: escapes and soft breaks": ("redactor", _repeated("", '%\\\\"\r=\n')),
    "redactor: soft breaks in words": ("redactor", _repeated("", '@? &,<!--\\n?https://a/redirect?url=\nA')),
    "redactor: pieces of a long secret": ("redactor", _repeated("", "=\n<div>\\n" + "k" * 31)),
    "redactor: pieces of a short secret": ("redactor", _repeated("", "canary-01234 ")),
    "redactor: quoted letters of a secret": ("redactor", _repeated("", "c'\"'\"'a%6Eary-0123456")),
    "redactor: Base64": ("redactor", _repeated("", "Y2FuYXJ5LTAxMjM0 ")),
    "redactor: numbers": ("redactor", _repeated("", "107, ")),
    "redactor: numbers of letters": ("redactor", _repeated("", "107||")),
    "redactor: numbers in an object": ("redactor", _numbered("{", '"%05d": 107, ', "}")),
    "redactor: letters apart": ("redactor", _repeated("", "k ")),
    "redactor: letters far apart": ("redactor", _repeated("", "k   ")),
    "redactor: lines of a dump": ("redactor", _numbered("", "000%05d: 6b6b 6b6b  kkkk\n")),
    "redactor: words of a dump": ("redactor", _repeated("", "6b6b ")),
    "redactor: hex of any form": ("redactor", _repeated("", "6b, 0x")),
    "redactor: brackets": ("redactor", _repeated("", "<a")),
    "redactor: invisible letters": ("redactor", _repeated("", "k\u200e")),
    "redactor: texts of a terminal": ("redactor", _repeated("", "\x1bP")),
    "redactor: sets of a terminal": ("redactor", _repeated("", "\x1b(B")),
    "redactor: letters of mathematics": ("redactor", _repeated("", "\U0001d422")),
    "redactor: struck letters": ("redactor", _repeated("", "k\u0336")),
    "redactor: underscores": ("redactor", _repeated("", "_")),
    "redactor: titles": ("redactor", _repeated("", "\x1b]8;;")),
    "redactor: carets": ("redactor", _repeated("", "^k")),
    "redactor: commas and blanks": ("redactor", _repeated("", ", . ")),
    "redactor: header words": ("redactor", _repeated("", "?=\r\n =?utf-8?q?")),
    "redactor: labels": ("redactor", _repeated("", "token=")),
    "redactor: keys": ("redactor", _repeated("", "sk-abcdefghijklm ")),
    "redactor: private keys": ("redactor", _repeated("", "-----BEGIN PRIVATE KEY-----")),
    "change: arguments": ("change", _repeated('{"mcpServers": {"a": {"b": [', '": ", ', "1]}}}")),
    "change: marks": ("change", _repeated("", "? ")),
    "change: quotes": ("change", _repeated("", '"A')),
    "change: short lines": ("change", _repeated("", "=\n")),
    "change: names": ("change", _repeated("", "token: a1 ")),
    "change: addresses": ("change", _repeated("", "http://a:b@c ")),
    **worst_pages.TEXTS,
}  # fmt: skip


def _page(text: str) -> None:
    tree = markup.parsed(text)
    assert tree is not None
    visibility.drop_unseen(tree)


def _rows(kind: csv_jsonl.Format) -> Parser:
    def parse(text: str) -> None:
        found = csv_jsonl.opened(io.BytesIO(text.encode()), kind)
        for row in (row for row in found.rows if not row.fault):
            with contextlib.suppress(RejectedEntryError):
                checked(rules=Rules(), **row.fields)

    return parse


def _change(text: str) -> None:
    """What a person is shown of a change to a client's file that has this text."""
    before, foreign = text.encode(), masking.Foreign()
    masking.add(foreign, catalog.client("cursor"), before, ["lou"])
    masking.unified("a", before, before[: len(before) // 3] + b"\nlou\n" + before, foreign.masked)


PARSERS: dict[str, Parser] = {
    "change": _change,
    "redactor": _REDACT,
    "import": lambda text: server_import.plan(Config(), text),
    "link": install_links.entry_of,
    "key": lambda text: key_text.understood("BRAVE_API_KEY", text),
    "account": lambda text: key_text.understood("FIREBASE_CREDENTIALS", text),
    "control": lambda text: envelope.decode(text.encode()),
    "bridge": lambda text: jsonrpc_scan.read_briefly(text.encode()),
    "rpc": lambda text: jsonrpc.parse(text.encode()),
    "csv": _rows("csv"),
    "jsonl": _rows("jsonl"),
    "url": urls.normalise,
    "feed": lambda text: feeds.read(text, "https://a.example/feed", marked=True),
    "page": _page,
    "robots": lambda text: robots.allows(text, "https://a.example/" + "a" * 2_000),
    "lines": lambda text: BoundedLineReader(1 << 20).feed(text.encode()),
    **worst_pages.READERS,
}


@pytest.mark.parametrize("kind", [*PARSERS, *_LAYOUTS])
def test_a_parser_refuses_any_text_in_words(kind: str) -> None:
    dice = random.Random(kind)
    texts = [make(400) for each, make in TEXTS.values() if each == kind]
    pieces = [*"[]{}<>(),:;=&%#@!?*|/\\'\"-+_~.0a \t\n\r\x00\u200b\ud800", "null", *texts]
    for _ in range(60):
        text = "".join(dice.choice(pieces)[: dice.choice((1, 9, 400))] for _ in range(9))
        with contextlib.suppress(*REFUSALS):
            _parser(kind)(text)


def _parser(kind: str) -> Parser:
    if kind in PARSERS:
        return PARSERS[kind]
    return lambda text: text_edits.read(text, _LAYOUTS[kind])


def _work(kind: str) -> Parser:
    parse = _parser(kind)

    def work(text: str) -> None:
        yaml_reader.compose.cache_clear()
        with contextlib.suppress(*REFUSALS):
            parse(text)

    return work


@pytest.mark.parametrize("name", TEXTS)
def test_a_parser_takes_linear_time(name: str) -> None:
    kind, text = TEXTS[name]
    work = _work(kind)
    work(text(100))
    if spent(work, text(SIZE)) > QUICK_S:  # a short text may be none that much is done for
        assert grows_more(work, text(SIZE // 2), text(2 * SIZE), 9, QUICK_S) is None


REFUSALS = (ValueError, AppError, LeadFileError, MalformedMessageError)
WORDY = {
    "YAML: items in lines": "- b\n" * 5_100,
    "YAML: names and values": "".join(f"a{at}: b\n" for at in range(2_600)),
    "YAML: anchors": "- &a b\n" * 1_100,
    "TOML: tables": "".join(f"[a{at}]\n" for at in range(5_100)),
    "TOML: a list": "a = [" + "1," * 10_001 + "]",
    "import: arguments": _entry('x "y"')(1_001 * 5),
    "import: words of a command": f'{_ONE}"{"x " * 1_001}"}}}}}}',
    "import: a long argument": f'{_ONE}"x", "args": ["{"y" * 16_385}"]}}}}}}',
    "import: servers": _servers('"a%05d": {"command": "x"}, ')(301 * 28),
    "import: arguments of all servers": _servers(
        '"a%05d": {"command": "x", "args": [' + '"y",' * 500 + '"z"]}, '
    )(7 * 2_100),
}


@pytest.mark.parametrize("name", WORDY)
def test_a_text_with_too_many_parts_is_refused_in_words(name: str) -> None:
    parse = _parser(name.partition(":")[0].lower())
    try:
        found = cast("server_import.ServerImport", parse(WORDY[name]))
        reasons = list(found.skipped.values())
    except (FormatError, AppError) as refused:
        reasons = [str(refused)]
    assert len(reasons) == 1
    assert re.search(r"too (?:much|long)|more than [\d,]+|longer than [\d,]+", reasons[0])


def test_a_text_as_large_as_any_client_keeps_is_read() -> None:
    yaml = "extensions:\n" + "".join(
        f"  a{at}:\n    cmd: npx\n    args: [-y, 'p{at}']\n" for at in range(150)
    )
    assert len(server_import.plan(Config(), yaml).entries) == 150
    toml = "".join(f'[mcp_servers.a{at}]\ncommand = "npx"\nargs = ["-y"]\n' for at in range(250))
    projects = "".join(f'[projects."/home/jane/p{at}"]\ntrust = "yes"\n' for at in range(1_000))
    assert len(server_import.plan(Config(), toml + projects).entries) == 250
    json = _servers('"a%05d": {"command": "npx", "args": ["-y", "a", "b", "c"]}, ')(250 * 60)
    assert len(server_import.plan(Config(), json).entries) > 200


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_each_parser_on_100_kb(figure: Figures) -> None:
    """A text that is too long is refused at once, so that shorter ones are tried too."""
    rows = sorted(
        (max(_best(_work(kind), text(size)) for size in _SIZES), name)
        for name, (kind, text) in TEXTS.items()
        if not name.startswith(_APART)
    )
    for took, name in reversed(rows[-12:]):
        figure(f"{name}, 100 KB", took * 1e3, "ms", at_most=50)
    over = sum(took > 0.05 for took, _ in rows)
    figure(f"of {len(rows)} worst texts over 50 ms", over, "", at_most=0)


def _best(work: Parser, text: str) -> float:
    took = spent(work, text)
    return took if took < 0.04 else min(took, spent(work, text, 4))


@pytest.mark.bench
@pytest.mark.anyio
@pytest.mark.timeout(600)
async def test_the_loop_goes_on_while_a_thread_reads(figure: Figures) -> None:
    """Pages, files of clients and lists are read in threads: what counts is the loop beside.

    A gap is counted in processor time of this process, which other processes do not lengthen.
    """
    gaps = []
    for name, (kind, text) in TEXTS.items():
        if not name.startswith((*_APART, "YAML")):
            continue
        _work(kind)(text(100))  # what it imports
        gc.freeze()  # as a server does once it has started
        reading = asyncio.create_task(asyncio.to_thread(_work(kind), text(100_000)))
        gap, before = 0.0, time.process_time()
        while not reading.done():
            await asyncio.sleep(0)
            now = time.process_time()
            gap, before = max(gap, now - before), now
        gc.unfreeze()
        gaps.append((gap, name))
    for gap, name in sorted(gaps, reverse=True)[:6]:
        figure(f"loop gap, {name}, 100 KB", gap * 1e3, "ms", at_most=100)


_APART = ("reading", "page: ", "contacts", "csv: rows", "csv: empty rows", "jsonl: rows")
"""They take time by what they are for, in a thread; rows of an import come 512 at a time."""
_SIZES = (100_000, 49_000, 24_000, 16_000, 12_000, 9_000, 6_000)
