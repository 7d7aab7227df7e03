"""Files made to harm, and all the difficult PDFs at hand: each ends in time, within memory, in a clear line.

A sample runs in `make test`, everything in `make soak`.
"""

from __future__ import annotations

import csv
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ingest.errors import FootnoteError
from ingest.home.opening import open_home
from ingest.model.adding import AddState, Source
from ingest.model.pages import FileText
from ingest.processes.sandbox import SandboxPool
from ingest.queue.recognition import with_recognised
from ingest.settings import PROJECT, Settings
from tests.ingest import hostile_files
from tests.ingest.hostile_files import REST, SAMPLE, Maker

PDFS = PROJECT.parent / "shared" / "data" / "pdfs"
LIMIT_SECONDS = 60.0
GRACE_SECONDS = 10.0  # for a child to start and to be ended
MEMORY_MIB = 2_048

CLEAR = r"[A-Z“].{20,}\."  # a sentence


@dataclass
class Watched:
    """A pool whose children are looked at all the time: the largest memory of any of them."""

    pool: SandboxPool
    peak_mib: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self.over.wait(0.05):
            for lane in (self.pool._reading, self.pool._recognising, self.pool._showing):
                for child in list(lane._all):
                    self.peak_mib = max(self.peak_mib, largest_mib(child._process.pid))


def largest_mib(pid: int) -> float:
    """Largest resident memory of a process so far; 0 where it has ended or the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM:"))


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with kept_clean(tmp_path_factory.mktemp("temporary")):
        found = Watched(SandboxPool(Settings(read_timeout_seconds=LIMIT_SECONDS, read_memory_mib=MEMORY_MIB)))
        thread = threading.Thread(target=found.look)
        thread.start()
        yield found
        found.over.set()
        thread.join()
        found.pool.close()


@contextmanager
def kept_clean(temporary: Path) -> Iterator[None]:
    """Children get `temporary` as their folder for temporary files; nothing may ever be in it."""
    kept = {name: os.environ.get(name) for name in ("TEMP", "TMP")}
    os.environ.update(dict.fromkeys(kept, str(temporary)))
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    assert list(temporary.iterdir()) == []


def read(watched: Watched, path: Path) -> FileText | FootnoteError:
    began = time.monotonic()
    result: FileText | FootnoteError
    try:
        result = watched.pool.read(path, path.name)
        result = with_recognised(result, path, watched.pool, Settings(ocr_timeout_seconds=LIMIT_SECONDS))
    except FootnoteError as error:
        result = error
    assert time.monotonic() - began < 2 * LIMIT_SECONDS + GRACE_SECONDS, path.name
    assert watched.peak_mib <= MEMORY_MIB, path.name
    return result


EXPECTED = {  # what is said of the files whose end is certain; "" for those that have text
    "bomb_in_word": "unpacks to a part of 200 MiB",
    "bomb_in_excel": "unpacks to a part of 200 MiB",
    "bomb_in_book": "unpacks to a part of 200 MiB",
    "xml_bomb": "XML entities",
    "a_lying_size": "damaged or incomplete",
    "many_pages": "100,000 pages; at most 5,000",
    "deep_json": "nested too deeply",
    "with_scripts": "",
    "round_page_tree": "",
    "round_outline": "",
    "picture_bomb": "larger than can be read",
    "picture_without_end": "damaged",
}


def end_well(make: Maker, watched: Watched, folder: Path) -> None:

    path = make(folder)
    before = {each.name for each in folder.iterdir()}
    result = read(watched, path)
    name = make.__name__
    said = str(result) if isinstance(result, FootnoteError) else ""
    assert {each.name for each in folder.iterdir()} == before
    if isinstance(result, FootnoteError):
        assert re.fullmatch(CLEAR, said, re.DOTALL), said
        assert len(said.splitlines()) == 1
    else:
        text = "\n".join(page.text for page in result.pages)
        assert not re.search(r"alert\(|document\.cookie|javascript:|root:", text)
    if name in EXPECTED:
        assert EXPECTED[name] in said, said
        assert bool(said) == bool(EXPECTED[name]), said


@pytest.mark.slow
@pytest.mark.parametrize("make", SAMPLE, ids=lambda make: make.__name__)
def test_a_sample_ends_well(make: Maker, watched: Watched, tmp_path: Path) -> None:
    end_well(make, watched, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("make", REST, ids=lambda make: make.__name__)
def test_the_rest_ends_well(make: Maker, watched: Watched, tmp_path: Path) -> None:
    end_well(make, watched, tmp_path)


def test_no_maker_is_forgotten() -> None:
    makers = {
        value
        for value in vars(hostile_files).values()
        if callable(value) and getattr(value, "__annotations__", {}) == {"folder": "Path", "return": "Path"}
    }
    assert makers == {*SAMPLE, *REST}
    assert set(EXPECTED) <= {make.__name__ for make in makers}


@pytest.mark.soak
@pytest.mark.skipif(not PDFS.is_dir(), reason="../shared/data/pdfs is not on this machine.")
def test_every_difficult_pdf_ends_well(watched: Watched) -> None:

    with (PDFS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        names = [row["file"] for row in csv.DictReader(stream, delimiter="\t")]
    assert len(names) >= 177
    for name in names:
        result = read(watched, PDFS / name)
        if isinstance(result, FootnoteError):
            assert re.fullmatch(CLEAR, str(result), re.DOTALL), (name, str(result))
            assert "crash" not in str(result), (name, str(result))
        else:
            assert any(page.text for page in result.pages), name


# ------------------------------------------------------------------ names, and files that move


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="This system has no pipes with names.")
def test_a_name_of_4000_characters_and_files_that_change(tmp_path: Path) -> None:
    home = open_home(Settings(home=tmp_path / "home", max_file_mib=50))
    home.create("Ours")
    library = home.library("Ours")
    plain = tmp_path / "plain.txt"
    plain.write_text("Some text stands here.", encoding="utf-8")
    growing = tmp_path / "growing.txt"
    growing.write_bytes(b"line\n" * 1_000_000)
    stop = threading.Event()

    def grow() -> None:
        with growing.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"more\n")
                time.sleep(0.0005)

    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    writer = threading.Thread(target=grow)
    writer.start()
    try:
        results = list(
            library.add(
                [
                    Source(str(plain), "../" * 100 + "n" * 4_000 + ".txt", str(plain)),
                    Source(str(growing), "growing.txt", str(growing)),
                    Source(str(pipe), "pipe.txt", str(pipe)),
                ]
            )
        )
    finally:
        stop.set()
        writer.join()
    assert [result.state for result in results] == [AddState.ADDED, AddState.FAILED, AddState.FAILED]
    assert len(results[0].document) <= 500
    assert "changed while it was being stored" in results[1].message
    assert "not a file" in results[2].message
    assert home.check() == []
    assert {each.name for each in tmp_path.iterdir()} == {"home", "plain.txt", "growing.txt", "pipe.txt"}
    home.close()
