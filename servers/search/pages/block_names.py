"""What an element is called, and what that says of the text in it.

The names speak as they do to trafilatura and to Readability.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from servers.search.pages.blocks import Block

if TYPE_CHECKING:
    from lxml.html import HtmlElement

GROUPS = (
    "nav menu navbar navigation breadcrumb breadcrumbs toolbar dropdown mega toc skip submenu",
    "header masthead topbar",
    "footer copyright colophon",
    "cookie cookies consent banner gdpr modal popup dialog overlay toast alert drawer",
    "form login signup signin subscribe newsletter search input",
    "filter filters facet facets refine sort sorting pagination pager paging",
    "main content article post entry body story page hentry maincontent",
    "card cards item items grid list result results tile",
    "section hero faq feature features pricing price rich intro summary",
    "hidden collapse collapsed tooltip print",
)
_GROUP_OF = {word: number for number, words in enumerate(GROUPS) for word in words.split()}
_TOKEN = re.compile(r"[a-z]{2,15}")
_CAMEL_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _factored(words: str) -> str:
    """An expression that finds any of `words`, and looks at what they have in common once."""
    by_first: dict[str, list[str]] = {}
    for word in words.split("|"):
        by_first.setdefault(word[:1], []).append(word[1:])
    if "" in by_first:
        return ""
    parts = [re.escape(first) + _factored("|".join(rest)) for first, rest in by_first.items()]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


_CLUTTER_BEGINNINGS = ("shar", "nav", "post-nav", "ad-")
_CLUTTER = re.compile(
    _factored(
        "social|viral|newsletter|syndication|tags|sidebar|banner|breadcrumb|bread-crumb|button|"
        "author|subnav|avigation|navbar|navbox|menu|bar| ad |-ad-| ad-|dfpAd|dfpad|outbrain|"
        "taboola|criteo|paidcontent|paid-content|widget|footer|Footer|byline|Byline|share-|sociable|"
        "embed|consent|modal-content|permission|elated|next-|-stories|most-popular|more-on|meta|"
        "rating|attachment|timestamp|user-info|user-profile|-icon|message-container|slide|viewport|"
        "overlay|options|expand|obfuscated|blurred|cookie"
    )
)
_CLUTTER_NAME = re.compile(
    r"social|viral|newsletter|syndication|tags|sidebar|banner|bread-?crumb|button|author|footer|"
    r"Footer|share|Share|nav|Nav|menu|related|message-container|premium|^ad-|cookie"
)
_PUT_AWAY = re.compile(
    r"^hide-|comments-title|nocomments|-reply-|message|akismet|suggest-links|-hide-|hide-print|"
    r" hidden| hide|noprint|notloaded"
)
_UNLIKELY = re.compile(
    _factored(
        "-ad-|banner|breadcrumbs|combx|comment|community|cover-wrap|disqus|extra|footer|gdpr|header|"
        "legends|menu|related|remark|replies|rss|shoutbox|sidebar|skyscraper|social|sponsor|"
        "supplemental|ad-break|agegate|pagination|pager|popup"
    )
)
_PERHAPS = re.compile(r"and|article|body|column|content|main|mathjax|shadow")
_GOOD = re.compile(r"article|body|content|entry|main|page|post|text|blog|story")
_BAD = re.compile(
    _factored(
        "-ad-|hidden|banner|combx|comment|com-|contact|footer|gdpr|masthead|media|meta|outbrain|"
        "promo|related|scroll|share|shoutbox|sidebar|skyscraper|sponsor|shopping|tags|widget"
    )
    + r"|\bhid\b"
)
_BODIES = (
    re.compile(
        r"^post$|^entry$|post[-_]?(?:text|body|content|inner)|post-?entry|article-?text|body-text|"
        r"(?:entry|page|text|article|art)-content|article(?:-|__)?(?:body|content)|article__container"
    ),
    re.compile(
        r"fulltext|^article |^(?:postarea|text|cell|story|article)$|story-?(?:body|content)|"
        r"(?:theme|blog|section|single)-content|single-post|main-column|wpb_text_column|field-body|"
        r"^primary"
    ),
    re.compile(r"^content$|content(?:[-_]|__)(?:main|body)|(?:main|page)-content"),
    re.compile(r"^main"),
)
_OTHER_BODIES = ("cell", "primary")
"""What names begin with that `_BODIES` knows and `_GOOD` does not."""
_ASIDE_ROLES = frozenset(
    ["menu", "menubar", "complementary", "navigation", "alert", "alertdialog", "dialog"]
)
_CLUTTER_TAGS = frozenset(["div", "p", "section", "span"])
_BODY_TAGS = frozenset(["article", "div", "main", "section"])
DIALOG = re.compile(r"(?<![a-z])(?:modal|dialog|popup|popover|lightbox)(?![a-z])", re.IGNORECASE)
SIGNATURE = re.compile(r"(?<!post-)signature|(?<![a-z])sig(?![a-z])", re.IGNORECASE)
"""What elements are called that open over a page, and that hold what people sign all posts with;
Stack Exchange calls the author and the date of a post its `post-signature`."""
_AROUND = 6
"""Elements around that of a block whose names are looked at; higher ones hold the page."""
REACHES = (0, 1, 1, 2, 2, 2, 3, 3, 3)
"""How far off the elements around a block are, itself first, by which their names weigh."""
_LONGEST_NAME = 300
"""Characters of a class or an id that are looked at."""


class Traits(NamedTuple):
    """What an element is called."""

    says: list[float]
    """Clutter, unlikely, weight, bodies, and whether it describes."""
    groups: tuple[int, ...]
    words: tuple[str, ...]
    """Its tag, marked as such, and the words in its names."""


def traits(tag: str, names: tuple[str, str, str, str]) -> Traits:
    """What the `names` of an element say: its classes, its id, its role and its itemprop."""
    classes, name, role, prop = (one[:_LONGEST_NAME] for one in names)
    both = f"{classes} {name}"
    low = both.lower()
    lower = [one.lower() for one in (classes, name) if one]
    clutter = tag in _CLUTTER_TAGS and bool(
        classes.startswith(_CLUTTER_BEGINNINGS)
        or _CLUTTER.search(classes)
        or _CLUTTER_NAME.search(name)
        or "nav" in role
    )
    unlikely = role in _ASIDE_ROLES or bool(
        tag not in ("body", "html", "a") and _UNLIKELY.search(low) and not _PERHAPS.search(low)
    )
    good = [one for one in lower if _GOOD.search(one)]
    weight = len(good) - sum(_BAD.search(one) is not None for one in lower)
    bodies = [False] * (len(_BODIES) + 1)
    if tag in _BODY_TAGS:
        known = [one for one in lower if one in good or one.startswith(_OTHER_BODIES)]
        bodies = [any(map(body.search, known)) for body in _BODIES]
        bodies[0] |= prop == "articleBody"
        bodies[-1] |= tag == "main" or role.startswith("main")
        bodies.append(tag == "article")
    said = f"{both} {role} {prop}"
    tokens = _TOKEN.findall(said if said.islower() else _CAMEL_BORDER.sub(" ", said).lower())
    clutter = clutter or bool(_PUT_AWAY.search(classes))
    describes = prop in ("description", "articleBody", "text")
    return Traits(
        [clutter, unlikely, weight, *map(int, bodies), describes],
        tuple(sorted({_GROUP_OF[word] for word in tokens if word in _GROUP_OF})),
        (f"<{tag}", *tokens),
    )


def inside(blocks: list[Block], called: re.Pattern[str]) -> list[bool]:
    """Which `blocks` stand in something that is `called` so; none if most do."""
    known: dict[HtmlElement, int] = {}

    @cache
    def is_called(name: str | None) -> bool:
        return bool(name and called.search(name[:_LONGEST_NAME]))

    found = [_above(block.element, is_called, known) <= _AROUND for block in blocks]
    within = sum(block.words for block, is_in in zip(blocks, found, strict=True) if is_in)
    is_most = within > sum(block.words for block in blocks) / 2
    return [False] * len(blocks) if is_most else found


def _above(
    element: HtmlElement, is_called: Callable[[str | None], bool], known: dict[HtmlElement, int]
) -> int:
    """How many elements up from `element` the next one is that `is_called` so."""
    way: list[HtmlElement] = []
    one: HtmlElement | None = element
    while one is not None and one not in known:
        way.append(one)
        one = one.getparent()
    above = known[one] if one is not None else _AROUND + 1
    for inner in reversed(way):
        is_so = is_called(inner.get("class")) or is_called(inner.get("id"))
        above = 0 if is_so and inner.tag not in {"body", "html"} else above + 1
        known[inner] = above
    return above
