"""Addresses that lead inward, in all the spellings people have used to hide that."""

from __future__ import annotations

from ipaddress import IPv4Address

_INNER = (
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254",
    "192.168.0.1", "192.168.255.1", "169.254.169.254", "169.254.170.2", "100.64.0.1",
    "100.100.100.200", "0.0.0.0", "192.0.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "168.63.129.16",
)  # fmt: skip


def _spellings(address: str) -> list[str]:
    number = int(IPv4Address(address))
    a, b, c, d = address.split(".")
    high, low = number >> 16, number & 0xFFFF
    return [
        address,
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(hex(int(part)) for part in (a, b, c, d)),
        ".".join(f"0{int(part):o}" for part in (a, b, c, d)),
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{low}",
        f"{address}.",
        f"[::ffff:{address}]",
        f"[::ffff:{high:x}:{low:x}]",
        f"[64:ff9b::{address}]",
        f"[2002:{high:x}:{low:x}::1]",
        f"[::{address}]",
    ]


_SIX = (
    "[::1]", "[::]", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
    "[2001:db8::1]", "[2001::1]", "[3fff::1]", "[64:ff9b:1::1]", "[100::1]", "[5f00::1]",
    "[2001:10::1]", "[2001:2::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:0:127.0.0.1]",
)  # fmt: skip

_NAMES = (
    "localhost", "LOCALHOST", "localhost.", "ip6-localhost", "sub.localhost", "inner.test",
    "metadata.google.internal", "mixed.test", "rebind.test", "\u2460\u2461\u2466.0.0.1",
    "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "127.0.0.1.nip.test",
)  # fmt: skip

_SHAPES = (
    "ftp://e.org/", "file:///etc/passwd", "gopher://127.0.0.1:70/", "dict://127.0.0.1:11211/",
    "javascript:alert(1)", "data:text/html,x", "//127.0.0.1/", "127.0.0.1", "http:127.0.0.1",
    "http:///127.0.0.1", "http://", "https://", "http://:80/", "unix:///var/run/docker.sock",
    "http://user@127.0.0.1/", "http://user:pw@e.org/", "http://e.org@127.0.0.1/",
    "http://127.0.0.1#@e.org/", "http://e.org:pw@127.0.0.1:80/", "http://127.0.0.1\\@e.org/",
    "http://e.org\\@127.0.0.1/", "http://127.0.0.1%2f@e.org/", "http://127.0.0.1\t/",
    "http://127.0.0.1\n/", "http://\n127.0.0.1/", " http://127.0.0.1/", "http://127.0.0.1 /",
    "http://127.0.0.1%00.e.org/", "http://127.0.0.1%0d%0aX: y/", "http://e.org:22/",
    "http://e.org:6379/", "http://e.org:8080/", "http://e.org:0/", "http://e.org:99999/",
    "http://e.org:-1/", "http://e.org:80:80/", "http://[::1", "http://::1/", "http://[127.0.0.1]/",
    "http://[::1]:6379/", "http://127.0.0.1:6379/", "http://127.0.0.1:80:80/",
    "http://e.org/" + "a" * 2100, "http://\u200b127.0.0.1/", "http://127.0.0.1\u00a0/",
    "http://\u2024/", "http://.../", "http://./", "http://-/", "http://*/", "HTTP://127.0.0.1/",
    "hTTps://LOCALHOST/", "http://127.0.0.1/../..", "http://127.0.0.1?x", "http://127.0.0.1;x/",
)  # fmt: skip

HOSTILE: tuple[str, ...] = (
    *(f"http://{host}/" for address in _INNER for host in _spellings(address)),
    *(f"https://{host}/" for host in _SIX),
    *(f"http://{host}/" for host in _SIX),
    *(f"http://{host}/" for host in _NAMES),
    *_SHAPES,
)
"""None of them may open a connection to an inner address."""
