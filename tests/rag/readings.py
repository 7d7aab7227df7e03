"""Passages read by the shipped reader, without a library around them."""

from __future__ import annotations

from ingest.model.chunks import StoredChunk
from rag.model import Fused, Hit
from rag.reader import Reader
from rag.search.rerank import ReadHit, rerank
from rag.settings import AskSettings


def read(reader: Reader, question: str, *texts: tuple[str, str]) -> list[ReadHit]:
    """(title, text) passages in the order of the reader."""
    hits = [
        Hit(
            StoredChunk(
                n, n, f"{title}.md", title, "text/markdown", False, 1, None, 0, len(text), text, (), n
            ),
            fused=Fused(n, 1.0 - n / 10, 0.5, 0.5),
        )
        for n, (title, text) in enumerate(texts, start=1)
    ]
    found, rest = rerank(reader, question, hits, AskSettings())
    assert not rest
    return found
