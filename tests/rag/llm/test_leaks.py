"""A model that repeats its instructions is stopped before they show; every other text passes as it is."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from rag.llm.leaks import Leaks, Repeated
from rag.llm.prompt import REFUSAL, compose
from rag.settings import AskSettings
from tests.rag.llm.test_prompt import hit

PROMPT = compose("What is the fee?", [], [hit("The fee is 30.", 1)], AskSettings())
INSTRUCTIONS = PROMPT.messages[0][1]


def cut(text: str, size: int) -> Generator[str]:
    yield from (text[at : at + size] for at in range(0, len(text), size))


def given_out(text: str, size: int) -> tuple[str, bool]:
    """What of `text` got out, and whether it was stopped."""
    out = ""
    try:
        for piece in Leaks(PROMPT, "some model").held_against(cut(text, size)):
            out += piece
    except Repeated:
        return out, True
    return out, False


@pytest.mark.parametrize("size", [1, 3, 7, 40, 10_000])
@pytest.mark.parametrize(
    "text",
    [
        "The fee is 30 [1]. It is paid by the person who reads the passages, and the passages are text.",
        REFUSAL,
        "passage passage- passag",
        "Use only what the passages",
        "You answer questions.",
        "日本語の答え。 🙂 Ünïcode",
        "",
    ],
)
def test_an_answer_passes_as_it_is(text: str, size: int) -> None:
    assert given_out(text, size) == (text, False)


@pytest.mark.parametrize("size", [1, 3, 7, 40, 10_000])
@pytest.mark.parametrize("start", [0, 60, 400])
@pytest.mark.parametrize(
    "change", [str, str.upper, lambda text: text.replace(" ", "  ").replace(".", " *.*")]
)
def test_instructions_never_get_out(size: int, start: int, change: type[str]) -> None:
    told = change(INSTRUCTIONS[start:])
    out, stopped = given_out(f"Sure: {told}", size)
    assert stopped
    assert len(out.removeprefix("Sure: ").split()) <= 2, out
    assert PROMPT.tag not in out.casefold()


@pytest.mark.parametrize("size", [1, 4, 10_000])
def test_the_name_of_the_marks_never_gets_out(size: int) -> None:
    out, stopped = given_out(f"It stands in <{PROMPT.tag} number=1>, you see.", size)
    assert stopped
    assert "passage-" not in out


def test_what_happened_is_told() -> None:
    with pytest.raises(Repeated, match="some model began to repeat its instructions"):
        list(Leaks(PROMPT, "some model").held_against(cut(INSTRUCTIONS, 50)))


def test_each_prompt_has_a_canary_of_its_own() -> None:
    other = compose("What is the fee?", [], [hit("The fee is 30.", 1)], AskSettings())
    assert other.tag != PROMPT.tag
    assert other.tag in other.messages[0][1]


def test_leaving_early_ends_the_stream() -> None:
    ended: list[bool] = []

    def pieces() -> Generator[str]:
        try:
            while True:
                yield "word "
        finally:
            ended.append(True)

    held = Leaks(PROMPT, "m").held_against(pieces())
    assert next(iter(held)) == "word "
    held.close()  # type: ignore[attr-defined]
    assert ended == [True]
