"""A backup of a home folder in use, and what comes out of it again; hostile archives stay out."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import DiskFull, FootnoteError, Taken, Unreadable, WrongUsage
from ingest.home.backup import CATALOG, MANIFEST
from ingest.home.opening import LocalHome, open_home
from ingest.home.restore import restore_backup
from ingest.model.adding import AddState, Source
from ingest.settings import Settings
from rag.chats.conversations import Conversations
from tests.conftest import CommandLine

LEAVE = "# Leave\n\nEvery member has 27 days of paid leave a year."
KEYS = "# Keys\n\nThe spare keys hang behind the counter. Ask Ines Moreau for them."


def source(folder: Path, name: str, text: str) -> Source:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Source(str(path), name, str(path))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    """A home with a library of two documents, one document removed, one chat and one evaluation."""
    folder = tmp_path_factory.mktemp("backup")
    home = open_home(Settings(home=folder / "home"))
    home.create("Ours")
    library = home.library("Ours")
    files = [source(folder, "leave.md", LEAVE), source(folder, "keys.md", KEYS)]
    list(library.add([*files, source(folder, "old.md", "# Old\n\nThe old rules of 1970 are long gone.")]))
    library.remove(["old.md"])
    chats = Conversations(home.settings.home / "chats.sqlite")
    chats.ask(chats.create("Ours", "How many days?").id, "How many days?")
    chats.close()
    (home.settings.home / "evaluations").mkdir()
    (home.settings.home / "evaluations" / "0123456789ab.json").write_text("{}", encoding="utf-8")
    (home.settings.home / "settings.json").write_text('{"llm_api_key": "sk-secret"}', encoding="utf-8")
    yield home
    home.close()


@pytest.fixture(scope="module")
def archive(kept: LocalHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "footnote.zip"
    kept.backup(str(path))
    return path


def found(home: LocalHome, query: str) -> list[str]:
    library = home.library("Ours")
    ids = [chunk_id for chunk_id, _ in library.search_words(query, 5)]
    return [chunk.text for chunk in library.chunks(ids).values()]


# ------------------------------------------------------------------ there and back


def test_all_of_it_comes_back(kept: LocalHome, archive: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "home"
    info, faults = restore_backup(archive, target)
    assert faults == []
    assert (info.libraries, info.documents, info.originals, info.chats, info.missing) == (1, 2, 2, 1, 0)
    assert [path.name for path in target.parent.iterdir()] == ["home"], "nothing is left beside it"
    restored = open_home(Settings(home=target))
    try:
        assert restored.check() == []
        mine, theirs = restored.library("Ours"), kept.library("Ours")
        assert mine.info() == theirs.info()
        assert mine.origins() == theirs.origins()
        assert mine.original("leave.md") == theirs.original("leave.md") == LEAVE.encode()
        assert "27 days" in found(restored, "paid leave")[0]
        (chunk,) = mine.document_chunks("leave.md")
        _, vectors = kept.catalog.passages.vectors([chunk.id])
        assert mine.search_vectors(vectors[0], 1)[0][0] == chunk.id, "the same vectors, none embedded anew"
        assert restored.library("Ours").search_words("1970", 5) == []
    finally:
        restored.close()
    chats = Conversations(target / "chats.sqlite")
    assert [chat.title for chat in chats.chats()] == ["How many days?"]
    chats.close()
    assert (target / "evaluations" / "0123456789ab.json").read_text("utf-8") == "{}"
    assert not (target / "settings.json").exists()


def test_the_archive_is_its_owner_s_and_holds_no_key(archive: Path) -> None:
    assert b"sk-secret" not in archive.read_bytes()
    assert b"1970" not in archive.read_bytes(), "what was removed is not in it"
    with zipfile.ZipFile(archive) as members:
        assert {entry.compress_type for entry in members.infolist()} == {zipfile.ZIP_STORED}
    if os.name != "nt":
        assert archive.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_never_replaced(kept: LocalHome, tmp_path: Path) -> None:
    target = tmp_path / "mine.zip"
    target.write_bytes(b"mine")
    with pytest.raises(Taken, match="Name another file"):
        kept.backup(str(target))
    with pytest.raises(WrongUsage, match="cannot be written"):
        kept.backup(str(tmp_path / "none" / "b.zip"))
    assert target.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [target]


def test_lost_and_damaged_originals_are_counted(tmp_path: Path) -> None:
    home = open_home(Settings(home=tmp_path / "home"))
    home.create("Ours")
    list(home.library("Ours").add([source(tmp_path, "a.md", LEAVE), source(tmp_path, "b.md", KEYS)]))
    first, second = sorted(home.originals.hashes())
    home.originals.path(first).unlink()
    home.originals.path(second).write_bytes(b"something else")
    info = home.backup(str(tmp_path / "b.zip"))
    home.close()
    assert (info.originals, info.missing) == (0, 2)
    _, faults = restore_backup(tmp_path / "b.zip", tmp_path / "again")
    assert ["original files are missing" in fault.message for fault in faults] == [True]


@pytest.mark.slow
def test_a_backup_under_load_is_of_one_moment(tmp_path: Path) -> None:
    """Adding, replacing and removing go on while archives are made; each comes back clean."""
    home = open_home(Settings(home=tmp_path / "home"))
    home.create("Ours")
    library = home.library("Ours")
    stop = threading.Event()
    rounds = 0

    def load() -> None:
        nonlocal rounds
        while not stop.is_set():
            files = [source(tmp_path, f"{n}.md", f"# {n}\n\nRound {rounds}, value {n}.") for n in range(4)]
            results = list(library.add(files))
            assert all(result.state is not AddState.FAILED for result in results)
            library.remove([f"{rounds % 4}.md"])
            rounds += 1

    worker = threading.Thread(target=load)
    worker.start()
    try:
        archives = [tmp_path / f"{number}.zip" for number in range(3)]
        infos = [home.backup(str(path)) for path in archives]
        assert home.check() == [], "a busy home gives no false alarm"
    finally:
        stop.set()
        worker.join(60)
    assert rounds
    remains = home.remains()
    home.close()
    assert (remains.catalog, remains.vectors, remains.index, remains.originals) == (0, 0, 0, 0)
    for path, info in zip(archives, infos, strict=True):
        assert info.missing == 0
        _, faults = restore_backup(path, tmp_path / f"of {path.stem}")
        assert faults == []


# ------------------------------------------------------------------ where to


def test_only_an_empty_home_is_restored_into(archive: Path, tmp_path: Path) -> None:
    used = tmp_path / "used"
    used.mkdir()
    (used / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Taken, match="not empty"):
        restore_backup(archive, used)
    (tmp_path / "link").symlink_to(used, target_is_directory=True)
    for taken in (used / "letter.txt", tmp_path / "link"):
        with pytest.raises(Taken):
            restore_backup(archive, taken)
    held = open_home(Settings(home=tmp_path / "held"))
    with pytest.raises(Taken):
        restore_backup(archive, tmp_path / "held")
    held.close()
    assert (used / "letter.txt").read_text("utf-8") == "mine"

    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "lock").touch()
    assert restore_backup(archive, empty)[1] == []
    assert (empty / CATALOG).is_file()


# ------------------------------------------------------------------ archives made to harm

Members = dict[str, bytes]


def with_escape(name: str) -> Callable[[Members], Members]:
    return lambda members: {**members, name: b"harm"}


def other_content(members: Members) -> Members:
    name = next(name for name in members if name.startswith("originals/"))
    return {**members, name: b"something else"}


def catalog_changed(*statements: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(members[CATALOG])
            for statement in statements:
                db.execute(statement)
            db.commit()
            return {**members, CATALOG: bytes(db.serialize())}

    return change


HOSTILE: dict[str, tuple[Callable[[Members], Members], str]] = {
    "up and out": (with_escape("../evil.txt"), "nothing that a backup holds"),
    "absolute": (with_escape("/tmp/evil.txt"), "nothing that a backup holds"),
    "hidden in originals": (with_escape(f"originals/aa/../../{'a' * 60}"), "nothing that a backup holds"),
    "backslash": (with_escape("originals\\..\\evil"), "nothing that a backup holds"),
    "settings": (with_escape("settings.json"), "nothing that a backup holds"),
    "other content": (other_content, "not what it was"),
    "no catalog": (lambda m: {k: v for k, v in m.items() if k != CATALOG}, "not those of a backup"),
    "no manifest": (lambda m: {k: v for k, v in m.items() if k != MANIFEST}, "no backup of Footnote"),
    "newer": (lambda m: {**m, MANIFEST: b'{"format": 2}'}, "newer Footnote"),
    "no JSON": (lambda m: {**m, MANIFEST: b"[" * 50_000}, "no backup of Footnote"),
    "broken catalog": (lambda m: {**m, CATALOG: m[CATALOG][:100] + bytes(5000)}, "damaged"),
    "trigger": (
        catalog_changed("CREATE TRIGGER t AFTER INSERT ON outbox BEGIN DELETE FROM documents; END"),
        "not as Footnote writes it",
    ),
    "hash as path": (
        catalog_changed("UPDATE documents SET content_hash = '../../../../etc/passwd' WHERE id = 1"),
        "not as Footnote writes it",
    ),
    "other database": (catalog_changed("DROP TABLE jobs"), "damaged"),
    "later migrations": (catalog_changed("PRAGMA user_version=999"), "newer Footnote"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_leaves_nothing(name: str, archive: Path, tmp_path: Path) -> None:
    change, why = HOSTILE[name]
    with zipfile.ZipFile(archive) as whole:
        members = {entry.filename: whole.read(entry) for entry in whole.infolist()}
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_STORED) as made:
        for member, content in change(members).items():
            made.writestr(zipfile.ZipInfo(member), content)
    with pytest.raises(FootnoteError, match=why):
        restore_backup(bad, tmp_path / "home")
    assert list(tmp_path.iterdir()) == [bad]


def test_bombs_are_refused_before_a_byte_is_written(archive: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in whole.infolist():
            made.writestr(
                zipfile.ZipInfo(entry.filename),
                whole.read(entry),
                zipfile.ZIP_STORED if entry.filename == MANIFEST else zipfile.ZIP_DEFLATED,
            )
        made.writestr("originals/aa/" + "a" * 64, bytes(200 * 2**20))
    assert packed.stat().st_size < 2**20
    with pytest.raises(Unreadable, match="packed or encrypted"):
        restore_backup(packed, tmp_path / "home")

    overlapping = tmp_path / "overlapping.zip"  # members that share their bytes (D. Fifield, 2019)
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(overlapping, "w") as made:
        for entry in whole.infolist():
            made.writestr(zipfile.ZipInfo(entry.filename), whole.read(entry))
        big = made.getinfo(CATALOG)
        for number in range(100):
            again = zipfile.ZipInfo(f"originals/aa/aa{number:062x}")
            again.compress_size = again.file_size = big.file_size
            again.CRC, again.header_offset = big.CRC, big.header_offset
            made.filelist.append(again)
            made.NameToInfo[again.filename] = again
            made._didModify = True  # type: ignore[attr-defined]  # write a central directory with them
    with pytest.raises(Unreadable, match="more than it is"):
        restore_backup(overlapping, tmp_path / "home")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["overlapping.zip", "packed.zip"]


def test_what_is_no_archive_is_told(archive: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(archive.read_bytes()[:-3000])
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("a.txt", "hello")
    for path in (cut, other):
        with pytest.raises(Unreadable, match="Nothing was restored"):
            restore_backup(path, tmp_path / "home")
    with pytest.raises(Unreadable, match="Check the path"):
        restore_backup(tmp_path / "gone.zip", tmp_path / "home")


def test_too_little_disk_is_told_before_anything_is_written(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.home.restore.SPARE_BYTES", 2**60)
    with pytest.raises(DiskFull, match="--home"):
        restore_backup(archive, tmp_path / "home")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------ as a person does it


def test_beside_the_app_and_into_a_named_home(
    app_home: LocalHome, command_line: CommandLine, tmp_path: Path
) -> None:
    app_home.create("backed up")
    list(app_home.library("backed up").add([source(tmp_path, "leave.md", LEAVE)]))
    home = app_home.settings.home
    made = command_line("ingest", "backup", "b.zip", "--home", home, "--json", cwd=tmp_path)
    assert (made.status, made.err) == (0, "")
    assert made.lines[0]["path"] == str(tmp_path / "b.zip")
    again = command_line("ingest", "backup", tmp_path / "b.zip", "--home", home)
    assert again.status == 1
    assert "is there already" in again.err

    refused = command_line("ingest", "restore", tmp_path / "b.zip", "--home", home)
    assert (refused.status, len(refused.err.splitlines())) == (1, 1)
    assert "not empty" in refused.err
    new = tmp_path / "new"
    restored = command_line("ingest", "restore", tmp_path / "b.zip", "--home", new)
    assert restored.status == 0, restored.err
    assert str(new) in restored.out
    checked = command_line("ingest", "check", "--home", new)
    assert (checked.status, checked.out.splitlines()[0]) == (0, "clean")
    listed = command_line("ingest", "list", "--home", new, "--library", "backed up", "--json").lines
    assert [line["document"] for line in listed] == ["leave.md"]


def test_manifest_tells_what_is_in_it(archive: Path) -> None:
    with zipfile.ZipFile(archive) as members:
        told = json.loads(members.read(MANIFEST))
    assert (told["format"], told["libraries"], told["documents"]) == (1, 1, 2)
