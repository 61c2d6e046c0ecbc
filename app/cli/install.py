"""`lou install firestore`: adds packages that only some people need."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from argparse import Namespace
from importlib.util import find_spec

from app.cli.output import Output
from app.cli.parser import CommandParser
from app.control.client import NotRunningError, ask
from app.errors import AppError
from app.system import installation

_EXTRAS = {"firestore": ("firebase_admin", "tracker")}
"""For each extra: a module by which it is known, and the server that uses it."""


def declare(parser: CommandParser) -> None:
    parser.add_argument("extra", choices=_EXTRAS, metavar="EXTRA", help=", ".join(_EXTRAS))
    parser.set_defaults(run=_install)


def _install(args: Namespace, output: Output) -> int:
    module, server = _EXTRAS[args.extra]
    if find_spec(module):
        output.line(f"The packages for {args.extra} are installed.")
        return 0
    found = installation.current()
    packages = installation.packages_of_extra(args.extra)
    program = shutil.which(found.add[0]) if found.add else None
    if not program or not packages:
        raise AppError(
            f"This Lou came with {found.title}, which has no way to add packages.",
            "Install Lou with pipx or uv, as docs/install.md says.",
            code="not_extensible",
        )
    environment = {name: text for name, text in os.environ.items() if name[:6] != "PYTHON"}
    done = subprocess.run([program, *found.add[1:], *packages], env=environment, check=False)
    if done.returncode:
        raise AppError(
            f"The packages for {args.extra} were not installed.",
            "Read what was printed above, mend it, and try again.",
            code="not_installed",
        )
    with contextlib.suppress(NotRunningError):
        ask("restart", server=server)
    output.line(f"The packages for {args.extra} are installed.")
    return 0
