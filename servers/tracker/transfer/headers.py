"""Recognises columns by their names, in many languages and tools. Pure."""

from __future__ import annotations

import re
from typing import Final

from servers.tracker.transfer.wording import alternatives, listed, plain, says_do_not_contact


def _pattern_of(table: str) -> re.Pattern[str]:
    return re.compile(rf"\b{alternatives(table)}(?!\w)")


_EMAIL: Final = _pattern_of(r"""
    e ?mails?|email\w*|e ?mail ?adr\w*|mails?|mail ?adr\w*|mailaddress\w*|courriels?|correos?|mel
    e ?post\w*|posta elettronica|pec|adresse electronique|sahkoposti\w*|e ?posta|poczta
    (?:adresse|courrier) de messagerie|messagerie|adresse elettronica|электронн\w+ почт\w*|почта
    имейл|邮箱|郵箱|电子邮件|電子郵件|이메일|メール\w*
""")
_NO_ADDRESS: Final = _pattern_of(r"""
    display|name|names|(?:labels?|types?)$|hash|domain|subject|signature|template|lists?|count
    status|quality|confidence|source|verified at|last verified|opt|opted|permission|consent|sent
    opens?|opened|clicks?|bounced?|grade|format|provider|date|time|catch|unsubscribed?|marketing
    verification|client|campaign|frequency|score|replied
""")
_COLLEAGUE: Final = _pattern_of(r"""
    owner|owners|owned|creator|created|modified|updated|edited|assigned|assignee|rep|sdr|bdr|sender
    sent from|user|users|agent|responsible|manager|assistant|referrers?|referr(?:ed|al) by|by
    reports to|supervisor|executive|sales ?person|csm|advisor|team|recruiter|spouse|parent
    besitzer\w*|eigentumer\w*|inhaber\w*|zustandig\w*|bearbeiter\w*|sachbearbeiter\w*|erstell\w*
    geandert\w*|verantwortlich\w*|betreuer\w*|vertriebler\w*|proprietaire|cree|modifie|responsable
    commercial|conseiller|gestionnaire|propietari[oa]|cread[oa]|modificad[oa]|vendedora?|comercial
    asignad[oa]|proprietari[oa]|creat[oa]|modificat[oa]|assegnat[oa]|responsabile|venditore
    responsavel|criado|eigenaar|aangemaakt|verantwoordelijke|opiekun\w*|wlasciciel\w*|właściciel\w*
    utworz\w*|agare|ansvarig|ejer|ansvarlig|omistaja|vlastnik|tulajdonos|sahibi|владел\w+
    ответственн\w*|менеджер\w*|所有者|负责人|所有人|담당자
""")
_WEBSITE: Final = _pattern_of(r"""
    web ?sites?|web ?pages?|home ?pages?|sites? (?:web|internet)|web ?seiten?|internet\w*|urls?|uri
    web ?adress\w*|netzseite|web|www|sitio(?: web)?|paginas? web|sito(?: web)?|hemsida|webbplats
    webbsida|hjemmeside|nettsted|nettside|kotisivu\w*|strona(?: www| internetowa)?|webova stranka
    web sitesi|honlap|сайт|веб сайт|网站|網站|网址|網址|ホームページ|ウェブサイト|홈페이지|웹사이트
""")
_WEBSITE_WORDS: Final = _pattern_of(r"""
    (?:web|home) ?(?:sites?|pages?)|sites? (?:web|internet)|paginas? web
""")
_DOMAIN: Final = _pattern_of("domains?|domaine|dominio|domein|domane|domena")
_WEAK_PAGE: Final = _pattern_of(r"""
    sites?|links?|pages?|source|quelle|fonte|found on|seite|lien|pagina|enlace|blog
""")
_PROFILE: Final = _pattern_of(r"""
    linked ?in|facebook|fb|twitter|instagram|you ?tube|tik ?tok|xing|github|crunchbase|angel ?list
    pinterest|social|profiles?|whatsapp|telegram|skype|yelp|medium
""")
_NO_PAGE: Final = _pattern_of(r"""
    photos?|pictures?|image|avatar|logo|icon|file|attachments?|signature|unsub\w*|opt|track\w*
    refer\w*|last|first|landing|seen|html|record|crm|search|query|street|location|maps?|meeting
    calendar|booking|careers?|jobs?|api|webhook|feed|video|survey|form|tickets?|invoice|payment
    original|utm|email|mail|download|analytics|conversion|zoom ?info|apollo|hubspot|salesforce
    box|deal|task|note|preview|screenshot|menu|reservation|order
""")
_STATUS: Final = _pattern_of(r"""
    (?:(?:lead|contact|prospect|outreach|customer|client|kunden|lou|crm|sales) )?status(?: label)?
    status (?:reason|name)|leadstatus|statut(?: (?:de |du |d )?(?:la )?\w+)?|situacao|situacion
    kontaktstatus|tila|stav|статус|状态|狀態|ステータス|상태
""")
_MAYBE_STATUS: Final = _pattern_of(r"""
    (?:estado|stato)(?: (?:del |de |della |do )?\w+)?|(?:lead |contact )?(?:state|stage)|phase|fase
""")
_TAGS: Final = _pattern_of(r"""
    (?:(?:contact|lead|person|company|lou) )?(?:tags?|labels?)(?: names?| ids?)?|etiketten?
    schlagwort\w*|schlagworter|etiquetas?|etichett[ae]|etiquettes?|taggar|tagi|теги|标签|標籤|タグ|태그
""")
_NOTE: Final = _pattern_of(r"""
    (?:(?:lead|contact|person|my|internal|general) )?(?:notes?|comments?|remarks?)|notiz(?:en)?
    bemerkung(?:en)?|anmerkung(?:en)?|kommentare?|hinweise?|commentaires?|remarques?|notas?
    observaci(?:on|ones)|observac(?:ao|oes)|comentarios?|comentari|annotazioni|osservazioni|commenti
    opmerking(?:en)?|notities|anteckning(?:ar)?|kommentar(?:er)?|bemaerkning(?:er)?|uwagi|notatki
    poznamk[ay]|заметк[аи]|примечани[ея]|备注|備註|備考|メモ|메모
""")
_IDENTITY: Final = _pattern_of(r"""
    name|first|last|vorname|nachname|nom|prenom|nombre|apellidos?|nome|cognome|company|firma
    unternehmen|societe|empresa|azienda|organi[sz]ation|account|title|titel|city|ort|street
    address|adresse|phone|telefon|mobile|industry|branche|keywords?|technologies|country
    employer|nickname|sector|department|product
""")
_BY_PHONE: Final = _pattern_of(r"""
    calls?|phone|mobile|cell|fax|sms|text|whatsapp|anrufen|telefon|post|direct mail
""")
_NOT_A_FLAG: Final = _pattern_of("link|url|token|hash|page|key|rate|text|list id")
_ALLOWED: Final = _pattern_of(r"""
    (?:contact|e ?mail|mailing|kontakt)\w* (?:allowed|permitted|ok|erlaubt|gestattet)
    (?:may|can|ok to|okay to|permission to) (?:we |i |you )?(?:be )?(?:contact|e ?mail)\w*
    allow (?:contact|e ?mails?)|contact permission|agree[sd]? to (?:be contacted|contact)
    (?:darf|durfen) \w* ?(?:kontakt|anschreiben)\w*
    ^(?:kontaktieren|contactar|contacter|contattare)$
    (?:puede|se puede|peut|puo) (?:etre |essere |ser )?conta[ct]\w*|contattabile|contattabili
    contactable|kontaktierbar|(?:is )?subscribed|contact autorise|contacto permitido
""")
_MAY_BE_ABOUT_CONTACT: Final = re.compile(
    r"conta[ct]|kontakt|mail|market|publici|pubblicit|werb|reklam|reclame|permi|erlaub"
)
_CONSENT: Final = _pattern_of(r"""
    opt(?:ed)? ?in|optin|consent|accepts|newsletter|gdpr|dsgvo|rgpd|einwilligung|consentement
    consentimiento|consenso|subscription|marketing
""")
_PLAIN_NAMES: Final = listed("""
    company|firma|name|first name|last name|full name|vorname|nachname|city|ort|title|phone|telefon
    company name|job title|country|owner|state|contact|id|nom|prenom|societe|nombre|empresa|nome
    azienda|address|adresse|bedrijf|stage|created|cognome|apellidos|titel|land|ville|ciudad|citta
""")


def is_known(name: str) -> bool:
    """Whether `name` is a usual name of a column in a list of people or companies."""
    words = plain(name)
    kinds = (is_status, is_tags, is_note, is_address)
    return any(is_one(words) for is_one in kinds) or page_rank(words) >= 1 or words in _PLAIN_NAMES


def is_address(words: str) -> bool:
    """Whether a column whose plain name is `words` holds e-mail addresses of the row's person."""
    return (
        _EMAIL.search(words) is not None
        and not _NO_ADDRESS.search(words)
        and not is_colleague(words)
        and not says_do_not_contact(words)
    )


def is_colleague(words: str) -> bool:
    """Whether the column is about somebody else: who owns, made or changed the row."""
    return _COLLEAGUE.search(words) is not None


def page_rank(words: str) -> float:
    """How well the name says "the web address of this row": 5 is best, 0 unknown, below 0 not."""
    if _PROFILE.search(words):
        return -1 if _NO_PAGE.search(words) else 0.5
    if _NO_PAGE.search(words) or is_colleague(words):
        return -1
    later = 0.5 if re.search(r"\b[2-9]\b", words) else 0
    return max(0, _website_rank(words) - later)


def _website_rank(words: str) -> float:
    if words in {"url", "page url"}:
        return 5
    is_weak = _WEAK_PAGE.search(_WEBSITE_WORDS.sub("", words)) is not None
    if _WEBSITE.search(words):
        return 2 if is_weak else 4
    if _DOMAIN.search(words):
        return 3
    if words in {"site", "sites"}:
        return 3.5
    return 1.5 if is_weak else 0


def is_status(words: str) -> bool:
    """Whether the column is surely about the state of the contact."""
    return _STATUS.fullmatch(words) is not None


def may_be_status(words: str) -> bool:
    """Whether the column is about a state: of the contact, a place, or another tool's funnel."""
    return _MAYBE_STATUS.fullmatch(words) is not None


def is_tags(words: str) -> bool:
    return _TAGS.fullmatch(words) is not None


def is_note(words: str) -> bool:
    return _NOTE.fullmatch(words) is not None


def is_identity(words: str) -> bool:
    """Whether the column names or describes somebody: no word in it is a wish."""
    return _IDENTITY.search(words) is not None


def forbids(words: str) -> bool:
    """Whether a yes in the column means: do not contact by e-mail."""
    if by_phone(words) or _NOT_A_FLAG.search(words):
        return False
    return says_do_not_contact(words) or words == "baja"


def forbids_by_phone(words: str) -> bool:
    """Whether a yes in the column means: do not call, do not text."""
    return says_do_not_contact(words) and by_phone(words)


def by_phone(words: str) -> bool:
    """Whether the column is about calls, texts or letters."""
    return _BY_PHONE.search(words) is not None


def allows(words: str) -> bool:
    """Whether a no in the column means: do not contact."""
    return _ALLOWED.search(words) is not None and not by_phone(words)


def is_consent(words: str) -> bool:
    """Whether the column says if somebody agreed to mailings; a no is not yet a refusal."""
    return _CONSENT.search(words) is not None and not by_phone(words)


def may_be_about_contact(words: str) -> bool:
    """Whether a yes or no in the column may be about being written to, in some unknown way."""
    return _MAY_BE_ABOUT_CONTACT.search(words) is not None and not _NO_ADDRESS.search(words)
