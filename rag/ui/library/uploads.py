"""Files on their way from the browser into a library: saved to disk at once, then queued."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from ingest.errors import DiskFull, WrongUsage
from ingest.model.adding import Source
from ingest.protocols import Library
from rag.chats.examples import SAMPLE_KEY
from rag.ui import session
from rag.ui.cached import opened

UPLOAD = "upload"  # the place of files that came through the browser
SAMPLE = Path(__file__).resolve().parents[3] / "ingest" / "sample"
SAMPLE_LIBRARY = "Sample"


class Upload(Protocol):
    """What Streamlit hands over: a binary file in memory with the name it had."""

    name: str


def add_uploads(library: Library, uploads: Iterable[Upload]) -> list[int]:
    """Job ids of the files, in order. Raises DiskFull."""
    return library.enqueue(list(saved(uploads)))


def saved(uploads: Iterable[Upload]) -> Iterator[Source]:
    folder = opened().settings.home / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    for upload in uploads:
        path = folder / uuid.uuid4().hex  # never the client's name
        content = cast(BinaryIO, upload)
        content.seek(0)
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise DiskFull(
                f"{upload.name} could not be saved ({error.strerror}). Free some space and drop it again."
            ) from error
        yield Source(str(path), upload.name, UPLOAD, temporary=True)


def add_sample() -> list[int]:
    """Load the bundled sample into a library of its own and look at it."""
    home = opened().home
    files = [path for path in sorted(SAMPLE.rglob("*")) if path.is_file()]
    if not files:
        raise WrongUsage("The sample library is missing from this installation. Add files of your own.")
    if SAMPLE_LIBRARY not in session.library_names():
        home.create(SAMPLE_LIBRARY)
    session.use_library(SAMPLE_LIBRARY)
    return home.library(SAMPLE_LIBRARY).enqueue(
        [Source(str(path), SAMPLE_KEY + path.relative_to(SAMPLE).as_posix(), str(path)) for path in files]
    )
