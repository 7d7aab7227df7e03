"""Electronic books, put together from their parts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ingest.errors import Unreadable
from tests.ingest.readers.contract import headings_of, read_file

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
NAV = (
    '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
    "nav.xhtml",
    '<html><body><nav><ol><li><a href="one.xhtml">Beginning</a></li>'
    '<li><a href="two%20b.xhtml#x">End</a></li></ol></nav></body></html>',
)
NCX = (
    '<item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
    "toc.ncx",
    '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://example.com/x.dtd"><ncx><navMap><navPoint>'
    '<navLabel><text>Beginning</text></navLabel><content src="one.xhtml"/></navPoint></navMap></ncx>',
)


def book(path: Path, contents: tuple[str, str, str] = NAV, more: dict[str, str] | None = None) -> Path:
    item, name, text = contents
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr(
            "OEBPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
            f"<dc:title>The Hill</dc:title></metadata><manifest>{item}"
            '<item id="2" href="two%20b.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="1" href="one.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="3" href="../../../etc/passwd" media-type="application/xhtml+xml"/></manifest><spine>'
            '<itemref idref="n"/><itemref idref="1"/><itemref idref="2"/><itemref idref="3"/><itemref idref="9"/>'
            "</spine></package>",
        )
        archive.writestr(f"OEBPS/{name}", text)
        archive.writestr("OEBPS/one.xhtml", "<html><body><p>First words.</p></body></html>")
        archive.writestr(
            "OEBPS/two b.xhtml",
            '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><h2>The end</h2><table>'
            "<tr><th>Star</th><th>Magnitude</th></tr><tr><td>Vega</td><td>0.03</td></tr></table></body></html>",
        )
        for part, data in (more or {}).items():
            archive.writestr(part, data)
    return path


@pytest.mark.parametrize("contents", [NAV, NCX], ids=["EPUB 3", "EPUB 2"])
def test_chapters_in_reading_order(tmp_path: Path, contents: tuple[str, str, str]) -> None:
    found = read_file(book(tmp_path / "a.epub", contents))
    assert found.title == "The Hill"
    assert headings_of(found) == [(1, "Beginning"), (2, "The end")]
    assert found.pages[0].text == "Beginning\n\nFirst words.\n\nThe end\n\nStar, Magnitude: Vega | 0.03"


def test_locked_books_are_told_and_veiled_fonts_are_not(tmp_path: Path) -> None:
    method = (
        '<encryption xmlns="x"><EncryptedData><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
    )
    locked = method.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    with pytest.raises(Unreadable, match="locked by its seller"):
        read_file(book(tmp_path / "a.epub", more={"META-INF/encryption.xml": locked}))
    fonts = method.format("http://www.idpf.org/2008/embedding")
    assert read_file(book(tmp_path / "b.epub", more={"META-INF/encryption.xml": fonts})).title == "The Hill"


def test_a_book_without_its_contents_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
    with pytest.raises(Unreadable, match="part of this file is missing"):
        read_file(tmp_path / "a.epub")
