"""A small libicudata: Qt carries 30 MB of words in 700 languages, and Lou asks it for none.

What stays: the characters' properties, the order of words and their breaks in every language.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from common import BUILD, BuildError, fresh, run

PROGRAMS = {"icupkg": "icu-devtools", "gcc": "gcc", "readelf": "binutils"}
_LIBRARY = re.compile(r"libicudata\.so\.(\d+)")
_SECTION = re.compile(r"\.rodata +PROGBITS +\w+ (\w+) (\w+)")
_SURPLUS = re.compile(
    r"(?:curr|lang|region|unit|zone|rbnf|translit)/(?!root\.|en\.|pool|res_index)|.*\.cnv$"
)
_NEEDED = re.compile(r"zone/tzdbNames|(?:region|curr)/supplementalData")
_ASSEMBLY = """
.section .rodata
.balign 16
.global icudt{major}_dat
.type icudt{major}_dat,@object
icudt{major}_dat:
.incbin "{data}"
.size icudt{major}_dat, .-icudt{major}_dat
.section .note.GNU-stack,"",@progbits
"""


def shrink(library: Path) -> None:
    """Replace libicudata in the folder `library` by a smaller one of the same version.

    Raises:
        BuildError: it is not made as it was known to be.
    """
    found = next(library.glob("libicudata.so.*"))
    named = _LIBRARY.fullmatch(found.name)
    listed = subprocess.run(["readelf", "-SW", found], capture_output=True, text=True, check=True)
    section = _SECTION.search(listed.stdout)
    if not named or not section:
        raise BuildError(f"{found} has no data that is understood: look at packaging/dist/icu.py.")
    begin, size = int(section[1], 16), int(section[2], 16)
    folder = fresh(BUILD / "icu")
    whole, small = folder / f"icudt{named[1]}l.dat", folder / "small.dat"
    whole.write_bytes(found.read_bytes()[begin : begin + size])
    names = subprocess.run(["icupkg", "-l", whole], capture_output=True, text=True, check=True)
    surplus = [n for n in names.stdout.split() if _SURPLUS.match(n) and not _NEEDED.match(n)]
    (folder / "surplus.txt").write_text("\n".join(surplus) + "\n", "utf-8")
    run("icupkg", "-r", folder / "surplus.txt", whole, small)
    source = folder / "data.s"
    source.write_text(_ASSEMBLY.format(major=named[1], data=small), "utf-8")
    run("gcc", "-shared", "-nostdlib", f"-Wl,-soname,{found.name}", "-Wl,--build-id=none",
        "-o", found, source)  # fmt: skip
