"""The documents are true: links and paths exist, and each check of the doctor has its section."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.program import COMMANDS
from app.doctor import app_parts, folder_checks, self_tests
from app.ui import window_parts
from servers.search import self_test as search_parts
from servers.search.contacts import SERVICES
from servers.search.pages.remote_readers import READERS
from servers.search.providers import PROVIDERS
from servers.tracker import self_test as tracker_parts

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
_PATH = re.compile(r"`((?:app|servers|tests|docs|resources|packaging)/[\w./-]+|pyproject\.toml)`")


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", document.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_link_leads_somewhere() -> None:
    lost = []
    for document in DOCUMENTS:
        for pair in _LINK.findall(_FENCE.sub("", document.read_text("utf-8"))):
            place, _, anchor = "".join(pair).partition("#")
            if place.startswith("https://"):
                continue
            target = (document.parent / place).resolve() if place else document
            if not target.exists() or (anchor and anchor not in anchors(target)):
                lost.append(f"{document.name}: {place}#{anchor}")
    assert lost == []


def test_every_path_that_a_document_names_exists() -> None:
    lost = {
        f"{document.name}: {path}"
        for document in DOCUMENTS
        for path in _PATH.findall(document.read_text("utf-8"))
        if not (ROOT / path).exists()
    }
    assert lost == set()


@pytest.mark.parametrize("name", ["architecture", "clients", "keys"])
def test_a_page_that_is_made_from_the_source_is_current(name: str) -> None:
    made = runpy.run_path(str(ROOT / "packaging" / "pages.py"))[f"{name}_page"]()
    assert (ROOT / "docs" / f"{name}.md").read_text("utf-8") == made, "run `make docs`"


def test_every_room_is_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = [
        f"{top}/{path.name}"
        for top in ("app", "servers")
        for path in (ROOT / top).iterdir()
        if path.is_dir() and (path / "__init__.py").exists()
    ]
    assert [room for room in rooms if f"`{room}`" not in text] == []


def code_of(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "NAME" for part in node.values
        )
    return str(node.value) if isinstance(node, ast.Constant) else ""


def codes_in_source() -> Iterator[str]:
    for path in (ROOT / "app" / "doctor").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"check", "Check"}
                and node.args
            ):
                yield code_of(node.args[0])


def test_every_check_of_the_doctor_has_a_section_and_no_section_is_stale(home: Path) -> None:
    del home
    codes = {*codes_in_source(), *(check.code for check in folder_checks.checks())} - {""}
    sections = re.findall(r"^### `(\w+)`$", TROUBLE, re.MULTILINE)
    assert len(codes) > 15
    assert sorted(sections) == sorted(codes)


def test_every_part_that_the_doctor_tries_is_explained_and_no_other() -> None:
    section = TROUBLE.split("### `part_NAME`")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    told = set(re.findall(r"`(\w+)`", " ".join(cells)))
    programs = (app_parts, window_parts, search_parts, tracker_parts)
    tried = {code for program in programs for code in program.PARTS}
    assert told == tried | set(self_tests.PROGRAMS) | {"search", "tracker"}


def test_every_service_that_is_sent_something_is_in_the_page_on_security() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    names = {service.spec.title.split()[0] for service in (*PROVIDERS, *SERVICES, *READERS)}
    assert {name for name in names if name not in text} == set()


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [each.word for each in COMMANDS if not re.search(rf"`[^`]*\b{each.word}\b", text)] == []
