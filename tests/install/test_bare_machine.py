"""The README's commands on a Debian that has Python, git and make, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Figures
from tests.patience import wait_until

pytestmark = [pytest.mark.dist, pytest.mark.timeout(3600)]
ROOT = Path(__file__).parents[2]
MIRROR, SUITE = "http://deb.debian.org/debian", "bookworm"
ENVIRONMENT = {"HOME": "/root", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


@dataclass
class BareMachine:
    """A root folder of its own, with this source in /root/lou."""

    root: Path

    def argv(self, command: str) -> list[str]:
        return ["/usr/sbin/chroot", str(self.root), "sh", "-c", f"cd /root/lou && {command}"]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(command), env=ENVIRONMENT, capture_output=True, text=True, check=False
        )

    def is_ready(self) -> bool:
        done = self.run(".venv/bin/lou status --json")
        if done.returncode:
            return False
        return {each["state"] for each in json.loads(done.stdout)["servers"]} == {"ready"}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[BareMachine]:
    assert os.geteuid() == 0, "only root can make such a machine"
    debootstrap = shutil.which("debootstrap")
    assert debootstrap, "install debootstrap first"
    root = tmp_path / "root"
    packages = "python3,git,make,ca-certificates"
    make = [debootstrap, "--variant=minbase", f"--include={packages}", SUITE, root, MIRROR]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    for file in ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt"):
        shutil.copy(file, f"{root}{file}")
    subprocess.run(["git", "clone", "-q", ROOT, root / "root" / "lou"], check=True)
    with ExitStack() as stack:
        for name in ("proc", "dev"):
            subprocess.run(["mount", "--bind", f"/{name}", root / name], check=True)
            stack.callback(subprocess.run, ["umount", root / name], check=True)
        yield BareMachine(root)


def test_make_run_does_all_the_set_up(machine: BareMachine, figure: Figures) -> None:
    with (machine.root / "said.txt").open("wb") as said:
        running = subprocess.Popen(machine.argv("make run"), env=ENVIRONMENT, stdout=said, stderr=2)
    took = wait_until(lambda: machine.is_ready() or running.poll() is not None, 1_800)
    assert running.poll() is None, (machine.root / "said.txt").read_text()
    figure("bare Debian: make run to both servers ready", took, "s")
    called = machine.run(".venv/bin/lou call tracker find_tracked --json")
    assert called.returncode == 0, called.stderr
    assert machine.run(".venv/bin/lou quit").returncode == 0
    assert running.wait(120) == 0
    tests = machine.run("make desktop")
    assert tests.returncode != 0, "Debian itself has the Firestore emulator by now: run the tests"
    assert "Google's package source" in tests.stderr
