"""Pages → chunks: measured in the embedder's tokens, cut at headings and sentences.

A chunk lies within one page and is an exact slice of its text. The title and the path of headings
above it go before it as context for the embedder, the reader and BM25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from ingest.model.chunks import Chunk
from ingest.model.pages import Heading, Page
from ingest.protocols import Tokenizer
from ingest.text.sentences import sentences

# A section shorter than this share of a chunk is kept together with the next one: a heading with
# one line under it is too little to be found by.
SMALL_SECTION_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of one that is longer than a chunk. `tokens` is its length."""

    start: int
    end: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands under one heading on one page."""

    units: tuple[_Unit, ...]
    headings: tuple[str, ...]
    bare: bool  # nothing but its heading

    @property
    def tokens(self) -> int:
        return sum(unit.tokens for unit in self.units)


def chunk_pages(pages: Iterable[Page], tokenizer: Tokenizer, chunk_tokens: int) -> list[Chunk]:
    """Chunks of `pages` in reading order, each at most `chunk_tokens` tokens long.

    The heading path runs on from page to page.
    """
    chunks: list[Chunk] = []
    path: list[Heading] = []
    for page in pages:
        sections = _sections(page, tokenizer, chunk_tokens, path)
        for group in _join_small(sections, int(chunk_tokens * SMALL_SECTION_SHARE), chunk_tokens):
            units = [unit for section in group for unit in section.units]
            headings = _common(group)
            for part in _balanced(units, chunk_tokens):
                start, end = part[0].start, part[-1].end
                chunks.append(Chunk(len(chunks), page.number, start, end, page.text[start:end], headings))
    return chunks


def _sections(page: Page, tokenizer: Tokenizer, chunk_tokens: int, path: list[Heading]) -> list[_Section]:
    tokens = np.ascontiguousarray(tokenizer.offsets(page.text)[:, 0])  # else each search copies them
    bounds = [0, *(heading.start for heading in page.headings), len(page.text)]
    spans = sentences(page.text)
    sections: list[_Section] = []
    at = 0
    for index, (start, end) in enumerate(pairwise(bounds)):
        if index > 0:
            heading = page.headings[index - 1]
            path[:] = [above for above in path if above.level < heading.level] + [heading]
        own: list[_Unit] = []
        while at < len(spans) and spans[at][0] < end:
            first, last = max(spans[at][0], start), min(spans[at][1], end)
            if first < last:
                own.extend(_units(page.text, first, last, tokens, chunk_tokens))
            if spans[at][1] > end:  # a heading inside a sentence: the rest belongs to the next
                break
            at += 1
        if own:
            bare = index > 0 and len(own) == 1 and own[0].end <= start + len(path[-1].text) + 1
            sections.append(_Section(tuple(own), tuple(heading.text for heading in path), bare))
    return sections


def _units(text: str, start: int, end: int, tokens: np.ndarray, chunk_tokens: int) -> Iterator[_Unit]:
    """The span as one unit, or cut where one of `tokens` (their starts) begins if it is longer than a chunk."""
    first = int(np.searchsorted(tokens, start))
    last = int(np.searchsorted(tokens, end))
    if last - first <= chunk_tokens:
        yield _Unit(start, end, max(1, last - first))
        return
    pieces = ceil((last - first) / chunk_tokens)
    size = ceil((last - first) / pieces)
    begin = start
    for cut in range(first + size, last, size):
        stop = _space_near(text, begin, int(tokens[cut]))
        length = int(np.searchsorted(tokens, stop) - np.searchsorted(tokens, begin))
        if stop > begin:
            yield _Unit(begin, stop, max(1, length))
            begin = stop
    rest = int(last - np.searchsorted(tokens, begin))
    while rest > chunk_tokens:  # cutting at spaces has left too much
        stop = int(tokens[last - rest + chunk_tokens])
        yield _Unit(begin, stop, chunk_tokens)
        begin, rest = stop, rest - chunk_tokens
    if begin < end:
        yield _Unit(begin, end, max(1, rest))


def _space_near(text: str, begin: int, cut: int) -> int:
    """The last line end, else white space, in the 80 characters before `cut`; else `cut`."""
    window = max(begin + 1, cut - 80)
    for mark in ("\n", " "):
        found = text.rfind(mark, window, cut)
        if found > 0:
            return found + 1
    return cut


def _join_small(sections: Sequence[_Section], small: int, chunk_tokens: int) -> Iterator[list[_Section]]:
    """Groups of neighbouring sections: a small one waits for the next if both fit in a chunk."""
    group: list[_Section] = []
    size = 0
    for section in sections:
        enough = size >= small and section.tokens >= small
        if group and (enough or size + section.tokens > chunk_tokens):
            yield group
            group, size = [], 0
        group.append(section)
        size += section.tokens
    if group:
        yield group


def _balanced(units: Sequence[_Unit], chunk_tokens: int) -> Iterator[list[_Unit]]:
    """Consecutive units in parts of about equal size, none over `chunk_tokens`."""
    total = sum(unit.tokens for unit in units)
    left_parts = ceil(total / chunk_tokens)
    part: list[_Unit] = []
    size = 0
    for unit in units:
        target = total / max(1, left_parts)
        if part and (size + unit.tokens > chunk_tokens or size + unit.tokens / 2 > target):
            yield part
            total, left_parts = total - size, left_parts - 1
            part, size = [], 0
        part.append(unit)
        size += unit.tokens
    if part:
        yield part


def _common(group: Sequence[_Section]) -> tuple[str, ...]:
    """The heading path of sections that were joined: what those that say something share.

    One section keeps its own path; the headings of joined ones stand in the text itself.
    """
    paths = [section.headings for section in group if not section.bare] or [group[-1].headings]
    shared = paths[0]
    for path in paths[1:]:
        length = 0
        while length < min(len(shared), len(path)) and shared[length] == path[length]:
            length += 1
        shared = shared[:length]
    return shared


def context_within(context: str, tokenizer: Tokenizer, limit: int) -> str:
    """`context` cut to `limit` tokens: middle headings go first, then the end."""
    parts = context.split(" > ")
    while len(parts) > 2 and len(tokenizer.offsets(" > ".join(parts))) > limit:
        del parts[1]
    text = " > ".join(parts)
    offsets = tokenizer.offsets(text)
    return text if len(offsets) <= limit else text[: int(offsets[limit, 0])].rstrip(" >")


def embedded_text(context: str, text: str) -> str:
    """What the embedder sees of a chunk: the context on a line of its own, then the text."""
    return f"{context}\n{text}" if context else text
