"""How well and how fast pages and documents are read, beside what else a user could pick.

`LOU_PAGES` names a folder of pages with their main texts, as the Web Content eXtraction Benchmark
lays them out; every second is read, or every n-th as `LOU_PAGES_STEP` says. Without it the pages of
the tests are read, which were made by hand. The other readers are installed in environments of
their own. A page that the shipped model learned from is read by a model that learned from other
sites, but where only the time is measured.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from servers.search.pages.documents import DocumentReader
from tests.bench.page_readers import LEARNED, READERS, digest, page_text
from tests.bench.rivals import ROOT, pypi_environment
from tests.conftest import Figures
from tests.search.test_documents import pdf

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

CROWD = """
import asyncio, resource
from servers.search.pages.extract import Extractor

async def main():
    said = "A heron stood on the weir and did not move for the whole time I watched it. "
    part = "<section class='entry'><h2>Heron {}</h2><p>{}</p></section>"
    page = "".join(part.format(number, said * 6) for number in range(190))
    page = f"<html><body><main>{page}</main></body></html>"
    read = Extractor().read
    await asyncio.gather(*(read(f"{page}{at}", f"https://e.org/{at}", "text") for at in range(40)))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

asyncio.run(main())
"""
"""40 pages of 100 KB, asked for at once; prints the most memory that it took."""

KINDS = {
    "article": 0.95,
    "documentation": 0.94,
    "service": 0.84,
    "forum": 0.84,
    "collection": 0.76,
    "listing": 0.75,
    "product": 0.75,
}


_TIMED = 60
"""Pages that are read for their time alone."""


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def f1(found: str, wanted: str) -> float:
    ours, theirs = words(found), words(wanted)
    both = sum((ours & theirs).values())
    return 2 * both / (sum(ours.values()) + sum(theirs.values())) if both else float(ours == theirs)


@dataclass(frozen=True)
class Sample:
    """A page with its main text."""

    path: Path
    kind: str
    url: str
    wanted: str


def samples() -> list[Sample]:
    """The pages of `LOU_PAGES`, or those that the tests came with."""
    folder = os.environ.get("LOU_PAGES")
    if not folder:
        return [
            Sample(path, "all", f"https://e.org/{path.stem}", path.with_suffix(".txt").read_text())
            for path in sorted((ROOT / "tests/search/pages").glob("*.html"))
        ]
    found = []
    for path in sorted((Path(folder) / "ground-truth").glob("*.json")):
        truth = json.loads(path.read_text())
        page = Path(folder) / "html" / f"{path.stem}.html.gz"
        kind = truth["_internal"]["page_type"]["primary"]
        found.append(Sample(page, kind, truth["url"], truth["ground_truth"]["main_content"]))
    return found[:: int(os.environ.get("LOU_PAGES_STEP", "2"))]


def other_models(several: list[Sample]) -> list[dict[str, Any]]:
    """Models, each with the names of the pages whose sites it does not know.

    Empty when the shipped model learned from none of the pages, or when they cannot be made here.
    """
    if not learned(several):
        return []
    try:
        python = pypi_environment("page-trainer", "lightgbm", "scikit-learn") / "python"
    except (OSError, subprocess.SubprocessError):
        return []
    own = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    told = subprocess.run(
        [python, "-m", "tests.bench.train_page_model", os.environ["LOU_PAGES"], "--models"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": own},
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(told.stdout)
    return found


def learned(several: list[Sample]) -> int:
    """How many of the pages the shipped model learned from."""
    known = set(LEARNED.read_text().split())
    return sum(digest(page_text(one.path)) in known for one in several)


def readers() -> Iterator[tuple[Path, list[str]]]:
    """The names of the readers that are here, and of each that can be installed; their Python."""
    here = [name for name, one in READERS.items() if find_spec(one[1].partition(".")[0])]
    yield Path(sys.executable), here
    for name in READERS:
        if name not in here:
            with suppress(OSError, subprocess.SubprocessError):
                yield pypi_environment(f"reader-{name}", READERS[name][0]) / "python", [name]


def read(
    several: list[Sample],
    models: list[dict[str, Any]],
    python: Path,
    names: list[str],
    rounds: int = 1,
) -> dict[str, tuple[list[str], float]]:
    """By name of a reader the texts of the pages, and the seconds that they took.

    The readers take turns in one process, so that their times can be compared.
    """
    numbers = {name: number for number, one in enumerate(models) for name in one["pages"]}
    pages = [
        {"path": str(one.path), "url": one.url, "model": numbers.get(one.path.name[:-8])}
        for one in several
    ]
    asked = {"pages": pages, "models": [one["table"] for one in models], "rounds": rounds}
    told = subprocess.run(
        [python, "-m", "tests.bench.page_readers", *names],
        input=json.dumps(asked).encode(),
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    assert not told.returncode, told.stderr.decode()[-2000:]
    found: dict[str, tuple[list[str], float]] = json.loads(told.stdout)
    return found


def test_what_a_page_costs_against_trafilatura(figure: Figures) -> None:
    several = samples()
    several = several[:: max(1, len(several) // _TIMED)]
    python, names = next(readers())
    told = read(several, [], python, names, rounds=3)
    spent = {name: seconds * 1e3 / len(several) for name, (_, seconds) in told.items()}
    for name, each in spent.items():
        figure(f"reading: time a page ({len(several)}), {name}", each, "ms")
    most = 0.8 if "LOU_PAGES" in os.environ else None  # the tests' pages are too short to tell
    ratio = spent["Lou"] / spent["trafilatura"]
    figure("reading: time against trafilatura", ratio, "x", at_most=most)


def test_pages_of_every_kind_against_other_readers(figure: Figures) -> None:
    several = samples()
    models, known = other_models(several), learned(several)
    if models:
        figure("reading: pages read by a model that knew none of their site", known, "pages")
    elif known:
        figure("reading: CAUTION, pages that Lou's model learned from", known, "pages")
    kinds = ("all", *KINDS) if "LOU_PAGES" in os.environ else ("all",)
    means: dict[tuple[str, str], float] = {}
    by_reader = (
        each for python, names in readers() for each in read(several, models, python, names).items()
    )
    for name, (texts, seconds) in by_reader:
        scores = [f1(text, one.wanted) for text, one in zip(texts, several, strict=True)]
        for kind in kinds:
            told = [
                score
                for score, one in zip(scores, several, strict=True)
                if kind in {"all", one.kind}
            ]
            least = KINDS.get(kind, 0.89) if name == "Lou" and len(kinds) > 1 else None
            means[name, kind] = sum(told) / max(1, len(told))
            label = f"reading: word F1, {kind} ({len(told)}), {name}"
            figure(label, means[name, kind], "", at_least=least)
        figure(f"reading: time a page, {name}", seconds * 1e3 / len(several), "ms")
    lost = [kind for name, kind in means if means["Lou", kind] < means[name, kind]]
    beside = {name for name, _ in means} - {"Lou"}
    figure("reading: readers beside Lou", len(beside), "", at_least=len(READERS) - 1)
    figure("reading: Lou is first", float("all" not in lost), "", at_least=1)
    figure("reading: kinds of which another is first", len(set(lost)), "", at_most=0)


def test_memory_of_40_pages_at_once(figure: Figures) -> None:
    told = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, check=True)
    figure("reading: memory, 40 pages at once", float(told.stdout), "MB", at_most=300)


@pytest.mark.anyio
async def test_the_first_pages_of_a_long_pdf(figure: Figures) -> None:
    line = "A heron stood on the weir and did not move for the whole time I watched it."
    content = pdf([line] * 100)
    began = time.perf_counter()
    told = await DocumentReader().read(content, (1, 10), marked=True)
    took = time.perf_counter() - began
    assert told.text.count("heron") == 10
    assert told.note.startswith("Pages 1 to 10 of 100.")
    figure("reading: 10 pages of a PDF of 100", took, "s", at_most=1.5)
