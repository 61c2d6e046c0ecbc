"""Which Lou this is."""

from __future__ import annotations

from importlib import metadata


def current() -> str:
    """The version of the installed package."""
    try:
        return metadata.version("lou")
    except metadata.PackageNotFoundError:  # run from a folder that was never installed
        return "0"
