"""An answer as it is put together: what we say ourselves, and what is quoted with its footnote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.model.chunks import StoredChunk
from ingest.text.sentences import sentences
from rag.answers.ground import cite
from rag.model import Citation, Coverage, Hit, Sentence

_SIGN = re.compile(r"[ \t]*(?:[-*•◦▪●○■□–‣·]|\(?\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)")
SCRAP_WORDS = 4  # a shorter sentence is shown with the one behind it
SCRAP_CHARACTERS = 20  # of a sentence that can open a document
QUOTED_CHARACTERS = 240  # of a sentence that is shown; the footnote holds it whole


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a chunk's text that is cited, and the words in it that matter (offsets of the text)."""

    chunk: StoredChunk
    start: int
    end: int
    answer_start: int = 0
    answer_end: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What was gathered. `passages` are what a chat model may write from; empty where nothing is to be written.

    `name` is the document that is summarised.
    """

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    coverage: Coverage
    notices: tuple[str, ...] = ()
    passages: tuple[Hit, ...] = ()
    name: str = ""


class Report:
    """Collects sentences and footnotes; every line is a paragraph of its own."""

    def __init__(self) -> None:
        self._sentences: list[Sentence] = []
        self._markers: dict[Place, int] = {}
        self.notices: list[str] = []

    def say(self, text: str, places: Sequence[Place] = (), strong: str = "") -> None:
        """A line of ours: counted or computed, so nothing is to be checked in it. `strong` is a part of it."""
        at = text.find(strong) if strong else -1
        emphasis = ((at, at + len(strong)),) if at >= 0 else ()
        self._add(Sentence(text, self._numbers(places), emphasis=emphasis))

    def quote(self, label: str, place: Place, also: Sequence[Place] = ()) -> None:
        """A line that shows what a place says, behind a label."""
        text = shown(place)
        lead = f"{label}: " if label else ""
        emphasis = ((0, len(label)),) if label else ()
        line = f"{lead}“{text}”" if label else text
        self._add(Sentence(line, self._numbers([place, *also]), "supported", 1.0, emphasis))

    def _add(self, sentence: Sentence) -> None:
        block = len(self._sentences)
        self._sentences.append(
            Sentence(
                sentence.text, sentence.markers, sentence.verdict, sentence.score, sentence.emphasis, block
            )
        )

    def _numbers(self, places: Sequence[Place]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self._markers.setdefault(p, len(self._markers) + 1) for p in places))

    def found(self, coverage: Coverage, passages: Sequence[Hit] = (), name: str = "") -> Found:
        citations = tuple(
            cite(marker, Hit(p.chunk), p.start, p.end, p.answer_start, p.answer_end)
            for p, marker in self._markers.items()
        )
        chunks = {place.chunk.id: place.chunk for place in self._markers}
        hits = tuple(Hit(chunk) for chunk in chunks.values())
        return Found(
            tuple(self._sentences), citations, hits, coverage, tuple(self.notices), tuple(passages), name
        )


def shown(place: Place) -> str:
    """What a place says on one line, cut around the words that matter where it is long."""
    text = place.chunk.text
    if sign := _SIGN.match(text, place.start, place.end):  # of a list item
        place = replace(place, start=sign.end())
    if place.end - place.start <= QUOTED_CHARACTERS:
        return " ".join(text[place.start : place.end].split())
    middle = (place.answer_start + place.answer_end) // 2 if place.answer_end else place.start
    start = max(place.start, min(middle - QUOTED_CHARACTERS // 2, place.end - QUOTED_CHARACTERS))
    end = min(place.end, start + QUOTED_CHARACTERS)
    if start > place.start:
        start = max(start, text.find(" ", start, end) + 1)
    if end < place.end:
        end = max(start + 1, text.rfind(" ", start, end))
    inner = " ".join(text[start:end].split())
    return f"{'… ' * (start > place.start)}{inner}{' …' * (end < place.end)}"


def sentence_at(chunk: StoredChunk, start: int, end: int) -> Place:
    """The sentence of a chunk that holds text[start:end], those words marked; with the next one where it is a
    heading or a scrap, which says little alone."""
    spans = sentences(chunk.text)
    for n, (first, last) in enumerate(spans):
        if first <= start < last:
            if len(chunk.text[first:last].split()) < SCRAP_WORDS and n + 1 < len(spans):
                last = spans[n + 1][1]
            return Place(chunk, first, max(last, min(end, len(chunk.text))), start, end)
    return Place(chunk, start, end, start, end)


def opening(*chunks: StoredChunk) -> Place:
    """The first sentence of some chunks that says something; headings and scraps are passed over where more follows."""
    for chunk in chunks:
        headings = {" ".join(each.split()).casefold() for each in (*chunk.headings, chunk.title)}
        for start, end in sentences(chunk.text):
            text = " ".join(chunk.text[start:end].split())
            if text.casefold() not in headings and len(text) >= SCRAP_CHARACTERS:
                return Place(chunk, start, end)
    start, end = next(iter(sentences(chunks[0].text)), (0, len(chunks[0].text)))
    return Place(chunks[0], start, end)
