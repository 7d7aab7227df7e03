"""Reads files and draws pages in processes of their own, which may crash, hang or be taken over.

`SandboxPool` is the parent's side; `python -m ingest.sandbox` is a child. A child has limits on memory,
CPU time, files and output, no network where the system allows taking it away, and is replaced after
some files. The parent holds the clock and believes nothing it has not checked.

Not covered: a child can read what the user can read (no file-system isolation).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ingest.channel import Channel, ChannelBroken, ChannelClosed, Frame, pack, unpack
from ingest.errors import Cancelled, FootnoteError, NeedsPassword, NotFound, Unreadable
from ingest.settings import PROJECT, Settings

if TYPE_CHECKING:
    import subprocess

    from ingest.model import Box, FileText, OnProgress, Table

READING_NICENESS = 5
FILES_PER_CHILD = 50  # then it is replaced: what a file left behind in the libraries' memory goes with it
WORN_MIB = 600  # a child larger than this after a file is replaced
SHOW_SECONDS = 60.0  # for a page image or boxes; a person waits for it
MAX_IMAGE_BYTES = 200 * 2**20
MAX_MESSAGE = 500  # characters of a child's message that are shown
_PROGRESS_SECONDS = 0.1

Ranges = Sequence[tuple[int, int]]


# ------------------------------------------------------------------ the parent's side


class SandboxPool:
    """Up to `settings.readers` processes for reading, and one more that is kept for showing pages.

    Safe for threads: a call takes a free child of its lane or waits for one. Children start when first
    needed. Showing never waits behind reading.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reading = Lane(settings, max(1, settings.readers), READING_NICENESS)
        self._showing = Lane(settings, 1, 0)

    def read(
        self, path: Path, name: str, password: str | None = None, on_progress: OnProgress | None = None
    ) -> FileText:
        """The text of the file at `path`, known to people as `name`.

        `on_progress` gets (pages done, pages in all), a few times a second; what it raises stops the
        reading and comes out here. Raises Unreadable or NeedsPassword.
        """
        seconds = self._settings.read_timeout_seconds
        ask = {"do": "read", "path": os.fspath(path), "name": name, "password": password}
        with self._reading.child() as child:
            frame = child.ask(ask, seconds, on_progress)
            try:
                return unpack(frame.header["file_text"], *frame.parts)
            except (ChannelBroken, KeyError, TypeError) as error:
                child.kill()
                raise Unreadable(
                    f"Reading this file gave a result that does not hold ({error}). It is probably damaged."
                ) from error

    def page_image(
        self,
        path: Path,
        page: int,
        marks: Sequence[tuple[int, int, str]] = (),
        width: int = 1000,
        password: str | None = None,
    ) -> bytes:
        """PNG of a page of a PDF. `marks` are (start, end, "passage" | "answer") in PDFium's character
        indices, see `ingest.readers.source_ranges`."""
        ask = {
            "do": "page_image",
            "path": os.fspath(path),
            "page": page,
            "marks": [list(mark) for mark in marks],
            "width": width,
            "password": password,
        }
        with self._showing.child() as child:
            frame = child.ask(ask, SHOW_SECONDS)
            if len(frame.parts) != 1 or not frame.parts[0].startswith(b"\x89PNG\r\n\x1a\n"):
                child.kill()
                raise Unreadable("This page could not be drawn: the result is no picture.")
            return frame.parts[0]

    def boxes(self, path: Path, page: int, char_ranges: Ranges, password: str | None = None) -> list[Box]:
        """Boxes of the characters on the page as shown, one per line."""
        from ingest.model import Box

        ask = {
            "do": "boxes",
            "path": os.fspath(path),
            "page": page,
            "ranges": [list(each) for each in char_ranges],
            "password": password,
        }
        with self._showing.child() as child:
            frame = child.ask(ask, SHOW_SECONDS)
            try:
                return [
                    Box(*(min(1.0, max(0.0, float(edge))) for edge in box)) for box in frame.header["boxes"]
                ]
            except (KeyError, TypeError, ValueError) as error:
                child.kill()
                raise Unreadable("The places on this page could not be worked out.") from error

    def tables(self, path: Path, name: str) -> list[Table]:
        """The rows of a workbook or of separated values, to compute on. Raises Unreadable."""
        from ingest.model import Table
        from ingest.wire import decode

        ask = {"do": "tables", "path": os.fspath(path), "name": name}
        with self._showing.child() as child:
            frame = child.ask(ask, SHOW_SECONDS)
            try:
                return [decode(Table, json.loads(part)) for part in frame.parts]
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                child.kill()
                raise Unreadable("The rows of this table could not be worked out.") from error

    def limits(self) -> Mapping[str, str]:
        """What a child is held to on this system: limit → "on", or why it is not there."""
        with self._showing.child() as child:
            return child.limits

    def close(self) -> None:
        """End all children; calls under way raise Cancelled."""
        self._reading.close()
        self._showing.close()


class Lane:
    """A number of children for one kind of work."""

    def __init__(self, settings: Settings, size: int, niceness: int) -> None:
        import threading

        self._settings = settings
        self._niceness = niceness
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
                child = Child(self._settings, self._niceness)
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

    def __init__(self, settings: Settings, niceness: int) -> None:
        import subprocess

        self._settings = settings
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-s", "-m", "ingest.sandbox"],
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
            self._channel.send({"settings": reading_limits(settings), "niceness": niceness})
            hello = self._wait(SHOW_SECONDS)
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
        self.worn = self._files >= FILES_PER_CHILD or float(frame.header.get("mib", 0)) > WORN_MIB
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

        memory = f"{self._settings.read_memory_mib:,} MiB"
        code = self._process.returncode
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
    return {**found, "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def reading_limits(settings: Settings) -> dict[str, Any]:
    """The settings a child needs, and no others."""
    names = (
        "max_file_mib", "max_pages", "max_characters", "read_timeout_seconds", "read_memory_mib",
    )  # fmt: skip
    return {name: getattr(settings, name) for name in names}


# ------------------------------------------------------------------ the child's side


def main() -> int:
    """Serve requests from standard input until it closes."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(quiet, 1)  # what a library prints must not end up between the frames
    os.close(quiet)
    channel = Channel(incoming, outgoing, 16 * 2**20)
    try:
        first = channel.receive()
        settings = Settings(**first.header["settings"])
        limits = restrict(settings, int(first.header["niceness"]))
        channel.send({"limits": limits})
        while True:
            request = channel.receive()
            renew_cpu_seconds(float(request.header["seconds"]))
            header, parts = answer(request.header, settings, channel)
            channel.send({**header, "mib": resident_mib()}, *parts)
    except ChannelClosed:
        return 0


def answer(
    ask: Mapping[str, Any], settings: Settings, channel: Channel
) -> tuple[dict[str, Any], list[bytes]]:
    """Do what is asked; every error becomes words."""
    try:
        path = Path(ask["path"])
        if ask["do"] == "read":
            from ingest import readers

            report = Report(channel)
            found = readers.read(path, ask["name"], settings, ask["password"], report)
            header, texts, runs = pack(found)
            return {"file_text": header}, [texts, runs]

        if ask["do"] == "tables":
            from ingest.readers.rows import read_tables
            from ingest.wire import encode, to_line

            return {}, [to_line(encode(table)) for table in read_tables(path, ask["name"], settings)]

        from ingest.readers import pdf

        if ask["do"] == "page_image":
            marks = [(int(start), int(end), str(kind)) for start, end, kind in ask["marks"]]
            return {}, [pdf.render_marked(path, ask["page"], marks, ask["width"], ask["password"])]
        ranges = [(int(start), int(end)) for start, end in ask["ranges"]]
        boxes = pdf.boxes(path, ask["page"], ranges, ask["password"])
        return {"boxes": [[box.left, box.top, box.right, box.bottom] for box in boxes]}, []
    except FootnoteError as error:
        return {"error": type(error).__name__, "message": str(error)}, []
    except ChannelClosed:
        raise
    except MemoryError:
        return {
            "error": "Unreadable",
            "message": f"This file needs more memory than {settings.read_memory_mib:,} MiB. Split it, or raise "
            "FOOTNOTE_READ_MEMORY_MIB.",
        }, []
    except Exception as error:  # noqa: BLE001 - a file of others may make a library raise anything
        return {
            "error": "Unreadable",
            "message": f"This file could not be read ({type(error).__name__}: {str(error)[:200]}). It is probably "
            "damaged: open it in a viewer and save a copy.",
        }, []


class Report:
    """Sends progress, a few times a second and at the end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            self._channel.send({"done": done, "total": total})


def restrict(settings: Settings, niceness: int) -> dict[str, str]:
    """Give up what reading does not need. Returns limit → "on", or why it could not be set."""
    os.umask(0o077)
    state: dict[str, str] = {"network": give_up_network()}
    try:
        os.nice(niceness)
    except (AttributeError, OSError) as error:
        state["niceness"] = str(error)
    try:
        import resource
    except ImportError:
        state["memory"] = "this system has no resource limits"
        return state
    most_memory = settings.read_memory_mib * 2**20
    wanted = {
        "memory": ("RLIMIT_AS", most_memory, most_memory),
        "file size": ("RLIMIT_FSIZE", 0, 0),  # nothing is written to disk
        "open files": ("RLIMIT_NOFILE", 32, 32),
        "processes": ("RLIMIT_NPROC", 0, 0),  # the system exempts root
        "core dump": ("RLIMIT_CORE", 0, 0),
        "cpu": (
            "RLIMIT_CPU",
            int(settings.read_timeout_seconds) + 5,
            FILES_PER_CHILD * (int(settings.read_timeout_seconds) + 5),
        ),
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


def resident_mib() -> float:
    """Largest memory this process has had so far, MiB; 0 where the system does not tell.

    On Linux not from getrusage: its peak is handed down from the parent, who holds the models.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    raise SystemExit(main())
