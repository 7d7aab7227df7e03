"""Files to text: what a file is (`sniff`), and the reader of each media type (`READERS`).

Importing this package imports no reader; each is imported when its first file comes. Reading files
of others belongs in a sandbox process (`ingest.processes.sandbox`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Protocol

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText
from ingest.readers.draft import source_ranges
from ingest.settings import Settings

__all__ = [
    "PICTURES",
    "PPTX",
    "READERS",
    "SHOWN_AS_PAGES",
    "SUFFIXES",
    "TABULAR",
    "XLSX",
    "Reader",
    "read",
    "sniff",
    "source_ranges",
]


class Reader(Protocol):
    """Reads one family of files. Raises Unreadable, or NeedsPassword, saying why and what to do."""

    def __call__(
        self,
        path: Path,
        limits: Settings,
        password: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> FileText: ...


def _reader(module: str, function: str) -> Reader:
    """The reader `function` of a module here, which is imported when its first file comes."""

    def read_lazily(
        path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
    ) -> FileText:
        found: Reader = getattr(import_module(f"{__name__}.{module}"), function)
        return found(path, limits, password, on_progress)

    return read_lazily


_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCX = _OFFICE + "wordprocessingml.document"
PPTX = _OFFICE + "presentationml.presentation"
XLSX = _OFFICE + "spreadsheetml.sheet"
_MSG = "application/vnd.ms-outlook"

PICTURES = ("image/png", "image/jpeg", "image/tiff", "image/webp")
SHOWN_AS_PAGES = frozenset(("application/pdf", *PICTURES))  # media types with page images

READERS: Mapping[str, Reader] = {
    "application/pdf": _reader("pdf", "read_pdf"),
    _DOCX: _reader("document", "read_document"),
    PPTX: _reader("slides", "read_slides"),
    XLSX: _reader("sheet", "read_workbook"),
    "text/csv": _reader("sheet", "read_separated"),
    "text/plain": _reader("text", "read_text"),
    "text/markdown": _reader("markdown", "read_markdown"),
    "text/x-rst": _reader("restructured", "read_restructured"),
    "text/html": _reader("web", "read_web"),
    "multipart/related": _reader("mail", "read_web_archive"),
    "application/epub+zip": _reader("book", "read_book"),
    "message/rfc822": _reader("mail", "read_mail"),
    _MSG: _reader("mail", "read_outlook"),
    "application/x-ipynb+json": _reader("notebook", "read_notebook"),
    "application/json": _reader("data", "read_json"),
    "application/jsonl": _reader("data", "read_json_lines"),
    **dict.fromkeys(PICTURES, _reader("picture", "read_picture")),
}
SUFFIXES: Mapping[str, str] = {
    ".pdf": "application/pdf",
    ".docx": _DOCX,
    ".docm": _DOCX,
    ".dotx": _DOCX,
    ".pptx": PPTX,
    ".pptm": PPTX,
    ".ppsx": PPTX,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".rst": "text/x-rst",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".mht": "multipart/related",
    ".mhtml": "multipart/related",
    ".epub": "application/epub+zip",
    ".eml": "message/rfc822",
    ".msg": _MSG,
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
TABULAR = (XLSX, "text/csv")  # what rows.py reads cell by cell
WHAT_WORKS = (
    "PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), .csv, .tsv, web pages (.html, .mht), Markdown, .rst, "
    ".txt, .epub, mail (.eml, .msg), .ipynb, .json, .jsonl and pictures (.png, .jpg, .tiff, .webp)"
)
_NO_TEXT_FORMAT = frozenset(("application/pdf", _DOCX, PPTX, XLSX, _MSG, "application/epub+zip", *PICTURES))

_SIGNATURES = (  # (first bytes, what people call it); longer ones first where they share a beginning
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a sound or film"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"{\\rtf", "a rich text document (.rtf)"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"ID3", "a sound file"),
)
_PICTURE_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # OLE: old Office, Outlook, encrypted Office
_HEAD_BYTES = 4096
_REMEDIES = {  # by suffix, for what people have and Footnote does not read
    ".doc": "Open it in Word or LibreOffice and save it as .docx.",
    ".rtf": "Open it in Word or LibreOffice and save it as .docx.",
    ".odt": "Open it in LibreOffice and save it as .docx.",
    ".pages": "Export it from Pages as Word or PDF.",
    ".xls": "Open it in Excel or LibreOffice and save it as .xlsx.",
    ".xlsb": "Open it in Excel and save it as .xlsx.",
    ".ods": "Open it in LibreOffice and save it as .xlsx.",
    ".numbers": "Export it from Numbers as Excel or CSV.",
    ".ppt": "Open it in PowerPoint or LibreOffice and save it as .pptx.",
    ".odp": "Open it in LibreOffice and save it as .pptx.",
    ".key": "Export it from Keynote as PowerPoint or PDF.",
    ".mobi": "Convert it to .epub, for example with Calibre.",
    ".zip": "Unpack it and add the files in it.",
}


def sniff(path: Path, name: str) -> str:
    """The media type of the file at `path`, by its content, then by the suffix of `name`.

    Raises Unreadable for an empty file and for one that no reader takes, naming what it is.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    expected = SUFFIXES.get(suffix)
    if not head:
        raise Unreadable("This file is empty (0 bytes). Check that it was copied completely.")
    texty = expected is not None and expected not in _NO_TEXT_FORMAT
    if head.startswith(b"%PDF-") or (b"%PDF-" in head[:1024] and not texty):
        return "application/pdf"
    if head.startswith(_ZIP):
        from ingest.readers.package import zipped_kind

        return zipped_kind(path)
    if head.startswith(_COMPOUND):
        from ingest.readers.package import compound_kind

        return compound_kind(path)
    for signature, media_type in _PICTURE_SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    kind = _kind(head)
    if kind:
        claim = f"This is not {_ARTICLE[expected]}, but {kind}." if expected else f"This is {kind}."
        remedy = _REMEDIES[".rtf"] if kind.endswith("(.rtf)") else ""
        raise Unreadable(f"{claim} {remedy or f'Footnote reads {WHAT_WORKS}.'}")
    if expected == "application/pdf":
        raise Unreadable(
            "This is not a PDF, or its beginning is lost. Get it again, or open it in a PDF viewer and save a copy."
        )
    if expected and not texty:
        raise Unreadable(
            f"This is not {_ARTICLE[expected]}, though its name says {suffix}, or its beginning is lost. Get it again, or "
            "open it in its program and save a copy."
        )
    if expected:
        return expected
    if not suffix:
        return "text/html" if _looks_like_html(head) else "text/plain"
    if suffix in _REMEDIES:
        raise Unreadable(f"Footnote does not read {suffix} files. {_REMEDIES[suffix]}")
    raise Unreadable(f"Footnote does not read {suffix} files. It reads {WHAT_WORKS}.")


_ARTICLE = {
    "application/pdf": "a PDF",
    _DOCX: "a Word document",
    PPTX: "a PowerPoint presentation",
    XLSX: "an Excel workbook",
    "text/csv": "a table of values",
    "text/plain": "text",
    "text/markdown": "Markdown",
    "text/x-rst": "reStructuredText",
    "text/html": "a web page",
    "multipart/related": "a web archive",
    "application/epub+zip": "an EPUB book",
    "message/rfc822": "a mail message",
    _MSG: "an Outlook message",
    "application/x-ipynb+json": "a notebook",
    "application/json": "JSON",
    "application/jsonl": "JSON lines",
    "image/png": "a PNG picture",
    "image/jpeg": "a JPEG picture",
    "image/tiff": "a TIFF picture",
    "image/webp": "a WebP picture",
}


def _kind(head: bytes) -> str:
    """What a file that is not text and not PDF is, by its first bytes; "" for text."""
    from ingest.readers.text import is_text

    if is_text(head):
        # "MZ", "BZh" and the like may begin a text too; only what cannot be one is named
        return "a rich text document (.rtf)" if head.startswith(b"{\\rtf") else ""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[4:8] == b"ftyp":
        return "a film or a HEIC picture"
    return "a binary file"


def _looks_like_html(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html"))


def read(
    path: Path,
    name: str,
    limits: Settings,
    password: str | None = None,
    on_progress: OnProgress | None = None,
) -> FileText:
    """The text of the file at `path`, known to people as `name`.

    `on_progress` gets (pages done, pages in all). Raises Unreadable or NeedsPassword.
    """
    began = time.monotonic()
    size = path.stat().st_size
    if size > limits.max_file_mib * 2**20:
        raise Unreadable(
            f"This file has {size / 2**20:,.0f} MiB; at most {limits.max_file_mib:,} MiB are read. "
            "Split it, or raise FOOTNOTE_MAX_FILE_MIB."
        )
    media_type = sniff(path, name)
    try:
        found = READERS[media_type](path, limits, password, on_progress)
    except MemoryError:
        raise Unreadable(
            f"This file needs more memory than {limits.read_memory_mib:,} MiB to read. "
            "Split it, or raise FOOTNOTE_READ_MEMORY_MIB."
        ) from None
    except RecursionError:
        raise Unreadable("This file is nested too deeply to be read. Save it in a simpler form.") from None
    return replace(found, receipt=replace(found.receipt, seconds=time.monotonic() - began))
