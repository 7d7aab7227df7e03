"""What a process that reads files of others gives up before it begins: memory, time, files, network."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def step_back(niceness: int) -> None:
    """Let others have the processor first. Raises OSError, and AttributeError on Windows.

    Linux shares it out among sessions, and a process's niceness counts only within its own (sched(7), autogroup): the
    session of a child, which it has to itself, is made as nice.
    """
    os.nice(niceness)
    session = Path("/proc/self/autogroup")
    if session.exists():
        session.write_text(str(niceness), encoding="ascii")


def restrict(
    niceness: int, memory_mib: int, seconds: float, requests: int, prepare: Callable[[], None] | None = None
) -> dict[str, str]:
    """Give up what reading does not need. Returns limit → "on", or why it could not be set.

    `seconds` of CPU time are for each of `requests`. `prepare` loads what needs threads or files of ours:
    it runs without the network, and before processes and files are taken away.
    """
    os.umask(0o077)
    state: dict[str, str] = {"network": give_up_network()}  # first: later it would leave threads behind
    if prepare is not None:
        prepare()
    try:
        step_back(niceness)
    except (AttributeError, OSError) as error:
        state["niceness"] = str(error)
    try:
        import resource
    except ImportError:
        state["memory"] = "this system has no resource limits"
        return state
    most_memory = memory_mib * 2**20
    wanted = {
        "memory": ("RLIMIT_AS", most_memory, most_memory),
        "file size": ("RLIMIT_FSIZE", 0, 0),  # nothing is written to disk
        "open files": ("RLIMIT_NOFILE", 32, 32),
        "processes": ("RLIMIT_NPROC", 0, 0),  # the system exempts root
        "core dump": ("RLIMIT_CORE", 0, 0),
        "cpu": ("RLIMIT_CPU", int(seconds) + 5, requests * (int(seconds) + 5)),
    }
    for name, (constant, soft, hard) in wanted.items():
        try:
            resource.setrlimit(getattr(resource, constant), (soft, hard))
            state[name] = "on"
        except (AttributeError, OSError, ValueError) as error:
            state[name] = str(error) or type(error).__name__
    return state


def renew_cpu_seconds(seconds: float) -> None:
    """Let the next request have `seconds` of CPU time (a little more: the parent's clock comes first)."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime + seconds) + 5
    if hard == resource.RLIM_INFINITY or soft <= hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def give_up_network() -> str:
    """Move to a network name space without any device (Linux). "on", or why not."""
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} offers no way to give up the network"
    import ctypes

    new_network, new_user = 0x40000000, 0x10000000  # CLONE_NEWNET, CLONE_NEWUSER of <linux/sched.h>
    system = ctypes.CDLL(None, use_errno=True)
    system.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS of <linux/prctl.h>
    # os.unshare exists from Python 3.12 on; without root it takes a user name space of one's own
    if system.unshare(new_network) == 0 or system.unshare(new_network | new_user) == 0:
        return "on"
    return os.strerror(ctypes.get_errno())


# glibc keeps freed buffers, the more the larger they were, and an arena for each few threads: half of what a
# process that reads or embeds for long would hold. Buffers from 256 KiB on go back at once, under these.
FREED_GOES_BACK = {
    "MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "1000000", "MALLOC_ARENA_MAX": "2",
}  # fmt: skip
_MALLOPT = {"MALLOC_MMAP_THRESHOLD_": -3, "MALLOC_TRIM_THRESHOLD_": -1, "MALLOC_ARENA_MAX": -8}  # <malloc.h>


def give_freed_back() -> None:
    """FREED_GOES_BACK for this process, which has already begun; nothing where the C library is not glibc."""
    with suppress(OSError, AttributeError):
        import ctypes

        mallopt = ctypes.CDLL("libc.so.6").mallopt
        for name, value in FREED_GOES_BACK.items():
            mallopt(_MALLOPT[name], int(value))


def resident_mib() -> float:
    """Largest memory this process has had so far, MiB; 0 where the system does not tell.

    On Linux not from getrusage: its peak is handed down from the parent, who holds the models.
    """
    if (peak := _status_mib("VmHWM:")) is not None:
        return peak
    try:
        import resource
    except ImportError:
        return 0.0
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 2**10


def address_space_mib() -> float:
    """What the memory limit counts: address space this process has, MiB; 0 where the system does not tell."""
    return _status_mib("VmSize:") or 0.0


def _status_mib(name: str) -> float | None:
    """A value that Linux tells of this process; None elsewhere."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 2**10
    return None
