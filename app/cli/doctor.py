"""`lou doctor`: every check, whether Lou runs or not."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from app.cli.arguments import add_json
from app.cli.output import Output
from app.control.client import ControlClient, NotRunningError


def declare(parser: ArgumentParser) -> None:
    """No arguments."""
    add_json(parser)
    parser.set_defaults(run=_doctor)


def _doctor(given: Namespace, output: Output) -> int:
    del given
    try:
        with ControlClient() as wire:
            checks = wire.ask("doctor")["checks"]
        code = 0 if all(check["ok"] for check in checks) else 1
    except NotRunningError as absent:
        checks, code = _without_lou(absent), 3
    if output.is_json:
        output.document({"checks": checks})
    else:
        for check in checks:
            _show(check, output)
    wrong = sum(not check["ok"] for check in checks)
    if wrong:
        output.complain(f"{wrong} of {len(checks)} checks found something.")
    return code


def _without_lou(absent: NotRunningError) -> list[dict[str, Any]]:
    from app.config.config_file import ConfigFile  # noqa: PLC0415
    from app.doctor import folder_checks  # noqa: PLC0415 - only when Lou does not answer
    from app.system import paths  # noqa: PLC0415
    from app.views import Check, as_json  # noqa: PLC0415

    file = ConfigFile(paths.config_file())
    file.load()
    not_running = Check("running", False, absent.title, absent.hint)
    found = (not_running, *folder_checks.configuration(file), *folder_checks.checks())
    return [as_json(check) for check in found]


def _show(check: dict[str, Any], output: Output) -> None:
    output.line(f"{'ok ' if check['ok'] else '!! '} {check['code']:<20} {check['sentence']}")
    if check["fix"]:
        output.line(f"{'':<24} -> {check['fix']}")
