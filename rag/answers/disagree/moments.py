"""Days and times of day in a text, as numbers that can be compared.

Understood: 3 March 2026, March 3rd, 2026-03-03, May 2021, since 2019, Friday, 9:30, 5 pm, noon. Not: 03/04/2026
(whose order is anyone's guess), half past eight, Easter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from ingest.text.dating import MONTHS, month_forms

_MONTHS = [month.capitalize() for month in MONTHS]
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTH = month_forms(_MONTHS)
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>1\d{3}|20\d{2})"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\w-]){_YEAR}-(?P<number>0[1-9]|1[0-2])-(?P<day>[0-3]\d)(?![\w-])",
        rf"(?<![\w.,:]){_DAY}(?: of)? (?P<month>{_MONTH})\b(?:\.?,? {_YEAR}\b)?",
        rf"\b(?P<month>{_MONTH})\b\.? {_DAY}(?![\d:.]\d|\w)(?:,? {_YEAR}\b)?",
        rf"\b(?P<month>{_MONTH})\b(?:,? (?:of )?{_YEAR}\b)?",
        rf"(?<![\w.,:/€$£-]){_YEAR}(?![\w/-]|[.,]\d| ?[€$£%])",
        rf"\b(?P<weekday>{'|'.join(_DAYS)})s?\b",
        r"(?<![\w.,:])(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))? ?(?P<half>[aApP])\.?[mM]\b\.?",
        r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?![:\d])",
        r"\b(?P<word>noon|midnight)\b",
    )
)
_JOINED = re.compile(r",?\s*(?:at|the|of)?\s*")  # "3 March at 5 pm"
_JOINED_TO_DATE = re.compile(
    r",?\s*(?:on|the|of)?(?:\s+the)?\s*"
)  # "5 pm on 3 March"; not "5 pm on Saturdays"
_RANGE = re.compile(r"\s*(?:to|until|till|through|and|or|[-–—/])\s*")


@dataclass(frozen=True, slots=True)
class Moment:
    """A day or a time, as far as it is told; None is not told. `minute` is of the day, in a half of it if `half`."""

    year: int | None = None
    month: int | None = None  # 1 to 12
    day: int | None = None  # 1 to 31
    weekday: int | None = None  # 0 is Monday
    minute: int | None = None
    half: bool = True  # whether morning or afternoon is told: "9:30" may be either

    def told(self) -> dict[str, int]:
        """What is told, by name."""
        named = ((each.name, getattr(self, each.name)) for each in fields(self) if each.name != "half")
        return {name: value for name, value in named if value is not None}

    def differs(self, other: Moment) -> bool:
        """Whether both tell the same part of a date and it is another."""
        return any(self.apart(other, name) for name in self.told().keys() & other.told().keys())

    def apart(self, other: Moment, name: str) -> bool:
        """Whether both tell the part of this name, and differ in it."""
        mine, theirs = getattr(self, name), getattr(other, name)
        if mine is None or theirs is None:
            return False
        if name == "minute" and not (self.half and other.half):
            mine, theirs = mine % 720, theirs % 720
        return bool(mine != theirs)


@dataclass(frozen=True, slots=True)
class Said:
    """A moment with where it stands, `start`:`end` in characters; `bounds` when it begins or ends a range."""

    moment: Moment
    start: int
    end: int
    bounds: bool = False


def moments(text: str) -> list[Said]:
    """Every moment of a text, in order; "Friday, 3 March at 5 pm" is one."""
    found: list[Said] = []
    taken = 0
    for said in sorted(_parts(text), key=lambda each: (each.start, -each.end)):
        if said.start < taken:
            continue
        taken = said.end
        before = found[-1] if found else None
        if before and (joined := _join(before.moment, said.moment)):
            between = _JOINED_TO_DATE if said.moment.month else _JOINED
            if between.fullmatch(text, before.end, said.start):
                found[-1] = Said(joined, before.start, said.end)
                continue
        found.append(said)
    return _ranges(text, found)


def _parts(text: str) -> list[Said]:
    found: list[Said] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            moment = _moment({name: value for name, value in match.groupdict().items() if value})
            if moment:
                found.append(Said(moment, match.start(), match.end()))
    return found


def _moment(parts: dict[str, str]) -> Moment | None:
    """None for what only looks like one: 31 as an hour is kept out by its pattern, as a day here."""
    day = int(parts["day"]) if "day" in parts else None
    if day is not None and not 1 <= day <= 31:
        return None
    month = int(parts["number"]) if "number" in parts else None
    if name := parts.get("month"):
        month = next(n for n, full in enumerate(_MONTHS, 1) if full.startswith(name[:3]))
    if word := parts.get("word"):
        return Moment(minute=720 if word == "noon" else 0)
    if "hour" in parts:
        hour, minute, half = int(parts["hour"]), int(parts.get("minute", 0)), parts.get("half", "").lower()
        hour = hour % 12 + 12 * (half == "p") if half else hour
        return Moment(minute=60 * hour + minute, half=bool(half) or hour > 12 or parts["hour"][0] == "0")
    weekday = _DAYS.index(parts["weekday"]) if "weekday" in parts else None
    return Moment(int(parts["year"]) if "year" in parts else None, month, day, weekday)


def _join(one: Moment, other: Moment) -> Moment | None:
    """Both in one; None where they tell the same part."""
    mine, theirs = one.told(), other.told()
    if mine.keys() & theirs.keys():
        return None
    return Moment(**mine, **theirs, half=one.half and other.half)


def _ranges(text: str, found: list[Said]) -> list[Said]:
    """The same, with those marked that stand around a "to" or an "and"."""
    bounds = [False] * len(found)
    for place in range(1, len(found)):
        if _RANGE.fullmatch(text, found[place - 1].end, found[place].start):
            bounds[place - 1] = bounds[place] = True
    return [Said(each.moment, each.start, each.end, mark) for each, mark in zip(found, bounds, strict=True)]
