"""Choosing documents by name, folder, type and date."""

from __future__ import annotations

from datetime import datetime

import pytest

from ingest.errors import WrongUsage
from ingest.model.documents import Listed
from ingest.shelf.scope import TYPES, Scope, chosen, folders_of, in_words, type_name, unmatched

KEYS = (
    "a[1].md",
    "Contracts/2024/lease.pdf",
    "Contracts/2025/lease.pdf",
    "contracts.md",
    "notes/Contracts/x.md",
    "tea?.txt",
)


def listed(*keys: str) -> list[Listed]:
    kinds = {"pdf": "application/pdf", "md": "text/markdown", "txt": "text/plain"}
    return [
        Listed(key, number, key, kinds[key.rsplit(".", 1)[1]], at("2026-03-01T12:00") + number * 86_400)
        for number, key in enumerate(keys, 1)
    ]


def at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def keys(scope: Scope) -> list[str]:
    return [each.key for each in chosen(scope, listed(*KEYS))]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("lease.pdf", [KEYS[1], KEYS[2]]),
        ("2024/lease.pdf", [KEYS[1]]),
        ("LEASE.PDF", [KEYS[1], KEYS[2]]),
        ("contracts", [KEYS[1], KEYS[2], KEYS[4]]),
        ("contracts/", [KEYS[1], KEYS[2], KEYS[4]]),
        ("/contracts/", [KEYS[1], KEYS[2]]),
        ("/contracts", []),
        ("/contracts.md", [KEYS[3]]),
        ("*.md", [KEYS[0], KEYS[3], KEYS[4]]),
        ("contracts/*", [KEYS[1], KEYS[2], KEYS[4]]),
        ("lease.p?f", [KEYS[1], KEYS[2]]),
        ("a[1].md", [KEYS[0]]),
        ("/a[1].md", [KEYS[0]]),
        ("/tea?.txt", [KEYS[5]]),
        ("ease.pdf", []),
        ("(", []),
    ],
)
def test_a_pattern_takes_in_files_and_folders(pattern: str, expected: list[str]) -> None:
    assert keys(Scope((pattern,))) == expected


def test_any_pattern_may_fit_and_every_kind_must() -> None:
    assert keys(Scope(("lease.pdf", "tea*"))) == [KEYS[1], KEYS[2], KEYS[5]]
    assert keys(Scope(("contracts",), ("Markdown",))) == [KEYS[4]]
    assert keys(Scope(types=("PDF", "Text"))) == [KEYS[1], KEYS[2], KEYS[5]]
    assert keys(Scope(added_from="2026-03-03", added_until="2026-03-04")) == [KEYS[1], KEYS[2]]
    assert keys(Scope(added_until="2026-03-01")) == []
    assert keys(Scope()) == list(KEYS)
    assert not Scope()


@pytest.mark.parametrize(
    "scope", [Scope(types=("pdf",)), Scope(added_from="1.3.2026"), Scope(added_until="soon")]
)
def test_what_means_nothing_is_named(scope: Scope) -> None:
    with pytest.raises(WrongUsage, match=r"no type|no date"):
        chosen(scope, listed(*KEYS))


def test_patterns_that_fit_nothing_are_told() -> None:
    assert unmatched(Scope(("lease.pdf", "leese.pdf")), listed(*KEYS)) == ["leese.pdf"]


def test_a_scope_is_told_in_words() -> None:
    assert in_words(Scope()) == ""
    assert (
        in_words(Scope(("/a/b/leave.md", "/contracts/"), ("PDF", "Mail")))
        == "leave.md, contracts · PDF, Mail"
    )
    assert (
        in_words(Scope(tuple("abcde"), added_from="2026-03-01"))
        == "a, b, c and 2 more · added since 2026-03-01"
    )
    assert in_words(Scope(added_until="2026-03-01")) == "added until 2026-03-01"
    assert in_words(Scope(tags=("legal", "draft"))) == "tagged legal, draft"
    assert in_words(Scope((), (), "2026-03-01", "2026-03-02")) == "added 2026-03-01 to 2026-03-02"


def test_folders_are_counted_with_what_is_below_them() -> None:
    assert folders_of(KEYS) == {
        "Contracts": 2, "Contracts/2024": 1, "Contracts/2025": 1, "notes": 1, "notes/Contracts": 1,
    }  # fmt: skip


def test_every_type_has_a_name() -> None:
    from ingest.readers import READERS

    assert {type_name(media_type) for media_type in (*READERS, "image/png", "x/y")} <= set(TYPES)
    assert type_name("application/pdf") == "PDF"
    assert all(type_name(media_type) != "Other" for media_type in READERS)
