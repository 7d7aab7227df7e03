"""Mail, made by the standard library; Outlook's form of it, and saved web archives."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from aspose.email_foss.msg import MapiMessage

from ingest.errors import Unreadable
from tests.ingest.readers.contract import headings_of, read_file


def message(subject: str = "Boiler inspection, für alle") -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = subject
    made["From"] = "Ines Albrecht <ines@hill.example>"
    made["To"] = "all@hill.example"
    made["Date"] = "Mon, 02 Mar 2026 09:00:00 +0100"
    made.set_content("Hello,\n\nthe boiler is inspected on Friday.\n\n> When?\n")
    return made


def test_head_text_and_attachments(tmp_path: Path) -> None:
    made = message()
    made.add_alternative("<p>Hello <b>in HTML</b></p>", subtype="html")
    made.add_attachment("dial 12\n", filename="notes.txt")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="boiler.png")
    made.add_attachment(message("Inner"))
    (tmp_path / "a.eml").write_bytes(made.as_bytes())
    found = read_file(tmp_path / "a.eml")
    assert found.title == "Boiler inspection, für alle"
    assert headings_of(found) == [(1, "Boiler inspection, für alle"), (2, "Inner")]
    text = found.pages[0].text
    assert text.startswith(
        "Boiler inspection, für alle\n\nFrom: Ines Albrecht <ines@hill.example>\nTo: all@hill.example\n"
        "Date: Mon, 02 Mar 2026 09:00:00 +0100\n\nHello,\n\nthe boiler is inspected on Friday.\n\nWhen?\n\n"
        "Attachment notes.txt:\n\ndial 12\n\nAttached message:\n\nInner\n\nFrom: "
    )
    assert text.endswith("Attachments (not read): boiler.png")
    assert "in HTML" not in text


def test_html_alone_is_read(tmp_path: Path) -> None:
    made = message()
    made.set_content("<p>Only <b>HTML</b></p><script>x()</script>", subtype="html")
    (tmp_path / "a.eml").write_bytes(made.as_bytes())
    assert read_file(tmp_path / "a.eml").pages[0].text.endswith("\n\nOnly HTML")


def test_outlook(tmp_path: Path) -> None:
    made = message()
    made.add_attachment("dial 12\n", filename="notes.txt")
    made.add_attachment(message("Inner"))
    MapiMessage.from_email_message(made).save(str(tmp_path / "a.msg"))
    found = read_file(tmp_path / "a.msg")
    assert found.media_type == "application/vnd.ms-outlook"
    assert headings_of(found) == [(1, "Boiler inspection, für alle"), (2, "Inner")]
    for part in ("Ines Albrecht", "the boiler is inspected on Friday.", "Attachment notes.txt:\n\ndial 12"):
        assert part in found.pages[0].text


def test_a_damaged_outlook_file(tmp_path: Path) -> None:
    MapiMessage.from_email_message(message()).save(str(tmp_path / "whole.msg"))
    whole = (tmp_path / "whole.msg").read_bytes()
    for cut in (600, 2_000, len(whole) // 2):
        (tmp_path / "a.msg").write_bytes(whole[:cut])
        with pytest.raises(Unreadable, match=r"Outlook message cannot be read|old Office document"):
            read_file(tmp_path / "a.msg")


def test_saved_web_archive(tmp_path: Path) -> None:
    made = EmailMessage()
    made["Subject"] = "Page"
    made.set_content(
        "<title>The hill</title><nav>menu</nav><h1>Opening</h1><p>From nine.</p>", subtype="html"
    )
    made.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<1>")
    (tmp_path / "a.mht").write_bytes(made.as_bytes())
    found = read_file(tmp_path / "a.mht")
    assert found.title == "The hill"
    assert found.pages[0].text == "Opening\n\nFrom nine."


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\nContent-Type: multipart/mixed\n\nno boundary is named",
        b"Subject: x\nContent-Type: text/plain; charset=never-heard\n\nwords",
        b"Subject: =?utf-8?q?=FF=FE?=\nDate: nonsense\nFrom: <<>>@\n\nwords",
        b"Subject: x\nContent-Transfer-Encoding: base64\n\n!!!notbase64",
        b"Subject: x\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(300)),
    ],
)
def test_crooked_mail_is_read_as_far_as_it_goes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.eml").write_bytes(data)
    assert read_file(tmp_path / "a.eml").pages[0].text


def test_no_mail(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_text("Just words.\n")
    with pytest.raises(Unreadable, match="not a mail message"):
        read_file(tmp_path / "a.eml")
