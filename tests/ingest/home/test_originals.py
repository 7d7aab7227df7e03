"""The files themselves: kept once, thrown away only when nothing needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import Unreadable
from ingest.home.originals import Originals, hash_of


@pytest.fixture
def needed() -> set[str]:
    return set()


@pytest.fixture
def originals(tmp_path: Path, needed: set[str]) -> Originals:
    return Originals(tmp_path / "originals", needed.__contains__)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("some text", encoding="utf-8")
    return path


def put(originals: Originals, file: Path, move: bool = False) -> str:
    return originals.put(file, file.stat().st_size if file.exists() else 0, move)


def test_content_is_kept_once_under_its_hash(originals: Originals, file: Path) -> None:
    stored = put(originals, file)
    assert put(originals, file) == stored == hash_of(file)
    assert originals.path(stored).read_bytes() == file.read_bytes()
    assert originals.hashes() == {stored}
    assert put(originals, file, move=True) == stored
    assert not file.exists()
    with pytest.raises(Unreadable, match="cannot be read"):
        put(originals, file)
    assert originals.hashes() == {stored}


def test_what_is_needed_is_never_thrown_away(originals: Originals, needed: set[str], file: Path) -> None:
    stored = put(originals, file)
    needed.add(stored)
    assert originals.discard([stored, ""]) == 0
    assert originals.hashes() == {stored}
    needed.clear()
    assert originals.discard([stored]) == 1
    assert originals.hashes() == set()


def test_nothing_goes_while_files_are_being_kept(originals: Originals, needed: set[str], file: Path) -> None:
    old = put(originals, file)
    with originals.kept():
        with originals.kept():
            assert originals.discard([old]) == 0
        file.write_text("other text", encoding="utf-8")
        fresh = put(originals, file)
        assert originals.unneeded(set()) == {old}, "the catalog cannot name yet what is just being stored"
        needed.add(fresh)
        assert originals.discard([fresh]) == 0
    assert originals.hashes() == {fresh}, "the old one went when the keeping ended, the named one stays"


def test_a_file_that_grows_meanwhile_is_told(originals: Originals, file: Path) -> None:
    with pytest.raises(Unreadable, match="changed while"):
        originals.put(file, file.stat().st_size - 1)
    assert originals.hashes() == set()
    assert list((file.parent / "originals").iterdir()) == []
