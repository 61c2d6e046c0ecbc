"""Files that no program should touch: more than three hundred ways to be broken."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.clients.conftest import row

_GOOD = (
    '{\n  "a": {"b": [1, 2, "x"]},\n  "ROOT": {\n    "s": {"command": "c"}\n  },\n  "z": null\n}\n'
)

_JSON = {
    "a list": "[]",
    "a number": "12",
    "a text": '"text"',
    "null": "null",
    "two documents": "{} {}",
    "a word behind": "{} x",
    "a brace too many": "{}}",
    "a bracket for a brace": '{"a": 1]',
    "a key without quotes": "{a: 1}",
    "single quotes": "{'a': 1}",
    "typographic quotes": "{\u201ca\u201d: 1}",
    "no colon": '{"a" 1}',
    "two colons": '{"a":: 1}',
    "no value": '{"a":}',
    "no comma": '{"a": 1 "b": 2}',
    "two commas": '{"a": 1,, "b": 2}',
    "a comma first": '{,"a": 1}',
    "a comma alone": "{,}",
    "a comma alone in a list": '{"a": [,]}',
    "equals for a colon": '{"a" = 1}',
    "semicolon for a comma": '{"a": 1; "b": 2}',
    "NaN": '{"a": NaN}',
    "Infinity": '{"a": Infinity}',
    "minus Infinity": '{"a": [-Infinity]}',
    "undefined": '{"a": undefined}',
    "True": '{"a": True}',
    "None": '{"a": None}',
    "a plus sign": '{"a": +1}',
    "a leading zero": '{"a": 01}',
    "a bare point": '{"a": .5}',
    "an ending point": '{"a": 1.}',
    "hexadecimal": '{"a": 0x1F}',
    "an exponent without digits": '{"a": 1e}',
    "an underscore in a number": '{"a": 1_000}',
    "an open text": '{"a": "b}',
    "a line break in a text": '{"a": "b\nc"}',
    "a tab in a text": '{"a": "b\tc"}',
    "a NUL in a text": '{"a": "b\0c"}',
    "a NUL behind": '{"a": 1}\0',
    "a NUL before": '\0{"a": 1}',
    "NULs only": "\0" * 64,
    "an unknown escape": '{"a": "\\q"}',
    "half a unicode escape": '{"a": "\\u12"}',
    "an escaped quote at the end": '{"a": "b\\"}',
    "a hash comment": '{\n# no\n"a": 1}',
    "an XML file": "<xml><mcpServers/></xml>",
    "a conflict": '{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> b\n}',
    "a shell prompt": "$ cat file\n{}",
    "a non-breaking space": '{\u00a0"a": 1}',
    "a form feed": '{\f"a": 1}',
    "an open comment": '{"a": 1 /* open }',
    "a slash": '{"a": 1 / 2}',
    "nested too deeply": '{"a":' + "[" * 100_000,
    "closed, but nested too deeply": '{"a":' + "[" * 900 + "]" * 900 + "}",
    "the root twice": '{"ROOT": {}, "ROOT": {}}',
    "a key twice": '{"a": 1, "ROOT": {}, "a": 2}',
    "a server twice": '{"ROOT": {"s": {}, "t": {}, "s": {}}}',
    "the root twice, once escaped": '{"ROOT": {}, "ESCAPED": {}}',
    "the root is a list": '{"ROOT": []}',
    "the root is a text": '{"ROOT": "no"}',
    "the root is a number": '{"ROOT": 0}',
    "the root is true": '{"ROOT": true}',
    "two marks": "\ufeff\ufeff{}",
    "a mark inside": '{"a":\ufeff1}',
    "a text cut short behind many quotes": '{"a": "' + '\\"' * 100_000,
}
_STRICT_ONLY = {
    "a line comment": '{\n  // no\n  "a": 1\n}',
    "a block comment": '{"a": 1 /* no */}',
    "a comment first": '// no\n{"a": 1}',
    "a comment last": '{"a": 1}\n// no',
}
_NO_TRAILING = {
    "a trailing comma": '{"a": 1,}',
    "a trailing comma in a list": '{"a": [1,]}',
    "a trailing comma on its line": '{\n  "a": 1,\n}\n',
    "a trailing comma of the servers": '{"ROOT": {"s": {},}}',
}
_COMMENTED = {
    "many open comments": '{"a": 1 ' + "/* " * 100_000,
    "a comment that ends for some readers": '{ // no\r "ROOT": {},\n"a": 1}',
}
_NO_MARK = {"a byte order mark": '\ufeff{"a": 1}'}
_TOML = {
    "a key twice": "a = 1\na = 2\n",
    "a table twice": "[a]\n[a]\n",
    "a table over a value": "a = 1\n[a]\n",
    "an open header": "[a\nb = 1\n",
    "an empty header": "[]\n",
    "a header with a point": "[a.]\n",
    "a word behind a header": "[a] b\n",
    "no value": "a =\n",
    "no key": "= 1\n",
    "no equals": "a 1\n",
    "a colon": "a: 1\n",
    "two values": "a = 1 2\n",
    "an open text": 'a = "b\n',
    "an open literal": "a = 'b\n",
    "an open multi-line text": 'a = """b\n',
    "a word as value": "a = yes\n",
    "True": "a = True\n",
    "null": "a = null\n",
    "an open list": "a = [1, 2\n",
    "a comma first": "a = [, 1]\n",
    "two commas": "a = [1,, 2]\n",
    "an open inline table": "a = { b = 1\n",
    "a line break in an inline table": "a = { b = 1,\n c = 2 }\n",
    "a trailing comma in an inline table": "a = { b = 1, }\n",
    "a leading zero": "a = 01\n",
    "a bare point": "a = .5\n",
    "two underscores": "a = 1__0\n",
    "an impossible date": "a = 2024-13-40\n",
    "an unknown escape": 'a = "\\q"\n',
    "a NUL": "a = 1\n\0",
    "a control character": 'a = "\x01"\n',
    "a bare carriage return": "a = 1\rb = 2\n",
    "an inline table added to": "a = { b = 1 }\n[a.c]\nd = 1\n",
    "a list of tables over a table": "[a]\n[[a]]\n",
    "JSON": '{"a": 1}',
    "a conflict": "<<<<<<< HEAD\na = 1\n",
    "a mark twice": "\ufeff\ufeffa = 1\n",
    "nested too deeply": "a = " + "[" * 100_000,
    "keys of too many parts": f"[{'.'.join('a' * 2_000)}]\n",
    "a root that is a text": 'ROOT = "no"\n',
    "a root that is a number": "ROOT = 1\n",
    "a root of lists": "ROOT = [[]]\n[ROOT.s]\n",
    "a root that is both": "ROOT = [{}]\n[[ROOT]]\n",
}
_YAML = {
    "a tab as indent": "a:\n\tb: 1\n",
    "an open list": "a: [1, 2\n",
    "an open mapping": "a: {b: 1\n",
    "a bracket too many": "a: 1]\n]\n",
    "an open text": 'a: "b\n',
    "an open literal": "a: 'b\n",
    "two values on a line": "a: b: c\n",
    "a wrong indent": "a:\n    b: 1\n  c: 2\n",
    "a list in a mapping": "a: 1\n- b\n",
    "a mapping in a list": "- a\nb: 1\n",
    "a key twice": "a: 1\nb: 2\na: 3\n",
    "a key twice inside": "a:\n  b: 1\n  b: 2\n",
    "the root twice": "ROOT:\nROOT:\n",
    "an unknown alias": "a: *b\n",
    "an alias to itself": "a: &a [*a]\n",
    "a percent": "%bad\na: 1\n",
    "an at sign": "a: @b\n",
    "a backtick": "a: `b`\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "two documents with an end": "a: 1\n...\n---\nb: 2\n",
    "a list": "- a\n- b\n",
    "a text": "just a text\n",
    "a number": "12\n",
    "a NUL": "a: 1\n\0",
    "a control character": "a: \x01\n",
    "an unknown escape": 'a: "\\q"\n',
    "a conflict": "<<<<<<< HEAD\na: 1\n=======\n",
    "a question without an answer": "? [a\n",
    "a multiplying page": "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n"
        for a, b in zip("abcdefg", "bcdefgh", strict=True)
    ),
    "nested too deeply": "a: " + "[" * 3000,
    "blocks nested too deeply": "".join(f"{' ' * depth}a:\n" for depth in range(600)),
    "a root that is a text": "ROOT: no\n",
    "a root that is a number": "ROOT: 1\n",
    "a root that is an alias": "a: &x {b: {c: 1}}\nROOT: *x\n",
}
_BYTES = {
    "UTF-16 little end": '{"a": 1}'.encode("utf-16"),
    "UTF-16 big end": b"\xfe\xff" + '{"a": 1}'.encode("utf-16-be"),
    "UTF-16 without a mark": '{"a": "b"}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "Latin-1 comment": "a = 1 # é\n".encode("latin-1"),
    "half a character": b'{"a": "\xe2\x82"}',
    "an overlong slash": b'{"a": "\xc0\xaf"}',
    "a surrogate": b'{"a": "\xed\xa0\x80"}',
    "a zip file": b"PK\x03\x04" + bytes(range(256)),
    "random bytes": bytes((i * 151 + 7) % 256 for i in range(512)),
    "gzip": b"\x1f\x8b\x08\x00" + b"\xff" * 30,
}


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken file of one client."""

    name: str
    client: str
    make: Callable[[Path], None]
    has_position: bool = True


_CLIENTS = {
    "claude-desktop": "json",
    "gemini-cli": "json+comments",
    "zed": "jsonc",
    "codex": "toml",
    "vibe": "toml",
    "goose": "yaml",
    "continue": "yaml",
}


def every() -> Iterator[Broken]:
    """All of them."""
    for client, kind in _CLIENTS.items():
        for name, text in _texts(client, kind):
            yield _file(client, name, _filled(client, text))
        for name, content in _BYTES.items():
            yield _file(client, name, content)
        for name, make in _PLACES.items():
            yield Broken(f"{client}: {name}", client, make, has_position=False)


def _filled(client: str, text: str) -> bytes:
    root = row(client).layout.root[0]
    escaped = f"\\u{ord(root[0]):04x}{root[1:]}"
    return text.replace("ROOT", root).replace("ESCAPED", escaped).encode()


def _file(client: str, name: str, content: bytes) -> Broken:
    return Broken(f"{client}: {name}", client, lambda path: _write(path, content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _texts(client: str, kind: str) -> Iterator[tuple[str, str]]:
    if kind == "toml":
        yield from _TOML.items()
        yield from _cut_short('a = "text"\nb = [1, { c = 2 }]\n[t]\n"d" = """\nx"""\n', _is_toml, 1)
        return
    if kind == "yaml":
        yield from _YAML.items()
        yield from (
            (f"cut at {at}", 'a: "text" \nb: [1, {c: 2}]\n'[:at]) for at in (4, 6, 16, 18, 20, 22)
        )
        return
    yield from _JSON.items()
    yield from _NO_TRAILING.items() if kind != "jsonc" else ()
    yield from _STRICT_ONLY.items() if kind == "json" else _COMMENTED.items()
    yield from _NO_MARK.items() if not row(client).layout.bom else ()
    yield from ((f"cut at {at}", _GOOD[:at]) for at in range(1, len(_GOOD) - 1, 6))


def _cut_short(text: str, is_good: Callable[[str], bool], step: int) -> Iterator[tuple[str, str]]:
    for at in range(1, len(text), step):
        if not is_good(text[:at]):
            yield f"cut at {at}", text[:at]


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _dangling(path: Path) -> None:
    path.symlink_to(path.with_name("gone"))


def _loop(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def _to_folder(path: Path) -> None:
    path.with_name("folder").mkdir()
    path.symlink_to(path.with_name("folder"))


def _too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(65 << 20)


_PLACES: dict[str, Callable[[Path], None]] = {
    "a folder": lambda path: path.mkdir(),
    "a dangling link": _dangling,
    "a link to itself": _loop,
    "a link to a folder": _to_folder,
    "a pipe": os.mkfifo,
    "far too large": _too_large,
}
