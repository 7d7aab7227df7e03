"""Asking over loopback: every event arrives as it was, and who leaves stops the work."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import httpx
import pytest

from ingest.errors import Cancelled, NotFound, WrongUsage
from ingest.home.lock import HomeLock, Owner
from ingest.model.chunks import StoredChunk
from ingest.protocols import Home, Library
from ingest.remote.client import Wire
from ingest.shelf.scope import Scope
from rag.api.client import RemoteEngine
from rag.api.routes import ask_routes, decode_event, encode_event
from rag.model import (
    Answer,
    CancelToken,
    Checked,
    Citation,
    Coverage,
    Delta,
    Event,
    Finished,
    Found,
    Fused,
    Hit,
    Progress,
    Reading,
    Sentence,
    Turn,
)
from tests.servers.home_server import serving

CHUNK = StoredChunk(
    7, 2, "a/ü.pdf", "Ü", "application/pdf", True, 3, "iv", 10, 20, "ten chars.", ("A", "B"), 4
)
ANSWER = Answer(
    question="Why?",
    query="why",
    text="Because [1].",
    sentences=(Sentence("Because", (1,), "partly", 0.5, ((0, 7),), 0), Sentence("Bare", ())),
    citations=(
        Citation(1, 7, 2, "a/ü.pdf", "Ü", "application/pdf", 3, "iv", ("A",), 10, 20, "ten chars.", 10, 13),
    ),
    hits=(
        Hit(
            CHUNK,
            Found(1, 0.75),
            None,
            Fused(1, 0.95, 0.75, 0.5),
            Reading(1.0, -2.5, 0, 3, 4.0, 1.0),
            Found(1, 2.0),
        ),
        Hit(CHUNK),
    ),
    refused=False,
    confidence=0.875,
    model="extractive",
    timings_ms={"searching": 1.5, "total": 3.0},
    searched_documents=2,
    notices=("Trimmed.",),
    usage={"tokens": 3},
    coverage=Coverage("table", 1, 1, 2, 3),
)


@dataclass
class ScriptedEngine:
    """Says what it is told to say, and remembers what it was asked."""

    events: Sequence[Event]
    waits: bool = False
    asked: list[tuple[str, str, tuple[Turn, ...]]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def ask(
        self,
        question: str,
        library: Library,
        history: Sequence[Turn] = (),
        cancel: CancelToken | None = None,
        *,
        query: str = "",
    ) -> Iterator[Event]:
        if not question:
            raise WrongUsage("The question is empty.")
        self.queries.append(query)
        self.scopes.append(library.scope)
        self.asked.append((question, library.name, tuple(history)))
        yield from self.events
        while self.waits:
            assert cancel is not None
            if cancel.cancelled:
                self.stopped.set()
            cancel.check()
            self.stopped.wait(0.02)


@dataclass(frozen=True)
class Named:
    name: str
    scope: Scope = field(default_factory=Scope)

    def within(self, scope: Scope) -> Named:
        return replace(self, scope=scope)


class OneLibrary:
    def library(self, name: str) -> Named:
        if name != "Größe":
            raise NotFound(f"There is no library “{name}”.")
        return Named(name)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(
        [
            Progress("searching", 2),
            Delta("Be"),
            Delta("cause"),
            Checked(0, Sentence("Because", ())),
            Finished(ANSWER),
        ]
    )


@pytest.fixture
def remote(engine: ScriptedEngine, tmp_path: Path) -> Iterator[RemoteEngine]:
    routes = ask_routes(engine, cast(Home, OneLibrary()), "token")
    with HomeLock.acquire(tmp_path) as lock, serving(lock, routes) as address:
        wire = Wire(Owner(1, address, "token"))
        yield RemoteEngine(wire)
        wire.close()


def library(name: str) -> Library:
    return cast(Library, Named(name))


def test_every_event_arrives_as_it_was(engine: ScriptedEngine, remote: RemoteEngine) -> None:
    history = (Turn("user", "Ü?"), Turn("assistant", "Ä."))
    assert list(remote.ask("Why?", library("Größe"), history, query="because")) == list(engine.events)
    assert engine.asked == [("Why?", "Größe", history)]
    assert engine.queries == ["because"]
    scope = Scope(("a/*.pdf",), ("PDF",), "2026-01-31")
    list(remote.ask("Why?", cast(Library, Named("Größe", scope))))
    assert engine.scopes == [Scope(), scope]


def test_an_event_survives_json() -> None:
    checked = Checked(3, Sentence("Because.", (1,), "partly", 0.3))
    for event in (Progress("loading"), Progress("gathering", 3, 9), Delta(""), checked, Finished(ANSWER)):
        assert decode_event(encode_event(event)) == event


def test_errors_arrive_as_they_were_raised(remote: RemoteEngine) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        list(remote.ask("Why?", library("nowhere")))
    with pytest.raises(WrongUsage, match="empty"):
        list(remote.ask("", library("Größe")))


def test_who_leaves_stops_the_work(engine: ScriptedEngine, remote: RemoteEngine) -> None:
    engine.waits = True
    asking = remote.ask("Why?", library("Größe"))
    assert next(asking) == Progress("searching", 2)
    asking.close()  # type: ignore[attr-defined]  # a generator
    assert engine.stopped.wait(5)


def test_a_cancelled_caller_stops_the_work(engine: ScriptedEngine, remote: RemoteEngine) -> None:
    engine.waits = True
    cancel = CancelToken()
    asking = remote.ask("Why?", library("Größe"), cancel=cancel)
    next(asking)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(asking)
    assert engine.stopped.wait(5)


def test_only_this_person_may_ask(engine: ScriptedEngine, tmp_path: Path) -> None:
    routes = ask_routes(engine, cast(Home, OneLibrary()), "token")
    with HomeLock.acquire(tmp_path) as lock, serving(lock, routes) as address, httpx.Client() as http:
        url = f"{address}/footnote/api/ask"
        assert http.post(url, json={"question": "Why?", "library": "Größe"}).status_code == 403
        good = {"Authorization": "Bearer token"}
        assert http.post(url, json={}, headers={**good, "Origin": address}).status_code == 403
        assert http.post(url, json={"question": 3}, headers=good).status_code == 400
    assert engine.asked == []
