"""Thumbs up and down → questions of a person's own, in the one format of every evaluation.

A liked answer says where the answer stands: one of the passages it cites has to be found. A disliked one
asks the question again; what is known to be right (the words that were given, a refusal) makes it scored.
"""

from __future__ import annotations

from collections.abc import Iterable

from rag.chats.conversations import Rated
from rag.evaluate.questions import Evidence, Question
from rag.model import Answer, Citation

LIKED, DISLIKED = "liked", "disliked"
SHOULD_REFUSE = "unsaid"  # the reason of a thumb down that says: the documents don't tell this
LONG_QUOTE = 300  # characters; of a longer one the words that answer are what has to be found
SHORT_ANSWER = 20  # characters; fewer stand in many passages


def feedback_questions(rated: Iterable[Rated]) -> list[Question]:
    """A question for each rated answer, the oldest first; asked in the same words, after the same talk and of the same documents twice, the last."""
    found: dict[tuple[object, ...], Question] = {}
    for each in rated:
        question = _question(each)
        key = (question.question, question.history, question.scope)
        found.pop(key, None)
        found[key] = question
    return list(found.values())


def _question(rated: Rated) -> Question:
    rating, answer = rated.rating, rated.answer
    expected = (rating.expected,) if rating.expected else ()
    refusal = answer.refused if rating.good else rating.reason == SHOULD_REFUSE
    return Question(
        f"chat-{rated.message_id}",
        rated.question,
        LIKED if rating.good else DISLIKED,
        not refusal,
        rated.history,
        () if refusal else expected,
        (),
        (_evidence(answer),) if rating.good and answer.citations else (),
        answer.scope,
    )


def _evidence(answer: Answer) -> tuple[Evidence, ...]:
    """Every passage that the answer cites; any of them will do."""
    return tuple(Evidence(each.document, each.page, _quote(each)) for each in answer.citations)


def _quote(citation: Citation) -> str:
    """What of a passage has to be found: all that is quoted, or the words that answer where that is long."""
    at = citation.answer_start - citation.start, citation.answer_end - citation.start
    words = citation.quote[max(0, at[0]) : max(0, at[1])]
    return words if len(citation.quote) > LONG_QUOTE and len(words) >= SHORT_ANSWER else citation.quote
