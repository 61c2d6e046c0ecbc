"""Verifies e-mail addresses: with a service if there is a key, else with the DNS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from servers.outbound import mail
from servers.outbound.cache import Cache, Made
from servers.outbound.failure import OutboundError
from servers.search.contacts.anymailfinder import AnyMailFinder
from servers.search.websearch.provider_line import ProviderLine

_DNS_S = 4.0
_SURE = {"valid": 0.97, "risky": 0.4, "invalid": 0.97}
_UNKNOWN_TTL_S = 60.0


@dataclass(frozen=True, slots=True)
class EmailVerdict:
    """`verdict` is valid, risky, invalid or unknown."""

    email: str
    verdict: str
    confidence: float
    reason: str
    cached: bool
    age_s: int


class EmailVerifier:
    """Gives verdicts on addresses whose form is right."""

    def __init__(
        self, service: AnyMailFinder, line: ProviderLine, cache: Cache, ttl_s: Mapping[str, float]
    ) -> None:
        self._service = service
        self._line = line
        self._cache = cache
        self._ttl_s = ttl_s["verdict"]

    async def verdict(self, email: str, deadline: float) -> EmailVerdict:
        async def make() -> Made:
            verdict = await self._ask_service(email, deadline)
            known = verdict.verdict != "unknown"
            return Made.of_json(asdict(verdict), self._ttl_s if known else _UNKNOWN_TTL_S)

        keyed = "keyed" if self._line.has_keys else "free"
        hit = await self._cache.through("verdict", f"{keyed}\x1f{email}", make)
        kept = EmailVerdict(**json.loads(hit.value))
        return replace(kept, cached=hit.cached, age_s=int(hit.age_s))

    async def _ask_service(self, email: str, deadline: float) -> EmailVerdict:
        title = self._service.spec.title
        request = self._service.verify(email, self._line.access)
        try:
            said = await self._line.exchange(request, self._service.read_verdict, deadline)
        except OutboundError as failure:
            return await _by_dns(email, f"{title} was not asked: {failure.message}")
        sure = _SURE.get(said, 0.0)
        verdict = said if said in _SURE else "unknown"
        return EmailVerdict(email, verdict, sure, f"{title} says {said}", cached=False, age_s=0)


async def _by_dns(email: str, why: str) -> EmailVerdict:
    """The verdict of the DNS: whether the domain accepts mail."""
    domain = email.rpartition("@")[2]
    verdict, sure, found = {
        True: ("unknown", 0.5, f"{domain} takes mail; only a service can tell about the mailbox"),
        False: ("invalid", 0.9, f"{domain} has no mail server"),
        None: ("unknown", 0.0, "the form is right; the DNS did not answer"),
    }[await mail.takes_mail(domain, _DNS_S)]
    return EmailVerdict(email, verdict, sure, f"{found} ({why})", cached=False, age_s=0)
