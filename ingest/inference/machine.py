"""The machine a model runs on: its CPU, its cores, OpenVINO; and which file it runs."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any


@lru_cache(maxsize=1)
def cpu_info() -> dict[str, str]:
    """The first CPU of /proc/cpuinfo; empty where there is none (macOS, Windows)."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def cpu_name() -> str:
    return cpu_info().get("model name") or platform.processor() or platform.machine()


def cpu_flags() -> frozenset[str]:
    return frozenset(cpu_info().get("flags", "").split())


def cores(threads: int = 0) -> int:
    """`threads`, or as many cores as this process may use."""
    if threads > 0:
        return threads
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def digest(file: Path) -> str:
    """sha256 of a file in hex; read again only when its size or time changed."""
    state = file.stat()
    return _digest(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _digest(file: Path, size: int, modified_ns: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def openvino() -> Any:
    """OpenVINO, imported without its telemetry (which would write to the home directory and call out)."""
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
