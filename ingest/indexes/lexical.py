"""BM25 over words: one tantivy index per library, so that every library has its own statistics.

Derived state: the catalog holds every text, so the folder can be deleted and built anew. The only
module that imports tantivy. Chosen over SQLite FTS5 by the figures in rag/evaluate/LOG.md.

Text is analysed by `ingest.text.analysis`; the folder's name carries the analysis' version, so that after a
change of it the library reads as empty here and is built anew instead of answering wrongly.
"""

from __future__ import annotations

import math
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy

from ingest.errors import DiskFull
from ingest.protocols import WordsEntry
from ingest.text.analysis import VERSION, question_terms, terms


class TantivyIndex:
    """A `LexicalIndex` in `folder`, which is made when missing. Raises DiskFull.

    BM25 with k1 = 1.2 and b = 0.75 (Robertson, Zaragoza 2009), one score per field, summed with the
    weights below.
    """

    TEXT_WEIGHT = 1.0
    CONTEXT_WEIGHT = 0.3  # best or level on SciFact, SQuAD, Cranfield and FinanceBench (LOG.md)
    MAX_QUESTION_TERMS = 64  # the rarest ones of a longer question
    WRITER_HEAP_BYTES = 50_000_000

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("dropped-*"):
            shutil.rmtree(leftover)
        self._scopes: dict[int, _Scope] = {}
        self._guard = threading.Lock()  # of _scopes
        self._writing = threading.RLock()  # one change at a time
        self._writing_to: _Scope | None = None

    # ------------------------------------------------------------------ changes

    def add(self, library_id: int, entries: Sequence[WordsEntry]) -> None:
        """Add or replace, in one commit. Durable on return, and seen by every search from then on."""
        if not entries:
            return
        analysed = [(e.chunk_id, " ".join(terms(e.text)), " ".join(terms(e.context))) for e in entries]
        with self._writing, _faults(self._folder):
            scope = self._scope(library_id, create=True)
            assert scope is not None
            with self._writer(scope) as writer:
                latest = {row[0]: row for row in analysed}
                writer.delete_documents_by_query(scope.among(latest))
                for chunk_id, text, context in latest.values():
                    document = tantivy.Document()
                    document.add_unsigned("chunk", chunk_id)
                    document.add_text("text", text)
                    document.add_text("context", context)
                    writer.add_document(document)

    def remove(self, library_id: int, chunk_ids: range) -> None:
        """Remove the ids of a range, in one commit; what is not there is no fault."""
        with self._writing, _faults(self._folder):
            scope = self._scope(library_id)
            if scope is None or not chunk_ids:
                return
            with self._writer(scope) as writer:
                if chunk_ids.step == 1:
                    doomed = scope.between(chunk_ids[0], chunk_ids[-1])
                else:
                    doomed = scope.among(i for i in scope.ids() if i in chunk_ids)
                writer.delete_documents_by_query(doomed)

    def drop(self, library_id: int) -> None:
        """Forget a library; one that is not there is no fault."""
        with self._writing, self._guard:
            scope = self._scopes.pop(library_id, None)
            if scope is not None and scope is self._writing_to:
                self._end_writing()
            folder = self._path(library_id)
            if folder.exists():
                grave = self._folder / f"dropped-{folder.name}"
                folder.rename(grave)  # gone at once, even if deleting is interrupted
                shutil.rmtree(grave)

    # ------------------------------------------------------------------ looking

    def search(
        self, library_id: int, query: str, limit: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25 score > 0), best first. Any of the words may match; no query syntax."""
        scope = self._scope(library_id)
        return [] if scope is None or limit < 1 else self._search(scope, query, limit, among)

    def _search(
        self, scope: _Scope, query: str, limit: int, among: Sequence[int] | None
    ) -> list[tuple[int, float]]:
        searcher = scope.index.searcher()
        weights = (("text", self.TEXT_WEIGHT), ("context", self.CONTEXT_WEIGHT))
        frequent: dict[str, int] = {}
        for term in question_terms(query):
            frequency = max(searcher.doc_freq(field, term) for field, _ in weights)
            if frequency:
                frequent[term] = frequency
        rarest = sorted(frequent, key=frequent.__getitem__)[: self.MAX_QUESTION_TERMS]
        clauses = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(
                    tantivy.Query.term_query(scope.schema, field, term, index_option="freq"), weight
                ),
            )
            for term in rarest
            for field, weight in weights
        ]
        wanted = tantivy.Query.boolean_query(clauses)
        if among is not None:
            only = tantivy.Query.const_score_query(scope.among(among), 0.0)
            wanted = tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), (tantivy.Occur.Must, only)])
        # Without a count tantivy may skip what cannot reach the best (block-max WAND).
        hits = searcher.search(wanted, limit, count=False).hits
        ids = searcher.fast_field_values("chunk", [address for _, address in hits])
        return [(int(i or 0), float(score)) for i, (score, _) in zip(ids, hits, strict=True)]

    def idf(self, library_id: int, terms: Sequence[str]) -> dict[str, float]:
        """ln(1 + (N − n + ½) / (n + ½)) of analysed terms that n of N chunks hold; {} without chunks."""
        scope = self._scope(library_id)
        if scope is None:
            return {}
        searcher = scope.index.searcher()
        count = searcher.num_docs
        found: dict[str, float] = {}
        for term in terms if count else ():
            # Removed chunks are counted until their segment is merged.
            holding = min(count, max(searcher.doc_freq(field, term) for field in ("text", "context")))
            found[term] = math.log(1 + (count - holding + 0.5) / (holding + 0.5))
        return found

    def holding(self, library_id: int, words: str) -> list[int]:
        """Ids of every chunk that holds all terms of `words`, in its text or its context; ascending."""
        scope = self._scope(library_id)
        wanted = question_terms(words)
        if scope is None or not wanted:
            return []
        searcher = scope.index.searcher()
        if not searcher.num_docs:
            return []

        def either(term: str) -> tantivy.Query:
            clauses = [
                (
                    tantivy.Occur.Should,
                    tantivy.Query.term_query(scope.schema, field, term, index_option="freq"),
                )
                for field in ("text", "context")
            ]
            return tantivy.Query.boolean_query(clauses)

        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, either(term)) for term in wanted])
        hits = searcher.search(query, searcher.num_docs, count=False).hits
        ids = searcher.fast_field_values("chunk", [address for _, address in hits])
        return sorted(int(i or 0) for i in ids)

    def exists(self, library_id: int) -> bool:
        """Whether there is an index of this analysis; a rise of `analysis.VERSION` leaves none."""
        return self._path(library_id).exists()

    def ids(self, library_id: int) -> set[int]:
        scope = self._scope(library_id)
        return set() if scope is None else scope.ids()

    def close(self) -> None:
        """Wait for merges in work and release files; a second call does nothing."""
        with self._writing, self._guard:
            self._end_writing()
            self._scopes.clear()

    # ------------------------------------------------------------------ inside

    def _path(self, library_id: int) -> Path:
        return self._folder / f"{library_id}-v{VERSION}"

    def _scope(self, library_id: int, create: bool = False) -> _Scope | None:
        with self._guard:
            found = self._scopes.get(library_id)
            if found is None and (create or self._path(library_id).exists()):
                found = self._scopes[library_id] = _Scope(self._path(library_id))
            return found

    @contextmanager
    def _writer(self, scope: _Scope) -> Iterator[tantivy.IndexWriter]:
        """The writer of `scope`; commits at the end, takes everything back after a fault.

        Only the library changed last keeps its writer: each holds a heap and threads.
        """
        if scope is not self._writing_to:
            self._end_writing()
            scope.writer = scope.index.writer(self.WRITER_HEAP_BYTES, num_threads=1)
            self._writing_to = scope
        assert scope.writer is not None
        try:
            yield scope.writer
            scope.writer.commit()
        except BaseException:
            scope.writer.rollback()
            raise
        scope.index.reload()

    def _end_writing(self) -> None:
        if self._writing_to is not None and self._writing_to.writer is not None:
            self._writing_to.writer.wait_merging_threads()
            self._writing_to.writer = None
        self._writing_to = None


class _Scope:
    """One library's index, open."""

    def __init__(self, folder: Path) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("chunk", indexed=True, fast=True)
        builder.add_text_field("text", tokenizer_name="terms", index_option="freq")
        builder.add_text_field("context", tokenizer_name="terms", index_option="freq")
        self.schema = builder.build()
        folder.mkdir(parents=True, exist_ok=True)
        self.index = tantivy.Index(self.schema, path=str(folder))
        analyser = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self.index.register_tokenizer("terms", analyser)
        self.index.config_reader("manual")
        self.index.reload()
        self.writer: tantivy.IndexWriter | None = None

    def between(self, first: int, last: int) -> tantivy.Query:
        return tantivy.Query.range_query(
            self.schema, "chunk", tantivy.FieldType.Unsigned, lower_bound=first, upper_bound=last
        )

    def among(self, chunk_ids: Iterable[int]) -> tantivy.Query:
        # Not delete_documents_by_term: tantivy 0.27 looks there for a signed number and finds none.
        return tantivy.Query.term_set_query(self.schema, "chunk", list(chunk_ids))

    def ids(self) -> set[int]:
        searcher = self.index.searcher()
        if not searcher.num_docs:
            return set()
        hits = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits
        return set(map(int, searcher.fast_field_values("chunk", [address for _, address in hits])))


@contextmanager
def _faults(folder: Path) -> Iterator[None]:
    """A full disk in a person's words; the rest passes as it is."""
    try:
        yield
    except (OSError, ValueError) as error:
        if "No space left" in str(error) or "StorageFull" in str(error):
            raise DiskFull(f"No space left for {folder}. Free some and try again.") from error
        raise
