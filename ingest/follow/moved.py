"""Which new files of a folder may be those that have gone from it: told by size, then by name."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ingest.model.adding import Source
from ingest.protocols import Library

MOST = 20  # files that one may have been: as many as its content is held against


def with_former_keys(
    library: Library, sources: Sequence[Source], held: Collection[str], gone: Collection[str]
) -> list[Source]:
    """`sources` with the keys that each may have had before it was moved; `held` are places, `gone` keys.

    Only a file at a place that the library does not know can have moved there. Whether one has is seen by its
    content, when it is added. Not covered: a copy whose first file goes in a later round is a file of its own.
    """
    if not gone or all(source.place in held for source in sources):
        return list(sources)
    sizes: dict[int, list[str]] = {}
    for origin in library.listed():
        if origin.key in gone:
            sizes.setdefault(origin.size_bytes, []).append(origin.key)
    return [
        source if source.place in held else replace(source, moved_from=_former(source, sizes))
        for source in sources
    ]


def _former(source: Source, sizes: dict[int, list[str]]) -> tuple[str, ...]:
    try:
        alike = sizes.get(os.stat(source.path).st_size, [])
    except OSError:  # adding it says why
        return ()
    name = PurePosixPath(source.key).name
    return tuple(sorted(alike, key=lambda key: PurePosixPath(key).name != name)[:MOST])
