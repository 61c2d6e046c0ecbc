"""Words in many languages that stand for a character of an address, or surround one."""

from __future__ import annotations


def listed(text: str) -> tuple[str, ...]:
    """The words in `text`, which commas part."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


AT_NAMES = listed(
    "chiocciola, chiocciolina, arroba, arrova, arobase, arrobase, arobas, a commercial,"
    "klammeraffe, affenschwanz, at-zeichen, apenstaartje, apestaartje, apestaart, aapstert,"
    "snabel-a, snabela, snabel a, alfakrøll, krøllalfa, kissanhäntä, miukumauku, ät-merkki,"
    "at-merkki, et-merkki, at-tecken, ät-tecken, kukac, zavináč, zavinac, małpa, malpa, małpka,"
    "afna, majmun, arond, arondul, coadă de maimuță, kuyruklu a, a còng, a móc,"
    "собака, собачка, собачку, равлик, сабака, кльомба, маймунско \u0430, παπάκι, παπακι,"
    "שטרודל, כרוכית, آت, أت, ات, アットマーク, アット, あっとまーく, 골뱅이, 앳, 艾特, 小老鼠,"
    "ಎಟ್, ऐट, अैट, แอด, at sign, at-sign, at symbol, atsign"
)
"""Names of the @ that mean little else."""
AT_IN_BRACKETS = (*AT_NAMES, *listed("at, ät, aet, att, @, æt, ett"))
AT_SHORT = listed("a, à, á, \u0430, et, ad, \u03b1, 在, bei, chez, an")
"""In brackets these mean @ where an address is, and something else in a text."""
DOT_NAMES = listed(
    "dot, d0t, punkt, punkts, punto, point, ponto, punt, punktum, prick, piste, pont, tečka, tecka,"
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
