"""Web pages in a library: added, looked at again, cited with their address; a sitemap kept in step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import ingest.web.fetch
from ingest.errors import Taken, WrongUsage
from ingest.follow.model import Followed, FollowKind, FollowState
from ingest.home.opening import LocalHome, open_home
from ingest.library import LocalLibrary
from ingest.model.adding import AddState
from ingest.settings import Settings
from ingest.web.addresses import address_source
from tests.conftest import CommandLine
from tests.ingest.test_web import sitemap
from tests.servers.web_server import Served, WebServer, serving


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHome]:
    settings = Settings(
        home=tmp_path_factory.mktemp("site") / "home",
        allow_web=True,
        web_allow="127.0.0.1",
        web_timeout_seconds=5,
    )
    opened = open_home(settings)
    yield opened
    opened.close()


@pytest.fixture
def library(home: LocalHome, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LocalLibrary:
    monkeypatch.setattr(ingest.web.fetch, "PACE_SECONDS", 0.0)
    return home.library(home.create(request.node.name[:70]).name)


def page(title: str, text: str) -> Served:
    return Served(
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    )


def names(library: LocalLibrary, server: WebServer) -> list[str]:
    host = server.address.removeprefix("http://")
    return [each.key.removeprefix(f"{host}/") for each in library.listed()]


def test_a_page_is_added_looked_at_again_and_cited_with_its_address(
    library: LocalLibrary, server: WebServer, home: LocalHome
) -> None:
    server.pages["/tea"] = page("Tea", "Tea is served at four.")
    address = server.url("/tea")
    (added,) = library.add([address_source(address + "#top")])
    assert (added.state, added.document.rpartition("/")[2]) == (AddState.ADDED, "tea.html")
    (chunk,) = library.document_chunks(added.document)
    assert (chunk.address, chunk.title) == (address, "Tea")

    assert next(iter(library.add([address_source(address)]))).state is AddState.UNCHANGED
    assert "if-none-match" in server.asked[-1][1], "the server was asked whether it has changed"
    server.pages["/tea"] = page("Tea", "Tea is served at five.")
    assert next(iter(library.add([address_source(address)]))).state is AddState.REPLACED
    assert "at five" in library.pages(added.document)[0].text

    server.pages["/old.txt"] = Served("Grüße aus Köln".encode("cp1252"), "text/plain; charset=windows-1252")
    server.pages["/wrong.pdf"] = Served("<html>Please log in</html>", "application/pdf")
    results = list(
        library.add([address_source(server.url(path)) for path in ("/old.txt", "/wrong.pdf", "/none")])
    )
    assert [result.state for result in results] == [AddState.ADDED, AddState.FAILED, AddState.FAILED]
    assert library.pages(results[0].document)[0].text == "Grüße aus Köln"
    assert "not a PDF" in results[1].message
    assert "no such page (404)" in results[2].message
    library.remove([added.document])
    assert next(iter(library.add([address_source(address)]))).state is AddState.ADDED, (
        "though it has not changed"
    )
    assert not list((home.settings.home / "uploads").iterdir())


def standing(library: LocalLibrary) -> Followed:
    (row,) = library.followed()
    return row


def test_a_site_is_kept_in_step_with_its_sitemap(library: LocalLibrary, server: WebServer) -> None:
    at = server.url
    for name in ("one", "two", "private/x", "three"):
        server.pages[f"/{name}"] = page(name, f"This is page {name}.")
    server.pages["/robots.txt"] = Served("User-agent: *\nDisallow: /private", "text/plain")
    listed = [at("/one"), at("/two"), at("/private/x"), at("/gone")]
    server.pages["/sitemap.xml"] = Served(sitemap(*listed, change="2026-01-01"), "application/xml")
    (own,) = library.add([address_source(at("/two"))])

    row = library.follow(at("/sitemap.xml"))
    assert (row.kind, row.place) == (FollowKind.SITE, at("/sitemap.xml"))
    library.look(row.id)
    assert names(library, server) == ["one.html", "two.html"]
    now = standing(library)
    assert (now.state, now.files, now.left_out) == (FollowState.IN_STEP, 2, 2)
    assert "robots.txt" in now.notes[0]
    assert "404" in now.notes[1]
    assert server.times("/private/x") == 0

    asked = server.times("/one")
    library.look(row.id)
    assert server.times("/one") == asked, "its <lastmod> is what it was"
    server.pages["/three"], server.pages["/one"] = page("three", "Third."), page("one", "First, changed.")
    server.pages["/sitemap.xml"] = Served(
        sitemap(at("/one"), at("/three"), change="2026-02-01"), "application/xml"
    )
    library.look(row.id)
    assert names(library, server) == ["one.html", "three.html", "two.html"], "a page named by hand stays"
    assert "First, changed." in library.pages(names_to_key(library, "one.html"))[0].text
    assert own.document in {each.key for each in library.listed()}

    for fault, body in [("names no pages", sitemap()), ("no sitemap", "<html></html>")]:
        server.pages["/sitemap.xml"] = Served(body, "application/xml")
        library.look(row.id)
        assert (standing(library).state, fault in standing(library).fault) == (FollowState.FAULT, True)
        assert len(library.listed()) == 3
    with pytest.raises(Taken):
        library.follow(at("/sitemap.xml#again"))
    assert library.unfollow(row.id, remove=True) == 2
    assert names(library, server) == ["two.html"]


def names_to_key(library: LocalLibrary, name: str) -> str:
    return next(each.key for each in library.listed() if each.key.endswith(name))


def test_a_network_that_fails_removes_nothing(library: LocalLibrary) -> None:
    with serving() as server:
        server.pages["/a.html"] = page("A", "Page A.")
        server.pages["/list.txt"] = Served(server.url("/a.html"), "text/plain")
        row = library.follow(server.url("/list.txt"))
        library.look(row.id)
        server.pages["/a.html"] = Served(status=500)
        library.look(row.id)
        assert (standing(library).state, len(library.listed())) == (FollowState.IN_STEP, 1)
        assert "status 500" in standing(library).notes[0]
    library.look(row.id)
    assert standing(library).state is FollowState.FAULT
    assert "cannot be reached" in standing(library).fault
    assert len(library.listed()) == 1


def test_switched_off_nothing_is_asked(command_line: CommandLine, server: WebServer, tmp_path: Path) -> None:
    for command in ("add", "follow"):
        done = command_line("ingest", command, server.url("/tea"), "--home", tmp_path / "home")
        assert (done.status, "FOOTNOTE_ALLOW_WEB=1" in done.err) == (2, True)
    assert server.asked == []
    with pytest.raises(WrongUsage, match="user name or password"):
        address_source("https://me:secret@example.org/")
