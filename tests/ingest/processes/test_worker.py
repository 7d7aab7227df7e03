"""The worker ends with its owner, whatever it is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ingest.model.pages import Page
from ingest.processes.worker import Worker
from ingest.settings import PROJECT, Settings

BUSY = """
import os, threading
from ingest.processes.worker import end_with
threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
print(os.getpid(), flush=True)
while True: sum(range(1000))
"""
OWNER = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {BUSY!r}]).wait()
"""


def runs(pid: int) -> bool:
    """Whether the process exists and is no zombie that waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked at through /proc")
def test_a_worker_whose_owner_is_killed_ends_in_the_middle_of_its_work() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, cwd=PROJECT, text=True)
    assert owner.stdout is not None
    worker = int(owner.stdout.readline())
    time.sleep(1.5)
    assert runs(worker), "it works on while the owner is there"
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    deadline = time.monotonic() + 10
    while runs(worker) and time.monotonic() < deadline:
        time.sleep(0.2)
    left = runs(worker)
    if left:
        os.kill(worker, signal.SIGKILL)
    assert not left


def test_a_worker_that_has_grown_starts_afresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[int] = []
    start = subprocess.Popen

    def counted(*arguments: Any, **named: Any) -> Any:
        process = start(*arguments, **named)
        started.append(process.pid)
        return process

    monkeypatch.setattr("ingest.processes.worker.subprocess.Popen", counted)
    worker = Worker(Settings.load(home=tmp_path))
    try:
        pages = [Page(1, "Green tea is steeped for three minutes.")]
        first = worker.chunk(pages, 210)
        assert worker.chunk(pages, 210) == first
        assert len(started) == 1
        monkeypatch.setattr("ingest.processes.worker.GROWN_MIB", -1.0)
        assert worker.chunk(pages, 210) == first
        assert worker.chunk(pages, 210) == first
        assert len(started) == 2
        assert not runs(started[0])
    finally:
        worker.close()
