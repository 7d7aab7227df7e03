"""Running heads, running feet and page numbers of a PDF: found by their repeating, and left out.

Only what loses nothing goes: a line that stands in the same words at the same height on many pages
stays on the first of them, and a number goes only where it counts the pages (then at any height: a
page made of a website ends where its text does). Such lines must be the outermost of their page and
stand apart from its body: the column heads of a table that goes on from page to page touch its rows,
and stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.model.pages import Page
from ingest.readers.draft import Draft
from ingest.readers.headings import Line
from ingest.readers.hyphens import copy

BAND = 0.12  # of a page's height at top and bottom
OUTERMOST = 4  # lines of a page looked at from each side
LEAST_PAGES = 3  # a line stands on at least so many
NEAR = 2  # pages at most from one to the next: even and odd pages have heads of their own
SAME_HEIGHT = 0.012  # of a page's height
APART = 0.5  # of a line's height between a running head and the body
LEAST_COUNTED = 5  # … where only a number at its begin or end says so
LONGEST = 250  # visible characters of a line that counts pages
LARGE = 1.35  # times the usual height of a letter: a heading
WORDY = 0.4  # of a line's visible characters are letters, unless it is only a page number

_COUNTS = re.compile(  # "14", "page 14", "14 of 200", "Report | 14"; "Day 14" may be a heading and does not
    r"^\W*#\W*$|[|•·–—]\s*#\W*$|^\W*#\s*[|•·–—]|#\s*(?:of|/|von|de|sur|di|van|z|из)\s*\d+\W*$"
    r"|\b(?:page|pages|pg|p|seite|blatt|página|pagina|sida|side|strona|стр|стор)\b\W{0,2}#\W*$"
)
_TITLED = re.compile(r"[^\W\d_]{2,}[^\d]*\s[^\d]*[^\W\d_]{2,}|\d\.\d|\d\.\s")  # more than "Day 14"
YEARS = frozenset(map(str, range(1900, 2101)))  # a page for each year is no count of pages
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"\d+")
_ROMAN = re.compile(r"(?i)^[\W_]*([ivxlc]{1,7})[\W_]*$")


@dataclass(frozen=True, slots=True)
class LinePlace:
    """A line of a page's text, and its top and bottom as shares of the page's height."""

    start: int
    end: int
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """One way to read a line near the edge of a page; lines that agree in `key` may be the same line again.

    `words` are the line's, the number that counts pages as "#".
    """

    page: int
    line: LinePlace
    key: tuple[str, int | None]  # the words (or "" for any), and what the number is beyond the page's
    words: str
    anywhere: bool = False  # else at one height
    least: int = LEAST_PAGES


def running_lines(pages: Sequence[Page], places: Sequence[Sequence[LinePlace]]) -> dict[int, list[LinePlace]]:
    """The lines to leave out, by page number."""
    found: dict[int, list[LinePlace]] = {}
    for from_top in (True, False):
        edges = [_edge(each, from_top) for each in places]
        repeated, first = _repeated(pages, edges)
        for page, edge, all_lines in zip(pages, edges, places, strict=True):
            outer = []
            for line in edge:
                if (page.number, line.start) not in repeated:
                    break
                outer.append(line)
            while outer and not (_stands_apart(outer, all_lines, from_top) or _only_numbers(page, outer)):
                outer.pop()
            gone = [line for line in outer if (page.number, line.start) not in first]
            found.setdefault(page.number, []).extend(gone)
    return {number: lines for number, lines in found.items() if lines}


def without(page: Page, lines: Sequence[Line], dropped: Sequence[LinePlace]) -> tuple[Page, list[Line]]:
    """`page` without these lines; the map and the looks of its other lines follow."""
    gone = {each.start for each in dropped}
    looks = {line.start: line for line in lines}
    draft = Draft()
    moved: list[Line] = []
    blank = False
    start = 0
    for text in page.text.split("\n"):
        end = start + len(text)
        if text and start not in gone:
            if draft.length:
                draft.add("\n" if blank else "")
                copy(page, start - 1, start, draft)  # the line end before it, with its place
            if look := looks.get(start):
                moved.append(replace(look, start=draft.length, end=draft.length + len(text)))
            copy(page, start, end, draft)
            blank = False
        blank = blank or not text
        start = end + 1
    return replace(page, text=draft.text, runs=draft.runs), moved


def _edge(lines: Sequence[LinePlace], from_top: bool) -> list[LinePlace]:
    """The outermost lines, from outside in."""
    return sorted(lines, key=lambda line: line.top if from_top else -line.bottom)[:OUTERMOST]


def _in_band(line: LinePlace) -> bool:
    return line.bottom <= BAND or line.top >= 1 - BAND


def _repeated(
    pages: Sequence[Page], edges: Sequence[Sequence[LinePlace]]
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """(page, start) of lines that repeat, and of those that are the first in their words and stay."""
    groups: dict[tuple[str, int | None], list[_Seen]] = {}
    for page, edge in zip(pages, edges, strict=True):
        for line in edge:
            for seen in _readings(page, line, _usual_height(edge)):
                groups.setdefault(seen.key, []).append(seen)
    repeated: set[tuple[int, int]] = set()
    first: set[tuple[int, int]] = set()
    for group in groups.values():
        for series in _series(group):
            repeated.update((each.page, each.line.start) for each in series)
            known: set[str] = set()
            for each in series:
                if each.words not in known and any(map(str.isalpha, each.words)) and each.words != "#":
                    known.add(each.words)
                    first.add((each.page, each.line.start))
    return repeated, first


def _readings(page: Page, line: LinePlace, usual: float) -> list[_Seen]:
    """A line as it may repeat: word for word, and with each of its numbers as the one that counts pages."""
    words = " ".join(page.text[line.start : line.end].split()).casefold()
    visible = sum(not character.isspace() for character in words)
    letters = sum(character.isalpha() for character in words)
    quiet = _in_band(line) and line.bottom - line.top <= LARGE * usual  # else it may be a heading, "Day 14"
    found: list[_Seen] = []
    if _in_band(line) and letters >= max(2, WORDY * visible):
        found.append(_Seen(page.number, line, (words, None), words))
    for match in _NUMBER.finditer(words) if visible <= LONGEST else ():
        if len(match.group()) > 5:
            continue
        hidden = words[: match.start()] + "#" + words[match.end() :]
        beyond = int(match.group()) - page.number
        if match.group() in YEARS and beyond > 1_000:
            continue
        if _COUNTS.search(hidden):
            found.append(_Seen(page.number, line, (hidden, beyond), hidden, anywhere=True))
        elif quiet and _TITLED.search(words) and (match.start() == 0 or match.end() == len(words)):
            found.append(_Seen(page.number, line, ("", beyond), hidden, least=LEAST_COUNTED))
        elif quiet and len(_WORD.findall(words)) >= 4:
            found.append(_Seen(page.number, line, (hidden, beyond), hidden))
    if roman := _ROMAN.match(words):
        found.append(_Seen(page.number, line, ("#", _roman(roman[1]) - page.number), "#", anywhere=True))
    return found


def _usual_height(lines: Sequence[LinePlace]) -> float:
    """The height of the letters in the page's outermost lines; heads of chapters are larger than it."""
    heights = sorted(line.bottom - line.top for line in lines)
    return heights[len(heights) // 2] if heights else 0.0


def _series(group: Sequence[_Seen]) -> list[list[_Seen]]:
    """Stretches of pages, each near the next, with the line at its height; the short ones left out."""
    series: list[list[_Seen]] = []
    for seen in group:
        last = series[-1][-1] if series else None
        if (
            last is not None
            and seen.page - last.page <= NEAR
            and (seen.anywhere or abs(seen.line.top - last.line.top) <= SAME_HEIGHT)
        ):
            series[-1].append(seen)
        else:
            series.append([seen])
    return [each for each in series if len({seen.page for seen in each}) >= each[0].least]


def _stands_apart(outer: Sequence[LinePlace], lines: Sequence[LinePlace], from_top: bool) -> bool:
    """Whether there is room between these lines and the rest of the page. Without a rest they are it."""
    starts = {line.start for line in outer}
    rest = [line for line in lines if line.start not in starts]
    if not rest:
        return False
    height = max(line.bottom - line.top for line in outer)
    if from_top:
        gap = min(line.top for line in rest) - max(line.bottom for line in outer)
    else:
        gap = min(line.top for line in outer) - max(line.bottom for line in rest)
    return gap >= APART * height


def _only_numbers(page: Page, lines: Sequence[LinePlace]) -> bool:
    return all(
        not any(c.isalpha() for c in text) or _ROMAN.match(text)
        for text in (page.text[line.start : line.end] for line in lines)
    )


def _roman(text: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[letter] for letter in text]
    return sum(
        -value if at + 1 < len(values) and value < values[at + 1] else value
        for at, value in enumerate(values)
    )
