"""Library: the one door to a library's documents, in the process that owns the home folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.catalog import DocumentRow, OriginRow
from ingest.catalog.amendments import PASSAGE_GONE
from ingest.errors import EmbedderDiffers, NotFound, Unreadable
from ingest.follow.model import Followed
from ingest.model.adding import AddResult, JobInfo, Source
from ingest.model.chunks import PassageList, StoredChunk
from ingest.model.documents import DocumentDetail, LibraryInfo, Listed, OriginInfo
from ingest.model.pages import Box, Page
from ingest.model.tables import Table
from ingest.protocols import Vectors
from ingest.queue.intake import Intake
from ingest.queue.recognised import spans_and_boxes
from ingest.readers import SHOWN_AS_PAGES, TABULAR
from ingest.recipe import Choice, choice_to_json
from ingest.shelf import aside, tags
from ingest.shelf.alike import Alike, pairs
from ingest.shelf.amending import clean_correction
from ingest.shelf.dated import Dated, dates
from ingest.shelf.scope import Scope, chosen
from ingest.shelf.tags import Rule
from ingest.shelf.within import Within, listed, marked, resolve, search_vectors, search_words

if TYPE_CHECKING:
    from ingest.home.opening import LocalHome


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
        self.intake = Intake(home, library_id, name)

    @property
    def id(self) -> int:
        return self._id

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
        return self.intake.enqueue(sources)

    def reread(self, keys: Sequence[str], choice: Choice) -> list[int]:
        self._same_embedder()
        choice.checked(self._home.settings)
        held = [(origin, self._document_of(origin.key)) for origin in map(self._origin, keys)]
        with self._home.originals.kept():  # until the jobs name them
            for origin, document in held:
                if not self._home.originals.path(document.content_hash).is_file():
                    raise NotFound(f"The original of “{origin.key}” is missing. Add the file again.")
            ids = [
                self._home.queue.add(
                    self._id, origin.key, origin.place, document.content_hash, origin.mtime_ns, origin.size_bytes,
                    password=document.password or self._home.passwords.get(document.id),
                    keep_password=document.password is not None, choice=choice_to_json(choice),
                )
                for origin, document in held
            ]  # fmt: skip
        self._home.pipeline.wake()
        return ids

    def add(
        self, sources: Iterable[Source], on_progress: Callable[[JobInfo], None] | None = None
    ) -> Iterator[AddResult]:
        self._same_embedder()
        yield from self.intake.add(sources, on_progress)

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

    # ------------------------------------------------------------------ kept in step

    def follow(self, place: str, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Followed:
        return self._home.followers.follow(self, place, include, exclude)

    def followed(self) -> list[Followed]:
        return self._home.followers.table.rows(self._id)

    def change_followed(
        self,
        followed_id: int,
        *,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        paused: bool | None = None,
    ) -> Followed:
        return self._home.followers.change(self, followed_id, include, exclude, paused)

    def look(self, followed_id: int) -> None:
        self._home.followers.look(self, followed_id)

    def unfollow(self, followed_id: int, remove: bool = False) -> int:
        return self._home.followers.unfollow(self, followed_id, remove)

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

    def origins(self, search: str = "", keys: Sequence[str] | None = None) -> list[OriginInfo]:
        found = self._home.catalog.documents.origins(self._id, search, keys)
        found = marked(self._home.catalog, self._id, found)
        return found if self._within is None else chosen(self._scope, found)

    def listed(self) -> list[Listed]:
        found = listed(self._home.catalog, self._id)
        return found if self._within is None else chosen(self._scope, found)

    def dates(self, document_ids: Sequence[int]) -> dict[int, Dated]:
        return dates(self._home.catalog, self._id, document_ids)

    def detail(self, key: str) -> DocumentDetail:
        found = self._home.catalog.documents.origins(self._id, keys=[key])
        for detail in self._details(marked(self._home.catalog, self._id, found)):
            return detail
        raise NotFound(_no_origin(key))

    def receipts(self) -> list[DocumentDetail]:
        return self._details(self.origins())

    def _details(self, origins: list[OriginInfo]) -> list[DocumentDetail]:
        instead = aside.aside(self._home.catalog, self._id)
        return [
            replace(each, instead=instead.get(each.origin.document_id, ""))
            for each in self._home.catalog.documents.details(origins)
        ]

    def pages(self, key: str) -> list[Page]:
        return self._home.catalog.passages.pages(self._document_of(key).id)

    def document_chunks(self, key: str) -> list[StoredChunk]:
        found = self._home.catalog.passages.of_document(self._document_of(key).id)
        return [chunk for chunk in found if not chunk.off]

    def passages(
        self, key: str, search: str = "", *, changed: bool = False, first: int = 0, limit: int = 50
    ) -> PassageList:
        document_id = self._document_of(key).id
        catalog = self._home.catalog
        shown, found = catalog.passages.listing(document_id, search, changed, max(0, first), max(0, limit))
        return PassageList(tuple(shown), found, catalog.amendments.count(document_id))

    def switch(self, chunk_id: int, off: bool) -> StoredChunk:
        self._home.catalog.amendments.switch(self._id, chunk_id, off)
        self._home.outbox.drain()
        return self._passage(chunk_id)

    def correct(self, chunk_id: int, text: str | None) -> StoredChunk:
        self._same_embedder()
        chunk = self._passage(chunk_id)
        as_read = chunk.text if chunk.as_read is None else chunk.as_read
        wanted = None if text is None else clean_correction(text, as_read)
        vector = self._home.pipeline.embedded(chunk.context, as_read if wanted is None else wanted)
        self._home.catalog.amendments.correct(self._id, chunk_id, wanted, vector)
        self._home.outbox.drain()
        return self._passage(chunk_id)

    def _passage(self, chunk_id: int) -> StoredChunk:
        found = self._home.catalog.passages.one(self._id, chunk_id)
        if found is None:
            raise NotFound(PASSAGE_GONE)
        return found

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
            spans, boxes = spans_and_boxes(pages[0], start, end)
            drawn += [(*span, kind) for span in spans]
            placed += [(box, kind) for box in boxes]
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

    def _origin(self, key: str) -> OriginRow:
        origin = self._home.catalog.documents.origin(self._id, key)
        if origin is None or origin.document_id is None:
            raise NotFound(_no_origin(key))
        return origin

    def _document_of(self, key: str) -> DocumentRow:
        return self._document(self._origin(key).document_id or 0)

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


def _no_origin(key: str) -> str:
    return f"“{key}” is not in this library. `list` shows what is."
