"""Every setting that a person edits: the app's own fields, then those of the embedded servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from app.config.config_model import Config
from app.config.settings import shown_fields
from app.ui.form_fields import Field, Kind
from app.ui.schema_fields import from_settings


@dataclass(frozen=True, slots=True)
class SettingChoice:
    """One setting: how it is asked for, and where it is in the configuration."""

    field: Field
    read: Callable[[Config], Any]
    write: Callable[[Config, Any], Config]


def choices() -> tuple[SettingChoice, ...]:
    """All of them, in the order of the page."""
    own = tuple(_of_app(field) for field in from_settings(shown_fields()))
    return (*own, *(_of_server(*row) for row in _SERVERS))


def with_own(config: Config, server: str, changes: Mapping[str, Any]) -> Config:
    """`config` with some of the own settings of `server` changed."""
    own = {**config.settings.of(server), **changes}
    return config.with_settings(servers={**config.settings.servers, server: own})


def _of_app(field: Field) -> SettingChoice:
    name = field.name
    return SettingChoice(
        field,
        lambda config: getattr(config.settings, name),
        lambda config, value: config.with_settings(**{name: value}),
    )


def _of_server(server: str, path: tuple[str, ...], field: Field) -> SettingChoice:
    *folders, last = path

    def read(config: Config) -> Any:
        part: Any = config.settings.of(server)
        for name in folders:
            part = part.get(name) if isinstance(part.get(name), Mapping) else {}
        return part.get(last, field.default)

    def write(config: Config, value: Any) -> Config:
        changed = {last: value}
        for depth in range(len(folders), 0, -1):
            part: Any = config.settings.of(server)
            for name in folders[:depth]:
                part = part.get(name) if isinstance(part.get(name), Mapping) else {}
            changed = {folders[depth - 1]: {**part, **changed}}
        return with_own(config, server, changed)

    return SettingChoice(field, read, write)


def _row(  # noqa: PLR0917 - one column of the table each
    server: str,
    path: str,
    kind: Kind,
    title: str,
    help: str,  # noqa: A002 - the word of Field
    *,
    default: Any,
    choices: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, tuple[str, ...], Field]:
    parts = tuple(path.split("."))
    group = server.capitalize()
    field = Field(
        parts[-1],
        kind,
        title,
        help,
        default=default,
        choices=tuple(choices),
        words=tuple(choices.values()),
        group=group,
    )
    return server, parts, field


_SERVERS = (
    _row(
        "search",
        "keyless",
        Kind.SWITCH,
        "Use providers that need no key",
        "When no key is set, or those with a key cannot answer.",
        default=True,
    ),
    _row(
        "search",
        "library.enabled",
        Kind.SWITCH,
        "Keep a library for when nobody answers",
        "Pages and results seen are kept on this computer, to be searched without a network.",
        default=True,
    ),
    _row(
        "search",
        "fetch_page.robots",
        Kind.SWITCH,
        "Respect robots.txt",
        "Leave pages alone that ask programs to stay away.",
        default=True,
    ),
    _row(
        "search",
        "searxng.base_url",
        Kind.TEXT,
        "Your SearXNG",
        "The address of a SearXNG of your own; empty for none.",
        default="",
    ),
    _row(
        "tracker",
        "store",
        Kind.CHOICE,
        "Keep tracked entries in",
        "Automatic: Firestore when its account is among the keys, else this computer.",
        default="auto",
        choices={"auto": "Automatic", "sqlite": "This computer", "firestore": "Firestore"},
    ),
    _row(
        "tracker",
        "exchange_folder",
        Kind.TEXT,
        "Folder for import and export",
        "The only folder in which clients may read and write files of entries; empty for none.",
        default="",
    ),
    _row(
        "tracker",
        "strip_tracking_parameters",
        Kind.SWITCH,
        "Ignore tracking parameters of addresses",
        "The same page with and without utm_source and its like is one entry.",
        default=True,
    ),
    _row(
        "tracker",
        "fold_plus_tag",
        Kind.SWITCH,
        "Treat name+tag@ as name@",
        "Both count as the same person.",
        default=False,
    ),
)
