"""python -m rag ask | evaluate | refit"""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from ingest.commands import terminal
from ingest.commands.terminal import (
    FAILED,
    StatusLine,
    commands,
    one_line,
    say,
    say_json,
    shortened,
    tell,
)
from ingest.errors import FootnoteError, WrongUsage
from ingest.places import Place, place_of_chunk
from ingest.protocols import Home, Library
from ingest.remote.wire import decode, encode
from ingest.settings import DEFAULT_LIBRARY, Settings, go_offline
from ingest.shelf.scope import TYPES, Scope, unmatched
from rag.model import (
    CORRECTED,
    Answer,
    Checked,
    Citation,
    Coverage,
    Finished,
    Found,
    Fused,
    Hit,
    Progress,
    Sentence,
    Turn,
    counted,
)
from rag.settings import AskSettings

if TYPE_CHECKING:
    from rag.model import Asks

CLOSEST = 3  # passages shown under a refusal


def parser() -> terminal.Commands:
    parsed, command = commands(
        "python -m rag", "Ask a library; every sentence of the answer has its footnote."
    )

    asking = command("ask", "ask one question, or a file of them")
    asking.add_argument("question", nargs="?", metavar="QUESTION")
    asking.add_argument(
        "--batch",
        metavar="FILE",
        help="lines of JSON with id, question and, optional, history; - is standard input",
    )
    asking.add_argument(
        "--document",
        action="append",
        metavar="PATTERN",
        help='only these: a file name, a folder, or a pattern like "reports/*.pdf"; can be repeated',
    )
    asking.add_argument(
        "--type", action="append", metavar="TYPE", help=f"only these: {', '.join(TYPES)}; can be repeated"
    )
    asking.add_argument(
        "--tag", action="append", metavar="TAG", help="only what has this tag; can be repeated"
    )
    asking.add_argument("--added-from", metavar="DATE", help="only what was added on this day or later")
    asking.add_argument("--added-until", metavar="DATE", help="… or earlier")
    asking.add_argument("--llm", metavar="PROVIDER:MODEL", help="the chat model that writes the answer")
    asking.set_defaults(act=ask)

    evaluating = command("evaluate", "measure how well a library answers; compare settings")
    evaluating.add_argument("--questions", metavar="FILE", help="lines of JSON: rag/evaluate/questions.py")
    evaluating.add_argument(
        "--automatic",
        type=int,
        default=50,
        metavar="N",
        help="else: N questions made from the documents (50)",
    )
    evaluating.add_argument("--write", metavar="FILE", help="keep the questions that were made")
    evaluating.add_argument(
        "--setting", action="append", metavar="NAME=VALUE", help="compare with this changed; can be repeated"
    )
    evaluating.add_argument("--out", metavar="PATH", help="keep the rows as JSON; a folder with --sets")
    evaluating.add_argument(
        "--sets", metavar="DIR", help="public sets made by rag.evaluate.sets (developers)"
    )
    evaluating.add_argument("--only", nargs="+", metavar="SET", help="… these of them")
    evaluating.add_argument("--baselines", action="store_true", help="… beside the defaults of other systems")
    evaluating.add_argument("--limit", type=int, metavar="N", help="… at most N questions of each; 0 is all")
    evaluating.set_defaults(act=evaluate)

    refitting = command("refit", "make anew what is fitted to the models' weights (developers)")
    refitting.add_argument("--pairs", metavar="FILE", help="JSON lines with question and context")
    refitting.add_argument("--sets", metavar="DIR", help="sets made by rag.evaluate.sets: the calibration")
    refitting.add_argument("--data", metavar="DIR", help="public questions: the kinds of questions")
    refitting.add_argument("--limit", type=int, default=600, metavar="N", help="questions of each, at most")
    refitting.set_defaults(act=refit)
    return parsed


def main(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    act: Callable[[Namespace], int] = options.act
    return act(options)


def evaluate(options: Namespace) -> int:
    from rag.evaluate.command import evaluate as act

    return act(options)


def refit(options: Namespace) -> int:
    from rag.evaluate.refit import refit as act

    go_offline(os.environ, allow_download=False)
    return act(options)


# ------------------------------------------------------------------ ask


def ask(options: Namespace) -> int:
    if (options.question is None) == (options.batch is None):
        raise WrongUsage('Give one question, or --batch FILE: python -m rag ask "…".')
    line = StatusLine(shown=True)
    with opened_batch(options.batch) as batch, engine_for(options, line) as (home, engine):
        library = scoped(home.library(options.library or DEFAULT_LIBRARY), options)
        if batch is not None:
            return ask_batch(engine, library, batch, line)
        answer = ask_one(engine, library, Question(None, options.question, ()), line)
    if options.json:
        say_json(answer_json(answer))
    else:
        say(answer_text(answer))
    return 0


def scoped(library: Library, options: Namespace) -> Library:
    """The library with what the options take in. Raises NotFound, also for a pattern that fits nothing."""
    scope = Scope(
        tuple(options.document or ()),
        tuple(options.type or ()),
        options.added_from or "",
        options.added_until or "",
        tuple(options.tag or ()),
    )
    if not scope:
        return library
    if missing := unmatched(scope, library.listed()):  # most likely a slip of the keyboard
        return library.within(Scope(tuple(missing[:1])))
    return library.within(scope)


@contextmanager
def engine_for(options: Namespace, line: StatusLine) -> Iterator[tuple[Home, Asks]]:
    """The running app's engine when an app owns the home folder, else one in this process.

    A chat model named on the command line always answers from this process, so that its key stays here.
    """
    settings = Settings.load(home=options.home)
    go_offline(os.environ, settings.allow_download)
    from ingest.remote.client import RemoteHome, connect  # their libraries read the environment at import

    asking = AskSettings.load(settings.home, llm=options.llm)
    home = connect(settings, tell)
    try:
        if isinstance(home, RemoteHome) and options.llm is None:
            from rag.api.client import RemoteEngine

            yield home, RemoteEngine(home.wire)
        else:
            from rag.engine import Engine

            line.show("loading the models …")
            engine = Engine(home, settings, asking)
            engine.load()
            line.clear()
            yield home, engine
    finally:
        line.clear()
        home.close()


@dataclass(frozen=True, slots=True)
class Question:
    id: str | int | None
    text: str
    history: tuple[Turn, ...]


def ask_one(engine: Asks, library: Library, question: Question, line: StatusLine) -> Answer:
    """The answer, with what is happening shown on the status line. Raises FootnoteError."""
    began = time.perf_counter()
    checked: dict[int, Sentence] = {}
    try:
        for event in engine.ask(question.text, library, question.history):
            if isinstance(event, Progress):
                of = f" of {event.of:,}" if event.of else ""
                line.show(f"{event.stage}{f' {event.count:,}{of}' if event.count or of else ''} …")
            elif isinstance(event, Checked):
                checked[event.number] = event.sentence
                found, said = counted(checked.values())
                line.show(f"writing, {found} of {said} sentences found …")
            elif isinstance(event, Finished):
                event.answer.timings_ms.setdefault("total", (time.perf_counter() - began) * 1000)
                return event.answer
    finally:
        line.clear()
    raise FootnoteError("The question ended without an answer. Ask it again.")


# ------------------------------------------------------------------ a file of questions


@contextmanager
def opened_batch(name: str | None) -> Iterator[BinaryIO | None]:
    """The file of questions; standard input for "-"; None for none. Raises WrongUsage."""
    if name is None or name == "-":
        with nullcontext(None if name is None else sys.stdin.buffer) as source:
            yield source
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 (closed below; only opening may fail this way)
    except OSError as error:
        raise WrongUsage(f"{name} cannot be read: {error.strerror}. Check the path of --batch.") from error
    with file:
        yield file


def ask_batch(engine: Asks, library: Library, batch: BinaryIO, line: StatusLine) -> int:
    """One line of JSON for each line of `batch`; a question that fails does not hold up the others."""
    failed = answered = 0
    for number, raw in enumerate(batch, start=1):
        if not raw.strip():
            continue
        try:
            question = parse_question(raw)
            say_json({"id": question.id, **answer_json(ask_one(engine, library, question, line))})
            answered += 1
        except FootnoteError as error:
            failed += 1
            say_json({"id": id_of(raw), "line": number, "error": str(error)})
            tell(f"footnote: line {number}: {error}")
    tell(f"{answered} answered{f', {failed} failed' if failed else ''}.")
    return FAILED if failed else 0


def parse_question(raw: bytes) -> Question:
    """A line of a batch. Raises WrongUsage telling what is wrong with it."""
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise WrongUsage(f"This is no line of JSON ({error}). Correct the line.") from error
    if not isinstance(value, dict) or not isinstance(value.get("id"), (str, int)):
        raise WrongUsage('A line is an object with "id" and "question". Correct the line.')
    if not isinstance(value.get("question"), str):
        raise WrongUsage('The line has no "question" that is a text. Add it.')
    try:
        history = decode(tuple[Turn, ...], value.get("history") or [])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WrongUsage(
            'The "history" of this line is no list of {"role": "user" or "assistant", "content": text}. '
            "Correct it."
        ) from error
    return Question(value["id"], value["question"], history)


def id_of(raw: bytes) -> Any:
    """The id of a line that may be broken; None when it has none."""
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except ValueError:
        return None
    return value.get("id") if isinstance(value, dict) else None


# ------------------------------------------------------------------ an answer as JSON


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as `ask --json` and `ask --batch` print it; hits are in rank order."""
    return {
        "question": answer.question,
        "query": answer.query,
        "answer": answer.text,
        "refused": answer.refused,
        "confidence": answer.confidence,
        "sentences": [sentence_json(sentence) for sentence in answer.sentences],
        "sentences_found": answer.sentences_found,
        "sentences_checked": answer.sentences_checked,
        "citations": [citation_json(citation) for citation in answer.citations],
        "hits": [hit_json(hit) for hit in answer.hits],
        "model": answer.model,
        "coverage": coverage_json(answer.coverage),
        "notices": list(answer.notices),
        "timings_ms": {stage: round(value, 3) for stage, value in answer.timings_ms.items()},
        "usage": answer.usage,
    }


def coverage_json(coverage: Coverage | None) -> dict[str, Any] | None:
    """What an answer to a question about the whole library rests on; None for other answers."""
    return None if coverage is None else {**encode(coverage), "line": coverage.line}


def sentence_json(sentence: Sentence) -> dict[str, Any]:
    return {"text": sentence.text, "markers": list(sentence.markers), "verdict": sentence.verdict}


def citation_json(citation: Citation) -> dict[str, Any]:
    return {
        "marker": citation.marker,
        "document": citation.document,
        "title": citation.title,
        "page": citation.page,
        "page_label": citation.page_label,
        "place": citation.place.short,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "corrected": citation.corrected,
        "address": citation.address,
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit with the score of every stage that saw it."""
    ranked: dict[str, Found | Fused | None] = {
        "dense": hit.dense,
        "words": hit.words,
        "fused": hit.fused,
        "reranked": hit.reranked,
    }
    scores: dict[str, float] = {stage: found.score for stage, found in ranked.items() if found is not None}
    if hit.reading is not None:
        scores["relevance"] = hit.reading.relevance
        scores["answerability"] = hit.reading.answerability
        scores["margin"] = hit.reading.margin
    return {
        "document": hit.chunk.key,
        "page": hit.chunk.shown_page,
        "place": place_of_chunk(hit.chunk).short,
        "text": hit.chunk.text,
        "headings": list(hit.chunk.headings),
        "scores": scores,
        "ranks": {stage: found.rank for stage, found in ranked.items() if found is not None},
    }


# ------------------------------------------------------------------ an answer on a terminal


def answer_text(answer: Answer) -> str:
    """The answer with its footnotes and what was not found below; under a refusal the closest passages."""
    parts = [answer.text]
    if answer.citations:
        parts.append("\n".join(footnote(citation) for citation in answer.citations))
    elif answer.hits:
        closest = "\n".join(passage(hit) for hit in answer.hits[:CLOSEST])
        parts.append(f"Closest passages:\n{closest}")
    if answer.found_line:
        parts.append("\n".join([answer.found_line, *doubtful(answer.sentences)]))
    if answer.coverage:
        parts.append(answer.coverage.sentence)
    parts.extend(answer.notices)
    return "\n\n".join(parts)


def doubtful(sentences: Sequence[Sentence]) -> list[str]:
    """A line for each sentence that its passages support in part or not at all."""
    words = {"partly": "only partly", "not_found": "not found"}
    return [
        f"  {words[each.verdict]}: “{shortened(one_line(each.text), 100)}”"
        for each in sentences
        if each.verdict in words
    ]


def footnote(citation: Citation) -> str:
    by_hand = f" ({CORRECTED})" if citation.corrected else ""
    place = where(citation.document, citation.place)
    return f"[{citation.marker}] {place}{by_hand}\n    “{one_line(citation.quote)}”"


def passage(hit: Hit) -> str:
    chunk = hit.chunk
    return f"  · {where(chunk.key, place_of_chunk(chunk))}\n    “{shortened(one_line(chunk.text), 200)}”"


def where(document: str, place: Place) -> str:
    """A place as people write it: "handbook.pdf, p. 12", "leave.md, § Carry-over"."""
    return ", ".join(filter(None, (document, place.short)))


if __name__ == "__main__":
    sys.exit(terminal.run(main, sys.argv[1:]))
