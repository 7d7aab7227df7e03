"""The home folder of a running app, reached over loopback; or the folder itself when no app runs.

`RemoteHome` and `RemoteLibrary` are the `Home` and `Library` protocols over `ingest.remote.service`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import httpx
import numpy as np

from ingest.errors import FootnoteError, HomeBusy, NotFound
from ingest.follow.model import Followed
from ingest.home.lock import Owner, busy_message, read_owner
from ingest.model.adding import AddResult, JobInfo, Source
from ingest.model.chunks import PassageList, StoredChunk
from ingest.model.documents import DocumentDetail, LibraryInfo, Listed, OriginInfo
from ingest.model.pages import Page
from ingest.model.tables import Table
from ingest.model.upkeep import BackupInfo, Fault, Remains
from ingest.protocols import OWNER, Caller, Home, Library, Vectors
from ingest.recipe import Choice
from ingest.remote.wire import decode, decode_error, encode
from ingest.settings import Settings
from ingest.shelf.alike import Alike
from ingest.shelf.dated import Dated
from ingest.shelf.scope import Scope
from ingest.shelf.tags import Rule
from ingest.web.addresses import is_address

T = TypeVar("T")

PREFIX = "/footnote/api"
CONNECT_SECONDS = 5.0
WAIT_SECONDS = 10.0  # for an app to finish opening, or another command line run to end
LOST = "The running Footnote app has gone away. What was finished is kept; run the command again to go on."


def connect(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Home:
    """The running app's home when one owns the folder, else the folder opened in this process.

    A folder owned by a process without an address (another command line run, an app about to serve)
    is waited for, for WAIT_SECONDS, telling `say` so; then HomeBusy is raised.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    told = False
    while True:
        owner = read_owner(settings.home)
        if owner is None:
            from ingest.home.opening import open_home  # loads the stores: only when they are needed

            try:
                return open_home(settings)
            except HomeBusy:
                owner = read_owner(settings.home) or Owner(pid=0)
        if owner.address:
            remote = RemoteHome(owner)
            if remote.answers():
                return remote
            remote.close()
        if time.monotonic() > deadline:
            raise HomeBusy(busy_message(settings.home, owner))
        if not told:
            say(f"{settings.home} is in use by process {owner.pid or 'unknown'}; waiting a moment …")
            told = True
        time.sleep(0.2)


class Wire:
    """Requests to the owner of a home folder, with its token; errors come back as they were raised."""

    def __init__(self, owner: Owner, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=owner.address,
            headers={"Authorization": f"Bearer {owner.token}"},
            # Work may take long and a stream has its heartbeat; an app that ends closes the connection.
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            trust_env=False,  # a proxy from the environment must not see this
            transport=transport,
        )

    def answers(self) -> bool:
        """Whether the owner serves requests with this token."""
        try:
            return self._http.get(f"{PREFIX}/ping", timeout=CONNECT_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    def post(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a request. Raises the FootnoteError of the other side."""
        try:
            response = self._http.post(PREFIX + path, **options)
        except httpx.TransportError as error:
            raise FootnoteError(LOST) from error
        if response.is_error:
            raise error_of(response)
        return response

    def lines(self, path: str, payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The objects of a stream of JSON lines. Raises the FootnoteError that ends it."""
        try:
            with self._http.stream("POST", PREFIX + path, json=payload) as response:
                if response.is_error:
                    response.read()
                    raise error_of(response)
                for line in response.iter_lines():
                    if line:
                        value = json.loads(line)
                        if "error" in value:
                            raise decode_error(value)
                        yield value
        except httpx.TransportError as error:
            raise FootnoteError(LOST) from error

    @contextmanager
    def hold(self, path: str) -> Iterator[None]:
        """Keep a stream open for as long as the block lasts."""
        try:
            response = self._http.send(self._http.build_request("POST", PREFIX + path), stream=True)
        except httpx.TransportError as error:
            raise FootnoteError(LOST) from error
        try:
            if response.is_error:
                response.read()
                raise error_of(response)
            yield
        finally:
            response.close()

    def close(self) -> None:
        self._http.close()


def error_of(response: httpx.Response) -> FootnoteError:
    """The error an answer tells of."""
    try:
        value = response.json()
    except ValueError:
        value = None
    if isinstance(value, dict) and "error" in value:
        return decode_error(value)
    return FootnoteError(
        f"The running Footnote app failed at this ({response.status_code}). Its log says why."
    )


class RemoteHome:
    """`ingest.protocols.Home` in another process."""

    def __init__(self, owner: Owner, transport: httpx.BaseTransport | None = None) -> None:
        self.wire = Wire(owner, transport)

    def answers(self) -> bool:
        return self.wire.answers()

    def libraries(self, caller: Caller = OWNER) -> list[LibraryInfo]:
        return [info for info in self._call(list[LibraryInfo], "libraries") if caller.may_see(info.name)]

    def create(self, name: str) -> LibraryInfo:
        return self._call(LibraryInfo, "create", name=name)

    def rename(self, old: str, new: str) -> LibraryInfo:
        return self._call(LibraryInfo, "rename", old=old, new=new)

    def delete(self, name: str) -> None:
        self._call(type(None), "delete", name=name)

    def library(self, name: str, caller: Caller = OWNER) -> Library:
        if not caller.may_see(name):
            raise NotFound(f"There is no library “{name}”.")
        library = RemoteLibrary(self.wire, name)
        library.info()  # raises NotFound
        return library

    @contextmanager
    def asking(self) -> Iterator[None]:
        with self.wire.hold("/home/asking"):
            yield

    def paused(self) -> bool:
        return self._call(bool, "paused")

    def pause(self, paused: bool = True) -> None:
        self._call(type(None), "pause", paused=paused)

    def check(self, library: str | None = None) -> list[Fault]:
        return self._call(list[Fault], "check", library=library)

    def remains(self) -> Remains:
        return self._call(Remains, "remains")

    def rebuild(self, library: str | None = None) -> None:
        self._call(type(None), "rebuild", library=library)

    def backup(self, path: str) -> BackupInfo:
        return self._call(BackupInfo, "backup", path=os.path.abspath(path))

    def close(self) -> None:
        """Let go of the connection; the app goes on."""
        self.wire.close()

    def _call(self, returns: type[T], operation: str, **arguments: object) -> T:
        response = self.wire.post(f"/home/{operation}", json=encode(arguments))
        value: T = decode(returns, response.json()["result"])
        return value


class RemoteLibrary:
    """`ingest.protocols.Library` in another process."""

    def __init__(self, wire: Wire, name: str, scope: Scope | None = None) -> None:
        self._wire = wire
        self._name = name
        self._scope = scope or Scope()

    @property
    def name(self) -> str:
        return self._name

    @property
    def scope(self) -> Scope:
        return self._scope

    def within(self, scope: Scope) -> Library:
        library = RemoteLibrary(self._wire, self._name, scope)
        library.info()  # raises NotFound, WrongUsage
        return library

    def info(self) -> LibraryInfo:
        return self._call(LibraryInfo, "info")

    def enqueue(self, sources: Iterable[Source]) -> list[int]:
        return self._call(list[int], "enqueue", sources=[absolute(source) for source in sources])

    def add(
        self, sources: Iterable[Source], on_progress: Callable[[JobInfo], None] | None = None
    ) -> Iterator[AddResult]:
        payload = {"library": self._name, "sources": encode([absolute(source) for source in sources])}
        for line in self._wire.lines("/library/add", payload):
            if "result" in line:
                yield decode(AddResult, line["result"])
            elif on_progress is not None:
                on_progress(decode(JobInfo, line["job"]))

    def reread(self, keys: Sequence[str], choice: Choice) -> list[int]:
        return self._call(list[int], "reread", keys=keys, choice=choice)

    def remove(self, keys: Sequence[str]) -> int:
        return self._call(int, "remove", keys=keys)

    def follow(self, place: str, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Followed:
        return self._call(Followed, "follow", place=place, include=include, exclude=exclude)

    def followed(self) -> list[Followed]:
        return self._call(list[Followed], "followed")

    def change_followed(
        self,
        followed_id: int,
        *,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        paused: bool | None = None,
    ) -> Followed:
        changes = {"include": include, "exclude": exclude, "paused": paused}
        return self._call(Followed, "change_followed", followed_id=followed_id, **changes)

    def look(self, followed_id: int) -> None:
        self._call(type(None), "look", followed_id=followed_id)

    def unfollow(self, followed_id: int, remove: bool = False) -> int:
        return self._call(int, "unfollow", followed_id=followed_id, remove=remove)

    def tag(self, keys: Sequence[str], add: Sequence[str] = (), remove: Sequence[str] = ()) -> int:
        return self._call(int, "tag", keys=keys, add=add, remove=remove)

    def set_rules(self, rules: Sequence[Rule]) -> None:
        self._call(type(None), "set_rules", rules=rules)

    def set_aside(self, keys: Sequence[str], instead: str) -> int:
        return self._call(int, "set_aside", keys=keys, instead=instead)

    def bring_back(self, keys: Sequence[str]) -> int:
        return self._call(int, "bring_back", keys=keys)

    def let_newest_answer(self, newest: bool) -> None:
        self._call(type(None), "let_newest_answer", newest=newest)

    def revision(self) -> int:
        return self._call(int, "revision")

    def rules(self) -> list[Rule]:
        return self._call(list[Rule], "rules")

    def alike(self, key: str | None = None) -> list[Alike]:
        return self._call(list[Alike], "alike", key=key)

    def jobs(self) -> list[JobInfo]:
        return self._call(list[JobInfo], "jobs")

    def retry(
        self,
        job_id: int,
        *,
        password: str | None = None,
        keep_password: bool = False,
        replace: bool | None = None,
    ) -> None:
        self._call(
            type(None),
            "retry",
            job_id=job_id,
            password=password,
            keep_password=keep_password,
            replace=replace,
        )

    def cancel(self, job_ids: Sequence[int]) -> None:
        self._call(type(None), "cancel", job_ids=job_ids)

    def dismiss(self, job_ids: Sequence[int]) -> None:
        self._call(type(None), "dismiss", job_ids=job_ids)

    def origins(self, search: str = "", keys: Sequence[str] | None = None) -> list[OriginInfo]:
        return self._call(list[OriginInfo], "origins", search=search, keys=keys)

    def listed(self) -> list[Listed]:
        return self._call(list[Listed], "listed")

    def dates(self, document_ids: Sequence[int]) -> dict[int, Dated]:
        return self._call(dict[int, Dated], "dates", document_ids=document_ids)

    def detail(self, key: str) -> DocumentDetail:
        return self._call(DocumentDetail, "detail", key=key)

    def receipts(self) -> list[DocumentDetail]:
        return self._call(list[DocumentDetail], "receipts")

    def pages(self, key: str) -> list[Page]:
        return self._call(list[Page], "pages", key=key)

    def document_chunks(self, key: str) -> list[StoredChunk]:
        return self._call(list[StoredChunk], "document_chunks", key=key)

    def passages(
        self, key: str, search: str = "", *, changed: bool = False, first: int = 0, limit: int = 50
    ) -> PassageList:
        return self._call(
            PassageList, "passages", key=key, search=search, changed=changed, first=first, limit=limit
        )

    def switch(self, chunk_id: int, off: bool) -> StoredChunk:
        return self._call(StoredChunk, "switch", chunk_id=chunk_id, off=off)

    def correct(self, chunk_id: int, text: str | None) -> StoredChunk:
        return self._call(StoredChunk, "correct", chunk_id=chunk_id, text=text)

    def page_image(
        self, document_id: int, page: int, marks: Sequence[tuple[int, int, str]] = (), width: int = 1000
    ) -> bytes:
        return self._bytes("page_image", document_id=document_id, page=page, marks=marks, width=width)

    def original(self, key: str) -> bytes:
        return self._bytes("original", key=key)

    def tables(self, key: str) -> list[Table]:
        return self._call(list[Table], "tables", key=key)

    def search_words(self, query: str, limit: int) -> list[tuple[int, float]]:
        return self._call(list[tuple[int, float]], "search_words", query=query, limit=limit)

    def search_vectors(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        response = self._wire.post(
            "/library/search_vectors",
            params={"library": self._name, "limit": limit, "scope": json.dumps(encode(self._scope))},
            content=np.ascontiguousarray(vector, dtype="<f4").tobytes(),
        )
        found: list[tuple[int, float]] = decode(list[tuple[int, float]], response.json()["result"])
        return found

    def cosines(self, vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]:
        response = self._wire.post(
            "/library/cosines",
            params={"library": self._name, "chunk_ids": ",".join(map(str, chunk_ids))},
            content=np.ascontiguousarray(vector, dtype="<f4").tobytes(),
        )
        found: dict[int, float] = decode(dict[int, float], response.json()["result"])
        return found

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        return self._call(dict[str, float], "idf", terms=terms)

    def spans(self) -> dict[int, tuple[int, int]]:
        return self._call(dict[int, tuple[int, int]], "spans")

    def holding(self, words: str) -> list[int]:
        return self._call(list[int], "holding", words=words)

    def vectors(self, chunk_ids: Sequence[int]) -> tuple[list[int], Vectors]:
        content = self._bytes("vectors", chunk_ids=chunk_ids)
        head, _, rows = content.partition(b"\n")
        ids: list[int] = json.loads(head)
        return ids, np.frombuffer(rows, "<f4").reshape(len(ids), -1) if ids else np.zeros((0, 0), np.float32)

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, StoredChunk]:
        return self._call(dict[int, StoredChunk], "chunks", chunk_ids=chunk_ids)

    def neighbours(self, chunk: StoredChunk, before: int = 1, after: int = 1) -> list[StoredChunk]:
        return self._call(list[StoredChunk], "neighbours", chunk=chunk, before=before, after=after)

    def _call(self, returns: type[T], operation: str, **arguments: object) -> T:
        value: T = decode(returns, self._post(operation, arguments).json()["result"])
        return value

    def _bytes(self, operation: str, **arguments: object) -> bytes:
        return self._post(operation, arguments).content

    def _post(self, operation: str, arguments: Mapping[str, object]) -> httpx.Response:
        where = {"library": self._name, "scope": encode(self._scope)}
        return self._wire.post(f"/library/{operation}", json={**where, **encode(arguments)})


def absolute(source: Source) -> Source:
    """`source` with a path that means the same in the other process."""
    if is_address(source.path):
        return source
    return replace(source, path=os.path.abspath(source.path))
