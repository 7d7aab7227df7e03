"""The library of another process: the same answers, the same errors, for the same person only."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx
import numpy as np
import pytest

import ingest.remote.client
from ingest.errors import FootnoteError, HomeBusy, NotFound, Taken, WrongUsage
from ingest.home.lock import HomeLock, Owner, read_owner
from ingest.model.adding import AddState, JobInfo, JobStage, Source
from ingest.model.documents import DocumentState
from ingest.protocols import Caller, Home, Library
from ingest.remote.client import RemoteHome, connect
from ingest.remote.service import (
    HOME_OPERATIONS,
    LIBRARY_OPERATIONS,
    Lines,
    is_loopback,
    sent_by,
    service_routes,
)
from ingest.settings import Settings
from ingest.shelf.scope import Scope
from ingest.shelf.tags import Rule
from tests.documents import pdf

if TYPE_CHECKING:
    from ingest.home.opening import LocalHome

PING = "/footnote/api/ping"
LEAVE = "# Leave\n\nYou may carry over five days of leave until the end of March.\n"


@pytest.fixture
def owner(app_home: LocalHome) -> Owner:
    found = read_owner(app_home.settings.home)
    assert found is not None
    return found


@pytest.fixture
def remote(owner: Owner) -> Iterator[RemoteHome]:
    home = RemoteHome(owner)
    yield home
    home.close()


@pytest.fixture
def library(remote: RemoteHome, request: pytest.FixtureRequest) -> Library:
    """A new library, reached over loopback."""
    return remote.library(remote.create(request.node.name).name)


def source(folder: Path, name: str, content: str | bytes) -> Source:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Source(str(path), name, str(path))


# ------------------------------------------------------------------ who may call


def status(owner: Owner, **headers: str) -> int:
    with httpx.Client(trust_env=False) as http:
        return http.get(owner.address + PING, headers=headers).status_code


def test_only_the_token_opens(owner: Owner) -> None:
    good = f"Bearer {owner.token}"
    assert status(owner, Authorization=good) == 200
    assert status(owner) == 403
    assert status(owner, Authorization="Bearer") == 403
    assert status(owner, Authorization=f"Basic {owner.token}") == 403
    assert status(owner, Authorization=good[:-1]) == 403


def test_browsers_and_other_names_are_refused(owner: Owner) -> None:
    good = f"Bearer {owner.token}"
    assert status(owner, Authorization=good, Origin=owner.address) == 403
    assert status(owner, Authorization=good, Origin="null") == 403
    assert status(owner, Authorization=good, Host="evil.example") == 403
    assert status(owner, Authorization=good, Host="localhost:1") == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1:80", "localhost:8501", "[::1]:80", "::1"])
def test_loopback_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "10.0.0.1", "127.0.0.1.evil.example", "localhost.evil.example", "evil@127.0.0.2x", "[::2]"]
)
def test_other_names(host: str) -> None:
    assert not is_loopback(host)


def test_nothing_is_touched_without_the_token(owner: Owner, remote: RemoteHome) -> None:
    intruder = RemoteHome(Owner(owner.pid, owner.address, "guess"))
    with pytest.raises(WrongUsage, match="token"):
        intruder.create("theirs")
    assert "theirs" not in [info.name for info in remote.libraries()]
    intruder.close()


# ------------------------------------------------------------------ the protocols


def test_the_client_offers_all_of_the_protocols() -> None:
    wanted = {name for name, value in vars(Home).items() if callable(value) and not name.startswith("_")}
    assert wanted - HOME_OPERATIONS == {"library", "asking", "close"}
    wanted = {name for name, value in vars(Library).items() if callable(value) and not name.startswith("_")}
    assert wanted - LIBRARY_OPERATIONS == {"add", "within", "search_vectors", "cosines"}
    for name in (*HOME_OPERATIONS, "library", "asking", "close"):
        assert callable(getattr(RemoteHome, name))


def test_libraries_are_made_renamed_and_deleted(remote: RemoteHome) -> None:
    made = remote.create("Größe / 日本")
    assert made in remote.libraries()
    with pytest.raises(Taken):
        remote.create("Größe / 日本")
    assert remote.rename("Größe / 日本", "other").name == "other"
    remote.delete("other")
    with pytest.raises(NotFound):
        remote.library("other")
    with pytest.raises(NotFound):
        remote.rename("other", "else")


def test_a_caller_sees_its_libraries_only(remote: RemoteHome) -> None:
    remote.create("mine")
    remote.create("yours")
    caller = Caller("guest", frozenset({"mine"}))
    assert [info.name for info in remote.libraries(caller)] == ["mine"]
    with pytest.raises(NotFound):
        remote.library("yours", caller)


def test_a_document_comes_back_as_the_owner_has_it(
    app_home: LocalHome, library: Library, tmp_path: Path
) -> None:
    stages: list[JobInfo] = []
    sources = [
        source(tmp_path, "leave.md", LEAVE),
        source(tmp_path, "übung 日本.pdf", pdf(["Breaks last half an hour.", "Lunch is at noon."])),
        source(tmp_path, "empty.txt", ""),
    ]
    results = list(library.add(sources, on_progress=stages.append))
    assert [result.document for result in results] == ["leave.md", "übung 日本.pdf", "empty.txt"]
    assert [result.state for result in results] == [AddState.ADDED, AddState.ADDED, AddState.FAILED]
    assert (results[1].pages, results[1].chunks) == (2, 2)
    assert stages[-1].stage is JobStage.FAILED
    assert {JobStage.DONE} <= {job.stage for job in stages}

    local = app_home.library(library.name)
    assert library.info() == local.info()
    assert library.origins() == local.origins()
    assert [origin.state for origin in library.origins()] == [DocumentState.COMPLETE] * 2
    assert [origin.key for origin in library.origins("ÜBUNG")] == ["übung 日本.pdf"]
    assert [origin.key for origin in library.origins(keys=["übung 日本.pdf", "none.md"])] == [
        "übung 日本.pdf"
    ]
    assert library.listed() == local.listed()
    assert library.detail("leave.md") == local.detail("leave.md")
    assert library.pages("übung 日本.pdf") == local.pages("übung 日本.pdf")
    assert library.original("leave.md") == LEAVE.encode()
    chunks = library.document_chunks("übung 日本.pdf")
    assert chunks == local.document_chunks("übung 日本.pdf")
    assert library.chunks([chunk.id for chunk in chunks]) == {chunk.id: chunk for chunk in chunks}
    assert library.neighbours(chunks[0]) == local.neighbours(chunks[0])
    image = library.page_image(chunks[0].document_id, 1, [(0, 6, "passage")], width=300)
    assert image.startswith(b"\x89PNG")
    assert image == local.page_image(chunks[0].document_id, 1, [(0, 6, "passage")], width=300)

    found = library.search_words("lunch", 5)
    assert found == local.search_words("lunch", 5)
    assert found[0][0] == chunks[1].id
    vector = np.random.default_rng(0).normal(size=384).astype(np.float32)
    near = library.search_vectors(vector / np.linalg.norm(vector), 5)
    assert near == local.search_vectors(vector / np.linalg.norm(vector), 5)
    ids = [chunk_id for chunk_id, _ in near]
    exact = library.cosines(vector / np.linalg.norm(vector), [*ids, 10**9])
    assert exact == pytest.approx(dict(near), abs=1e-3)
    assert library.cosines(vector, []) == {}
    rarity = library.idf(["lunch", "nowhere"])
    assert rarity == pytest.approx(local.idf(["lunch", "nowhere"]))
    assert rarity["nowhere"] > rarity["lunch"] > 0
    assert len(near) == 3
    assert library.spans() == local.spans()
    assert library.spans()[chunks[0].document_id] == (chunks[0].id, chunks[-1].id)
    assert library.holding("lunch noon") == local.holding("lunch noon") == [chunks[1].id]
    there, rows = library.vectors([*ids, 10**9])
    assert there == sorted(ids)
    assert rows == pytest.approx(local.vectors(ids)[1])
    assert library.vectors([])[0] == []
    assert library.tables("leave.md") == []

    assert library.remove(["leave.md"]) == 1
    with pytest.raises(NotFound):
        library.detail("leave.md")
    with pytest.raises(NotFound):
        library.remove(["leave.md", "übung 日本.pdf"])
    assert [origin.key for origin in library.origins()] == ["übung 日本.pdf"]


def test_rows_come_back_as_the_owner_reads_them(
    app_home: LocalHome, library: Library, tmp_path: Path
) -> None:
    (added,) = library.add([source(tmp_path, "fees.csv", "Kind,Fee\nFull,84 €\nYoung,18 €\n")])
    assert added.state is AddState.ADDED
    (table,) = library.tables("fees.csv")
    assert [table] == app_home.library(library.name).tables("fees.csv")
    assert table.columns == ("Kind", "Fee")
    assert [row.cells for row in table.rows] == [("Full", "84 €"), ("Young", "18 €")]
    (page,) = library.pages("fees.csv")
    assert [page.text[row.start : row.end] for row in table.rows] == [
        "Kind, Fee: Full | 84 €",
        "Kind, Fee: Young | 18 €",
    ]


def test_a_library_is_kept_in_order_from_here(app_home: LocalHome, library: Library, tmp_path: Path) -> None:
    long = " ".join(f"Rule {number} says that desk {number} is cleared by six." for number in range(20))
    list(library.add([source(tmp_path, "old.md", long), source(tmp_path, "new.md", f"{long} And more.")]))
    local = app_home.library(library.name)
    before = library.revision()
    assert library.tag(["old.md"], ["desk"]) == 1
    assert library.revision() != before
    library.set_rules([Rule("new.md", "Markdown", ("ruled",))])
    assert library.rules() == local.rules() == [Rule("new.md", "Markdown", ("ruled",))]
    assert [each.tags for each in library.listed()] == [("ruled",), ("desk",)]
    assert [each.key for each in library.within(Scope(tags=("DESK",))).listed()] == ["old.md"]
    (pair,) = library.alike("old.md")
    assert [pair] == local.alike("old.md")
    assert pair.likeness > 0.9
    ids = [each.document_id for each in library.listed()]
    assert library.dates(ids) == local.dates(ids)
    assert {each.key for each in library.dates([*ids, 99]).values()} == {"old.md", "new.md"}
    assert library.set_aside(["old.md"], "new.md") == 1
    assert library.detail("old.md") == local.detail("old.md")
    assert (library.info().aside, library.detail("old.md").instead) == (1, "new.md")
    assert library.bring_back(["old.md"]) == 1
    library.let_newest_answer(True)
    assert library.info().newest_answers
    with pytest.raises(NotFound):
        library.tag(["nowhere.md"], ["x"])


def test_queued_files_can_be_seen_and_forgotten(library: Library, tmp_path: Path) -> None:
    ids = library.enqueue(
        [source(tmp_path, "a.txt", "One sentence stands here."), source(tmp_path, "b.exe", b"MZ\0")]
    )
    deadline = time.monotonic() + 60
    while any(job.stage not in (JobStage.DONE, JobStage.FAILED) for job in library.jobs()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [(job.id, job.stage) for job in library.jobs()] == [
        (ids[0], JobStage.DONE),
        (ids[1], JobStage.FAILED),
    ]
    library.cancel(ids)
    library.dismiss(ids)
    assert library.jobs() == []


def test_check_and_rebuild(remote: RemoteHome, library: Library, tmp_path: Path) -> None:
    list(library.add([source(tmp_path, "a.md", LEAVE)]))
    remote.rebuild(library.name)
    assert remote.check(library.name) == []
    assert library.search_words("leave", 3)
    with pytest.raises(NotFound):
        remote.check("no such library")


# ------------------------------------------------------------------ when it goes wrong


def test_a_request_that_does_not_fit_is_told(owner: Owner) -> None:
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {owner.token}"}) as http:
        for path, body in [
            ("/home/create", b"{"),
            ("/home/create", b"[]"),
            ("/home/create", b'{"nome": "x"}'),
            ("/home/create", b'{"name": 3}'),
            ("/library/search_vectors", b"abc"),
        ]:
            answer = http.post(f"{owner.address}/footnote/api{path}", content=body)
            assert answer.status_code == 400, (path, body, answer.text)
            assert answer.json()["error"] == "WrongUsage"
        for operation in ("__init__", "close", "catalog", "nonsense"):
            assert http.post(f"{owner.address}/footnote/api/home/{operation}").status_code == 404


def test_who_goes_away_in_the_middle_loses_nothing(owner: Owner, library: Library, tmp_path: Path) -> None:
    files = [
        source(tmp_path, f"{number}.md", f"# Part {number}\n\nText of part {number}.") for number in range(6)
    ]
    caller = RemoteHome(owner)
    adding = caller.library(library.name).add(files)
    next(adding)
    adding.close()  # type: ignore[attr-defined]  # a generator
    caller.close()
    deadline = time.monotonic() + 60
    while len(library.origins()) < 6 or any(
        origin.state is not DocumentState.COMPLETE for origin in library.origins()
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_app_that_has_gone_is_told(app_home: LocalHome) -> None:
    gone = RemoteHome(Owner(1, "http://127.0.0.1:1", "token"))
    assert not gone.answers()
    with pytest.raises(FootnoteError, match="gone away"):
        gone.libraries()
    with pytest.raises(FootnoteError, match="gone away"), gone.asking():
        pytest.fail("nobody is there to ask")
    gone.close()


def test_no_proxy_sees_a_request(remote: RemoteHome, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    home = RemoteHome(owner)
    assert home.answers()
    home.close()


class Fake:
    """A home of which only `asking` is real."""

    def __init__(self) -> None:
        self.asking_now = threading.Event()
        self.asked = threading.Event()

    @contextmanager
    def asking(self) -> Iterator[None]:
        self.asking_now.set()
        try:
            yield
        finally:
            self.asked.set()


def test_asking_lasts_as_long_as_the_caller_holds_it(tmp_path: Path) -> None:
    from tests.servers.home_server import serving

    fake = Fake()
    with HomeLock.acquire(tmp_path) as lock, serving(lock, service_routes(cast(Home, fake), "t")) as address:
        home = RemoteHome(Owner(1, address, "t"))
        with home.asking():
            assert fake.asking_now.wait(5)
            assert not fake.asked.wait(0.3)
        assert fake.asked.wait(10)
        home.close()


def test_a_stream_ends_with_its_error(tmp_path: Path) -> None:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from tests.servers.home_server import serving

    async def fails(request: Request) -> Response:
        error = NotFound("Not there.") if request.query_params["how"] == "told" else ZeroDivisionError()

        def work(send: object) -> None:
            raise error

        return Lines(sent_by(work))

    route = Route("/footnote/api/x", fails, methods=["POST"])
    with HomeLock.acquire(tmp_path) as lock, serving(lock, [route]) as address:
        home = RemoteHome(Owner(1, address, "t"))
        with pytest.raises(NotFound, match="Not there"):
            list(home.wire.lines("/x?how=told", {}))
        with pytest.raises(FootnoteError, match="Its log says why"):
            list(home.wire.lines("/x?how=untold", {}))
        home.close()


# ------------------------------------------------------------------ finding the owner


def test_a_served_folder_is_reached(app_home: LocalHome) -> None:
    home = connect(Settings(home=app_home.settings.home))
    assert isinstance(home, RemoteHome)
    home.close()


def test_an_owner_without_an_address_is_waited_for_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest.remote.client, "WAIT_SECONDS", 0.3)
    told: list[str] = []
    with HomeLock.acquire(tmp_path), pytest.raises(HomeBusy, match="Wait until it has finished"):
        connect(Settings(home=tmp_path), told.append)
    assert len(told) == 1
    assert "waiting" in told[0]


def test_a_folder_given_back_in_time_is_opened(tmp_path: Path) -> None:
    lock = HomeLock.acquire(tmp_path)
    threading.Timer(0.5, lock.release).start()
    home = connect(Settings(home=tmp_path))
    assert not isinstance(home, RemoteHome)
    assert home.libraries() == []
    home.close()
