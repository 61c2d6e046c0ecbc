"""Every setting that a person edits in the window, as form fields.

The app's own come from app/config/settings.py, those of the servers from
servers/contract/server_settings.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.config.config_model import Config
from app.config.settings import shown_fields
from app.ui.form_fields import Field, Kind
from app.ui.schema_fields import from_settings
from servers.contract.server_settings import BY_SERVER, ServerSetting

_KINDS = {bool: Kind.SWITCH, str: Kind.TEXT}


@dataclass(frozen=True, slots=True)
class SettingChoice:
    """One setting: how it is asked for, and where it is in the configuration."""

    field: Field
    read: Callable[[Config], Any]
    write: Callable[[Config, Any], Config]


def choices() -> tuple[SettingChoice, ...]:
    """All of them, in the order of the page."""
    own = tuple(_of_app(field) for field in from_settings(shown_fields()))
    servers = (
        _of_server(server, setting)
        for server, settings in BY_SERVER.items()
        for setting in settings.values()
        if setting.shown
    )
    return (*own, *servers)


def field_of(setting: ServerSetting, *, group: str = "") -> Field:
    return Field(
        setting.path.rpartition(".")[2],
        Kind.CHOICE if setting.choices else _KINDS[type(setting.default)],
        setting.title,
        setting.help,
        default=setting.default,
        choices=tuple(setting.choices),
        words=tuple(setting.choices.values()),
        group=group,
    )


def _of_app(field: Field) -> SettingChoice:
    name = field.name
    return SettingChoice(
        field,
        lambda config: getattr(config.settings, name),
        lambda config, value: config.with_settings(**{name: value}),
    )


def _of_server(server: str, setting: ServerSetting) -> SettingChoice:
    *folders, last = setting.path.split(".")
    field = field_of(setting, group=server.capitalize())

    def part_at(config: Config, names: Sequence[str]) -> Any:
        part: Any = config.settings.of(server)
        for name in names:
            part = part.get(name) if isinstance(part.get(name), Mapping) else {}
        return part

    def read(config: Config) -> Any:
        return part_at(config, folders).get(last, field.default)

    def write(config: Config, value: Any) -> Config:
        changed = {last: value}
        for depth in range(len(folders), 0, -1):
            changed = {folders[depth - 1]: {**part_at(config, folders[:depth]), **changed}}
        return config.with_own(server, changed)

    return SettingChoice(field, read, write)
