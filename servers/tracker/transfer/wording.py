"""Recognises words in many languages: yes, no, nothing, a status, do not contact. Pure.

Texts are compared in the form of `plain`: lower case, no accents, single spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_LONGEST_PHRASE: Final = 80
"""Characters. A longer text is a sentence, not an answer."""
_LETTER: Final = re.compile(r"[^\W_]")
_WORD_BREAKS: Final = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])|[\W_]+")


def unmarked(text: str) -> str:
    """`text` without accents and other marks, its letters taken apart."""
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
    )


def listed(table: str) -> frozenset[str]:
    """The words in `table`, separated by bars and line breaks."""
    lines = (line.strip() for line in unmarked(table).splitlines())
    return frozenset(word for line in lines for word in line.split("|") if word)


def alternatives(table: str) -> str:
    """A pattern for each of the patterns in `table`, separated by bars and line breaks."""
    lines = (line.strip() for line in unmarked(table).splitlines())
    return "(?:" + "|".join(line for line in lines if line) + ")"


_NOTHING: Final = listed("""
    n a|na|none|no|nil|null|nan|unknown|undefined|tbd|tba|tbc|missing|empty|blank|void|ref|x|xx|xxx
    not available|not found|not provided|not applicable|no website|no site|no email|no mail|no data
    no url|k a|keine|keiner|kein|keine angabe|unbekannt|nicht vorhanden|fehlt|aucun|aucune|inconnu
    neant|ninguno|ninguna|no tiene|desconocido|nessuno|nessuna|sconosciuto|nenhum|nenhuma|n v t|nvt
    geen|onbekend|brak|nie ma|ingen|saknas|okand|ukendt|ei ole|нет|неизвестно|なし|无|없음|value
    div 0|name
""")
_YES: Final = listed("""
    true|yes|y|1|x|ja|j|oui|o|si|s|sim|da|tak|t|wahr|vrai|verdadero|vero|verdadeiro|waar|on|checked
    kylla|igen|ano|evet|да|はい|是|예|✓|✔|☑|✅
""")
_NO: Final = listed("""
    false|no|n|0|f|na t|nat|nein|non|nej|nee|nie|nao|falsch|faux|falso|onwaar|off|unchecked|ei|nem
    ne|hayir
    нет|いいえ|否|아니요|never|opted in|opt in|subscribed|allow|allowed|erlaubt|active|✗|✘|☐|❌
""")
_STATUS_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "new": listed("""
        new|new lead|not contacted|not yet contacted|uncontacted|untouched|open not contacted|open
        neu|neuer lead|offen|nicht kontaktiert|noch nicht kontaktiert|nouveau|nouvelle|non contacte
        nuevo|nueva|no contactado|no contactada|nuovo|nuova|non contattato|non contattata|novo|nova
        nao contatado|nieuw|niet gecontacteerd|ny|nytt|nyt|uusi|nowy|nowa|nowe|novy|yeni|новыи|新
        新規
    """),
    "contacted": listed("""
        contacted|kontaktiert|angeschrieben|contacte|contactee|contactado|contactada|contattato
        contattata|contatado|contatada|gecontacteerd|benaderd|kontaktad|kontaktet|skontaktowano
    """),
    "replied": listed("""
        replied|responded|geantwortet|hat geantwortet|repondu|a repondu|respondido|respondio
        ha respondido|risposto|ha risposto|respondeu|heeft geantwoord|svarat|svaret|odpowiedzial
    """),
    "won": listed("""
        won|closed won|deal won|gewonnen|gagne|gagnee|ganado|ganada|vinto|vinta|ganho|vunnen
        vundet|vunnet|wygrany|wygrana
    """),
    "lost": listed("""
        lost|closed lost|deal lost|verloren|perdu|perdue|perdido|perdida|perso|persa|forlorad|tabt
        tapt|przegrany|przegrana
    """),
    "do_not_contact": listed("stop|baja|blocked|bloque|bloqueado|bloccato|geblokkeerd|blockiert"),
}
_STATUSES: Final = {word: status for status, words in _STATUS_WORDS.items() for word in words}
_REFUSAL: Final = alternatives(r"""
    do ?n[o ]?t ?(?:ever )?(?:contact|e ?mail|mail|write|reach|send|market|message|approach)\w*
    do ?n[o ]?t (?:disturb|solicit|allow)\w*|never (?:contact|e ?mail|mail|write)\b(?!ed)
    not (?:to )?be (?:contacted|e ?mailed)
    (?:may|must|can|should) ?not (?:be )?(?:contact|e ?mail)\w*
    no (?:further |more )?(?:contact|outreach|marketing|soliciting)(?! yet| made| since| date| info)
    no (?:further |more )?(?:e ?mails|mailings)|no e ?mail please|contact (?:forbidden|prohibited)
    contact not (?:allowed|wanted|permitted)|opt(?:ed|s|ing)? ?out\w*|unsubs?|unsubscri\w*
    suppress\w*|black ?list\w*|block ?list\w*|spam compla\w*|complain(?:ed|t)|remove me|off limits
    remove(?:d)? from (?:the )?(?:mailing )?list|removed (?:by|on|at|upon) request|please remove
    take (?:me )?off|stop (?:e ?mailing|contacting|writing|sending)\w*|right to be forgotten|dnc|dne
    d n c|d n e
    (?:withdrew|revoked|withdrawn) consent|consent (?:withdrawn|revoked)|erasure request\w*
    (?:declines?|declined|refuses?|refused) (?:all )?(?:contact|marketing|e ?mails?|mailings?)
    refuse (?:la |les |toute )?(?:prospection|publicite|sollicitation)s?
    lehnt (?:werbung|kontakt) ab
    rechaz[ao] (?:la )?(?:publicidad|contacto|correos)|rifiut[ao] (?:la )?(?:pubblicita|contatt\w+)
    recusa (?:publicidade|contato)
    nicht (?:mehr )?(?:zu )?(?:kontaktieren|kontakt|anschreiben|anmailen|anrufen|bewerben)
    nicht ansprechen|nicht (?:mehr )?kontaktiert werden|nicht erwunscht
    kein(?:e|en)? (?:weiter\w* )?werb\w*
    keine?n? (?:weiter\w* )?(?:kontakt\w*|e ?mails?|mails?|mailings?|anschreiben)(?! vorhanden)
    abgemeldet|abbestellt|ausgetragen|austragung|werbe ?sperre|kontakt ?sperre|mail ?sperre|gesperrt
    sperrvermerk|sperrliste|(?:werbe)?wider(?:spruch|sprochen)|einwilligung widerrufen|werbeverbot
    kontaktverbot
    ne (?:pas|plus|jamais) (?:etre |me |le |la |les )?(?:re)?(?:contacter|contactez|contacte)
    ne (?:pas|plus|jamais) (?:demarch|sollicit|ecrire|envoyer|deranger|appeler|prospect)\w*
    des ?abonn\w*|des ?inscri\w*|liste (?:noire|rouge)|opposition
    refus (?:de )?(?:contact|prospection)
    stop (?:mail|pub|contact)\w*
    no (?:volver a )?(?:contactar\w*|contacte\w*|enviar|molestar|escribir|llamar|desea\w*)
    (?:dad[oa] )?de baja|desuscrit[oa]|suscripcion cancelada|lista (?:negra|nera)
    lista robinson|robinson liste
    nao (?:mais )?(?:contatar|contate|contactar|contacte|enviar|incomodar|perturbar)|descadastr\w*
    inscricao cancelada|cancelou (?:a )?inscricao|non (?:piu )?(?:ri)?contatt(?:are|ate|i|arlo|arla)
    non (?:inviare|disturbare|scrivere|chiamare|desidera\w*)|disiscri\w*|consenso revocato
    iscrizione annullata
    niet (?:meer )?(?:contact|contacteren|benaderen|mailen|aanschrijven|storen|bellen)|uitgeschreven
    geen (?:contact|e ?mails?|mails?|reclame|mailings?)|afgemeld|uitschrijven
    nie (?:nalezy )?(?:kontaktowac|kontaktuj\w*|pisac|wysylac|dzwonic)|wypisan\w*|zrezygnowal\w*
    ne ?kontakt(?:ovat|uj\w*)|odhlasen\w*|leiratkoz\w*|ne keres\w*|nu (?:mai )?contacta\w*
    dezabonat\w*
    iletisime gecme\w*|abonelikten cik\w*
    kontakta? (?:inte|ej|ikke)|(?:inte|ej|ikke) kontakt(?:a|as|e|es)?|ma ikke kontaktes|avmeldt
    afmeldt
    far ej kontaktas|avregistrerad|avprenumererad|nix telefon|ei saa (?:ottaa yhteytta|kontaktoida)
    ala ota yhteytta
    не (?:контактировать|звонить|писать|беспокоить|связываться|турбувати|дзвонити|писати)
    отписа\w*|відписа\w*|(?:черныи|чорнии) список|μην επικοινων\w*|διαγραφ\w*
""")
_ZERO: Final = re.compile(r"[\s.,:/%-]*0[\s0.,:/%TZ-]*")
_NO_DAYS: Final = frozenset(("1970-01-01", "1900-01-00", "1900-01-01", "1899-12-30"))
"""What programs write for a day that never was."""
_NO_PHRASE: Final = re.compile(r"[\d\s.,:;/+()@-]*|https?://\S*|\S+@\S+|www\.\S+")
"""Numbers, dates and addresses; most cells are."""
_REFUSES: Final = re.compile(rf"\b(?:{_REFUSAL})\b")
_REFUSES_IN_ONE_WORD: Final = re.compile(
    alternatives("""
    連絡不可|連絡禁止|配信停止|送信禁止|配信拒否|退会|勿联系|不要联系|禁止联系|勿聯繫|退订|退訂
    取消订阅|연락금지|수신거부|لاتتصل|لاتواصل|عدمالاتصال|الغاءالاشتراك|לאליצורקשר
""")
)
_NOT_REFUSED: Final = re.compile(
    r"\b(?:not|never|hasn t|isn t|no|non|nicht|kein|pas|niet|nie|without)\s(?:yet |been |on |any )*"
    r"(?:unsub\w*|opt(?:ed)? ?out\w*|black ?list\w*|block ?list\w*|suppress\w*|dnc|complain\w*"
    r"|des ?abonn\w*|des ?inscri\w*|abgemeldet|gesperrt|disiscri\w*|afgemeld|uitgeschreven)"
    r"|\b(?:unsubscribed|opted ?out|opt ?out|dnc|do not (?:contact|e ?mail)) "
    r"(?:no|false|0|nein|non)\b"
)


@lru_cache(4096)
def plain(text: str) -> str:
    """`text` as words are compared: lower case, no accents, camelCase parted, single spaces."""
    parted = _WORD_BREAKS.sub(" ", text[:400])
    return " ".join((parted.lower() if parted.isascii() else unmarked(parted).casefold()).split())


def is_placeholder(cell: str) -> bool:
    """Whether `cell` says that there is nothing: empty, N/A, none, unknown, a dash."""
    if len(cell) > 30:
        return False
    return not _LETTER.search(cell) or is_nothing(cell.strip().lower()) or plain(cell) in _NOTHING


def has_picture(text: str) -> bool:
    """Whether `text` has an emoji or the like, which may mean something."""
    return not text.isascii() and any(unicodedata.category(sign) == "So" for sign in text)


def is_nothing(word: str) -> bool:
    """Whether `word`, in lower case, says that there is nothing."""
    return word in _NOTHING


@lru_cache(1024)
def status_named(cell: str) -> str | None:
    """The status that `cell` names, in any of the languages; None when it is not one of Lou's."""
    named = _STATUSES.get(plain(cell))
    return named or ("do_not_contact" if says_do_not_contact(cell) else None)


@lru_cache(1024)
def says_do_not_contact(cell: str) -> bool:
    """Whether `cell` is short and says that somebody does not want to be written to."""
    if not 2 < len(cell) <= _LONGEST_PHRASE or _NO_PHRASE.fullmatch(cell):
        return False
    words = plain(cell)
    if words in _STATUSES:
        return False
    if _REFUSES.search(words) and _REFUSES.search(_NOT_REFUSED.sub(" ", words)):
        return True
    return not cell.isascii() and _REFUSES_IN_ONE_WORD.search(words.replace(" ", "")) is not None


def is_only_do_not_contact(cell: str) -> bool:
    """Whether `cell` says this and, but for a word or two, nothing else."""
    return says_do_not_contact(cell) and len(_REFUSES.sub("", plain(cell)).split()) <= 2


def is_yes(cell: str) -> bool:
    """Whether `cell` is a plain yes, in any of the languages."""
    return cell.strip() in _YES or plain(cell) in _YES


def is_no(cell: str) -> bool:
    """Whether `cell` is a plain no, or says nothing."""
    return says_no(cell) or is_placeholder(cell)


def says_no(cell: str) -> bool:
    """Whether `cell` is a plain no, in any of the languages, or a zero: 0.0, 0000-00-00."""
    is_zero = _ZERO.fullmatch(cell) is not None or cell.strip()[:10] in _NO_DAYS
    return is_zero or plain(cell) in _NO or cell.strip() in _NO
