"""The commands for single passages: `show --passages` and `passage`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator

from ingest.commands.terminal import counted, plain, say, say_json, tell
from ingest.errors import NotFound
from ingest.model.chunks import StoredChunk
from ingest.places import place_of_chunk
from ingest.protocols import Home, Library
from ingest.settings import DEFAULT_LIBRARY

FETCHED = 500  # passages at a time


def show_passages(library: Library, key: str, search: str, as_json: bool) -> int:
    """All passages of a document, or those that hold `search`, with the numbers that `passage` takes."""
    total = 0
    for chunk in _all(library, key, search):
        total += 1
        if as_json:
            say_json(passage_json(chunk))
        else:
            say(head(chunk))
            say(_indented(chunk.text))
    if not total:
        tell("No passage has these words." if search else "This document has no passages.")
    return 0


def _all(library: Library, key: str, search: str) -> Iterator[StoredChunk]:
    first = 0
    while True:
        found = library.passages(key, search, first=first, limit=FETCHED)
        yield from found.passages
        first += FETCHED
        if first >= found.found:
            return


def change_passage(home: Home, options: Namespace) -> int:
    """Do what the flags say; without one, show the passage with what was read beside it."""
    library = home.library(options.library or DEFAULT_LIBRARY)
    chunk = numbered(library, options.key, options.number)
    done = ""
    if options.off or options.on:
        chunk = library.switch(chunk.id, off=options.off)
        done = "Switched off: no question sees it." if options.off else "Switched on."
    elif options.correct is not None or options.as_read:
        text = sys.stdin.read() if options.correct == "-" else options.correct
        chunk = library.correct(chunk.id, text)
        done = "It counts as it was read." if chunk.as_read is None else "Corrected."
    if options.json:
        say_json(passage_json(chunk))
        return 0
    say(head(chunk))
    say(_indented(chunk.text))
    if chunk.as_read is not None:
        say("  as it was read:")
        say(_indented(chunk.as_read))
    if done:
        tell(done)
    return 0


def numbered(library: Library, key: str, number: int) -> StoredChunk:
    """The passage of a document with this number, from 1. Raises NotFound."""
    found = library.passages(key, first=number - 1, limit=1) if number > 0 else library.passages(key, limit=0)
    if not found.passages:
        raise NotFound(f"“{key}” has {counted(found.found, 'passage')}, no number {number}.")
    return found.passages[0]


def head(chunk: StoredChunk) -> str:
    """ "12  p. 4  (corrected by hand, switched off)" """
    states = ["corrected by hand"] * (chunk.as_read is not None) + ["switched off"] * chunk.off
    state = f"  ({', '.join(states)})" if states else ""
    return plain(f"{chunk.ordinal + 1:>5}  {place_of_chunk(chunk).short}{state}".rstrip())


def passage_json(chunk: StoredChunk) -> dict[str, object]:
    """A passage as `--json` prints it; `as_read` is null where nobody has corrected it."""
    return {
        "number": chunk.ordinal + 1,
        "document": chunk.key,
        "page": chunk.shown_page,
        "place": place_of_chunk(chunk).short,
        "headings": list(chunk.headings),
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "as_read": chunk.as_read,
        "off": chunk.off,
    }


def _indented(text: str) -> str:
    return "\n".join(f"       {line}" for line in text.splitlines() if line.strip())
