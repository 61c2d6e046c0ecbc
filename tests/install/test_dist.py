"""Each artifact of `make dist`, installed, used and removed as a stranger would."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bench.rivals import first_answer_ms
from tests.install.installing import called
from tests.patience import PATIENCE_S, wait_until
from tests.ui.screen import screen

pytestmark = [pytest.mark.dist, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
Installer = Callable[[Path, Path], Path]
"""Takes a folder to unpack into and a home; returns the installed program."""
CALLS = {"lou-search": ("web_search", {}), "lou-tracker": ("find_tracked", {})}


def artifact(pattern: str) -> Path:
    found = sorted(DIST.glob(pattern))
    assert found, f"{pattern} is not there: run make dist"
    return found[-1]


@dataclass
class Stranger:
    """A person with a home of their own and one installed Lou."""

    home: Path
    lou: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.home),
            "QT_QPA_PLATFORM": "offscreen",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.lou, *words], env=self.environment, cwd="/", capture_output=True, text=True,
            check=False, timeout=PATIENCE_S,
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def is_ready(self) -> bool:
        return {each["state"] for each in self.servers()} == {"ready"}

    def servers(self) -> list[dict[str, Any]]:
        """What `lou status` says of each; nothing while Lou does not run."""
        done = self.run("status", "--json")
        return [] if done.returncode else list(json.loads(done.stdout)["servers"])

    def tracked(self) -> set[str]:
        """The addresses of all pages that the tracker knows."""
        urls: set[str] = set()
        cursor = ""
        while True:
            words = ("call", "tracker", "find_tracked", "limit=100", f"cursor={cursor}")
            page = json.loads(self.run(*words[: 5 if cursor else 4]).stdout)
            urls |= {each["url"] for each in page["entries"]}
            if not (cursor := page["cursor"]):
                return urls

    def connected(self) -> dict[str, Any]:
        """The entries in Claude Desktop's file, after connecting it."""
        file = self.home / ".config" / "Claude" / "claude_desktop_config.json"
        file.parent.mkdir(parents=True)
        file.write_text("{}")
        done = self.run("clients", "connect", "claude-desktop")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(file.read_text())["mcpServers"])

    def launch(self, entry: dict[str, Any], tool: str, arguments: dict[str, Any]) -> Any:
        """Start a written entry as Claude Desktop does, and call one tool."""
        environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"} | entry.get("env", {})
        return called([entry["command"], *entry["args"]], environment, tool, arguments)


@dataclass
class Used:
    """What was measured of an artifact: seconds to ready, and its bridge against the checkout's."""

    ready_s: float
    bridge_ratio: float


def bridge_ratio(stranger: Stranger, command: str) -> float:
    """The start of an entry's bridge over that of the checkout's, medians of 15 in alternation."""
    source = str(Path(sys.executable).with_name("lou-connect"))
    taken: dict[str, list[float]] = {command: [], source: []}
    for _ in range(15):
        for bridge, times in taken.items():
            times.append(first_answer_ms(bridge, "tracker", env=stranger.environment))
    return statistics.median(taken[command]) / statistics.median(taken[source])


def use(stranger: Stranger) -> Used:
    """From the first start to a clean goodbye."""
    begun = time.monotonic()
    with (stranger.home / "said.txt").open("wb") as said:
        app = subprocess.Popen(
            [stranger.lou], env=stranger.environment, cwd="/", stdin=subprocess.DEVNULL,
            stdout=said, stderr=said,
        )  # fmt: skip
    try:
        wait_until(stranger.is_ready, what="both servers are ready")
        ready_s = time.monotonic() - begun
        entries = stranger.connected()
        assert set(entries) == set(CALLS)
        for name, (tool, arguments) in CALLS.items():
            assert not re.search(r"\d+\.\d+", entries[name]["command"]), "no version in a path"
            assert "result" in stranger.launch(entries[name], tool, arguments)
        ratio = bridge_ratio(stranger, entries["lou-tracker"]["command"])
        checks = {each["code"]: each for each in stranger.json("doctor")["checks"]}
        parts = [each for code, each in checks.items() if code.startswith("part_")]
        assert len(parts) > 8
        assert [each for each in parts if not each["ok"]] == []
        done = stranger.run("uninstall")
        assert done.returncode == 0, done.stderr
        assert app.wait(PATIENCE_S) == 0
    finally:
        if app.poll() is None:
            app.kill()
            app.wait()
    return Used(ready_s, ratio)


def nothing_dangles(home: Path) -> None:
    file = home / ".config" / "Claude" / "claude_desktop_config.json"
    assert json.loads(file.read_text()).get("mcpServers", {}) == {}
    left = [p for p in home.rglob("*") if p.name in {"lou.desktop", "lou.svg", "launch.json"}]
    assert left == []
    broken = [p for p in home.rglob("*") if p.is_symlink() and not p.exists()]
    assert broken == []


def by_debian(folder: Path, _home: Path) -> Path:
    """The program of the Debian package, unpacked into a root of its own."""
    root = folder / "root"
    subprocess.run(["dpkg-deb", "-x", artifact("lou_*_amd64.deb"), root], check=True)
    return root / "usr" / "lib" / "lou" / "bin" / "lou"


def by_archive(folder: Path, home: Path) -> Path:
    """The program that the archive's script installs into `home`."""
    subprocess.run(
        ["tar", "-I", "zstd -d --long=27", "-xf",
         artifact("lou-*.tar.zst"), "-C", folder], check=True,
    )  # fmt: skip
    run_script(folder, home)
    return home / ".local" / "bin" / "lou"


def run_script(folder: Path, home: Path) -> None:
    script = next(folder.glob("lou-*/install.sh"))
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LOU_INSTALL_AS_ROOT": "1"}
    subprocess.run(["sh", script], env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def unpacked(tmp_path: Path) -> Iterator[Path]:
    """The root of the unpacked Debian package."""
    yield by_debian(tmp_path, tmp_path).parents[4]
    shutil.rmtree(tmp_path / "root", ignore_errors=True)


def size_mb(path: Path) -> float:
    files = (p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
    return sum(p.stat().st_size for p in files) / 1e6


def test_the_debian_package(unpacked: Path, tmp_path: Path, figure) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    used = use(Stranger(home, unpacked / "usr" / "lib" / "lou" / "bin" / "lou"))
    nothing_dangles(home)
    figure("deb: size", artifact("lou_*_amd64.deb").stat().st_size / 1e6, "MB", at_most=60)
    figure("deb: installed tree", size_mb(unpacked), "MB", at_most=200)
    figure("deb: first start to both servers ready", used.ready_s, "s", at_most=15)
    figure("deb: start of its bridge", used.bridge_ratio, "x checkout", at_most=1.3)


def test_the_package_manager_installs_updates_and_removes_it() -> None:
    """With real users and maintainer scripts, on a copy-on-write view of this machine."""
    assert os.geteuid() == 0, "only root can make the view"
    script = Path(__file__).with_name("package_manager.sh")
    done = subprocess.run(
        [script, artifact("lou_*_amd64.deb")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("the package came, was updated and went\n")


def test_the_archive(tmp_path: Path, figure) -> None:
    home = tmp_path / "home with spaces"
    home.mkdir(mode=0o700)
    lou = by_archive(tmp_path, home)
    run_script(tmp_path, home)  # the second time it is an update
    assert (home / ".local/share/applications/lou.desktop").is_file()
    used = use(Stranger(home, lou))
    nothing_dangles(home)
    assert not (home / ".local" / "lib" / "lou").exists()
    assert not list((home / ".local" / "bin").iterdir())
    figure("archive: first start to both servers ready", used.ready_s, "s", at_most=15)
    figure("archive: start of its bridge", used.bridge_ratio, "x checkout", at_most=1.3)


@pytest.mark.parametrize("install", [by_debian, by_archive])
def test_the_icon_is_soon_in_the_tray(install: Installer, tmp_path: Path, figure) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with screen(home) as shown:
        shown.tray()
        began = time.monotonic()
        shown.start(str(install(tmp_path, home)))
        wait_until(shown.icon, what="the icon is in the tray")
        took = time.monotonic() - began
    figure(f"installation {install.__name__} to the icon in the tray", took, "s", at_most=15)


def test_the_desktop_takes_what_the_package_brings(unpacked: Path) -> None:
    share = unpacked / "usr" / "share"
    checks = (
        ("desktop-file-validate", share / "applications" / "lou.desktop"),
        ("appstreamcli", "validate", "--no-net", share / "metainfo" / "app.lou.Lou.metainfo.xml"),
        ("bash", "-n", share / "bash-completion" / "completions" / "lou"),
        ("man", "--warnings", "-l", share / "man" / "man1" / "lou.1.gz"),
    )
    for words in checks:
        assert shutil.which(words[0]), f"install {words[0]} first"
        done = subprocess.run(
            words, capture_output=True, text=True, check=False,
            env={**os.environ, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        if words[0] == "man":
            assert "warning" not in done.stderr


def test_lintian_finds_no_error() -> None:
    assert shutil.which("lintian"), "install lintian first"
    done = subprocess.run(
        ["lintian", "--fail-on", "error", artifact("lou_*_amd64.deb")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_sums_are_those_of_the_files() -> None:
    done = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=DIST, check=False)
    assert done.returncode == 0


def test_everything_inside_is_listed_with_its_terms() -> None:
    document = json.loads(artifact("lou-linux-sbom.cdx.json").read_text())
    assert document["bomFormat"] == "CycloneDX"
    names = {each["name"].lower() for each in document["components"]}
    assert {"pyside6_essentials", "shiboken6", "mcp", "libssl3", "python3.11-minimal"} <= names
    assert all(each["version"] and each["purl"] for each in document["components"])
    notices = artifact("lou-linux-THIRD-PARTY-NOTICES.txt").read_text()
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in notices
    assert "you may replace them" in notices
