from __future__ import annotations

import threading

import pytest

from ingest.catalog import JobRow
from ingest.model.pages import FileText, Page, Receipt
from ingest.queue import scans as scans_module
from ingest.queue.scans import Scans


def a_job(number: int, key: str = "", place: str = "/d/a.pdf") -> JobRow:
    return JobRow(
        number, 1, key or f"{number}.pdf", place, "", 0, 0, None, None, False, "reading", None, None, 0.0
    )


def a_text(unread: int) -> FileText:
    pages = tuple(Page(number, "") for number in range(1, unread + 1))
    return FileText("application/pdf", "", True, pages, Receipt((), 0.0), tuple(range(1, unread + 1)))


def test_short_ones_first_then_as_they_came() -> None:
    scans = Scans()
    for number, pages in ((1, 300), (2, 3), (3, 300), (4, 3)):
        scans.put(a_job(number), a_text(pages))
    taken = [scan[0].id for _ in range(3) if (scan := scans.take())]
    assert taken == [2, 4, 1]
    assert scans.take_smaller(300) is None
    smaller = scans.take_smaller(301)
    assert smaller is not None
    assert smaller[0].id == 3


def test_older_versions_are_known_until_they_end() -> None:
    scans = Scans()
    older, newer = a_job(1, "a.pdf"), a_job(2, "a.pdf")
    scans.put(older, a_text(2))
    scans.put(a_job(3, "b.pdf"), a_text(2))
    assert scans.older_than(newer) == [1]
    assert scans.older_than(a_job(4, "a.pdf", "/elsewhere/a.pdf")) == []
    scans.ended(older)
    assert scans.older_than(newer) == []


def test_closing_wakes_who_waits() -> None:
    scans = Scans()
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.append(scans.take()))
    thread.start()
    scans.close()
    thread.join(5)
    assert taken == [None]
    assert scans.take_smaller(9) is None


def test_who_waits_long_rests_once_and_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans_module, "REST_SECONDS", 0.01)
    scans, rested, taken = Scans(), threading.Event(), []
    calls: list[None] = []

    def rest() -> None:
        calls.append(None)
        rested.set()

    waiting = threading.Thread(target=lambda: taken.append(scans.take(rest)))
    waiting.start()
    assert rested.wait(10)
    scans.put(a_job(1), a_text(2))
    waiting.join(10)
    assert [scan[0].id for scan in taken if scan] == [1]
    assert len(calls) == 1
