"""Headings of a PDF: by its outline where it has one, else by how the lines look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.model.pages import Heading, Page

MAX_HEADINGS = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """How a line of a page looks: offsets in the cleaned text, and the size of its letters in points."""

    start: int
    end: int
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """An outline entry; `page` is 1-based, `level` 1 is the outermost."""

    level: int
    title: str
    page: int


def headings_by_outline(pages: Sequence[Page], outline: Sequence[Entry]) -> dict[int, list[Heading]]:
    """Each entry where its title stands on its page; where it does not, at the entry before, or the top."""
    found: dict[int, list[Heading]] = {}
    letters: dict[int, tuple[str, list[int]]] = {}
    for entry in outline:
        page = pages[entry.page - 1]
        if not page.text:
            continue
        if entry.page not in letters:
            letters[entry.page] = compact(page.text)
        before = found.setdefault(entry.page, [])
        start = locate(entry.title, page.text, *letters[entry.page], before[-1].start if before else 0)
        before.append(Heading(start, entry.level, entry.title))
    for headings in found.values():
        headings.sort(key=lambda heading: heading.start)  # stable: outline order where starts agree
    return found


def compact(text: str) -> tuple[str, list[int]]:
    """Letters and digits of `text`, case folded, and the offset of each."""
    places = [place for place, character in enumerate(text) if character.isalnum()]
    # lower(), not casefold(): one character stays one in nearly every script; the rest is left as it is
    folded = "".join(low if len(low := text[place].lower()) == 1 else text[place] for place in places)
    return folded, places


def locate(title: str, text: str, folded: str, places: Sequence[int], after: int) -> int:
    """Offset of `title` in `text`, at the start of a line if there is such a place; else `after`."""
    wanted = compact(title)[0]
    without_number = compact(re.sub(r"^[\dIVXivx.]+[.)]?\s+", "", title))[0]
    for words in dict.fromkeys((wanted, without_number)):
        if len(words) < 2:
            continue
        hits: list[int] = []
        at = folded.find(words)
        while at >= 0 and len(hits) < 50:
            hits.append(places[at])
            at = folded.find(words, at + 1)
        if hits:
            return min(hits, key=lambda hit: (not _starts_line(text, hit), hit < after, hit))
    return after


def _starts_line(text: str, place: int) -> bool:
    return not any(character.isalnum() for character in text[text.rfind("\n", 0, place) + 1 : place])


def headings_by_look(pages: Sequence[Page], looks: Sequence[Sequence[Line]]) -> dict[int, list[Heading]]:
    """Lines set larger than the body, and bold lines that stand over running text.

    Levels follow the sizes, largest first (at most 4), bold ones of body size come after them. What
    comes back on more than a fifth of the pages is a running head and left out.
    """
    weight: Counter[float] = Counter()
    for lines in looks:
        for line in lines:
            weight[line.size] += line.end - line.start
    if not weight:
        return {}
    body = weight.most_common(1)[0][0]
    candidates: list[tuple[int, int, float, str]] = []  # (page, start, size, text); bold ones have size 0
    for page, lines in zip(pages, looks, strict=True):
        at = 0
        while at < len(lines):
            line = lines[at]
            stop = at + 1
            if line.size >= 1.15 * body:
                while stop < len(lines) and lines[stop].size == line.size and lines[stop].bold == line.bold:
                    stop += 1
                text = " ".join(page.text[line.start : lines[stop - 1].end].split())
                if stop - at <= 3 and _is_heading(text, 160):
                    candidates.append((page.number, line.start, line.size, text))
            elif line.bold and stop < len(lines):
                text, below = (page.text[each.start : each.end].strip() for each in (line, lines[stop]))
                if not lines[stop].bold and _is_heading(text, 100) and _is_prose(below):
                    candidates.append((page.number, line.start, 0.0, text))
            at = stop
    pages_of: dict[str, set[int]] = {}
    for number, _, _, text in candidates:
        pages_of.setdefault(_without_digits(text), set()).add(number)
    candidates = [
        each for each in candidates if len(pages_of[_without_digits(each[3])]) <= max(3, 0.2 * len(pages))
    ]
    sizes = sorted({size for _, _, size, _ in candidates if size}, reverse=True)
    level = {size: min(rank, 4) for rank, size in enumerate(sizes, 1)}
    level[0.0] = min(len(sizes), 4) + 1
    found: dict[int, list[Heading]] = {}
    for number, start, size, text in candidates[:MAX_HEADINGS]:
        found.setdefault(number, []).append(Heading(start, level[size], text))
    return found


def _is_heading(text: str, longest: int) -> bool:
    letters = sum(character.isalpha() for character in text)
    visible = sum(not character.isspace() for character in text)
    return (
        letters >= 3
        and len(text) <= longest
        and letters >= 0.6 * visible
        and (text[0].isupper() or text[0].isdigit() or not text[0].isascii())
        and not text.endswith((",", ";"))
    )


def _is_prose(text: str) -> bool:
    return len(text) >= 40 and sum(character.islower() for character in text) >= 0.6 * len(text)


def _without_digits(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def first_heading(pages: Sequence[Page], on_first_page: Mapping[int, Sequence[Heading]]) -> str:
    """What is set largest on the first page, else the outermost heading of the next two, else ""."""
    for headings in (on_first_page.get(1, ()), *(page.headings for page in pages[:3])):
        if headings:
            return min(headings, key=lambda heading: heading.level).text
    return ""
