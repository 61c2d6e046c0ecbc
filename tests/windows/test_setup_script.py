"""The script of the setup program, around two small programs in the place of Lou's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.patience import wait_until
from tests.windows import machine
from tests.windows.machine import Machine

SCRIPT = machine.ROOT / "packaging/windows/lou.nsi"
ICON = Path("/usr/share/nsis/Contrib/Graphics/Icons/modern-install.ico")
PROGRAM = r"""
#include <windows.h>
#include <string.h>
int main(int count, char **words) {
    if (count > 1 && !strcmp(words[1], "wait")) {
        CloseHandle(CreateFileA("C:\\started", GENERIC_WRITE, 0, 0, CREATE_ALWAYS, 0, 0));
        Sleep(300000);
    }
    return 3;
}
"""
SECONDS = 120.0


def made(windows: Machine, folder: Path, version: str) -> str:
    """A setup program with the file `lib/of VERSION`."""
    source = folder / version
    (source / "lib").mkdir(parents=True)
    (source / "lib" / f"of {version}").write_text(version)
    shutil.copy(ICON, source / "lou.ico")
    (folder / "program.c").write_text(PROGRAM)
    compiler = ("x86_64-w64-mingw32-gcc", "-o", source / "lou.exe", folder / "program.c")
    subprocess.run(compiler, check=True)
    shutil.copy(source / "lou.exe", source / "lou-connect.exe")
    target = windows.drive / f"setup {version}.exe"
    settings = {"SOURCE": source, "TARGET": target, "VERSION": version, "HOMEPAGE": "https://a.b"}
    words = (f"-D{name}={value}" for name, value in settings.items())
    subprocess.run(["makensis", "-V1", "-DQUICK", *words, SCRIPT], check=True)
    return f"C:\\setup {version}.exe"


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def of(version: str) -> set[str]:
    return {"lou.exe", "lou-connect.exe", "lou.ico", "uninstall.exe", f"lib/of {version}"}


def test_an_update_while_a_client_runs_lou_leaves_the_old_one_whole(
    windows: Machine, tmp_path: Path
) -> None:
    old, new = made(windows, tmp_path, "1.0.0"), made(windows, tmp_path, "2.0.0")
    assert windows.run(old, "/S", timeout=SECONDS).returncode == 0
    (home,) = (path.parent for path in windows.drive.glob("users/*/AppData/Local/Programs/Lou"))
    folder = home / "Lou"
    assert names(folder) == of("1.0.0")
    argv = ["wine", machine.as_windows(folder / "lou-connect.exe"), "wait"]
    with subprocess.Popen(argv, env=windows.environment(), stdin=subprocess.DEVNULL) as client:
        wait_until((windows.drive / "started").exists, SECONDS, what="the client's program runs")
        assert windows.run(new, "/S", timeout=SECONDS).returncode != 0
        assert names(folder) == of("1.0.0")
        client.kill()
    wait_until(
        lambda: windows.run(new, "/S", timeout=SECONDS).returncode == 0, SECONDS, what="it is free"
    )
    assert names(folder) == of("2.0.0")
    (folder / "lou.exe").unlink()  # as a removal that was cut short leaves it
    assert windows.run(old, "/S", timeout=SECONDS).returncode == 0
    assert of("1.0.0") <= names(folder)


def test_a_folder_with_files_of_others_is_neither_taken_nor_removed(
    windows: Machine, tmp_path: Path
) -> None:
    setup = made(windows, tmp_path, "3.0.0")
    tools = windows.drive / "Tools"
    (tools / "Lou").mkdir(parents=True)
    (tools / "Lou" / "mine").touch()
    assert windows.run(setup, "/S", "/D=C:\\Tools", timeout=SECONDS).returncode != 0
    assert names(tools) == {"Lou/mine"}
    (tools / "Lou" / "mine").rename(tools / "mine")
    assert windows.run(setup, "/S", "/D=C:\\Tools", timeout=SECONDS).returncode == 0
    assert names(tools / "Lou") == of("3.0.0")
    words = (machine.as_windows(tools / "Lou/uninstall.exe"), "/S", "_?=C:\\Tools\\Lou")
    assert windows.run(*words, timeout=SECONDS).returncode == 0
    assert not (tools / "Lou" / "lib").exists()
    assert (tools / "mine").exists()
