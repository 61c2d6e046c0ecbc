"""Which Lou this is."""

from __future__ import annotations


def current() -> str:
    """The version of the installed package."""
    from importlib import metadata  # noqa: PLC0415 - it brings the whole of `email` along

    try:
        return metadata.version("lou")
    except metadata.PackageNotFoundError:  # run from a folder that was never installed
        return "0"
