"""LangChain programs use a library through the retriever and the runnable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import cast

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from ingest.errors import WrongUsage
from ingest.protocols import Library
from rag.langchain import FootnoteRetriever, footnote_runnable
from rag.model import (
    Answer,
    CancelToken,
    Checked,
    Delta,
    Event,
    Finished,
    Found,
    Fused,
    Hit,
    Progress,
    Reading,
    Sentence,
    Turn,
)
from tests.rag.llm.test_prompt import hit

TOWN = cast(Library, object())  # handed through, never looked into


class ScriptedEngine:
    """Answers every question with its own words; remembers what it was asked."""

    def __init__(self, pieces: Sequence[str] = ()) -> None:
        self.pieces = pieces
        self.asked: list[tuple[str, Library, tuple[Turn, ...]]] = []
        self.cancel: CancelToken | None = None

    def retrieve(self, question: str, library: Library, history: Sequence[Turn] = ()) -> tuple[Hit, ...]:
        self.asked.append((question, library, tuple(history)))
        first = hit("The fee is 30.", 1, page=4)
        scored = Hit(
            first.chunk,
            dense=Found(1, 0.5),
            fused=Fused(1, 0.9, 0.7, 0.5),
            reading=Reading(2.5, 1.0, 0, 3, 4.0, 1.0),
        )
        return (scored, *(hit(f"Passage {number}.", number) for number in range(2, 20)))

    def ask(
        self,
        question: str,
        library: Library,
        history: Sequence[Turn] = (),
        cancel: CancelToken | None = None,
        *,
        query: str = "",
    ) -> Iterator[Event]:
        self.cancel = cancel
        yield Progress("searching")
        hits = self.retrieve(question, library, history)
        for piece in self.pieces:
            yield Delta(piece)
            yield Checked(0, Sentence(piece, ()))
        text = "".join(self.pieces) or f"You asked {question} [1]."
        yield Finished(
            Answer(
                question=question,
                query=question,
                text=text,
                sentences=(Sentence(text, (1,), "supported"),),
                citations=(),
                hits=hits,
                refused=False,
                confidence=0.9,
                model="scripted",
                timings_ms={"total": 1.0},
                searched_documents=1,
            )
        )


def test_the_retriever_gives_documents_with_place_and_scores() -> None:
    engine = ScriptedEngine()
    documents = FootnoteRetriever(engine=engine, library=TOWN, k=3).invoke("fee?")
    assert engine.asked == [("fee?", TOWN, ())]
    assert [document.page_content for document in documents] == ["The fee is 30.", "Passage 2.", "Passage 3."]
    assert isinstance(documents[0], Document)
    assert documents[0].metadata == {
        "document": "guide.md",
        "title": "Guide",
        "page": 4,
        "place": "p. 4",
        "start": 0,
        "end": 14,
        "corrected": False,
        "section": "Fees > Young members",
        "dense": 0.5,
        "fused": 0.9,
        "relevance": 2.5,
    }
    assert documents[1].metadata["page"] is None


def test_the_retriever_works_async_in_batches_and_in_a_chain() -> None:
    retriever = FootnoteRetriever(engine=ScriptedEngine(), library=TOWN, k=1)
    assert len(asyncio.run(retriever.ainvoke("a"))) == 1
    assert [len(found) for found in retriever.batch(["a", "b"])] == [1, 1]
    chain = {"context": retriever, "question": RunnablePassthrough()} | RunnableLambda(
        lambda values: f"{values['question']}: {values['context'][0].page_content}"
    )
    assert chain.invoke("fee?") == "fee?: The fee is 30."


def test_the_retriever_refuses_a_senseless_k() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        FootnoteRetriever(engine=ScriptedEngine(), library=TOWN, k=0)


def test_the_runnable_answers_as_a_dict_that_json_takes() -> None:
    engine = ScriptedEngine()
    answer = footnote_runnable(engine, TOWN).invoke("fee?")
    assert answer["text"] == "You asked fee? [1]."
    assert answer["sentences"][0]["markers"] == [1]
    assert answer["hits"][0]["chunk"]["key"] == "guide.md"
    assert (answer["sentences_found"], answer["sentences_checked"]) == (1, 1)
    assert json.loads(json.dumps(answer)) == answer
    assert engine.asked == [("fee?", TOWN, ())]


@pytest.mark.parametrize(
    "history",
    [
        [SystemMessage("be kind"), HumanMessage("hi"), AIMessage("ho")],
        [("human", "hi"), ("ai", "ho")],
        [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}],
        [Turn("user", "hi"), Turn("assistant", "ho")],
    ],
)
def test_history_comes_in_every_form_langchain_knows(history: list[object]) -> None:
    engine = ScriptedEngine()
    footnote_runnable(engine, TOWN).invoke({"question": "and then?", "history": history})
    footnote_runnable(engine, TOWN).invoke({"input": "and then?", "chat_history": history})
    expected = ("and then?", TOWN, (Turn("user", "hi"), Turn("assistant", "ho")))
    assert engine.asked == [expected, expected]


def test_a_wrong_input_is_told() -> None:
    runnable = footnote_runnable(ScriptedEngine(), TOWN)
    with pytest.raises(WrongUsage, match="question is missing"):
        runnable.invoke({"query": "x"})
    with pytest.raises(WrongUsage, match="which is no message"):
        runnable.invoke({"question": "x", "history": [3]})


def test_the_runnable_works_async_in_batches_and_in_a_chain() -> None:
    runnable = footnote_runnable(ScriptedEngine(), TOWN)
    assert asyncio.run(runnable.ainvoke("a"))["question"] == "a"
    assert [answer["question"] for answer in runnable.batch(["a", "b"])] == ["a", "b"]
    chain = runnable | RunnableLambda(lambda answer: answer["confidence"])
    assert chain.invoke("a") == 0.9


def test_streaming_gives_pieces_of_text_and_one_piece_when_nothing_was_streamed() -> None:
    assert list(footnote_runnable(ScriptedEngine(["The fee ", "is 30."]), TOWN).stream("q")) == [
        "The fee ",
        "is 30.",
    ]
    assert list(footnote_runnable(ScriptedEngine(), TOWN).stream("q")) == ["You asked q [1]."]

    async def pieces() -> list[object]:
        return [piece async for piece in footnote_runnable(ScriptedEngine(), TOWN).astream("q")]

    assert asyncio.run(pieces())


def test_leaving_the_stream_stops_the_work() -> None:
    engine = ScriptedEngine(["a", "b", "c"])
    stream = footnote_runnable(engine, TOWN).stream("q")
    assert next(stream) == "a"
    stream.close()  # type: ignore[attr-defined]
    assert engine.cancel is not None
    assert engine.cancel.cancelled
