"""Whether a hit shows the evidence, and whether an answer is right."""

from __future__ import annotations

import pytest

from rag.evaluate.judge import Found, contains, is_right, ranks_of, shows
from rag.evaluate.questions import Evidence, Question

QUOTE = "The dome must be closed at wind speeds above twelve metres a second."


def test_a_quote_is_found_through_markup_and_line_ends() -> None:
    evidence = Evidence("a.md", None, QUOTE)
    text = "Wind\n\nThe **dome** must be [closed](x.md) at wind\nspeeds above twelve metres a second. Then …"
    assert shows(evidence, Found("a.md", (None,), text))
    assert not shows(evidence, Found("b.md", (None,), text)), "another document"


@pytest.mark.parametrize(("share", "expected"), [(0.7, True), (0.62, True), (0.5, False)])
def test_most_of_a_quote_in_one_run_counts(share: float, expected: bool) -> None:
    evidence = Evidence("a.md", None, QUOTE)
    for piece in (QUOTE[: int(len(QUOTE) * share)], QUOTE[int(len(QUOTE) * (1 - share)) :]):
        assert shows(evidence, Found("a.md", (None,), f"Before. {piece}")) is expected


def test_ranks_by_passage_page_and_document() -> None:
    hits = [
        Found("a.pdf", (1,), "nothing"),
        Found("a.pdf", (1,), "more of nothing"),
        Found("b.pdf", (2, 3), QUOTE),
        Found("a.pdf", (4,), "the end"),
    ]
    passage = Question(
        "1", "?", evidence=((Evidence("b.pdf", 3, QUOTE),), (Evidence("b.pdf", None, "missing " * 9),))
    )
    assert ranks_of(passage, hits) == [3, None]
    page = Question("2", "?", evidence=((Evidence("b.pdf", 3),), (Evidence("a.pdf", 4),)))
    assert ranks_of(page, hits) == [3, 4], "distinct pages: a1, b2, b3, a4"
    document = Question("3", "?", evidence=((Evidence("b.pdf"), Evidence("c.pdf")),))
    assert ranks_of(document, hits) == [2], "distinct documents; alternatives"


def test_answers_on_word_bounds() -> None:
    assert contains("It costs £1,200 [1].", "1,200")
    assert not contains("It costs 12000.", "1200")
    assert contains("“Don’t” – really", '"don\'t" - really')
    fact = Question("1", "?", answers=("three", "3"))
    assert is_right(fact, "After 3 days [1].", False)
    assert not is_right(fact, "After 3 days [1].", True)
    both = Question("2", "?", must=("red|scarlet", "blue"))
    assert is_right(both, "scarlet and blue", False)
    assert not is_right(both, "red", False)
    assert is_right(Question("3", "?", answerable=False), "The documents don't say.", True)
