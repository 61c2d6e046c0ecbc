"""Words in many languages that stand for a character of an address, or surround one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def listed(text: str) -> tuple[str, ...]:
    """The words in `text`, separated by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


AT_NAMES = listed(
    "chiocciola, chiocciolina, arroba, arrova, arobase, arrobase, arobas, a commercial,"
    "klammeraffe, affenschwanz, at-zeichen, apenstaartje, apestaartje, apestaart, aapstert,"
    "snabel-a, snabela, snabel a, alfakrøll, krøllalfa, kissanhäntä, miukumauku, ät-merkki,"
    "at-merkki, et-merkki, at-tecken, ät-tecken, kukac, zavináč, zavinac, małpa, malpa, małpka,"
    "afna, majmun, arond, arondul, coadă de maimuță, kuyruklu a, a còng, a móc,"
    "собака, собачка, собачку, равлик, сабака, кльомба, маймунско \u0430, παπάκι, παπακι,"
    "שטרודל, כרוכית, آت, أت, ات, アットマーク, アット, あっとまーく, 골뱅이, 앳, 艾特, 小老鼠,"
    "ಎಟ್, ऐट, अैट, एट, แอด, at sign, at-sign, at symbol, atsign"
)
"""Names of the @ that mean little else."""
AT_IN_BRACKETS = (*AT_NAMES, *listed("at, ät, aet, att, @, æt, ett, eta, \u0435\u0442"))
AT_SHORT = listed("a, à, á, \u0430, et, ad, \u03b1, 在, bei, chez, an, hjá, hos")
"""In brackets these mean @ where an address is, and something else in a text."""
DOT_NAMES = listed(
    "dot, d0t, punkt, punkts, punto, point, ponto, punt, punktum, prick, piste, pont, tečka, tecka,"
    "punktur, pika, тачка, डाट,"
    "bodka, kropka, točka, tačka, tocka, taškas, nokta, punct, pikë, titik, chấm,"
    "точка, крапка, кропка, τελεία, τελεια, נקודה, نقطة, نقطه, ドット, どっと, 点, 點, 小数点,"
    "점, 닷, डॉट, จุด"
)
UNSPACED_AT = listed("アットマーク, アット, あっとまーく, 골뱅이, 앳, 艾特, 小老鼠")
UNSPACED_DOT = listed("ドット, どっと, 点, 點, 점, 닷")
"""Of scripts without spaces: they stand directly between Latin letters."""
DASH_NAMES = dict.fromkeys(
    listed(
        "dash, hyphen, minus, bindestrich, tiret, trattino, guión, guion, streepje, дефис, тире"
    ),
    "-",
) | dict.fromkeys(listed("underscore, unterstrich"), "_")
MAILBOXES = frozenset(
    listed(
        "info, infos, office, contact, contacts, kontakt, contacto, contatto, contatti, contato,"
        "sales, hello, hi, support, help, service, admin, mail, post, press, presse, booking,"
        "bookings, reservations, marketing, kundenservice, vertrieb, verkauf, bestellung,"
        "buchhaltung, secretariat, sekretariat, segreteria, secretaria, ventas, vendas, comercial,"
        "commercial, atencion, biuro, kancelaria, iroda, zentrale, hr, enquiries, inquiries,"
        "editor, redaktion, redazione, redaction, webmaster, postmaster, privacy, datenschutz"
    )
)
"""What many mailboxes are called."""
TEXT_WORDS = frozenset(
    listed(
        "a, at, in, on, of, or, and, the, is, be, us, me, we, it, you, they, he, she, him, her,"
        "them, all, are, was, were, live, now, more, here, find, visit, follow, join, meet, only,"
        "see, look, open, party, lunch, dinner, breakfast, today, tonight, tomorrow, meeting,"
        "meetings, jobs, careers, job, career, work, working, events, event, people, team, life,"
        "news, shop, store, learn, love, made, built, hiring, play, talk, talks, speaking, speaker,"
        "ceo, cto, cfo, founder, director, manager, engineer, developer, designer, under, section,"
        "with, from, by, for, to, as, out, home, back, start, starts, held, video, photo, art,"
        "music, show, online, site, page, website, web, uns, hier, mehr, wir, sie, nous, ici, noi,"
        "qui, www, com, part, step, item, note, figure, point, version"
    )
)
"""Words of running text and of headings: a lone @ after them means a place."""
LEADS = frozenset(
    listed(
        "to, at, an, via, per, by, or, and, und, et, e, o, oder, ou, y, i, email, e-mail, mail,"
        "mailto, a, à, al, alla, auf, unter, bei, en, na, naar, till, til, pod, adresse, address,"
        "adres, на, почта"
    )
)
"""Words that lead to an address."""
LABELS = frozenset(
    listed(
        "email, e-mail, emails, e-mails, mail, mails, e-post, epost, correo, correio, courriel,"
        "mél, posta, e-posta, kontakt, contact, contacto, contatto, contatti, contato, tel,"
        "telefon, phone, fax, web, adres, adresse, address, почта, e, m, 邮箱, メール, e-mailadres"
    )
)
"""What stands in front of an address to say that one comes."""

_CONTACT_PAGES = {
    "English": "contact, imprint, legal notice, get in touch, reach us, talk to us, vcf",
    "German": "kontakt, impressum, anbieterkennzeichnung, offenlegung, ansprechpartner",
    "French": "mentions legales, nous contacter, contactez, coordonnees, nous joindre",
    "Spanish": "aviso legal, contacto, contactenos, contactanos, informacion legal",
    "Portuguese": "contato, contacto, fale conosco, fale connosco, contactos, ficha tecnica",
    "Italian": "contatti, contattaci, scrivici, note legali, informazioni legali",
    "Dutch": "colofon, contacteer, neem contact op, juridische informatie, bedrijfsgegevens",
    "Catalan": "avis legal, contacte, contacta",
    "Danish": "kontakt os, kontaktoplysninger, kolofon",
    "Swedish": "kontakta, kontaktuppgifter, redaktionsruta",
    "Norwegian": "kontakt oss, kontaktinformasjon, kolofon, redaksjon",
    "Finnish": "yhteystiedot, ota yhteytta, yhteydenotto",
    "Icelandic": "hafa samband, hafdu samband",
    "Polish": "kontakt, nota prawna, dane firmy, dane kontaktowe, stopka redakcyjna",
    "Czech": "kontakty, kontaktujte, tiraz, pravni informace",
    "Slovak": "kontakty, kontaktujte, pravne informacie, prevadzkovatel",
    "Hungarian": "kapcsolat, impresszum, elerhetoseg",
    "Romanian": "contacteaza, contactati, date de contact, informatii legale",
    "Croatian": "kontaktirajte, impresum, pravne napomene, kontakti",
    "Slovenian": "stik, stiki, kolofon, kontakti, pravno obvestilo",
    "Estonian": "kontaktid, votke uhendust, impressum",
    "Latvian": "kontakti, sazinies, sazinieties",
    "Lithuanian": "kontaktai, susisiekite, rekvizitai",
    "Turkish": "iletisim, bize ulasin, kunye, yasal bildirim",
    "Greek": "επικοινωνια, στοιχεια επικοινωνιας, νομικη σημειωση, ταυτοτητα, epikoinonia",
    "Russian": "контакты, связаться, реквизиты, обратная связь, выходные данные, kontakty, svyaz",
    "Ukrainian": "контакти, зв'язатися, реквізити, вихідні дані",
    "Bulgarian": "контакти, контакт, свържете",
    "Serbian": "контакт, импресум, контактирајте",
    "Hebrew": "צור קשר, יצירת קשר, צרו קשר",
    "Arabic": "اتصل بنا, تواصل معنا, اتصلوا بنا, بيانات الاتصال",
    "Persian": "تماس با ما, ارتباط با ما",
    "Hindi": "संपर्क, संपर्क करें",
    "Bengali": "যোগাযোগ",
    "Tamil": "தொடர்பு",
    "Japanese": "お問い合わせ, お問合せ, 問い合わせ, 連絡先, 特定商取引法, 会社概要, toiawase",
    "Chinese": "联系我们, 聯絡我們, 聯繫我們, 联系方式, 联络",
    "Korean": "문의, 연락처, 오시는 길, 고객센터",
    "Vietnamese": "lien he, thong tin lien he",
    "Indonesian": "hubungi kami, kontak kami, kontak",
    "Thai": "ติดต่อเรา, ติดต่อ",
}
"""By language, what a contact page or an imprint is called."""
_ABOUT_PAGES = listed(
    "about, team, our team, people, staff, legal, who we are, company, ueber uns, uber uns,"
    "leadership, faculty, wer wir sind, vorstand,"
    "a propos, qui sommes nous, equipe, quienes somos, sobre, equipo, equipa, quem somos,"
    "chi siamo, squadra, over ons, medewerkers, om os, om oss, medarbejdere, medarbetare,"
    "ansatte, tietoa meista, henkilosto, o nas, zespol, o firme, rolunk, csapat, munkatarsak,"
    "despre noi, echipa, o nama, meist, par mums, apie mus, hakkimizda, ekibimiz, σχετικα,"
    "ποιοι ειμαστε, \u043e нас, \u043e компании, про нас, за нас, אודות, من نحن, درباره ما,"
    "हमारे बारे में, スタッフ, 关于, 關於, 소개, gioi thieu, tentang kami, เกี่ยวกับ"
)
_LIKELY_PATH = re.compile(
    r"contact|kontakt|impressum|imprint|about|team|people|staff|legal|mentions|\.vcf\b"
)
UNLIKELY = 2
_APART = re.compile(r"[\W_]+")
_BARE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "\u0131": "i", "ð": "d"})


def bare(text: str) -> str:
    """`text` in lower case, with plain letters for those with accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if not unicodedata.combining(one)).translate(_BARE)


def _begins(phrases: Iterable[str]) -> re.Pattern[str]:
    """Finds a word that begins with one of the phrases; where no spaces part words, any place."""
    folded = {_APART.sub(" ", bare(phrase)).strip() for phrase in phrases}
    inside = {
        phrase for phrase in folded if "\u0e00" <= phrase[0] <= "\u0e7f" or phrase[0] > "\u1100"
    }
    starts = "|".join(map(re.escape, sorted(folded - inside)))
    return re.compile(rf"(?<!\S)(?:{starts})|(?:{'|'.join(map(re.escape, sorted(inside)))})")


_CONTACT = _begins(word for words in _CONTACT_PAGES.values() for word in listed(words))
_ABOUT = _begins(_ABOUT_PAGES)


def rank_of_page(path: str, label: str) -> int:
    """How soon the page at `path` is looked at for addresses, by what its link says.

    0 for contact pages and imprints, 1 for pages about who is there, `UNLIKELY` for others.
    """
    texts = [_APART.sub(" ", bare(text)) for text in (path, label)]
    if any(map(_CONTACT.search, texts)):
        return 0
    return 1 if any(map(_ABOUT.search, texts)) or _LIKELY_PATH.search(path.lower()) else UNLIKELY
