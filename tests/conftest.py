"""What every test may use: a private home, and a place to print the promises' figures."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings

from tests import desktop as desktops

settings.register_profile("any machine", deadline=None)  # how long an example takes is no claim
settings.load_profile("any machine")


@dataclass
class Figures:
    """The figures of this run, in the order they were measured."""

    rows: list[str] = field(default_factory=list)

    def __call__(
        self,
        name: str,
        value: float,
        unit: str = "",
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        enforce: bool = False,
    ) -> None:
        met = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
        bound = f"<= {at_most:g}" if at_most is not None else ""
        bound = f">= {at_least:g}" if at_least is not None else bound
        verdict = "" if not bound else ("met" if met else "NOT MET")
        self.rows.append(f"{name:<72} {value:>12,.3f} {unit:<9} {bound:<12} {verdict}")
        assert met or not enforce, self.rows[-1]


_figures = Figures()


@pytest.fixture
def figure() -> Figures:
    return _figures


def pytest_configure() -> None:
    """Hear Ctrl-C: a run in the background ignores it, and so would every program it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _figures.rows:
        terminalreporter.section("figures")
        for row in _figures.rows:
            terminalreporter.write_line(row)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private home; its path is short because sockets live under it."""
    folder = Path(tempfile.mkdtemp(prefix="lou-", dir=None if os.name == "nt" else "/tmp"))
    for name in [name for name in os.environ if name.startswith(("XDG_", "LOU_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(folder))
    monkeypatch.setenv("LOU_HOME", str(folder / "lou"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def desktop(home: Path) -> Iterator[desktops.Desktop]:
    """A private bus and gnome-keyring, open, in the private home."""
    with desktops.session(home) as session:
        yield session
