"""Countries as the providers want them: by English name, or from a list of their own."""

from __future__ import annotations

_NAMES = {
    "ar": "argentina", "au": "australia", "at": "austria", "bd": "bangladesh", "be": "belgium",
    "br": "brazil", "bg": "bulgaria", "ca": "canada", "cl": "chile", "cn": "china",
    "co": "colombia", "hr": "croatia", "cz": "czech republic", "dk": "denmark", "eg": "egypt",
    "ee": "estonia", "fi": "finland", "fr": "france", "de": "germany", "gr": "greece",
    "hk": "hong kong", "hu": "hungary", "is": "iceland", "in": "india", "id": "indonesia",
    "ie": "ireland", "il": "israel", "it": "italy", "jp": "japan", "ke": "kenya",
    "lv": "latvia", "lt": "lithuania", "lu": "luxembourg", "my": "malaysia", "mx": "mexico",
    "ma": "morocco", "nl": "netherlands", "nz": "new zealand", "ng": "nigeria", "no": "norway",
    "pk": "pakistan", "pe": "peru", "ph": "philippines", "pl": "poland", "pt": "portugal",
    "ro": "romania", "ru": "russia", "sa": "saudi arabia", "rs": "serbia", "sg": "singapore",
    "sk": "slovakia", "si": "slovenia", "za": "south africa", "kr": "south korea", "es": "spain",
    "se": "sweden", "ch": "switzerland", "tw": "taiwan", "th": "thailand", "tr": "turkey",
    "ua": "ukraine", "ae": "united arab emirates", "gb": "united kingdom", "us": "united states",
    "vn": "vietnam",
}  # fmt: skip


NAMED = frozenset(_NAMES)
"""The codes that have a name here."""


def full_name(code: str) -> str:
    """The English name of the country with this two-letter code, empty when it is not known."""
    return _NAMES.get(code, "")


def code_of(text: str) -> str:
    """The two-letter code in what a model wrote for a country: `US`, `us`, `United States`, `UK`.

    Empty when it is none, so that a search is never refused for it.
    """
    plain = text.strip().lower()
    language, _, country = plain.replace("_", "-").partition("-")
    if len(language) == len(country) == 2:  # de-AT
        plain = country
    if plain in {"uk", "england"}:
        return "gb"
    if plain in {"usa", "america"}:
        return "us"
    if len(plain) == 2 and plain.isascii() and plain.isalpha():
        return plain
    return next((code for code, name in _NAMES.items() if name == plain), "")
