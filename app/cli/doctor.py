"""`lou doctor`: runs every check; without a running app only those that need none."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from app.cli.output import Output
from app.cli.parser import CommandParser
from app.control.client import NotRunningError, ask


def declare(parser: CommandParser) -> None:
    parser.set_defaults(run=_doctor)


def _doctor(args: Namespace, output: Output) -> int:
    del args
    try:
        checks = ask("doctor")["checks"]
        code = 0 if all(check["ok"] for check in checks) else 1
    except NotRunningError as not_running:
        checks, code = _without_lou(not_running), 3
    if not output.printed({"checks": checks}):
        for check in checks:
            _show(check, output)
    failed = sum(not check["ok"] for check in checks)
    if failed:
        output.complain(f"{failed} of {len(checks)} checks found something.")
    return code


def _without_lou(refused: NotRunningError) -> list[dict[str, Any]]:
    from app.config.config_file import ConfigFile  # noqa: PLC0415
    from app.doctor import folder_checks  # noqa: PLC0415 - only when Lou does not answer
    from app.views import Check  # noqa: PLC0415

    running = Check("running", False, refused.title, refused.hint)
    checks = (running, *folder_checks.configuration(ConfigFile.of_home()), *folder_checks.checks())
    return [asdict(check) for check in checks]


def _show(check: dict[str, Any], output: Output) -> None:
    mark, style = ("ok ", "") if check["ok"] else ("!! ", "yellow")
    output.line(f"{mark} {check['code']:<20} {check['sentence']}", style)
    if check["fix"]:
        output.line(f"{'':<24} -> {check['fix']}")
