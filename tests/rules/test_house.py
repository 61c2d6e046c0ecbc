"""The rules of the house that no linter knows: sizes, names, and no dead weight."""

from __future__ import annotations

import ast
import itertools
import re
import statistics
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from servers.contract import manifest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for top in ("app", "servers") for path in (ROOT / top).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
RESOURCES = sorted(path for path in (ROOT / "resources").rglob("*") if path.is_file())
TOP = {
    *("app", "servers", "resources", "tests", "packaging", "docs", "pyproject.toml", "Makefile"),
    *(".ci", ".git", ".github", ".gitignore"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md"),
}
MOST_LINES, MOST_TEST_LINES, MOST_IN_FUNCTION = 400, 500, 50
MOST_FLAT, MOST_SMALL, SMALL_LINES = 10, 20, 40


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_nothing_lies_beside_what_is_known() -> None:
    """A program that a test or a bench runs may write into the folder in which it starts."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]
    names = {path.name for path in ROOT.iterdir()}
    left_out = {name for name in names if any(fnmatch(name, each) for each in ignored)}
    assert names - left_out - TOP == set()


def test_no_module_is_longer_than_one_sitting() -> None:
    long = {str(path.relative_to(ROOT)): lines_of(path) for path in SOURCES}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def test_no_test_module_is_too_long_to_read() -> None:
    long = {path.name: lines_of(path) for path in TESTS if path.name.startswith("test_")}
    assert {name: lines for name, lines in long.items() if lines > MOST_TEST_LINES} == {}


def test_no_circle_of_imports_exists_not_even_among_those_for_type_checking() -> None:
    graph = grimp.build_graph("app", "servers", exclude_type_checking_imports=False, cache_dir=None)
    imports = {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}
    TopologicalSorter(imports).prepare()  # a CycleError names the circle


def test_the_import_contracts_count_imports_for_type_checking() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert settings["tool"]["importlinter"].get("exclude_type_checking_imports", False) is False


def test_few_modules_are_fragments(figure) -> None:
    small = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name not in {"__init__.py", "__main__.py"} and lines_of(path) <= SMALL_LINES
    ]
    figure("files of 40 lines or fewer", len(small), "files", at_most=MOST_SMALL)
    assert len(small) <= MOST_SMALL, small


def test_few_modules_lie_flat_in_the_app(figure) -> None:
    flat = [path.name for path in SOURCES if path.parent == ROOT / "app"]
    figure("modules flat in app/", len(flat), "modules", at_most=MOST_FLAT, enforce=True)


@pytest.mark.parametrize("top", ["app", "servers"])
def test_no_public_class_name_stands_for_two_things(top: str) -> None:
    places: dict[str, list[str]] = {}
    for path in SOURCES:
        if path.is_relative_to(ROOT / top):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_functions_are_short(figure) -> None:
    sizes = {
        f"{path.relative_to(ROOT)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in SOURCES
        for node in functions(path)
    }
    assert {name: size for name, size in sizes.items() if size > MOST_IN_FUNCTION} == {}
    figure("lines of a function, median", statistics.median(sizes.values()), "lines", at_most=10)
    module = statistics.median(lines_of(path) for path in SOURCES if path.name != "__init__.py")
    figure("lines of a module, median", module, "lines")


def test_a_package_says_what_it_is_and_holds_a_table_at_most() -> None:
    for path in (path for path in SOURCES if path.name == "__init__.py"):
        first, *rest = ast.parse(path.read_text("utf-8")).body
        assert isinstance(first, ast.Expr), path
        harmless = ast.ImportFrom | ast.AnnAssign | ast.Assign | ast.Expr
        assert all(isinstance(node, harmless) for node in rest), path


def test_nothing_waits_to_be_done() -> None:
    for path in (*SOURCES, *TESTS):
        if path != Path(__file__):
            assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text("utf-8")), path


def test_no_text_stands_below_a_name_that_has_moved_away() -> None:
    for path in (*SOURCES, *TESTS):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef):
                for above, text in itertools.pairwise(node.body):
                    describes = isinstance(above, ast.Assign | ast.AnnAssign)
                    assert describes or not _is_text(text), f"{path}:{text.lineno}"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_every_resource_is_used_and_every_icon_that_is_named_exists() -> None:
    text = "\n".join(path.read_text("utf-8") for path in SOURCES)
    words = set(re.findall(r"[a-z0-9_-]+", text))
    families = {f"{word}-" for word in re.findall(r'f"(\w+)-\{', text)}
    unused = [
        path.name
        for path in RESOURCES
        if path.stem not in words and not path.name.startswith(tuple(families) or "?")
    ]
    assert unused == []
    for folders in re.findall(r"resource\((.*?)\)", text):
        parts = re.findall(r'"([^"]+)"', folders)
        if parts and "{" not in folders and "*parts" not in folders:
            assert (ROOT / "resources").joinpath(*parts).is_file(), folders


def test_the_manifest_names_what_the_servers_register() -> None:
    from importlib import import_module

    for known in manifest.SERVERS:
        service = import_module(f"servers.{known.name}.server").build()
        public = {tool.name for tool in service.tools if not tool.internal}
        assert set(known.required_tools) <= public, known.name
        assert service.name == known.name
        assert service.title


def test_every_key_of_the_manifest_is_used_by_a_server_that_ships() -> None:
    names = {server.name for server in manifest.SERVERS}
    for key in manifest.KEYS:
        assert key.servers
        assert set(key.servers) <= names
        text = "\n".join(
            path.read_text("utf-8")
            for path in SOURCES
            if path.parts[-3:-1] != ("servers", "contract")
        )
        assert key.name in text, key.name


def test_every_command_of_the_command_line_exists() -> None:
    from app.cli.commands import COMMANDS

    for command in COMMANDS:
        assert command.parser().format_help()


def test_tests_of_the_window_reach_into_few_private_names(figure) -> None:
    users = (*(ROOT / "tests" / "ui").glob("*.py"), *(ROOT / "tests" / "bench").glob("test_ui*.py"))
    found = [each for path in users for each in re.findall(r"\._[a-z]\w+", path.read_text("utf-8"))]
    figure("private names that UI tests reach into", len(found), "names", at_most=40)
    assert len(found) <= 40, found
