"""The doors of ingest: what rag, the page and the command line may ask of it.

`Home` and `Library` are met twice: opened in this process (`ingest.library`) and reached over
loopback HTTP when a running app owns the folder (`ingest.remote.client`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.follow.model import Followed
from ingest.model.adding import AddResult, JobInfo, Source
from ingest.model.chunks import PassageList, StoredChunk
from ingest.model.documents import DocumentDetail, LibraryInfo, Listed, OriginInfo
from ingest.model.pages import Page
from ingest.model.tables import Table
from ingest.model.upkeep import BackupInfo, Fault, Remains
from ingest.recipe import Choice
from ingest.shelf.alike import Alike
from ingest.shelf.dated import Dated
from ingest.shelf.scope import Scope
from ingest.shelf.tags import Rule

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `libraries` are the names they may see; None is all of them (the owner)."""

    name: str = "owner"
    libraries: frozenset[str] | None = None

    def may_see(self, library: str) -> bool:
        return self.libraries is None or library in self.libraries


OWNER = Caller()


class Tokenizer(Protocol):
    """The embedder's tokenizer, as far as chunking needs it."""

    def offsets(self, text: str) -> NDArray[np.int32]:
        """Character offsets of the tokens of `text`, shape (tokens, 2), special tokens left out."""
        ...


class Embedder(Protocol):
    """Texts to vectors. A library remembers `identity` and refuses another."""

    @property
    def identity(self) -> str: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def window_tokens(self) -> int:
        """Tokens a text may have, special tokens included; the rest is cut off."""
        ...

    @property
    def tokenizer(self) -> Tokenizer: ...
    @property
    def backend(self) -> str:
        """The number format in use, for people: "float32", "bfloat16", "int8"."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """L2-normalised vectors, shape (len(texts), dimensions), in the order of `texts`."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class WordsEntry:
    """What BM25 indexes of one chunk."""

    chunk_id: int
    text: str
    context: str  # title and heading path


class LexicalIndex(Protocol):
    """BM25 for every library, on disk, incremental. Ids are chunk ids. Safe for threads."""

    def add(self, library_id: int, entries: Sequence[WordsEntry]) -> None:
        """Durable when it returns. Adding an id again replaces it."""
        ...

    def remove(self, library_id: int, chunk_ids: range) -> None:
        """Durable when it returns. Ids that are not there are no fault."""
        ...

    def search(
        self, library_id: int, query: str, limit: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25 score > 0), best first. No query syntax: every character is text.

        With `among`, only these chunks; their scores are those that they have without it.
        """
        ...

    def idf(self, library_id: int, terms: Sequence[str]) -> dict[str, float]:
        """ln(1 + (N − n + ½) / (n + ½)) of analysed terms that n of N chunks hold; {} without chunks."""
        ...

    def holding(self, library_id: int, words: str) -> list[int]:
        """Ids of every chunk that holds all terms of `words` (but a question's stop words), in its text or
        its context; ascending. [] where there are no terms."""
        ...

    def exists(self, library_id: int) -> bool:
        """Whether anything was ever added for the library, by the analysis in use."""
        ...

    def ids(self, library_id: int) -> set[int]: ...
    def drop(self, library_id: int) -> None: ...
    def close(self) -> None: ...


class VectorIndex(Protocol):
    """Nearest neighbours by cosine for every library. Ids are chunk ids. Safe for threads."""

    def add(self, library_id: int, chunk_ids: Sequence[int], vectors: Vectors) -> None:
        """Durable when it returns. Adding an id again replaces it."""
        ...

    def remove(self, library_id: int, chunk_ids: range) -> None: ...
    def search(self, library_id: int, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """(chunk id, cosine similarity -1 to 1), best first; `vector` has shape (dimensions,)."""
        ...

    def ids(self, library_id: int) -> set[int]: ...
    def drop(self, library_id: int) -> None: ...
    def close(self) -> None: ...


class Library(Protocol):
    """The one door to a library's documents."""

    @property
    def name(self) -> str: ...
    @property
    def scope(self) -> Scope:
        """What `within` was given; empty for the whole library."""
        ...

    def within(self, scope: Scope) -> Library:
        """The same library with only the documents that `scope` takes in: counted, listed and searched.

        Raises NotFound when there is none, WrongUsage when the scope names no type or date that is one.
        """
        ...

    def info(self) -> LibraryInfo: ...

    # -- changes
    def enqueue(self, sources: Iterable[Source]) -> list[int]:
        """Store the files and queue them; returns job ids at once, in order."""
        ...

    def add(
        self, sources: Iterable[Source], on_progress: Callable[[JobInfo], None] | None = None
    ) -> Iterator[AddResult]:
        """Enqueue, then yield each file's end in order; complete (words and vectors) when yielded."""
        ...

    def reread(self, keys: Sequence[str], choice: Choice) -> list[int]:
        """Queue documents to be read again from their kept originals under other settings; returns job ids.

        What is there answers until the new one is complete; the choice stays with the file. Raises NotFound,
        and WrongUsage for a choice that cannot be.
        """
        ...

    def remove(self, keys: Sequence[str]) -> int:
        """Remove origins everywhere, and their documents with the last origin; returns how many.

        Raises NotFound when a key is not there (then nothing is removed).
        """
        ...

    def tag(self, keys: Sequence[str], add: Sequence[str] = (), remove: Sequence[str] = ()) -> int:
        """Give files tags and take others off; returns how many files. Raises NotFound, WrongUsage."""
        ...

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """Rules that give tags to present and future files, instead of those that were. Raises WrongUsage."""
        ...

    def set_aside(self, keys: Sequence[str], instead: str) -> int:
        """Ask `instead` in place of these files, as long as it is there; returns how many contents.

        They stay, and a scope that names one still asks it. Raises NotFound, WrongUsage.
        """
        ...

    def bring_back(self, keys: Sequence[str]) -> int:
        """Ask these files again, whatever `let_newest_answer` says; returns how many contents."""
        ...

    def let_newest_answer(self, newest: bool) -> None:
        """Whether of near duplicates only the newest is asked."""
        ...

    # -- kept in step
    def follow(self, place: str, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Followed:
        """Keep the library in step with a folder of this machine, by its whole path, as long as an app runs.

        Patterns are those of `ingest.follow.folder.fits`. Raises WrongUsage, NotFound or Taken.
        """
        ...

    def followed(self) -> list[Followed]:
        """What is kept in step with this library, and how it stands."""
        ...

    def change_followed(
        self,
        followed_id: int,
        *,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        paused: bool | None = None,
    ) -> Followed:
        """Choose anew which files count, or pause and resume; None leaves a thing as it is."""
        ...

    def look(self, followed_id: int) -> None:
        """Look at all of it now. A running app does so in the background; else it is done on return."""
        ...

    def unfollow(self, followed_id: int, remove: bool = False) -> int:
        """Follow it no more; with `remove` its files leave the library. Returns how many left."""
        ...

    # -- looking
    def revision(self) -> int:
        """Another number after every change in the home folder, for as long as this process runs."""
        ...

    def rules(self) -> list[Rule]: ...
    def alike(self, key: str | None = None) -> list[Alike]:
        """Near duplicates, most alike first; those of `key` with it as the first of each."""
        ...

    def jobs(self) -> list[JobInfo]:
        """Files waiting, in work, or ended and not yet dismissed; newest last."""
        ...

    def retry(
        self,
        job_id: int,
        *,
        password: str | None = None,
        keep_password: bool = False,
        replace: bool | None = None,
    ) -> None:
        """Queue a failed file again, with what it lacked: a password, or replace (True) / keep both."""
        ...

    def cancel(self, job_ids: Sequence[int]) -> None: ...
    def dismiss(self, job_ids: Sequence[int]) -> None: ...
    def origins(self, search: str = "", keys: Sequence[str] | None = None) -> list[OriginInfo]:
        """Origins by key, those of `keys` only if given; `search` matches key or title, case folded."""
        ...

    def listed(self) -> list[Listed]:
        """Origins by key, as little of each as is needed to choose among many."""
        ...

    def dates(self, document_ids: Sequence[int]) -> dict[int, Dated]:
        """Of when these documents are, as far as it can be known; those that are not here are left out."""
        ...

    def detail(self, key: str) -> DocumentDetail: ...
    def receipts(self) -> list[DocumentDetail]:
        """Every origin by key, with its receipt."""
        ...

    def pages(self, key: str) -> list[Page]: ...
    def document_chunks(self, key: str) -> list[StoredChunk]:
        """In reading order, as questions see them: corrected, and without those switched off."""
        ...

    def passages(
        self, key: str, search: str = "", *, changed: bool = False, first: int = 0, limit: int = 50
    ) -> PassageList:
        """Up to `limit` of a document's passages from the `first`-th (0-based) on, those switched off included:
        all, or those that hold `search` (case folded), with `changed` only those changed by hand."""
        ...

    def switch(self, chunk_id: int, off: bool) -> StoredChunk:
        """Switch a passage off, so that no question sees it, or on again; complete on return.

        Raises NotFound, and WrongUsage while its document is being taken in or replaced.
        """
        ...

    def correct(self, chunk_id: int, text: str | None) -> StoredChunk:
        """Let `text` stand for what was read of a passage; None takes that back. Complete on return.

        Page, offsets and what was read stay. Raises NotFound, and WrongUsage for a text that is empty or far
        longer than the passage, and while its document is being taken in or replaced.
        """
        ...

    def page_image(
        self, document_id: int, page: int, marks: Sequence[tuple[int, int, str]] = (), width: int = 1000
    ) -> bytes:
        """PNG of a PDF's page, `width` pixels wide.

        `marks` are (start, end, "passage" | "answer") in the page's text. Raises Unreadable for formats
        without pages, NeedsPassword when the password was not kept.
        """
        ...

    def original(self, key: str) -> bytes: ...
    def tables(self, key: str) -> list[Table]:
        """The rows of a workbook or of separated values; [] for other files. Raises Unreadable."""
        ...

    # -- what a question needs
    def search_words(self, query: str, limit: int) -> list[tuple[int, float]]: ...
    def search_vectors(self, vector: Vectors, limit: int) -> list[tuple[int, float]]: ...
    def cosines(self, vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]:
        """Of a unit vector to these chunks, exactly; those whose vectors are not in yet are left out."""
        ...

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """How rare analysed terms are among the library's chunks (`LexicalIndex.idf`)."""
        ...

    def spans(self) -> dict[int, tuple[int, int]]:
        """First and last chunk id of every live document that has chunks, by its id; no other document's
        ids lie between."""
        ...

    def holding(self, words: str) -> list[int]:
        """Every chunk that holds all of these words (`LexicalIndex.holding`); some may be going."""
        ...

    def vectors(self, chunk_ids: Sequence[int]) -> tuple[list[int], Vectors]:
        """The ids among these whose vectors are in, ascending, and those: float32, shape (ids, dimensions)."""
        ...

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, StoredChunk]:
        """The live ones among `chunk_ids`; what is being removed or replaced is left out."""
        ...

    def neighbours(self, chunk: StoredChunk, before: int = 1, after: int = 1) -> list[StoredChunk]:
        """Chunks of the same page around `chunk`, without it, in reading order."""
        ...


class Home(Protocol):
    """All libraries of one home folder."""

    def libraries(self, caller: Caller = OWNER) -> list[LibraryInfo]: ...
    def create(self, name: str) -> LibraryInfo: ...
    def rename(self, old: str, new: str) -> LibraryInfo: ...
    def delete(self, name: str) -> None: ...
    def library(self, name: str, caller: Caller = OWNER) -> Library:
        """Raises NotFound when there is none of that name that `caller` may see."""
        ...

    def asking(self) -> AbstractContextManager[None]:
        """While it is open, embedding yields the processor to the question."""
        ...

    def paused(self) -> bool:
        """Whether the queue of all libraries is paused."""
        ...

    def pause(self, paused: bool = True) -> None:
        """Begin nothing new in the queue until it is resumed (False), also after a restart.

        The file being read, the page being recognised and the passages being embedded are finished.
        """
        ...

    def check(self, library: str | None = None) -> list[Fault]:
        """Finish interrupted outbox work, then compare catalog, indexes and originals."""
        ...

    def remains(self) -> Remains:
        """What is left of removed documents, in all libraries and of deleted ones."""
        ...

    def rebuild(self, library: str | None = None) -> None:
        """Chroma and BM25 anew from the catalog, without embedding."""
        ...

    def backup(self, path: str) -> BackupInfo:
        """Write catalog, originals and chats as of one moment to a new file at `path`.

        Raises Taken when there is a file already, DiskFull, and WrongUsage when it cannot be written.
        """
        ...

    def close(self) -> None: ...
