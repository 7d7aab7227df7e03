"""One page of the web → a file: redirects followed and checked, everything within limits.

    with Web(settings) as web:
        found = web.fetch("https://example.org/page.html", folder)

Nothing of the person goes along: no cookies, no credentials, no referrer. Compressed bodies are unpacked
here, a block at a time, so that a small one cannot become a large one unseen.
"""

from __future__ import annotations

import ssl
import time
import urllib.robotparser
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Self

import certifi
import httpcore
import httpx

from ingest.errors import Gone, Unreachable, WrongUsage
from ingest.settings import Settings
from ingest.web.addresses import Allowed, normal_address
from ingest.web.connection import CheckedBackend, Deadline, Resolver, resolve

AGENT = "Footnote/0.1 (reads pages that a person has named)"
CONNECT_SECONDS, SILENT_SECONDS = 10.0, 20.0
MOST_REDIRECTS = 5
BLOCK_BYTES = 1 << 18
ROBOTS_BYTES = 500 << 10  # RFC 9309: at least this much has to be read
PACE_SECONDS, MOST_PACE_SECONDS = 1.0, 30.0  # between two pages of a site
_REDIRECTS = (301, 302, 303, 307, 308)


def permitted(settings: Settings) -> None:
    """Raise WrongUsage while web addresses are switched off."""
    if not settings.allow_web:
        raise WrongUsage(
            "Web addresses are switched off, so that nothing is asked of the network. Set FOOTNOTE_ALLOW_WEB=1 in "
            "the environment or in .env, and start Footnote anew."
        )


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server has told to recognise a page by (RFC 9110, 8.8); sent back, it may say “not changed”."""

    etag: str = ""
    last_modified: str = ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        named = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return [(name, value) for name, value in named if value]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as a file of its own in `path`; `media_type` and `charset` as declared, lower case, or ""."""

    path: Path
    media_type: str
    charset: str
    validators: Validators


class Web:
    """The web for a round of work: connections are kept, within the limits of `settings`. Not for threads.

    Raises WrongUsage while FOOTNOTE_ALLOW_WEB is off.
    """

    def __init__(
        self, settings: Settings, resolver: Resolver = resolve, trusted: ssl.SSLContext | None = None
    ) -> None:
        permitted(settings)
        self._settings = settings
        self._deadline = Deadline()
        self._asked: dict[str, float] = {}  # host → when it was last a site's turn (monotonic seconds)
        self._robots: dict[str, urllib.robotparser.RobotFileParser] = {}
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted or _trusted(),
            network_backend=CheckedBackend(Allowed.parse(settings.web_allow), self._deadline, resolver),
            max_connections=2,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def fetch(self, address: str, folder: Path, known: Validators | None = None) -> Fetched | None:
        """The page as a new file in `folder`; None when it is as `known` says.

        Raises Gone (404, 410) or Unreachable, saying what to do; then no file is left.
        """
        limit = self._settings.max_file_mib << 20
        with self._answer(address, known.headers if known else []) as (response, host):
            if response.status == 304 and known:
                return None
            _refuse_status(response.status, host)
            kind = _content_type(_header(response, "content-type"))
            validators = Validators(_header(response, "etag"), _header(response, "last-modified"))
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / uuid.uuid4().hex
            try:
                with path.open("wb") as file:
                    for block in _limited(_body(response), limit, host):
                        file.write(block)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return Fetched(
            path, kind.get_content_type() if kind["content-type"] else "", _charset(kind), validators
        )

    def read(self, address: str, most_bytes: int) -> bytes:
        """A short text, such as a list. Raises as `fetch`."""
        with self._answer(address, []) as (response, host):
            _refuse_status(response.status, host)
            return b"".join(_limited(_body(response), most_bytes, host))

    # ------------------------------------------------------------------ robots.txt

    def may_fetch(self, address: str) -> bool:
        """Whether the site's robots.txt lets programs read this. Raises Unreachable when it cannot be had."""
        return self._robots_of(address).can_fetch(AGENT, address)

    def wait_turn(self, address: str, check: Callable[[], None] = lambda: None) -> None:
        """Wait until this site may be asked for another page; `check` may raise meanwhile."""
        wanted = float(self._robots_of(address).crawl_delay(AGENT) or 0)
        host = httpx.URL(address).host
        turn = self._asked.get(host, 0.0) + min(MOST_PACE_SECONDS, max(PACE_SECONDS, wanted))
        while (left := turn - time.monotonic()) > 0:
            check()
            time.sleep(min(left, 0.5))
        self._asked[host] = time.monotonic()

    def _robots_of(self, address: str) -> urllib.robotparser.RobotFileParser:
        root = str(httpx.URL(address).copy_with(raw_path=b"/robots.txt"))
        if root not in self._robots:
            rules = urllib.robotparser.RobotFileParser()
            try:
                rules.parse(self.read(root, ROBOTS_BYTES).decode("utf-8", "replace").splitlines())
            except (Refused, Gone):  # RFC 9309: a site that has none, or hides it, forbids nothing
                rules.parse([])
            self._robots[root] = rules
        return self._robots[root]

    # ------------------------------------------------------------------ one request, and where it leads

    @contextmanager
    def _answer(
        self, address: str, headers: list[tuple[str, str]]
    ) -> Iterator[tuple[httpcore.Response, str]]:
        """The answer at the end of all redirects, and its host. Everything until the end is within the deadline."""
        self._deadline.begin(self._settings.web_timeout_seconds)
        url = httpx.URL(normal_address(address))
        for _ in range(MOST_REDIRECTS + 1):
            with (
                self._faults(url.host),
                self._pool.stream(
                    "GET", str(url), headers=[*_headers(url), *headers], extensions={"timeout": _TIMEOUTS}
                ) as response,
            ):
                where = _header(response, "location")
                if response.status not in _REDIRECTS or not where:
                    yield response, url.host
                    return
            url = self._next(url, where)
        raise Unreachable(f"{url.host} leads on and on (more than {MOST_REDIRECTS} redirects).")

    def _next(self, url: httpx.URL, where: str) -> httpx.URL:
        try:
            return httpx.URL(normal_address(str(url.join(where))))
        except (WrongUsage, httpx.InvalidURL, ValueError):
            raise Unreachable(f"{url.host} leads to an address that is not followed.") from None

    @contextmanager
    def _faults(self, host: str) -> Iterator[None]:
        """What goes wrong on the way, as Unreachable."""
        try:
            yield
        except httpcore.TimeoutException:
            raise Unreachable(
                f"{host} did not answer in time. Try again later, or raise FOOTNOTE_WEB_TIMEOUT_SECONDS."
            ) from None
        except ssl.SSLError as error:
            raise Unreachable(f"{host} could not prove that it is {host} ({_reason(error)}).") from None
        except (httpcore.ConnectError, httpcore.NetworkError) as error:
            if "CERTIFICATE" in str(error).upper():
                raise Unreachable(f"{host} could not prove that it is {host} (its certificate).") from None
            raise Unreachable(f"{host} cannot be reached. Check the address and your connection.") from None
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, zlib.error):
            raise Unreachable(
                f"{host} broke off, or did not answer as a web server does. Try again later."
            ) from None


class Refused(Unreachable):
    """The server answers, and says no (4xx)."""


_TIMEOUTS = {
    "connect": CONNECT_SECONDS,
    "read": SILENT_SECONDS,
    "write": SILENT_SECONDS,
    "pool": CONNECT_SECONDS,
}


def _trusted() -> ssl.SSLContext:
    """The certificates of this machine and the usual ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _headers(url: httpx.URL) -> list[tuple[str, str]]:
    return [
        ("Host", url.netloc.decode("ascii")),
        ("User-Agent", AGENT),
        ("Accept", "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5"),
        ("Accept-Encoding", "gzip, deflate"),
    ]


def _refuse_status(status: int, host: str) -> None:
    if status == 200:
        return
    if status in (404, 410):
        raise Gone(f"{host} has no such page ({status}). Check the address in a browser.")
    if status in (401, 403, 407):
        raise Refused(
            f"{host} does not show this page to everybody ({status}). Save it in your browser and add the file."
        )
    if status in (429, 503):
        raise Unreachable(f"{host} asks to wait ({status}). Try again later.")
    kind = Refused if 400 <= status < 500 else Unreachable
    raise kind(f"{host} answered with status {status} instead of a page. Try again later.")


def _body(response: httpcore.Response) -> Iterator[bytes]:
    """The body unpacked, in blocks. Raises Unreachable for a packing that is not known."""
    encoding = _header(response, "content-encoding").lower()
    blocks = response.iter_stream()
    if encoding in ("", "identity"):
        yield from blocks
    elif encoding in ("gzip", "x-gzip", "deflate"):
        yield from unpacked(blocks)
    else:
        raise Unreachable(f"The page is packed as “{encoding[:40]}”, which was not asked for.")


def unpacked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """gzip or zlib data unpacked, in blocks of at most BLOCK_BYTES. Raises zlib.error where it breaks off."""
    inflate = zlib.decompressobj(47)  # 15 bits of window, gzip or zlib by its header
    for block in blocks:
        while block:
            yield inflate.decompress(block, BLOCK_BYTES)
            block = inflate.unconsumed_tail
    yield inflate.flush()
    if not inflate.eof:
        raise zlib.error("incomplete")


def _limited(blocks: Iterable[bytes], most_bytes: int, host: str) -> Iterator[bytes]:
    left = most_bytes
    for block in blocks:
        left -= len(block)
        if left < 0:
            raise Unreachable(
                f"What {host} sends is larger than {most_bytes / 2**20:,.0f} MiB. Save it, split it and add the files, "
                "or raise FOOTNOTE_MAX_FILE_MIB."
            )
        yield block


def _header(response: httpcore.Response, name: str) -> str:
    wanted = name.encode("ascii")
    return next(
        (value.decode("latin-1").strip()[:2_000] for key, value in response.headers if key.lower() == wanted),
        "",
    )


def _content_type(value: str) -> Message:
    message = Message()
    if value:
        message["content-type"] = value
    return message


def _charset(kind: Message) -> str:
    found = kind.get_param("charset")
    return found.strip().lower() if isinstance(found, str) else ""


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "TLS").replace("_", " ").lower()
