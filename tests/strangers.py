"""Another user of this machine, for tests: code that runs in a child process under a spare uid."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

UID = 61_184
"""Of no account; systemd keeps the numbers around it for services, which a test machine has not."""

needs_another_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can act as another user; continuous integration runs these as root",
)


_BECOME = """
import json, os, socket, stat, sys, time
os.setgroups([]); os.setgid({uid}); os.setuid({uid}); os.umask(0); os.chdir("/")
"""
"""What the code may use is imported before: the interpreter may lie where only root reads."""


def start(code: str, *words: str, **options: Any) -> subprocess.Popen[bytes]:
    """Run Python `code` as the other user; `words` are its arguments, and its umask is 0."""
    program = _BECOME.format(uid=UID) + code
    return subprocess.Popen([sys.executable, "-I", "-S", "-c", program, *words], env={}, **options)


def does(code: str, *words: str) -> str:
    """What it printed, once it has ended well."""
    with start(code, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        said, complained = process.communicate(timeout=60)
    assert process.returncode == 0, complained.decode()
    return said.decode()


def reads(path: object) -> bool:
    """Whether the other user can read the file at `path`."""
    code = "try: open(sys.argv[1],'rb').read(1); print('yes')\nexcept OSError: pass"
    return "yes" in does(code, str(path))


def writes(path: object) -> bool:
    """Whether the other user can write to the file at `path`."""
    code = "try: open(sys.argv[1],'r+b'); print('yes')\nexcept OSError: pass"
    return "yes" in does(code, str(path))


@contextlib.contextmanager
def immutable(path: object) -> Iterator[None]:
    """Nobody, not even root, changes the file or folder at `path` meanwhile."""
    subprocess.run(["chattr", "+i", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)
