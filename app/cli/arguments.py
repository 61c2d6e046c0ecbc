"""Arguments that several commands share."""

from __future__ import annotations

from argparse import ArgumentParser


def add_json(parser: ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_server(parser: ArgumentParser, *, optional: bool = False) -> None:
    """The name of a server."""
    parser.add_argument("server", nargs="?" if optional else None, default="", help="its name")
