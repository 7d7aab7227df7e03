"""Word documents, made by python-docx and by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml

from ingest.errors import Unreadable
from tests.ingest.readers.contract import chunks_of, headings_of, read_file

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def by_hand(path: Path, body: str, before: str = "", **parts: str) -> Path:
    """A .docx with the given body; `parts` are further parts (styles, numbering, footnotes)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        main = f'<Relationship Id="r" Type="{OFFICE}/officeDocument" Target="word/document.xml"/>'
        archive.writestr("_rels/.rels", f"<Relationships {RELATIONS}>{main}</Relationships>")
        archive.writestr("word/document.xml", f"{before}<w:document {W}><w:body>{body}</w:body></w:document>")
        links = "".join(f'<Relationship Id="{p}" Type="{OFFICE}/{p}" Target="{p}.xml"/>' for p in parts)
        archive.writestr(
            "word/_rels/document.xml.rels", f"<Relationships {RELATIONS}>{links}</Relationships>"
        )
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {W}>{content}</w:{name}>")
    return path


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_headings_lists_and_tables(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Travel policy", 0)
    document.add_heading("Daily rates", 1)
    table = document.add_table(rows=0, cols=3)
    for row in (("Country", "Hotel", "Meals"), ("Austria", "130 €", "50 €"), ("Norway", "180 €", "71 €")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.add_heading("Claims", 2)
    document.add_paragraph("Keep receipts.")
    document.add_paragraph("first", style="List Number")
    document.add_paragraph("second", style="List Number")
    document.add_paragraph("any", style="List Bullet")
    document.save(str(tmp_path / "policy.docx"))
    found = read_file(tmp_path / "policy.docx")
    assert found.title == "Travel policy"
    assert not found.paged
    assert headings_of(found) == [(1, "Travel policy"), (1, "Daily rates"), (2, "Claims")]
    assert found.pages[0].text == (
        "Travel policy\n\nDaily rates\n\nCountry, Hotel, Meals: Austria | 130 € | 50 €\n"
        "Country, Hotel, Meals: Norway | 180 € | 71 €\n\nClaims\n\nKeep receipts.\n\n1. first\n2. second\n- any"
    )


def test_rows_of_a_long_table_keep_their_header(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=0, cols=3)
    for row in [
        ("Part", "Length in mm", "Stock"),
        *((f"bolt {n}", f"{n * 7}", f"{n * 3}") for n in range(80)),
    ]:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.save(str(tmp_path / "parts.docx"))
    chunks = chunks_of(read_file(tmp_path / "parts.docx"))
    assert len(chunks) > 3
    for chunk in chunks:
        assert all(line.startswith("Part, Length in mm, Stock: bolt ") for line in chunk.text.split("\n"))


def test_what_libraries_pass_over(tmp_path: Path) -> None:
    """Content controls and insertions are text; deletions and hidden text are not; notes follow."""
    document = docx.Document()
    document.core_properties.title = "From the properties"
    body = document.element.body
    run = "<w:r>{}<w:t xml:space='preserve'>{}</w:t></w:r>"
    for xml in (
        f"<w:sdt {W}><w:sdtContent><w:p>{run.format('', 'Controlled')}</w:p></w:sdtContent></w:sdt>",
        f"<w:p {W}>{run.format('', 'Kept ')}<w:ins>{run.format('', 'inserted')}</w:ins>"
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>",
        f"<w:p {W}>{run.format('<w:rPr><w:vanish/></w:rPr>', 'hidden')}{run.format('', 'seen')}</w:p>",
        f"<w:p {W}><w:r><w:pict><w:txbxContent><w:p>{run.format('', 'Boxed')}</w:p></w:txbxContent></w:pict></w:r></w:p>",
    ):
        body.insert(len(body) - 1, parse_xml(xml))
    document.save(str(tmp_path / "a.docx"))
    found = read_file(tmp_path / "a.docx")
    assert found.title == "From the properties"
    assert found.pages[0].text == "Controlled\n\nKept inserted\n\nseen\n\nBoxed"


def test_localised_styles_numbered_clauses_and_notes(tmp_path: Path) -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:numPr>'
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="Base"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Base"><w:name w:val="Base"/><w:basedOn w:val="Mine"/>'
        '<w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>'  # and each is based on the other
    )
    level = '<w:lvl w:ilvl="{}"><w:start w:val="1"/><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'
    numbering = (
        f'<w:abstractNum w:abstractNumId="0">{level.format(0, "decimal", "§ %1")}{level.format(1, "decimal", "%1.%2")}'
        f"{level.format(2, 'lowerRoman', '(%3)')}</w:abstractNum>"
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    footnotes = f'<w:footnote w:id="2">{paragraph("See the annex.")}</w:footnote>'
    head = '<w:pStyle w:val="berschrift1"/>'
    clause = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="1"/></w:numPr>'
    body = (
        paragraph("Scope", head)
        + paragraph("Everyone.", clause.format(1))
        + "<w:p><w:r><w:t>Noted</w:t><w:footnoteReference w:id='2'/></w:r></w:p>"
        + paragraph("Notice", head)
        + paragraph("Three months.", clause.format(1))
        + paragraph("Four later.", clause.format(1))
        + paragraph("In writing.", clause.format(2))
        + paragraph("Deep", '<w:pStyle w:val="Mine"/>')
    )
    path = by_hand(tmp_path / "a.docx", body, styles=styles, numbering=numbering, footnotes=footnotes)
    found = read_file(path)
    assert headings_of(found) == [(1, "§ 1 Scope"), (1, "§ 2 Notice"), (3, "Deep")]
    assert found.pages[0].text.replace("\n\n", "\n").split("\n") == [
        "§ 1 Scope", "  1.1 Everyone.", "Noted", "Note: See the annex.", "§ 2 Notice", "  2.1 Three months.",
        "  2.2 Four later.", "    (i) In writing.", "Deep",
    ]  # fmt: skip


def test_merged_cells_repeat_what_they_merge(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=4, cols=3)
    for row, texts in zip(
        table.rows,
        (("Site", "Room", "Seats"), ("North", "A", "12"), ("", "B", "30"), ("South", "C", "8")),
        strict=True,
    ):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    document.save(str(tmp_path / "a.docx"))
    assert "Site, Room, Seats: North | B | 30" in read_file(tmp_path / "a.docx").pages[0].text


@pytest.mark.parametrize(
    "text", ["<w:t>&z;</w:t>", "<w:t>&file;</w:t>", "<w:t>plain</w:t>"], ids=["bomb", "file", "only defined"]
)
def test_entities_are_refused(tmp_path: Path, text: str) -> None:
    lots = "".join(
        f'<!ENTITY {name} "{f"&{above};" * 10}">' for name, above in zip("bcdefz", "abcdef", strict=True)
    )
    bomb = f'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">{lots}<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    path = by_hand(tmp_path / "a.docx", f"<w:p><w:r>{text}</w:r></w:p>", before=bomb)
    with pytest.raises(Unreadable, match="entities"):
        read_file(path)


def test_nesting_without_end_ends_in_words(tmp_path: Path) -> None:
    deep = "<w:tbl><w:tr><w:tc>" * 60 + paragraph("x") + "</w:tc></w:tr></w:tbl>" * 60
    assert read_file(by_hand(tmp_path / "a.docx", deep)).pages[0].text == "x"
    deeper = "<w:sdt><w:sdtContent>" * 2_000 + paragraph("x") + "</w:sdtContent></w:sdt>" * 2_000
    with pytest.raises(Unreadable, match=r"damaged|nested too deeply"):
        read_file(by_hand(tmp_path / "b.docx", deeper))
