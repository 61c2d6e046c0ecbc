"""The texts that the window shows, found in the source: each needs a translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.clients import views
from app.config.settings import shown_fields
from servers.contract import manifest
from servers.contract.server_settings import BY_SERVER, SESSIONS

ROOT = Path(__file__).parents[2]
_NOT_SHOWN = re.compile(
    r"[a-z0-9_.:/-]+|[a-z]+[ :_-](?:\{\}\s?)+"
    r"|[A-Z0-9_]+|[a-z_]+[A-Z]\w*|#\w+|\{\}pt|\S*[A-Z]\w+[._]\w+|\w+-URL|\w+_\w+:"
    r"|.*(?:(?:[{;]|(?<!\{)\})\s*$|%[HMSYdb]|::"
    r"|https?://|[a-z]\(|mcpServers|#sign|Ctrl\+|background:|\*\.csv"
    r"|\\|</?[a-z]+[ >/]|\$ref|0 [a-zA-Z]|\.mcpb).*",
    re.DOTALL,
)
_SENTENCE = re.compile(r"(?!.* WHERE )[A-Z{](?!ELECT|NSERT|ELETE|PDATE)[^\n]{12,}[.?!]")
_HAS_WORD = re.compile(r"[A-Za-z]{2}").search
_TELLS = re.compile(r"Notice|Trouble|Check|Fault|KeyVerdict|\w*Error|not_started")
"""What carries words to a person: a title, a reason, or what to do."""
_FOR_MODELS = ("Remembers which e-mail address", "Search the web, read pages, find and verify")
"""How the instructions begin that the servers give a client's model."""
_NOT_FOR_PEOPLE = {
    "A task of the window failed",
    "The event loop is closed.",
    "Lou could not start",
    "Lou does not start",
    "Escape",
    "edit file",
    "exit end",
    "import claude",
    "secrets keyring",
    "stop start",
    "logs lou",
    "mend launch",
    "mend login",
    "settings log_total_mb",
    "store file",
    "try search web_search",
    "{} to {}",
    "Installed in {}",
    "Lou {}",
    "Lou: {}",
    "Python {}, PySide6 {}, Qt {}",
    "{} h {} min",
    "{} min",
    "{} ms",
    "{}, {} failed, {} each.",
    "{}: {}, {} tools",
    "SystemUsesLightTheme",
    "{} is no value of it",
}
"""Log lines, names of keys and places, and what is only figures."""
_HIDDEN_CALLS = {
    *("getattr", "hasattr", "setObjectName", "setProperty", "property", "getLogger", "PageSpec"),
    *(
        "strftime",
        "QKeySequence",
        "resource",
        "compile",
        "replace",
        "removeprefix",
        "split",
        "join",
    ),
}


def texts() -> set[str]:
    """Every text; `{}` stands for what is put in."""
    found: set[str] = set()
    for path in sorted((ROOT / "app" / "ui").rglob("*.py")):
        found |= set(_shown(ast.parse(path.read_text("utf-8"))))
    return {text for text in (*found, *_of_tables()) if _is_text(text)}


def sentences(*rooms: str) -> set[str]:
    """What the code in `rooms` says in sentences, which the window shows where they arise."""
    found: set[str] = set()
    for room in rooms:
        place = ROOT / room
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            found |= set(_shown(ast.parse(path.read_text("utf-8"))))
    said = {text for text in found if _SENTENCE.fullmatch(text) and _is_text(text)}
    return {text for text in said if not text.startswith(_FOR_MODELS)}


def reasons(*but: str) -> set[str]:
    """What notices, troubles, and errors outside the window say, but for those of `but`."""
    skipped = tuple(ROOT / room for room in ("app/ui", *but))
    found: set[str] = set()
    for path in sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "servers").rglob("*.py")]):
        if not any(path.is_relative_to(room) for room in skipped):
            found |= set(_told(ast.parse(path.read_text("utf-8"))))
    stripped = {text.strip() for text in found}
    return {text for text in stripped if re.search(r"[a-z`}] [a-z`{]", text) and _HAS_WORD(text)}


def _told(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if _TELLS.fullmatch(name):
                for argument in (*node.args, *(word.value for word in node.keywords)):
                    yield from _values(argument)


def _values(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be."""
    if isinstance(node, ast.JoinedStr):
        yield _with_holes(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp | ast.BoolOp | ast.BinOp):
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                yield from _values(part)


def _with_holes(node: ast.JoinedStr) -> str:
    parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
    return "".join(map(str, parts))


def _of_tables() -> Iterator[str]:
    for each in shown_fields():
        yield from (each.metadata["label"], each.metadata["help"], each.metadata["group"])
        yield from each.metadata["choices"].values()
    shown = [each for rows in BY_SERVER.values() for each in rows.values() if each.shown]
    for setting in (*shown, SESSIONS):
        yield from (setting.title, setting.help, *setting.choices.values())
    for server in manifest.SERVERS:
        yield from (server.title, server.purpose)
    yield from (key.purpose for key in manifest.KEYS)
    yield from views._TITLES.values()


def _shown(tree: ast.Module) -> Iterator[str]:
    skipped = set(_docstrings(tree)) | set(_names(tree))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            yield _with_holes(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _names(tree: ast.Module) -> Iterator[int]:
    """What names something in the code: arguments of some calls, parts of f-strings, types."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from (id(part) for part in node.values if isinstance(part, ast.Constant))
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name in _HIDDEN_CALLS or name == "cast":
                arguments = [*node.args, *(word.value for word in node.keywords)]
                yield from (id(part) for argument in arguments for part in ast.walk(argument))
        if isinstance(node, ast.Subscript):
            yield from (id(part) for part in ast.walk(node.slice))


def _is_text(text: str) -> bool:
    words = re.findall(r"[A-Za-z]{2,}", text.replace("{}", " "))
    is_part = text != text.strip()  # the whole that it is put into is looked at in the window
    if is_part or text in _NOT_FOR_PEOPLE:
        return False
    return bool(words) and not _NOT_SHOWN.fullmatch(text.strip()) and len(text) < 700
