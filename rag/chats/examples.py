"""Questions to begin with, made of what a library's documents say of themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ingest.model.chunks import StoredChunk
from ingest.protocols import Library

SAMPLE_QUESTIONS = Path(__file__).resolve().with_name("sample_questions.json")
SAMPLE_KEY = "sample/"  # keys of the bundled sample library begin so
LOOKED_AT = 8  # documents whose headings are looked at
HEADING_WORDS = range(2, 8)
_NUMBER = re.compile(r"^(?:(?:chapter|section|part)\s+)?\d{1,2}(?:\.\d{1,2})*[.):]?\s+(?=\D)", re.IGNORECASE)


def example_questions(library: Library, count: int) -> list[str]:
    """Up to `count` questions, from different documents where there are several."""
    origins = library.listed()
    if origins and all(origin.key.startswith(SAMPLE_KEY) for origin in origins):
        asked: list[str] = json.loads(SAMPLE_QUESTIONS.read_text(encoding="utf-8"))
        return asked[:count]
    newest = sorted((each for each in origins if not each.aside), key=lambda origin: -origin.added_at)[
        :LOOKED_AT
    ]
    found: list[str] = []
    for origin in newest:
        question = _question(library.document_chunks(origin.key))
        if question and question not in found:
            found.append(question)
        if len(found) == count:
            break
    return found


def _question(chunks: list[StoredChunk]) -> str | None:
    """What a document says about its longest section; what it is about when it has none."""
    if not chunks:
        return None
    sizes: dict[str, int] = {}
    for chunk in chunks:
        for heading in chunk.headings[-1:]:
            if len(heading.split()) in HEADING_WORDS and heading.casefold() != chunk.title.casefold():
                sizes[heading] = sizes.get(heading, 0) + len(chunk.text)
    if not sizes:
        return f"What is “{chunks[0].title}” about?"
    return about(chunks[0].title, max(sizes, key=lambda each: sizes[each]))


def about(title: str, heading: str) -> str:
    """A question for a section of a document."""
    return f"What does “{title}” say about “{plain(heading)}”?"


def plain(heading: str) -> str:
    """A heading on one line, without its number and what ends it."""
    return _NUMBER.sub("", " ".join(heading.split())).rstrip(" .:?")
