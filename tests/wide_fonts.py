"""Fonts that are wider than those Lou was drawn with, and a fontconfig that knows no others."""

from __future__ import annotations

import subprocess
from pathlib import Path

_FACES = ("DejaVu Sans:book", "DejaVu Sans:bold", "DejaVu Sans Mono:book", "DejaVu Sans Mono:bold")
_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{folder}</dir>
  <cachedir>{folder}/cache</cachedir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
</fontconfig>
"""


def make(folder: Path, percent: int) -> Path:
    """Write fonts `percent` wider into `folder`; returns what FONTCONFIG_FILE has to name.

    Their height is that of the fonts they are made from.

    Raises:
        FileNotFoundError: fontconfig or the fonts to start from are not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for face in _FACES:
        asked = ["fc-match", "-f", "%{file}", face]
        source = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        if "DejaVu" not in source:
            raise FileNotFoundError(f"{face} is not installed; run `make desktop`")
        target = folder / Path(source).name
        if not target.exists():
            _widen(source, target, 1 + percent / 100)
    configuration = folder / "fonts.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder))
    return configuration


def _widen(source: str, target: Path, factor: float) -> None:
    from fontTools.ttLib import TTFont
    from fontTools.ttLib.tables._g_l_y_f import GlyphCoordinates

    with TTFont(source) as font:
        for name in ("fpgm", "prep", "cvt ", "GSUB", "GPOS", "kern", "hdmx", "VDMX", "LTSH"):
            if name in font:
                del font[name]
        glyphs, metrics = font["glyf"], font["hmtx"]
        for name in font.getGlyphOrder():
            glyph = glyphs[name]
            advance, bearing = metrics[name]
            metrics[name] = (round(advance * factor), round(bearing * factor))
            glyph.removeHinting()
            if glyph.isComposite():
                for part in glyph.components:
                    part.x = round(getattr(part, "x", 0) * factor)
            elif glyph.numberOfContours > 0:
                glyph.coordinates = GlyphCoordinates(
                    [(round(x * factor), y) for x, y in glyph.coordinates]
                )
        font.save(target)
