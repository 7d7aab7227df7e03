"""The vectors' folder, made anew while it is in use; disk space that comes back after removals."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.catalog.passages import Passages
from ingest.home.opening import open_home
from ingest.indexes import reclaim
from ingest.indexes.vector_store import VectorStore
from ingest.model.adding import Source
from ingest.protocols import VectorIndex, Vectors
from ingest.settings import Settings
from tests.contracts import VectorContract, killed_while_adding, unit_vectors

VECTORS = unit_vectors(3_000)


class TestVectorStore(VectorContract):
    def open(self, folder: Path) -> VectorIndex:
        folder.mkdir(exist_ok=True)
        return VectorStore(folder)


def of_catalog(ids: Sequence[int]) -> tuple[list[int], Vectors]:
    return list(ids), VECTORS[list(ids)]


def size_of(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*") if path.is_file())


def test_a_fresh_folder_takes_over_and_what_changes_meanwhile_is_in_it(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    store.add(1, range(3_000), VECTORS)
    store.remove(1, range(500, 2_500))
    store.add(2, [7], VECTORS[:1])
    assert store.removed == 2_000
    before, blocks = size_of(tmp_path), 0

    def read(ids: Sequence[int]) -> tuple[list[int], Vectors]:
        nonlocal blocks
        blocks += 1
        if blocks == 1:  # in the midst of it: one of those to come goes, one is added, a library goes
            store.remove(1, range(2_900, 3_000))
            store.add(1, [600], VECTORS[600:601])
            store.drop(2)
            assert store.search(1, VECTORS[20], 1)[0][0] == 20, "the old folder answers"
        return of_catalog([i for i in ids if i < 2_900])

    assert store.renew(lambda: {1: [*range(500), *range(2_500, 3_000)], 2: []}, read)
    wanted = {*range(500), 600, *range(2_500, 2_900)}
    assert store.ids(1) == wanted
    assert store.ids(2) == set()
    assert all(store.search(1, VECTORS[i], 1)[0][0] == i for i in (3, 600, 2_700))
    assert store.removed == 0
    assert [path.name for path in tmp_path.glob("chroma*") if path.is_dir()] == ["chroma-2"]
    assert size_of(tmp_path) < 0.7 * before
    store.close()
    again = VectorStore(tmp_path)
    assert again.ids(1) == wanted
    again.close()


def test_one_that_is_stopped_leaves_the_old_folder(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    store.add(1, range(1_500), VECTORS[:1_500])
    looks = iter([True, True, False])
    assert not store.renew(lambda: {1: range(1_500)}, of_catalog, lambda: next(looks))
    assert store.ids(1) == set(range(1_500))
    assert [path.name for path in tmp_path.glob("chroma*") if path.is_dir()] == ["chroma"]
    store.close()


def test_what_is_completed_just_after_the_listing_is_in_the_fresh_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_home(Settings(home=tmp_path / "home"))
    library = home.library(home.create("notes").name)

    def add(name: str) -> None:
        path = tmp_path / name
        path.write_text(f"The lamp of {name} is on.")
        (result,) = library.add([Source(str(path), name, str(path))])
        assert result.chunks == 1, result

    add("first.md")
    add("second.md")
    listing, listed = Passages.with_vectors, 0

    def then_changed(passages: Passages, library_id: int) -> list[int]:
        nonlocal listed
        listed += 1
        found = listing(passages, library_id)
        add("third.md")  # through the queue and both indexes, while the list is on its way
        library.remove(["first.md"])
        return found

    monkeypatch.setattr(Passages, "with_vectors", then_changed)
    home.reclaiming.renew_vectors()
    left = {chunk.id for key in ("second.md", "third.md") for chunk in library.document_chunks(key)}
    assert (listed, home.vectors.ids(library.id)) == (1, left)
    assert home.check() == []
    assert (tmp_path / "home" / "chroma-2").is_dir()
    home.close()


RENEWING = """
import sys
from pathlib import Path
from ingest.indexes.vector_store import VectorStore
from tests.contracts import unit_vectors
vectors = unit_vectors(3_000)
store = VectorStore(Path(sys.argv[1]))
store.add(1, range(3_000), vectors)
blocks = 0
def read(ids):
    global blocks
    blocks += 1
    print(blocks, flush=True)
    return list(ids), vectors[list(ids)]
while True:
    store.renew(lambda: {1: range(3_000)}, read)
"""


@pytest.mark.parametrize("blocks", [3, 8])  # a renewal has six: in the first, and in the one after it
def test_a_kill_in_the_midst_loses_nothing(tmp_path: Path, blocks: int) -> None:
    killed_while_adding(RENEWING, tmp_path, after_batches=blocks)
    store = VectorStore(tmp_path)
    assert store.ids(1) == set(range(3_000))
    assert store.search(1, VECTORS[1_234], 1)[0][0] == 1_234
    assert store.renew(lambda: {1: range(3_000)}, of_catalog)
    assert len([path for path in tmp_path.glob("chroma*") if path.is_dir()]) == 1
    store.close()


def test_space_comes_back_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reclaim, "LEAST_REMOVED", 50)
    monkeypatch.setattr(reclaim, "LEAST_FREE_BYTES", 2**16)
    home = open_home(Settings(home=tmp_path / "home"))
    library = home.library(home.create("notes").name)
    folder = tmp_path / "files"
    folder.mkdir()
    sources = []
    for number in range(4):
        path = folder / f"note-{number}.md"
        body = "\n\n".join(
            f"# Part {part}\n\nLamp {number}-{part} is on. " + "More of it. " * 60 for part in range(25)
        )
        path.write_text(body, encoding="utf-8")
        sources.append(Source(str(path), path.name, str(path)))
    assert all(result.chunks >= 25 for result in library.add(sources))
    catalog = home.catalog.size_bytes()
    library.remove([source.key for source in sources[1:]])
    until = time.monotonic() + 60
    while home.vectors.removed or home.catalog.free_bytes():
        assert time.monotonic() < until, (home.vectors.removed, home.catalog.free_bytes())
        time.sleep(0.05)
    assert home.catalog.size_bytes() < 0.7 * catalog
    assert home.check() == []
    left = library.document_chunks("note-0.md")
    assert home.vectors.ids(1) == {chunk.id for chunk in left}
    assert library.search_words("Lamp 0-7", 1)
    home.rebuild()
    assert home.check() == []
    assert (tmp_path / "home" / "chroma-3").is_dir()
    home.close()
