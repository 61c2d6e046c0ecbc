"""Decides what is an e-mail address, what only looks like one, and what is an example. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LOCAL_CHARACTERS = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{}~."
)
"""The local part. The bar is left out: pages use it as a separator."""
_LONGEST_LOCAL = 64
_LONGEST_DOMAIN = 253
_MOST_DOTS = 7
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_LABEL = re.compile(r"[^\W_](?:[^\W_]|-){0,61}[^\W_]|[^\W_]")
_VERSION = re.compile(r"v?\d+\.\d|\d+(?:\.\d+)?x\.")
_TOKEN = re.compile(
    r"(?=[a-z]*\d)[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|"
    r"\d{1,2}(?:[.:]\d\d)?(?:am|pm)|git|\d{14,}\..*"
)
"""Local parts of keys, ids, times, users of code hosts and message ids, which are no mailboxes."""
_RESERVED_ENDS = frozenset({"test", "example"})
_TECHNICAL_PLACES = ("sentry.io", "sentry.wixpress.com", "wixpress.com", "ingest.sentry.io")
_PLACEHOLDER_PLACES = re.compile(
    r"(?:.*\.)?(?:example|beispiel|ejemplo|exemple|esempio|exemplo|voorbeeld|przyklad|domain|domaine"
    r"|dominio|domaene|doe|mustermann|musterfirma|muster|musterdomain|(?:your|my|ihre?|ihr|votre|tu|"
    r"su|deine?)-?(?:domain|company|companyname|site|website|email|business|firma|domaene|entreprise|"
    r"empresa|dominio)|company|companyname|website|site|email|mailserver|host|server|test|xyz|xxx+|"
    r"address|yourmail)\.(?:com|net|org|edu|tld|de|fr|it|es|nl|pl|at|ch|pt|com\.br|co\.uk|test|example)"
)
_PLACEHOLDER_LOCALS = re.compile(
    r"(?:your|ihre?|votre|tu|su|deine?|je|jouw|twoj|vostra|tua)[._-]?"
    r"(?:e-?mail|name|mail|address|adresse|nom|nombre|correo|nome|naam|imie|username|login)|"
    r"(?:first|given|f)[._-]?name[._-](?:last|family|sur|l)[._-]?name|"
    r"firstname|lastname|vorname[._-]?nachname|v(?:orname)?\.nachname|vorname|nachname|"
    r"nachname[._-]?vorname|prenom[._-]?nom|nom[._-]?prenom|nome[._-]?cognome|nombre[._-]?apellidos?|"
    r"nome[._-]?sobrenome|voornaam[._-]?achternaam|fornavn[._-]?etternavn|fornamn[._-]?efternamn|"
    r"imie[._-]?nazwisko|etunimi[._-]?sukunimi|first\.last|first_last|initial\.?lastname|"
    r"username|user[._-]name|yourname|youremail|someone|somebody|x{3,}|name\.surname|name|email-address"
)


def exact(text: str) -> str:
    """`text` as an address in lower case; empty when it is no address."""
    local, at, place = text.strip().lower().replace("\u2019", "'").rpartition("@")
    return put_together(local, place) if at else ""


def put_together(local: str, place: str) -> str:
    """The address of these halves in lower case; empty when they make no address."""
    local, place = local.lower(), settled(place).lower()
    if not place or not 0 < len(local) <= _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return ""
    if _TOKEN.fullmatch(local) or f".{place}".endswith(_TECHNICAL_ENDS):
        return ""
    if not local.isascii() and (place.isascii() or any(map(_is_latin, local))):
        return ""  # such a mailbox is only at a domain of the same script
    place = readable(place)
    if not place.isascii() and any(map(_is_mixed, place.split("."))):
        return ""
    return f"{local}@{place}"


def settled(place: str) -> str:
    """The domain that `place` begins with and that ends where a person sees it end; else empty.

    A sentence may follow its full stop without a space (`acme.net.Call`), and so may a word of
    another script.
    """
    place = place.rstrip("-.")
    if len(place) > _LONGEST_DOMAIN or place.count(".") > _MOST_DOTS:
        return ""
    if is_domain(cut := _until_other_script(place)):
        place = cut
    labels = place.split(".")
    for number in range(2, len(labels)):
        before = ".".join(labels[:number])
        if labels[number][:1].isupper() and before.islower() and is_domain(before):
            return before
    return place if is_domain(place) else ""


@lru_cache(maxsize=4096)
def is_domain(place: str) -> bool:
    """Whether `place` is a domain under an end that exists, and not such an end itself."""
    place = place.lower()
    labels = place.split(".")
    if len(labels) < 2 or len(place) > _LONGEST_DOMAIN or _VERSION.match(place):
        return False
    if not all(map(_LABEL.fullmatch, labels)):
        return False
    shared = len(labels) == 2 and len(labels[0]) <= 4 and len(labels[1]) == 2  # co.uk, com.br
    return _is_end(labels[-1]) and not (shared and _is_end(place))


def readable(domain: str) -> str:
    """The domain in the letters that people read."""
    if "xn--" not in domain or len(domain) > _LONGEST_DOMAIN:
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain


def is_placeholder(address: str, *, own: bool) -> bool:
    """Whether the address only shows what one looks like; `own` when it is of the asked domain."""
    local, _, place = address.partition("@")
    if _PLACEHOLDER_LOCALS.fullmatch(local):
        return True
    return not own and (
        place.endswith((".example", ".invalid")) or bool(_PLACEHOLDER_PLACES.fullmatch(place))
    )


_TECHNICAL_ENDS = tuple(f".{place}" for place in _TECHNICAL_PLACES)


@lru_cache(maxsize=4096)
def _is_end(suffix: str) -> bool:
    """Whether domains are given out under `suffix` (net, co.uk, рф), or tests use it."""
    from tld import is_tld  # noqa: PLC0415 - reads its list, and only contacts need it

    if suffix in _RESERVED_ENDS:
        return True
    return bool(is_tld(readable(suffix)))


def _until_other_script(place: str) -> str:
    """`place` up to where letters of another script follow Latin ones without anything between."""
    if place.isascii():
        return place
    for at in range(1, len(place)):
        if place[at - 1].isascii() and place[at - 1].isalnum() and not _is_latin(place[at]):
            return place[:at] if place[at].isalpha() else place
    return place


def _is_mixed(label: str) -> bool:
    """Whether it holds Latin letters beside those that look like them."""
    scripts = {unicodedata.name(letter, " ").split()[0] for letter in label if letter.isalpha()}
    return "LATIN" in scripts and not scripts.isdisjoint({"CYRILLIC", "GREEK"})


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")
