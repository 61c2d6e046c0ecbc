"""Contact pages and the addresses a person finds on them: (what it shows, domain, HTML, addresses).

`SIXTY` covers the disguises and traps that were known when the search for addresses was built;
`FORTY` was written afterwards.
"""

from __future__ import annotations

import base64
import codecs

Case = tuple[str, str, str, str]

NET = "acme-corp.net"


def covered(address: str, key: int = 0x2F) -> str:
    """`address` as Cloudflare covers it."""
    return bytes([key, *(byte ^ key for byte in address.encode())]).hex()


def moved(text: str, by: int) -> str:
    """`text` with each character moved by `by` places."""
    return "".join(chr(ord(letter) + by) for letter in text)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SIXTY: tuple[Case, ...] = (
    (
        "plain links and text",
        NET,
        "<h1>Contact</h1><p>Write to <a href='mailto:info@acme-corp.net'>info@acme-corp.net</a> or"
        " sales@acme-corp.net.</p>",
        "info@acme-corp.net sales@acme-corp.net",
    ),
    (
        "neighbouring spans without a space",
        NET,
        "<ul><li><span>Email</span><span>office@acme-corp.net</span><span>Call now</span></li></ul>",
        "office@acme-corp.net",
    ),
    (
        "neighbouring links without a space",
        NET,
        "<div><a href='#'>one@acme-corp.net</a><a href='#'>two@acme-corp.net</a></div>",
        "one@acme-corp.net two@acme-corp.net",
    ),
    (
        "a footer of glued elements",
        NET,
        "<footer><b>Acme</b><em>Main St 1</em><strong>Tel</strong><span>+1 855 445</span>"
        "<strong>Mail</strong><span>desk@acme-corp.net</span><strong>Fax</strong></footer>",
        "desk@acme-corp.net",
    ),
    (
        "an ampersand and an apostrophe before the @",
        NET,
        "<p>Research: r&amp;d@acme-corp.net, Pat: pat.o'brien@acme-corp.net</p>",
        "r&d@acme-corp.net pat.o'brien@acme-corp.net",
    ),
    (
        "a curly apostrophe and encoded links",
        NET,
        "<p>sean.o\u2019neil@acme-corp.net</p><a href='mailto:q%26a@acme-corp.net'>ask</a>",
        "sean.o'neil@acme-corp.net q&a@acme-corp.net",
    ),
    (
        "mailto with two slashes",
        NET,
        "<a href='mailto://ann@acme-corp.net'>Ann</a>",
        "ann@acme-corp.net",
    ),
    (
        "http before an address",
        NET,
        "<a href='http://bob@acme-corp.net'>Bob</a>",
        "bob@acme-corp.net",
    ),
    (
        "several receivers and a subject",
        NET,
        "<a href='mailto:a.one@acme-corp.net,b.two@acme-corp.net;c.three@acme-corp.net?subject=Hi"
        "&amp;cc=d.four@acme-corp.net'>all</a>",
        "a.one@acme-corp.net b.two@acme-corp.net c.three@acme-corp.net d.four@acme-corp.net",
    ),
    (
        "an encoded link",
        NET,
        "<a href='mailto:%69%6e%66%6f%40acme-corp.net?subject=x%20y@z'>write</a>",
        "info@acme-corp.net",
    ),
    (
        "short brackets",
        NET,
        "<p>ann(a)acme-corp.net, bob[a]acme-corp.net</p>",
        "ann@acme-corp.net bob@acme-corp.net",
    ),
    ("at and dot in brackets", NET, "<p>ann [at] acme-corp [dot] net</p>", "ann@acme-corp.net"),
    ("Italian", "acme.it", "<p>Scrivi a ufficio chiocciola acme punto it</p>", "ufficio@acme.it"),
    (
        "Italian in brackets",
        "acme.it",
        "<p>segreteria [chiocciola] acme.it</p>",
        "segreteria@acme.it",
    ),
    ("French", "acme.fr", "<p>Courriel : accueil (arobase) acme (point) fr</p>", "accueil@acme.fr"),
    ("Spanish", "acme.es", "<p>Correo: ventas (arroba) acme (punto) es</p>", "ventas@acme.es"),
    (
        "Portuguese",
        "acme.com.br",
        "<p>contato [arroba] acme [ponto] com [ponto] br</p>",
        "contato@acme.com.br",
    ),
    (
        "German",
        "acme.de",
        "<p>E-Mail: kontakt (Klammeraffe) acme (Punkt) de</p>",
        "kontakt@acme.de",
    ),
    (
        "German with \u00e4t",
        "acme.de",
        "<p>post [\u00e4t] acme.de und buero(at)acme(punkt)de</p>",
        "post@acme.de buero@acme.de",
    ),
    ("Dutch", "acme.nl", "<p>Mail naar winkel [apenstaartje] acme [punt] nl</p>", "winkel@acme.nl"),
    ("Polish", "acme.pl", "<p>Poczta: biuro (ma\u0142pa) acme (kropka) pl</p>", "biuro@acme.pl"),
    (
        "Czech",
        "acme.cz",
        "<p>obchod (zavin\u00e1\u010d) acme (te\u010dka) cz</p>",
        "obchod@acme.cz",
    ),
    ("Hungarian", "acme.hu", "<p>iroda (kukac) acme (pont) hu</p>", "iroda@acme.hu"),
    (
        "Russian",
        "acme.ru",
        "<p>\u041f\u043e\u0447\u0442\u0430: zakaz (\u0441\u043e\u0431\u0430\u043a\u0430) acme (\u0442\u043e\u0447\u043a\u0430) ru</p>",
        "zakaz@acme.ru",
    ),
    (
        "Japanese",
        "acme.jp",
        "<p>\u30e1\u30fc\u30eb\uff1ainfo\uff08\u30a2\u30c3\u30c8\u30de\u30fc\u30af\uff09acme.jp</p><p>\u203bpress\u2605acme.jp\uff08\u2605\u3092@\u306b\uff09</p>",
        "info@acme.jp press@acme.jp",
    ),
    (
        "Chinese around it",
        "acme.cn",
        "<p>\u90ae\u7bb1\uff1ainfo@acme.cn\uff0c\u7535\u8bdd\uff1a010</p><p>\u8054\u7cfb\u90ae\u7bb1sales@acme.cn\u8c22\u8c22</p>",
        "info@acme.cn sales@acme.cn",
    ),
    (
        "Korean",
        "acme.kr",
        "<p>\uc774\uba54\uc77c: help[\uace8\ubc45\uc774]acme.kr</p>",
        "help@acme.kr",
    ),
    (
        "Swedish and Danish",
        "acme.se",
        "<p>Skriv till butik [snabel-a] acme [punkt] se</p>",
        "butik@acme.se",
    ),
    (
        "Greek and Turkish",
        "acme.gr",
        "<p>grafeio [\u03c0\u03b1\u03c0\u03ac\u03ba\u03b9] acme [\u03c4\u03b5\u03bb\u03b5\u03af\u03b1] gr</p>",
        "grafeio@acme.gr",
    ),
    ("spaces around the @", NET, "<p>Email: ann @ acme-corp.net</p>", "ann@acme-corp.net"),
    (
        "spoken at and dot",
        NET,
        "<p>Reach jo dot kim at acme-corp dot net any day.</p>",
        "jo.kim@acme-corp.net",
    ),
    (
        "a data attribute",
        NET,
        "<a href='#' data-email='eve@acme-corp.net'>Show</a>",
        "eve@acme-corp.net",
    ),
    (
        "two data attributes",
        NET,
        "<span class='m' data-user='finn' data-domain='acme-corp.net'></span>"
        "<span data-name='gus' data-host='acme-corp' data-tld='net'></span>",
        "finn@acme-corp.net gus@acme-corp.net",
    ),
    (
        "right to left",
        NET,
        "<span style='unicode-bidi:bidi-override; direction: rtl'>ten.proc-emca@selas</span>",
        "sales@acme-corp.net",
    ),
    (
        "right to left by a style sheet and by an element",
        NET,
        "<style>.r, .q{color:red} .back { direction:rtl; unicode-bidi:bidi-override }</style>"
        "<p class='x back'>ten.proc-emca@nna</p><bdo dir='rtl'>ten.proc-emca@bob</bdo>",
        "ann@acme-corp.net bob@acme-corp.net",
    ),
    (
        "entities",
        NET,
        "<p>&#105;&#110;&#102;&#111;&#64;acme-corp&#46;net &#x70;&#x72;&commat;acme-corp&period;net</p>",
        "info@acme-corp.net pr@acme-corp.net",
    ),
    (
        "Cloudflare",
        NET,
        f"<a href='/cdn-cgi/l/email-protection#{covered('cf@acme-corp.net')}'>[email&#160;protected]</a><span class='__cf_email__' data-cfemail='{covered('cg@acme-corp.net', 7)}'>[email protected]</span>",
        "cf@acme-corp.net cg@acme-corp.net",
    ),
    (
        "ROT13",
        NET,
        f"<a href='{codecs.encode('mailto:rot@acme-corp.net', 'rot13')}'>x</a><a href='javascript:;' data-enc-email='{codecs.encode('wp@acme-corp.net', 'rot13')}'>x</a>",
        "rot@acme-corp.net wp@acme-corp.net",
    ),
    (
        "JSON-LD",
        NET,
        '<script type="application/ld+json">{"@context":"https://schema.org","@type":"Organization",'
        '"@id":"https://x@y.net/#o","email":"mailto:ld@acme-corp.net","contactPoint":[{"@type":'
        '"ContactPoint","email":"help\\u0040acme-corp.net"}]}</script>',
        "ld@acme-corp.net help@acme-corp.net",
    ),
    (
        "microdata, RDFa and hCard",
        NET,
        "<meta itemprop='email' content='micro@acme-corp.net'><span itemprop='email'>item@acme-corp.net"
        "</span><span property='schema:email' content='rdf@acme-corp.net'>mail us</span>"
        "<div class='vcard'><span class='email'>card@acme-corp.net</span></div>",
        "micro@acme-corp.net item@acme-corp.net rdf@acme-corp.net card@acme-corp.net",
    ),
    (
        "split into elements",
        NET,
        "<p><span>info</span><span>@</span><span>acme-corp</span>.<span>net</span></p><p><b>press</b>@<i>acme-corp.net</i></p>",
        "info@acme-corp.net press@acme-corp.net",
    ),
    (
        "comments between letters",
        NET,
        "<p>inf<!-- no -->o<!-- @spam.org -->@acme-<!-- x -->corp.net</p>",
        "info@acme-corp.net",
    ),
    (
        "a hidden decoy inside",
        NET,
        "<style>.nope{display:none}</style><p>info<span style='display:none'>-nospam</span>@acme-corp.net"
        "</p><p>sales@<i class='nope'>not.</i>acme-corp.net</p>",
        "info@acme-corp.net sales@acme-corp.net",
    ),
    (
        "a hidden trap",
        NET,
        "<p hidden>trap@acme-corp.net</p><p style='display:none'>bait@acme-corp.net</p><p>real@acme-corp.net</p>",
        "real@acme-corp.net",
    ),
    (
        "text of images",
        NET,
        "<img src='m.png' alt='alt@acme-corp.net'><p>joe<img src='at.gif' alt='@'>acme-corp.net</p>",
        "alt@acme-corp.net joe@acme-corp.net",
    ),
    (
        "an icon for the @",
        NET,
        "<p>kim<i class='fa fa-at'></i>acme-corp.net</p>",
        "kim@acme-corp.net",
    ),
    (
        "plugins with plain attributes",
        NET,
        f"<a href=\"javascript:DeCryptX('{moved('mailto:cx@acme-corp.net', 1)}')\">x</a>"
        f"<joomla-hidden-mail first='{b64('jo')}' last='{b64(NET)}'>x</joomla-hidden-mail>"
        f"<a data-email='{b64('b64@acme-corp.net')}'>x</a>"
        "<a href='#' onclick=\"location.href='mailto:click@acme-corp.net'\">x</a>",
        "cx@acme-corp.net jo@acme-corp.net b64@acme-corp.net click@acme-corp.net",
    ),
    (
        "soft hyphens and breaks inside",
        NET,
        "<p>in&shy;fo@<wbr>acme&#8203;-corp<wbr>.net</p>",
        "info@acme-corp.net",
    ),
    (
        "wide characters",
        NET,
        "<p>info\uff20acme-corp\uff0enet \uff50\uff52@acme-corp.net</p>",
        "info@acme-corp.net pr@acme-corp.net",
    ),
    (
        "an international domain",
        "b\u00fccher.de",
        "<p>laden@b\u00fccher.de</p><a href='mailto:shop@xn--bcher-kva.de'>x</a>",
        "laden@b\u00fccher.de shop@b\u00fccher.de",
    ),
    (
        "a Cyrillic domain",
        "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
        "<p>\u041f\u0438\u0448\u0438\u0442\u0435: info@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444!</p>",
        "info@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
    ),
    (
        "NOSPAM",
        NET,
        "<p>info@NOSPAM.acme-corp.net, salesREMOVETHIS@acme-corp.net</p>",
        "info@acme-corp.net sales@acme-corp.net",
    ),
    (
        "mentions and fediverse names",
        NET,
        "<p>Follow @acme or @acme@mastodon.social, <a rel='me' href='https://mastodon.social/@acme'>acme@mastodon.social</a>, photo by jane @acme.studio</p>",
        "",
    ),
    (
        "versions, images, hosts",
        NET,
        "<p>lib@1.2.3, @scope/pkg@1.0.0, vue@3.4.0-beta.net, user@localhost, root@server</p><img src='logo@2x.png' srcset='a@3x.webp 3x'><p>icon@2x.png</p>",
        "",
    ),
    (
        "code hosts and servers",
        NET,
        "<pre>git clone git@github.com:org/repo.git\nssh deploy@acme-corp.net\nscp a.txt root@acme-corp.net:/tmp\nhttps://key0123456789abcdef@o1.ingest.sentry.io/42\nftp://me:pw@files.acme-corp.net/x</pre>",
        "",
    ),
    (
        "times and places",
        NET,
        "<p>Meet us 5pm@Central, lunch @ acme-corp.net, find us @ www.acme-corp.net</p>",
        "",
    ),
    (
        "placeholders",
        NET,
        "<form><input type=email placeholder='you@acme-corp.net'><input value='name@example.com'></form><p>e.g. john@example.org, firstname.lastname@acme-corp.net, your-email@domain.com</p>",
        "",
    ),
    (
        "scripts",
        NET,
        "<script>var a='dev@acme-corp.net';!function(e){e.x=\"a@b.net\"}(1);</script><script>Sentry.init({dsn:'https://abc@sentry.io/1'})</script><style>a{content:'x@acme-corp.net'}</style>",
        "",
    ),
    (
        "message names",
        NET,
        "<p>Message-ID: &lt;20240101.ab12@mail.acme-corp.net&gt;</p><p>References: &lt;c0ffee@lists.acme-corp.net&gt;</p><p>cid:image001.png@01d9aa.net</p>",
        "",
    ),
    (
        "an address of somebody else",
        NET,
        "<p>Site by studio@webmaker.org, ask info@acme-corp.net.</p>",
        "info@acme-corp.net studio@webmaker.org",
    ),
)
