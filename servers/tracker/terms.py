"""What an entry is found by: pure. The store sees none of this but keyed digests of it.

Whole words of the URL, the e-mail address, the note and the tags are found, and the beginnings
(3 to 8 letters) of the words in a host name or an e-mail address. Encoded URLs and international
domains are found by what a person reads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import unquote

from servers.tracker import urls
from servers.tracker.entry import Draft, Entry, Rules, folded_email

Term = tuple[str, str]
"""A kind and a value. The terms of a deleted entry have kinds of their own."""

MOST_NOTE_WORDS = 200
_WORD = re.compile(r"[^\W_]+")
_LONGEST_WORD = 64
_SHORTEST, _LONGEST = 3, 8
_SAID_BY_ALL = frozenset({"http", "https", "www"})


def of(entry: Entry) -> list[Term]:
    """Every term that finds `entry`."""
    hosts = {urls.host(entry.url), entry.email.rpartition("@")[2]}
    found = [("status", entry.status), ("url", lookup_url(entry.url))]
    found += [("tag", tag) for tag in entry.tags]
    found += [("email", email) for email in _email_spellings(entry.email)]
    found += [("domain", domain) for domain in {part for host in hosts for part in _parents(host)}]
    found += [("word", word) for word in _words_of(entry, hosts)]
    if entry.deleted:
        return [(kind_of(kind, deleted=True), value) for kind, value in found]
    return found


def kind_of(kind: str, *, deleted: bool) -> str:
    """Live and deleted entries are told apart by the kinds of their terms."""
    return f"deleted {kind}" if deleted else kind


def lookup_url(url: str) -> str:
    """What a URL is looked up by: no tracking parameters, whatever the rules say."""
    return urls.normalise(url, strip_tracking=True) if "?" in url else url


def lookup_email(email: str) -> str:
    """What an e-mail address is looked up by; it also finds the address with any +tag."""
    return folded_email(email, case=True, plus_tag=False)


def pair(draft: Draft | Entry, rules: Rules) -> str:
    """What two entries have in common when they count as the same."""
    url = lookup_url(draft.url) if rules.strip_tracking else draft.url
    email = folded_email(draft.email, case=rules.fold_case, plus_tag=rules.fold_plus_tag)
    return f"{url} {email}"


def words(text: str) -> list[str]:
    """The words of `text`, as they are compared."""
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = _WORD.findall(plain)
    return found if len(plain) <= _LONGEST_WORD else [word[:_LONGEST_WORD] for word in found]


def sought(text: str) -> tuple[str, ...]:
    """The words to look for when somebody typed `text`; those that all entries have say nothing."""
    found = dict.fromkeys(words(text))
    return tuple(word for word in found if word not in _SAID_BY_ALL)


def _words_of(entry: Entry, hosts: Collection[str]) -> set[str]:
    local, _, email_host = entry.email.rpartition("@")
    found = {*words(local), *(word for host in hosts for word in _named(host))}
    found |= {word[:n] for word in found for n in range(_SHORTEST, min(len(word), _LONGEST + 1))}
    found.update(list(dict.fromkeys(words(entry.note)))[:MOST_NOTE_WORDS])
    if entry.tags:
        found.update(word for tag in entry.tags for word in words(tag))
    found.update(words(unquote(entry.url) if "%" in entry.url else entry.url), words(email_host))
    return found - _SAID_BY_ALL


def _email_spellings(email: str) -> set[str]:
    if "+" not in email:
        return {folded_email(email, case=True, plus_tag=False)}
    return {folded_email(email, case=True, plus_tag=is_cut) for is_cut in (False, True)}


def _named(host: str) -> list[str]:
    """The words of `host` that somebody chose: all but those of its last label."""
    return words(_readable(host).rpartition(".")[0])


def _readable(host: str) -> str:
    """An international domain as people read it."""
    if "xn--" not in host:
        return host
    try:
        return host.encode().decode("idna")
    except UnicodeError:
        return host


def _parents(host: str) -> list[str]:
    """`host` and the domains it is part of, down to two labels."""
    labels = host.split(".")
    return [host, *(".".join(labels[start:]) for start in range(1, len(labels) - 1))]
