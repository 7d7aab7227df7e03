"""The worker ends with its owner, whatever it is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.settings import PROJECT

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
