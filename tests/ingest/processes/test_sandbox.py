from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ingest.errors import Cancelled, FootnoteError, NeedsPassword, NotFound, Unreadable
from ingest.processes.lanes import Child, Duty, Lane, child_environment, told
from ingest.processes.sandbox import SandboxPool
from ingest.readers import source_ranges
from ingest.settings import PROJECT, Settings
from tests.ingest.small_pdfs import make_pdf, rewritten

BIG = 60  # pages of the file that takes a while


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "with space ü.pdf"
    path.write_bytes(make_pdf([["Alpha beta"], ["gamma"]]))
    return path


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A PDF that takes PDFium seconds: many pages full of text."""
    path = tmp_path / "slow.pdf"
    path.write_bytes(make_pdf([[f"word{row} " * 40 for row in range(120)]] * BIG))
    return path


def processes(pool: SandboxPool) -> list[int]:
    return [
        child._process.pid
        for lane in (pool._reading, pool._recognising, pool._showing)
        for child in lane._all
    ]


def test_reads_shows_and_finds_boxes(pool: SandboxPool, small: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = pool.read(small, "../../a.pdf", on_progress=lambda done, total: seen.append((done, total)))
    assert [page.text for page in found.pages] == ["Alpha beta", "gamma"]
    assert seen[-1] == (2, 2)
    ranges = source_ranges(found.pages[0].runs, 6, 10)
    (box,) = pool.boxes(small, 1, ranges)
    assert 0 < box.left < box.right < 1
    assert 0 < box.top < box.bottom < 1
    image = pool.page_image(small, 1, [(*ranges[0], "passage")], 300)
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    assert image != pool.page_image(small, 1, (), 300)


def test_errors_come_back_as_themselves(pool: SandboxPool, small: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(rewritten(make_pdf([["Hidden"]]), user_password="pw"))
    with pytest.raises(NeedsPassword, match="Enter its password"):
        pool.read(secret, "secret.pdf")
    assert pool.read(secret, "secret.pdf", "pw").pages[0].text == "Hidden"
    assert pool.page_image(secret, 1, (), 100, "pw")
    with pytest.raises(NotFound, match="Page 9"):
        pool.page_image(small, 9)
    with pytest.raises(Unreadable, match="could not be read"):
        pool.read(tmp_path / "not there.pdf", "x.pdf")
    assert processes(pool)


def test_limits_are_on(pool: SandboxPool) -> None:
    limits = pool.limits()
    if sys.platform.startswith("linux"):
        assert {limits[name] for name in ("memory", "cpu", "file size", "open files", "core dump")} == {"on"}
    assert limits["network"]  # "on", or why not: some containers forbid it


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can take the network away")
def test_a_child_has_no_network_no_files_to_write_and_little_environment(tmp_path: Path) -> None:
    target = tmp_path / "written"
    code = f"""
import os, socket
from ingest.processes.limits import restrict
limits = restrict(5, 2048, 300, 50)
try:
    socket.create_connection(("127.0.0.1", 9), 1)
    network = "reached"
except ConnectionRefusedError:
    network = "there"
except OSError:
    network = "none"
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open({str(target)!r}, "w") as stream:
        stream.write("x")
    files = "written"
except OSError:
    files = "none"
try:
    bytearray(4 << 30)
    memory = "there"
except MemoryError:
    memory = "none"
print(limits["network"], network, files, memory, sorted(os.environ), oct(os.umask(0)), os.nice(0))
"""
    environment = child_environment(
        {"OPENAI_API_KEY": "sk", "HTTPS_PROXY": "p", "LANG": "C.UTF-8", "HOME": "/x"}
    )
    done = subprocess.run(
        [sys.executable, "-s", "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    words = done.stdout.split()
    assert done.returncode == 0, done.stderr
    if words[0] == "on":
        assert words[1] == "none"
    assert words[2:4] == ["none", "none"]
    assert "OPENAI_API_KEY" not in done.stdout
    assert "PROXY" not in done.stdout
    assert "0o77" in done.stdout


def test_too_slow_is_stopped_and_the_next_goes_on(slow: Path, small: Path) -> None:
    slow.write_bytes(make_pdf([[f"word{row} " * 40 for row in range(120)]] * 5 * BIG))
    pool = SandboxPool(Settings(read_timeout_seconds=3, readers=1))  # a busy child takes one to begin
    try:
        with pytest.raises(Unreadable, match=r"longer than 3 s.*FOOTNOTE_READ_TIMEOUT_SECONDS"):
            pool.read(slow, "slow.pdf")
        assert pool.read(small, "small.pdf").pages[1].text == "gamma"
    finally:
        pool.close()


def test_too_much_memory_ends_in_words(tmp_path: Path, small: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"some words and more \n" * 2_000_000)
    pool = SandboxPool(Settings(read_memory_mib=200, readers=1, max_characters=200_000_000))
    try:
        with pytest.raises(Unreadable, match="more memory than 200 MiB"):
            pool.read(path, "long.txt")
        assert pool.read(small, "small.pdf").pages[0].text == "Alpha beta"
    finally:
        pool.close()


def test_a_crash_is_this_file_s_alone(slow: Path, small: Path) -> None:
    pool = SandboxPool(Settings(readers=1))
    crashed = threading.Event()

    def crash(done: int, total: int) -> None:
        if not crashed.is_set():
            crashed.set()
            os.kill(processes(pool)[0], signal.SIGSEGV)

    try:
        with pytest.raises(Unreadable, match=r"crash \(SIGSEGV\)"):
            pool.read(slow, "slow.pdf", on_progress=crash)
        assert pool.read(small, "small.pdf").pages[0].text == "Alpha beta"
    finally:
        pool.close()


def test_progress_may_stop_the_reading(slow: Path, small: Path) -> None:
    pool = SandboxPool(Settings(readers=1))

    def stop(done: int, total: int) -> None:
        raise Cancelled("enough")

    try:
        began = time.monotonic()
        with pytest.raises(Cancelled, match="enough"):
            pool.read(slow, "slow.pdf", on_progress=stop)
        stopped = time.monotonic() - began
        assert pool.read(small, "small.pdf").pages[0].text == "Alpha beta"
        assert stopped < 10
    finally:
        pool.close()


def test_pages_are_shown_while_files_are_read(slow: Path, small: Path) -> None:
    pool = SandboxPool(Settings(readers=1))
    reading = threading.Event()
    done: list[float] = []

    def read() -> None:
        pool.read(slow, "slow.pdf", on_progress=lambda *_: reading.set())
        done.append(time.monotonic())

    thread = threading.Thread(target=read)
    try:
        thread.start()
        assert reading.wait(20)
        pool.page_image(small, 1, (), 200)
        shown = time.monotonic()
        thread.join()
        assert shown < done[0]
    finally:
        pool.close()


def test_many_threads_share_few_children(small: Path) -> None:
    pool = SandboxPool(Settings(readers=2))
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(pool.read(small, "a.pdf").pages[0].text))
        for _ in range(12)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert texts == ["Alpha beta"] * 12
        assert len(processes(pool)) <= 2
    finally:
        pool.close()


def test_children_are_replaced_after_some_files(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.processes.sandbox.FILES_PER_CHILD", 2)
    pool = SandboxPool(Settings(readers=1))
    try:
        pids = []
        for _ in range(5):
            pool.read(small, "a.pdf")
            pids.append(tuple(processes(pool)))
        assert pids[0] != ()
        assert len({pid for each in pids for pid in each}) == 3
    finally:
        pool.close()


def test_close_stops_what_is_under_way(slow: Path) -> None:
    pool = SandboxPool(Settings(readers=1))
    reading = threading.Event()
    errors: list[FootnoteError] = []

    def read() -> None:
        try:
            pool.read(slow, "slow.pdf", on_progress=lambda *_: reading.set())
        except FootnoteError as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(20)
    pids = processes(pool)
    pool.close()
    thread.join(10)
    assert [type(error) for error in errors] == [Cancelled]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with pytest.raises(Cancelled):
        pool.read(slow, "slow.pdf")


def test_a_child_ends_with_its_parent() -> None:
    child = Child(Settings(), Duty(0, 50, 600, 60.0, 2_048))
    process = child._process
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0


def test_only_known_errors_are_believed() -> None:
    assert type(told("NeedsPassword", "x")) is NeedsPassword
    assert type(told("SystemExit", "x\x1b[31m")) is Unreadable
    assert str(told("Unreadable", "x\x1b[31m" + "y" * 1000)) == "x [31m" + "y" * 494


def test_children_that_rest_are_replaced_when_needed(small: Path) -> None:
    lane = Lane(Settings(), 1, Duty(5, 50, 600, 30, 2048))
    try:
        with lane.child() as first:
            lane.rest()  # it is at work
            assert first.alive()
        lane.rest()
        assert not first.alive()
        with lane.child() as second:
            assert second.alive()
        assert second is not first
    finally:
        lane.close()
