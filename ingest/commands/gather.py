"""Paths given on a command line → the files to add, with their keys."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.model.adding import AddResult, AddState, Source
from ingest.readers import SUFFIXES
from ingest.web.addresses import address_source, is_address


@dataclass(slots=True)
class Gathered:
    """What was found: files to add, paths that cannot be added, and what was passed over."""

    sources: list[Source] = field(default_factory=list)
    failed: list[AddResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def gather(paths: Sequence[str], *, replace: bool | None = None, password: str | None = None) -> Gathered:
    """The files and web addresses at `paths`; folders are walked, their order is by name.

    A key is the path relative to the parent of the path given, with "/" ("add docs" gives
    "docs/a.md"); the place is the absolute path. In folders, hidden files and types that Footnote does
    not read are passed over with a note; a file named directly is always tried. Links are followed within the
    folder, never out of it, each folder once. A file that is reached twice by the same path is added once.
    Raises WrongUsage for an address that is not taken.
    """
    found = Gathered()
    seen: set[str] = set()
    for given in paths:
        if is_address(given):
            found.sources.append(address_source(given, replace))
            continue
        top = os.path.abspath(given)
        base = os.path.dirname(top)
        try:
            mode = os.stat(top).st_mode
        except OSError as error:
            found.failed.append(
                failure(top, base, f"{given} cannot be read: {error.strerror}. Check the path.")
            )
            continue
        if stat.S_ISDIR(mode):
            before = len(found.sources)
            for path in walk(top, found.notes):
                if path not in seen:
                    seen.add(path)
                    found.sources.append(Source(path, key_of(path, base), clean(path), replace, password))
            if len(found.sources) == before:
                found.notes.append(f"{given}: nothing to add in this folder.")
        elif not stat.S_ISREG(mode):
            found.failed.append(failure(top, base, f"{given} is not a file. Name a file or a folder."))
        elif top not in seen:
            seen.add(top)
            found.sources.append(Source(top, key_of(top, base), clean(top), replace, password))
    return found


def walk(folder: str, notes: list[str]) -> Iterator[str]:
    """Files below `folder` that Footnote reads, by name; every real folder once, so links may loop."""
    visited: set[tuple[int, int]] = set()
    inside = os.path.join(os.path.realpath(folder), "")

    def leads_out(path: str) -> bool:
        if os.path.join(os.path.realpath(path), "").startswith(inside):
            return False
        notes.append(f"{path}: skipped, this link leads out of the folder. Name it itself to add it.")
        return True

    def unreadable(error: OSError) -> None:
        notes.append(f"{error.filename}: skipped, {error.strerror}.")

    for parent, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        here = os.stat(parent)
        if (here.st_dev, here.st_ino) in visited:
            folders.clear()
            continue
        visited.add((here.st_dev, here.st_ino))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and not (os.path.islink(os.path.join(parent, name)) and leads_out(os.path.join(parent, name)))
        )
        hidden = sum(name.startswith(".") for name in files)
        if hidden:
            notes.append(f"{parent}: {hidden} hidden {'file' if hidden == 1 else 'files'} skipped.")
        for name in sorted(files):
            path = os.path.join(parent, name)
            if name.startswith("."):
                continue
            if os.path.splitext(name)[1].lower() not in SUFFIXES:
                notes.append(f"{path}: skipped, Footnote does not read this type.")
            elif not os.path.isfile(path):
                notes.append(f"{path}: skipped, it is not a file.")
            elif not (os.path.islink(path) and leads_out(path)):
                yield path


def key_of(path: str, base: str) -> str:
    """The origin's key of `path`: relative to `base`, with "/"."""
    return clean(os.path.relpath(path, base).replace(os.sep, "/"))


def clean(path: str) -> str:
    """A path as text that can be stored and typed: composed letters, and no undecodable bytes."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return unicodedata.normalize("NFC", text)


def inside(path: str, folder: str) -> bool:
    """Whether a path is a folder, or below it; both normal."""
    return os.path.join(path, "").startswith(os.path.join(folder, ""))


def failure(path: str, base: str, message: str) -> AddResult:
    return AddResult(key_of(path, base), AddState.FAILED, message=clean(message))
