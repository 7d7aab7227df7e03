"""Every e-mail address, phone number, date … of the documents, with the places where each stands."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field

from rag.model import CancelToken, Coverage, Progress
from rag.whole.forms import ThingKind
from rag.whole.report import Found, Place, Report
from rag.whole.route import Things
from rag.whole.shelf import BATCH, Shelf
from rag.whole.tools import Tools

LISTED = 150  # different things that are shown
PLACES = 4  # documents cited for each
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_AMOUNT = r"\d{1,3}(?:[,.\u00a0 ’']\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?"
PATTERNS: dict[ThingKind, re.Pattern[str]] = {
    "e-mail address": re.compile(
        r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24}(?![\w-])"
    ),
    "phone number": re.compile(
        r"(?<![\w.,/-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{2,5}(?:[ .-]\d{2,5}){1,4}(?![\w/]|[.,-]\d)"
    ),
    "web address": re.compile(
        r"(?<![\w@])(?:https?://|www\.)[^\s<>\"'“”|]{3,300}?(?=[.,;:)\]]*(?:[\s<>\"'“”|]|$))"
    ),
    "amount of money": re.compile(
        rf"(?:[€£$¥]|\b(?:USD|EUR|GBP|CHF) ?) ?(?:{_AMOUNT})(?: ?(?:million|billion|thousand|bn|m|k)\b)?"
        rf"|(?<![\w.,])(?:{_AMOUNT}) ?(?:€|£|\$|(?:USD|EUR|GBP|CHF|euros?|dollars?|pounds)\b)",
        re.IGNORECASE,
    ),
    "date": re.compile(
        rf"(?<![\w-])\d{{4}}-\d{{2}}-\d{{2}}(?![\w-])|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? \d{{4}}\b"
        rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b|(?<![\w/.])\d{{1,2}}[/.]\d{{1,2}}[/.](?:19|20)\d{{2}}(?![\w/])",
        re.IGNORECASE,
    ),
    "percentage": re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)? ?(?:%|percent\b|per cent\b)", re.IGNORECASE),
}
_PHONE_DIGITS = range(7, 16)


@dataclass(slots=True)
class _Thing:
    shown: str
    places: dict[int, Place] = field(default_factory=dict)  # the first of each document
    count: int = 0


def things(
    tools: Tools, shelf: Shelf, wanted: Things, cancel: CancelToken, sure: bool = True
) -> Generator[Progress, None, Found | None]:
    """The list; None where it is asked of a document that is not there, or where there is none and it is not `sure`
    that a list was asked for."""
    documents = shelf.named(wanted.within) if wanted.within else list(shelf.documents)
    if not documents:
        return None
    ids = [i for each in documents for i in each.chunk_ids]
    found: dict[str, _Thing] = {}
    for done, batch in enumerate(shelf.chunks(ids), start=1):
        cancel.check()
        for chunk in batch:
            for start, end in spans(wanted.kind, chunk.text):
                text = " ".join(chunk.text[start:end].split())
                thing = found.setdefault(_same(text), _Thing(text))
                thing.count += 1
                thing.places.setdefault(
                    chunk.document_id, Place(chunk, *_around(chunk.text, start, end), start, end)
                )
        share = min(1.0, done * BATCH / max(1, len(ids)))
        yield Progress("gathering", round(share * len(documents)), len(documents))
    if not found and not sure:
        return None
    report = Report()
    one = len(found) == 1
    noun = wanted.kind if one else _plural(wanted.kind)
    where = f"in {documents[0].name}" if len(documents) == 1 else f"in {len(documents):,} documents"
    if not found:
        report.say(f"There are no {noun} {where}.")
    else:
        report.say(
            f"There {'is' if one else 'are'} {len(found):,} different {noun} {where}:",
            strong=f"{len(found):,}",
        )
    order = sorted(found.values(), key=lambda each: (-len(each.places), each.shown.casefold()))
    for thing in order[:LISTED]:
        documents_with = f" — in {len(thing.places):,} documents" if len(thing.places) > 1 else ""
        report.say(f"{thing.shown}{documents_with}", list(thing.places.values())[:PLACES], strong=thing.shown)
    if len(order) > LISTED:
        report.say(f"… and {len(order) - LISTED:,} more.")
    readable = sum(each.readable for each in documents)
    return report.found(Coverage("things", readable, len(documents)))


def spans(kind: ThingKind, text: str) -> list[tuple[int, int]]:
    """Where things of that kind stand in a text."""
    found = [match.span() for match in PATTERNS[kind].finditer(text)]
    if kind != "phone number":
        return found
    return [
        (start, end) for start, end in found if _is_phone(text[start:end], text[max(0, start - 40) : start])
    ]


def _is_phone(number: str, before: str) -> bool:
    """Digits enough, and something that says so: a country code, brackets, a leading 0, or a word before it."""
    digits = sum(map(str.isdigit, number))
    said = re.search(
        r"(?:phone|tel|call|mobile|fax|helpline|contact|hotline)\W*(?:\w+\W+){0,3}$", before, re.IGNORECASE
    )
    return (
        digits in _PHONE_DIGITS
        and (number[0] in "+(0" or said is not None)
        and not re.fullmatch(r"\d{4}-\d\d-\d\d", number)
    )


def _same(text: str) -> str:
    return text.casefold().rstrip("/")


def _around(text: str, start: int, end: int) -> tuple[int, int]:
    """The line that holds a thing."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    return first, len(text) if last < 0 else last


def _plural(kind: str) -> str:
    if kind == "amount of money":
        return "amounts of money"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"
