"""The documents a question looks at, and which of them it names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from ingest.model.chunks import StoredChunk
from ingest.model.documents import DocumentState
from ingest.protocols import Library
from ingest.shelf.scope import Scope
from ingest.text.analysis import STOP_WORDS, question_terms, terms

# Words that many names hold and that tell no document from another.
_GENERIC = frozenset(
    term
    for word in "document file page guide policy handbook report text article paper scheme programme program manual doc note sheet".split()
    for term in terms(word)
)
BATCH = 500  # chunks fetched at a time: between two of them a stop is heard


@dataclass(frozen=True)
class Shelved:
    """A document in view, with its names as they were analysed at the first use. `first` and `last` are its chunk ids; both 0 when it has no text."""

    id: int
    key: str
    title: str
    media_type: str
    state: DocumentState
    first: int
    last: int
    changed: bool = False  # some passages are switched off or corrected by hand

    @property
    def chunk_ids(self) -> range:
        return range(self.first, self.last + 1) if self.first else range(0)

    @property
    def readable(self) -> bool:
        return self.first > 0

    @property
    def name(self) -> str:
        """Its title, else its file name: for people."""
        return self.title or PurePosixPath(self.key).name

    @cached_property
    def file(self) -> str:
        """Its file name, casefolded."""
        return PurePosixPath(self.key.casefold()).name

    @cached_property
    def names(self) -> frozenset[str]:
        """What it may be called as it is written, casefolded: path, file name, file name without its ending, title."""
        path = PurePosixPath(self.key.casefold())
        return frozenset({str(path), path.name, path.stem, self.title.casefold()} - {""})

    @cached_property
    def name_terms(self) -> tuple[frozenset[str], frozenset[str]]:
        """The stems of its title, and those of its file name."""
        stem = PurePosixPath(self.key).stem.replace("_", " ").replace("-", " ")
        return frozenset(terms(self.title)), frozenset(terms(stem))

    @cached_property
    def telling(self) -> tuple[frozenset[str], ...]:
        """The same, each without the words that tell no document from another; empty ones left out."""
        found = (held - _GENERIC - STOP_WORDS for held in self.name_terms)
        return tuple(held for held in found if held)

    @property
    def terms(self) -> frozenset[str]:
        title, stem = self.name_terms
        return title | stem


class Shelves:
    """The documents that were looked at last, kept until their library changes: to list 5,000 and to analyse their
    names takes longer than an ordinary question. Safe for threads."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[str, Scope, int], tuple[Shelved, ...]] | None = None

    def of(self, library: Library) -> Shelf:
        seen = (library.name, library.scope, library.revision())
        kept = self._kept
        if kept is None or kept[0] != seen:
            kept = self._kept = (seen, listed(library))
        return Shelf(library, kept[1])


def listed(library: Library) -> tuple[Shelved, ...]:
    """The documents of a library that are asked, by key."""
    spans = library.spans()
    found: dict[int, Shelved] = {}
    for origin in library.origins():
        if origin.aside and not library.scope:  # a scope has chosen for itself
            continue
        if origin.document_id not in found:
            first, last = spans.get(origin.document_id, (0, 0))
            found[origin.document_id] = Shelved(
                origin.document_id,
                origin.key,
                origin.title,
                origin.media_type,
                origin.state,
                first,
                last,
                origin.changed > 0,
            )
    return tuple(found.values())


class Shelf:
    """The documents that a question is asked of."""

    def __init__(self, library: Library, documents: tuple[Shelved, ...]) -> None:
        self._library = library
        self.documents = documents
        self._by_id = {each.id: each for each in documents}
        by_place = sorted((each.first, each.id) for each in documents if each.readable)
        self._firsts = [first for first, _ in by_place]
        self._owners = [owner for _, owner in by_place]

    def __len__(self) -> int:
        return len(self.documents)

    def document(self, document_id: int) -> Shelved:
        return self._by_id[document_id]

    @property
    def readable(self) -> list[Shelved]:
        return [each for each in self.documents if each.readable]

    def owner(self, chunk_id: int) -> int | None:
        """The id of the document in view that holds a chunk."""
        place = bisect_right(self._firsts, chunk_id) - 1
        if place < 0 or chunk_id not in self._by_id[self._owners[place]].chunk_ids:
            return None
        return self._owners[place]

    def by_document(self, chunk_ids: Sequence[int]) -> dict[int, list[int]]:
        """Chunk ids by the document in view that holds them, others left out."""
        found: dict[int, list[int]] = {}
        for chunk_id in chunk_ids:
            owner = self.owner(chunk_id)
            if owner is not None:
                found.setdefault(owner, []).append(chunk_id)
        return found

    def chunks(self, chunk_ids: Sequence[int]) -> Iterator[list[StoredChunk]]:
        """The live ones among these chunks, BATCH at a time, in the order of the ids."""
        for at in range(0, len(chunk_ids), BATCH):
            batch = chunk_ids[at : at + BATCH]
            found = self._library.chunks(batch)
            yield [found[i] for i in batch if i in found]

    def beginnings(self, documents: Sequence[Shelved]) -> dict[int, list[StoredChunk]]:
        """The first two chunks of each document that has text, by its id: the first may be a heading alone."""
        wanted = [i for each in documents if each.readable for i in each.chunk_ids[:2]]
        found: dict[int, list[StoredChunk]] = {}
        for batch in self.chunks(wanted):
            for chunk in batch:
                found.setdefault(chunk.document_id, []).append(chunk)
        return found

    def named(self, phrase: str) -> list[Shelved]:
        """The documents that a phrase names best: by file name, else by the words of title and file name.

        More than one when nothing tells them apart; [] when a telling word of the phrase is in no name.
        """
        plain = phrase.strip().casefold()
        exact = [each for each in self.documents if plain in each.names]
        if exact:
            return exact
        wanted = set(question_terms(phrase)) - _GENERIC or set(question_terms(phrase))
        shares: dict[int, float] = {}
        for each in self.documents:
            if wanted and wanted <= each.terms:
                shares[each.id] = max(
                    len(wanted & held) / len(held - _GENERIC or held) for held in each.name_terms if held
                )
        best = max(shares.values(), default=0.0)
        return [self._by_id[i] for i, share in shares.items() if share == best]

    def half_named(self, phrase: str) -> list[Shelved]:
        """The documents whose names hold most words of a phrase, at least half of the telling ones."""
        wanted = telling_terms(phrase)
        held = {each.id: len(wanted & each.terms) for each in self.documents}
        most = max(held.values(), default=0)
        return [self._by_id[i] for i, n in held.items() if n == most] if most * 2 >= len(wanted) > 0 else []

    def spoken_of(self, text: str) -> list[Shelved]:
        """The documents whose names stand in a text, in its order: a file name as it is, else all telling words of
        the title or the file name. One whose words are only a part of another's that stands in it is left out."""
        lowered = text.casefold()
        files = [each for each in self.documents if each.file in lowered]
        if files:
            return sorted(files, key=lambda each: lowered.find(each.file))
        said = question_terms(text)
        known = frozenset(said)
        found: dict[int, frozenset[str]] = {}
        for each in self.documents:
            if names := [name for name in each.telling if name <= known]:
                found[each.id] = max(names, key=len)
        whole = [i for i, held in found.items() if not any(held < other for other in found.values())]
        return [self._by_id[i] for i in sorted(whole, key=lambda i: min(map(said.index, found[i])))]

    def calls(self, document: Shelved, text: str) -> bool:
        """Whether a text calls a document by its name: by two telling words or more in a row, or by its only one with a
        word for documents behind it ("the Miro guide"); by its file."""
        if document.file in text.casefold():
            return True
        said = question_terms(text)
        for name in document.telling:
            for at in range(len(said)):
                row = said[at : at + len(name) + 1]
                if name <= set(row) and (len(name) > 1 or set(row[1:]) & _GENERIC):
                    return True
        return False


def telling_terms(phrase: str) -> set[str]:
    """The terms of a phrase but those that name nothing."""
    found = set(question_terms(phrase))
    return found - _GENERIC or found
