"""Where a passage stands, as people say it: "p. 4", "slide 3", "sheet Budget, A2:D9", "§ Carry-over".

The one place that knows; the page, the command lines and the prompts ask here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.model.chunks import StoredChunk
from ingest.readers import PICTURES, PPTX, SUFFIXES, XLSX

_CELLS = re.compile(r"[A-Z]{1,3}[1-9]\d*(?::[A-Z]{1,3}[1-9]\d*)?")
_UNITS = {PPTX: "slide", XLSX: "sheet"}


@dataclass(frozen=True, slots=True)
class Place:
    """`page` names the page, slide or cells ("" where there is none); `section` are the headings above
    the passage, outermost first, that the page does not tell already."""

    page: str
    section: tuple[str, ...]

    @property
    def short(self) -> str:
        """The page, else the last heading: "p. 4", "§ Carry-over", ""."""
        return self.page or (f"§ {self.section[-1]}" if self.section else "")

    def section_line(self, title: str) -> str:
        """The last three headings as a path, without the document's title."""
        path = [" ".join(each.split()) for each in self.section if each.casefold() != title.casefold()]
        return " › ".join(path[-3:])


def place_of(media_type: str, page: int | None, label: str | None, headings: Sequence[str]) -> Place:
    """The place of a passage on `page` (1-based, None for formats without pages) under `headings`."""
    above = tuple(headings)
    cells = above[-1] if above and _CELLS.fullmatch(above[-1]) else ""
    if media_type == XLSX:
        sheet = label or (above[0] if above else "")
        named = f"sheet {sheet}" if sheet else f"sheet {page}"
        return Place(f"{named}, {cells}" if cells else named, ())
    if media_type == "text/csv":
        return Place(f"cells {cells}" if cells else "", above[:-1] if cells else above)
    if page is None:
        return Place("", above)
    if media_type == PPTX:
        return Place(f"slide {page}", above)
    if media_type in PICTURES and media_type != "image/tiff":
        return Place("picture", above)  # it has one page only
    return Place(f"p. {page}" if not label or label == str(page) else f"p. {label} ({page})", above)


def place_of_chunk(chunk: StoredChunk) -> Place:
    return place_of(chunk.media_type, chunk.shown_page, chunk.page_label, chunk.headings)


def page_of(key: str, page: int | None) -> str:
    """The page of a document of which only the key is known any more: "p. 4", "slide 3", ""."""
    kind = SUFFIXES.get(PurePosixPath(key).suffix.lower(), "")
    return "" if page is None else f"slide {page}" if kind == PPTX else f"p. {page}"


def unit(media_type: str) -> str:
    """What the pages of a format are called: "page", "slide", "sheet"."""
    return _UNITS.get(media_type, "page")
