"""Plans the import of servers from a client's text: fills in placeholders, takes secrets out."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.clients.imports import foreign_entries, foreign_servers, placeholders
from app.clients.imports.foreign_entries import NoServerError, PlainEntry
from app.clients.imports.foreign_servers import ForeignServer
from app.config import config_model, secret_values
from app.config.config_model import Config, ServerEntry
from app.errors import SettingsError
from app.formats.spans import FormatError
from servers.contract import harmless, manifest

HOME = "your home folder"
"""Said of a server that names no folder."""
_OURS = re.compile(r"lou-connect|servers[\\/]bridge[\\/]__main__\.py$")
_MOST_TEXTS = 3_000
"""Arguments, variables and headers of all servers of one text."""
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class ServerImport:
    """The entries to add, and the secrets that they held in plain text, by key name."""

    entries: Mapping[str, ServerEntry] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    """By name, why an entry was left out."""
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By name, what a person should know: why an entry is off, what stays in plain text."""

    def joined(self, config: Config) -> Config:
        return replace(config, servers={**config.servers, **self.entries})


def plan(
    config: Config, text: str, keys: Iterable[str] = (), values: Mapping[str, str] | None = None
) -> ServerImport:
    """The import of the servers in another client's configuration, of any format.

    `values` are the variables for placeholders. A new secret gets a name that is not among `keys`,
    the keys that Lou knows, and the keys in use.

    Raises:
        SettingsError: the text is no configuration of a client.
    """
    used = {name for entry in config.servers.values() for name in entry.references()}
    names = _KeyNames({*used, *keys, *(key.name for key in manifest.KEYS)})
    entries: dict[str, ServerEntry] = {}
    skipped: dict[str, str] = {}
    notes: dict[str, tuple[str, ...]] = {}
    texts = 0
    numbers: dict[str, Iterator[int]] = {}
    for server in found_in(text):
        name = _name(server, entries, numbers)
        one = _One(name, server, _values(values or {}, server), names)
        try:
            entries[name] = one.entry(config)
        except NoServerError as refused:
            skipped[server.name] = str(refused)
        except SettingsError as refused:
            skipped[server.name] = refused.title
        else:
            notes[name] = tuple(one.notes)
        texts += one.texts
        if texts > _MOST_TEXTS:
            raise _unreadable(f"Its servers have more than {_MOST_TEXTS:,} arguments.")
    wanted = {key for entry in entries.values() for key in entry.references()}
    secrets = {key: value for key, value in names.secrets.items() if key in wanted}
    return ServerImport(entries, secrets, skipped, notes)


def found_in(text: str) -> list[ForeignServer]:
    """The servers in `text`; raises SettingsError if the text holds none, or cannot be read."""
    try:
        found = foreign_servers.find(text)
    except FormatError as broken:
        where = f"Line {broken.line}, column {broken.column}: " if broken.line else ""
        raise _unreadable(f"{where}{broken.reason}") from None
    if not found:
        raise SettingsError(
            "No servers were found in this file.",
            "It should have an object called `mcpServers`, or what your client calls it.",
            code="bad_file",
        )
    once: dict[tuple[str, str], ForeignServer] = {}
    for each in found:
        once.setdefault(_identity(each), each)
    return list(once.values())


def _unreadable(reason: str) -> SettingsError:
    hint = "Give the configuration of a client: JSON, TOML or YAML."
    return SettingsError(f"This cannot be read. {reason}", hint, code="bad_file")


def _identity(server: ForeignServer) -> tuple[str, str]:
    """What is equal for one server in several projects."""
    return server.name, json.dumps(server.entry, sort_keys=True, default=repr)


def _name(
    server: ForeignServer, taken: Mapping[str, ServerEntry], numbers: dict[str, Iterator[int]]
) -> str:
    """A name that is not `taken`; `numbers` continue those of equal names."""
    plain = _plain_name(server.name)
    if not plain and isinstance(server.entry, Mapping):
        plain = _plain_name(foreign_servers.name_of(server.entry)) or "server"
    return _free(plain, f"{plain[:29]}-", taken, numbers)


def _free(wanted: str, stem: str, taken: Container[str], numbers: dict[str, Iterator[int]]) -> str:
    """`wanted`, or else `stem` with the next of its `numbers`, that is not `taken`."""
    if wanted not in taken:
        return wanted
    names = (f"{stem}{number}" for number in numbers.setdefault(stem, itertools.count(2)))
    return next(name for name in names if name not in taken)


def _plain_name(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9_-]+", "-", letters).strip("-")[:32]
    return f"{plain}-server" if harmless.is_device(plain) else plain


def _values(values: Mapping[str, str], server: ForeignServer) -> dict[str, str]:
    known = {"userHome": str(Path.home()), "pathSeparator": os.sep, "/": os.sep}
    if server.folder:
        known |= {"workspaceFolder": server.folder, "workspaceRoot": server.folder}
    return {**known, **values}


class _KeyNames:
    """Makes key names that tell their purpose and are not in use."""

    def __init__(self, used: set[str]) -> None:
        self._used = used
        self._numbers: dict[str, Iterator[int]] = {}
        self.secrets: dict[str, str] = {}

    def add(self, wanted: str, value: str = "") -> str:
        """A placeholder of the key for `value`; a key with an empty value is still to be set."""
        plain = re.sub(r"[^A-Z0-9_]|^(?=[0-9])", "_", wanted.upper())[:60]
        name = _free(plain, f"{plain}_", self._used, self._numbers)
        self._used.add(name)
        if value:
            self.secrets[name] = value
        return f"${{keyring:{name}}}"


class _One:
    """The import of one server; `notes` collect what a person should know.

    `texts` counts its arguments, variables and headers.
    """

    def __init__(
        self, name: str, server: ForeignServer, values: Mapping[str, str], names: _KeyNames
    ) -> None:
        self._name = name
        self._server = server
        self._values = values
        self._names = names
        self._open: list[str] = []
        self.notes: list[str] = []
        self.texts = 0

    def entry(self, config: Config) -> ServerEntry:
        """The entry as it goes into `config`.

        Raises:
            NoServerError: Lou cannot start it, or its name is taken.
            SettingsError: the entry is not valid in Lou.
        """
        if self._name in config.servers:
            raise NoServerError("A server of this name is there already.")
        made = foreign_entries.plain(self._server)
        self.texts = len(made.args) + len(made.env) + len(made.headers)
        if _is_ours(made):
            raise NoServerError("It is Lou's own entry.")
        self._open += made.missing
        self._note_borrowed(made)
        foreign_entries.into_environment(made)
        document: dict[str, Any] = {
            "command": self._place("the command", made.command),
            "args": self._arguments(made),
            "cwd": self._place("the folder", made.cwd) or self._project(made),
            "env": {key: self._kept(key, text) for key, text in made.env.items()},
            "url": self._kept("url", made.url),
            "headers": {key: self._kept(key, text) for key, text in made.headers.items()},
            "disabledTools": made.disabled_tools,
        }
        entry = config_model.parse_entry(self._name, document)
        self.notes += (f"{each}." for each in left_in_clear(entry))
        if made.is_off:
            self.notes.insert(0, "It is switched off in that file, and stays so.")
        if self._open:
            self.notes.append(
                f"It stays switched off, since {'; '.join(self._open)}. "
                f"Then switch it on: lou enable {self._name}"
            )
        return replace(entry, disabled=made.is_off or bool(self._open))

    def _project(self, made: PlainEntry) -> str:
        folder = self._server.folder
        return folder if made.command and folder and Path(folder).is_dir() else ""

    def _place(self, what: str, text: str) -> str:
        """A command or a folder, which stays in plain text."""
        if text.startswith(("~/", "~\\")):
            text = str(Path.home()) + text[1:]
        filled = placeholders.fill(text, self._values)
        self._open += (
            f"{what} asks for {each}: write it in config.json" for each in filled.missing
        )
        return filled.text

    def _arguments(self, made: PlainEntry) -> list[str]:
        script = placeholders.script_start(tuple(made.words()))
        own = frozenset(made.env) if foreign_entries.remote_at(made) else frozenset()
        return [
            word if index >= script else self._argument(word, own)
            for index, word in enumerate(made.args, 1)
        ]

    def _argument(self, word: str, own: frozenset[str]) -> str:
        filled = placeholders.fill(word, self._values, own)
        secret = [name for name in filled.used if secret_values.says_secret(name)]
        if secret:
            self._open.append(
                f"an argument asks for {secret[0]}, which everybody on this computer could read "
                "there: give it as a variable in `env`, if the server takes it so"
            )
            return word
        self._open += (
            f"an argument asks for {each}: write it in config.json" for each in filled.missing
        )
        return filled.text

    def _kept(self, name: str, text: str) -> str:
        """A variable, header or address, with placeholders of keys instead of its secrets."""
        filled = placeholders.fill(text, self._values)
        if filled.missing:
            return self._with_open(name, filled)
        text = filled.text
        spans = secret_values.spans_of(name, text)
        if any(map(secret_values.says_secret, filled.used)) and text and not spans:
            spans = ((0, len(text)),)
        if spans and text.lstrip()[:1] in "{[":
            spans = ((0, len(text)),)
        whole = text
        for start, end in reversed(spans):
            key = self._names.add(f"{self._name}_{name}", whole[start:end])
            text = text[:start] + key + text[end:]
        return text

    def _with_open(self, name: str, filled: placeholders.Filled) -> str:
        """The text with keys that are still to be set, where the client would have asked."""
        text = filled.text
        for each in filled.missing:
            if placeholders.is_prompt(each) or secret_values.says_secret(name):
                part = each if placeholders.is_prompt(each) else _stub_in(text, each)
                key = self._names.add(f"{self._name}_{name}")
                text = text.replace(part, key)
                setting = f"lou keys set {key[len('${keyring:') : -1]}"
            else:
                setting = "write it in config.json"
            self._open.append(f"{name} asks for {each}: {setting}")
        return text

    def _note_borrowed(self, made: PlainEntry) -> None:
        texts = (*made.env.values(), *made.headers.values(), made.url)
        borrowed = {key for text in texts for key in config_model.REFERENCE.findall(text)}
        self.notes += (f"It asks for your key {key}, and gets it." for key in sorted(borrowed))


def _stub_in(text: str, stub: str) -> str:
    """The part of the text that is an example: all but a scheme in front."""
    scheme = re.match(r"(?:Bearer|Basic|Token)\s+", text)
    return text[scheme.end() :] if scheme else text if "://" not in text else stub


def _is_ours(made: PlainEntry) -> bool:
    words = made.words()
    program = re.split(r"[\\/]", made.command)[-1].removesuffix(".exe")
    is_bridge = program == "lou" and made.args[:1] == ["connect"]
    return is_bridge or program == config_model.EMBEDDED_COMMAND or any(map(_OURS.search, words))


def left_in_clear(entry: ServerEntry) -> list[str]:
    """The secrets that are in plain text in the entry, as sentences without a full stop."""
    found = []
    shown = [
        _where(entry.args, at)
        for at, spans in enumerate(secret_values.argument_spans(entry.args))
        if spans
    ]
    if shown:
        found.append(
            f"A secret stays in {' and '.join(shown)}, where every program and user of this "
            "computer can read it while the server runs"
        )
    plain = [name for name, text in entry.env.items() if secret_values.spans_of(name, text)]
    plain += [name for name, text in entry.headers.items() if secret_values.spans_of(name, text)]
    plain += ["url"] if secret_values.spans_of("url", entry.url) else []
    if plain:
        found.append(f"{', '.join(plain)} stays in config.json in plain text")
    return found


def _where(words: Sequence[str], at: int) -> str:
    if at and words[at - 1].startswith("-"):
        return f"the argument after {words[at - 1]:.60}"
    option, sign, _ = words[at].partition("=")
    return f"the argument {option:.60}" if sign and "/" not in option else f"argument {at + 1}"


def preview(planned: ServerImport) -> list[dict[str, Any]]:
    """Each server as it would be added, without secrets."""
    return [described(name, entry, planned.notes[name]) for name, entry in planned.entries.items()]


def described(name: str, entry: ServerEntry, notes: Sequence[str] = ()) -> dict[str, Any]:
    """One server with exactly what would be started, its secrets masked."""
    return {
        "name": name,
        "starts": not entry.disabled,
        "command": config_model.masked_words(entry),
        "cwd": entry.cwd,
        "env": _shown(entry.env),
        "headers": _shown(entry.headers),
        "disabled_tools": list(entry.disabled_tools),
        "notes": list(notes),
    }


def _shown(table: Mapping[str, str]) -> dict[str, str]:
    return {
        name: secret_values.masked(text, secret_values.spans_of(name, text))
        for name, text in table.items()
    }


def lines(server: Mapping[str, Any]) -> list[str]:
    found = [f"{server['name']} ({'starts at once' if server['starts'] else 'stays switched off'})"]
    is_web = bool(re.match(r"https?://", server["command"][0])) and len(server["command"]) == 1
    words = server["command"][0] if is_web else shlex.join(server["command"])
    found.append(f"  {'connects to' if is_web else 'runs'}: {words}")
    if not is_web:
        found.append(f"  in the folder: {server['cwd'] or HOME}")
    for title, key in (("variable", "env"), ("header", "headers")):
        found += (f"  {title}: {name} = {text}" for name, text in server[key].items())
    if server["disabled_tools"]:
        found.append(f"  tools switched off: {', '.join(server['disabled_tools'])}")
    found += (f"  note: {note}" for note in server["notes"])
    return [_UNSEEN.sub(lambda odd: f"\\u{ord(odd[0]):04x}", line) for line in found]
