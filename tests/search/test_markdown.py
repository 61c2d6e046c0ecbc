"""The shape of a page in Markdown: nested lists and quotes, tables, code and line ends."""

from __future__ import annotations

import pytest

from servers.search.pages import markup
from servers.search.pages.blocks import blocks_of
from servers.search.pages.rendering import rendered

_SHAPES = {
    "an anchor": (
        "<h2>Run<a href='#i'>¶</a></h2><h3>In C# <a>#</a></h3><h4><a>§</a>Use</h4><h4>§ 5 b</h4>",
        "## Run\n\n### In C#\n\n#### Use\n\n#### § 5 b",
    ),
    "nested lists": (
        "<ol start=9><li>one<ul><li>a<li>b</ul><li value=12>two<p>more</p><li>three</ol>",
        "9. one\n   - a\n   - b\n12. two\n\n    more\n13. three",
    ),
    "code in an item": (
        "<ul><li>Run:<pre><code class='language-sh'>a\n\nb</code></pre><li>Done</ul>",
        "- Run:\n\n  ```sh\n  a\n\n  b\n  ```\n- Done",
    ),
    "a section in an item": ("<ul><li><h3>Ada</h3><p>Chair</p></ul>", "### Ada\n\nChair"),
    "tasks": (
        "<ul><li><input type=checkbox checked> done<li><input type=checkbox> open</ul>",
        "- [x] done\n- [ ] open",
    ),
    "two lists": ("<ul><li>a</ul><ul><li>b</ul>", "- a\n\n- b"),
    "quotes": (
        "<blockquote><p>a</p><blockquote>b<br>c</blockquote><ul><li>d</ul></blockquote><p>e</p>",
        "> a\n>\n> > b\n> > c\n>\n> - d\n\ne",
    ),
    "definitions": (
        "<dl><dt>Weir<dd>A low dam.<dt>Gate<dd>a<p>b</dl>",
        "Weir\n: A low dam.\n\nGate\n: a\n\n  b",
    ),
    "a definition of nothing": ("<h1>a</h1><dl><dd>b<p>c</dl>", "# a\n\nb\n\nc"),
    "line ends": (
        "<p>1 Mill Lane<br>\nWeir Town<br><br><br>x\ny</p>",
        "1 Mill Lane\nWeir Town\n\nx y",
    ),
    "a line end in a heading": ("<h1>Big<br>weirs</h1>", "# Big weirs"),
    "code in a line": (
        "<p><code>ls  -l</code>, <kbd><kbd>Ctrl</kbd>+<kbd>C</kbd></kbd> or <code>a`b</code>.</p>",
        "`ls -l`, `Ctrl+C` or a`b.",
    ),
    "code over borders": ("<code><div>a b</div>c</code>", "a b\n\nc"),
    "fences in code": ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"),
    "the numbers of lines": (
        "<table><tr><td><pre>1\n2\n3</pre><td><pre>a\nb\nc</pre></table>",
        "```\na\nb\nc\n```",
    ),
    "a fence in a text": ("<p>```<br>x</p>", "\\```\nx"),
    "a table": (
        "<table><caption>Prices</caption><tr><th>Name<th>a | b</tr>"
        "<tr><td rowspan=2>Big<td>1<br>2</tr><tr><td>3</tr><tr><td colspan=2>all</tr></table>",
        "Prices\n\n| Name | a \\| b |\n| --- | --- |\n| Big | 1 2 |\n|  | 3 |\n| all |  |",
    ),
    "a table in an item": (
        "<ul><li>See<table><tr><th>a<th>b<tr><td>1<td>2</table></ul>",
        "- See\n\n  | a | b |\n  | --- | --- |\n  | 1 | 2 |",
    ),
}


@pytest.mark.parametrize("shape", _SHAPES)
def test_markdown_keeps(shape: str) -> None:
    page, wanted = _SHAPES[shape]
    assert _read(page, marked=True) == wanted


def test_text_keeps_line_ends_and_no_marks() -> None:
    page = "<h2>Install ¶</h2><p>Run <code>ls</code><br>and wait</p><table><tr><td>a<td>b</table>"
    assert _read(page, marked=False) == "Install ¶\nRun ls\nand wait\na b"


@pytest.mark.parametrize("spans", ["colspan=999999999 rowspan=999999999", "colspan=x rowspan=-1"])
def test_no_cell_makes_a_table_without_end(spans: str) -> None:
    cells = f"<tr>{f'<td {spans}>a' * 200}</tr>" * 20
    assert len(_read(f"<table>{cells}</table>", marked=True)) < 100_000


def _read(page: str, *, marked: bool) -> str:
    tree = markup.parsed(f"<html><body>{page}</body></html>")
    assert tree is not None
    return rendered(blocks_of(tree), marked=marked)
