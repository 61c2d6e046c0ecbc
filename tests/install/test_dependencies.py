"""What the code imports is named in pyproject.toml, and nothing is named for nothing."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [path for top in ("app", "servers") for path in (ROOT / top).rglob("*.py")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
USED_BY_OTHERS = {"lxml-html-clean", "ruamel-yaml-clib"}
"""justext and trafilatura need it, and an old pip does not understand that they say so."""
BY_NAME = re.compile(r'import_module\("(\w+)|"(keyring)\.backends')


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named() -> set[str]:
    extras = PROJECT["optional-dependencies"].values()
    lists = (PROJECT["dependencies"], *extras)
    return {plain(re.split(r"[^\w.-]", each)[0]) for needs in lists for each in needs}


def imported(path: Path) -> set[str]:
    """The modules from elsewhere that a file imports, early or late, or by name."""
    text = path.read_text("utf-8")
    found = {name for groups in BY_NAME.findall(text) for name in groups if name}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module} | {f"{node.module}.{each.name}" for each in node.names}
    own = {"app", "servers", *sys.stdlib_module_names}
    return {name for name in found if name.partition(".")[0] not in own}


NAMESPACES = {
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.cloud.firestore_v1": "google-cloud-firestore",
    "ruamel.yaml": "ruamel-yaml",
}
"""What shares a top-level package with others; anything else there has to be added here."""


def needed() -> dict[str, str]:
    """The distribution of each import, with a file that needs it."""
    by_module = packages_distributions()
    found: dict[str, str] = {}
    for path in SOURCES:
        for module in imported(path):
            top = module.partition(".")[0]
            if any(n.startswith(f"{top}.") for n in NAMESPACES):
                homes = [d for n, d in NAMESPACES.items() if f"{module}.".startswith(f"{n}.")]
                assert homes or any(n.startswith(module) for n in NAMESPACES), module
            else:
                homes = by_module[top][:1]
            found |= {plain(home): str(path.relative_to(ROOT)) for home in homes}
    return found


def test_every_package_that_the_code_imports_is_named() -> None:
    missing = {name: path for name, path in needed().items() if name not in named()}
    assert missing == {}


def test_every_package_that_is_named_is_used() -> None:
    assert named() - set(needed()) - USED_BY_OTHERS == set()


def test_no_dependency_hangs_on_an_extra() -> None:
    """An old pip leaves out extras that it does not understand, without a word."""
    assert [each for each in PROJECT["dependencies"] if "[" in each] == []
