"""A chat model writes the answer: streamed, held against its passages sentence by sentence, numbered at the end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from ingest.errors import ModelUnavailable
from rag.answers.support import Judge
from rag.llm.chat_model import ChatModel
from rag.llm.leaks import Leaks
from rag.llm.prompt import kept_messages
from rag.llm.proofread import Proofreader
from rag.model import CancelToken, Citation, Event, Hit, Progress, Sentence, Turn
from rag.reader import Reader

HISTORY_TRIMMED = "Earlier parts of this chat were left out: they did not fit into the model's window."


class NothingFound(ModelUnavailable):
    """Strictly, no sentence of what the model wrote is left."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a chat model has written; without sentences it says that the documents don't tell."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    notices: tuple[str, ...]
    usage: dict[str, int]  # token counts
    prompt: tuple[tuple[str, str], ...]  # (role, text) as it was sent


def write(
    model: ChatModel,
    reader: Reader,
    question: str,
    history: Sequence[Turn],
    hits: Sequence[Hit],
    strict: bool,
    cancel: CancelToken,
    lap: Callable[[str], None],
    judge: Judge | None = None,
    query: str = "",
) -> Generator[Event, None, Written]:
    """What is written as it is written and checked. `lap` is told the stages "writing" and "checking" at their end;
    `judge` says what is supported, the reader's head without one; `query` is the question where that stands alone.

    Raises Cancelled, and ModelUnavailable when the model fails or, `strict`, nothing it wrote is supported.
    """
    usage: dict[str, int] = {}
    prompt = model.compose(question, history, hits)
    with Proofreader(reader, prompt.hits, strict, judge, query or question) as proofreader:
        pieces = model.stream(prompt, cancel, usage.update)
        for piece in Leaks(prompt, model.name).held_against(pieces):
            yield from proofreader.add(piece)
        lap("writing")
        yield Progress("checking")
        yield from proofreader.finish(cancel)
    if not usage.get("input_tokens"):  # many servers of one's own don't tell
        usage |= {
            "about_input_tokens": prompt.tokens,
            "about_output_tokens": model.count_tokens(proofreader.text),
        }
    sentences, citations, left_out = ((), (), 0) if proofreader.refused else proofreader.outcome()
    lap("checking")
    if strict and not sentences and not proofreader.refused:
        raise NothingFound(_nothing_found(model.name, left_out))
    notices = (
        *[HISTORY_TRIMMED] * bool(prompt.left_out_turns),
        *[_left_out(left_out)] * bool(left_out),
    )
    return Written(sentences, citations, notices, usage, kept_messages(model.messages(prompt)))


def _left_out(count: int) -> str:
    what = "One sentence was" if count == 1 else f"{count} sentences were"
    return f"{what} left out: not found in your documents (strict answers are on)."


def _nothing_found(name: str, count: int) -> str:
    if not count:
        return f"Nothing that {name} wrote could be looked for in your documents (strict answers are on)."
    what = "The one sentence" if count == 1 else f"None of the {count} sentences"
    return f"{what} that {name} wrote was {'not ' * (count == 1)}found in your documents (strict answers are on)."
