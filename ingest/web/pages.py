"""What is known of pages that were fetched, and how an address becomes a file for the queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from ingest.catalog.database import Database
from ingest.errors import Unreadable
from ingest.model.adding import Source
from ingest.queue.keys import clean_key
from ingest.readers import SUFFIXES, WHAT_WORKS
from ingest.web.fetch import Fetched, Validators

_ALIASES = {
    "application/xhtml+xml": ".html",
    "text/x-markdown": ".md",
    "text/tab-separated-values": ".tsv",
    "application/x-ndjson": ".jsonl",
    "application/x-pdf": ".pdf",
}
_SUFFIX_OF = MappingProxyType({kind: suffix for suffix, kind in reversed(list(SUFFIXES.items()))} | _ALIASES)
_SAYS_NOTHING = ("", "application/octet-stream", "binary/octet-stream")
_TEXTS = frozenset(
    (".txt", ".text", ".md", ".markdown", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".ndjson")
)


@dataclass(frozen=True, slots=True)
class PageRow:
    """An address that was fetched for a library. `listed_change` is its <lastmod> in the sitemap."""

    address: str
    key: str
    content_hash: str
    validators: Validators
    followed_id: int | None  # the site it came with; None when a person named it
    listed_change: str


class PagesTable:
    """The catalog's table of fetched pages. Safe for threads, as the catalog is."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rows(
        self, library_id: int, address: str | None = None, followed_id: int | None = None
    ) -> list[PageRow]:
        rows = self._db.read(
            "SELECT address, key, content_hash, etag, last_modified, followed_id, listed_change FROM web_pages "
            "WHERE library_id = ?1 AND (?2 IS NULL OR address = ?2) AND (?3 IS NULL OR followed_id = ?3) "
            "ORDER BY address",
            (library_id, address, followed_id),
        )
        return [
            PageRow(address, key, content_hash, Validators(etag, modified), site, change)
            for address, key, content_hash, etag, modified, site, change in rows
        ]

    def keep(self, library_id: int, page: PageRow) -> None:
        """A page that a person has named stays theirs when a site lists it, too."""
        with self._db.transaction() as db:
            db.execute(
                "INSERT INTO web_pages(library_id, address, key, content_hash, etag, last_modified, followed_id, "
                "listed_change) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT(library_id, address) DO UPDATE SET "
                "key = excluded.key, content_hash = excluded.content_hash, etag = excluded.etag, "
                "last_modified = excluded.last_modified, listed_change = excluded.listed_change, "
                "followed_id = CASE WHEN excluded.followed_id IS NULL THEN NULL ELSE followed_id END",
                (
                    library_id, page.address, page.key, page.content_hash, page.validators.etag,
                    page.validators.last_modified, page.followed_id, page.listed_change,
                ),
            )  # fmt: skip

    def forget(self, library_id: int, address: str) -> None:
        with self._db.transaction() as db:
            db.execute("DELETE FROM web_pages WHERE library_id = ? AND address = ?", (library_id, address))


def as_file(source: Source, found: Fetched) -> Source:
    """The fetched page as a file that the queue uses up; its key says by which reader it is to be read.

    Raises Unreadable for a type that none reads. Text is kept as UTF-8 whatever it came in.
    """
    key = key_for_type(clean_key(source.key), found.media_type)
    if found.charset and not _is_utf8(found.charset):
        _to_utf8(found.path, found.charset)
    return replace(source, path=str(found.path), key=key, temporary=True)


def key_for_type(key: str, media_type: str) -> str:
    """`key` with the ending of its media type, where it has not got one.

    What declares itself as plain text or as nothing may be what its name says.
    """
    ending = PurePosixPath(key).suffix.lower()
    if media_type in _SAYS_NOTHING or (media_type == "text/plain" and ending in _TEXTS):
        return key
    wanted = _SUFFIX_OF.get(media_type)
    if wanted is None:
        raise Unreadable(
            f"This address gives {media_type[:80]}, which Footnote does not read. It reads {WHAT_WORKS}."
        )
    return key if SUFFIXES.get(ending) == SUFFIXES[wanted] else key + wanted


def _is_utf8(charset: str) -> bool:
    return charset.replace("_", "-") in ("utf-8", "utf8", "us-ascii", "ascii")


def _to_utf8(path: Path, charset: str) -> None:
    """The text at `path` from the declared encoding into UTF-8, where it is not valid UTF-8 already."""
    data = path.read_bytes()
    try:
        if b"\0" not in data:
            data.decode("utf-8")
            return
    except UnicodeDecodeError:
        pass  # as declared
    try:
        text = data.decode(charset, errors="replace")
    except (LookupError, ValueError):
        return  # an encoding nobody knows: the reader guesses, as for a file
    path.write_text(text, encoding="utf-8", newline="")
