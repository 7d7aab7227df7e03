"""The unit that is embedded, found and cited: as it is cut, and as the catalog holds it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

_NAME_WORD = re.compile(r"[^\W_]+")
_TELLS = re.compile(
    r"(?:19|20)\d\d(?:\d{4})?|(?=.*\d)(?=.*[^\W\d_])[^\W_]+|[^\W\d_]{4,}"
)  # 2024, 10K, budget


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit that is embedded and cited: `page.text[start:end] == text`, within one page.

    `headings` is the path of headings above it, outermost first. `ordinal` counts from 0 through
    the document.
    """

    ordinal: int
    page: int
    start: int
    end: int
    text: str
    headings: tuple[str, ...] = ()


@lru_cache(maxsize=1024)  # a question asks for those of its hundred candidates again and again
def context_line(title: str, headings: tuple[str, ...], key: str = "") -> str:
    """What the file's name adds, title and heading path as one line, repeats dropped.

    "BESTBUY 2024Q2 10Q · Quarterly report > Liquidity": a title alone may be the same in many files, and
    people name files by what tells them apart.
    """
    parts = [" · ".join(filter(None, (" ".join(name_words(key, title)), title)))]
    last = title
    for part in (" ".join(heading.split()) for heading in headings):
        if part and part.casefold() != last.casefold():
            parts.append(part)
            last = part
    return " > ".join(" ".join(part.split()) for part in parts if part.strip())


def name_words(key: str, title: str) -> list[str]:
    """The words of a key's file name that its title lacks.

    Short words and numbers that are no year or date (a scan's number, an id) say nothing.
    """
    known = set(_NAME_WORD.findall(title.casefold()))
    words = _NAME_WORD.findall(PurePosixPath(key).stem)
    return [word for word in words if word.casefold() not in known and _TELLS.fullmatch(word)]


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as the catalog gives it to a question, with all a citation needs.

    `page.text[start:end]` is the text as it was read, also where a person has corrected it.
    """

    id: int
    document_id: int
    key: str  # the (first) origin's key
    title: str
    media_type: str
    paged: bool
    page: int
    page_label: str | None
    start: int
    end: int
    text: str
    headings: tuple[str, ...]
    ordinal: int
    as_read: str | None = None  # what was read, where `text` is a person's correction of it
    off: bool = False  # switched off: no question sees it
    address: str = ""  # on the web, of a page that was fetched there

    @property
    def context(self) -> str:
        """Name, title and heading path on one line; what the models see before the text."""
        return context_line(self.title, self.headings, self.key)

    @property
    def shown_page(self) -> int | None:
        """The page number, or None for formats without pages."""
        return self.page if self.paged else None


@dataclass(frozen=True, slots=True)
class PassageList:
    """Some passages of a document in reading order, out of those `found`; `changed` of the whole document
    are switched off or corrected."""

    passages: tuple[StoredChunk, ...]
    found: int
    changed: int
