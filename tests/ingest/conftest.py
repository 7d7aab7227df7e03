"""A small folder of files, to be added, watched and followed; a pool of processes that read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.processes.sandbox import SandboxPool
from ingest.settings import Settings

LEAVE = "# Leave\n\nEvery member has 27 days of paid leave a year.\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """docs/leave.md and docs/old/keys.txt."""
    folder = tmp_path / "docs"
    (folder / "old").mkdir(parents=True)
    (folder / "leave.md").write_text(LEAVE)
    (folder / "old" / "keys.txt").write_text("The spare keys hang behind the counter.")
    return folder


@pytest.fixture(scope="module")
def pool() -> Iterator[SandboxPool]:
    found = SandboxPool(Settings())
    yield found
    found.close()
