"""`lou`: the tray application, the headless one, or a command to a running one.

Only what the chosen face needs is imported.
"""

from __future__ import annotations

import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Run what the words ask for; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    _give_streams()
    if home := os.environ.get("LOU_HOME"):  # servers run in a folder of their own
        os.environ["LOU_HOME"] = os.path.abspath(home)  # noqa: PTH100
    if words and words[0] == "connect" and not {"-h", "--help"} & set(words):
        from servers.bridge.pump import main as connect  # noqa: PLC0415 - nothing but the bridge

        sys.argv[1:] = words[1:]
        return connect()
    _protect()
    if not words:
        return _tray()
    if words == ["serve"]:
        return _serve()
    if words[0] == "keyring" and len(words) == 2:
        from app.keys.vaults.keyring_program import main as keep  # noqa: PLC0415 - of the child alone

        keep(words[1])
    if words[0] == "self-test" and len(words) == 2:
        return _self_test(words[1])
    from app.cli.program import run  # noqa: PLC0415 - not in the tray's start

    return run(words)


def _give_streams() -> None:
    """A detached process of Windows has no streams; pipes there are to carry UTF-8."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
        elif sys.platform == "win32" and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _protect() -> None:
    """Files and memory of this process are for this user, and for this process, alone."""
    from servers.contract import memory_protection, ownership  # noqa: PLC0415 - not for the bridge

    ownership.set_private_umask()
    memory_protection.forbid_core_dumps()
    memory_protection.forbid_reading()


def _tray() -> int:
    _adopt_login_path()
    if not _has_display():
        sys.stderr.write(
            "Lou needs a display for its window, and there is none.\n"
            "Run it without one: lou serve\n"
        )
        return 1
    from app.control import second_start  # noqa: PLC0415 - not in a command's start

    lock = second_start.claim_or_raise("tray", _show_refusal)
    if isinstance(lock, int):
        return lock
    from app.ui import memory_footprint  # noqa: PLC0415 - Qt belongs to this branch alone

    memory_footprint.load_qt()
    memory_footprint.load_asyncio()
    from app.system import crash_trace  # noqa: PLC0415
    from app.ui.application import main as show  # noqa: PLC0415

    with crash_trace.recorded():
        return show(lock)


def _show_refusal(title: str, hint: str) -> None:
    from app.ui.application import show_refusal  # noqa: PLC0415 - Qt belongs to this branch alone

    show_refusal(title, hint)


def _adopt_login_path() -> None:
    if sys.platform == "darwin":
        from app.system import login_path  # noqa: PLC0415 - on macOS only

        login_path.adopt()


def _serve() -> int:
    _adopt_login_path()
    from app.control import second_start  # noqa: PLC0415 - not in a command's start

    lock = second_start.claim_or_raise("headless")
    if isinstance(lock, int):
        return lock
    from app.serve import main as serve  # noqa: PLC0415 - not in the tray's start
    from app.system import crash_trace  # noqa: PLC0415

    with crash_trace.recorded():
        return serve(lock)


def _self_test(program: str) -> int:
    """A child of the doctor's: see app.doctor.self_tests."""
    if program == "window":
        from app.ui.window_parts import main as use  # noqa: PLC0415 - of the child alone
    else:
        from app.doctor.app_parts import main as use  # noqa: PLC0415 - of the child alone
    return use()


def _has_display() -> bool:
    if sys.platform in {"win32", "darwin"}:
        return True
    headless = os.environ.get("QT_QPA_PLATFORM", "") in {"offscreen", "minimal", "vnc"}
    return headless or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
