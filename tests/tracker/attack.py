"""What somebody reads from the rows of a tracker without its key: the attack of an audit, and more.

The attacker has the clear fields and the digests of each row, and a dictionary of names. What a
digest stands for is learned from the rows whose URL or tags say it, from the beginnings of words,
and from digests that go along with clear words or come as often as they do.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from servers.tracker.entry import Draft

Claim = tuple[int, str]
"""A row, and a name that is said to be in it."""

_GUESSED = 0.02
_START = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
]
_VOWEL = ["a", "e", "i", "o", "u", "ai", "ea", "io", "ou"]
_END = [
    "ck",
    "d",
    "dra",
    "f",
    "g",
    "l",
    "ll",
    "m",
    "n",
    "nd",
    "ngton",
    "r",
    "rt",
    "s",
    "shaw",
    "ss",
    "t",
    "ton",
    "v",
    "x",
    "z",
]


@dataclass(frozen=True)
class Row:
    """What a row shows: its clear words, its digests; and the names in it that it should hide."""

    clear: frozenset[str]
    digests: frozenset[str]
    hidden: frozenset[str]


def dictionary(count: int) -> list[str]:
    """Names that somebody may have, each at least five letters long."""
    rng = random.Random(7)
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [rng.choice(_START) + rng.choice(_VOWEL) for _ in range(rng.randint(2, 3))]
        name = "".join(parts) + rng.choice(_END)
        if len(name) >= 5:
            found[name] = None
    return list(found)


def people(names: Sequence[str], count: int) -> list[tuple[Draft, frozenset[str]]]:
    """Entries, with the names in each: some have them in the URL as well, some only in the address.

    Common names come often, as they do among people.
    """
    rng = random.Random(11)
    firsts, lasts = names[: len(names) // 2], names[len(names) // 2 :]
    found = []
    for number in range(count):
        first = firsts[int(len(firsts) * rng.random() ** 2)]
        last = lasts[int(len(lasts) * rng.random() ** 2)]
        company = f"company{number // 7}.example"
        url, host = f"https://pages{number % 5}.example/{number}", company
        if number % 2:
            url = f"https://www.{company}/people/{first}-{last}"
        elif number % 3 == 0:
            url = f"https://{last}{number}.example/imprint"
            host = f"{last}{number}.example" if number % 4 else company
        note = f"knows {firsts[rng.randrange(len(firsts))]} from the fair" if number % 4 else ""
        tags = ("lead",) if number % 3 else ("lead", firsts[number % len(firsts)])
        draft = Draft(url, f"{first}.{last}@{host}", note, tags)
        found.append((draft, frozenset({first, last, *_words(note)} & set(names))))
    return found


def clear_words(url: str, tags: Iterable[str]) -> frozenset[str]:
    """What a row says in the clear, with the beginnings of its words."""
    whole = {*_words(url), *(word for tag in tags for word in _words(tag))}
    return frozenset({*whole, *(word[:n] for word in whole for n in range(3, len(word)))})


def read(rows: Sequence[Row], names: Sequence[str]) -> tuple[int, int]:
    """How many hidden names the attacker reads rightly, and how many there are.

    A way of reading that is right as seldom as a guess tells the attacker nothing.
    """
    right: set[Claim] = set()
    seen = Seen(rows)
    for way in (_by_what_digests_mean, _by_company, _by_frequency):
        claims = way(seen, names)
        true = {(row, name) for row, name in claims if name in rows[row].hidden - rows[row].clear}
        if len(true) > _GUESSED * len(claims):
            right |= true
    return len(right), sum(len(row.hidden - row.clear) for row in rows)


class Seen:
    """The rows, and which of them have a digest or say a word."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.having: dict[str, set[int]] = defaultdict(set)
        self.saying: dict[str, set[int]] = defaultdict(set)
        for number, row in enumerate(rows):
            for digest in row.digests:
                self.having[digest].add(number)
            for word in row.clear:
                self.saying[word].add(number)


def _by_what_digests_mean(seen: Seen, names: Sequence[str]) -> set[Claim]:
    """Digests that all rows have whose clear text says a word: the rarest of them means it."""
    means: dict[str, str] = {}
    for word, numbers in seen.saying.items():
        common = frozenset.intersection(*(seen.rows[number].digests for number in numbers))
        rare = [one for one in common if len(seen.having[one]) < len(seen.rows) / 3]
        if rare:
            means[word] = min(rare, key=lambda one: len(seen.having[one]))
    claims: set[Claim] = set()
    for name in names:
        holders = seen.having[means[name]] if name in means else set()
        begun = [seen.having[means[name[:n]]] for n in range(3, len(name)) if name[:n] in means]
        if len(begun) > 2:
            holders = holders | set.intersection(*begun)
        claims |= {(number, name) for number in holders - seen.saying.get(name, set())}
    return claims


def _by_company(seen: Seen, names: Sequence[str]) -> set[Claim]:
    """Digests that go along with a clear word nearly always: they mean it in other rows, too."""
    claims: set[Claim] = set()
    for name in names:
        saying = seen.saying.get(name, set())
        if len(saying) < 2:
            continue
        along = Counter(digest for number in saying for digest in seen.rows[number].digests)
        best = max(
            (one for one, count in along.items() if count >= 0.8 * len(saying)),
            key=lambda one: along[one] / len(seen.having[one] | saying),
            default="",
        )
        if best and len(seen.having[best]) < 10 * len(saying):
            claims |= {(number, name) for number in seen.having[best] - saying}
    return claims


def _by_frequency(seen: Seen, names: Sequence[str]) -> set[Claim]:
    """Digests by how often they come, as names do in URLs."""
    common = Counter({name: len(seen.saying[name]) for name in names if name in seen.saying})
    digests = Counter({one: len(having) for one, having in seen.having.items()})
    rare = [one for one, count in digests.most_common() if count < len(seen.rows) / 3]
    ranked = zip(common.most_common(), rare, strict=False)
    return {
        (number, name)
        for (name, _), digest in ranked
        for number in seen.having[digest] - seen.saying[name]
    }


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
