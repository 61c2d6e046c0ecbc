"""A real tracker server with bridges before it, and disks whose power can be cut."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import selectors
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from servers.contract import endpoint
from tests.bench.rivals import INITIALIZE, INITIALIZED, Piped, call, line, wait_for_socket

LOU_CONNECT = str(Path(sys.executable).parent / "lou-connect")


def tracking(start: int = 0) -> Iterator[bytes]:
    """Calls that each track a new address."""
    for number in itertools.count(start):
        arguments = {
            "url": f"https://site{number}.example/contact",
            "email": f"person{number}@site{number}.example",
            "note": "found on the page of the team",
        }
        yield call(number + 1, "track_url_email", arguments)


class Tracker:
    """`lou-server tracker` as the app runs it: configured on stdin, its answers read."""

    def __init__(self, key: str, folder: Path, **settings: Any) -> None:
        argv = (sys.executable, "-I", "-m", "servers", "tracker", "--lou-instance=bench")
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._answers: dict[str, dict[str, Any]] = {}
        self._heard = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        folders = {"data": str(folder), "cache": str(folder)}
        self._ask(
            "configure", keys={"ENCRYPTION_KEY": key}, settings={"folders": folders, **settings}
        )
        wait_for_socket(endpoint.server_socket("tracker"))

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What an internal tool answers."""
        found = self._ask("call_tool", name=tool, arguments=arguments)
        assert not found["is_error"], found
        data: dict[str, Any] = found["data"]
        return data

    def rss(self) -> float:
        """Megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def kill(self) -> None:
        self.process.kill()
        self._end()

    def close(self) -> None:
        assert self.process.stdin
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self._end()

    def _end(self) -> None:
        self.process.wait(30)
        self._listener.join(30)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            with contextlib.suppress(OSError):
                pipe.close()

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        name = f"{time.monotonic_ns():x}"
        message = {"type": "request", "id": name, "method": method, "params": params}
        assert self.process.stdin
        self.process.stdin.write(line(message))
        self.process.stdin.flush()
        with self._heard:
            assert self._heard.wait_for(lambda: name in self._answers, 60), f"no answer to {method}"
            answer = self._answers.pop(name)
        assert answer["type"] == "response", answer
        found: dict[str, Any] = answer["result"]
        return found

    def _listen(self) -> None:
        assert self.process.stdout
        for said in self.process.stdout:
            message = json.loads(said)
            if message["type"] in {"response", "error"}:
                with self._heard:
                    self._answers[message["id"]] = message
                    self._heard.notify_all()


class Bridges:
    """Many clients, each with a bridge of its own, each with one call on its way."""

    def __init__(self, count: int) -> None:
        self._links = [Piped(LOU_CONNECT, "tracker") for _ in range(count)]
        for link in self._links:
            link.write(line(INITIALIZE))
        for link in self._links:
            said = b""
            while not said.endswith(b"\n"):
                said += link.read()
            link.write(line(INITIALIZED))

    def calls_per_second(self, requests: Iterator[bytes], seconds: float) -> tuple[float, int]:
        """Answers a second, and how many of them were failures."""
        chooser = selectors.DefaultSelector()
        for link in self._links:
            chooser.register(link._out, selectors.EVENT_READ, (link, [b""]))
            link.write(next(requests))
        begun = time.perf_counter()
        answered = failed = 0
        while (spent := time.perf_counter() - begun) < seconds:
            for key, _ in chooser.select(1):
                link, rest = key.data
                rest[0] += link.read()
                *whole, rest[0] = rest[0].split(b"\n")
                answers = [one for one in whole if b'"id"' in one]
                answered += len(answers)
                failed += sum(b'"isError":true' in one or b'"error"' in one[:60] for one in answers)
                for _ in answers:
                    link.write(next(requests))
        return answered / spent, failed

    def close(self) -> None:
        for link in self._links:
            link.close()


class Image:
    """An ext4 file system in a file. What its page cache holds is lost with the power."""

    def __init__(self, folder: Path, megabytes: int = 96) -> None:
        self._image = folder / "disk.img"
        self._copy = folder / "after.img"
        self.place = folder / "disk"
        self.after = folder / "after"
        for place in (self.place, self.after):
            place.mkdir()
        with self._image.open("wb") as handle:
            handle.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", str(self._image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(self._image), str(self.place)], check=True)

    @contextlib.contextmanager
    def cut(self) -> Iterator[Path]:
        """The disk as it would be found after a power cut at this moment."""
        shutil.copyfile(self._image, self._copy)
        subprocess.run(["mount", "-o", "loop", str(self._copy), str(self.after)], check=True)
        try:
            yield self.after
        finally:
            subprocess.run(["umount", str(self.after)], check=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.place)], check=True)


def may_mount() -> bool:
    """Whether this user may mount a file."""
    return os.getuid() == 0 and Path("/dev/loop-control").exists()
