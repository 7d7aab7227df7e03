"""PDF files as PDFium opens them: passwords, damage, and files that lost their end.

PDFium is not safe for threads: call from one thread, in practice from a sandbox process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ingest.errors import NeedsPassword, NotFound, Unreadable


@contextmanager
def open_pdf(path: Path, password: str | None) -> Iterator[pdfium.PdfDocument]:
    """The document; a file whose end is missing opens with the pages that are left.

    Raises NeedsPassword, or Unreadable when nothing can be opened.
    """
    try:
        document = pdfium.PdfDocument(path, password=password or None)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise NeedsPassword(
                "The password for this PDF is not right. Enter it again."
                if password
                else "This PDF is encrypted. Enter its password to read it."
            ) from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise Unreadable(
                "This PDF is encrypted in a way that cannot be opened here. Save it without encryption."
            ) from error
        document = _open_rest(path, error)
    try:
        yield document
    finally:
        document.close()


@contextmanager
def open_page(path: Path, page_number: int, password: str | None) -> Iterator[pdfium.PdfPage]:
    with open_pdf(path, password) as document:
        document.init_forms()
        if not 1 <= page_number <= len(document):
            raise NotFound(f"Page {page_number} is not in this PDF; it has {len(document):,}.")
        try:
            page = document[page_number - 1]
        except pdfium.PdfiumError as error:
            raise Unreadable(f"Page {page_number} of this PDF is damaged and cannot be shown.") from error
        try:
            yield page
        finally:
            page.close()


def _open_rest(path: Path, error: pdfium.PdfiumError) -> pdfium.PdfDocument:
    with_end = with_new_end(path.read_bytes())
    try:
        if with_end:
            return pdfium.PdfDocument(with_end)
    except pdfium.PdfiumError:
        error.add_note("Nor did it open with a page tree and trailer made anew.")
    raise Unreadable(
        "This PDF is damaged or incomplete and cannot be opened. Get it again, or open it in a PDF viewer "
        "and save a copy."
    ) from error


_OBJECT = re.compile(
    rb"(?<!\d)(\d{1,8})\s+\d{1,5}\s+obj\b(.{0,4000}?)(?:endobj|stream\b|\d\s+obj\b|\Z)", re.DOTALL
)
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")


def with_new_end(data: bytes) -> bytes:
    """A file that lost its end, with a page tree over the page objects found in it; b"" if there are none.

    PDF writers put the table of objects, and often the page tree, last. Pages within compressed object
    streams are not found.
    """
    if b"/Encrypt" in data[-65536:] or b"%PDF-" not in data[:1024]:
        return b""
    objects = [(int(match[1]), _PAGE.search(match[2])) for match in _OBJECT.finditer(data)]
    pages = list(dict.fromkeys(number for number, is_page in objects if is_page))
    if not pages:
        return b""
    tree = max(number for number, _ in objects) + 1
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    return data + b"".join(
        (
            b"\nendstream\nendobj\n",  # of the object that was cut
            b"%d 0 obj\n<< /Type /Pages /Count %d /Kids [%s] >>\nendobj\n" % (tree, len(pages), kids),
            b"%d 0 obj\n<< /Type /Catalog /Pages %d 0 R >>\nendobj\n" % (tree + 1, tree),
            b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n0\n%%%%EOF\n" % (tree + 2, tree + 1),
        )
    )


def has_end(path: Path) -> bool:
    """Whether the file ends as a PDF does; one cut off in a download does not."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4096))
        return b"%%EOF" in stream.read()
