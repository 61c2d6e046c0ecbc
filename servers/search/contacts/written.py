"""Finds the addresses in a text, each with its probability. In comes the text with its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from servers.search.contacts import address, disguise, words
from servers.search.contacts.disguise import CLOSE, EDGES, LINK, OPEN, SPOKEN_AT, SURE_AT, UNSURE_AT

SURE, UNSURE = 0.8, 0.6
_MOST_PLACES = 1_000
"""Places in one text that are checked; a caller gets at most fifty contacts."""
_PLACE = re.compile(rf"[@{SURE_AT}{UNSURE_AT}{SPOKEN_AT}]([ {EDGES}]{{0,4}})(?=[^\W_])")
_RUN = re.compile(r"(?:[^\W_]|-|\.(?=[^\W_]))+")
_EDGE = re.compile(rf"(?=\.?[{EDGES}])([{EDGES}]*+)(\.?)([{EDGES}]*+)(?=-?[^\W_])")
_SPACED_DOT = re.compile(rf" \.[ {EDGES}]{{0,3}}(?=[a-z])")
_UNUSUAL = frozenset("!#$%*/=?^`{}~")
"""Allowed before the @, but usually separators in a text; such an address is left out."""
_LEADING = "'`*{/.+-"
_ELISION = re.compile(
    r"(?:[ldjmtsnc]|qu|jusqu|lorsqu|puisqu|all|dell|nell|sull|dall|un|quest|quell)'", re.IGNORECASE
)
_OTHER_NET = re.compile(
    r"\b(?:ssh|sftp|mosh|telnet|ssh-copy-id)(?: -\w+(?: \d+)?){0,4} $|"
    r"\b(?:mastodon|fediverse|activitypub|matrix|jabber|xmpp|sips?|voip|lightning|nostr|nip-?05|"
    r"webfinger|acct)(?: \w{1,12})?\s{0,3}[:=]?\s{0,3}<?$|"
    r"\b(?:message-id|msgid|content-id|cid|mid)\s{0,3}[:=]\s{0,3}<?$|"
    r"\b(?:message-id|in-reply-to|references)\s{0,3}:[^\n]{0,80}<$"
)
_NET_WORDS = words.listed(
    "ssh, sftp, mosh, telnet, mastodon, fediverse, activitypub, matrix, jabber, xmpp, sip, voip,"
    "lightning, nostr, nip, webfinger, acct, message-id, msgid, content-id, cid, mid, in-reply-to,"
    "references"
)
"""Before a name on another network, a host, and the name of a message."""
_WEB_START = re.compile(r"(?:^|[\s(\"'<>|,;])(?:https?|mailto|e-?mail):$", re.IGNORECASE)
_BETWEEN_TOKENS = re.compile(r"[\s|,;<>\"()\[\]]")
_LOOSE = re.compile(r"(?:^|[^\w])['&]|['&](?:$|[^\w])")
"""An apostrophe or an ampersand that joins nothing."""
_LABEL_START = re.compile(r"e-?mail|mail|contact|kontakt|address|adresse")
_COMPOSED = re.compile(r"\w[\d._-]\w")
_GLUED = re.compile(r"[a-z]{0,9}[\d()+-]{6,}[a-z]{2,}", re.IGNORECASE)
"""A telephone number that runs into an address."""
_AFTER = re.compile(
    r"@|_+[^\W_]|:(?:[a-z~]|[\w.~-]{0,60}/|\d{2,5}\b)|/[a-z0-9_~]|[%=\\][\w]|\(\)", re.ASCII
)
_NEXT_TOO = re.compile(r"/[\w.+-]{1,64}@")
_CLOSED_UP = re.compile(r"[\u00c0-\u024f\u0300-\u036f@\\%]$")


@dataclass(frozen=True, slots=True)
class FoundAddress:
    """An address, how sure it is that it stands there (0 to 1), and whose it is if that is told."""

    email: str
    sure: float
    name: str = ""
    only_own: bool = False
    """Whether it counts only at the domain that is asked for."""


class _Half(NamedTuple):
    """One half of an address: its text, where it starts or ends, and whether that is doubtful."""

    text: str
    edge: int
    doubt: bool = False


def addresses(text: str) -> list[str]:
    """The e-mail addresses in `text`, lower case, each once, in their order."""
    return [found.email for found in addresses_in(disguise.without_marks(text))]


def addresses_in(text: str) -> list[FoundAddress]:
    """The addresses in `text`, which may hold the marks of `disguise`; each once."""
    plain = disguise.undisguised(text)
    best: dict[str, float] = {}
    lowered = plain.lower()
    networks = tuple(word for word in _NET_WORDS if word in lowered)
    for found in islice(_each(plain, networks), _MOST_PLACES):
        if found:
            best[found.email] = max(found.sure, best.get(found.email, 0))
    return [FoundAddress(email, sure) for email, sure in best.items()]


def _each(text: str, networks: tuple[str, ...]) -> Iterator[FoundAddress | None]:
    """The address around each @ that something stands before; None where there is none."""
    for place in _PLACE.finditer(text):
        window = text[max(0, place.start() - 5) : place.start()]
        bare = window.rstrip(f" {EDGES}")
        if bare and (bare[-1].isalnum() or bare[-1] in address.LOCAL_CHARACTERS):
            yield _at(text, place, window[len(bare) :], networks)


def _at(
    text: str, place: re.Match[str], before: str, networks: tuple[str, ...]
) -> FoundAddress | None:
    """The address around the @ at `place`, when there is one; `networks` are words in the text."""
    mark = place.group()[0]
    spaced = (" " in before, " " in place.group(1))
    after_at = _after(text, place.end())
    domain = address.settled(after_at.text)
    if not domain or domain.lower().startswith("www."):
        return None
    end = after_at.edge if domain == after_at.text else place.end() + len(domain)
    local = _before(text, place.start(), before, spoken=mark != "@")
    if local is None or _belongs_elsewhere(text, local, end, networks):
        return None
    lead = text[max(0, local.edge - 60) : local.edge].rpartition("\n")[2]
    email = address.put_together(local.text, domain)
    if not email or not _is_mailbox(local.text, lead, mark, spaced):
        return None
    is_sure = mark in {SURE_AT, SPOKEN_AT} or (mark == "@" and not any(spaced))
    return FoundAddress(email, SURE if is_sure and not (local.doubt or after_at.doubt) else UNSURE)


def _after(text: str, start: int) -> _Half:
    """The domain from `start` on, over the edges of elements and over spoken dots."""
    domain, at, is_spoken = "", start, False
    while run := _RUN.match(text, at):
        domain, at = domain + run.group(), run.end()
        if edge := _EDGE.match(text, at):
            going = _goes_on(domain, edge, _run(text, edge.end()))
            if going is not True:
                return _Half(domain, at, doubt=going is None)
            domain, at = domain + edge.group(2), edge.end()
        elif (is_spoken or not address.is_domain(domain)) and (dot := _spoken_dot(text, at)):
            domain, at, is_spoken = f"{domain}.", dot, True
        else:
            break
        if len(domain) > 300:
            break
    return _Half(domain, at)


def _spoken_dot(text: str, at: int) -> int:
    """Where the domain goes on behind a dot that is a word or has spaces around; 0 for none."""
    dot = disguise.SPOKEN_DOT.match(text, at) or _SPACED_DOT.match(text, at)
    if dot is None:
        return 0
    end = dot.end()
    while end < len(text) and text[end] in EDGES:
        end += 1
    return end


def _run(text: str, at: int) -> str:
    found = _RUN.match(text, at)
    return found.group() if found else ""


def _goes_on(domain: str, edge: re.Match[str], rest: str) -> bool | None:
    """Whether the domain goes on behind the edge of an element; None: it ends, with a doubt."""
    if not address.is_domain(domain):
        return True
    before, dot, behind = edge.groups()
    both = address.is_domain(f"{domain}{dot}{rest}")
    if dot or rest.startswith("-"):
        return both and rest.lstrip("-")[:1].islower()
    if both and len(rest) == 1:  # an element for each letter
        return True
    if both and not _is_apart(before + behind):
        return None
    return False


def _is_apart(edges: str) -> bool:
    """Whether two elements meet there, and not an element and the text around it."""
    return CLOSE + OPEN in edges or LINK in edges


def _before(text: str, at: int, gap: str, *, spoken: bool) -> _Half | None:
    """What stands before the @ at `at` and the `gap`; None when it is not there as a whole."""
    end = at - len(gap)
    start, local = _token(text, end)
    doubt = False
    while (edges := _edges_before(text, start)) and len(local) <= 64:
        left_start, left = _token(text, start - len(edges))
        if not left:
            break
        goes_on, doubt = _joins(
            left, local, edges, gap, is_other=_is_other_word(text, left_start, left, edges)
        )
        if goes_on is None:
            return None
        if not goes_on:
            break
        start, local = left_start, left + local
    if spoken:
        start, local = _spoken_before(text, start, local)
    local, start = _trimmed(text, local, start, end)
    if not local or _CLOSED_UP.search(text, max(0, start - 1), start):
        return None
    return _Half(local, start, doubt)


def _edges_before(text: str, end: int) -> str:
    window = text[max(0, end - 12) : end]
    return window[len(window.rstrip(EDGES)) :]


def _token(text: str, end: int) -> tuple[int, str]:
    """The characters of an address directly before `end`, and where they start."""
    window = text[max(0, end - 100) : end]
    run = window[len(window.rstrip(address.LOCAL_CHARACTERS)) :]
    if "/" in run and window[: -len(run)].endswith("@"):  # two addresses with a slash between
        run = run.rpartition("/")[2]
    if not run and window[-1:].isalpha():
        run = _other_script(window)
    return end - len(run), run


def _other_script(window: str) -> str:
    start = len(window)
    while start and (window[start - 1].isalnum() or window[start - 1] in "._-"):
        start -= 1
    run = window[start:]
    return "" if any(map(str.isascii, filter(str.isalpha, run))) else run


def _is_label(text: str) -> bool:
    return text.rstrip(":.").lower() in words.LABELS


def _is_other_word(text: str, start: int, word: str, edges: str) -> bool:
    """Whether the word before the edge is no part of an address, as far as its looks tell."""
    before = text[start - 1 : start]
    in_text = before.isspace() and _is_apart(edges)
    return in_text or before == "@" or word[0].isupper() or word.isdigit()


def _label_before(local: str) -> bool:
    """Whether a label runs into the name of a mailbox, as in `emailinfo`."""
    label = _LABEL_START.match(local)
    return label is not None and local[label.end() :] in words.MAILBOXES


def _joins(
    left: str, local: str, edges: str, gap: str, *, is_other: bool
) -> tuple[bool | None, bool]:
    """Whether `left` before the edge belongs to the address, None when nobody can say; a doubt."""
    if not local:
        return True, False
    is_joint = left[-1] in "._-+&'"
    if _is_label(left) or not (left[-1].isalnum() or is_joint):
        return False, False
    if min(len(left), len(local)) == 1 or local[0] in "._-+&'":
        return True, False
    if is_joint:
        return (None if _is_apart(edges) else True), False
    if LINK in edges:
        return False, False
    is_whole = not gap.strip() and (_is_apart(edges) or edges[-1] == OPEN)
    return (False if is_whole and is_other else None), not _is_apart(edges)


def _spoken_before(text: str, start: int, local: str) -> tuple[int, str]:
    """Goes on to the left over spoken dots and dashes."""
    for _ in range(3):
        word = disguise.SPOKEN_BEFORE.search(text, max(0, start - 30), start)
        if word is None:
            break
        left_start, left = _token(text, word.start())
        start, local = left_start, left + disguise.spoken(word.group(1)) + local
    return start, local


def _trimmed(text: str, local: str, start: int, end: int) -> tuple[str, int]:
    """Without the marks of lists, quotes and emphasis in front; empty when doubtful."""
    if local.startswith("//") and _WEB_START.search(text, max(0, start - 12), start):
        local, start = local[2:], start + 2
    label, equals, rest = local.partition("=")
    bare = rest if equals and _is_label(label) else local.lstrip(_LEADING)
    start += len(local) - len(bare)
    if bare.startswith("_") and re.search(r"\w_+(?!\w)", text[end : end + 256]):
        bare = bare.lstrip("_")
    if _ELISION.match(bare) or _GLUED.match(bare) or not _UNUSUAL.isdisjoint(bare):
        return "", start
    if _label_before(bare.lower()):
        return "", start
    if ("'" in bare or "&" in bare) and _LOOSE.search(bare):
        return "", start
    return bare, start


def _belongs_elsewhere(text: str, local: _Half, end: int, networks: tuple[str, ...]) -> bool:
    """Whether it is a part of a web address, a place on a server, or a name on another network."""
    if _AFTER.match(text, end) and not _NEXT_TOO.match(text, end):
        return True
    line = text[max(0, local.edge - 90) : local.edge].rpartition("\n")[2]
    if "://" in line or "www." in line:
        token = _BETWEEN_TOKENS.split(line)[-1].strip(EDGES)
        if "://" in token or token.startswith("www."):
            return not _WEB_START.search(token.removesuffix("//")) or "/" in text[end : end + 1]
    lowered = line.lower() if networks else ""
    return any(word in lowered for word in networks) and bool(_OTHER_NET.search(lowered))


_AS_SPACE = str.maketrans(EDGES, " " * len(EDGES))


def _is_mailbox(local: str, lead: str, mark: str, spaced: tuple[bool, bool]) -> bool:
    """Whether the word before an @ with spaces around, or a word for it, is a mailbox."""
    if not any(spaced) or mark == SURE_AT or local.lower() in words.MAILBOXES:
        return True
    if local.lower() in words.TEXT_WORDS or spaced == (True, False):
        return False
    if mark == SPOKEN_AT or _COMPOSED.search(local):
        return True
    if local[0].isupper() and not local.isupper():
        return False
    before = lead.translate(_AS_SPACE).split()
    return not before or not before[-1][-1].isalnum() or before[-1].lower() in words.LEADS
