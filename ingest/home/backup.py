"""One archive of a home folder, made while it is in use: catalog, originals, saved chats, evaluations.

    footnote-backup.json        what it is and what it holds
    catalog.sqlite              as of one moment (SQLite's VACUUM INTO), vectors included
    chats.sqlite                as of one moment
    originals/ab/abcdef…        every file that this catalog names, by the hash of its content
    evaluations/….json

A ZIP file whose members are stored as they are: PDFs and vectors hardly shrink, and an archive that
cannot grow when it is unpacked needs no trust (`ingest.home.restore`). Chroma and BM25 are left out, being
made anew from the catalog. Left out, too: `settings.json`, because it may hold a key.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from ingest.errors import DiskFull, Taken, WrongUsage
from ingest.home.originals import Originals, hash_of
from ingest.model.upkeep import BackupInfo

FORMAT = 1
MANIFEST = "footnote-backup.json"
CATALOG = "catalog.sqlite"
CHATS = "chats.sqlite"  # of rag.chats.conversations, in the same folder
EVALUATIONS = "evaluations"  # of rag.evaluate.kept, in the same folder
EVALUATION = re.compile(rf"{EVALUATIONS}/[0-9a-f]{{12}}\.json")
_YEAR_ONE = (1980, 1, 1, 0, 0, 0)  # where ZIP's time begins; the manifest has the real one


def write_backup(home: Path, originals: Originals, target: Path) -> BackupInfo:
    """Write the archive of `home` to the new file `target`, readable by its owner only.

    Nothing is at `target` before the archive is whole and on disk. Raises Taken, DiskFull, WrongUsage.
    """
    refuse_taken(target)
    mark = secrets.token_hex(4)
    partial = target.with_name(f".{target.name}.{mark}.part")
    copy = target.with_name(f".{target.name}.{mark}.sqlite")
    try:
        with faults(target):
            with originals.kept():
                info = _write(home, originals, partial, copy)
            refuse_taken(target)
            partial.rename(target)
            sync_folder(target.parent)
            size = target.stat().st_size
    finally:
        for leftover in (partial, copy):
            leftover.unlink(missing_ok=True)
    return BackupInfo(**{**asdict(info), "path": str(target), "size_bytes": size})


def _write(home: Path, originals: Originals, partial: Path, copy: Path) -> BackupInfo:
    chats = 0
    with open(_private(partial), "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            if (home / CHATS).is_file():
                chats = _database(archive, home / CHATS, copy, "SELECT count(*) FROM chat")[0][0]
            rows = _database(
                archive, home / CATALOG, copy,
                "SELECT (SELECT count(*) FROM libraries), (SELECT count(*) FROM documents), content_hash "
                "FROM (SELECT content_hash FROM documents UNION SELECT content_hash FROM jobs UNION SELECT '')",
            )  # fmt: skip
            libraries, documents, _ = rows[0]
            hashes = sorted(row[2] for row in rows if row[2])
            missing = sum(not _original(archive, originals.path(each)) for each in hashes)
            for path in sorted((home / EVALUATIONS).glob("*.json")):
                if EVALUATION.fullmatch(f"{EVALUATIONS}/{path.name}"):
                    _member(archive, path, f"{EVALUATIONS}/{path.name}")
            held = BackupInfo("", 0, libraries, documents, len(hashes) - missing, missing, chats, time.time())
            words = json.dumps({"format": FORMAT, **asdict(held)}, indent=2)
            archive.writestr(zipfile.ZipInfo(MANIFEST, _YEAR_ONE), words)
        file.flush()
        os.fsync(file.fileno())
    return held


def _database(archive: zipfile.ZipFile, path: Path, copy: Path, question: str) -> list[tuple[int, int, str]]:
    """Store the database as of one moment; gives the rows of `question` as of the same moment."""
    source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    os.close(_private(copy))
    with closing(source):
        # Like the backup API one moment for which no writer waits, and without the free pages, in which
        # removed texts may still stand.
        source.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as made:
        rows = made.execute(question).fetchall()
    _member(archive, copy, path.name)
    copy.unlink()
    return rows


def _original(archive: zipfile.ZipFile, path: Path) -> bool:
    """Store an original; False when it is lost or damaged, which `check` tells of as well."""
    if not path.is_file() or hash_of(path) != path.name:
        return False
    _member(archive, path, f"originals/{path.parent.name}/{path.name}")
    return True


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, _YEAR_ONE)
    entry.file_size = path.stat().st_size
    entry.external_attr = 0o600 << 16
    with path.open("rb") as read, archive.open(entry, "w") as write:
        shutil.copyfileobj(read, write, 1 << 20)


def _private(path: Path) -> int:
    """A new file that others cannot read, not even for an instant."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)


def refuse_taken(target: Path) -> None:
    if target.exists():
        raise Taken(f"{target} is there already. Name another file, or move that one away.")


def sync_folder(folder: Path) -> None:
    if os.name != "nt":  # where a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def faults(target: Path) -> Iterator[None]:
    """What the disk refuses, in words."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full or "full" in str(error):
            raise DiskFull(
                f"There is no space left for {target}. Free some, or name another disk."
            ) from error
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise WrongUsage(f"{target} cannot be written ({reason}). Name a file in another folder.") from error
