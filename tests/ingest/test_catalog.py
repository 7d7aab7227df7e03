"""The catalog: one commit a change, live generations, and what goes with the last origin."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.catalog import Catalog, JobRow
from ingest.catalog.schema import MIGRATIONS
from ingest.errors import Cancelled, NotFound, Taken
from ingest.model.adding import JobStage
from ingest.model.chunks import Chunk
from ingest.model.documents import DocumentState
from ingest.model.pages import FileText, Heading, Page, PageReceipt, PageState, Receipt, Run
from ingest.queue.jobs import JobQueue


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog(tmp_path / "catalog.sqlite")
    yield made
    made.close()


def file_text(words: str = "alpha beta", pages: int = 1) -> FileText:
    made = tuple(
        Page(n, f"Top\n{words} {n}", "iv", (Heading(0, 1, "Top"),), (Run(0, 7, 3), Run(4, 12, 5)))
        for n in range(1, pages + 1)
    )
    receipts = tuple(PageReceipt(page.number, PageState.READ, len(page.text)) for page in made)
    return FileText("application/pdf", "Title", True, made, Receipt(receipts, 0.5, warnings=("scanned?",)))


def chunks_of(text: FileText) -> list[Chunk]:
    return [Chunk(i, p.number, 4, len(p.text), p.text[4:], ("Top",)) for i, p in enumerate(text.pages)]


class Filled:
    """A library with helpers that walk a document through its commits."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.queue = JobQueue(catalog)
        self.library = catalog.libraries.create("Books", "embedder-1")

    def job(self, key: str, content: str) -> JobRow:
        job_id = self.queue.add(self.library, key, f"/{key}", content, 1, 10)
        return self.queue.rows(ids=[job_id])[0]

    def words(self, key: str, content: str, text: FileText | None = None) -> int:
        text = text or file_text()
        return self.catalog.changes.add_words(
            self.job(key, content), key, "r1", text, "Title", chunks_of(text), "{}"
        )

    def drain(self, target: str) -> list[str]:
        return self.catalog.outbox.finish(self.catalog.outbox.oldest(target))

    def vectors(self, document_id: int) -> None:
        ids = [chunk.id for chunk in self.catalog.passages.of_document(document_id)]
        self.catalog.changes.add_vectors(document_id, ids, np.ones((len(ids), 4), np.float32))

    def complete(self, key: str, content: str) -> int:
        document_id = self.words(key, content)
        self.drain("words")
        self.vectors(document_id)
        self.drain("vectors")
        return document_id


@pytest.fixture
def filled(catalog: Catalog) -> Filled:
    return Filled(catalog)


def test_a_document_is_seen_step_by_step(filled: Filled) -> None:
    catalog = filled.catalog
    document_id = filled.words("a.pdf", "h1", file_text(pages=2))
    (chunk, _) = catalog.passages.of_document(document_id)
    assert catalog.passages.live([chunk.id]) == {}, "not live before its words are indexed"
    filled.drain("words")
    assert catalog.passages.live([chunk.id])[chunk.id].text == "alpha beta 1"
    assert catalog.passages.complete_among([chunk.id]) == set()
    filled.vectors(document_id)
    filled.drain("vectors")
    assert catalog.passages.complete_among([chunk.id]) == {chunk.id}
    assert chunk.page_label == "iv"
    assert chunk.context == "Title > Top"
    ids, vectors = catalog.passages.vectors([chunk.id])
    assert ids == [chunk.id]
    assert vectors.shape == (1, 4)


def test_pages_and_receipts_come_back_as_they_were(filled: Filled) -> None:
    text = file_text(pages=3)
    document_id = filled.words("a.pdf", "h1", text)
    assert tuple(filled.catalog.passages.pages(document_id)) == text.pages
    assert filled.catalog.passages.pages(document_id, 2) == [text.pages[1]]
    document = filled.catalog.documents.by_id(document_id)
    assert document is not None
    assert document.receipt == text.receipt
    assert (document.pages, document.chunks) == (3, 3)


def test_a_replaced_document_answers_until_the_new_one_is_complete(filled: Filled) -> None:
    catalog = filled.catalog
    old = filled.complete("a.pdf", "h1")
    (old_chunk,) = catalog.passages.of_document(old)
    new = filled.words("a.pdf", "h2", file_text("gamma"))
    filled.drain("words")
    (new_chunk,) = catalog.passages.of_document(new)
    assert set(catalog.passages.live([old_chunk.id, new_chunk.id])) == {old_chunk.id}
    filled.vectors(new)
    filled.drain("vectors")
    assert set(catalog.passages.live([old_chunk.id, new_chunk.id])) == {new_chunk.id}
    assert catalog.documents.by_id(old) is None
    removals = {(row.target, row.action, row.chunk_ids) for row in catalog.outbox.oldest("words")}
    assert removals == {("words", "remove", range(old_chunk.id, old_chunk.id + 1))}


def test_the_list_to_choose_from_says_what_the_rows_say(filled: Filled) -> None:
    filled.complete("a.pdf", "h1")
    filled.words("b.pdf", "h2", replace(file_text(), receipt=Receipt((), 0.1)))
    rows = filled.catalog.documents.origins(filled.library)
    listed = filled.catalog.documents.listed(filled.library)
    assert [(each.key, each.document_id, each.size_bytes, each.state, each.remarked) for each in listed] == [
        (row.key, row.document_id, row.size_bytes, row.state, bool(row.warnings)) for row in rows
    ]
    assert [each.remarked for each in listed] == [True, False]
    assert filled.catalog.documents.origins(filled.library, keys=["b.pdf", "c.pdf"]) == rows[1:]


def test_content_goes_with_its_last_origin(filled: Filled) -> None:
    catalog = filled.catalog
    document_id = filled.complete("a.pdf", "h1")
    document = catalog.documents.by_id(document_id)
    assert document is not None
    catalog.changes.attach(filled.job("b.pdf", "h1"), "b.pdf", document, "{}")
    (first, second) = catalog.documents.details(catalog.documents.origins(filled.library))
    assert (first.origin.key, first.other_keys, second.other_keys) == ("a.pdf", ("b.pdf",), ("a.pdf",))
    filled.queue.forget([row.id for row in filled.queue.rows()])
    assert catalog.changes.remove(filled.library, ["a.pdf"]) == []
    assert catalog.documents.by_id(document_id) is not None
    for row in filled.queue.rows():
        filled.queue.end(row.id, _result(row.key))
    filled.queue.forget([row.id for row in filled.queue.rows()])
    assert catalog.changes.remove(filled.library, ["b.pdf"]) == ["h1"]
    assert catalog.documents.by_id(document_id) is None
    assert catalog.passages.vectors([1])[0] == []


def _result(key: str):  # type: ignore[no-untyped-def]
    from ingest.model.adding import AddResult, AddState

    return AddResult(key, AddState.ADDED)


def test_removing_is_all_or_nothing(filled: Filled) -> None:
    filled.complete("a.pdf", "h1")
    with pytest.raises(NotFound, match="missing"):
        filled.catalog.changes.remove(filled.library, ["a.pdf", "missing.pdf"])
    assert filled.catalog.documents.origin_keys(filled.library) == {"a.pdf"}


def test_an_abandoned_replacement_leaves_the_old_document(filled: Filled) -> None:
    old = filled.complete("a.pdf", "h1")
    new = filled.words("a.pdf", "h2")
    filled.catalog.changes.abandon(filled.library, "a.pdf", new)
    origin = filled.catalog.documents.origin(filled.library, "a.pdf")
    assert origin is not None
    assert (origin.document_id, origin.pending_id) == (old, None)
    assert filled.catalog.documents.by_id(new) is None


def test_a_second_replacement_supersedes_the_first(filled: Filled) -> None:
    filled.complete("a.pdf", "h1")
    first = filled.words("a.pdf", "h2")
    second = filled.words("a.pdf", "h3")
    assert filled.catalog.documents.by_id(first) is None
    filled.drain("words")
    filled.vectors(first)  # the lane that was embedding it finds it gone
    filled.vectors(second)
    filled.drain("vectors")
    origin = filled.catalog.documents.origin(filled.library, "a.pdf")
    assert origin is not None
    assert origin.document_id == second


def test_libraries_have_unique_names_whatever_their_case(catalog: Catalog) -> None:
    first = catalog.libraries.create("Books", "e")
    with pytest.raises(Taken, match="books"):
        catalog.libraries.create("books", "e")
    other = catalog.libraries.create("Papers", "e")
    with pytest.raises(Taken):
        catalog.libraries.rename(other, "BOOKS")
    catalog.libraries.rename(first, "BOOKS")
    assert set(catalog.libraries.ids()) == {"BOOKS", "Papers"}


def test_deleting_a_library_leaves_nothing_but_the_order_to_drop_its_indexes(filled: Filled) -> None:
    filled.complete("a.pdf", "h1")
    assert filled.catalog.libraries.delete(filled.library) == ["h1"]
    assert [(r.target, r.action) for r in filled.catalog.outbox.oldest("words")] == [("words", "drop")]
    assert filled.catalog.documents.hashes() == set()
    with pytest.raises(NotFound):
        filled.catalog.libraries.info(filled.library)


def test_a_failed_transaction_keeps_nothing(filled: Filled) -> None:
    text = file_text()
    twice = [chunks_of(text)[0], replace(chunks_of(text)[0], page=None)]  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        filled.catalog.changes.add_words(filled.job("a.pdf", "h1"), "a.pdf", "r1", text, "T", twice, "{}")
    assert filled.catalog.documents.origin(filled.library, "a.pdf") is None
    assert filled.catalog.outbox.oldest("words") == []


def test_rebuild_posts_everything_anew(filled: Filled) -> None:
    filled.complete("a.pdf", "h1")
    filled.catalog.outbox.rebuild(filled.library)
    for target in ("words", "vectors"):
        assert [row.action for row in filled.catalog.outbox.oldest(target)] == ["drop", "add"]


def test_a_newer_catalog_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    first = Catalog(path)
    with first.transaction() as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    first.close()
    with pytest.raises(NotFound, match="newer Footnote"):
        Catalog(path)


def test_jobs_survive_and_can_be_stopped_and_tried_again(filled: Filled) -> None:
    queue = filled.queue
    job = filled.job("a.pdf", "h1")
    again = JobQueue(filled.catalog)
    assert [row.key for row in again.rows(stages=[JobStage.WAITING])] == ["a.pdf"]
    queue.cancel([job.id])
    assert queue.rows()[0].stage == JobStage.CANCELLED
    queue.retry(job.id, "secret", False, True)
    (row,) = queue.rows()
    assert (row.stage, row.password, row.replace) == (JobStage.WAITING, "secret", True)
    assert "secret" not in str(queue.infos("Books"))
    queue.end(job.id, _result("a.pdf"))
    assert queue.rows()[0].password is None
    assert queue.forget([job.id]) == ["h1"]


def test_a_job_stopped_since_a_lane_looked_it_up_is_not_begun(filled: Filled) -> None:
    job = filled.job("a.pdf", "h1")  # what the lane holds
    filled.queue.cancel([job.id])
    with pytest.raises(Cancelled, match="Stopped"):
        filled.queue.step(job.id, JobStage.READING)
    assert filled.queue.rows()[0].stage == JobStage.CANCELLED


def test_a_job_begun_while_it_is_being_stopped_is_stopped_at_its_next_step(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = filled.job("a.pdf", "h1")
    queue = filled.queue
    queue.step(job.id, JobStage.READING)
    with monkeypatch.context() as patched:
        patched.setattr(queue, "rows", lambda **_: [job])  # looked up just before that step
        queue.cancel([job.id])
    assert queue.rows()[0].stage == JobStage.READING, "it has not ended: the lane still works at it"
    with pytest.raises(Cancelled):
        queue.check(job.id)


def test_state_names_are_those_of_the_schema() -> None:
    assert [state.value for state in DocumentState] == ["pending", "words", "complete"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are looked at through /proc")
def test_a_thread_that_ends_leaves_no_file_open(catalog: Catalog) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    catalog.libraries.create("Kitchen", "embedder")
    before = open_files()
    for _ in range(30):  # as many as clicks: the page has a thread for each
        thread = threading.Thread(target=catalog.libraries.ids)
        thread.start()
        thread.join()
    assert open_files() <= before + 1
