"""Starts the app for a client that needs it; the app outlives the client and this bridge.

In: the launch file that the app wrote. Out: a detached process.
"""

from __future__ import annotations

import json
import os
import sys

from servers.contract import endpoint, ownership


def launch_app() -> bool:
    """Start the app as its launch file says; False if there is none, or the user forbids it."""
    try:
        argv, env = _command(endpoint.launch_file())
        _start_detached(argv, env)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def _command(path: str) -> tuple[list[str], dict[str, str]]:
    launch = json.loads(ownership.read(path))  # only this user may have written it, since it is run
    if not launch["start_with_client"]:
        raise PermissionError("the user switched start_with_client off")
    argv = [str(word) for word in launch["argv"]]
    if not os.path.isabs(argv[0]):
        raise ValueError(f"{path} names no absolute program")
    env = {str(name): str(value) for name, value in launch["env"].items()}
    if endpoint.home():
        env["LOU_HOME"] = os.path.abspath(endpoint.home())  # it starts in another folder
    return argv, env


def _start_detached(argv: list[str], env: dict[str, str]) -> None:
    if sys.platform == "win32":
        import subprocess

        flags = (
            subprocess.DETACHED_PROCESS
            | subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.CREATE_BREAKAWAY_FROM_JOB
        )
        subprocess.Popen(argv, env=env, creationflags=flags, close_fds=True)
        return
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    _become_app(argv, env)


def _become_app(argv: list[str], env: dict[str, str]) -> None:
    """In the fork: start a session without a parent, since clients end whole process trees."""
    if sys.platform == "win32":
        raise NotImplementedError
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        os.closerange(3, 256)
        os.chdir(os.path.expanduser("~"))
        os.execve(argv[0], argv, env)  # noqa: S606 - no shell is wanted
    finally:
        os._exit(127)
