"""What tests of a whole answer share: the sample library's files, and where an answer's events end."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.model.adding import Source
from ingest.settings import PROJECT
from rag.model import Answer, Event, Finished

SAMPLE_SOURCES = [
    Source(str(path), f"sample/{path.name}", str(path))
    for path in sorted((PROJECT / "ingest" / "sample").iterdir())
    if path.suffix in (".md", ".txt", ".html", ".pdf")
]


def ended(events: Iterator[Event]) -> tuple[Answer, list[Event]]:
    """The answer, and all events up to it."""
    told = list(events)
    last = told[-1]
    assert isinstance(last, Finished)
    return last.answer, told
