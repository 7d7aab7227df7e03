"""A library from the outside: real files, real child processes, real indexes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import EmbedderDiffers, HomeBusy, NotFound, Taken, WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.model.adding import ENDED, AddResult, AddState, JobStage, Source
from ingest.model.documents import DocumentState
from ingest.queue.keys import clean_key, clean_name
from ingest.settings import PROJECT, Settings

LEAVE = "# Leave\n\nEvery member has 27 days of paid leave a year.\n\n## Carry-over\n\nFive days may be carried over."
KEYS = "# Keys\n\nThe spare keys hang behind the counter. Ask Ines Moreau for them.\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    opened = open_home(Settings(home=tmp_path_factory.mktemp("library") / "home", max_file_mib=1))
    yield opened
    opened.close()


@pytest.fixture
def library(home: LocalHome, request: pytest.FixtureRequest) -> LocalLibrary:
    name = request.node.name[:70]
    home.create(name)
    return home.library(name)


def source(path: Path, key: str | None = None, **more: object) -> Source:
    return replace(Source(str(path), key or path.name, str(path)), **more)  # type: ignore[arg-type]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def add(library: LocalLibrary, *sources: Source) -> list[AddResult]:
    return list(library.add(sources))


def states(results: list[AddResult]) -> list[AddState]:
    return [result.state for result in results]


def found(library: LocalLibrary, query: str) -> list[str]:
    ids = [chunk_id for chunk_id, _ in library.search_words(query, 10)]
    chunks = library.chunks(ids)
    return [chunks[chunk_id].text for chunk_id in ids if chunk_id in chunks]


def test_the_life_of_a_file(home: LocalHome, library: LocalLibrary, tmp_path: Path) -> None:
    path = write(tmp_path, "leave.md", LEAVE)
    (added,) = add(library, source(path))
    assert (added.state, added.pages, added.chunks) == (AddState.ADDED, 1, 1)
    assert library.origins()[0].state is DocumentState.COMPLETE
    assert "27 days" in found(library, "paid leave")[0]

    assert states(add(library, source(path))) == [AddState.UNCHANGED]
    os.utime(path, ns=(1, 1))  # another time, the same content
    assert states(add(library, source(path))) == [AddState.UNCHANGED]

    write(tmp_path, "leave.md", LEAVE.replace("27", "30"))
    assert states(add(library, source(path))) == [AddState.REPLACED]
    assert "30 days" in found(library, "paid leave")[0]
    assert not any("27 days" in text for text in found(library, "paid leave 27 days"))
    assert home.check(library.name) == []

    assert library.remove(["leave.md"]) == 1
    assert found(library, "paid leave") == []
    assert library.info().chunks == 0
    assert home.check(library.name) == []


def test_the_same_content_is_kept_once_with_both_keys(library: LocalLibrary, tmp_path: Path) -> None:
    one, two = write(tmp_path, "one.md", LEAVE), write(tmp_path, "two.md", LEAVE)
    assert states(add(library, source(one), source(two))) == [AddState.ADDED, AddState.DUPLICATE]
    assert library.info().documents == 1
    assert library.detail("one.md").other_keys == ("two.md",)
    assert len(found(library, "paid leave")) == 1
    library.remove(["one.md"])
    (text,) = found(library, "paid leave")
    assert "27 days" in text
    library.remove(["two.md"])
    assert found(library, "paid leave") == []


def test_a_key_from_another_place_asks(library: LocalLibrary, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    mine, theirs = write(tmp_path, "a.md", LEAVE), write(tmp_path / "other", "a.md", KEYS)
    add(library, source(mine))
    (refused,) = add(library, source(theirs))
    assert (refused.state, refused.taken) == (AddState.FAILED, True)
    assert "replace it, or keep both" in refused.message
    (both,) = add(library, source(theirs, replace=False))
    assert (both.state, both.document) == (AddState.ADDED, "a (2).md")
    third = write(tmp_path / "other", "third.md", KEYS + "\nA third line.")
    (replaced,) = add(library, source(third, key="a.md", replace=True))
    assert replaced.state is AddState.REPLACED
    assert {origin.key for origin in library.origins()} == {"a.md", "a (2).md"}


def test_an_upload_with_other_content_asks_and_can_be_tried_again(
    library: LocalLibrary, tmp_path: Path
) -> None:
    first, second = write(tmp_path, "1", LEAVE), write(tmp_path, "2", KEYS)
    upload = Source(str(first), "a.md", "upload", temporary=True)
    assert states(add(library, upload)) == [AddState.ADDED]
    assert not first.exists()
    (job_id,) = library.enqueue([replace(upload, path=str(second))])
    job = wait_for_end(library, job_id)
    assert job.result is not None
    assert job.result.taken
    library.retry(job_id, replace=True)
    job = wait_for_end(library, job_id)
    assert job.result is not None
    assert job.result.state is AddState.REPLACED
    assert "Ines Moreau" in found(library, "spare keys")[0]


def wait_for_end(library: LocalLibrary, job_id: int):  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (job,) = [job for job in library.jobs() if job.id == job_id]
        if job.stage in (JobStage.DONE, JobStage.FAILED, JobStage.CANCELLED):
            return job
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} has not ended")


def test_a_bad_file_does_not_stop_the_others(home: LocalHome, library: LocalLibrary, tmp_path: Path) -> None:
    (tmp_path / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (tmp_path / "big.txt").write_bytes(b"word " * 300_000)
    results = add(
        library,
        source(tmp_path / "picture.pdf"),
        source(write(tmp_path, "empty.txt", "")),
        source(tmp_path / "gone.txt"),
        source(tmp_path / "big.txt"),
        source(write(tmp_path, "keys.md", KEYS)),
    )
    assert states(results) == [AddState.FAILED] * 4 + [AddState.ADDED]
    assert all(result.message for result in results[:4])
    assert "more than the 1 MB allowed" in results[3].message
    assert [origin.key for origin in library.origins()] == ["keys.md"]
    assert home.check() == [], "nothing of the failed files is left over"


def test_a_failed_replacement_keeps_the_old_document(library: LocalLibrary, tmp_path: Path) -> None:
    path = write(tmp_path, "leave.md", LEAVE)
    add(library, source(path))
    path.write_bytes(b"%PDF-1.7 nothing else")
    assert states(add(library, source(path))) == [AddState.FAILED]
    assert "27 days" in found(library, "paid leave")[0]


def test_a_stopped_job_leaves_nothing(home: LocalHome, library: LocalLibrary, tmp_path: Path) -> None:
    text = "\n\n".join(f"Paragraph {n} tells of valve {n * 7} and its seal." * 12 for n in range(400))
    ids = library.enqueue([source(write(tmp_path, "long.txt", text)), source(write(tmp_path, "k.md", KEYS))])
    library.cancel(ids[:1])
    assert wait_for_end(library, ids[0]).stage is JobStage.CANCELLED
    assert wait_for_end(library, ids[1]).stage is JobStage.DONE
    assert [origin.key for origin in library.origins()] == ["k.md"]
    library.dismiss(ids)
    assert home.check(library.name) == []


def test_rebuild_needs_no_embedding(home: LocalHome, library: LocalLibrary, tmp_path: Path) -> None:
    add(library, source(write(tmp_path, "leave.md", LEAVE)))
    (chunk,) = library.document_chunks("leave.md")
    _, vectors = home.catalog.passages.vectors([chunk.id])
    home.words.drop(1 + max(home.catalog.libraries.ids().values()))  # unknown: no fault
    library_id = home.catalog.libraries.ids()[library.name]
    home.words.remove(library_id, range(chunk.id, chunk.id + 1))
    home.vectors.add(library_id, [10**9], vectors)
    faults = home.check(library.name)
    assert len(faults) == 2
    assert all("rebuild" in fault.remedy for fault in faults)
    home.rebuild(library.name)
    assert home.check(library.name) == []
    assert library.search_vectors(vectors[0], 5)[0][0] == chunk.id


def test_a_lost_word_index_comes_back_at_the_next_start(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    first = open_home(settings)
    first.create("own")
    add(first.library("own"), source(write(tmp_path, "leave.md", LEAVE)))
    first.close()
    shutil.rmtree(tmp_path / "home" / "lexical")
    again = open_home(settings)
    assert "27 days" in found(again.library("own"), "paid leave")[0]
    assert again.check() == []
    again.close()


def test_another_embedder_is_refused(home: LocalHome, library: LocalLibrary, tmp_path: Path) -> None:
    with home.catalog.transaction() as db:
        db.execute("UPDATE libraries SET embedder = 'another' WHERE name = ?", (library.name,))
    with pytest.raises(EmbedderDiffers, match="another"):
        add(library, source(write(tmp_path, "leave.md", LEAVE)))


def test_libraries_are_made_renamed_and_deleted(home: LocalHome, tmp_path: Path) -> None:
    home.create("First")
    with pytest.raises(Taken):
        home.create(" first ")
    assert home.rename("First", "Second").name == "Second"
    with pytest.raises(NotFound):
        home.library("First")
    add(home.library("Second"), source(write(tmp_path, "leave.md", LEAVE)))
    home.delete("Second")
    assert "Second" not in {info.name for info in home.libraries()}
    assert home.check() == []


def test_one_process_owns_the_folder(home: LocalHome) -> None:
    with pytest.raises(HomeBusy):
        open_home(home.settings)


@pytest.mark.parametrize(
    ("key", "clean"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/abs/./a.md", "abs/a.md"),
        ("C:\\papers\\a.md", "C:/papers/a.md"),
        ("a\x00b\n.md", "ab.md"),
        ("Über uns/näher.md", "Über uns/näher.md"),
        ("..", "unnamed"),
    ],
)
def test_keys_are_harmless(key: str, clean: str) -> None:
    assert clean_key(key) == clean


def test_long_keys_keep_their_suffix() -> None:
    assert clean_key("x" * 900 + ".pdf").endswith("x.pdf")
    assert len(clean_key("x" * 900 + ".pdf")) <= 500


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x07b"])
def test_library_names_are_checked(name: str) -> None:
    with pytest.raises(WrongUsage):
        clean_name(name)


KILLED = """
import sys, pathlib
from ingest.home.opening import open_home
from ingest.model.adding import Source
from ingest.settings import Settings
home = open_home(Settings(home=pathlib.Path(sys.argv[1])))
try: home.create("load")
except Exception: print("again", flush=True)
library = home.library("load")
for number in range(1000):
    path = pathlib.Path(sys.argv[2]) / f"file-{number % 7}.md"
    path.write_text(f"# File {number}\\n\\nRevision {number} says value {number * 31}.", encoding="utf-8")
    for result in library.add([Source(str(path), path.name, str(path))]):
        print("ack", path.name, number, result.state.value, flush=True)
    if number % 5 == 4:
        library.remove([path.name])
        print("gone", path.name, number, flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_nothing_acknowledged(tmp_path: Path) -> None:
    kept: dict[str, int | None] = {}
    for kill in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / "home"), str(tmp_path)],
            stdout=subprocess.PIPE, cwd=PROJECT, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        for count, line in enumerate(process.stdout):
            word, *rest = line.split()
            if word == "ack":
                kept[rest[0]] = int(rest[1])
            elif word == "gone":
                kept[rest[0]] = None
            if count == 3 + 2 * kill:
                time.sleep(0.05 * kill)
                process.send_signal(signal.SIGKILL)
        process.wait()
        kept.update(_last_words(process))
        home = open_home(Settings(home=tmp_path / "home"))
        library = home.library("load")
        deadline = time.monotonic() + 60
        while any(job.stage not in ENDED for job in library.jobs()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert home.check() == []
        origins = {origin.key: origin for origin in library.origins()}
        for key, number in kept.items():
            if key not in origins:
                continue  # a removal may have been done and not yet told
            assert origins[key].state is DocumentState.COMPLETE
            (chunk,) = library.document_chunks(key)
            told = int(chunk.text.split("Revision ")[1].split()[0])
            assert number is None or told >= number, "an acknowledged revision was lost"
        # Each fifth is removed right after it was added: that may be done and not yet told.
        assert set(origins) >= {key for key, number in kept.items() if number is not None and number % 5 != 4}
        home.close()


def _last_words(process: subprocess.Popen[str]) -> dict[str, int | None]:
    """What had been told before the kill and was still in the pipe."""
    assert process.stdout is not None
    found: dict[str, int | None] = {}
    for line in process.stdout:
        word, name, number, *_ = line.split()
        found[name] = int(number) if word == "ack" else None
    return found


def test_a_paused_queue_waits_and_goes_on(home: LocalHome, library: LocalLibrary, tmp_path: Path) -> None:
    home.pause()
    try:
        paths = [write(tmp_path, name, f"Notes on {name}, kept for later.") for name in ("a.txt", "b.txt")]
        first, second = library.enqueue([source(path) for path in paths])
        time.sleep(1.5)
        assert [job.stage for job in library.jobs()] == [JobStage.WAITING] * 2
        assert home.paused()
        library.cancel([second])
        assert library.jobs()[1].stage is JobStage.CANCELLED
    finally:
        home.pause(False)
    deadline = time.monotonic() + 60
    while library.jobs()[0].stage not in ENDED:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [origin.key for origin in library.origins()] == ["a.txt"]
    assert library.jobs()[0].id == first
