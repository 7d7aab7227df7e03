"""Follow-up + history → a stand-alone query, without a chat model.

A question that leans on what was said before ("and for students?", "how long does it take?") gets
the words the reader's carry-over head marks in the conversation, put before it; one that is only a phrase ("and for
students?") is the last question with that phrase in its place. One that stands on its own carries nothing
over, so that a new topic starts clean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.protocols import Embedder
from ingest.text.analysis import question_terms
from ingest.text.sentences import sentences
from rag.model import Turn
from rag.reader import Reader
from rag.search.fragment import Fragment, completed, fragment
from rag.search.leaning import leans

CARRY_LOGIT = 0.0  # MODEL.md, head "carry": above 0 the word belongs into the query
HISTORY_CHARACTERS = 2_000  # the head reads the last 250 tokens
ANSWER_WORDS = 60  # of the last answer that the head reads; more would cost tokens
MOST_CARRIED = 4  # words: the strongest
MOST_TURNS = 16  # back to which a chain of phrases is followed ("And in Oregon?" – "And for partners?")
FEW_TERMS = 2  # of a question with a phrase put in: what it is about was said before
MOST_WORDS = 30  # of a question that a phrase is put into: the reader reads 64 tokens


def condense(reader: Reader, embedder: Embedder, question: str, history: Sequence[Turn]) -> str:
    """The query to search with: the question, with what it needs from earlier turns."""
    return next(forms(reader, embedder, question, history))


def forms(reader: Reader, embedder: Embedder, question: str, history: Sequence[Turn]) -> Iterator[str]:
    """The query to search with, and then what else the question may have meant: for when the first finds nothing."""
    earlier = remembered(history)
    if not earlier or not leans(embedder, question, history):
        yield question
        return
    phrase = fragment(question)
    put = _put_in(reader, embedder, phrase, history) if phrase else None
    before = _last_asked(history).rstrip(" ?!.…") if phrase else ""
    if put:
        yield put
        yield f"{before} {question}"
    carried = carry_over(question, reader.carry(question, earlier))
    yield f"{' '.join(carried)} {question}" if carried else question
    if before and not put:
        yield f"{before} {question}"


def _last_asked(history: Sequence[Turn]) -> str:
    """The last sentence of the person's last turn, unless it is long."""
    asked = next((turn.content for turn in reversed(history) if turn.role == "user"), "")
    *_, (start, end) = sentences(asked) or [(0, len(asked))]
    return asked[start:end] if len(asked[start:end].split()) <= MOST_WORDS else ""


def _put_in(reader: Reader, embedder: Embedder, phrase: Fragment, history: Sequence[Turn]) -> str | None:
    """The last question, completed itself, with the phrase in its place; None where it has none, or nothing else
    would be left."""
    asked = _last_asked(history)
    if not asked:
        return None
    last = max(place for place, turn in enumerate(history) if turn.role == "user")
    before = history[max(0, last - MOST_TURNS) : last]
    changed = completed(embedder, condense(reader, embedder, asked, before), phrase)
    if changed is None:
        return None
    terms = set(question_terms(changed))
    if not terms > set(question_terms(phrase.text)):
        return None
    if len(terms) <= FEW_TERMS and (earlier := remembered(before)):
        return " ".join([*carry_over(changed, reader.carry(changed, earlier)), changed])
    return changed


def remembered(history: Sequence[Turn]) -> str:
    """What the head reads of a conversation: the person's turns and the last answer's beginning.

    All answers would be more to read for little: TREC CAsT 2021 gives .346 with them and .336 without.
    """
    answers = [place for place, turn in enumerate(history) if turn.role == "assistant"]
    kept: list[str] = []
    for place, turn in enumerate(history):
        words = turn.content.split()
        if turn.role == "user":
            kept += words
        elif place == answers[-1]:
            kept += words[:ANSWER_WORDS]
    return " ".join(kept)[-HISTORY_CHARACTERS:]


def carry_over(question: str, marked: Sequence[tuple[str, int, int, float]]) -> list[str]:
    """The words that go before the question, in their order; `marked` is what Reader.carry gives."""
    known = {word.casefold().strip(".,;:?!\"'()") for word in question.split()}
    strongest: dict[str, tuple[float, int, str]] = {}
    for place, (word, _, _, logit) in enumerate(marked):
        plain = word.casefold()
        if logit <= CARRY_LOGIT or plain in known or not any(c.isalnum() for c in word):
            continue
        if plain not in strongest or logit > strongest[plain][0]:
            strongest[plain] = (logit, place, word)
    best = sorted(strongest.values(), reverse=True)[:MOST_CARRIED]
    return [word for _, _, word in sorted(best, key=lambda each: each[1])]
