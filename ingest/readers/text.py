"""Plain text: decoding, light cleaning, and the headings that are unmistakable."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading, PageReceipt, PageState, Receipt
from ingest.readers.draft import Draft
from ingest.settings import Settings

_BOMS = (  # UTF-32 before UTF-16: their marks begin alike
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNSEEN = r"\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\ufeff\ufffe\uffff\ud800-\udfff"
UNSEEN = re.compile(f"[{_UNSEEN}]")  # control characters and others nobody can see
_CHANGES = re.compile(rf"[\s{_UNSEEN}]{{2,}}|[\r\f{_UNSEEN}]")  # whole runs: linear however long they are
_LINE_END = re.compile(r"\r\n?|\n")
_WIDEST = 40  # columns of blanks that are kept as they are (indentation, aligned columns)
_UNDERLINED = re.compile(
    r"^(?=.*\w)(?P<title>\S.{0,118}\S)[ \t]*\n(?P<rule>={3,}|-{3,})[ \t]*$", re.MULTILINE
)
_NUMBERED = re.compile(
    r"^(?P<number>\d+(?:\.\d+)*)\.?[ \t]+(?P<title>[A-Z][A-Z0-9 ,&/()'’-]{2,80})$", re.MULTILINE
)


def decode(data: bytes) -> tuple[str, str]:
    """(text, warning): byte order mark, UTF-8, UTF-16 by its NULs, then what charset-normalizer
    thinks, then Windows-1252. Raises Unreadable for bytes that are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), ""
            except UnicodeDecodeError:
                text = data.decode(encoding, errors="replace")
                return text, f"Some characters are not valid {encoding.upper()} and were replaced."
    encoding = wide_encoding(data)
    try:
        return data.decode(encoding or "utf-8"), ""
    except UnicodeDecodeError:
        if b"\0" in data:
            raise Unreadable(
                "This is not text: its encoding is unknown. Save it as UTF-8 text and add it again."
            ) from None
    return _decode_by_statistics(data)


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file can be text: no NULs, unless as UTF-16 or UTF-32 has them."""
    if any(head.startswith(mark) for mark, _ in _BOMS) or wide_encoding(head):
        return True
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b\b" for byte in head)
    return 0 not in head and controls <= max(2, 0.02 * len(head))


def wide_encoding(data: bytes) -> str:
    """ "utf-16-le" or "utf-16-be" when every other byte is mostly NUL, as in Western text; else ""."""
    head = data[: 4096 & ~1]
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if odd > 0.6 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.05 * half:
        return "utf-16-be"
    return ""


def _decode_by_statistics(data: bytes) -> tuple[str, str]:
    encoding = "cp1252"
    foreign = sum(byte >= 0x80 for byte in data[:65536])
    if foreign > 30:  # fewer tell nothing: the guess would be worse than the usual encoding
        encoding = _guess(data[:262144]) or encoding
    text = data.decode(encoding, errors="replace")
    if text.count("\ufffd") > 0.02 * len(text):
        raise Unreadable(
            "The encoding of this text could not be recognised. Save it as UTF-8 and add it again."
        )
    return text, f"The encoding is not stated; it was read as {encoding}."


def _guess(data: bytes) -> str:
    """charset-normalizer's guess, or "" where it has none or is not installed (it comes with requests)."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return ""
    matches = from_bytes(data)
    best = matches.best()
    if best is None:
        return ""
    likely = {
        match.encoding
        for match in matches
        if match.chaos <= best.chaos + 0.001 and match.coherence >= best.coherence - 0.01
    }
    return "cp1252" if "cp1252" in likely else best.encoding  # the usual one where nothing speaks against it


def clean(text: str) -> Draft:
    """`text` with line ends as \\n, no trailing blanks, no invisible characters, at most one blank line."""
    draft = Draft()
    begin = len(text) - len(text.lstrip("\r\n\f\ufeff"))
    stop = max(begin, len(text.rstrip()))
    position = begin
    for change in _CHANGES.finditer(text, begin, stop):
        draft.keep(text[position : change.start()], position)
        position = change.end()
        found = change.group()
        ends = [end.end() for end in _LINE_END.finditer(found)]
        indent = found[ends[-1] :] if ends else found
        if "\f" in found:
            draft.replace("\n\n", change.start())
            indent = found[max(found.rfind("\f") + 1, *ends, 0) :]
        elif ends:
            draft.replace("\n" * min(len(ends), 2), change.start())
        if len(indent) > _WIDEST:
            draft.replace("" if ends else " ", change.start())
        elif UNSEEN.search(indent):
            draft.add(UNSEEN.sub("", indent))
        else:
            draft.keep(indent, position - len(indent))
    draft.keep(text[position:stop], position)
    return draft


def find_headings(text: str) -> list[Heading]:
    """Titles underlined with === or ---, and numbered lines in capitals."""
    found = [
        Heading(match.start(), 1 if match["rule"].startswith("=") else 2, match["title"])
        for match in _UNDERLINED.finditer(text)
        if "|" not in match["title"]
    ]
    found += [
        Heading(match.start(), match["number"].count(".") + 1, match.group())
        for match in _NUMBERED.finditer(text)
    ]
    return sorted(found, key=lambda heading: heading.start)


def single_page(
    media_type: str,
    title: str,
    draft: Draft,
    limits: Settings,
    warnings: tuple[str, ...] = (),
    made: str = "",
) -> FileText:
    """The FileText of a format without pages. Raises Unreadable when there is no text, or too much."""
    page = draft.page()
    if not page.text.strip():
        raise Unreadable("There is no text in this file. Add one that has some.")
    if len(page.text) > limits.max_characters:
        raise Unreadable(
            f"This file has {len(page.text):,} characters; at most {limits.max_characters:,} are read. "
            "Split it, or raise FOOTNOTE_MAX_CHARACTERS."
        )
    if not title and page.headings:
        title = page.headings[0].text
    receipt = Receipt(pages=(PageReceipt(1, PageState.READ, len(page.text)),), seconds=0.0, warnings=warnings)
    return FileText(media_type, title, paged=False, pages=(page,), receipt=receipt, made=made)


def read_text(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """A .txt file as one page."""
    text, warning = decode(path.read_bytes())
    draft = clean(text)
    draft.headings = find_headings(draft.text)
    if on_progress:
        on_progress(1, 1)
    return single_page("text/plain", "", draft, limits, (warning,) if warning else ())
