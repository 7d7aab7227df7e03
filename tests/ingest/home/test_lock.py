"""One owner at a time, told to others of the same person, and gone with its process."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.errors import HomeBusy, WrongUsage
from ingest.home.lock import LOCK_FILE, OWNER_FILE, HomeLock, Owner, read_owner
from tests.conftest import PROJECT

HOLD = """
import sys, time
from pathlib import Path
from ingest.home.lock import HomeLock
lock = HomeLock.acquire(Path(sys.argv[1]))
lock.publish("http://127.0.0.1:9")
print(lock.token, flush=True)
time.sleep(60)
"""


def hold_elsewhere(home: Path) -> tuple[subprocess.Popen[str], str]:
    """Another process that holds `home`, and its token."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_another_process_is_seen_and_cannot_take_it(tmp_path: Path) -> None:
    process, token = hold_elsewhere(tmp_path)
    try:
        assert read_owner(tmp_path) == Owner(process.pid, "http://127.0.0.1:9", token)
        with pytest.raises(HomeBusy, match=f"process {process.pid}"):
            HomeLock.acquire(tmp_path)
        assert read_owner(tmp_path) == Owner(process.pid, "http://127.0.0.1:9", token)
    finally:
        process.kill()
        process.wait()


def test_a_killed_owner_leaves_the_folder_free(tmp_path: Path) -> None:
    process, token = hold_elsewhere(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (tmp_path / OWNER_FILE).exists(), "a killed process cannot tidy up"
    assert read_owner(tmp_path) is None
    with HomeLock.acquire(tmp_path) as lock:
        assert lock.token != token
        owner = read_owner(tmp_path)
        assert owner is not None
        assert owner.address == ""


def test_only_this_person_can_read_the_token(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    with HomeLock.acquire(home) as lock:
        lock.publish("http://127.0.0.1:1")
        for name in (LOCK_FILE, OWNER_FILE):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert len(lock.token) >= 40
        assert lock.token not in repr(read_owner(home))


def test_two_holders_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    first = HomeLock.acquire(tmp_path)
    with pytest.raises(HomeBusy):
        HomeLock.acquire(tmp_path)
    first.release()
    first.release()
    assert not (tmp_path / OWNER_FILE).exists()
    HomeLock.acquire(tmp_path).release()


def test_a_look_creates_nothing(tmp_path: Path) -> None:
    assert read_owner(tmp_path / "none") is None
    assert read_owner(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_an_owner_that_cannot_be_told_still_owns(tmp_path: Path) -> None:
    with HomeLock.acquire(tmp_path):
        (tmp_path / OWNER_FILE).write_text("{", encoding="utf-8")
        assert read_owner(tmp_path) == Owner(pid=0)


def test_a_folder_that_cannot_be_had_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WrongUsage, match="--home"):
        HomeLock.acquire(tmp_path / "file" / "home")
