"""What pypdf tells of a PDF beside its text: title, outline, page labels."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ingest.readers.headings import MAX_HEADINGS, Entry
from ingest.readers.pdf_text import UNSEEN
from ingest.text.dating import day_of

if TYPE_CHECKING:  # pypdf takes 0.1 s to import and is not needed to show a page
    from pypdf import PdfReader

FACTS_SECONDS = 10.0  # what pypdf may take for outline, labels and title; 0.5 s on a 500-page filing


@dataclass(frozen=True, slots=True)
class Facts:
    """What pypdf tells of a document beside its text; labels by page number. `made` is the day of its last change."""

    title: str = ""
    outline: tuple[Entry, ...] = ()
    labels: dict[int, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    made: str = ""


def read_facts(path: Path, password: str | None) -> Facts:
    """Outline, page labels and title; what fails or takes too long is left out, with a warning."""
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its remarks on odd files help nobody here
    title, outline, labels = "", [], {}  # type: str, list[Entry], dict[int, str]
    missing = {"title", "outline", "page labels"}
    warning = made = ""
    try:
        with path.open("rb") as stream, time_limit(FACTS_SECONDS):
            reader = PdfReader(stream, password=password or None)
            title = sane_title(str(reader.metadata.get("/Title") or "")) if reader.metadata else ""
            if told := reader.metadata:
                made = day_of(str(told.get("/ModDate") or told.get("/CreationDate") or ""))
            missing.discard("title")
            root = reader.root_object
            labels = page_labels(reader.page_labels) if "/PageLabels" in root else {}
            missing.discard("page labels")
            outline = list(outline_entries(reader)) if "/Outlines" in root else []
            missing.discard("outline")
    except Exception as error:  # noqa: BLE001 - on damaged files pypdf may raise anything
        why = "it took too long" if isinstance(error, TimeoutError) else f"{type(error).__name__}: {error}"
        warning = (
            f"Could not read the {' and '.join(sorted(missing))} ({why[:200]}). The text is not affected."
        )
    return Facts(title, tuple(outline), labels, (warning,) if warning else (), made)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError inside the block after `seconds`.

    Works in the main thread of a POSIX process (each sandbox process reads there); elsewhere the
    block runs without a limit of its own and the sandbox's wall clock ends it.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def page_labels(labels: Sequence[str]) -> dict[int, str]:
    """Labels by page number, 1-based; blank ones are left out."""
    return {number: label.strip() for number, label in enumerate(labels, 1) if label and label.strip()}


def outline_entries(reader: PdfReader) -> Iterator[Entry]:
    """The outline from top to bottom, at most MAX_HEADINGS; entries that lead to no page are left out."""
    numbers = {
        page.indirect_reference.idnum: number
        for number, page in enumerate(reader.pages, 1)
        if page.indirect_reference is not None
    }
    waiting: list[tuple[int, object]] = [(1, item) for item in reversed(reader.outline)]
    given = 0
    while waiting and given < MAX_HEADINGS:
        level, item = waiting.pop()
        if isinstance(item, list):  # the children of the entry before
            waiting.extend((level + 1, child) for child in reversed(item))
            continue
        title = " ".join(str(getattr(item, "title", "") or "").replace("\0", "").split())
        number = numbers.get(getattr(getattr(item, "page", None), "idnum", -1))
        if title and number:
            given += 1
            yield Entry(level, title, number)


_NO_TITLE = re.compile(
    r"(?i)^(untitled|no title|title|document|doc|slide|presentation|powerpoint presentation|print|scan|layout"
    r"|microsoft (word|excel|powerpoint)|about:blank|file:|https?:)\W*\d*$"
    r"|^(microsoft (word|excel|powerpoint) - |file:|https?:)"
    r"|\.(docx?|pdf|xlsx?|pptx?|dvi|ps|eps|tex|html?|indd|qxd|rtf|txt|odt|pages|pub|pmd|fm|p65|tmp)\W*$"
)


def sane_title(title: str) -> str:
    """`title` on one line, or "" when it is a file name or what programs put there by themselves."""
    title = " ".join(_TITLE_HIDDEN.sub("", title).split())
    if _NO_TITLE.search(title) or not re.search(r"[^\W\d_]{3}|[\u0e00-\u0fff\u3040-\uffdc]{2}", title):
        return ""
    if " " not in title and re.search(r"[_/\\]|\.[A-Za-z]\w{1,7}$|^[a-z0-9]+-[a-z0-9-]+$", title):
        return ""  # a file name, with or without its suffix
    return title[:300]


_TITLE_HIDDEN = re.compile(f"[{UNSEEN}\x02\ufffe]")
