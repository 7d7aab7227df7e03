"""Files that are elsewhere now: their origins go along, with all that a person has decided about them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ingest.catalog import Catalog, OriginRow
from ingest.home.originals import hash_of
from ingest.model.adding import UNFINISHED, Source
from ingest.queue.jobs import JobQueue
from ingest.queue.keys import clean_key


def take_along(
    catalog: Catalog, queue: JobQueue, library_id: int, sources: Sequence[Source]
) -> dict[int, str]:
    """Let the origin of each file that has moved stand for its new path; returns the key before, by position.

    A file has moved when its content is that of one in its `moved_from`. Nothing is read anew: tags, corrected
    passages, what is set aside and how the file is read all hang on the origin and its document. Where the new
    key is taken, or the file is just being taken in, nothing is done, and it is added like any other.
    """
    found: dict[int, str] = {}
    if not any(source.moved_from for source in sources):
        return found
    busy = {job.key for job in queue.rows(library_id, stages=UNFINISHED)}
    for position, source in enumerate(sources):
        for key in source.moved_from:
            origin = catalog.documents.origin(library_id, key)
            if origin and key not in busy and _moved(catalog, library_id, origin, source):
                found[position] = key
                break
    return found


def _moved(catalog: Catalog, library_id: int, origin: OriginRow, source: Source) -> bool:
    document = catalog.documents.by_id(origin.document_id) if origin.document_id else None
    if document is None:
        return False
    try:
        stat = os.stat(source.path)  # before its content is looked at: a later change is seen by its time
        if stat.st_size != document.size_bytes or hash_of(Path(source.path)) != document.content_hash:
            return False
    except OSError:  # storing it says why
        return False
    return catalog.changes.move_origin(
        library_id, origin, clean_key(source.key), source.place, stat.st_mtime_ns, stat.st_size
    )
