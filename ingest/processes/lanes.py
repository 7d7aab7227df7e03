"""The processes of the sandbox as their owner sees them: started, asked, held to their time, replaced."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ingest.errors import Cancelled, FootnoteError, NeedsPassword, NotFound, Unreadable
from ingest.processes.channel import Channel, ChannelBroken, ChannelClosed, Frame
from ingest.processes.limits import FREED_GOES_BACK
from ingest.settings import PROJECT, Settings

if TYPE_CHECKING:
    import subprocess

    from ingest.model.adding import OnProgress

START_SECONDS = 60.0  # for a child to be ready
MAX_IMAGE_BYTES = 200 * 2**20
NEAR_LIMIT = 0.8  # of a child's address space: the next file gets a fresh one
MAX_MESSAGE = 500  # characters of a child's message that are shown


@dataclass(frozen=True, slots=True)
class Duty:
    """What a lane's children do, and when they are worn out: after `requests`, larger than `worn_mib`, or near the
    limit of their address space, `memory_mib`: libraries that get no more of it may lose text without a word."""

    niceness: int
    requests: int
    worn_mib: int
    seconds: float  # the longest request
    memory_mib: int
    recognises: bool = False


class Lane:
    """A number of children for one kind of work."""

    def __init__(self, settings: Settings, size: int, duty: Duty) -> None:
        import threading

        self._settings = settings
        self._duty = duty
        self._free = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._all: set[Child] = set()
        self._closed = False

    @contextmanager
    def child(self) -> Iterator[Child]:
        """A child that nobody else uses, for the time of the block."""
        with self._free:
            with self._lock:
                if self._closed:
                    raise Cancelled("Reading was stopped because Footnote is closing. Start it again.")
                child = self._idle.pop() if self._idle else None
            if child is None or not child.alive():
                self._forget(child)
                child = Child(self._settings, self._duty)
                with self._lock:
                    self._all.add(child)
            try:
                yield child
            finally:
                with self._lock:
                    keep = not self._closed and child.alive() and not child.worn
                    if keep:
                        self._idle.append(child)
                if not keep:
                    self._forget(child)

    def rest(self) -> None:
        """End the children that are idle; others start when they are needed."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            self._forget(child)

    def _forget(self, child: Child | None) -> None:
        if child is not None:
            child.kill()
            with self._lock:
                self._all.discard(child)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            children = list(self._all)
            self._idle.clear()
        for child in children:
            child.kill()


class Child:
    """One process; used by one thread at a time (only `kill` may come from another)."""

    def __init__(self, settings: Settings, duty: Duty) -> None:
        import subprocess

        self._duty = duty
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-s", "-m", "ingest.processes.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT,
            env=child_environment(os.environ),
            start_new_session=True,  # Ctrl-C is for the owner, who ends this one by closing its input
        )
        # 8 bytes for each character allowed: up to 4 in UTF-8, and as much for runs and headings
        most = max(MAX_IMAGE_BYTES, 8 * settings.max_characters + 64 * 2**20)
        incoming, outgoing = cast(BinaryIO, self._process.stdout), cast(BinaryIO, self._process.stdin)
        self._channel = Channel(incoming, outgoing, most)
        self.limits: Mapping[str, str] = {}
        self.worn = False
        self._files = 0
        self._killed = False
        try:
            self._channel.send({"settings": reading_limits(settings), "duty": asdict(duty)})
            hello = self._wait(START_SECONDS)
            self.limits = {str(key): str(value) for key, value in hello.header["limits"].items()}
        except (ChannelClosed, ChannelBroken, KeyError, AttributeError) as error:
            self.kill()
            raise Unreadable(
                f"The process that reads files could not be started (exit status {self._process.returncode}). "
                "Check that there is memory left, and run make setup again."
            ) from error

    def alive(self) -> bool:
        return not self._killed and self._process.poll() is None

    def kill(self) -> None:
        """End the process, at once."""
        self._killed = True
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def ask(self, header: Mapping[str, Any], seconds: float, on_progress: OnProgress | None = None) -> Frame:
        """The child's answer. Raises what it says, or Unreadable when it dies or takes too long."""
        import threading

        overdue = threading.Event()

        def stop() -> None:
            overdue.set()
            self.kill()

        clock = threading.Timer(seconds, stop)
        clock.daemon = True
        clock.start()
        try:
            self._channel.send({**header, "seconds": seconds})
            while True:
                frame = self._channel.receive()
                if "done" in frame.header:
                    if on_progress:
                        on_progress(int(frame.header["done"]), int(frame.header["total"]))
                    continue
                break
        except ChannelClosed:
            killed_by_us = self._killed
            self.kill()
            raise self._death(overdue.is_set(), killed_by_us, seconds) from None
        except ChannelBroken as error:
            self.kill()
            raise Unreadable(f"Reading this file gave a result that cannot be used: {error}.") from error
        except BaseException:  # from on_progress: the child is in the middle of its work
            self.kill()
            raise
        finally:
            clock.cancel()
        self._files += 1
        mib, space = float(frame.header.get("mib", 0)), float(frame.header.get("space", 0))
        near = space > NEAR_LIMIT * self._duty.memory_mib
        self.worn = self._files >= self._duty.requests or mib > self._duty.worn_mib or near
        if "error" in frame.header:
            raise told(str(frame.header["error"]), str(frame.header.get("message", "")))
        return frame

    def _wait(self, seconds: float) -> Frame:
        import threading

        clock = threading.Timer(seconds, self.kill)
        clock.daemon = True
        clock.start()
        try:
            return self._channel.receive()
        finally:
            clock.cancel()

    def _death(self, overdue: bool, killed_by_us: bool, seconds: float) -> FootnoteError:
        import signal

        memory = f"{self._duty.memory_mib:,} MiB"
        code = self._process.returncode
        if overdue and self._duty.recognises:
            return Unreadable(f"Recognising this page took longer than {seconds:,.0f} s and was stopped.")
        if overdue or (code is not None and code == -getattr(signal, "SIGXCPU", 0)):
            return Unreadable(
                f"Reading this file took longer than {seconds:,.0f} s and was stopped. Split it, or raise "
                "FOOTNOTE_READ_TIMEOUT_SECONDS."
            )
        if killed_by_us:
            return Cancelled("Reading was stopped because Footnote is closing. Start it again.")
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit status {code}"
        if how == "SIGKILL":
            return Unreadable(
                f"Reading this file needs more memory than there is (at most {memory} are used). Split it."
            )
        return Unreadable(
            f"This file made its reader crash ({how}): it is damaged, or needs more memory than {memory}. "
            "Open it in a viewer and save a copy, or raise FOOTNOTE_READ_MEMORY_MIB."
        )


def told(kind: str, message: str) -> FootnoteError:
    """The error a child tells of; only these three are believed."""
    message = "".join(c if c.isprintable() else " " for c in message[:MAX_MESSAGE])
    if kind == "NeedsPassword":
        return NeedsPassword(message)
    if kind == "NotFound":
        return NotFound(message)
    return Unreadable(message or "This file could not be read.")


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The least that Python needs to start, and nothing of the user's: no keys, no proxies."""
    kept = ("SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
    found = {name: environment[name] for name in kept if name in environment}
    return {
        **found,
        **FREED_GOES_BACK,
        "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def reading_limits(settings: Settings) -> dict[str, Any]:
    """The settings a child needs, and no others."""
    names = (
        "max_file_mib", "max_pages", "max_characters", "read_timeout_seconds", "read_memory_mib",
    )  # fmt: skip
    return {name: getattr(settings, name) for name in names}
