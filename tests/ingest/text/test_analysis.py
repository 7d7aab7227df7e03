"""Text to terms."""

from __future__ import annotations

import random
import time
import unicodedata

import pytest

from ingest.text import analysis
from ingest.text.analysis import (
    _CACHE,
    ASCII_TOKEN,
    MAX_TERM_CHARACTERS,
    TOKEN,
    _normalised,
    question_terms,
    terms,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  --- *** ", []),
        ("The herons were standing", ["the", "heron", "were", "stand"]),
        ("don't DON’T Alice's l'avenue", ["dont", "dont", "alic", "l", "avenu"]),
        ("U.S. R&D and the U.K", ["us", "rd", "and", "the", "uk"]),
        ("state-of-the-art e-mail", ["state", "of", "the", "art", "e", "mail", "email"]),
        ("end.The and/or", ["end", "the", "and", "or"]),
        ("$73,500 and 1,355.00", ["73500", "and", "1355.00"]),
        ("12,34,567 or 1,2,3", ["1234567", "or", "1,2,3", "1", "2", "3"]),
        ("at 11:30", ["at", "11:30", "11", "30"]),
        ("CN/22466Q", ["cn/22466q", "cn", "22466q"]),
        ("FAA-2020-0686", ["faa-2020-0686", "faa", "2020", "0686"]),
        (
            "L4 ISO 27001 ISO27001 FY2022",
            ["l4", "iso", "27001", "iso27001", "iso", "27001", "fy2022", "fy", "2022"],
        ),
        ("snake_case", ["snake", "case"]),
        ("Ｆｕｌｌ １２３ ﬁne ½", ["full", "123", "fine", "1", "2"]),
        ("Straße Zürich João İstanbul", ["strass", "zurich", "joao", "istanbul"]),
        ("co\u00adop\u200beration", ["cooper"]),
        ("東京都", ["東京", "京都"]),
        ("東", ["東"]),
        ("308分", ["308", "分"]),
        ("한국어 문서", ["한국", "국어", "문서"]),
        ("ภาษาไทย", ["ภาษ", "าษา", "ษาไ", "าไท", "ไทย"]),
        ("हिन्दी १२३", ["हिन्दी", "123"]),
        ("العَرَبِيَّة العـــربية", ["العربية", "العربية"]),
        ("שָׁלוֹם", ["שלום"]),
        ("ГОРОДА", ["города"]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_ways_of_writing_meet() -> None:
    for one, other in [
        ("1,355", "1355"),
        ("E-mail", "email"),
        ("US", "U.S."),
        ("naïve café", "NAIVE CAFE"),
        ("cafe\u0301", "café"),
        ("ISO27001", "ISO 27001"),
        ("FAA‑2020‑0686", "FAA-2020-0686"),
        ("ﷺ", "صلى الله عليه وسلم"),
    ]:
        assert set(terms(one)) & set(terms(other)), (one, other)


def test_questions_leave_out_words_that_say_nothing() -> None:
    assert question_terms("What is the heron's river, and which river is it?") == ["heron", "river"]
    assert question_terms("Who is the US president?") == ["us", "presid"]
    assert question_terms("What is it?") == ["what", "is", "it"], "rather these than none"
    assert question_terms("?!") == []


def test_both_token_patterns_agree_on_ascii() -> None:
    randomly = random.Random(0)
    alphabet = "abz09-.,:/_'& \t(*"
    for _ in range(3_000):
        text = "".join(randomly.choices(alphabet, k=30))
        assert ASCII_TOKEN.findall(text) == TOKEN.findall(text), text


def test_any_text_is_analysed_into_bounded_terms() -> None:
    randomly = random.Random(0)
    for _ in range(200):
        text = "".join(chr(randomly.randrange(0x110000)) for _ in range(200))
        for term in terms(text):
            assert 0 < len(term) <= MAX_TERM_CHARACTERS
            assert not any(character.isspace() for character in term)
    assert all(
        len(term) <= MAX_TERM_CHARACTERS for term in terms("x" * 10_000 + " 9" * 5 + "1" * 500 + "-a" * 900)
    )


def test_the_cache_stays_bounded_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = terms("herons standing 1,355")
    monkeypatch.setattr(analysis, "MAX_CACHED_TOKENS", 10)
    for number in range(100):
        terms(f"token{number}")
        question_terms(f"question{number}")
    assert len(analysis._CACHE) <= 11
    assert terms("herons standing 1,355") == expected


def test_a_megabyte_takes_seconds_at_most() -> None:
    """Aim 1 MB/s of English; the bound leaves room for a busy machine. Also: no pattern runs away."""
    sentence = "In 2023 the committee's state-of-the-art review of CN/22466Q found $1,355.00 missing. "
    for text in (sentence * 12_000, "a-" * 500_000, "1," * 500_000, "東" * 300_000, "é'" * 300_000):
        started = time.perf_counter()
        terms(text)
        assert time.perf_counter() - started < 10


def test_signs_that_only_part_words_change_nothing() -> None:
    signs = [chr(code) for code in range(128, 0x3400) if unicodedata.category(chr(code))[0] in "PSZC"]
    for sign in signs:
        text = f"a{sign}b 1{sign}2 c{sign} d"
        slow = [term for token in TOKEN.findall(_normalised(text)) for term in _CACHE[token]]
        assert terms(text) == slow, f"U+{ord(sign):04X}"
