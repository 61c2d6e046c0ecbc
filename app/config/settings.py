"""The settings of the app: fields with default, label, help, choices and bounds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from functools import partial
from types import MappingProxyType
from typing import Any

from app.errors import SettingsError


def _setting(
    default: Any,
    label: str,
    help: str,  # noqa: A002 - the word the dialog and the docs use
    *,
    group: str,
    choices: Mapping[str, str] = MappingProxyType({}),
    bounds: tuple[int, int] | None = None,
    shown: bool = True,
) -> Any:
    words = {"label": label, "help": help, "group": group, "shown": shown}
    return field(default=default, metadata={**words, "choices": choices, "bounds": bounds})


_start = partial(_setting, group="Start")
_window = partial(_setting, group="Window")
_clients = partial(_setting, group="Clients")
_keys = partial(_setting, group="Keys")
_logs = partial(_setting, group="Logs")
_calls = partial(_setting, group="Calls")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. The dialog, the documents and the checks are made from these fields."""

    start_at_login: bool = _start(
        False, "Start Lou when I log in", "Lou waits in the tray, ready for your clients."
    )
    start_with_client: bool = _start(
        True,
        "Start Lou when a client needs it",
        "A client that calls a server while Lou is not running starts Lou.",
    )
    keep_running: bool = _start(
        True,
        "Keep running when the window is closed",
        "Lou stays in the tray. Without a tray the window never hides.",
    )
    ask_for_updates: bool = _start(
        False,
        "Tell me about new versions",
        "Once a day Lou asks the address below, and says nothing of you.",
    )
    update_address: str = _start(
        "",
        "Address for new versions",
        "A JSON file with version and notes, of somebody you trust. Empty: nobody is asked.",
    )
    theme: str = _window(
        "system",
        "Appearance",
        "Follow the desktop, or always light or dark.",
        choices={"system": "As the desktop", "light": "Light", "dark": "Dark"},
    )
    language: str = _window(
        "system",
        "Language",
        "Of the window, from the next start of Lou on.",
        choices={"system": "As the desktop", "en": "English", "de": "Deutsch"},
    )
    tray_icon: str = _window(
        "auto",
        "Tray icon",
        "Its outline shows on any panel; choose a shade where the icon is hard to see.",
        choices={"auto": "As the panel", "light": "Light", "dark": "Dark"},
    )
    notifications: bool = _window(
        True,
        "Show notifications",
        "One for each server that fails for good, key that is refused, or lost client entry.",
    )
    guard_clients: bool = _clients(
        True, "Repair client files", "Put Lou's own entry back when a client loses it."
    )
    repair_clients: bool = _clients(
        False,
        "Repair moved entries without asking",
        "After Lou was moved, write its new place into the clients' files at the next start.",
    )
    key_store: str = _keys(
        "system",
        "Keep keys in",
        "The keyring of this computer, or a file that your passphrase encrypts. Your keys move.",
        choices={"system": "The keyring", "file": "An encrypted file"},
    )
    log_level: str = _logs(
        "INFO",
        "Log level",
        "What is kept from here up.",
        choices={"DEBUG": "Debug", "INFO": "Info", "WARNING": "Warning", "ERROR": "Error"},
    )
    log_total_mb: int = _logs(
        200,
        "Log size in MB",
        "The oldest lines of all servers together go first.",
        bounds=(5, 10_000),
    )
    metrics_days: int = _logs(30, "Days of metrics", "How long figures are kept.", bounds=(1, 366))
    debug: bool = _logs(False, "Debug mode", "Errors carry a redacted stack trace.")
    keep_calls: bool = _calls(
        True,
        "Keep what calls asked and got",
        "For the page Calls, on this computer alone, without secrets and e-mail addresses. "
        "Off: none is kept, and those kept are deleted.",
    )
    calls_total_mb: int = _calls(
        100, "Calls in MB", "The oldest calls go first.", bounds=(5, 10_000)
    )
    calls_days: int = _calls(7, "Days of calls", "How long calls are kept.", bounds=(1, 366))
    welcome_seen: bool = _window(
        False, "Welcome was shown", "Lou shows it again when this is off.", shown=False
    )
    update_question_seen: bool = _start(
        False,
        "New versions were asked about",
        "The welcome asks once whether Lou may ask, and only if there is an address to ask.",
        shown=False,
    )
    servers: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, metadata={"shown": False, "label": "", "help": "", "group": ""}
    )
    """The part of each server, unchanged: `settings.search`, `settings.tracker`, ..."""

    def of(self, server: str) -> dict[str, Any]:
        return dict(self.servers.get(server, {}))


def shown_fields() -> tuple[Field[Any], ...]:
    """The fields that a person edits, in the order of the dialog."""
    return tuple(each for each in fields(Settings) if each.metadata["shown"])


def problem_with(each: Field[Any], value: Any) -> str:
    """Why `value` cannot be the value of the field, as a sentence; empty when it can."""
    if type(value) is not type(each.default):
        return f"`{each.name}` must be {_KINDS[type(each.default)]}, not {value!r:.40}."
    choices = each.metadata["choices"]
    if choices and value not in choices:
        return f"`{each.name}` must be one of {', '.join(choices)}, not {value!r:.40}."
    bounds = each.metadata["bounds"]
    if bounds and not bounds[0] <= value <= bounds[1]:
        return f"`{each.name}` must be between {bounds[0]} and {bounds[1]}, not {value}."
    return ""


def parse(
    found: Mapping[str, Any], servers: frozenset[str], before: Settings
) -> tuple[Settings, dict[str, str]]:
    """The settings in `found`, those of `before` for invalid ones, and a sentence for each."""
    taken: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for each in _own_fields():
        if each.name in found:
            problem = problem_with(each, found[each.name])
            if problem:
                kept = taken[each.name] = getattr(before, each.name)
                wrong[each.name] = f"{problem} {kept!r} is used."
            else:
                taken[each.name] = found[each.name]
    own: dict[str, Any] = {}
    for name, part in found.items():
        if name in servers and isinstance(part, dict):
            own[name] = part
        elif name in servers:
            wrong[name] = _not_an_object(name)
            own |= {name: before.servers[name]} if name in before.servers else {}
    return Settings(**taken, servers=own), wrong


def merge(found: Mapping[str, Any], settings: Settings, before: Settings) -> dict[str, Any]:
    """`found` with all changes from `before` to `settings`; unknown keys stay.

    Raises:
        SettingsError: a value is invalid, or would replace a part that is no object.
    """
    merged = dict(found)
    for each in _own_fields():
        value = getattr(settings, each.name)
        if value == getattr(before, each.name):
            continue
        problem = problem_with(each, value)
        if problem:
            raise SettingsError(problem, "Choose an allowed value.", code="bad_value")
        merged[each.name] = value
    for name, part in settings.servers.items():
        if part != before.servers.get(name):
            if not isinstance(merged.get(name, {}), dict):
                raise SettingsError(_not_an_object(name), "Mend config.json.", code="bad_entry")
            merged[name] = dict(part)
    return merged


def _not_an_object(name: str) -> str:
    return f"`settings.{name}` is not an object."


def _own_fields() -> tuple[Field[Any], ...]:
    return tuple(each for each in fields(Settings) if each.name != "servers")


_KINDS = {bool: "true or false", int: "a whole number", str: "a text"}
