from __future__ import annotations

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from ingest.errors import Unreadable
from ingest.model.pages import Run
from ingest.readers import READERS, SUFFIXES, package, read, sniff, source_ranges
from ingest.settings import PROJECT, Settings
from tests.ingest.small_pdfs import make_pdf


def zipped(*names: str) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names or ("[Content_Types].xml", "word/document.xml"):
            archive.writestr(name, "<w/>")
    return target.getvalue()


def compound(stream: str) -> bytes:
    """The beginning of an OLE compound file that names a stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + stream.encode("utf-16-le")


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (make_pdf([["x"]]), "a.pdf", "application/pdf"),
        (make_pdf([["x"]]), "no suffix", "application/pdf"),
        (make_pdf([["x"]]), "a.txt", "application/pdf"),
        (b"junk before\n" + make_pdf([["x"]]), "A.PDF", "application/pdf"),
        (b"# About\nA file begins with %PDF-1.4.\n", "a.md", "text/markdown"),
        (b"plain", "a.TXT", "text/plain"),
        (b"plain", "README", "text/plain"),
        (b"<!DOCTYPE html><p>x", "page", "text/html"),
        (b"<p>x", "a.htm", "text/html"),
        ("Müller".encode("utf-16"), "a.txt", "text/plain"),
        ("plain text".encode("utf-16-le"), "a.txt", "text/plain"),
        (b"MZ is how this text begins", "a.txt", "text/plain"),
        (b"plain", "../../weird name ü.md", "text/markdown"),
        (b"plain", "C:\\docs\\x.md", "text/markdown"),
        (zipped(), "a.docx", package.DOCX),
        (zipped(), "a.xlsx", package.DOCX),  # the content decides
        (zipped("[Content_Types].xml", "ppt/x"), "no suffix", package.PPTX),
        (zipped("[Content_Types].xml", "xl/x"), "a.xlsm", package.XLSX),
        (zipped("META-INF/container.xml"), "a.zip", package.EPUB),
        (compound("__properties_version1.0"), "a.msg", package.MSG),
        (b"a,b", "a.csv", "text/csv"),
        (b"{}", "a.ipynb", "application/x-ipynb+json"),
    ],
)
def test_sniff(tmp_path: Path, data: bytes, name: str, media_type: str) -> None:
    path = tmp_path / "stored"
    path.write_bytes(data)
    assert sniff(path, name) == media_type


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.pdf", "empty"),
        (b"GIF89a\x01\0\x01\0\0\0\0", "a.pdf", "not a PDF, but a GIF picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a.md", "picture is damaged"),
        (zipped("notes.txt"), "a.docx", "ZIP archive. Unpack it"),
        (zipped("[Content_Types].xml", "xl/workbook.bin"), "a.xlsb", r"save it as \.xlsx"),
        (zipped()[:60], "a.docx", "damaged or incomplete"),
        (compound(""), "a.txt", "an old Office document"),
        (compound("WordDocument"), "a.doc", r"old Word document \(\.doc\)\. .* save it as \.docx"),
        (compound("Workbook"), "a.xls", r"save it as \.xlsx"),
        (compound("PowerPoint Document"), "a.ppt", r"save it as \.pptx"),
        (compound("EncryptedPackage"), "a.docx", "protected by a password. .* take the password off"),
        (b"<html><table>an export", "a.xlsx", r"not an Excel workbook, though its name says \.xlsx"),
        (b"just words", "a.pages", "Export it from Pages"),
        (b"\0\1\2\3" * 100, "a.txt", "not text, but a binary file"),
        (b"{\\rtf1 hello}", "a.rtf", r"rich text document \(\.rtf\)\. Open it in Word .* as \.docx"),
        (b"<html>Not found</html>", "a.pdf", "not a PDF"),
        (b"a b", "a.tex", r"does not read \.tex files\. It reads PDF, Word \(\.docx\), "),
    ],
)
def test_what_is_refused_is_named(tmp_path: Path, data: bytes, name: str, words: str) -> None:
    path = tmp_path / "stored"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=words):
        read(path, name, Settings())


def test_every_suffix_has_a_reader() -> None:
    assert set(SUFFIXES.values()) == set(READERS)


def test_importing_the_registry_imports_no_reader() -> None:
    code = (
        "import sys, ingest.readers; "
        "print([m for m in ('pypdfium2', 'pypdf', 'bs4', 'lxml', 'markdown_it', 'PIL', 'docutils', 'aspose', 'email', 'zipfile')  if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_source_ranges() -> None:
    runs = (Run(0, 10, 5), Run(5, 17, 5), Run(12, 100, 3))
    assert source_ranges(runs, 0, 5) == [(10, 15)]
    assert source_ranges(runs, 3, 7) == [(13, 19)]  # joined over the two characters dropped in between
    assert source_ranges(runs, 9, 14) == [(21, 22), (100, 102)]
    assert source_ranges(runs, 10, 12) == []
    assert source_ranges((), 0, 5) == []
