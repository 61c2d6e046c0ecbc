"""Wheel and source archive: the same bytes each time, nothing inside that nobody needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PARTS = (
    *("app", "servers", "resources", "packaging", "pyproject.toml", "README.md", "LICENSE"),
    *("CHANGELOG.md", ".gitignore", "docs"),
)


def built(source: Path, target: Path) -> tuple[Path, Path]:
    """The wheel and the source archive of a copy of this checkout."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("*.pyc"))
        else:
            source.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / part, source / part)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", target, "-t", "sdist", "-t", "wheel"],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
        capture_output=True,
    )
    return next(target.glob("*.whl")), next(target.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("first")
    return built(folder / "source", folder / "dist")


def test_twice_the_same_bytes(pair: tuple[Path, Path], tmp_path: Path) -> None:
    again = built(tmp_path / "elsewhere", tmp_path / "dist")
    assert [each.read_bytes() for each in again] == [each.read_bytes() for each in pair]


def test_no_picture_of_the_window_is_inside(pair: tuple[Path, Path]) -> None:
    wheel, sdist = pair
    with zipfile.ZipFile(wheel) as inside, tarfile.open(sdist) as packed:
        names = [*inside.namelist(), *packed.getnames()]
    pictures = [name for name in names if name.endswith(".png")]
    assert [name for name in pictures if "resources/icons/" not in name] == []
    assert any(name.endswith("app/resources/icons/lou.svg") for name in names)
    assert sdist.stat().st_size < 2_000_000


def test_an_index_page_shows_the_readme(pair: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(pair[0]) as inside:
        name = next(name for name in inside.namelist() if name.endswith("/METADATA"))
        said = Parser().parsestr(inside.read(name).decode())
    assert said["License-Expression"] == "MIT"
    urls = dict(each.split(", ") for each in said.get_all("Project-URL"))
    assert {"Homepage", "Issues", "Changelog", "Documentation"} <= set(urls)
    text = said.get_payload()
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    places = ["".join(pair) for pair in links]
    assert len(places) > 8
    assert [place for place in places if not place.startswith(("https://", "#"))] == []
    assert 'extra == "firestore"' in str(said).replace("'", '"')


def test_what_lou_says_of_its_home_is_what_the_project_says() -> None:
    from app.doctor import report

    assert PROJECT["urls"]["Homepage"] == report.HOMEPAGE


def test_no_stranger_is_asked_for_new_versions() -> None:
    from app.config.settings import Settings

    assert not Settings().update_address


def test_what_is_shipped_of_qt_keeps_its_texts_in_the_languages_of_lou(tmp_path: Path) -> None:
    from app.ui.translation import LANGUAGES

    qt = tmp_path / "PySide6"
    for name in ("Qt/plugins/styles/a.so", *(f"Qt/translations/qtbase_{each}.qm" for each in "xy")):
        (qt / name).parent.mkdir(parents=True, exist_ok=True)
        (qt / name).touch()
    for language in LANGUAGES:
        (qt / f"Qt/translations/qtbase_{language}.qm").touch()
    program = "import sys, trim, pathlib; trim.qt(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", program, qt], cwd=ROOT / "packaging" / "dist", check=True)
    left = {path.name for path in (qt / "Qt" / "translations").iterdir()}
    assert left == {f"qtbase_{language}.qm" for language in LANGUAGES}
