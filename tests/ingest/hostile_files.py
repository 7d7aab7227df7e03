"""Files made to harm: each maker writes one into a folder and returns its path."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.documents import pdf

MIB = 2**20
BOMB_MIB = 200  # what the zip bombs unpack to

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="{}"/>'
    "</Relationships>"
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
_BOOK = (
    '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c" href="c.xhtml" '
    'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>'
)
_WORKBOOK = (
    f'<workbook xmlns="{_SHEET}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="S" sheetId="1" r:id="s"/></sheets></workbook>'
)
_WORKBOOK_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="s" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="s.xml"/>'
    "</Relationships>"
)


# ------------------------------------------------------------------ zipped


def zipped(path: Path, parts: Mapping[str, str | bytes], bomb: str = "") -> Path:
    """A ZIP of `parts`; the part named `bomb` is followed by BOMB_MIB of spaces."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in parts.items():
            with archive.open(name, "w", force_zip64=True) as part:
                part.write(content.encode() if isinstance(content, str) else content)
                if name == bomb:
                    for _ in range(BOMB_MIB):
                        part.write(b" " * MIB)
    return path


def word(path: Path, document: str, bomb: bool = False) -> Path:
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATIONS.format("word/document.xml"),
        "word/document.xml": document,
    }
    return zipped(path, parts, "word/document.xml" if bomb else "")


def bomb_in_word(folder: Path) -> Path:
    return word(folder / "bomb.docx", f'<w:document xmlns:w="{_WORD}"><w:body/></w:document>', bomb=True)


def bomb_in_excel(folder: Path) -> Path:
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATIONS.format("xl/workbook.xml"),
        "xl/workbook.xml": _WORKBOOK,
        "xl/_rels/workbook.xml.rels": _WORKBOOK_RELATIONS,
        "xl/s.xml": f'<worksheet xmlns="{_SHEET}"><sheetData/></worksheet>',
    }
    return zipped(folder / "bomb.xlsx", parts, "xl/s.xml")


def bomb_in_book(folder: Path) -> Path:
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": _CONTAINER,
        "b.opf": _BOOK,
        "c.xhtml": "<html><body><p>chapter</p></body></html>",
    }
    return zipped(folder / "bomb.epub", parts, "c.xhtml")


def xml_bomb(folder: Path) -> Path:
    """A billion laughs, as in CVE-2003-1564."""
    names = "abcdefghij"
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {name} "{f"&{above};" * 10}">' for above, name in zip(names, names[1:], strict=False)
    )
    body = f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>'
    return word(folder / "laughs.docx", f"<!DOCTYPE d [{entities}]>{body}")


def deep_word(folder: Path) -> Path:
    """Tables in tables, 50,000 deep."""
    deep = 50_000
    open_, close = "<w:tbl><w:tr><w:tc>" * deep, "</w:tc></w:tr></w:tbl>" * deep
    return word(
        folder / "deep.docx",
        f'<w:document xmlns:w="{_WORD}"><w:body>{open_}{close}</w:body></w:document>',
    )


def a_lying_size(folder: Path) -> Path:
    """A part whose size is declared as 100 bytes and that unpacks to BOMB_MIB."""
    path = bomb_in_word(folder).rename(folder / "lying.docx")
    data = bytearray(path.read_bytes())
    true = (BOMB_MIB * MIB + len(f'<w:document xmlns:w="{_WORD}"><w:body/></w:document>')).to_bytes(
        4, "little"
    )
    at = data.rfind(true)  # in the central directory, which is what readers go by
    assert at > 0
    data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    return path


# ------------------------------------------------------------------ PDF


def objects(path: Path, bodies: list[bytes], trailer: bytes = b"") -> Path:
    """A PDF of numbered objects, the first being the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    starts = []
    for number, body in enumerate(bodies, start=1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1, trailer, table,
    )  # fmt: skip
    path.write_bytes(out)
    return path


_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_ONE_PAGE = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
    b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
)


def stream(content: bytes, more: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), more, content)


def many_pages(folder: Path) -> Path:
    """100,000 pages of a few bytes each."""
    count = 100_000
    kids = b" ".join(b"%d 0 R" % (number + 5) for number in range(count))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 3 0 R >>"
    return objects(
        folder / "pages.pdf",
        [
            _CATALOG,
            b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids),
            stream(b""),
            b"null",
            *[page] * count,
        ],
    )


def deep_arrays(folder: Path) -> Path:
    """An annotation list of a million brackets."""
    deep = b"[" * 1_000_000 + b"]" * 1_000_000
    page = _PAGE.replace(b"/Contents", b"/Annots " + deep + b" /Contents")
    return objects(folder / "arrays.pdf", [_CATALOG, _ONE_PAGE, page, stream(b"BT ET")])


def deep_dictionaries(folder: Path) -> Path:
    deep = b"<< /A " * 200_000 + b"1" + b" >>" * 200_000
    return objects(
        folder / "dictionaries.pdf",
        [_CATALOG[:-2] + b"/Outlines 5 0 R >>", _ONE_PAGE, _PAGE, stream(b"BT ET"), deep],
    )


def deep_page_tree(folder: Path) -> Path:
    """Page trees within page trees, 50,000 of them, and one page at the end."""
    deep = 50_000
    trees = [
        b"<< /Type /Pages /Parent %d 0 R /Count 1 /Kids [%d 0 R] >>" % (number + 1, number + 3)
        for number in range(deep)
    ]
    page = _PAGE.replace(b"2 0 R", b"%d 0 R" % (deep + 1)).replace(b"4 0 R", b"%d 0 R" % (deep + 3))
    return objects(folder / "tree.pdf", [_CATALOG, *trees, page, stream(b"BT ET")])


def round_page_tree(folder: Path) -> Path:
    """A page tree that is its own child."""
    kids = b"<< /Type /Pages /Count 2 /Kids [2 0 R 3 0 R] >>"
    return objects(folder / "round.pdf", [_CATALOG, kids, _PAGE, stream(b"BT /F1 9 Tf (here) Tj ET")])


def round_outline(folder: Path) -> Path:
    """Bookmarks that follow each other for ever."""
    catalog = _CATALOG[:-2] + b"/Outlines 5 0 R >>"
    outline = b"<< /First 6 0 R /Last 6 0 R /Count 1 >>"
    item = b"<< /Title (again) /Parent 5 0 R /Next 6 0 R /First 6 0 R /Last 6 0 R /Dest [3 0 R /Fit] >>"
    text = b"BT /F1 9 Tf 72 700 Td (The text is here.) Tj ET"
    return objects(folder / "outline.pdf", [catalog, _ONE_PAGE, _PAGE, stream(text), outline, item])


def bomb_in_pdf(folder: Path) -> Path:
    """A page whose content unpacks, twice over, to 4 GiB of drawing."""
    line = b"BT /F1 9 Tf 72 700 Td (again and again) Tj ET\n"
    block = line * (MIB // len(line))
    packer = zlib.compressobj(9)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # needs nothing before it
    content = zlib.compress(first + again * 4096, 9)
    body = stream(content, b"/Filter [/FlateDecode /FlateDecode]")
    return objects(folder / "bomb.pdf", [_CATALOG, _ONE_PAGE, _PAGE, body])


def endless_stream(folder: Path) -> Path:
    """A stream without an end, whose length is the stream itself, and no table of objects."""
    path = folder / "endless.pdf"
    body = b"%%PDF-1.7\n1 0 obj\n%s\nendobj\n2 0 obj\n%s\nendobj\n3 0 obj\n%s\nendobj\n" % (
        _CATALOG, _ONE_PAGE, _PAGE,
    )  # fmt: skip
    begin = b"4 0 obj\n<< /Length 4 0 R >>\nstream\n"
    path.write_bytes(body + begin + b"BT /F1 9 Tf (on and on) Tj ET " * 300_000)
    return path


def endless_filters(folder: Path) -> Path:
    """A thousand filters on one stream."""
    body = stream(zlib.compress(b"BT ET"), b"/Filter [%s]" % (b"/FlateDecode " * 1000))
    return objects(folder / "filters.pdf", [_CATALOG, _ONE_PAGE, _PAGE, body])


def form_in_itself(folder: Path) -> Path:
    """A drawing that draws itself, twice."""
    page = _PAGE.replace(b"<< /Font", b"<< /XObject << /X 5 0 R >> /Font")
    form = stream(
        b"/X Do /X Do",
        b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>",
    )
    return objects(folder / "form.pdf", [_CATALOG, _ONE_PAGE, page, stream(b"/X Do"), form])


def long_line(folder: Path) -> Path:
    """One page with a word of two million letters."""
    path = folder / "long.pdf"
    path.write_bytes(pdf(["x" * 2_000_000]))
    return path


# ------------------------------------------------------------------ text


def with_scripts(folder: Path) -> Path:
    path = folder / "scripts.html"
    path.write_text(
        "<html><head><script>stolen = document.cookie</script><style>body{background:url(//evil.example)}"
        "</style></head><body onload='alert(1)'><h1>Notice</h1><p>The gate closes at nine.</p>"
        "<img src=x onerror=alert(2)><iframe src='file:///etc/passwd'></iframe><noscript>no</noscript>"
        "<svg><script>alert(3)</script></svg><a href='javascript:alert(4)'>press here</a></body></html>",
        encoding="utf-8",
    )
    return path


def deep_web_page(folder: Path) -> Path:
    path = folder / "deep.html"
    path.write_text("<div>" * 200_000 + "deep down" + "</div>" * 200_000, encoding="utf-8")
    return path


def many_columns(folder: Path) -> Path:
    path = folder / "columns.csv"
    head = ",".join(f"c{number}" for number in range(1_000_000))
    row = ",".join(["7"] * 1_000_000)
    path.write_text(f"{head}\n{row}\n{row}\n", encoding="utf-8")
    return path


def open_quote(folder: Path) -> Path:
    """A field that begins and never ends."""
    path = folder / "quote.csv"
    path.write_text('a,b\n1,"' + "and so on, " * 2_000_000, encoding="utf-8")
    return path


def deep_json(folder: Path) -> Path:
    path = folder / "deep.json"
    path.write_text("[" * 2_000_000, encoding="utf-8")
    return path


def deep_markdown(folder: Path) -> Path:
    path = folder / "deep.md"
    path.write_text("> " * 50_000 + "deep down\n\n" + "*" * 200_000 + "a" + "[" * 100_000, encoding="utf-8")
    return path


def deep_mail(folder: Path) -> Path:
    """Parts within parts, 3,000 deep."""
    path = folder / "deep.eml"
    lines = ["From: a@b.example", "Subject: deep", "MIME-Version: 1.0"]
    for number in range(3_000):
        lines += [f'Content-Type: multipart/mixed; boundary="b{number}"', "", f"--b{number}"]
    lines += ["Content-Type: text/plain", "", "deep down"]
    path.write_text("\r\n".join(lines), encoding="utf-8")
    return path


def one_line(folder: Path) -> Path:
    """Thirty million characters without a space."""
    path = folder / "line.txt"
    path.write_text("x" * 30_000_000, encoding="utf-8")
    return path


# ------------------------------------------------------------------ pictures


def picture_bomb(folder: Path) -> Path:
    """A PNG of a few hundred bytes that says it is 60,000 by 60,000 pixels."""
    path = folder / "bomb.png"
    path.write_bytes(png(60_000, 60_000, zlib.compress(bytes(1_000))))
    return path


def picture_without_end(folder: Path) -> Path:
    """A PNG whose pixels are missing."""
    path = folder / "cut.png"
    path.write_bytes(png(1_000, 1_000, zlib.compress(bytes(3_000)))[:-40])
    return path


def png(width: int, height: int, data: bytes) -> bytes:
    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", data) + part(b"IEND", b"")


def round_tiff(folder: Path) -> Path:
    """A TIFF whose only page says that the next one is itself."""
    path = folder / "round.tiff"
    entries = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 200), (277, 3, 1, 1), (278, 4, 1, 8), (279, 4, 1, 64)]
    body = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    body += b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", 8)
    path.write_bytes(body.ljust(200, b"\0") + bytes(range(64)))
    return path


def bomb_on_a_page(folder: Path) -> Path:
    """A PDF with a picture of 900 million pixels on its page, in a megabyte."""
    path = folder / "picture-bomb.pdf"
    side = 30_000
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(side)) for _ in range(side)) + packer.flush()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
        b"/Resources << /XObject << /I 4 0 R >> >> >>",
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 "
        b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (side, side, len(data), data),
        b"<< /Length 27 >>\nstream\n612 0 0 792 0 0 cm /I Do \nendstream",
    ]
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % each for each in enumerate(objects, 1))
    path.write_bytes(body + b"trailer << /Size 6 /Root 1 0 R >>\n%%EOF\n")
    return path


Maker = Callable[[Path], Path]

SAMPLE: tuple[Maker, ...] = (
    bomb_in_word, bomb_in_excel, bomb_in_book, xml_bomb, a_lying_size, many_pages, round_page_tree,
    round_outline, with_scripts, deep_json, picture_bomb, picture_without_end, round_tiff,
)  # fmt: skip
REST: tuple[Maker, ...] = (
    deep_dictionaries, endless_stream, form_in_itself, deep_word, deep_arrays, deep_page_tree, bomb_in_pdf, endless_filters, long_line, deep_web_page,
    many_columns, open_quote, deep_markdown, deep_mail, one_line, bomb_on_a_page,
)  # fmt: skip
