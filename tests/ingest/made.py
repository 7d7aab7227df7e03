"""A document in a library as the pipeline writes it, without a child process and a model."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping

from ingest.catalog import JobRow
from ingest.home.opening import LocalHome
from ingest.model.chunks import Chunk
from ingest.model.pages import FileText, Page, Receipt
from tests.contracts import unit_vectors

DIMENSIONS = 64
_PIECE = 40  # words of a chunk
_numbers = itertools.count()


def made_document(
    home: LocalHome, library: str, key: str, text: str, *, changed_ns: int = 0, recipe: str = "recipe"
) -> int:
    """Add or replace the file `key`, complete and held against the others; returns its document's id."""
    (document_id,) = made_documents(home, library, {key: text}, changed_ns=changed_ns, recipe=recipe)
    return document_id


def made_documents(
    home: LocalHome, library: str, texts: Mapping[str, str], *, changed_ns: int = 0, recipe: str = "recipe"
) -> list[int]:
    """The same for many files at once, by key."""
    library_id = home.catalog.libraries.id_of(library)
    assert library_id
    ids = [_words(home, library_id, key, text, changed_ns, recipe) for key, text in texts.items()]
    for document_id in ids:
        chunks = [chunk.id for chunk in home.catalog.passages.of_document(document_id)]
        seed = next(_numbers)
        home.catalog.changes.add_vectors(
            document_id, chunks, unit_vectors(seed + len(chunks), DIMENSIONS)[seed:]
        )
    home.outbox.drain()
    for document_id in ids:
        home.comparing.take_in(document_id)
    return ids


def _words(home: LocalHome, library_id: int, key: str, text: str, changed_ns: int, recipe: str) -> int:
    content = hashlib.sha256(text.encode()).hexdigest()
    home.originals.path(content).parent.mkdir(parents=True, exist_ok=True)
    home.originals.path(content).write_text(text)
    job = JobRow(
        0, library_id, key, "test", content, changed_ns, 1, True, None, False, "reading", None, None, 0.0
    )
    if there := home.catalog.documents.by_content(library_id, content, recipe):
        home.catalog.changes.attach(job, key, there, "{}")
        return there.id
    words = text.split(" ")
    chunks: list[Chunk] = []
    start = 0
    for at in range(0, len(words), _PIECE):
        piece = " ".join(words[at : at + _PIECE])
        chunks.append(Chunk(len(chunks), 1, start, start + len(piece), piece))
        start += len(piece) + 1
    read = FileText("text/markdown", key, False, (Page(1, text),), Receipt((), 0.0))
    return home.catalog.changes.add_words(job, key, recipe, read, key, chunks, "{}")
