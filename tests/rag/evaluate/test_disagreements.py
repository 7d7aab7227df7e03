"""The pairs are what they claim to be, and a notice is right only when it tells both sides."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from rag.evaluate.disagreements import FOLDER, NONE, is_right, load


def test_pairs_are_two_documents_that_hold_what_a_notice_has_to_tell() -> None:
    pairs = [pair for file in FOLDER.glob("*.jsonl") for pair in load(file)]
    kinds = Counter(pair.kind for pair in pairs)
    assert set(kinds) == {"figure", "date", "name", "opposite", NONE}
    assert min(kinds.values()) >= 15
    names = [name for pair in pairs for name in pair.texts]
    assert len(names) == len(set(names)) == 2 * len(pairs)
    for pair in pairs:
        assert bool(pair.values) is (pair.kind != NONE), pair.id
        assert all(any(value in text for text in pair.texts.values()) for value in pair.values), pair.id


def test_a_notice_tells_both_values_or_is_wrong() -> None:
    pair = load(FOLDER / "pairs.jsonl")[0]
    assert is_right(pair, "“Parking” says 12 €, “Mail” says 15 €.")
    assert not is_right(pair, "“Parking” says 12 €, “Mail” says 16 €.")
    assert not is_right(pair, "")
    other = replace(pair, kind=NONE, values=())
    assert is_right(other, "")
    assert not is_right(other, "“Parking” says 12 €, “Mail” says 15 €.")
