"""Days and times of day as people write them."""

from __future__ import annotations

import pytest

from rag.answers.disagree.moments import Moment, moments


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("It ends on 3 March 2026.", {"year": 2026, "month": 3, "day": 3}),
        ("March 3rd, 2026 it is", {"year": 2026, "month": 3, "day": 3}),
        ("by 2026-03-03", {"year": 2026, "month": 3, "day": 3}),
        ("Friday, 3 March at 5 pm", {"month": 3, "day": 3, "weekday": 4, "minute": 1020}),
        ("since June 2021", {"year": 2021, "month": 6}),
        ("founded in 1987 by", {"year": 1987}),
        ("every other Tuesday", {"weekday": 1}),
        ("at 9:30 sharp", {"minute": 570}),
        ("from 5.45 p.m.", {"minute": 1065}),
        ("until noon", {"minute": 720}),
        ("at 12 am", {"minute": 0}),
    ],
)
def test_a_moment_is_what_is_told_of_it(text: str, told: dict[str, int]) -> None:
    (said,) = moments(text)
    assert said.moment.told() == told


@pytest.mark.parametrize(
    "text", ["You may come", "1,200 €", "version 2.10", "32 March-like things", "room 1450-B"]
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert [said.moment.told() for said in moments(text) if "day" in said.moment.told()] == []
    assert not [
        said for said in moments(text) if "year" in said.moment.told() or "minute" in said.moment.told()
    ]


def test_a_range_is_two_moments_that_bound_it() -> None:
    assert [said.bounds for said in moments("from 11:30 to 14:00, on Monday")] == [True, True, False]


def test_moments_differ_in_what_both_tell() -> None:
    may, day = Moment(2026, 5), Moment(2026, 5, 4)
    assert not may.differs(day)
    assert may.differs(Moment(2026, 6))
    assert not Moment(weekday=1).differs(day)
    assert not Moment(minute=570, half=False).differs(Moment(minute=570 + 720))
    assert Moment(minute=570).differs(Moment(minute=570 + 720))
