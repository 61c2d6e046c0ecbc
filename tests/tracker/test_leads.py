"""What single cells and columns of lead files mean, and what is refused in their place."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.host.tools.service import ToolError
from servers.tracker.codec import urls
from servers.tracker.entry import Draft, RejectedEntryError, Rules, checked
from servers.tracker.entry_service import EntryService
from servers.tracker.server import TrackerServer
from servers.tracker.transfer import cells, csv_jsonl, wording
from servers.tracker.transfer.text_file import LeadFileError
from tests.tracker.scene import started, tools

REFUSALS = """
do not contact|Do-Not-Contact|DoNotContact|do_not_contact|DONOTCONTACT|Unsubscribed|opted out|DNC
Opt-Out|don't contact|dont email|Global unsubscribe|emailsUnsubscribed|BLACKLIST|blocklisted|unsub
spam complaint|removed by request|Do Not Mail|DNC - asked in May|please don't contact again
nicht kontaktieren|Bitte nicht mehr kontaktieren|keine Werbung|abgemeldet|Kontaktsperre
Ne pas contacter|Désabonné|désinscrite|Ne plus contacter|No contactar|Baja|dado de baja
Non contattare|disiscritto|niet benaderen|afgemeld|Não contatar|descadastrado|nie kontaktować
kontakta ej|Kontakt ikke|не писать|отписался|連絡不可|已退订|수신거부|nekontaktovat
"""
NO_REFUSALS = """
new|contacted|Bounced|not unsubscribed|No opt-out|Subscribed|Not contacted|nicht kontaktiert
non contacté|Noch nicht kontaktiert|no contactado|non contattato|Never opted out|Active|cold
Kontaktiert|Kontakt|not interested|Allow|Closed|Unqualified|Double opt-in|option|Optout: no
No answer|Robinson|Baja California|Bajaj|no contact yet|Do not modify|Texas|Open - Not Contacted
"""


def listed(table: str) -> list[str]:
    return [word for line in table.strip().splitlines() for word in line.split("|")]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TrackerServer]:
    (tmp_path / "files").mkdir()
    found = await started(tmp_path, exchange_folder=str(tmp_path / "files"))
    yield found
    await found.stop()


def stored(text: str, **columns: str) -> list[tuple[str, str, str]]:
    column_map = {field: [name] if name else [] for field, name in columns.items()}
    found = csv_jsonl.opened(io.BytesIO(text.encode()), "csv", column_map)
    drafts = [checked(rules=Rules(), **row.fields) for row in found.rows]
    return [(draft.email, draft.url, draft.status) for draft in drafts]


@pytest.mark.parametrize("cell", listed(REFUSALS))
def test_a_refusal_is_understood_in_any_wording(cell: str) -> None:
    assert wording.status_named(cell) == "do_not_contact"
    found = stored(f"url,email,status\nacme.net,a@acme.net,{cell}\n")
    assert found == [("a@acme.net", "https://acme.net/", "do_not_contact")]


@pytest.mark.parametrize("cell", listed(NO_REFUSALS))
def test_what_only_sounds_like_a_refusal_is_none(cell: str) -> None:
    assert wording.status_named(cell) != "do_not_contact"
    assert not wording.is_only_do_not_contact(cell)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Do Not Contact", "TRUE"),
        ("Email Opt Out", "1"),
        ("Has Opted Out Of Email", "Yes"),
        ("Unsubscribed", "x"),
        ("UNSUB_TIME", "2026-02-01 09:00"),
        ("Opt-out reason", "too many mails"),
        ("Werbesperre", "ja"),
        ("Ne pas contacter", "Oui"),
        ("No contactar", "Sí"),
        ("Subscribed", "No"),
        ("May contact", "false"),
        ("Email Marketing Consent", "UNSUBSCRIBED"),
        ("Lead Stage", "Do Not Contact"),
        ("Segment", "unsubscribed"),
        ("Tags", "fair; do-not-contact"),
        ("Notes", "DNC!"),
    ],
)
def test_a_refusal_is_found_in_any_column(name: str, cell: str) -> None:
    ((_, _, status),) = stored(f"url,email,{name}\nacme.net,a@acme.net,{cell}\n")
    assert status == "do_not_contact"


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Do Not Contact", "FALSE"),
        ("Unsubscribed", "0"),
        ("Email Opt Out", "N/A"),
        ("Do Not Call", "TRUE"),
        ("Unsubscribe Link", "https://x-mail.net/u/1"),
        ("(Do Not Modify) Modified On", "2026-01-01"),
        ("Email Status", "Bounced"),
        ("Newsletter", "no"),
        ("Company", "DNC"),
        ("State", "Baja California"),
    ],
)
def test_no_refusal_is_invented(name: str, cell: str) -> None:
    ((_, _, status),) = stored(f"url,email,{name}\nacme.net,a@acme.net,{cell}\n")
    assert status == "new"


@pytest.mark.parametrize(
    ("cell", "found", "refused"),
    [
        ("a@x-a.net; b@x-a.net", ["a@x-a.net", "b@x-a.net"], 0),
        ("a@x-a.net,b@x-a.net | c@x-a.net", ["a@x-a.net", "b@x-a.net", "c@x-a.net"], 0),
        ("a@x-a.net / b@x-a.net", ["a@x-a.net", "b@x-a.net"], 0),
        ("a@x-a.net/b@x-a.net", ["a@x-a.net", "b@x-a.net"], 0),
        ("a@x-a.net b@x-a.net", ["a@x-a.net", "b@x-a.net"], 0),
        ("a@x-a.net ::: A@x-a.net", ["a@x-a.net"], 0),
        ("Ann Lee <a@x-a.net>", ["a@x-a.net"], 0),
        ('"Lee, Ann" <a@x-a.net>, Bob <b@x-a.net>', ["a@x-a.net", "b@x-a.net"], 0),
        ("Lee, Ann <a@x-a.net>", ["a@x-a.net"], 0),
        ("Ann <a@x-a.net> and Bob <b@x-a.net>", ["a@x-a.net", "b@x-a.net"], 0),
        ("a@x-a.net, and b@x-a.net", ["a@x-a.net", "b@x-a.net"], 0),
        ('"Lee" "Ann" <mailto:a@x-a.net>\t/ b@x-a.net', ["a@x-a.net", "b@x-a.net"], 0),
        ("mailto:a@x-a.net", ["a@x-a.net"], 0),
        ("a@x-a.net (work)", ["a@x-a.net"], 0),
        ("mailto:a@x-a.net?subject=Hello%20there", ["a@x-a.net"], 0),
        ("MAILTO:a%2Bb@x-a.net", ["a+b@x-a.net"], 0),
        ("a%40x-a.net", ["a@x-a.net"], 0),
        ("J%C3%B6rg@x-a.net", ["J\u00f6rg@x-a.net"], 0),
        ('=HYPERLINK("mailto:a@x-a.net","a")', ["a@x-a.net"], 0),
        ("\u201ca@x-a.net\u201d; \u00bbb@x-a.net\u00ab", ["a@x-a.net", "b@x-a.net"], 0),
        (" a@x-a.net\u200b", ["a@x-a.net"], 0),
        ("N/A", [], 0),
        ("a@x-a.net; none of your business", ["a@x-a.net"], 1),
        ("a***@x-a.net", [], 1),
        ("email_not_unlocked@domain.com", [], 1),
    ],
)
def test_the_addresses_of_a_cell(cell: str, found: list[str], refused: int) -> None:
    good, bad = cells.addresses(cell)
    assert (good, len(bad)) == (found, refused)


@pytest.mark.parametrize(
    ("cell", "page"),
    [
        ("acme-corp.net", "acme-corp.net"),
        ("[Acme](https://acme-corp.net)", "https://acme-corp.net"),
        ("Acme (https://acme-corp.net)", "https://acme-corp.net"),
        ('=HYPERLINK("https://acme-corp.net","Acme")', "https://acme-corp.net"),
        ("Acme - http://acme-corp.net", "http://acme-corp.net"),
        ("https://acme-corp.net, https://acme.io", "https://acme-corp.net"),
        ("https://acme-corp.net/a,b", "https://acme-corp.net/a,b"),
        ("<https://acme-corp.net>", "https://acme-corp.net"),
        ("\u201eacme-corp.net\u201c", "acme-corp.net"),
        ("\u00bbhttps://acme-corp.net/a\u00ab", "https://acme-corp.net/a"),
    ],
)
def test_the_page_of_a_cell(cell: str, page: str) -> None:
    assert cells.pages(cell)[0] == page


def test_what_a_row_has_more_than_one_entry_holds_is_told() -> None:
    data = (
        "email,website,notes\n"
        'a@acme.net,"acme.net; acme.io",\n'
        f"b@acme.net,acme.net,{'x' * 100}. Please do not contact before June\n"
    )
    two, note = csv_jsonl.opened(io.BytesIO(data.encode()), "csv").rows
    assert two.fields["url"] == "acme.net"
    assert "only the first" in two.doubts[0]
    assert "do not contact" in note.doubts[0]


PLACEHOLDERS = """
N/A|none|unknown|Referral|http://https://acme-corp.net|n.a.|-|keine|TBD|k.A.|n.v.t.|www.none|www.acme
http://localhost:8080/|https://n/a|\u201cacme-corp.net\u201d|https://acme-corp.net:0/|https://xn--99999999.de/|none.none|#N/A|https://|acme.c|https//acme-corp.net|--|null
"""


@pytest.mark.parametrize("text", listed(PLACEHOLDERS))
def test_a_placeholder_is_no_page_anywhere(text: str) -> None:
    with pytest.raises(urls.UrlError):
        urls.page(text)
    with pytest.raises(RejectedEntryError):
        checked(url=text, email="a@acme-corp.net", rules=Rules())


@pytest.mark.parametrize(
    "text",
    [
        *("acme-corp.net", "www.com", "10.0.0.1", "[::1]", "nas.local", "http.acme-corp.net"),
        *(
            "i\u2764.ws",
            "xn--mgba3gch31f060k.com",
            "l\u00b7l.cat",
            "\u30a2\u30fb\u30a4.jp",
        ),
    ],
)
def test_an_address_of_a_host_is_a_page(text: str) -> None:
    assert urls.page(text).startswith("https://")


@pytest.mark.anyio
async def test_no_tool_takes_a_placeholder_and_an_old_one_can_be_mended(
    server: TrackerServer,
) -> None:
    found = tools(server)
    for work in (
        found["track_url_email"](url="Referral", email="a@acme-corp.net"),
        found["track_url_email"](url="acme-corp.net", email="n/a"),
    ):
        with pytest.raises(ToolError):
            await work
    many = await found["track_many"]([{"url": "none", "email": "a@acme-corp.net"}])
    assert many["counts"] == {"refused": 1}
    entry_service: EntryService = server._current.entry_service
    ((_, old),) = await entry_service.track([Draft("https://referral/", "a@acme-corp.net")], "test")
    kept = await found["update_entry"](id=old.id, version=1, status="do_not_contact")
    assert kept["entry"]["status"] == "do_not_contact"
    with pytest.raises(ToolError):
        await found["update_entry"](id=old.id, version=2, url="https://webinar/")
    mended = await found["update_entry"](id=old.id, version=2, url="acme-corp.net")
    assert mended["entry"]["url"] == "https://acme-corp.net/"


@pytest.mark.anyio
async def test_a_trial_tells_the_columns_and_doubts_and_columns_can_be_mapped_or_left_out(
    server: TrackerServer, tmp_path: Path
) -> None:
    (tmp_path / "files" / "in.csv").write_text(
        "Name,Email,Backup Email,Owner Email,Lead Status,Website\n"
        "Ann,a@acme-corp.net,a@home-mail.net,kim@my-agency.org,Nurturing,acme-corp.net\n"
        "Bob,b@acme-corp.net,,kim@my-agency.org,Unsubscribed,\n"
    )
    run = tools(server)["import_tracked"]
    trial = await run("in.csv", trial=True)
    assert trial["columns"]["email"] == ["Email", "Backup Email"]
    assert (trial["counts"], trial["rows"]) == ({"would be stored": 2, "refused": 1}, 2)
    told = "\n".join(trial["doubts"])
    assert "Owner Email" in told
    assert "Row 2: the status 'Nurturing'" in told
    assert [one["field"] for one in trial["problems"]] == ["url", "status"]
    assert (await tools(server)["tracker_stats"]())["entries"] == 0
    mapped = await run("in.csv", {"email": "Owner Email", "status": ""}, trial=True)
    assert mapped["columns"] == {"url": ["Website"], "email": ["Owner Email"]}
    assert mapped["counts"] == {"would be stored": 1, "refused": 1}
    ignored = await run("in.csv", ignore=["Backup Email"])
    assert ignored["columns"]["email"] == ["Email"]
    assert ignored["counts"] == {"created": 1, "refused": 1}
    with pytest.raises(ToolError, match="no column 'Phone'"):
        await run("in.csv", ignore=["Phone"])


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped("xl/workbook.xml"), "Excel workbook.*CSV UTF-8"),
        (zipped("Index/Document.iwa"), "Numbers document.*Export To, CSV"),
        (zipped("content.xml"), "OpenDocument"),
        (zipped("a.csv"), "zip archive.*Unpack"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"<html><table><tr><td>Email</td></tr></table></html>", "a web page"),
        (b"BEGIN:VCARD\nVERSION:3.0\n", "vCard.*CSV"),
    ],
)
def test_a_file_of_another_kind_is_named_with_the_way_to_csv(data: bytes, words: str) -> None:
    with pytest.raises(LeadFileError, match=words):
        csv_jsonl.opened(io.BytesIO(data), "csv")


def test_the_ending_of_a_workbook_is_told_with_the_way_to_csv() -> None:
    with pytest.raises(LeadFileError, match=r"Excel workbook.*CSV UTF-8"):
        csv_jsonl.format_of("leads.XLSX")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Müller Straße größer", "cp1252"),
        ("Hébert Éric à la crème", "cp1252"),
        ("Müller Straße größer", "mac_roman"),
        ("Hébert Noël crème", "mac_roman"),
    ],
)
def test_a_note_in_an_older_character_set_is_read_and_told(text: str, encoding: str) -> None:
    data = f"url;email;note\nacme.net;a@acme.net;{text}\n".encode(encoding)
    found = csv_jsonl.opened(io.BytesIO(data), "csv")
    (row,) = found.rows
    assert row.fields["note"] == text
    assert "not UTF-8" in found.doubts[0]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Привет", "cp1251"), ("Łódź ążę", "cp1250"), ("Čapek Jiří Náměstí", "cp1250")],
)
def test_letters_that_cannot_be_told_are_refused_and_not_guessed(text: str, encoding: str) -> None:
    data = f"url;email;note\nacme.net;a@acme.net;{text}\nb.net;b@b.net;x\n".encode(encoding)
    bad, good = csv_jsonl.opened(io.BytesIO(data), "csv").rows
    assert "UTF-8" in bad.fault
    assert good.fields["note"] == "x"


def test_a_row_that_a_missing_quote_shifted_is_refused() -> None:
    found = csv_jsonl.opened(
        io.BytesIO(b"url,name,email\nacme.net,Lee, Ann,a@acme.net\nb.net,Bob,b@b.net,,\n"), "csv"
    )
    bad, good = found.rows
    assert "more than 3 cells" in bad.fault
    assert good.fields["email"] == "b@b.net"


def one_row(**values: str) -> csv_jsonl.Row:
    """The one row that a file with these cells makes."""
    row = {"url": "https://acme-corp.net", "email": "ann@acme-corp.net", **values}
    lines = "\n".join(",".join(f'"{cell}"' for cell in line) for line in (row.keys(), row.values()))
    (found,) = csv_jsonl.opened(io.BytesIO(lines.encode()), "csv").rows
    return found


WORDS_WITH_DOTS = "Node.js|St.Louis|John.Doe|report.pdf|index.html|4.9e10|Mon.Fri|photo.jpg"
NO_WHOLE_PAGES = """
https://acme-corp.net/peop\u2026|https://acme-corp.net/a...|https://acme-corp.nethttps://b-corp.net
"""


@pytest.mark.parametrize("text", listed(f"{WORDS_WITH_DOTS}\n{NO_WHOLE_PAGES}"))
def test_words_with_dots_and_pieces_of_addresses_are_no_pages(text: str) -> None:
    with pytest.raises(urls.UrlError):
        urls.page(text)


def test_a_page_may_have_an_end_that_is_not_listed_when_it_says_https() -> None:
    assert urls.page("https://wiki.newcorp/a") == "https://wiki.newcorp/a"


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("url", "https://acme-corp.net/?a=1&amp;b=2", "https://acme-corp.net/?a=1&b=2"),
        ("email", "ann&amp;co@acme-corp.net", "ann&co@acme-corp.net"),
        ("email", "ann&#64;acme-corp.net", "ann@acme-corp.net"),
        ("email", "\u202aann@acme-corp.net\u202c", "ann@acme-corp.net"),
        ("email", "\u2068ann@acme-corp.net\u2069", "ann@acme-corp.net"),
        ("tags", "vip, N/A, null", ["vip"]),
        ("note", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),
    ],
)
def test_a_cell_of_html_or_with_unseen_marks_means_what_a_person_reads(
    field: str, cell: str, value: object
) -> None:
    assert one_row(**{field: cell}).fields[field] == (value or cell)


@pytest.mark.parametrize(
    "email",
    listed("""
    ann@acme-corp.netTel|image@2x.png|ann@acme-corp.con|#ann@acme-corp.net|ann/bob@acme-corp.net
    id=ann@acme-corp.net|u003eann@acme-corp.net|\u0430nn@acme-corp.net|ann@\u0430cme-corp.net
    """),
)
def test_an_address_that_may_be_none_is_told(email: str) -> None:
    (doubt,) = one_row(email=email).doubts
    assert "'" in doubt


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("tags", "\U0001f525"),
        ("status", "\U0001f6ab"),
        ("url", "https://\u0430cme-corp.net"),
        ("note", "Gr\u00c3\u00bc\u00c3\u0178e"),
        ("note", "Gr\ufffd\ufffde"),
    ],
)
def test_what_may_be_lost_or_garbled_is_told(field: str, cell: str) -> None:
    assert len(one_row(**{field: cell}).doubts) == 1


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("email", "ann@acme-corp.net (unsubscribed)"),
        ("email", "ann@acme-corp.net - do not contact"),
        ("url", "https://acme-corp.net/ do not contact"),
    ],
)
def test_a_refusal_beside_an_address_is_not_lost(field: str, cell: str) -> None:
    row = one_row(**{field: cell})
    assert row.fields["status"] == "do_not_contact"
    assert "the whole row" in row.doubts[-1]


def test_the_empty_columns_that_a_spreadsheet_saves_by_the_thousand_are_none() -> None:
    data = f"url,email{',' * 16_000}\nacme-corp.net,ann@acme-corp.net{',' * 16_000}\n"
    (row,) = csv_jsonl.opened(io.BytesIO(data.encode()), "csv").rows
    assert row.fields["email"] == "ann@acme-corp.net"


@pytest.mark.parametrize(
    ("name", "cell", "status"),
    [
        *(
            ("Unsubscribed", cell, "new")
            for cell in listed("0.0|0,00|00|f|NaT|0000-00-00 00:00:00")
        ),
        *(("Opted out on", cell, "new") for cell in listed("1970-01-01|1900-01-00|00:00:00")),
        ("status", "D.N.C.", "do_not_contact"),
        *(("Unsubscribed", cell, "do_not_contact") for cell in listed("1.0|t|\U0001f6ab|*|44927")),
        *(("Subscribed", cell, "do_not_contact") for cell in listed("0.0|\u274c|f")),
        ("Subscribed", "N/A", "new"),
    ],
)
def test_a_zero_is_no_and_a_mark_is_yes(name: str, cell: str, status: str) -> None:
    assert one_row(**{name: cell}).fields.get("status", "new") == status


def test_a_no_with_its_reason_is_told() -> None:
    found = one_row(**{"Do not contact": "No (asked 2026)"})
    assert "status" not in found.fields
    assert "taken for no" in found.doubts[0]


@pytest.mark.parametrize("cell", listed("denied|withdrawn|revoked|0.0|not given"))
def test_consent_that_was_not_given_is_told(cell: str) -> None:
    assert len(one_row(**{"Email consent": cell}).doubts) == 1


def test_a_name_may_have_a_remark() -> None:
    found = one_row(**{"Status [lead]": "won", "Notes (max 200)": "x", "<b>Tags</b>": "a"})
    assert (found.fields["status"], found.fields["note"]) == ("won", "x")
    assert found.fields["tags"] == ["a"]


def test_a_list_of_addresses_as_a_program_writes_it_is_read() -> None:
    cell = "['a@acme-corp.net', 'b@acme-corp.net']"
    data = f'url,email\nacme-corp.net,"{cell}"\n'
    found = csv_jsonl.opened(io.BytesIO(data.encode()), "csv").rows
    assert [row.fields["email"] for row in found] == ["a@acme-corp.net", "b@acme-corp.net"]


def test_a_second_table_and_a_file_without_names_hide_no_row() -> None:
    first = "url,email\na-corp.net,a@a-corp.net\n\nurl,email,status,note\nb.net,b@b.net,won,x\n"
    row, *others = csv_jsonl.opened(io.BytesIO(first.encode()), "csv").rows
    assert row.fields["email"] == "a@a-corp.net"
    assert [bool(other.fault) for other in others] == [True, True]
    bare = "Ann,,https://a-corp.net\nBob,b@b-corp.net,https://b-corp.net\n"
    assert [row.number for row in csv_jsonl.opened(io.BytesIO(bare.encode()), "csv").rows] == [1, 2]


@pytest.mark.parametrize(
    ("value", "status"),
    [("1", "do_not_contact"), ("true", "do_not_contact"), ("0", "new"), ("0.0", "new")],
)
def test_a_number_of_json_means_what_its_text_means(value: str, status: str) -> None:
    data = f'{{"url": "a.net", "email": "a@a.net", "unsubscribed": {value}, "note": 44927}}\n'
    (row,) = csv_jsonl.opened(io.BytesIO(data.encode()), "jsonl").rows
    assert (row.fields.get("status", "new"), row.fields["note"]) == (status, "44927")


def test_the_list_of_top_level_domains_is_read_without_its_module() -> None:
    code = "import sys; from servers.tracker.codec import urls; urls.page('a.net')"
    code += "; sys.exit('tld' in sys.modules or 'urllib.request' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=root).returncode == 0
