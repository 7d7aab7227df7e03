"""Which of many files a library holds as they are: same place, time of change and size. Nothing is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import cache

from ingest.catalog import Catalog
from ingest.model.adding import AddResult, AddState, Source
from ingest.queue.keys import clean_key


def unchanged(
    catalog: Catalog, library_id: int, recipe_of: Callable[[str], str], sources: Sequence[Source]
) -> dict[int, AddResult]:
    """The ends of those that need no work, by their position in `sources`. One query, whatever their number.

    `recipe_of` tells how a file is read now, from what was chosen for it.
    """
    recipe = cache(recipe_of)
    keys = [clean_key(source.key) for source in sources]
    held = {
        key: (place, mtime_ns, size_bytes, pages, chunks)
        for key, place, mtime_ns, size_bytes, read_by, choice, pages, chunks in catalog.read(
            """SELECT o.key, o.place, o.mtime_ns, o.size_bytes, d.recipe, o.choice,
                 (SELECT count(*) FROM pages WHERE document_id = d.id),
                 (SELECT count(*) FROM chunks WHERE document_id = d.id)
               FROM origins o JOIN documents d ON d.id = o.document_id
               WHERE o.library_id = ?1 AND o.key IN (SELECT value FROM json_each(?2))
                 AND o.mtime_ns <> 0 AND o.pending_id IS NULL AND d.state = 'complete'""",
            (library_id, json.dumps(keys)),
        )
        if read_by == recipe(choice)
    }
    found: dict[int, AddResult] = {}
    for position, (source, key) in enumerate(zip(sources, keys, strict=True)):
        if key not in held:
            continue
        place, mtime_ns, size_bytes, pages, chunks = held[key]
        try:
            stat = os.stat(source.path)
        except OSError:  # storing it says why
            continue
        if (place, mtime_ns, size_bytes) == (source.place, stat.st_mtime_ns, stat.st_size):
            found[position] = AddResult(key, AddState.UNCHANGED, pages, chunks)
    return found
