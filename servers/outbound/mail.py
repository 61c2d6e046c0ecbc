"""Whether a domain takes mail, as far as the DNS says."""

from __future__ import annotations


def load() -> None:
    """Make a resolver, as asking does; for the self test, it asks nobody."""
    from dns import asyncresolver  # noqa: PLC0415 - only verifying needs it

    asyncresolver.Resolver(configure=False)


async def takes_mail(domain: str, seconds: float) -> bool | None:
    """Whether `domain` has a mail server; None when the DNS does not answer."""
    from dns import asyncresolver, exception, resolver  # noqa: PLC0415 - only verifying needs it

    for kind in ("MX", "A"):
        try:
            found = await asyncresolver.resolve(domain, kind, lifetime=seconds)
        except resolver.NXDOMAIN:
            return False
        except resolver.NoAnswer:
            continue
        except (exception.DNSException, OSError):
            return None
        return kind == "A" or any(str(one.exchange) != "." for one in found)
    return False
