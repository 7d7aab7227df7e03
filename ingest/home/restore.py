"""A backup back into a home folder: all of it, or nothing.

The archive may come from anybody. Only members with the names `ingest.home.backup` writes are taken, none
may be packed, and together they may not be larger than the archive; so nothing lands elsewhere and
nothing swells. Each original must have the content its name says, and the databases must hold
nothing that runs. All is put into a new folder beside the home, Chroma and BM25 are made there from
the catalog's vectors, and only then does the folder take its name.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from ingest.catalog import Catalog
from ingest.errors import DiskFull, Taken, Unreadable
from ingest.home.backup import CATALOG, CHATS, EVALUATION, FORMAT, MANIFEST, faults, sync_folder
from ingest.home.lock import LOCK_FILE, is_held
from ingest.home.originals import Originals, hash_of
from ingest.indexes.checking import check_library, check_originals
from ingest.indexes.lexical import TantivyIndex
from ingest.indexes.outbox import Outbox
from ingest.model.upkeep import BackupInfo, Fault
from ingest.remote.wire import decode

MOST_MEMBERS = 2_000_000
MOST_MANIFEST_BYTES = 100_000
ORIGINAL = re.compile(r"originals/([0-9a-f]{2})/(\1[0-9a-f]{62})")
SPARE_BYTES = 64 * 2**20  # of the disk, that must stay free
INDEX_SHARE = 1.0  # of the catalog's size: what Chroma and BM25 take beside it, at most


def restore_backup(
    archive: Path, home: Path, say: Callable[[str], None] = lambda _: None
) -> tuple[BackupInfo, list[Fault]]:
    """Make `home` out of an archive; it must be missing or empty. Returns what `check` finds in it.

    Raises Taken when there is something in `home`, Unreadable when the archive is none or is not as it
    was written, DiskFull; then everything is as it was.
    """
    try:
        archive.open("rb").close()
    except OSError as error:
        raise Unreadable(f"{archive} cannot be read: {error.strerror}. Check the path.") from error
    refuse_used(home)
    draft = home.with_name(f".{home.name}.{secrets.token_hex(4)}.part")
    with faults(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
    try:
        with faults(home):
            info = _unpack(archive, draft)
            _refuse_strange(draft)
            say("Making the indexes anew from the catalog …")
            found = _make_indexes(draft)
            refuse_used(home)
            if home.exists():
                (home / LOCK_FILE).unlink(missing_ok=True)
                home.rmdir()
            draft.rename(home)
            sync_folder(home.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return info, found


def refuse_used(home: Path) -> None:
    """Raise Taken unless `home` is missing or an empty folder (a lock that nobody holds is nothing)."""
    if not os.path.lexists(home):
        return
    inside = {path.name for path in home.iterdir()} if home.is_dir() and not home.is_symlink() else {""}
    if inside - {LOCK_FILE} or (inside and is_held(home / LOCK_FILE)):
        raise Taken(
            f"{home} is not empty; nothing in it was changed. Name a new folder with --home, or move that one "
            "away."
        )


# ------------------------------------------------------------------ out of the archive


def _unpack(path: Path, draft: Path) -> BackupInfo:
    """Write the members into `draft`. Raises Unreadable when they are not what a backup has."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = _manifest(archive)
            _refuse_members(archive.infolist(), path.stat().st_size, draft)
            for member in archive.infolist():
                if member.filename == MANIFEST:
                    continue
                target = draft / member.filename  # one of the names allowed
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with archive.open(member) as read, target.open("xb") as write:
                    shutil.copyfileobj(read, write, 1 << 20)
                    write.flush()
                    os.fsync(write.fileno())
                if ORIGINAL.fullmatch(member.filename) and hash_of(target) != target.name:
                    raise Unreadable(f"{path} is damaged: a file in it is not what it was. {_REMEDY}")
            return BackupInfo(**{**asdict(info), "path": str(path), "size_bytes": path.stat().st_size})
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unreadable(f"{path} is no backup, or damaged ({error}). {_REMEDY}") from error


_REMEDY = "Nothing was restored. Take another copy of the backup."


def _manifest(archive: zipfile.ZipFile) -> BackupInfo:
    try:
        entry = archive.getinfo(MANIFEST)
        if entry.file_size > MOST_MANIFEST_BYTES or entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError("its list of contents is too large")
        raw = json.loads(archive.read(entry))
        version = raw.pop("format")
        if version != FORMAT:
            raise Unreadable(
                f"This backup was written by a newer Footnote (format {version}). Update Footnote."
            )
        found: BackupInfo = decode(BackupInfo, raw)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"{archive.filename} is no backup of Footnote ({error}). {_REMEDY}") from error
    return found


def _refuse_members(members: list[zipfile.ZipInfo], archive_bytes: int, draft: Path) -> None:
    """Raise Unreadable for a name, a size or a kind that no backup has, and DiskFull."""
    names = [member.filename for member in members]
    if len(names) > MOST_MEMBERS or len(set(names)) < len(names) or CATALOG not in names:
        raise Unreadable(f"This archive's contents are not those of a backup. {_REMEDY}")
    for member in members:
        name = member.filename
        known = name in (MANIFEST, CATALOG, CHATS) or ORIGINAL.fullmatch(name) or EVALUATION.fullmatch(name)
        if not known:
            raise Unreadable(f"“{name[:100]}” in this archive is nothing that a backup holds. {_REMEDY}")
        packed = member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size
        if packed or member.flag_bits & 0x1:
            raise Unreadable(
                f"“{name}” in this archive is packed or encrypted, which no backup is. {_REMEDY}"
            )
    whole = sum(member.file_size for member in members)
    if whole > archive_bytes:
        raise Unreadable(f"This archive would unpack to more than it is. {_REMEDY}")
    indexes = INDEX_SHARE * next(member.file_size for member in members if member.filename == CATALOG)
    if shutil.disk_usage(draft).free < whole + indexes + SPARE_BYTES:
        raise DiskFull(
            f"Restoring needs about {(whole + indexes + SPARE_BYTES) / 2**20:,.0f} MiB beside {draft.parent}, "
            "and there is less. Free some, or restore to another disk with --home."
        )


def _refuse_strange(draft: Path) -> None:
    """Raise Unreadable for a database that is damaged, or made to do something when it is read."""
    for name in (CATALOG, CHATS):
        if not (draft / name).is_file():
            continue
        try:
            with closing(sqlite3.connect(draft / name)) as db:
                db.execute("PRAGMA trusted_schema=OFF")
                (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
                (strange,) = db.execute(
                    "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index') "
                    "OR sql LIKE 'CREATE VIRTUAL%'"
                ).fetchone()
                if name == CATALOG:
                    # They become paths (`ingest.home.originals`).
                    (paths,) = db.execute(
                        "SELECT count(*) FROM (SELECT content_hash AS h FROM documents "
                        "UNION SELECT content_hash FROM jobs WHERE content_hash <> '') "
                        "WHERE typeof(h) <> 'text' OR length(h) <> 64 OR h GLOB '*[^0-9a-f]*'"
                    ).fetchone()
                    strange += paths
        except sqlite3.DatabaseError as error:
            raise Unreadable(f"{name} in this backup is damaged ({error}). {_REMEDY}") from error
        if state != "ok" or strange:
            raise Unreadable(f"{name} in this backup is not as Footnote writes it. {_REMEDY}")


# ------------------------------------------------------------------ what follows from the catalog


def _make_indexes(draft: Path) -> list[Fault]:
    """Chroma and BM25 from the catalog, without embedding; returns what `check` finds."""
    from ingest.indexes.vectors import ChromaIndex  # imports chromadb

    with closing(Catalog(draft / CATALOG)) as catalog:
        # Where this is restored, other things may stand under these names: the person looks first.
        with catalog.transaction() as db:
            db.execute("UPDATE followed SET paused = 1")
        originals = Originals(draft / "originals", catalog.documents.hash_in_use)
        with (
            closing(TantivyIndex(draft / "lexical")) as words,
            closing(ChromaIndex(draft / "chroma")) as vectors,
        ):
            outbox = Outbox(catalog, words, vectors, originals)
            libraries = catalog.libraries.ids()
            for library_id in libraries.values():
                catalog.outbox.rebuild(library_id)
            with outbox.still():
                found = [
                    fault
                    for name, library_id in libraries.items()
                    for fault in check_library(name, library_id, catalog, words, vectors)
                ]
                return found + check_originals(catalog, originals)
