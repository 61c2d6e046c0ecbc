"""The terms that find an entry. Pure; the store gets only keyed digests of the terms.

Whole words of the URL, the e-mail address, the note and the tags are found, and the beginnings
(3 to 8 letters) of the words in a host name or an e-mail address. Encoded URLs and international
domains are found by their readable form.

A clear word beside its digest reveals which digest it has. So words and domains of sealed fields
have kinds of their own, their beginnings are not stored (prefix_words.py finds those), and a word
that the entry also has in the clear gets no sealed term.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from servers.tracker.codec import urls
from servers.tracker.entry import Draft, Entry, Rules, folded_email, holds_address

Term = tuple[str, str]
"""A kind and a value. The terms of a deleted entry have kinds of their own."""

MOST_NOTE_WORDS = 200
_WORD = re.compile(r"[^\W_]+")
_LONGEST_WORD = 64
_SHORTEST, _LONGEST = 3, 8
_CLEAR_OR_SEALED = frozenset({"word", "domain"})
_SAID_BY_ALL = frozenset({"http", "https", "www"})


def of(entry: Entry) -> list[Term]:
    is_hidden = holds_address(entry.url)
    host, email_host = urls.host(entry.url), entry.email.rpartition("@")[2]
    clear_domains = set() if is_hidden else set(_parents(host))
    sealed_domains = {*_parents(host), *_parents(email_host)} - clear_domains
    clear, sealed = _words_of(entry, host, is_hidden=is_hidden)
    found = [("status", entry.status), ("url", lookup_url(entry.url))]
    found += [("tag", tag) for tag in entry.tags]
    found += [("email", email) for email in _email_spellings(entry.email)]
    found += [("domain", domain) for domain in clear_domains]
    found += [("sealed domain", domain) for domain in sealed_domains]
    found += [("word", word) for word in clear]
    found += [("sealed word", word) for word in sealed]
    if entry.deleted:
        return [(kind_of(kind, deleted=True), value) for kind, value in found]
    return found


def kinds_of(kind: str) -> tuple[str, ...]:
    """The kinds that a value of `kind` may have: clear and sealed."""
    return (kind, f"sealed {kind}") if kind in _CLEAR_OR_SEALED else (kind,)


def has_word(entry: Entry, word: str) -> bool:
    """Whether `entry` has `word`, or a word that begins with it and is found by its beginning."""
    host = urls.host(entry.url)
    if can_begin(word):
        begun = {*_host_words(host), *words_to_begin(entry.url, entry.email)}
        if any(one.startswith(word) for one in begun):
            return True
    return any(word in some for some in _words_of(entry, host, is_hidden=False))


def words_to_begin(url: str, email: str) -> set[str]:
    """The sealed words that are found by their beginnings: of the address and of a hidden URL.

    Words that are also in the host of a clear URL are left out: its terms include beginnings.
    """
    local, _, host = email.rpartition("@")
    of_url = _host_words(urls.host(url))
    if holds_address(url):
        return {*words(local), *_host_words(host), *of_url}
    return {*words(local), *_host_words(host)} - set(of_url)


def can_be_begun(word: str) -> bool:
    """Whether `word` is longer than the shortest beginning."""
    return len(word) > _SHORTEST


def can_begin(word: str) -> bool:
    """Whether `word` may be the beginning of others."""
    return _SHORTEST <= len(word) <= _LONGEST


def kind_of(kind: str, *, deleted: bool) -> str:
    """The kind of a term; deleted entries have kinds of their own."""
    return f"deleted {kind}" if deleted else kind


def lookup_url(url: str) -> str:
    """The form of a URL that is compared: without tracking parameters, whatever the rules are."""
    return urls.normalise(url, strip_tracking=True) if "?" in url else url


def lookup_email(email: str) -> str:
    """The form of an e-mail address that is compared; it also finds the address with any +tag."""
    return folded_email(email, case=True, plus_tag=False)


def pair(draft: Draft | Entry, rules: Rules) -> str:
    """The text that two entries share when they count as the same."""
    url = lookup_url(draft.url) if rules.strip_tracking else draft.url
    email = folded_email(draft.email, case=rules.fold_case, plus_tag=rules.fold_plus_tag)
    return f"{url} {email}"


def words(text: str) -> list[str]:
    """The words of `text`, as they are compared."""
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = _WORD.findall(plain)
    return found if len(plain) <= _LONGEST_WORD else [word[:_LONGEST_WORD] for word in found]


def typed_words(text: str) -> tuple[str, ...]:
    """The words of a typed `text`, without those that all entries have."""
    found = dict.fromkeys(words(text))
    return tuple(word for word in found if word not in _SAID_BY_ALL)


def _words_of(entry: Entry, host: str, *, is_hidden: bool) -> tuple[set[str], set[str]]:
    """The clear words with the beginnings of the host's words, and the sealed words."""
    local, _, email_host = entry.email.rpartition("@")
    named = _host_words(host)
    of_url = {*named, *words(unquote(entry.url) if "%" in entry.url else entry.url)}
    sealed = {*words(local), *_host_words(email_host), *words(email_host)}
    sealed.update(list(dict.fromkeys(words(entry.note)))[:MOST_NOTE_WORDS])
    clear = {word for tag in entry.tags for word in words(tag)}
    if is_hidden:
        sealed |= of_url
    else:
        clear |= of_url
        clear |= {
            word[:n] for word in named for n in range(_SHORTEST, min(len(word), _LONGEST + 1))
        }
    return clear - _SAID_BY_ALL, sealed - clear - _SAID_BY_ALL


def _email_spellings(email: str) -> set[str]:
    if "+" not in email:
        return {folded_email(email, case=True, plus_tag=False)}
    return {folded_email(email, case=True, plus_tag=is_cut) for is_cut in (False, True)}


def _host_words(host: str) -> list[str]:
    """The words of `host` but those of its last label."""
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
