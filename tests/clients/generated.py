"""Files as people and programs write them, in every format, made by hypothesis."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import strategies as st

WORDS = [
    "alpha",
    "theme",
    "préférence",
    "a b",
    "x.y",
    "#no",
    "日本",
    'q"uote',
    "back\\slash",
    "//no",
]
TEXTS = [
    "",
    "plain",
    "/* no */",
    "http://x/y",
    "tab\t",
    "line\nbreak",
    "é😀",
    "{",
    "],",
    "'",
    "null",
]


def _value(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(8 if depth else 6)
    if kind == 6:
        return [_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {f"{rng.choice(WORDS)}{i}": _value(rng, depth - 1) for i in range(rng.randrange(4))}
    return [rng.choice(TEXTS), rng.randrange(-99, 10**6), rng.random() * 1e3, True, False, None][
        kind
    ]


def _document(rng: random.Random, root: str, root_kinds: list[Any]) -> dict[str, Any]:
    document = {f"{rng.choice(WORDS)}{i}": _value(rng, 2) for i in range(rng.randrange(5))}
    root_kind = rng.choice(root_kinds)
    if root_kind != "absent":
        items = list(document.items())
        servers = {f"s{i}": {"command": "c", "args": ["1"]} for i in range(rng.randrange(1, 4))}
        value = {"empty": {}, "null": None, "some": servers}[root_kind]
        items.insert(rng.randrange(len(items) + 1), (root, value))
        document = dict(items)
    return document


class _JsonPen:
    """Renders a value with the habits of one file and, now and then, without any."""

    def __init__(self, rng: random.Random, *, comments: bool, trailing: bool) -> None:
        self.rng = rng
        self.newline = rng.choice(["\n", "\n", "\r\n"])
        self.unit = rng.choice(["  ", "    ", "\t", " ", ""])
        self.flat = rng.random() < 0.2
        self.comments = comments
        self.trailing = trailing and rng.random() < 0.5
        self.wild = rng.random() < 0.3

    def gap(self) -> str:
        if not self.wild or self.rng.random() < 0.7:
            return ""
        choices = [" ", "\t", self.newline, "  "]
        if self.comments:
            choices += [" /* c */ ", f' // c "{self.newline}', f"/* a{self.newline} b */"]
        return self.rng.choice(choices)

    def line(self, depth: int) -> str:
        if self.flat:
            return self.rng.choice(["", " "])
        note = ""
        if self.comments and self.rng.random() < 0.15:
            note = self.rng.choice([" // note, }", " /* note { */"])
        return note + self.newline + self.unit * depth

    def render(self, value: Any, depth: int = 0) -> str:
        if not isinstance(value, (dict, list)):
            return json.dumps(value, ensure_ascii=self.rng.random() < 0.5)
        is_object = isinstance(value, dict)
        opening, closing = "{}" if is_object else "[]"
        if not value:
            return opening + self.gap() + closing
        items = value.items() if is_object else enumerate(value)
        parts = []
        for key, each in items:
            rendered = self.render(each, depth + 1)
            head = f"{json.dumps(key)}{self.gap()}:{self.gap() or ' '}" if is_object else ""
            parts.append(self.line(depth + 1) + head + rendered + self.gap())
        tail = "," + self.gap() if self.trailing else ""
        return opening + ",".join(parts) + tail + self.line(depth) + closing

    def file(self, value: Any) -> str:
        before = self.gap() if self.comments or self.rng.random() < 0.3 else ""
        return before + self.render(value) + self.rng.choice(["", self.newline, self.newline * 2])


@st.composite
def json_files(draw: Any, root: str, dialect: str) -> bytes:
    rng = random.Random(draw(st.integers(0, 2**32)))
    document = _document(rng, root, ["absent", "empty", "null", "some", "some"])
    pen = _JsonPen(rng, comments=dialect != "json", trailing=dialect == "jsonc")
    return pen.file(document).encode()


_TOML_VALUES = [
    '"text"',
    "'literal \\ text'",
    "1_000",
    "0xdead_beef",
    "-1.5e3",
    "nan",
    "true",
    "1979-05-27T07:32:00Z",
    "[1, 2, # comment\n  3,\n]",
    "[]",
    "{ a = 1, b.c = 'x' }",
    '"""multi\n[not.a.table]\nline"""',
    "'''raw\n# no comment\n'''",
]


_TOML_ROOTS = [
    "ROOT = {}",
    "ROOT = { } # none",
    "ROOT = { s0 = { command = '}', args = ['#'] } }  # one",
    "'ROOT' = {s0 = {command = \"c\", env = {}}}",
    "ROOT.s0.command = 'c'",
    "ROOT.s0 = { command = 'c' }",
]
_TOML_LISTS = [
    "ROOT = []",
    "ROOT = [{ command = 'nameless' }]",
    "ROOT = [ # none\n]",
    "ROOT = [{ name = 's0', command = ']' }]  # one",
    'ROOT = [\n  { name = "s0" }, # a ]\n  { name = "s1" }  # no comma\n  # end\n]',
    'ROOT = [\n  { name = "s0" },\n]',
]


def _toml_lines(rng: random.Random, used: set[str], count: int) -> list[str]:
    lines = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.15:
            lines.append(rng.choice(["", "# comment", "  # [not.a.table]", "   "]))
            continue
        name = f"k{len(used)}"
        used.add(name)
        key = rng.choice([name, f'"{name} quoted"', f"{name}.sub", f"{name} . 'x y'"])
        note = rng.choice(["", "", "  # note"])
        value = rng.choice(_TOML_VALUES)
        lines.append(
            f"{rng.choice(['', '', '  '])}{key}{rng.choice([' = ', '=', ' =  '])}{value}{note}"
        )
    return lines


@st.composite
def toml_files(draw: Any, root: str, *, is_list: bool) -> bytes:
    rng = random.Random(draw(st.integers(0, 2**32)))
    used: set[str] = set()
    lines = _toml_lines(rng, used, rng.randrange(5))
    in_place = rng.choice(_TOML_LISTS if is_list else _TOML_ROOTS) if rng.random() < 0.2 else ""
    if in_place:
        lines.insert(0, in_place.replace("ROOT", root))
    for index in range(rng.randrange(4)):
        header = rng.choice(
            [f"[t{index}]", f"[t{index}.sub]", f"[[a{index}]]", f"[ t{index} . 'q q' ]"]
        )
        lines += [header, *_toml_lines(rng, used, rng.randrange(4))]
    for index in range(0 if in_place else rng.choice([0, 0, 1, 2])):
        opening = f"[[{root}]]" if is_list else f"[{root}.s{index}]"
        name = [f'name = "s{index}"'] if is_list else []
        lines += [opening, *name, 'command = "c" # why', 'args = ["1"]']
        if rng.random() < 0.3:
            lines += [f"[{root}.env]" if is_list else f"[{root}.s{index}.env]", 'KEY = "v"']
        lines += rng.choice([[], [""], ["# after"]])
    text = "\n".join(lines) + rng.choice(["", "\n", "\n\n", "\n# end"])
    if rng.random() < 0.3:
        text = text.replace("\n", "\r\n")
    return text.encode()


_YAML_VALUES = [
    "text",
    '"double \\" # no"',
    "'single # no'",
    "12",
    "1.5",
    "true",
    "null",
    "~",
    "",
    "2001-01-01",
    "[1, two, {three: 3}]",
    "{a: 1, b: [x]}",
    "[]",
    "{}",
    "|\n{i}  block # no\n{i}  second\n",
    "|-\n{i}  strip\n\n{i}  after blank\n",
    ">+\n{i}  folded\n{i}  keep\n\n",
    "&anchor{n} anchored",
]


def _yaml_entry(rng: random.Random, name: str, indent: str, depth: int) -> str:
    if depth and rng.random() < 0.3:
        inner = indent + rng.choice(["  ", "    "])
        parts = [
            _yaml_entry(rng, f"{name}_{i}", inner, depth - 1) for i in range(rng.randrange(1, 4))
        ]
        return f"{indent}{name}:{rng.choice(['', ' # why'])}\n" + "".join(parts)
    if depth and rng.random() < 0.2:
        dash = indent + rng.choice(["", "  "])
        return f"{indent}{name}:\n" + "".join(f"{dash}- {i}\n" for i in ("a", "b: 1", "[c]"))
    value = rng.choice(_YAML_VALUES).replace("{i}", indent).replace("{n}", name)
    if value.endswith("\n"):
        return f"{indent}{name}: {value}"
    note = rng.choice(["", "", "  # note"]) if value else ""
    return f"{indent}{name}: {value}{note}\n"


def _yaml_root(rng: random.Random, root: str, *, is_list: bool) -> str:
    kind = rng.choice(["absent", "absent", "null", "empty", "some", "some", "flow"])
    if kind == "null":
        return f"{root}:{rng.choice(['', ' ~', ' null'])}{rng.choice(['', ' # none yet'])}\n"
    if kind == "empty":
        return f"{root}: {'[]' if is_list else '{}'}{rng.choice(['', '  # none'])}\n"
    if kind == "flow":
        item = "{name: s0, command: c}" if is_list else "s0: {cmd: c, args: [a]}"
        return f"{root}: {'[' if is_list else '{'}{item}{']' if is_list else '}'}\n"
    if kind == "absent":
        return ""
    pad = rng.choice(["  ", "    "]) if not is_list else rng.choice(["", "  "])
    out = f"{root}:{rng.choice(['', '', ' # mine', ' &servers'])}\n"
    for index in range(rng.randrange(1, 4)):
        if is_list:
            out += f"{pad}- name: s{index}\n{pad}  command: c\n"
        else:
            out += f"{pad}s{index}:\n{pad}  cmd: c # why\n{pad}  args:\n{pad}    - a\n"
        out += rng.choice(["", "", f"{pad}# between\n", "\n"])
    return out


@st.composite
def yaml_files(draw: Any, root: str, *, is_list: bool) -> bytes:
    rng = random.Random(draw(st.integers(0, 2**32)))
    parts = [_yaml_entry(rng, f"k{i}", "", 2) for i in range(rng.randrange(5))]
    parts.insert(rng.randrange(len(parts) + 1), _yaml_root(rng, root, is_list=is_list))
    notes = ["", "", "", "# comment\n", "\n"]
    text = rng.choice(["", "", "---\n", "# head\n"]) + "".join(p + rng.choice(notes) for p in parts)
    ending = rng.choice(["", "", "# end", "...\n"]) if any(parts) else ""
    if not text.strip():
        text += rng.choice(["", "{}\n", "~\n", "null  # nothing yet"])
    text = text + ending if rng.random() < 0.7 else text.rstrip("\n")
    if rng.random() < 0.25:
        text = text.replace("\n", "\r\n")
    return text.encode()


def files(client: Any) -> st.SearchStrategy[bytes]:
    """Files that this client could have."""
    layout = client.layout
    root = layout.root[0]
    if layout.format == "toml":
        made = toml_files(root, is_list=layout.is_list)
    elif layout.format == "yaml":
        made = yaml_files(root, is_list=layout.is_list)
    else:
        made = json_files(root, layout.format)
    if not layout.bom:
        return made
    return st.builds(
        lambda mark, text: mark + text, st.sampled_from([b"", b"", b"\xef\xbb\xbf"]), made
    )
