"""No regular expression takes more than linear time, whatever text somebody sends.

A new expression is covered by itself: all are found in the code, and their worst texts are made
from their own structure.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from app.clients import masking
from app.formats import toml_editor
from app.ui import translation
from servers.host.mcp.sdk_server import _pattern as of_template
from servers.search.contacts import disguise, words
from tests.conftest import Figures
from tests.rules.regexes import (
    Found,
    candidates,
    computed,
    constants,
    is_linear,
    of_modules,
    spent,
    used,
)

if TYPE_CHECKING:
    from app.formats.spans import Layout

SIZE = 8_000
QUICK_S = 0.01
BOUNDED = {
    "servers/search/sanitize.py:_TAG": 8_000,
    "servers/search/pages/selectors.py:_STEP": 200,
    "servers/tracker/transfer/cells.py:_REMARK": 4_096,
    "app/ui/translation.py": 1_000,
}
"""Expressions whose text is cut before, and the length it is cut to."""
COMPUTED = {
    "app/clients/catalog.py",  # from our own list of clients
    "app/formats/toml_editor.py",  # see `made`
    "app/clients/masking.py",  # see `made`
    "servers/search/contacts/words.py",  # when it is imported: its constants are found
    "servers/search/pages/block_names.py",  # when it is imported: its constants are found
    "servers/tracker/transfer/headers.py",  # when it is imported: its constants are found
    "servers/host/mcp/sdk_server.py",  # see `made`
    "servers/search/contacts/disguise.py",  # see `made`
    "app/ui/translation.py",  # see `made`
}


def made() -> list[Found]:
    """Instances of those that are put together while the program runs."""
    layouts = [SimpleNamespace(root=("mcp_servers",), is_list=is_list) for is_list in (True, False)]
    return [
        *(
            Found(
                "app/formats/toml_editor.py",
                toml_editor._ours(cast("Layout", layout), "lou"),
                True,
            )
            for layout in layouts
        ),
        Found(
            "servers/host/mcp/sdk_server.py",
            of_template("page://{site}/{path}/end"),
            anchored=True,
        ),
        Found("app/clients/masking.py", masking._pair_pattern("TOKEN", "s3cret-value"), False),
        Found("app/clients/masking.py", masking._word_pattern("s3cret-value"), False),
        *(
            Found("app/ui/translation.py", translation._pattern(text, wide=wide), anchored=True)
            for text in translation.texts_of("de")
            for wide in (False, True)
            if text.count("{") > 1
        ),
        Found("servers/search/contacts/disguise.py", disguise._at_names(words.AT_NAMES), False),
    ]


ALSO_ANCHORED = {
    f"servers/tracker/transfer/cells.py:{name}"
    for name in ("_MARKDOWN", "_FORMULA", "_IN_BRACKETS", "_TITLED")
} | {"servers/contract/service_account.py:_PREFIX"}
"""Matched from the beginning, under another name than their own."""
FOUND = [
    replace(each, anchored=each.anchored or each.where in ALSO_ANCHORED)
    for each in (*of_modules(), *constants(), *made())
]


def test_every_computed_expression_is_known() -> None:
    assert computed() <= COMPUTED, "give an instance of the new one in `made`"
    assert len(FOUND) > 60


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.where)
def test_an_expression_takes_linear_time(found: Found) -> None:
    size = min(SIZE, BOUNDED.get(found.where, SIZE))
    well, took, text = is_linear(used(found), partial(candidates, found), size, QUICK_S)
    assert well, f"{took * 1000:.0f} ms for {size} characters such as {text!r}"


def test_the_search_finds_what_is_superlinear() -> None:
    for bad in (r"\w*token\w*", r"a*b", r"\s+$", r"<.*?>", r"\$\{(\w+)(?::-([^}]*))?\}"):
        found = Found(bad, re.compile(bad), anchored=False)
        assert not is_linear(used(found), partial(candidates, found), SIZE, QUICK_S)[0], bad


@pytest.mark.bench
@pytest.mark.timeout(1200)
def test_each_expression_is_quick_on_the_worst_100_kb(figure: Figures) -> None:
    worst = [(0.0, "", "")]
    for found in FOUND:
        work, size = used(found), BOUNDED.get(found.where, 100_000)
        for text in candidates(found, size):
            took = spent(work, text)
            if took > 0.02:
                took = min(took, spent(work, text, 3))
            worst.append((took, found.where, repr(text[:40])))
    worst.sort(reverse=True)
    for took, where, text in worst[:5]:
        figure(f"{where} on the worst 100 KB: {text}"[:72], took * 1e3, "ms", at_most=50)
