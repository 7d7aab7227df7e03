"""The grammars that questions are made of."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from rag.evaluate.phrasings import Grammar
from rag.whole.kinds import KINDS, shipped


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar.read()


def test_every_phrasing_becomes_questions(grammar: Grammar) -> None:
    made = list(grammar.questions(6))
    lines = Counter(each.line for each in made)
    assert set(lines) == {f"{k}:{n}" for k in KINDS for n in range(1, len(grammar.lines[k]) + 1)}
    unfilled = [each.question for each in made if re.search(r"[\[\]{}|]", each.question)]
    assert not unfilled
    assert made == list(grammar.questions(6))
    assert made != list(grammar.questions(6, seed=2))


def test_words_of_slots_ask_nothing(grammar: Grammar) -> None:
    asking = grammar.asking("mention")
    assert {"mention", "which", "pdfs"} <= asking
    assert not asking & {"kubernetes", "asbestos", "schulz"}
    assert "mention asbestos" not in grammar.telling(1)  # what stands beside a slot is no neighbour
    assert {"how many", "mention"} <= set(grammar.telling(3))


def test_the_kept_fit_is_of_these_grammars(grammar: Grammar) -> None:
    from rag.evaluate.fit_kinds import LEAST

    assert shipped().terms == tuple(grammar.telling(LEAST)), "run `python -m rag refit --data DIR`"
    assert all(shipped().asking[kind] == grammar.asking(kind) for kind in KINDS)
