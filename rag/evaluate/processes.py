"""A command and the processes it starts, watched from outside: how long, and how much memory."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.settings import PROJECT

LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Watched:
    """What a command wrote to standard output, its wall seconds, and the peak of its tree's memory in MiB."""

    output: str
    seconds: float
    peak_mib: int


def watched(arguments: Sequence[str]) -> Watched:
    """Run `python ARGUMENTS` to its end. Raises RuntimeError when it fails.

    Memory is the proportional set size summed over the process and its descendants (pages that several share
    count once), every half second.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    peak = [0.0]
    watcher = threading.Thread(target=_look, args=(process, peak), daemon=True)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - began
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}: {output[-500:]}")
    return Watched(output, round(seconds, 1), round(peak[0]))


def _look(process: subprocess.Popen[str], peak: list[float]) -> None:
    import psutil

    root = psutil.Process(process.pid)
    while process.poll() is None:
        total = 0.0
        try:
            for each in [root, *root.children(recursive=True)]:
                total += each.memory_full_info().pss
        except psutil.NoSuchProcess:  # it ended between listing and looking
            continue
        finally:
            time.sleep(LOOK_SECONDS)
        peak[0] = max(peak[0], total / 2**20)
