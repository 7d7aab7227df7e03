"""The documents a question looks at, and which of them it names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.model import DocumentState, StoredChunk
from ingest.protocols import Library
from ingest.text.analysis import STOP_WORDS, question_terms, terms

# Words that many names hold and that tell no document from another.
_GENERIC = frozenset(
    term
    for word in "document file page guide policy handbook report text article paper scheme programme program manual doc note sheet".split()
    for term in terms(word)
)
BATCH = 500  # chunks fetched at a time: between two of them a stop is heard


@dataclass(frozen=True, slots=True)
class Shelved:
    """A document in view. `first` and `last` are its chunk ids; both 0 when it has no text."""

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

    @property
    def terms(self) -> set[str]:
        """The stems of its title and of its file name."""
        title, stem = _title_terms(self)
        return title | stem


class Shelf:
    """The documents of a library that are asked, or those of `only` (document ids), by key."""

    def __init__(self, library: Library, only: Collection[int] | None = None) -> None:
        self._library = library
        spans = library.spans()
        found: dict[int, Shelved] = {}
        for origin in library.origins():
            if origin.aside and not library.scope:  # a scope has chosen for itself
                continue
            if (only is None or origin.document_id in only) and origin.document_id not in found:
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
        self.documents: tuple[Shelved, ...] = tuple(found.values())
        self._by_id = found
        by_place = sorted((each.first, each.id) for each in found.values() if each.readable)
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
        exact = [each for each in self.documents if plain in _names(each)]
        if exact:
            return exact
        wanted = set(question_terms(phrase)) - _GENERIC or set(question_terms(phrase))
        shares: dict[int, float] = {}
        for each in self.documents:
            title, stem = _title_terms(each)
            if wanted and wanted <= title | stem:
                shares[each.id] = max(
                    len(wanted & held) / len(held - _GENERIC or held) for held in (title, stem) if held
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
        files = [each for each in self.documents if PurePosixPath(each.key.casefold()).name in lowered]
        if files:
            return sorted(files, key=lambda each: lowered.find(PurePosixPath(each.key.casefold()).name))
        said = question_terms(text)
        found: dict[int, set[str]] = {}
        for each in self.documents:
            names = [_telling(held) for held in _title_terms(each)]
            held = max((name for name in names if name and name <= set(said)), key=len, default=set())
            if held:
                found[each.id] = held
        whole = [i for i, held in found.items() if not any(held < other for other in found.values())]
        return [self._by_id[i] for i in sorted(whole, key=lambda i: min(map(said.index, found[i])))]

    def calls(self, document: Shelved, text: str) -> bool:
        """Whether a text calls a document by its name: by two telling words or more in a row, or by its only one with a
        word for documents behind it ("the Miro guide"); by its file."""
        if PurePosixPath(document.key.casefold()).name in text.casefold():
            return True
        said = question_terms(text)
        for name in map(_telling, _title_terms(document)):
            for at in range(len(said)):
                row = said[at : at + len(name) + 1]
                if name and name <= set(row) and (len(name) > 1 or set(row[1:]) & _GENERIC):
                    return True
        return False


def _telling(held: set[str]) -> set[str]:
    return {term for term in held if term not in _GENERIC and term not in STOP_WORDS}


def telling_terms(phrase: str) -> set[str]:
    """The terms of a phrase but those that name nothing."""
    found = set(question_terms(phrase))
    return found - _GENERIC or found


def _names(document: Shelved) -> set[str]:
    path = PurePosixPath(document.key.casefold())
    return {str(path), path.name, path.stem, document.title.casefold()} - {""}


def _title_terms(document: Shelved) -> tuple[set[str], set[str]]:
    stem = PurePosixPath(document.key).stem.replace("_", " ").replace("-", " ")
    return set(terms(document.title)), set(terms(stem))
