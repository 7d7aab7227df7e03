"""Of when a document is, as far as its own words and its name tell: days, months, quarters, years.

    "Valid from 1 March 2026"  ·  fees-2025.md  ·  Q3 2023 report.pdf  ·  minutes_20240305.docx

Not every number of four digits is a year: "room 2010", "ISO 2015", "2000 words", "Agenda 2030" are none. 03/04/2026,
whose order is anyone's guess, tells its year. English only, but for dates in digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import PurePosixPath

MONTHS = "january february march april may june july august september october november december".split()


def month_forms(names: Sequence[str]) -> str:
    """A pattern of the months' `names`, whole or in three letters, and of the four of September."""
    short = [f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in names]
    return "|".join([*short, names[8][:4]])


EARLIEST = 1900
AHEAD = 1  # years: plans for the next year are written in this one, "Agenda 2030" is no date
LOOKED_AT = 3_000  # characters of a text's beginning in which it tells its date, and a third of it at the end
LONGEST = 40  # characters of a date
FIRST_LINES = 12  # of these one that is nothing but a date tells it, as in a letter

_MONTH = month_forms(MONTHS)
_Y = r"(?P<year>(?:19|20)\d\d)"
_END = r"(?![\d])"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_GAP = r"[\s._,-]{1,2}"
# In this order: what is more exact first; what one has taken is not looked at by the next.
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?<!\d){_Y}(?P<sign>[-_.]?)(?P<month>0[1-9]|1[0-2])(?P=sign)(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
        r"(?<![\d.])(?P<day>[0-3]?\d)\.\s?(?P<month>[01]?\d)\.\s?(?P<year>(?:19|20)\d\d)(?!\d)",
        r"(?<![\d/])(?P<first>[0-3]?\d)/(?P<second>[0-3]?\d)/(?P<year>(?:19|20)\d\d)(?!\d)",
        rf"(?<![a-z\d]){_DAY}(?:{_GAP}|\s+of\s+)(?P<name>{_MONTH})(?![a-z]){_GAP}{_Y}{_END}",
        rf"(?<![a-z])(?P<name>{_MONTH})(?![a-z]){_GAP}{_DAY}{_GAP}{_Y}{_END}",
        rf"(?<![a-z])(?P<name>{_MONTH})(?![a-z])(?:{_GAP}|\s+of\s+)?{_Y}{_END}",
        rf"(?<!\d){_Y}{_GAP}(?P<name>{_MONTH})(?![a-z])(?:{_GAP}{_DAY}(?![\da-z]))?",
        rf"(?<![a-z\d])(?:q(?P<quarter>[1-4])|h(?P<half>[12]))(?:{_GAP}|\s+of\s+)?{_Y}{_END}",
        rf"(?<!\d){_Y}(?:{_GAP})?(?:q(?P<quarter>[1-4])|h(?P<half>[12]))(?![a-z\d])",
        rf"(?<!\d){_Y}\s?[-/–_]\s?(?P<next>(?:20)?\d\d)(?![\d-])",
        rf"(?<!\d){_Y}[-_.](?P<month>0[1-9]|1[0-2])(?![\d])",
        rf"(?<![\d€$£#+])(?<!\d[-.,:/]){_Y}(?![\d:/%€$£]|[.,-]\d|\s?[x×]\s?\d)",
    )
)
_LETTERS_BEFORE = re.compile(r"(?:^|[^a-z])([a-z]+)[\s._#:-]*$", re.IGNORECASE)
_WORD_AFTER = re.compile(r"[\s_-]?([a-z]+)", re.IGNORECASE)
# Before and behind a number that is no year.
_COUNTED = frozenset(
    "no nr num number room rfc iso din en part page p pp article section version v build id invoice order ticket case "
    "model suite unit level form bs ieee iec office windows server agenda vision under over about than to".split()
)
_UNITS = frozenset(
    "words word items people employees km m cm mm kg g mb gb kb ml l w kw v ma mah rpm px dpi eur euro euros usd gbp "
    "dollars pounds percent times hours days miles feet ft lbs calories kcal edition".split()
)
# What leads a date in the text, the more telling first: from when it counts, when it was changed, of when it is. The last
# two only as a label, at the beginning of a line or in brackets: "The album was released in 1987" dates no text.
_LEAD_BETWEEN = (
    r"(?:\s{1,3}(?:from|since|as\s{1,3}of|as\s{1,3}from|on|date|is|was|the))*[\s*_]{0,4}[:=–-]?[\s*_]{0,4}"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s{1,3})?"
_LABEL = (
    r"(?:^|[(|•·])[ \t*_#>-]{0,8}(?:(?:this|the|our|page|document|policy|handbook|guide|report|minutes|memo|letter|version|"
    r"list|notice|file|last|date|of|was|is)\s{1,3}){0,4}"
)
_LEADS = tuple(
    re.compile(rf"{lead}{_LEAD_BETWEEN}{_WEEKDAY}(?=[a-z\d])", re.IGNORECASE | re.MULTILINE)
    for lead in (
        r"(?<![a-z])(?:(?:valid|in\s{1,3}force|applies|applicable|in\s{1,3}effect)"
        r"(?=\s{1,3}(?:from|since|as\s{1,3}of|as\s{1,3}from|on))"
        r"|effective(?=\s{1,3}(?:from|since|as|on|date)|\s{0,3}:|\s{1,3}\d|\s{1,3}[A-Z]))",
        rf"{_LABEL}(?:updated|update|revised|revision|reviewed|modified|amended|edited)",
        rf"(?:{_LABEL}(?:dated|date(?=\s{{0,3}}:)|status(?=\s{{0,3}}:)|version\s{{1,3}}of|issued|issue|published|adopted|approved|"
        r"released)|^[ \t*_#>-]{0,8}(?:[\w'’-]{1,30}\s){0,4}as\s{1,3}(?:of|at))",
    )
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A day, month, quarter or year: its first and last day, as "2026-03-01"; `shown` is how people say it."""

    first: str
    last: str
    shown: str

    def after(self, other: Period) -> bool:
        """Whether it begins when the other one is over."""
        return self.first > other.last


@lru_cache(maxsize=4096)  # asked again and again of the same texts
def said(beginning: str, end: str = "") -> Period | None:
    """The date that a text gives itself in its beginning, or at its end: the latest of the most telling kind."""
    for lead in _LEADS:
        found = [
            period
            for text in (beginning, end)
            for match in lead.finditer(text)
            if (period := _at(text, match.end()))
        ]
        if found:
            return max(found)
    lines = [line.strip(" *_#|") for line in beginning.split("\n")[:FIRST_LINES]]
    alone = (
        _at(re.sub(rf"^(?:[A-Z][\w .'-]+,\s*)?{_WEEKDAY}", "", line, count=1), 0, whole=True)
        for line in lines
    )
    return next(filter(None, alone), None)


def named(key: str, title: str) -> Period | None:
    """The date in a file's name; where that has none, in its title, then in the nearest folder's name."""
    path = PurePosixPath(key)
    for name in (path.stem, title, *(parent.name for parent in path.parents)):
        if found := [period for _, _, period in periods(name)]:
            return max(found)
    return None


def latest_month(text: str) -> Period | None:
    """The latest day or month that a text names; a year alone does not count."""
    found = [period for _, _, period in periods(text) if period.first[:7] == period.last[:7]]
    return max(found, default=None)


def day(text: str) -> Period | None:
    """Metadata's "2024-03-05T10:00:00Z", "D:20240305100000" or "Tue, 5 Mar 2024 10:00:00" as a day."""
    match = re.match(r"\s*(?:D:)?((?:19|20)\d\d)-?([01]\d)-?([0-3]\d)", text)
    if match:
        return _days(int(match[1]), int(match[2]), int(match[3]))
    return next((period for _, _, period in periods(text)), None)


def day_of(metadata: str) -> str:
    """Metadata's day as "2024-03-05", or ""."""
    found = day(metadata[:40])
    return found.first if found and found.first == found.last else ""


def periods(text: str) -> Iterator[tuple[int, int, Period]]:
    """Every date of a text with its start and end in characters, the more exact ones first."""
    taken: list[tuple[int, int]] = []
    for form in _FORMS:
        for match in form.finditer(text):
            start, end = match.span()
            if any(start < last and first < end for first, last in taken):
                continue
            if period := _period(match, text):
                taken.append((start, end))
                yield start, end, period


def _at(text: str, place: int, whole: bool = False) -> Period | None:
    """The date that begins at `place`; `whole`: and ends with the text."""
    piece = text[place : place + LONGEST]
    if whole and len(text) - place > LONGEST:
        return None
    for start, end, period in periods(piece):
        if start == 0 and (not whole or not piece[end:].strip(" .")):
            return period
    return None


def _period(match: re.Match[str], text: str) -> Period | None:
    found = {name: value for name, value in match.groupdict().items() if value}
    year = int(found["year"])
    if not EARLIEST <= year <= date.today().year + AHEAD:
        return None
    if "quarter" in found or "half" in found:
        length, number = (3, int(found["quarter"])) if "quarter" in found else (6, int(found["half"]))
        last = number * length
        return _between(year, last - length + 1, year, last, f"{'Q' if length == 3 else 'H'}{number} {year}")
    if "next" in found:  # 2024/25: a season, a financial year
        following = int(found["next"]) % 100
        if (
            len(found["next"]) == 4 and int(found["next"]) > year + 1
        ):  # 2019-2023 was written in the last of them
            year = int(found["next"])
            return _between(year, 1, year, 12, str(year)) if year <= date.today().year + AHEAD else None
        if (year + 1) % 100 != following:
            return None
        return _between(year, 7, year + 1, 6, f"{year}/{following:02d}")
    if "first" in found:
        one, two = int(found["first"]), int(found["second"])
        if one > 12 >= two or one == two:
            return _days(year, two, one)
        return _days(year, one, two) if two > 12 >= one else _between(year, 1, year, 12, str(year))
    if "name" in found or "month" in found:
        month = _number(found["name"]) if "name" in found else int(found["month"])
        return _days(year, month, int(found.get("day", 0)))
    if _is_counted(text, match):
        return None
    return _between(year, 1, year, 12, str(year))


def _is_counted(text: str, match: re.Match[str]) -> bool:
    """Whether what stands beside it makes it a number: "room 2010", "2000 words", "abc2010x"."""
    before = _LETTERS_BEFORE.search(text[max(0, match.start() - LONGEST) : match.start()])
    after = _WORD_AFTER.match(text, match.end())
    glued = bool(after) and match.end() < len(text) and text[match.end()].isalpha()
    joined = match.start() > 0 and text[match.start() - 1].isalpha()
    return bool(
        (before and before[1].lower() in _COUNTED)
        or (after and after[1].lower() in _UNITS)
        or glued
        or (joined and before and len(before[1]) < 4 and before[1].lower() not in ("fy", "cy"))
    )


def _number(name: str) -> int:
    return next(n for n, full in enumerate(MONTHS, 1) if full.startswith(name[:3].lower()))


def _days(year: int, month: int, day_of_month: int) -> Period | None:
    """A day, or a month where the day is 0; None for what the calendar doesn't have."""
    if not 1 <= month <= 12:
        return None
    if not day_of_month:
        return _between(year, month, year, month, f"{MONTHS[month - 1].capitalize()} {year}")
    try:
        exact = date(year, month, day_of_month)
    except ValueError:
        return None
    return Period(
        exact.isoformat(), exact.isoformat(), f"{day_of_month} {MONTHS[month - 1].capitalize()} {year}"
    )


def _between(year: int, month: int, last_year: int, last_month: int, shown: str) -> Period:
    following = date(last_year + last_month // 12, last_month % 12 + 1, 1)
    return Period(date(year, month, 1).isoformat(), (following - timedelta(1)).isoformat(), shown)
