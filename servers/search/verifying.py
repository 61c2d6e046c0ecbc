"""Whether an e-mail address takes mail: asked of a service with a key, else of the DNS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from servers.outbound import mail
from servers.outbound.cache import Cache, Made
from servers.outbound.failure import Kind
from servers.search.contacts.anymailfinder import AnyMailFinder
from servers.search.line import Line
from servers.search.results import Attempt, attempted

_DNS_S = 4.0
_SURE = {"valid": 0.97, "risky": 0.4, "invalid": 0.97}
_UNKNOWN_TTL_S = 60.0


@dataclass(frozen=True, slots=True)
class EmailVerdict:
    """Whether an address takes mail: `valid`, `risky`, `invalid` or `unknown`, and why."""

    email: str
    verdict: str
    confidence: float
    reason: str
    tried: list[Attempt]
    cached: bool
    age_s: int


class Verifying:
    """Gives verdicts on addresses whose form is right."""

    def __init__(
        self, service: AnyMailFinder, line: Line, cache: Cache, ttl_s: Mapping[str, float]
    ) -> None:
        self._service = service
        self._line = line
        self._cache = cache
        self._ttl_s = ttl_s["verdict"]

    async def verdict(self, email: str, deadline: float) -> EmailVerdict:
        """What is known of `email`."""

        async def make() -> Made:
            verdict = await self._asked(email, deadline)
            known = verdict.verdict != "unknown"
            return Made(
                json.dumps(asdict(verdict)).encode(), self._ttl_s if known else _UNKNOWN_TTL_S
            )

        keyed = "keyed" if self._line.has_keys else "free"
        hit = await self._cache.through("verdict", f"{keyed}\x1f{email}", make)
        kept = json.loads(hit.value)
        kept["tried"] = [Attempt(**one) for one in kept["tried"]]
        return replace(EmailVerdict(**kept), cached=hit.cached, age_s=int(hit.age_s))

    async def _asked(self, email: str, deadline: float) -> EmailVerdict:
        tried: list[Attempt] = []
        request = self._service.verify(email, self._line.access)
        asking = self._line.exchange(request, self._service.read_verdict, deadline)
        said = await attempted(self._service.traits.name, tried, asking)
        if said in _SURE:
            reason = f"{self._service.traits.title} says {said}"
            return EmailVerdict(email, said, _SURE[said], reason, tried, cached=False, age_s=0)
        return await _by_dns(email, tried)


async def _by_dns(email: str, tried: list[Attempt]) -> EmailVerdict:
    """All that can be said for free: whether the domain takes mail at all."""
    domain = email.rpartition("@")[2]
    takes = await mail.takes_mail(domain, _DNS_S)
    if takes is None:
        tried.append(Attempt("dns", Kind.OFFLINE.value, "the DNS did not answer"))
        verdict, sure, reason = "unknown", 0.0, "the form is right; nothing else could be checked"
    elif takes:
        tried.append(Attempt("dns", "ok", f"{domain} takes mail"))
        verdict, sure = "unknown", 0.5
        reason = f"{domain} takes mail; whether this mailbox exists needs an AnyMailFinder key"
    else:
        tried.append(Attempt("dns", "ok", f"{domain} takes no mail"))
        verdict, sure, reason = "invalid", 0.9, f"{domain} has no mail server"
    return EmailVerdict(email, verdict, sure, reason, tried, cached=False, age_s=0)
