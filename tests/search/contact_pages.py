# ruff: noqa: E501 - a page a line
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

ORG = "nordlicht.org"

FORTY: tuple[Case, ...] = (
    (
        "a table of staff",
        ORG,
        "<table><tr><th>Name</th><th>Mail</th></tr><tr><td>Ann Lee</td><td>a.lee@nordlicht.org</td></tr><tr><td>Bo Ek</td><td>bo_ek@nordlicht.org</td></tr></table>",
        "a.lee@nordlicht.org bo_ek@nordlicht.org",
    ),
    (
        "plus and digits",
        ORG,
        "<p>news+2026@nordlicht.org; 24h@nordlicht.org; x@mail.nordlicht.org</p>",
        "news+2026@nordlicht.org 24h@nordlicht.org x@mail.nordlicht.org",
    ),
    (
        "end of a sentence",
        ORG,
        '<p>Mail info@nordlicht.org. Or (press@nordlicht.org), or "pr@nordlicht.org"! &lt;b@nordlicht.org&gt;</p>',
        "info@nordlicht.org press@nordlicht.org pr@nordlicht.org b@nordlicht.org",
    ),
    (
        "the next sentence without a space",
        ORG,
        "<p>Write to info@nordlicht.org.We answer soon.</p>",
        "info@nordlicht.org",
    ),
    (
        "a definition list in one line",
        ORG,
        "<dl><dt>Tel</dt><dd>0123</dd><dt>E-Mail</dt><dd>buero@nordlicht.org</dd><dt>Web</dt></dl>",
        "buero@nordlicht.org",
    ),
    (
        "a label in bold before it",
        ORG,
        "<p><b>E-mail:</b>hilfe@nordlicht.org<br><b>Tel:</b>012</p>",
        "hilfe@nordlicht.org",
    ),
    (
        "a bold address in a sentence",
        ORG,
        "<p>Write to <strong>team@nordlicht.org</strong>, please.</p>",
        "team@nordlicht.org",
    ),
    (
        "buttons side by side",
        ORG,
        "<div><button>Copy</button><span>kopie@nordlicht.org</span><button>Send</button></div>",
        "kopie@nordlicht.org",
    ),
    (
        "highlighted letters",
        ORG,
        "<p>See <mark>i</mark>nfo@nordlicht.org and info@nord<em>licht</em>.org</p>",
        "info@nordlicht.org",
    ),
    (
        "Imprint in German",
        "nordlicht.de",
        "<h2>Impressum</h2><p>Nordlicht GmbH<br>Telefon: +49 40 1<br>E-Mail: info (\u00e4t) nordlicht.de<br>USt-IdNr.: DE123</p>",
        "info@nordlicht.de",
    ),
    (
        "German with dashes",
        "nord-licht.de",
        "<p>anna minus beck at nord-licht punkt de</p>",
        "anna-beck@nord-licht.de",
    ),
    (
        "French sentence",
        "lumiere.fr",
        "<p>\u00c9crivez \u00e0 contact[\u00e0]lumiere.fr ou \u00e0 presse AROBASE lumiere POINT fr.</p>",
        "contact@lumiere.fr presse@lumiere.fr",
    ),
    (
        "Spanish list",
        "luz.es",
        "<ul><li>hola arroba luz punto es</li><li>ventas{arroba}luz{punto}es</li></ul>",
        "hola@luz.es ventas@luz.es",
    ),
    (
        "Ukrainian",
        "svitlo.ua",
        "<p>\u041f\u0438\u0448\u0456\u0442\u044c: info[\u0440\u0430\u0432\u043b\u0438\u043a]svitlo[\u043a\u0440\u0430\u043f\u043a\u0430]ua</p>",
        "info@svitlo.ua",
    ),
    (
        "Hebrew page",
        "or.co.il",
        "<p dir='rtl'>\u05d3\u05d5\u05d0\u05f4\u05dc: office@or.co.il \u05d8\u05dc\u05e4\u05d5\u05df 03</p><p>mail (\u05e9\u05d8\u05e8\u05d5\u05d3\u05dc) or.co.il</p>",
        "office@or.co.il mail@or.co.il",
    ),
    (
        "Arabic page",
        "noor.ae",
        "<p dir='rtl'>\u0627\u0644\u0628\u0631\u064a\u062f: info@noor.ae\u060c \u0647\u0627\u062a\u0641</p>",
        "info@noor.ae",
    ),
    (
        "Japanese spoken",
        "hikari.jp",
        "<p>info \u30a2\u30c3\u30c8 hikari \u30c9\u30c3\u30c8 jp</p>",
        "info@hikari.jp",
    ),
    (
        "Finnish and Danish",
        "valo.fi",
        "<p>toimisto (kissanh\u00e4nt\u00e4) valo (piste) fi</p><p>salg (snabela) valo.fi</p>",
        "toimisto@valo.fi salg@valo.fi",
    ),
    ("tags that are none", ORG, "<p>info<at>nordlicht<dot>org</p>", "info@nordlicht.org"),
    (
        "other wrappers",
        ORG,
        "<p>ann *at* nordlicht *dot* org, bob -at- nordlicht -dot- org, cy |at| nordlicht.org</p>",
        "ann@nordlicht.org bob@nordlicht.org cy@nordlicht.org",
    ),
    (
        "upper case",
        ORG,
        "<p>INFO@NORDLICHT.ORG</p><p>Sales (AT) Nordlicht (DOT) org</p>",
        "info@nordlicht.org sales@nordlicht.org",
    ),
    (
        "mailto with a name",
        ORG,
        "<a href='mailto:Ann%20Lee%20%3Cann@nordlicht.org%3E'>x</a><a href='MAILTO: bob@nordlicht.org '>x</a>",
        "ann@nordlicht.org bob@nordlicht.org",
    ),
    (
        "mailto with a wrong ampersand and a stop",
        ORG,
        "<a href='mailto:ann@nordlicht.org&subject=Hi'>x</a><a href='mailto:bob@nordlicht.org.'>x</a>",
        "ann@nordlicht.org bob@nordlicht.org",
    ),
    (
        "mailto twice and mailto in web address",
        ORG,
        "<a href='mailto:mailto:ann@nordlicht.org'>x</a><a href='http://mailto:bob@nordlicht.org'>x</a><a href='https://nordlicht.org/mailto:cy@nordlicht.org'>x</a>",
        "ann@nordlicht.org bob@nordlicht.org cy@nordlicht.org",
    ),
    (
        "disguised in the link",
        ORG,
        "<a href='mailto:ann(at)nordlicht(dot)org'>x</a><a href='mailto:bob[at]nordlicht.org'>y</a>",
        "ann@nordlicht.org bob@nordlicht.org",
    ),
    (
        "share links",
        ORG,
        "<a href='mailto:?subject=Look&body=https://nordlicht.org/a@b.html'>Share</a><a href='https://medium.com/@nordlicht.org'>M</a><a href='https://www.google.com/maps/@51.5,0.1,15z'>Map</a>",
        "",
    ),
    (
        "a form that writes mail",
        ORG,
        "<form action='mailto:form@nordlicht.org' method=post><input type=email placeholder='jane@company.com'></form>",
        "form@nordlicht.org",
    ),
    (
        "reversed in an attribute",
        ORG,
        "<a class=m data-mail='gro.thcildron@nna'>show</a>",
        "ann@nordlicht.org",
    ),
    (
        "JSON in an attribute",
        ORG,
        "<div data-props='{&quot;email&quot;:&quot;props@nordlicht.org&quot;,&quot;v&quot;:&quot;a@1.2.3&quot;}'></div>",
        "props@nordlicht.org",
    ),
    (
        "broken JSON-LD",
        ORG,
        "<script type='application/ld+json'>{'@context':1, \"email\": \"ld@nordlicht.org\", }</script>",
        "ld@nordlicht.org",
    ),
    (
        "a script writes the link",
        ORG,
        "<script>document.write('<a href=\"mai'+'lto:js'+'&#64;'+'nordlicht.org\">js</a>')</script>",
        "js@nordlicht.org",
    ),
    (
        "Joomla's cloak",
        ORG,
        "<span id='cloak1'>Protected.</span><script>document.getElementById('cloak1').innerHTML='';var prefix='&#109;a'+'i&#108;'+'&#116;o';var addy1='jo'+'&#64;';addy1=addy1+'nordlicht'+'&#46;'+'org';</script>",
        "jo@nordlicht.org",
    ),
    (
        "TYPO3",
        ORG,
        f"<a href=\"javascript:linkTo_UnCryptMailto('{''.join(chr(ord(c) + 1) for c in 'mailto:typo@nordlicht.org')}')\">x</a>",
        "typo@nordlicht.org",
    ),
    (
        "two addresses with a slash and bars",
        ORG,
        "<p>a1@nordlicht.org/b2@nordlicht.org | c3@nordlicht.org|d4@nordlicht.org</p>",
        "a1@nordlicht.org b2@nordlicht.org c3@nordlicht.org d4@nordlicht.org",
    ),
    (
        "slashes and exclamation marks",
        ORG,
        "<p>team/office@nordlicht.org or Hello!info@nordlicht.org</p>",
        "",
    ),
    (
        "what is cut or broken",
        ORG,
        "<p>info@nordlicht. info@nordlicht..org @nordlicht.org info@ info@-nordlicht.org info@nordlicht.orgx a@b@nordlicht.org .@nordlicht.org</p>",
        "",
    ),
    (
        "code",
        ORG,
        "<pre>@app.route('/')\nuser@host:~$ ssh -p 22 me@nordlicht.org\npip install pkg@git+https://x.org/y.git\nemail = f'{name}@nordlicht.org'\nimport a@b.js</pre>",
        "",
    ),
    (
        "web addresses with an @",
        ORG,
        "<p>https://nordlicht.org/u/ann@nordlicht.org/posts https://x.org/?mail=bob@nordlicht.org https://unpkg.com/vue@3.net www.flickr.com/photos/12@n00.com</p>",
        "",
    ),
    (
        "unsubscribe text and others",
        ORG,
        "<p>Order #12@5.99, 3@home, A@B, user@domain.tld, test@test, x@y.z, no@tld.abcdefg</p>",
        "",
    ),
    (
        "plain text",
        ORG,
        "Nordlicht e.V.\nMail: info@nordlicht.org\nNordlicht <ann@nordlicht.org>\n1 < 2",
        "info@nordlicht.org ann@nordlicht.org",
    ),
)

NEIGHBOURS: tuple[tuple[str, str], ...] = (
    ("info[@]acme.net x{@}acme.net y(@)acme.net z<@>acme.net", "info x y z"),
    ("info(at)acme.net a (at)acme.net b(at) acme.net", "info a b"),
    ("Max.Mueller (at) acme.net", "max.mueller"),
    ("Anna [at] acme.net", "anna"),
    ("jobs (at) acme.net, team[at]acme.net", "jobs team"),
    ("write to me at acme dot net", ""),
    ("info@acme [dot] net, b@acme dot net, c@acme .net", "info b c"),
    ("mail bob@work. it is good", ""),
    ("info@acme.net point de vente", "info"),
    ("info [at] acme.net point de vente", "info"),
    ("we stop at info@acme.net stop by", "info"),
    ("!community@acme.net #x@acme.net ~y@acme.net", ""),
    ("Emailinfo@acme.net Tel030123456info@acme.net 030-123456office@acme.net", ""),
    ("info@acme.net's inbox", "info"),
    ("'info@acme.net' \u201cb@acme.net\u201d \u00abc@acme.net\u00bb", "info b c"),
    ("info@\u0430cme.net", ""),
    ("<s>old@acme.net</s><del>older@acme.net</del> new@acme.net", "new"),
    ("info&lt;at&gt;acme.net", "info"),
    ("<a href='mailto:info@acme.net?cc=%20b@acme.net'>x</a>", "info b"),
    ("<a href='mailto:info@acme.net%20'>x</a><a href='mailto:%20b@acme.net'>x</a>", "info b"),
    ("<a href='mailto:&#105;nfo&#64;acme.net'>x</a>", "info"),
    ("<a href='mailto:info%2540acme.net'>x</a>", "info"),
    ("<a href='mailto:\"Pat, Smith\" &lt;pat@acme.net&gt;'>x</a>", "pat"),
    ("<a href='mailto:dept/sales@acme.net'>x</a>", "dept/sales"),
    ("<a href='info@acme.net'>x</a>", "info"),
    (
        "<a href='email:info@acme.net'>x</a><a href='maito:b@acme.net'>x</a><a href='mailto;c@acme.net'>x</a>",
        "info b c",
    ),
    ("<a href='https://mail.google.com/mail/?view=cm&to=info@acme.net&su=x'>x</a>", "info"),
    ("<a href='http://user:pw@acme.net'>x</a><a href='https://user@acme.net/path'>x</a>", ""),
    (
        "<a href='sip:a@acme.net'>x</a><a href='xmpp:b@acme.net'>x</a><a href='acct:c@acme.net'>x</a>",
        "",
    ),
    ("<span data-u='info' data-d='acme.net'></span>", "info"),
    ("<span data-user='ofni' data-domain='ten.emca'></span>", "info"),
    (f"<a data-contact='{b64('info@acme.net')}'>x</a>", "info"),
    ("<a data-mail='info(at)acme.net'>x</a>", "info"),
    ("<p>Mail: info @ acme.net</p>", "info"),
    ("<p>Call or write pat @ acme.net today</p>", ""),
    ("<p>Now hiring @ Acme.net! Party @ acme.net</p>", ""),
    ("<b>Sales</b>info@acme.net", ""),
    ("<b>Sales:</b>info@acme.net", "info"),
    ("<span>Sales</span><span>info@acme.net</span>", "info"),
    ("<a href=#>Home</a>info@acme.net<a href=#>Map</a>", "info"),
    ("<span>info@acme.net</span>Call us", "info"),
    ("<td>info@acme.net</td><td>b@acme.net</td>", "info b"),
    ("<span>pat.</span><span>smith@acme.net</span>", ""),
    ("<b>pat.</b>smith@acme.net", "pat.smith"),
    ("<span>info</span>@<span>acme</span><span>.net</span><span>Call</span>", "info"),
    ("".join(f"<span>{c}</span>" for c in "info@acme.net"), "info"),
    ("<div>info@acme<span>.net</span></div>", "info"),
    ("<h1>E-Mail</h1>info@acme.net<h2>Tel</h2>", "info"),
    ("Lightning: sat@acme.net, Matrix a@acme.net, Jabber: b@acme.net", ""),
    ("<p>From: Ann &lt;ann@acme.net&gt; wrote on 5 May</p>", "ann"),
    ("ann@acme.net bob@acme.net\tcy@acme.net", "ann bob cy"),
    ("l'adresse d'info@acme.net", ""),
    ("d'angelo.rossi@acme.net", ""),
    ("o'hara@acme.net", "o'hara"),
    ("o&amp;m@acme.net", "o&m"),
    ("x@acme.net:8080 y@acme.net:/srv z@acme.net:pass", ""),
    ("Mail: info@acme.net: office", "info"),
    ("AT&amp;T@acme.net", "at&t"),
    ("A &amp; B info@acme.net", "info"),
    ("postgres://user@acme.net/db svn+ssh://me@acme.net/x", ""),
    ("http://info@acme.net", "info"),
    ("(info@acme.net)[b@acme.net]{c@acme.net}", "info b c"),
    ("info@acme.net?subject=Hello", "info"),
    ("1.info@acme.net 2)b@acme.net", "1.info b"),
    ("info@acme.net\u2013b@acme.net", "info b"),
    ("info\u200b@acme.net b@acme\u00ad.net", "info b"),
    ("\u202eten.emca@ofni\u202c", "info"),
    ("<script>var u='info';var d='acme.net';document.write(u+'@'+d)</script>", ""),
    ("<script>document.write('info'+'@'+'acme.net')</script>", "info"),
    (
        "<script>eval(unescape('%64%6f%63%75%6d%65%6e%74%2e%77%72%69%74%65%28%27%3c%61%20%68%72%65%66%3d%22%6d%61%69%6c%74%6f%3a%69%6e%66%6f%40%61%63%6d%65%2e%6e%65%74%22%3e%27%29'))</script>",
        "info",
    ),
    (
        '<script type=\'application/json\'>{"email":"info@acme.net","other":"x@y.org"}</script>',
        "info",
    ),
    (
        '<script type=\'application/ld+json\'>[{"@graph":[{"email":["a@acme.net","b@acme.net"],"url":"https://u@acme.net/x"}]}]</script>',
        "a b",
    ),
    ("<svg><text>info@acme.net</text></svg>", ""),
    ("<label>Mail</label><input type=text value='info@acme.net' readonly>", "info"),
    ("<input type=hidden value='h@acme.net'>", ""),
    ("info [at] acme (.) net", "info"),
    ("info{at}acme{dot}co{dot}uk|", "info@acme.co.uk"),
    ("info \u2039at\u203a acme.net", ""),
    ("info -[at]- acme.net", ""),
    ("info [ at ] acme [ dot ] net", "info"),
    ("info(a)acme.net; see (a) acme.net; option (a)acme.net", "info"),
    ("kontakt \u00e4t acme punkt net", "kontakt"),
    ("kontakt bei acme.net", ""),
    ("\u043f\u043e\u0447\u0442\u0430: info \u0441\u043e\u0431\u0430\u043a\u0430 acme.net", "info"),
    ("info(\u0441\u043e\u0431\u0430\u043a\u0430)acme(\u0442\u043e\u0447\u043a\u0430)net", "info"),
    ("info \u9239 acme.net", ""),
    ("info(at)acme.net.Please call", "info"),
    ("INFO [AT] ACME [DOT] NET", "info"),
    ("info @acme.net, sales @acme.net", "info sales"),
    ("firstname.lastname@acme.net vorname.nachname@acme.net {first}.{last}@acme.net", ""),
    ("Doe, John (john.doe@acme.net)", "john.doe"),
    ("xn--test@acme.net", "xn--test"),
    ("a@acme.net.uk.co.something", ""),
    ("you@yourdomain.com me@mysite.com email@example.net", ""),
    ("<a href='mailto:you@example.com'>x</a>", ""),
    ("noreply@acme.net no-reply@acme.net", "noreply no-reply"),
    ("<p>info@<b>acme</b>.net</p>", "info"),
    ("<p>in<b>fo</b>@acme.net</p>", ""),
    ('&lt;a href="mailto:code@acme.net"&gt;', "code"),
    ("info@acme.net<br>b@acme.net<br/>c@acme.net", "info b c"),
    ("info&amp;#64;acme.net", "info"),
    ("Photo: @jane.doe@acme.net", ""),
    ("jane@acme.net@other.org", ""),
    ("https://acme.net/@jane/x.html b.c@acme.net", "b.c"),
)
"""Short texts and the mailboxes at acme.net that stand in them, or whole addresses."""
