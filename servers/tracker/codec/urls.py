"""Normalises URLs, so that the same page has the same text. In come texts, out come URLs."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from yarl import URL

from servers.tracker.transfer.wording import is_nothing, is_placeholder

LONGEST = 2048
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d+(?:[/?#]|$))")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NAME = r"[a-z0-9](?:[a-z0-9]|-(?!-)){0,61}(?<!-)"
_STEP = r"[\w~-]+(?:\.[\w~-]+)*"
_PLAIN = re.compile(rf"https?://(?:{_NAME}\.)+[a-z]{{2,24}}/(?:{_STEP}(?:/{_STEP})*/?)?", re.ASCII)
_LONGEST_PLAIN = 200
_NEVER = frozenset(("Cc", "Cf", "Cs", "Co", "Zs", "Zl", "Zp", "Pi", "Pf", "Ps", "Pe"))
_LONGEST_TOP = 3
"""Letters of a top-level domain under which `www.com` or `www.de` can be a page."""
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CUT = re.compile(r"(?:\u2026|\.\.\.|%E2%80%A6)[/)]?\Z", re.IGNORECASE)
_RUN_TOGETHER = re.compile(r"(?:https?://)?[^\s/?#]*[^\s/?#:]https?:?/", re.IGNORECASE)
_PRIVATE_TOPS = frozenset(("local", "internal", "lan", "home", "corp", "intranet", "test", "onion"))
_TRACKING = re.compile(
    r"utm_\w+|(?:fb|g|d|tw|tt|y)clid|msclkid|gbraid|wbraid|gclsrc|igshid|srsltid"
    r"|mc_[ce]id|_hs(?:enc|mi)|mkt_tok|oly_(?:anon|enc)_id|vero_id|wickedid|s_cid",
    re.IGNORECASE,
)


class UrlError(ValueError):
    """A text is no page address; the message says why."""


def normalise(text: str, *, strip_tracking: bool = True) -> str:
    """The one spelling of a page's address, https where it has no scheme; raises UrlError."""
    text = text.strip()
    if is_plain(text):
        return text
    if not text:
        raise UrlError("is empty")
    return _canonical(text, strip_tracking=strip_tracking)


def page(text: str, *, strip_tracking: bool = True) -> str:
    """The one spelling of the page at `text`, which may be stored: its host can be on the web.

    Raises:
        UrlError: it is not the address of a web page, or a placeholder such as N/A or none.
    """
    text = text.strip()
    if text and not is_plain(text) and is_placeholder(text):
        raise UrlError(f"is no address but says {text!r}")
    if _CUT.search(text):
        raise UrlError("seems to be cut: it ends in dots; give the whole address")
    if _RUN_TOGETHER.match(text):
        raise UrlError("seems to be two addresses without anything between; give one")
    found = normalise(text, strip_tracking=strip_tracking)
    _refuse_host(host(found), is_bare=not _SCHEME.match(text))
    if found.split("/", 3)[2].endswith(":0"):
        raise UrlError("has the port 0, which no page has")
    return found


def _refuse_host(name: str, *, is_bare: bool) -> None:
    """Raise UrlError for a host that no page has; a bare one was written without https://."""
    if ":" in name or _is_ipv4(name):
        return
    labels = name.removeprefix("www.").split(".")
    if len(labels) < 2 and not (name.startswith("www.") and len(labels[0]) <= _LONGEST_TOP):
        raise UrlError(f"has the host {name!r}, which has no dot; give the address of a page")
    if len(labels[-1]) < 2 or all(map(is_nothing, labels)):
        raise UrlError(f"has the host {name!r}, which stands for no page")
    if not all(map(_can_be_written, labels)):
        raise UrlError(
            "has a host name with a quotation mark or another character that none can have"
        )
    if is_bare and not is_known_top(labels[-1]):
        raise UrlError(
            f"ends its host with {labels[-1]!r}, which is no top-level domain that Lou knows; "
            "if it is a page, write https:// before it"
        )


def _canonical(text: str, *, strip_tracking: bool) -> str:
    if len(text) > LONGEST:
        raise UrlError(f"is {len(text)} characters long; the limit is {LONGEST}")
    if _CONTROL.search(text):
        raise UrlError("contains a space or a control character; write a space as %20")
    url = _parse(text if _SCHEME.match(text) else f"https://{text.removeprefix('//')}")
    host = _host(url)
    port = None if url.is_default_port() else url.explicit_port
    query = _without_tracking(url.raw_query_string) if strip_tracking else url.raw_query_string
    shown = f"[{host}]" if ":" in host else host
    place = f"{shown}:{port}" if port is not None else shown
    found = f"{url.scheme}://{place}{url.raw_path or '/'}{'?' + query if query else ''}"
    if len(found) > LONGEST:
        raise UrlError(f"is {len(found)} characters long once encoded; the limit is {LONGEST}")
    return found


def is_plain(text: str) -> bool:
    """Whether `text` is an address that already has its one spelling; most have."""
    return len(text) <= _LONGEST_PLAIN and _PLAIN.fullmatch(text) is not None


@lru_cache(1)
def _tops() -> frozenset[str]:
    """The top-level domains. The module `tld` would keep 14 MB for all ends of domains."""
    module = find_spec("tld")
    assert module
    assert module.origin
    listed = Path(module.origin).parent / "res" / "effective_tld_names_public_only.dat.txt"
    ends = (line.strip().removeprefix("*.") for line in listed.read_text("utf-8").splitlines())
    return frozenset(end for end in ends if "." not in end and end[:1] not in ("", "/", "!"))


def is_known_top(label: str) -> bool:
    """Whether `label` (com, рф, xn--p1ai) is a top-level domain of the list that Lou carries."""
    if label.startswith("xn--"):
        try:
            label = label.encode().decode("idna")
        except UnicodeError:
            return False
    return label in _tops() or label in _PRIVATE_TOPS


def host(url: str) -> str:
    """The host of a normalised `url`, without its port."""
    place = url.split("/", 3)[2]
    return place[1 : place.index("]")] if place.startswith("[") else place.partition(":")[0]


def host_name(text: str) -> str:
    """The one spelling of a domain as typed, or of an address's host; raises UrlError for none."""
    return host(normalise(text.strip().rpartition("@")[2]))


def _parse(text: str) -> URL:
    try:
        url = URL(text)
    except ValueError as broken:
        raise UrlError(f"cannot be read: {broken}") from None
    if url.scheme not in {"http", "https"}:
        raise UrlError("must start with http:// or https://")
    if url.user is not None or url.password is not None:
        raise UrlError("must not contain a user name or a password")
    return url


def _host(url: URL) -> str:
    host = (url.raw_host or "").removesuffix(".").lower()
    if not host:
        raise UrlError("names no host")
    if ":" in host:
        return _ipv6(host)
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlError("has a host name that cannot exist")
    if labels[-1].isdigit() and not _is_ipv4(host):
        raise UrlError("has a host that is neither a name nor an IP address")
    return host


def _can_be_written(label: str) -> bool:
    """Whether the international `label` of a host stands for letters, digits, and signs alone."""
    if not label.startswith("xn--"):
        return True
    try:
        letters = label[4:].encode().decode("punycode")
    except ValueError:
        return False
    signs = letters.replace("\u200c", "").replace("\u200d", "")  # joiners of some scripts
    return not any(unicodedata.category(one) in _NEVER for one in signs)


def _ipv6(host: str) -> str:
    try:
        return ipaddress.IPv6Address(host.partition("%")[0]).compressed
    except ValueError:
        raise UrlError("has a host that is no IPv6 address") from None


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _without_tracking(query: str) -> str:
    pairs = filter(None, query.split("&"))
    return "&".join(pair for pair in pairs if not _TRACKING.fullmatch(pair.partition("=")[0]))
