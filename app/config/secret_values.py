"""Finds the parts of a value that are secret: by name, by shape and by position in a URL. Pure.

In: a name and a text. Out: spans. All code that moves, masks or reports secrets of entries uses
`spans_of` or `argument_spans`, so all of it has the same notion of a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

MASK = "[hidden]"
"""Shown to a person in place of a secret."""
Span = tuple[int, int]
"""Start and end of a part of a text."""
_LONGEST = 20_000
"""Characters of one value that are searched; a longer one is secret as a whole."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STRONG = _words(
    """key token secret password passwd passphrase passcode pass pwd pw pat credential credentials
    cookie cookies apikey apitoken authorization bearer jwt jwe pgpass otp totp pin keys tokens
    secrets passwords creds cred sessdata xoxb xoxp pem mnemonic"""
)
_FAINT = _words(
    """auth oauth session sid sessionid signature sig salt seed license licence webhook dsn private
    access api code hash cert nonce oauth2 userinfo login account sas"""
)
"""Words that mean a secret only if the value looks like one."""
_JOINED = re.compile(
    r"(?:.+(?:password|passwd|passphrase|apikey|secret|token|authkey)"
    r"|(?:api|access|secret|private|auth|master|encryption|account|license|signing|service|ssh"
    r"|consumer|client|subscription|app|session|admin|deploy|shared)keys?"
    r"|(?:pg|db|smtp|imap|mysql|user|my|root|admin|ftp|mail|sudo|ldap|redis|mongo|http|proxy"
    r"|login|postgres|database|email)(?:pass|pwd|pw))"
)
_NEUTRAL_ENDS = _words(
    """path paths file files filename dir directory folder url uri endpoint host hostname port name
    id ids type mode method limit limits count max min size length len ttl timeout expiry
    expires expiration expire age enabled disabled required header headers prefix suffix field
    algorithm alg algo format provider store backend cache scope scopes issuer audience region
    version env var variable user username email level budget rate window cost price server flow
    strategy rotation policy index order column binding bindings map layout space realm domain
    encoding source days hours minutes seconds ms interval retries location ref kind class model
    callback redirect sock socket parallelism command helper cmd check checks validation consent
    samesite secure httponly bucket tenant group role manager vault ring chain"""
)
_NEUTRAL_STARTS = _words(
    """public publishable primary foreign sort partition hot shortcut stop eos bos pad unk mask max
    min num number total count cache group index event object max_new context input output
    prompt completion enable disable use allow require skip no is has"""
)
_HARMLESS = _words(
    """true false yes no on off none null nil undefined empty default auto enabled disabled
    optional required basic bearer oauth oauth2 apikey api_key api-key password token cookie
    session jwt local system keyring keychain file env environment memory plain plaintext public
    anonymous anon guest ollama lm-studio lmstudio localhost dummy fake test example demo sample
    not-needed not_needed notneeded unused no-key nokey sk-no-key-required na n/a any all unset
    missing hidden redacted [redacted] [hidden]"""
)
_NUMBER = re.compile(r"[+-]?[0-9][0-9_,.]*(?:e[+-]?[0-9]+)?(?:ms|[smhdkKMGT%]|[KMGT]?i?B)?")
_PASSWORD = re.compile("(?:pass|password|passwd|passphrase|passcode|pwd|pw|pin|otp)s?$")
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:|\$\{?\w+\}?|%\w+%)[\\/]\S.*|file:.*|[\w.-]+\.(?:json|pem|key|txt|env"
    r"|toml|ya?ml|crt|cer|p12|pfx|pub|ini|cfg|conf|sqlite|db|js|py|sh)",
    re.DOTALL,
)
_ROOTED = re.compile(r"/[^\s+=]*")

SHAPES = re.compile(
    r"(?<![\w-])(?:"
    r"(?:sk|pk|rk)[-_](?:live|test|ant|proj|or|ak|lf|svcacct|admin)[-_][\w-]{8,}"
    r"|sk-[A-Za-z0-9][\w-]{15,}"
    r"|(?:gh[pousr]_|github_pat_|glpat-|gldt-|npm_|hf_|gsk_|pplx-|tvly-|dop_v1_|shp(?:at|ca|pa|ss)_"
    r"|whsec_|lin_(?:api|oauth)_|ntn_|secret_|figd_|figo_|dckr_pat_|pypi-|xai-|r8_|fc-|ATATT|ATCTT"
    r"|pat-(?:na|eu)\d-|sbp_|sntrys_|sntryu_|phc_|phx_|pscale_tkn_|rnd_|vercel_|nvapi-|tskey-|glsa_"
    r"|xkeysib-|key-|SG\.|PMAK-|AGE-SECRET-KEY-|hvs\.|EAA|ya29\.|1//0|BSA|AIza|csk-|jina_|apify_api_"
    r"|exa_|napi_|re_|voyage-|pa-|ls__|lsv2_)"
    r"(?=[\w\-./]{0,200}[0-9])[\w\-./]{14,}"
    r"|xox[abeoprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"
    r"|[0-9]{8,10}:AA[\w-]{30,}"
    r")"
)
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*", re.DOTALL)
_SCHEME = re.compile(
    r"\s*(Bearer|Basic|Token|ApiKey|Api-Key|Digest|Negotiate)\s+(\S.*)", re.IGNORECASE | re.DOTALL
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,40}://[^\s\"'<>]+")
_HOOKS = re.compile(
    r"hooks\.slack\.com/(?:services|workflows|triggers)/(\S+)"
    r"|discord(?:app)?\.com/api/webhooks/([^\s?#]+)"
    r"|api\.telegram\.org/bot([^\s/?#]+)"
)
_QUERY = re.compile(r"([?&;#])([^=&#;?]{1,100})=([^&#;]+)")
_CONNECTION = re.compile(
    r"(?:^|[;\s])(?:password|pwd|passwd|accountkey|sharedaccesskey|sharedaccesssignature|secret"
    r"|access ?key|api ?key|auth ?token|token)\s?=\s?([^;\s]+)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"""(["'])(?:(?!\1)[^\\\n]|\\.)*+\1?|[^\s"'{}\[\],]++""", re.DOTALL)
_YAML_LINE = re.compile(
    r"^[ \t+-]*+[\"']?([\w.$-]++)[\"']?:[ \t]++([^\"'{\[#\s|>&*][^\n]*)", re.MULTILINE
)
_SEGMENT = re.compile(r"[^/]+")
_LISTED = re.compile(r"(?<![\w-])([\w-]{1,60})[=:] ?([^,\n]+)")
_NAMES_NEXT = re.compile(r"[ \t\r\n]{0,200}[:=](?![:=])")
_ASSIGNED = re.compile(r"(-{0,2}[A-Za-z_][\w.-]*)[=:](.+)", re.DOTALL)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OPTION = re.compile(r"(-{1,2}[A-Za-z][\w.-]*|/[A-Za-z][\w-]+)(?:([=:])(.*))?", re.DOTALL)
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)=(\S*)")
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(:\s*|=)(.*)", re.DOTALL)
_TAKES_HEADER = frozenset({"-H", "--header", "--headers", "--http-header"})
_TAKES_USER = frozenset({"-u", "--user", "--auth", "--basic-auth", "--credentials"})
_SHORT = frozenset({"-k", "-t", "-p", "-a", "-s", "-K", "-T", "-P"})
_PLACEHOLDER = re.compile(
    r"\$\{[^{}]*\}|\$[A-Z_][A-Z0-9_]*|%\w+%|\{\{[^{}]*\}\}|\{env:\w+\}|<[^<>]*>|\$\([^()]*\)"
)


def words_of(name: str) -> list[str]:
    """The words of a variable's, header's or option's name, in lower case."""
    return [word.lower() for word in _WORD.findall(name[:200])]


def says_secret(name: str) -> bool:
    """Whether a variable, header or option of this name usually holds a secret."""
    return _meaning(name)[1] == 2


@lru_cache(1_000)
def _meaning(name: str) -> tuple[list[str], int]:
    """The words of a name, and what they mean."""
    words = words_of(name)
    return words, _strength(words)


def _strength(words: Sequence[str]) -> int:
    """2: the name means a secret. 1: it may, if the value looks like one. 0: it does not."""
    if not words:
        return 0
    joined = "".join(words[-2:])
    if words[-1] in _NEUTRAL_ENDS or words[0] in _NEUTRAL_STARTS:
        return 0
    if words[-1].isdigit():
        return _strength(words[:-1])
    strong = [word in _STRONG or _JOINED.fullmatch(word) is not None for word in words]
    if strong[-1] or (len(words) > 1 and _JOINED.fullmatch(joined)):
        return 2
    return int(any(strong) or any(word in _FAINT for word in words))


def looks_random(text: str, least: int = 16) -> bool:
    """Whether the text is long, without spaces, and no word, path, address or identifier."""
    if len(text) < least or any(letter.isspace() for letter in text) or _UUID.fullmatch(text):
        return False
    kinds = (
        any(letter.islower() for letter in text),
        any(letter.isupper() for letter in text),
        any(letter.isdigit() for letter in text),
    )
    return kinds[2] and (kinds[0] or kinds[1]) and not _is_place(text)


def _is_jumbled(text: str) -> bool:
    """The same with more certainty: no person would choose this as a name."""
    return (
        re.fullmatch(r"[A-Za-z0-9_+/=-]{24,}", text) is not None
        and looks_random(text, 24)
        and any(letter.islower() for letter in text)
        and any(letter.isupper() for letter in text)
        and sum(letter.isdigit() for letter in text) > 1
        and max(map(len, re.split(r"[_/+=-]", text))) > 15
    )


def _is_place(text: str) -> bool:
    """Whether the text is a path or an address."""
    if _PATH.fullmatch(text) or _URL.match(text):
        return True
    return bool(_ROOTED.fullmatch(text)) and not any(map(_is_jumbled, text.split("/")))


def _is_harmless(text: str, words: Sequence[str]) -> bool:
    """Whether this is no secret although its name says so: a switch, a number, a path."""
    plain = text.strip().lower()
    if plain in _HARMLESS or _is_place(text.strip()):
        return True
    if _NUMBER.fullmatch(text.strip()):
        is_long = sum(letter.isdigit() for letter in text) > 9
        return not is_long and not _PASSWORD.search(words[-1])
    return False


def spans_of(name: str, text: str) -> tuple[Span, ...]:
    """The secret parts of `text`, the value of `name`, in order."""
    words, strength = _meaning(name)
    if not text.strip() or (not strength and _is_short(text)) or "${keyring:" in text:
        return ()
    if len(text) > _LONGEST:
        return ((0, len(text)),) if strength else ()
    found = list(_by_shape(text))
    scheme = _SCHEME.fullmatch(text)
    if text.lstrip()[:1] in "{[" and text.rstrip()[-1:] in "}]":
        found += spans_in(text)
    elif words[-1:] == ["headers"]:
        found += _listed(text)
    elif scheme and (strength or scheme[1].lower() == "bearer"):
        found.append(scheme.span(2))
    elif not found and not scheme and _is_secret(strength, words, text):
        found.append((0, len(text)))
    if "webhook" in words and words[-1] in {"url", "uri", "webhook"}:
        found += (match.span(1) for match in re.finditer(r"://[^/\s]+/(\S{12,})", text))
    return _without_placeholders(text, _joined(found))


def _listed(text: str) -> Iterator[Span]:
    """Secrets in a list such as `name=value,name=value`."""
    for pair in _LISTED.finditer(text):
        yield from _moved(spans_of(pair[1], pair[2]), pair.start(2))


def _is_secret(strength: int, words: Sequence[str], text: str) -> bool:
    if not strength or _is_harmless(text, words):
        return False
    if words[-1] == "auth" and " " not in text:  # a pair, or capitals within as in no word
        return ":" in text or len(re.findall(r"[a-z][A-Z]", text)) > 1 or looks_random(text)
    return strength > 1 or looks_random(text)


def _by_shape(text: str) -> Iterator[Span]:
    """Secrets that are known by their form, under any name."""
    yield from (match.span() for match in SHAPES.finditer(text))
    yield from (match.span() for match in _PEM.finditer(text))
    for url in _URL.finditer(text):
        yield from _in_url(url[0], url.start())
    if "=" in text and "://" not in text:
        yield from (
            match.span(1)
            for match in _CONNECTION.finditer(text)
            if not _is_harmless(match[1], ["password"])
        )


def _in_url(url: str, at: int) -> Iterator[Span]:
    start = url.index("://") + 3
    end = _first(url, "/?#", start)
    yield from _moved(_userinfo(url, start, end), at)
    for hook in _HOOKS.finditer(url):
        yield from _moved([hook.span(hook.lastindex or 0)], at)
    for pair in _QUERY.finditer(url, end):
        if _is_secret_parameter(pair[2], pair[3]):
            yield from _moved([pair.span(3)], at)
    for part in _SEGMENT.finditer(url, end, _first(url, "?#", end)):
        if _is_jumbled(part[0]):
            yield from _moved([part.span()], at)


def _first(text: str, marks: str, start: int) -> int:
    found = [at for at in (text.find(mark, start) for mark in marks) if at >= 0]
    return min(found, default=len(text))


def _userinfo(url: str, start: int, end: int) -> Iterator[Span]:
    host = url.rfind("@", start, end)
    colon = url.find(":", start, max(host, start))
    if 0 <= colon < host - 1:
        yield colon + 1, host
    elif colon < 0 and host > start and looks_random(url[start:host]):
        yield start, host


def _is_secret_parameter(name: str, value: str) -> bool:
    words, strength = _meaning(name)
    if strength > 1:
        return not _is_harmless(value, words)
    return (strength == 1 and looks_random(value, 12)) or _is_jumbled(value)


def spans_in(text: str) -> tuple[Span, ...]:
    """The secret parts of a text of settings in any format, or of a command line.

    The text may be incomplete or invalid: `name: value`, `name = value` and `--name value` are
    found everywhere, in comments too.
    """
    found = list(_by_shape(text))
    for line in _YAML_LINE.finditer(text):
        value = line[2].rstrip()
        found += _moved(spans_of(line[1], value.split(" #")[0].rstrip()), line.start(2))
    key = ""
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        if token[1]:
            start, end = start + 1, end - (token[0][1:].endswith(token[1]))
        word = text[start:end]
        if name := _name_in(text, token, word):
            key = name
        elif word not in {":", "=", "-"}:
            found += _moved(_token_spans(key, word), start)
            key = ""
    return _joined(found)


def _is_short(word: str) -> bool:
    """Whether this is no secret unless something before it says so."""
    return len(word) < 3 or (len(word) < 16 and word.isalnum())


def _name_in(text: str, token: re.Match[str], word: str) -> str:
    """The name that this token gives to the next value; empty when it is a value itself."""
    if not token[1] and word.endswith(":") and len(word) > 1:
        return word[:-1]
    if word.startswith("-") and _OPTION.fullmatch(word) and "=" not in word:
        return word
    return word if _NAMES_NEXT.match(text, token.end()) else ""


def _token_spans(key: str, word: str) -> tuple[Span, ...]:
    if not key and _is_short(word):
        return ()
    pair = None if key else _ASSIGNED.fullmatch(word)
    if pair:
        return _moved(spans_of(pair[1], pair[2].strip("\"'")), pair.start(2))
    return spans_of(key, word)


def argument_spans(arguments: Sequence[str]) -> tuple[tuple[Span, ...], ...]:
    """The secret parts of each argument of a command line."""
    found = []
    option = ""
    for text in arguments:
        found.append(_argument(option, text))
        match = _OPTION.fullmatch(text) if text[:1] in "-/" else None
        option = text if match and not match[2] else ""
    return tuple(found)


def _argument(option: str, text: str) -> tuple[Span, ...]:
    if not option and _is_short(text):
        return ()
    given = _OPTION.fullmatch(text) if text.startswith("-") else None
    if given and not given[2]:
        return _joined(_by_shape(text))
    if given:
        return _moved(_argument(given[1], given[3]), given.start(3))
    if option in _TAKES_HEADER and (header := _HEADER.fullmatch(text)):
        return _moved(spans_of(header[1], header[3]), header.start(3))
    variable = _VARIABLE.fullmatch(text)
    if variable and not says_secret(option):
        return _moved(spans_of(variable[1], variable[2]), variable.start(2))
    return _positional(option, text)


def _positional(option: str, text: str) -> tuple[Span, ...]:
    user, colon, password = text.partition(":")
    if option in _TAKES_USER and colon and not password.isdigit() and "//" not in text:
        return _without_placeholders(text, [(len(user) + 1, len(text))])
    spans = spans_of(option, text) or (spans_in(text) if " " in text else ())
    is_odd = _is_jumbled(text) or (option in _SHORT and looks_random(text, 12))
    return spans or (((0, len(text)),) if is_odd else ())


def _moved(spans: Iterable[Span], by: int) -> tuple[Span, ...]:
    return tuple((start + by, end + by) for start, end in spans)


def _without_placeholders(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(span for span in spans if not _PLACEHOLDER.fullmatch(text, *span))


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same parts in order, merged where they overlap."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        elif start < end:
            joined.append((start, end))
    return tuple(joined)


def masked(text: str, spans: Sequence[Span]) -> str:
    """`text` with each part replaced by `MASK`."""
    ends = (0, *(end for _, end in spans))
    starts = (*(start for start, _ in spans), len(text))
    return MASK.join(text[end:start] for end, start in zip(ends, starts, strict=True))


def parts(text: str, spans: Sequence[Span]) -> list[str]:
    return [text[start:end] for start, end in spans]
