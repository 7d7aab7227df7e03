"""One process owns a home folder; this is how it says so, and how others find it.

`lock` is held by the operating system, so it goes with its process, however that ends. Beside it
`owner.json` (mode 0600) tells the owner's process id, address and token: who can read it is the same
person. It stands in a file of its own because it is replaced whole, and because some systems let
nobody read a locked file.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import HomeBusy, WrongUsage

LOCK_FILE = "lock"
OWNER_FILE = "owner.json"

# A look at the lock holds it for an instant; an acquirer outwaits that instead of giving up.
GLANCE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds a home folder. `address` is "" while it serves none."""

    pid: int  # 0 when it cannot be told
    address: str = ""  # http://127.0.0.1:port
    token: str = field(default="", repr=False)


class HomeLock:
    """The lock of one home folder, held from `acquire` to `release` or the end of the process."""

    def __init__(self, home: Path, lock: FileLock) -> None:
        self._home = home
        self._lock = lock
        self._owner = Owner(pid=os.getpid(), token=secrets.token_urlsafe(32))

    @classmethod
    def acquire(cls, home: Path) -> HomeLock:
        """Make the folder if needed and own it.

        Raises HomeBusy when another process (or another HomeLock of this one) does, and WrongUsage
        when the folder cannot be made, written or locked.
        """
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Every thread may release it; a soft lock would outlive a killed process.
            lock = FileLock(home / LOCK_FILE, mode=0o600, thread_local=False, fallback_to_soft=False)
            lock.acquire(timeout=GLANCE_SECONDS)
        except Timeout:
            raise HomeBusy(busy_message(home, read_owner(home) or Owner(pid=0))) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise WrongUsage(
                f"{home} cannot be used as Footnote's home folder ({reason}). "
                "Choose a folder on a local disk that you may write, with --home or FOOTNOTE_HOME."
            ) from error
        held = cls(home, lock)
        try:
            held._write_owner()
        except OSError as error:
            lock.release()
            reason = error.strerror or str(error)
            raise WrongUsage(
                f"{home} cannot be written ({reason}). Free some space or choose another folder "
                "with --home or FOOTNOTE_HOME."
            ) from error
        return held

    @property
    def home(self) -> Path:
        return self._home

    @property
    def token(self) -> str:
        """What a caller must show to be served; fresh for every owner."""
        return self._owner.token

    def publish(self, address: str) -> None:
        """Tell other processes of this person where this one is served ("" takes it back)."""
        self._owner = replace(self._owner, address=address)
        self._write_owner()

    def release(self) -> None:
        """Give the folder back. A second call does nothing."""
        if self._lock.is_locked:
            (self._home / OWNER_FILE).unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> HomeLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _write_owner(self) -> None:
        """Replace the file in one step, never readable by others, not even for an instant."""
        partial = self._home / f"{OWNER_FILE}.{os.getpid()}"
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self._owner), file)
        partial.replace(self._home / OWNER_FILE)


def read_owner(home: Path) -> Owner | None:
    """Who holds `home`; None when nobody does. Creates nothing.

    An owner whose file cannot be read (another person's, or about to come) has pid 0.
    """
    if not (home / LOCK_FILE).is_file() or not is_held(home / LOCK_FILE):
        return None
    try:
        raw = json.loads((home / OWNER_FILE).read_text(encoding="utf-8"))
        return Owner(pid=int(raw["pid"]), address=str(raw["address"]), token=str(raw["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Owner(pid=0)


def is_held(lock_file: Path) -> bool:
    """Whether some process holds the lock; looking takes it for an instant when nobody does."""
    lock = FileLock(lock_file, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except (Timeout, PermissionError):
        return True
    lock.release()
    return False


def busy_message(home: Path, owner: Owner) -> str:
    """Why the folder cannot be had, and what to do."""
    who = f"process {owner.pid}" if owner.pid else "another process"
    return (
        f"{home} is in use by {who}. Wait until it has finished or end it, "
        "or choose another folder with --home."
    )
