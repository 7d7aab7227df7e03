"""Questions to go on with, that the library can answer: made of passages that were read and not cited.

Such a passage is near the question, and its heading says what it tells; so asking for the heading finds it.
"""

from __future__ import annotations

from rag.chats.examples import HEADING_WORDS, about, plain
from rag.model import Answer, Hit

SUGGESTED = 3
LOOKED_AT = 10  # hits, in rank order: what is further down has little to do with the question


def follow_ups(answer: Answer) -> list[str]:
    """Up to SUGGESTED questions, the most relevant first; none for a refusal."""
    if answer.refused:
        return []
    cited = {citation.chunk_id for citation in answer.citations}
    told = {_subject(hit) for hit in answer.hits if hit.chunk.id in cited}
    found: list[str] = []
    for hit in answer.hits[:LOOKED_AT]:
        subject = _subject(hit)
        if hit.reading is None or hit.chunk.id in cited or subject in told:
            continue
        if question := _question(*subject):
            found.append(question)
            told.add(subject)
        if len(found) == SUGGESTED:
            break
    return found


def _subject(hit: Hit) -> tuple[str, str]:
    """Title and innermost heading."""
    chunk = hit.chunk
    return chunk.title, chunk.headings[-1] if chunk.headings else ""


def _question(title: str, heading: str) -> str:
    """ "" where the heading says nothing of its own."""
    said = plain(heading)
    if len(said.split()) not in HEADING_WORDS or said.casefold() == title.casefold():
        return ""
    return about(title, heading)
