"""Lou beside the bridges that the registries hold, in one table: `python -m tests.bench.compare`.

Each stands between a client on stdin and one and the same server on loopback (the echo tool of the
official SDK over Streamable HTTP). The rivals take turns, so that a busy moment meets all of them.
Prints the table and writes it to docs/benchmarks.md.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from tests.app.running import Lou, lou
from tests.bench.rivals import (
    ROOT,
    HttpServer,
    Piped,
    call_times,
    calls_per_second,
    first_answer_ms,
    greet,
    mcp_remote,
    npm_script,
    pypi_script,
)

PAGE = ROOT / "docs" / "benchmarks.md"
STARTS, ROUNDS, CALLS, IN_FLIGHT, FLOOD = 9, 5, 100, 64, 500
ECHO = ("echo", {"text": "hello"})


@dataclass
class Rival:
    """One bridge: how it is started, what it weighs, and what was measured of it."""

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    disk_mb: float
    resident: Callable[[], float] = lambda: 0.0
    starts: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    session_mb: float = 0.0
    resident_mb: float = 0.0


def main() -> None:
    """Measure, print, and write the page."""
    with contestants() as rivals:
        measure(rivals)
    text = page(rivals)
    PAGE.write_text(text, "utf-8")
    print(text)


@contextmanager
def contestants() -> Iterator[list[Rival]]:
    """Every bridge, each ready to be started, with what it talks to."""
    with ExitStack() as stack:
        http = stack.enter_context(closing(HttpServer()))
        running = stack.enter_context(lou())
        running.start()
        for server in ("search", "tracker"):
            running.wait_for(server, "ready")
        added = running.run("servers", "add", "echo", "--url", http.url)
        assert added.returncode == 0, added.stderr
        running.wait_for("echo", "ready")
        connect = str(Path(sys.executable).with_name("lou-connect"))
        environment = dict(os.environ)
        gateway = npm_script("supergateway", "4.0.0", "dist/index.js")
        proxy = pypi_script("mcp-proxy", "0.13.0", "mcp-proxy")
        fast = pypi_script("fastmcp", "4.2.3", "fastmcp")
        yield [
            Rival(
                f"Lou {importlib.metadata.version('lou')}",
                (connect, "echo"),
                running.environment,
                _own_disk_mb(),
                lambda: _resident_mb(running),
            ),
            Rival(
                "mcp-remote 0.15.1",
                (*mcp_remote(), http.url, "--allow-http"),
                environment,
                _folder_mb(Path(mcp_remote()[1])),
            ),
            Rival(
                "supergateway 4.0.0",
                (*gateway, "--streamableHttp", http.url, "--logLevel", "none"),
                environment,
                _folder_mb(Path(gateway[1])),
            ),
            Rival(
                "mcp-proxy 0.13.0",
                (*proxy, "--transport", "streamablehttp", http.url),
                environment,
                _folder_mb(Path(proxy[0])),
            ),
            Rival(
                "fastmcp 4.2.3",
                (*fast, "run", http.url, "--no-banner"),
                environment,
                _folder_mb(Path(fast[0])),
            ),
        ]


def measure(rivals: list[Rival]) -> None:
    """Fill in the figures of each."""
    for rival in rivals:
        first_answer_ms(*rival.argv, env=rival.environment)  # caches are warm for everybody
    for _ in range(STARTS):
        for rival in rivals:
            rival.starts.append(first_answer_ms(*rival.argv, env=rival.environment))
    for rival in rivals:
        rival.resident_mb = rival.resident()
    with ExitStack() as stack:
        links = [stack.enter_context(closing(Piped(*r.argv, env=r.environment))) for r in rivals]
        for link in links:
            greet(link)
        for _ in range(ROUNDS):
            for rival, link in zip(rivals, links, strict=True):
                rival.calls += call_times(link, *ECHO, CALLS)
                rival.rates.append(calls_per_second(link, *ECHO, FLOOD, IN_FLIGHT))
        for rival, link in zip(rivals, links, strict=True):
            rival.session_mb = _pss_mb(psutil.Process(link.process.pid))


def page(rivals: list[Rival]) -> str:
    """The text of docs/benchmarks.md."""
    head = "| | " + " | ".join(rival.name for rival in rivals) + " |\n"
    rows = [
        ("start: from the client's spawn to an answered `initialize`, ms", "starts", 0),
        ("one call, ms", "calls", 2),
        (f"calls a second, {IN_FLIGHT} in flight", "rates", 0),
    ]
    table = head + "|---|" + "---:|" * len(rivals) + "\n"
    for title, name, digits in rows:
        cells = (f"{statistics.median(getattr(rival, name)):,.{digits}f}" for rival in rivals)
        table += f"| {title} | " + " | ".join(cells) + " |\n"
    for title, name in (
        ("memory of a client's session (PSS), MB", "session_mb"),
        ("memory while no client is there (PSS), MB", "resident_mb"),
        ("on the disk, without Python or Node, MB", "disk_mb"),
    ):
        table += f"| {title} | " + " | ".join(f"{getattr(r, name):,.1f}" for r in rivals) + " |\n"
    return _PAGE.format(table=table, machine=_machine(), starts=STARTS, calls=ROUNDS * CALLS)


_PAGE = """# Benchmarks

`make bench` measures every promise of Lou and ends with this table, which it writes here. Each
program stands between a client on stdin and one and the same server on loopback: the echo tool of
the official Python SDK over Streamable HTTP. The programs take turns; the figures are medians of
{starts} starts and {calls:,} calls.

{table}
{machine}

How to read it:

* The others are bridges and nothing else. Lou's is the smallest part of Lou: the figure without a
  client is the whole application without its window, with its servers *search* and *tracker* and
  the process that serves the echo server; the figure on the disk has Qt and everything else in it.
* The server is the same for all, so what it needs for a call itself is in every figure.
* A memory figure is the proportional share of the pages in use. Node and Python share their
  program text among sessions, so it is less for the second session of the same bridge.
"""


def _pss_mb(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    kilobytes = 0
    for each in family:
        rollup = Path(f"/proc/{each.pid}/smaps_rollup").read_text()
        kilobytes += int(rollup.split("\nPss:")[1].split()[0])
    return kilobytes / 1024


def _resident_mb(running: Lou) -> float:
    assert running.process
    return _pss_mb(psutil.Process(running.process.pid))


def _folder_mb(script: Path) -> float:
    """What was installed beside `script`, without pip, which Lou's figure does not count either."""
    root = next(each for each in script.parents if each.parent.name == "rivals")
    files = (each for each in root.rglob("*") if each.is_file() and not each.is_symlink())
    sizes = (
        each.stat().st_size for each in files if not re.search(r"site-packages/pip", str(each))
    )
    return sum(sizes) / 1e6


def _own_disk_mb() -> float:
    """Lou and every package that it needs, as they are installed."""
    seen: set[str] = set()
    waiting, total = ["lou"], 0
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        found = importlib.metadata.distribution(name)
        for each in found.files or ():
            path = Path(str(each.locate()))
            total += path.stat().st_size if path.is_file() else 0
        for text in found.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    own = (ROOT / name for name in ("app", "servers", "resources"))
    total += sum(p.stat().st_size for folder in own for p in folder.rglob("*") if p.is_file())
    return total / 1e6


def _machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    node = subprocess.run(
        [shutil.which("node") or "node", "--version"], capture_output=True, text=True, check=True
    )
    return (
        f"Measured on {time.strftime('%Y-%m-%d')}: {model[1] if model else platform.machine()}, "
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, Node {node.stdout.strip().lstrip('v')}."
    )


if __name__ == "__main__":
    main()
