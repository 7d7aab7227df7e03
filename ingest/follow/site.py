"""A site kept in step: the pages that its sitemap, or a list of addresses, names.

What the list no longer names, and what its server says is gone (404, 410), leaves the library. A network
that fails removes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ingest.errors import FootnoteError, Gone, Unreachable
from ingest.follow.folder import fits
from ingest.follow.model import Followed
from ingest.follow.steps import Check
from ingest.library import LocalLibrary
from ingest.model.adding import AddState, Source
from ingest.settings import Settings
from ingest.web.addresses import key_of
from ingest.web.fetch import Web
from ingest.web.pages import PageRow
from ingest.web.sitemap import Listed, read_list

LOOK_SECONDS = 6 * 3600.0
RETRY_SECONDS = 600.0  # after a round that came to no end
MOST_PAGES = 2_000
MOST_SILENT = 5  # pages on end that cannot be reached: then it is the site that cannot


class SiteSteps:
    """A sitemap or list on the web."""

    def __init__(self, row: Followed, settings: Settings) -> None:
        self._row = row
        self._settings = settings
        self._finished = False
        self._notes: list[str] = []
        self.files = row.files

    def notes(self) -> list[str]:
        return self._notes

    def signs(self, stop: threading.Event) -> Iterator[None]:
        while not stop.is_set():
            self._finished = False
            yield
            stop.wait(LOOK_SECONDS if self._finished else RETRY_SECONDS)

    def due(self) -> bool:
        return not self._finished

    def forget(self) -> None:
        self._finished = False

    def has(self, library: LocalLibrary, place: str) -> bool:
        return place in self._known(library)

    def keys(self, library: LocalLibrary) -> list[str]:
        there = {each.key for each in library.listed()}
        return [page.key for page in self._known(library).values() if page.key in there]

    def bring_in_step(self, library: LocalLibrary, check: Check) -> None:
        with Web(self._settings) as web:
            listed = read_list(web, self._row.place)
            notes = list(listed.notes)
            wanted = self._wanted(web, listed, notes)
            known = self._known(library)
            if known and not wanted and not listed.pages:
                raise FootnoteError(
                    f"{self._row.place} names no pages any more: nothing was removed. If that is right, stop "
                    "following it and let its pages leave."
                )
            gone = self._take_in(web, library, wanted, known, notes, check)
        self._remove(
            library, [page for page in known.values() if page.address in gone or page.address not in wanted]
        )
        self.files = len(wanted) - len(gone)
        self._notes = notes
        self._finished = True

    def _wanted(self, web: Web, listed: Listed, notes: list[str]) -> dict[str, str]:
        """The pages that count, address → <lastmod>, in the list's order."""
        wanted: dict[str, str] = {}
        for address, change in listed.pages.items():
            if not fits(key_of(address), self._row.include, self._row.exclude):
                continue
            if not web.may_fetch(address):
                notes.append(f"{address}: the site's robots.txt asks programs not to read it.")
            elif len(wanted) == MOST_PAGES:
                notes.append(
                    f"More than {MOST_PAGES:,} pages are listed; the first are followed. Choose with patterns."
                )
                break
            else:
                wanted[address] = change
        return wanted

    def _take_in(
        self,
        web: Web,
        library: LocalLibrary,
        wanted: dict[str, str],
        known: dict[str, PageRow],
        notes: list[str],
        check: Check,
    ) -> set[str]:
        """Fetch what may have changed; returns the addresses that are gone."""
        there = {each.key for each in library.listed()}
        gone: set[str] = set()
        jobs: list[int] = []
        silent = 0
        for address, change in wanted.items():
            before = known.get(address)
            if before and change and before.listed_change == change and before.key in there:
                continue  # the sitemap says that it has not changed since
            check(None)
            web.wait_turn(address, lambda: check(None))
            source = Source(address, key_of(address), address)
            try:
                jobs.append(library.intake.enqueue_page(web, source, self._row.id, change))
                silent = 0
            except Gone as error:
                gone.add(address)
                notes.append(f"{address}: {error}")
            except Unreachable as error:
                notes.append(f"{address}: {error}")
                silent += 1
                if silent == MOST_SILENT:
                    raise FootnoteError(f"{error} Nothing was removed; it is tried again.") from None
            except FootnoteError as error:
                notes.append(f"{address}: {error}")
        for job in jobs:
            result = library.intake.end_of(job, check)
            if result.state is AddState.FAILED:
                notes.append(f"{result.document}: {result.message}")
        return gone

    def _remove(self, library: LocalLibrary, pages: list[PageRow]) -> None:
        there = {each.key for each in library.listed()}
        if keys := [page.key for page in pages if page.key in there]:
            library.remove(keys)
        for page in pages:
            library.intake.pages.forget(library.id, page.address)

    def _known(self, library: LocalLibrary) -> dict[str, PageRow]:
        """Pages that came with this site, by address."""
        rows = library.intake.pages.rows(library.id, followed_id=self._row.id)
        return {page.address: page for page in rows}
