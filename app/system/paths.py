"""The paths of the files of Lou. When LOU_HOME is set, all are below it."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from servers.contract import endpoint

_APP = "lou"


def config_file() -> Path:
    """`config.json`: the servers and the settings."""
    return _config() / "config.json"


def data_folder(*parts: str) -> Path:
    """Data that must be kept: entries of the tracker, client backups, metrics history."""
    return _folder(Path(platformdirs.user_data_dir(_APP, appauthor=False)), "data", *parts)


def log_folder() -> Path:
    """The log files: those of each server, and of the app."""
    return _folder(Path(platformdirs.user_log_dir(_APP, appauthor=False)), "logs")


def cache_folder(*parts: str) -> Path:
    """Files that may be deleted at any time."""
    return _folder(Path(platformdirs.user_cache_dir(_APP, appauthor=False)), "cache", *parts)


def state_folder() -> Path:
    """Files that the bridge must find without any environment; see servers.contract.endpoint."""
    return Path(endpoint.state_folder())


def run_folder() -> Path:
    """Sockets, the lock and run files; empty while Lou does not run."""
    return Path(endpoint.run_folder())


def resource(*parts: str) -> Path:
    """A file of `resources/`, in an installed package or in a checkout."""
    installed = Path(__file__).parents[1] / "resources"
    base = installed if installed.is_dir() else Path(__file__).parents[2] / "resources"
    return base.joinpath(*parts)


def _config() -> Path:
    base = endpoint.home()
    return Path(base) if base else Path(platformdirs.user_config_dir(_APP, appauthor=False))


def _folder(usual: Path, name: str, *parts: str) -> Path:
    base = endpoint.home()
    return (Path(base) / name if base else usual).joinpath(*parts)
