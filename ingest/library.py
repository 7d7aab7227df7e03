"""Library: the one door to a library's documents, in the process that owns the home folder."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from ingest import aside, tags
from ingest.alike import Alike, pairs
from ingest.catalog import DocumentRow
from ingest.errors import EmbedderDiffers, FootnoteError, NotFound, Unreadable, WrongUsage
from ingest.model import (
    ENDED,
    AddResult,
    AddState,
    Box,
    DocumentDetail,
    DocumentState,
    JobInfo,
    LibraryInfo,
    Listed,
    OriginInfo,
    Page,
    Source,
    StoredChunk,
    Table,
)
from ingest.originals import CHANGED
from ingest.pipeline import UPLOAD
from ingest.protocols import Vectors
from ingest.readers import SHOWN_AS_PAGES, TABULAR, source_ranges
from ingest.recognition import line_boxes
from ingest.scope import Scope, chosen
from ingest.tags import Rule
from ingest.within import Within, listed, marked, resolve, search_vectors, search_words

if TYPE_CHECKING:
    from ingest.home import LocalHome

NAME_LIMIT = 80  # characters of a library's name
KEY_LIMIT = 500  # characters of an origin's key


class LocalLibrary:
    """`ingest.protocols.Library` over the home's stores."""

    def __init__(
        self,
        home: LocalHome,
        library_id: int,
        name: str,
        scope: Scope | None = None,
        within: Within | None = None,
    ) -> None:
        self._home = home
        self._id = library_id
        self._name = name
        self._scope = scope or Scope()
        self._within = within  # what `scope` takes in; None is everything

    @property
    def name(self) -> str:
        return self._name

    @property
    def scope(self) -> Scope:
        return self._scope

    def within(self, scope: Scope) -> LocalLibrary:
        if not scope:
            return LocalLibrary(self._home, self._id, self._name)
        taken = resolve(self._home.catalog, self._id, self._name, scope)
        return LocalLibrary(self._home, self._id, self._name, scope, taken)

    def info(self) -> LibraryInfo:
        whole = self._home.catalog.libraries.info(self._id)
        if self._within is None:
            away = len(aside.aside(self._home.catalog, self._id))
            newest = aside.newest_answers(self._home.catalog, self._id)
            return replace(whole, aside=away, newest_answers=newest)
        counts = len(self._within.documents), self._within.origins, self._within.chunks
        return replace(whole, documents=counts[0], origins=counts[1], chunks=counts[2])

    # ------------------------------------------------------------------ changes

    def enqueue(self, sources: Iterable[Source]) -> list[int]:
        self._same_embedder()
        ids = [self._enqueue(source) for source in sources]
        self._home.pipeline.wake()
        return ids

    def _enqueue(self, source: Source) -> int:
        """Store the file and queue it; what needs no work or cannot be had ends at once."""
        with self._home.originals.kept():  # until the job names it
            return self._store_and_queue(source)

    def _store_and_queue(self, source: Source) -> int:
        key = clean_key(source.key)
        path = Path(source.path)
        queue = self._home.queue
        try:
            stat = path.stat()
            if not S_ISREG(stat.st_mode):
                raise Unreadable("This is not a file. Name a file or a folder.")
            self._size_within_limit(stat.st_size)
            mtime = 0 if source.place == UPLOAD else stat.st_mtime_ns
            if unchanged := self._unchanged(source, key, mtime, stat.st_size):
                return queue.add(self._id, key, source.place, "", mtime, stat.st_size, result=unchanged)
            content_hash = self._home.originals.put(path, stat.st_size, move=source.temporary)
            if not source.temporary and (path.stat().st_mtime_ns, path.stat().st_size) != (
                stat.st_mtime_ns,
                stat.st_size,
            ):
                self._home.originals.discard([content_hash])
                raise Unreadable(CHANGED)
        except (FootnoteError, OSError) as error:
            message = str(error)
            if isinstance(error, OSError):
                message = f"This file cannot be read ({error.strerror}). Check that it is still there."
            failed = AddResult(key, AddState.FAILED, message=message)
            return queue.add(self._id, key, source.place, "", 0, 0, result=failed)
        return queue.add(
            self._id, key, source.place, content_hash, mtime, stat.st_size,
            replace_key=source.replace, password=source.password, keep_password=source.keep_password,
        )  # fmt: skip

    def _size_within_limit(self, size_bytes: int) -> None:
        limit = self._home.settings.max_file_mib
        if size_bytes > limit * 2**20:
            raise Unreadable(
                f"This file has {size_bytes / 2**20:,.0f} MB, more than the {limit} MB allowed. Split it, "
                "or raise FOOTNOTE_MAX_FILE_MIB."
            )

    def _unchanged(self, source: Source, key: str, mtime_ns: int, size_bytes: int) -> AddResult | None:
        """The end of a file that is here as it was: same place, same time, same size."""
        origin = self._home.catalog.documents.origin(self._id, key)
        if origin is None or not mtime_ns or origin.document_id is None:
            return None
        if (origin.place, origin.mtime_ns, origin.size_bytes) != (source.place, mtime_ns, size_bytes):
            return None
        document = self._home.catalog.documents.by_id(origin.document_id)
        if document is None or document.recipe != self._home.recipe or origin.pending_id:
            return None
        if document.state is not DocumentState.COMPLETE:
            return None
        return AddResult(key, AddState.UNCHANGED, document.pages, document.chunks)

    def add(
        self, sources: Iterable[Source], on_progress: Callable[[JobInfo], None] | None = None
    ) -> Iterator[AddResult]:
        queue = self._home.queue
        for job_id in self.enqueue(sources):
            while True:
                with queue.changed:
                    (info,) = queue.infos(self._name, ids=[job_id])
                    if info.stage not in ENDED:
                        queue.changed.wait(timeout=1.0)
                if on_progress:
                    on_progress(info)
                if info.stage in ENDED:
                    break
            assert info.result is not None
            self.dismiss([job_id])
            yield info.result

    def retry(
        self,
        job_id: int,
        *,
        password: str | None = None,
        keep_password: bool = False,
        replace: bool | None = None,
    ) -> None:
        self._home.queue.retry(job_id, password, keep_password, replace)
        self._home.pipeline.wake()

    def remove(self, keys: Sequence[str]) -> int:
        self._home.originals.discard(self._home.catalog.changes.remove(self._id, keys))
        aside.forget_removed(self._home.catalog, self._id)
        self._home.outbox.drain()
        self._home.reclaiming.look()
        return len(keys)

    def tag(self, keys: Sequence[str], add: Sequence[str] = (), remove: Sequence[str] = ()) -> int:
        return tags.change(self._home.catalog, self._id, keys, add, remove)

    def set_rules(self, rules: Sequence[Rule]) -> None:
        tags.set_rules(self._home.catalog, self._id, rules)

    def set_aside(self, keys: Sequence[str], instead: str) -> int:
        return aside.set_aside(self._home.catalog, self._id, keys, instead)

    def bring_back(self, keys: Sequence[str]) -> int:
        return aside.bring_back(self._home.catalog, self._id, keys)

    def let_newest_answer(self, newest: bool) -> None:
        aside.let_newest_answer(self._home.catalog, self._id, newest)

    # ------------------------------------------------------------------ looking

    def revision(self) -> int:
        return self._home.catalog.revision

    def rules(self) -> list[Rule]:
        return tags.rules(self._home.catalog, self._id)

    def alike(self, key: str | None = None) -> list[Alike]:
        if key is not None:
            self._document_of(key)  # raises NotFound
        away = aside.aside(self._home.catalog, self._id)
        return pairs(self._home.catalog, self._id, away, key)

    def jobs(self) -> list[JobInfo]:
        return self._home.queue.infos(self._name, self._id)

    def cancel(self, job_ids: Sequence[int]) -> None:
        self._home.queue.cancel(job_ids)

    def dismiss(self, job_ids: Sequence[int]) -> None:
        self._home.originals.discard(self._home.queue.forget(job_ids))

    def origins(self, search: str = "") -> list[OriginInfo]:
        found = marked(self._home.catalog, self._id, self._home.catalog.documents.origins(self._id, search))
        return found if self._within is None else chosen(self._scope, found)

    def listed(self) -> list[Listed]:
        found = listed(self._home.catalog, self._id)
        return found if self._within is None else chosen(self._scope, found)

    def detail(self, key: str) -> DocumentDetail:
        document = self._document_of(key)
        (origin,) = marked(
            self._home.catalog, self._id, self._home.catalog.documents.origins(self._id, key=key)
        )
        others = tuple(each for each in self._home.catalog.documents.keys_of(document.id) if each != key)
        instead = aside.aside(self._home.catalog, self._id).get(document.id, "")
        return DocumentDetail(
            origin, others, document.content_hash, document.receipt, document.paged, instead
        )

    def pages(self, key: str) -> list[Page]:
        return self._home.catalog.passages.pages(self._document_of(key).id)

    def document_chunks(self, key: str) -> list[StoredChunk]:
        return self._home.catalog.passages.of_document(self._document_of(key).id)

    def page_image(
        self, document_id: int, page: int, marks: Sequence[tuple[int, int, str]] = (), width: int = 1000
    ) -> bytes:
        document = self._document(document_id)
        pages = self._home.catalog.passages.pages(document_id, page)
        if not pages:
            raise NotFound(f"This document has no page {page}.")
        if document.media_type not in SHOWN_AS_PAGES:
            raise Unreadable("This kind of file has no page images; its passages are shown as text.")
        password = document.password or self._home.passwords.get(document_id)
        drawn: list[tuple[int, int, str]] = []
        placed: list[tuple[Box, str]] = []
        for start, end, kind in marks:
            if pages[0].lines:
                placed += [(box, kind) for box in line_boxes(pages[0], start, end)]
            else:
                drawn += [(*span, kind) for span in source_ranges(pages[0].runs, start, end)]
        return self._home.sandbox.page_image(
            self._home.originals.path(document.content_hash), page, drawn, width, password,
            media_type=document.media_type, placed=placed,
        )  # fmt: skip

    def original(self, key: str) -> bytes:
        return self._home.originals.path(self._document_of(key).content_hash).read_bytes()

    def tables(self, key: str) -> list[Table]:
        document = self._document_of(key)
        if document.media_type not in TABULAR:
            return []
        return self._home.sandbox.tables(self._home.originals.path(document.content_hash), key)

    def _document_of(self, key: str) -> DocumentRow:
        origin = self._home.catalog.documents.origin(self._id, key)
        if origin is None or origin.document_id is None:
            raise NotFound(_no_origin(key))
        return self._document(origin.document_id)

    def _document(self, document_id: int) -> DocumentRow:
        document = self._home.catalog.documents.by_id(document_id)
        if document is None or document.library_id != self._id:
            raise NotFound("This document is no longer in the library. Ask again to see what is.")
        return document

    # ------------------------------------------------------------------ what a question needs

    def search_words(self, query: str, limit: int) -> list[tuple[int, float]]:
        if self._within is not None:
            return search_words(self._home.words, self._id, self._within, query, limit)
        return aside.asked(
            self._home.catalog, self._id, lambda n: self._home.words.search(self._id, query, n), limit
        )

    def search_vectors(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        whole = self._same_embedder()
        if self._within is not None:
            stores = self._home.catalog, self._home.vectors
            return search_vectors(*stores, self._id, self._within, vector, limit, whole.chunks)
        found = aside.asked(
            self._home.catalog, self._id, lambda n: self._home.vectors.search(self._id, vector, n), limit
        )
        complete = self._home.catalog.passages.complete_among([chunk_id for chunk_id, _ in found])
        return [(chunk_id, score) for chunk_id, score in found if chunk_id in complete]

    def cosines(self, vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]:
        self._same_embedder()
        ids, vectors = self._home.catalog.passages.vectors(chunk_ids)
        return dict(zip(ids, (vectors @ vector).tolist(), strict=True)) if ids else {}

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        return self._home.words.idf(self._id, terms)

    def spans(self) -> dict[int, tuple[int, int]]:
        return self._home.catalog.passages.spans(self._id)

    def holding(self, words: str) -> list[int]:
        return self._home.words.holding(self._id, words)

    def vectors(self, chunk_ids: Sequence[int]) -> tuple[list[int], Vectors]:
        self._same_embedder()
        return self._home.catalog.passages.vectors(chunk_ids)

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, StoredChunk]:
        return self._home.catalog.passages.live(chunk_ids)

    def neighbours(self, chunk: StoredChunk, before: int = 1, after: int = 1) -> list[StoredChunk]:
        return [
            each
            for each in self._home.catalog.passages.of_page(
                chunk.document_id, chunk.page, chunk.ordinal - before, chunk.ordinal + after
            )
            if each.id != chunk.id
        ]

    def _same_embedder(self) -> LibraryInfo:
        info = self._home.catalog.libraries.info(self._id)
        built_with = info.embedder
        if built_with != self._home.embedder:
            raise EmbedderDiffers(
                f"“{self._name}” was built with the embedder {built_with}, and {self._home.embedder} is set "
                "now. Set FOOTNOTE_EMBEDDER back, or make a new library and add the files to it."
            )
        return info


# ---------------------------------------------------------------------- names and offsets


def clean_name(name: str) -> str:
    """A library's name: one line, trimmed. Raises WrongUsage when nothing is left or it is too long."""
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    if not cleaned or not cleaned.isprintable() or len(cleaned) > NAME_LIMIT:
        raise WrongUsage(f"A library's name has 1 to {NAME_LIMIT} printable characters. Choose another.")
    return cleaned


def clean_key(key: str) -> str:
    """A key as a harmless POSIX path: no "..", no root, no control characters, NFC, at most 500 long."""
    normal = unicodedata.normalize("NFC", key.replace("\\", "/").encode("utf-8", "replace").decode())
    parts = [re.sub(r"[\x00-\x1f\x7f]", "", part).strip() for part in normal.split("/")]
    cleaned = "/".join(part for part in parts if part not in ("", ".", ".."))
    if len(cleaned) > KEY_LIMIT:
        stem, suffix = os.path.splitext(cleaned)
        cleaned = stem[: KEY_LIMIT - len(suffix[:20])] + suffix[:20]
    return cleaned or "unnamed"


def _no_origin(key: str) -> str:
    return f"“{key}” is not in this library. `list` shows what is."
