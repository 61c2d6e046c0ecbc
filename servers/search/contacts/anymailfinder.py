"""AnyMailFinder: finds a person's or a company's addresses and verifies one. A miss is a 200."""

from __future__ import annotations

from typing import Any

from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.contacts.contact import Contact, ContactQuery
from servers.search.contacts.written import addresses
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers.provider import at, by_status, failure, payload_of

_KEY = "ANYMAILFINDER_KEY"
_SLOWEST_S = 45.0
_SOURCE = "AnyMailFinder"
_KINDS = {
    "unauthorized": Kind.AUTH,
    "upgrade_needed": Kind.QUOTA,
    "server_busy": Kind.RATE_LIMITED,
    "bad_request": Kind.BAD_REQUEST,
}


class AnyMailFinder:
    """`POST /find-email/...`; the key is the whole Authorization header, with no `Bearer`."""

    spec = ProviderSpec(
        name="anymailfinder",
        title="AnyMailFinder",
        base_url="https://api.anymailfinder.com/v5.1",
        keys=(_KEY,),
        caution="Costs a credit when it finds an address.",
        pace=Pace(per_second=2, at_once=4),
    )

    def request(self, query: ContactQuery, access: Access) -> HttpRequest:
        if query.person:
            body = {"domain": query.domain, "full_name": query.person}
            return _post(access, "find-email/person", body)
        return _post(access, "find-email/company", {"domain": query.domain})

    def read(self, reply: HttpReply) -> list[Contact]:
        """The addresses: verified ones are sure, others are marked."""
        if reply.status == 404 and str(at(payload_of(reply), "error")) in {"None", "not_found"}:
            return []
        payload = _payload(reply)
        status = str(payload["email_status"])
        if status in {"not_found", "blacklisted"}:
            return []
        sure = _addresses_in(payload.get("valid_email"), payload.get("valid_emails"))
        rest = _addresses_in(payload.get("email"), payload.get("emails"))
        unsure = [address for address in rest if address not in sure]
        note = "not verified" if status == "valid" else status
        return [Contact(address, 0.97, [_SOURCE], "verified") for address in sure] + [
            Contact(address, 0.4, [_SOURCE], note) for address in unsure
        ]

    def verify(self, email: str, access: Access) -> HttpRequest:
        return _post(access, "verify-email", {"email": email})

    def read_verdict(self, reply: HttpReply) -> str:
        """`valid`, `risky` or `invalid`."""
        return str(_payload(reply)["email_status"])

    def probe(self, access: Access) -> HttpRequest:
        """The account page, which costs nothing."""
        return HttpRequest("GET", f"{access.base_url}/account", headers=_headers(access))

    def read_probe(self, reply: HttpReply) -> None:
        if reply.status != 200:
            raise _failure(reply)


def _post(access: Access, path: str, body: dict[str, str]) -> HttpRequest:
    """A repeat within 30 days is free, so that sending it twice does no harm."""
    url = f"{access.base_url}/{path}"
    return HttpRequest("POST", url, headers=_headers(access), body=body, silence_s=_SLOWEST_S)


def _headers(access: Access) -> dict[str, str]:
    return {"Authorization": access.key(_KEY)}


def _payload(reply: HttpReply) -> dict[str, Any]:
    if reply.status != 200:
        raise _failure(reply)
    payload = payload_of(reply)
    if not isinstance(payload, dict) or not payload.get("email_status"):
        if at(payload, "error"):
            raise _failure(reply)
        raise OutboundError(Kind.UPSTREAM, "its answer has no email_status")
    return payload


def _addresses_in(one: object, many: object) -> list[str]:
    texts = [one, *(many if isinstance(many, list) else [])]
    return [address for text in texts for address in addresses(str(text or ""))]


def _failure(reply: HttpReply) -> OutboundError:
    payload = payload_of(reply)
    said = at(payload, "message") or at(payload, "error_explained")
    kind = _KINDS.get(str(at(payload, "error")))
    if kind is None:
        return by_status(reply, said)
    return failure(kind, reply, said, transient=kind is Kind.RATE_LIMITED)
