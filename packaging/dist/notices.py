"""What is inside the tree, by whom and under which terms: a CycloneDX list and the texts."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from common import HOMEPAGE, PROJECT, VERSION, epoch

_TEXTS = ("LICEN[SC]E*", "COPYING*", "NOTICE*", "AUTHORS*")
_COMMON = Path("/usr/share/common-licenses")
_HEAD = """Third-party notices of Lou {version}

Lou itself is under the MIT License. It brings the software below, each under its own terms.

Qt and Qt for Python (PySide6, shiboken6) are used under the GNU Lesser General Public License,
version 3. They are separate shared libraries in the folder PySide6: you may replace them with your
own builds of the same version. Their source is at https://download.qt.io/official_releases/ and
https://code.qt.io/. The text of the licence, and of the GNU General Public License to which it
adds, is at the end of this file.
"""


@dataclass(frozen=True, slots=True)
class Component:
    """One piece of software of others: where it comes from, its terms, and their texts."""

    name: str
    version: str
    licence: str
    purl: str
    homepage: str
    texts: tuple[str, ...]


def write(target: Path, site: Path, debian: Path | None, bundled: Iterable[str]) -> None:
    """Write THIRD-PARTY-NOTICES.txt and sbom.cdx.json into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    found = [*_python_packages(site)]
    found += [_debian_package(debian, name) for name in bundled] if debian else [_CPYTHON]
    found.sort(key=lambda each: each.name.lower())
    (target / "THIRD-PARTY-NOTICES.txt").write_text(_text(found), "utf-8")
    (target / "sbom.cdx.json").write_text(json.dumps(sbom(found), indent=1) + "\n", "utf-8")


def sbom(components: Iterable[Component]) -> dict[str, Any]:
    """The CycloneDX document; its number follows from what is in it."""
    rows = [
        {
            "type": "library",
            "bom-ref": each.purl,
            "name": each.name,
            "version": each.version,
            "purl": each.purl,
            "licenses": [{"license": {"name": each.licence}}],
            "externalReferences": [{"type": "website", "url": each.homepage}]
            if each.homepage
            else [],
        }
        for each in components
    ]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(rows))
    moment = datetime.datetime.fromtimestamp(int(epoch()), datetime.UTC)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": "lou",
                "name": PROJECT["name"],
                "version": VERSION,
                "licenses": [{"license": {"id": "MIT"}}],
                "externalReferences": [{"type": "website", "url": HOMEPAGE}],
            },
        },
        "components": rows,
    }


def _python_packages(site: Path) -> Iterable[Component]:
    for found in metadata.distributions(path=[str(site)]):
        said = found.metadata
        if said["Name"] == "lou":
            continue
        folder = Path(str(found.locate_file("."))) / f"{found.name}-{found.version}.dist-info"
        folder = next(site.glob(f"{said['Name'].replace('-', '_')}-*.dist-info"), folder)
        texts = [path for pattern in _TEXTS for path in sorted(folder.rglob(pattern))]
        yield Component(
            said["Name"],
            found.version,
            _licence(said),
            f"pkg:pypi/{said['Name'].lower()}@{found.version}",
            _homepage(said),
            tuple(path.read_text("utf-8", "replace") for path in texts if path.is_file()),
        )


def _licence(said: Any) -> str:
    stated = said["License-Expression"] or ""
    listed = [
        each.rpartition(" :: ")[2]
        for each in said.get_all("Classifier") or ()
        if each.startswith("License ::")
    ]
    short = (said["License"] or "").strip().partition("\n")[0][:80]
    return stated or ", ".join(listed) or short or "see its text"


def _homepage(said: Any) -> str:
    pairs = [each.partition(",") for each in said.get_all("Project-URL") or ()]
    known = {name.strip().lower(): url.strip() for name, _, url in pairs}
    ranked = ("homepage", "source", "source code", "repository", "documentation")
    return said["Home-page"] or next((known[each] for each in ranked if each in known), "")


def _debian_package(unpacked: Path, name: str) -> Component:
    archive = next((unpacked.parents[1] / "debian").glob(f"{name}_*.deb"))
    version = archive.name.split("_")[1].replace("%3a", ":")
    copyright_file = unpacked / "usr" / "share" / "doc" / name / "copyright"
    text = copyright_file.read_text("utf-8", "replace") if copyright_file.exists() else ""
    purl = f"pkg:deb/debian/{name}@{version}?arch=amd64"
    page = f"https://packages.debian.org/{name}"
    return Component(name, version, "as Debian's copyright file says", purl, page, (text,))


_CPYTHON = Component(
    "CPython",
    "3.11",
    "PSF-2.0",
    "pkg:generic/python@3.11",
    "https://www.python.org/",
    ("Its licence is in LICENSE.txt beside python311.dll.",),
)


def _text(components: Iterable[Component]) -> str:
    parts = [_HEAD.format(version=VERSION)]
    for each in components:
        title = f"{each.name} {each.version} ({each.licence})"
        body = "\n\n".join(text.strip() for text in each.texts if text.strip())
        parts.append(f"{'=' * 78}\n{title}\n{each.homepage}\n\n{body or 'No text is included.'}\n")
    terms = ((_COMMON / name).read_text("utf-8") for name in ("LGPL-3", "GPL-3"))
    parts += (f"{'=' * 78}\n{text}" for text in terms)
    return "\n".join(parts)
