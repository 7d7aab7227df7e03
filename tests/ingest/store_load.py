"""Adds, replacements and removals on the stores of a home folder, until killed: `python store_load.py HOME`.

Catalog, queue, originals, outbox, Chroma and BM25 are the real ones, used in the pipeline's order; the
vectors are made up, so that a start takes a second and not the models' time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.catalog import Catalog, JobRow
from ingest.home.originals import Originals
from ingest.indexes.lexical import TantivyIndex
from ingest.indexes.outbox import Outbox
from ingest.indexes.vectors import ChromaIndex
from ingest.model.adding import ENDED, AddResult, AddState, JobStage
from ingest.model.chunks import Chunk
from ingest.model.pages import FileText, Page, PageReceipt, PageState, Receipt
from ingest.queue.jobs import JobQueue, result_from_json, result_to_json

KEYS = 7
DIMENSIONS = 8
RECIPE = "by hand"


@dataclass(frozen=True)
class Stores:
    catalog: Catalog
    queue: JobQueue
    originals: Originals
    words: TantivyIndex
    vectors: ChromaIndex
    outbox: Outbox
    folder: Path

    def library_id(self) -> int:
        return self.catalog.libraries.id_of("load") or self.catalog.libraries.create("load", "made up")

    def recover(self) -> None:
        """What `ingest.pipeline` does at a start."""
        self.originals.sweep()
        self.outbox.drain()
        self.originals.discard(self.originals.hashes() - self.catalog.documents.hashes())
        for job in self.queue.rows():
            if job.stage not in ENDED:
                self.work(job)
            self.forget(job.id)

    def add(self, number: int) -> None:
        path = self.folder / "incoming.md"
        path.write_text(f"# File {number}\n\nRevision {number} says value {number * 31}.", encoding="utf-8")
        size = path.stat().st_size
        with self.originals.kept():
            content = self.originals.put(path, size)
            job_id = self.queue.add(self.library_id(), key_of(number), "here", content, number, size)
        (job,) = self.queue.rows(ids=[job_id])
        self.work(job)
        self.forget(job_id)

    def work(self, job: JobRow) -> None:
        if job.stage in (JobStage.WAITING, JobStage.READING):
            self.queue.step(job.id, JobStage.READING)
            text = self.originals.path(job.content_hash).read_text(encoding="utf-8")
            receipt = Receipt((PageReceipt(1, PageState.READ, len(text)),), 0.0)
            page = Page(1, text)
            middle = text.index("\n\n") + 2
            chunks = [
                Chunk(0, 1, 0, middle - 2, text[: middle - 2], ()),
                Chunk(1, 1, middle, len(text), text[middle:], ()),
            ]
            read = FileText("text/markdown", "File", False, (page,), receipt)
            result = result_to_json(AddResult(job.key, AddState.ADDED, 1, 2)) or ""
            self.catalog.changes.add_words(job, job.key, RECIPE, read, "File", chunks, result)
            self.outbox.drain("words")
            (job,) = self.queue.rows(ids=[job.id])
        document = self.catalog.documents.by_id(job.document_id or 0)
        if document is not None:
            ids = [chunk.id for chunk in self.catalog.passages.of_document(document.id)]
            self.catalog.changes.add_vectors(
                document.id, ids, np.random.default_rng(ids[0]).random((len(ids), DIMENSIONS), np.float32)
            )
            self.outbox.drain()
        result_now = result_from_json(job.result)
        assert result_now is not None
        self.queue.end(job.id, result_now)

    def forget(self, job_id: int) -> None:
        self.originals.discard(self.queue.forget([job_id]))

    def remove(self, key: str) -> None:
        self.originals.discard(self.catalog.changes.remove(self.library_id(), [key]))
        self.outbox.drain()


def key_of(number: int) -> str:
    return f"file-{number % KEYS}.md"


@contextmanager
def opened(folder: Path) -> Iterator[Stores]:
    folder.mkdir(exist_ok=True)
    catalog = Catalog(folder / "catalog.sqlite")
    originals = Originals(folder / "originals", catalog.documents.hash_in_use)
    words, vectors = TantivyIndex(folder / "lexical"), ChromaIndex(folder / "chroma")
    outbox = Outbox(catalog, words, vectors, originals)
    try:
        yield Stores(catalog, JobQueue(catalog), originals, words, vectors, outbox, folder)
    finally:
        words.close()
        vectors.close()
        catalog.close()


def main(folder: Path, begin: int) -> None:
    with opened(folder) as stores:
        stores.recover()
        print("ready", flush=True)
        for number in range(begin, begin + 10_000):
            print("adding", number, flush=True)
            stores.add(number)
            print("added", number, flush=True)
            if number % 5 == 4:
                print("removing", number, flush=True)
                stores.remove(key_of(number))
                print("removed", number, flush=True)
            time.sleep(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
