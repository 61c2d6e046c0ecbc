"""Knows which IP addresses belong to the public internet.

`ipaddress.is_global` is not used: it changed between patch releases, and it admits NAT64, multicast
and mapped addresses.
"""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network

_PRIVATE = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers, and one cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # internal services of one cloud, at a public address
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_PRIVATE_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries any IPv4 address
        "3fff::/20",
    )
)


def is_public(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return _is_public_v6(address)
        address = address.ipv4_mapped
    return not any(address in network for network in _PRIVATE)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id or address not in _PUBLIC_V6:
        return False
    return not any(address in network for network in _PRIVATE_V6)
