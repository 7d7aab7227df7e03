"""A long document for a chat model: notes on each part first, then a summary from what the notes cite.

Map and reduce by the path of every answer: each part is a prompt of its own (rag/llm/prompt.py), and what is written at
the end is checked against passages of the document, never against the notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from rag.llm.prompt import is_refusal, parse_answer
from rag.model import CancelToken, Hit, Progress, Turn

if TYPE_CHECKING:
    from rag.llm.chat_model import ChatModel

_NOTE = "Note in three or four sentences what matters most in these passages of “{name}”."


def noted(
    model: ChatModel, name: str, passages: Sequence[Hit], cancel: CancelToken
) -> Generator[Progress, None, tuple[list[Hit], tuple[Turn, ...]]]:
    """The passages to write from, and the notes as earlier turns; as they are where they fit into one prompt.

    `passages` stand in reading order. Raises Cancelled, and ModelUnavailable as the model does.
    """
    most = model.ask.llm_passages
    if len(passages) <= most:
        return list(passages), ()
    cited: Counter[int] = Counter()
    turns: list[Turn] = []
    left = list(passages)
    while left:
        yield Progress("reading", len(passages) - len(left), len(passages))
        prompt = model.compose(_NOTE.format(name=name), (), left[:most])
        text = "".join(model.stream(prompt, cancel))
        sentences = parse_answer(text, prompt.hits)
        if not is_refusal(sentences):
            turns += [Turn("user", _NOTE.format(name=name)), Turn("assistant", text)]
            cited.update(prompt.hits[n - 1].chunk.id for each in sentences for n in each.markers)
        used = {hit.chunk.id for hit in prompt.hits}
        left = [hit for hit in left if hit.chunk.id not in used] if used else []
    chosen = {i for i, _ in cited.most_common(most)}
    kept = [hit for hit in passages if hit.chunk.id in chosen] or list(passages[:most])
    return kept, tuple(turns)
