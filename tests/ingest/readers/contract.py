"""What every reader's result must hold, whatever the format."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ingest.embedder import load_tokenizer
from ingest.model.chunks import Chunk
from ingest.model.pages import FileText, PageState
from ingest.processes.channel import pack, unpack
from ingest.protocols import Tokenizer
from ingest.readers import read
from ingest.settings import Settings
from ingest.text.chunking import chunk_pages


@cache
def tokenizer() -> Tokenizer:
    return load_tokenizer(Settings())


def chunks_of(found: FileText) -> list[Chunk]:
    return chunk_pages(found.pages, tokenizer(), Settings().chunk_tokens)


def read_file(path: Path, **settings: int) -> FileText:
    """The file's text, after checking that it holds what later stages rely on."""
    found = read(path, path.name, Settings(**settings))  # type: ignore[arg-type]
    assert [page.number for page in found.pages] == list(range(1, len(found.pages) + 1))
    assert [each.number for each in found.receipt.pages] == [page.number for page in found.pages]
    assert found.paged or len(found.pages) == 1
    for page, receipt in zip(found.pages, found.receipt.pages, strict=True):
        assert receipt.characters == len(page.text)
        assert (receipt.state is PageState.READ) == bool(page.text.strip())
        starts = [heading.start for heading in page.headings]
        assert starts == sorted(starts)
        assert all(0 <= start < len(page.text) for start in starts)
        assert all(heading.text and heading.level >= 1 for heading in page.headings)
        assert not any(ord(character) < 32 and character not in "\n\t" for character in page.text)
    assert unpack(*pack(found)) == found  # it survives the way out of the sandbox
    texts = {page.number: page.text for page in found.pages}
    chunks = chunks_of(found)
    assert chunks
    for chunk in chunks:
        assert texts[chunk.page][chunk.start : chunk.end] == chunk.text
    kept = "".join("".join(chunk.text for chunk in chunks).split())
    assert kept == "".join("".join(texts.values()).split())
    return found


def headings_of(found: FileText) -> list[tuple[int, str]]:
    """(level, text), after checking that each stands where it says."""
    for page in found.pages:
        for heading in page.headings:
            assert page.text.startswith(heading.text, heading.start), heading
    return [(heading.level, heading.text) for page in found.pages for heading in page.headings]
