"""Chroma as a vector index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from chromadb.errors import InternalError

from ingest.errors import DiskFull, HomeBusy
from ingest.indexes.vectors import ChromaIndex
from ingest.protocols import VectorIndex
from tests.contracts import VectorContract, killed_while_adding, unit_vectors


class TestChroma(VectorContract):
    def open(self, folder: Path) -> VectorIndex:
        return ChromaIndex(folder)


ADDING = """
import sys
from pathlib import Path
from ingest.indexes.vectors import ChromaIndex
from tests.contracts import unit_vectors
index = ChromaIndex(Path(sys.argv[1]))
vectors = unit_vectors(100_000, dimensions=16)
for n in range(1_000):
    index.add(1, range(n * 100, n * 100 + 100), vectors[n * 100 : n * 100 + 100])
    print(n + 1, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    batches = killed_while_adding(ADDING, tmp_path, after_batches=13)
    index = ChromaIndex(tmp_path)
    held = index.ids(1)
    assert held in (set(range(batches * 100)), set(range(batches * 100 + 100)))
    vectors = unit_vectors(100_000, dimensions=16)
    assert all(index.search(1, vectors[i], 1)[0][0] == i for i in range(0, batches * 100, 97))
    index.add(1, [10**6], vectors[:1])
    assert len(index.ids(1)) == len(held) + 1
    index.close()


def test_a_locked_database_is_named_instead_of_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ChromaIndex, "LOCK_TIMEOUT_SECONDS", 0.3)
    ChromaIndex(tmp_path).close()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE');"
            "print('held', flush=True); sys.stdin.read()",
            str(tmp_path / "chroma.sqlite3"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(HomeBusy, match="Close it and try again"):
            ChromaIndex(tmp_path)
    finally:
        holder.communicate()
    index = ChromaIndex(tmp_path)
    index.add(1, [1], unit_vectors(1))
    assert index.ids(1) == {1}
    index.close()


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chroma's own message does not say so; a fault with no space left does."""
    index = ChromaIndex(tmp_path)
    index.add(1, [1], unit_vectors(1))

    def fail(*_: object, **__: object) -> None:
        raise InternalError("Failed to apply logs to the hnsw segment writer")

    monkeypatch.setattr("chromadb.api.models.Collection.Collection.upsert", fail)
    with pytest.raises(InternalError):
        index.add(1, [2], unit_vectors(1))
    monkeypatch.setattr(ChromaIndex, "LEAST_FREE_BYTES", 2**60)
    with pytest.raises(DiskFull, match="Free some and try again"):
        index.add(1, [2], unit_vectors(1))
    index.close()


def test_importing_the_module_leaves_chroma_alone() -> None:
    program = "import sys, ingest.indexes.vectors; sys.exit('chromadb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
