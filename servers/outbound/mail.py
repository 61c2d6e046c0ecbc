"""Asks the DNS whether a domain accepts mail. Imports dnspython only when asked."""

from __future__ import annotations


def load() -> None:
    """Import and create the resolver, for the self test; sends no query."""
    from dns import asyncresolver  # noqa: PLC0415 - only verifying needs it

    asyncresolver.Resolver(configure=False)


async def takes_mail(domain: str, seconds: float) -> bool | None:
    """Whether `domain` has a mail server; None if the DNS does not answer within `seconds`."""
    from dns import asyncresolver, exception, resolver  # noqa: PLC0415 - only verifying needs it

    for kind in ("MX", "A"):
        try:
            records = await asyncresolver.resolve(domain, kind, lifetime=seconds)
        except resolver.NXDOMAIN:
            return False
        except resolver.NoAnswer:
            continue
        except (exception.DNSException, OSError):
            return None
        return kind == "A" or any(str(one.exchange) != "." for one in records)
    return False
