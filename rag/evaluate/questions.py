"""Questions with what they ask for: the one format of every evaluation, public sets and people's own.

A set is a folder with `docs/` and `questions.jsonl`; a line of it has `id`, `question` and, each optional,

    history      earlier turns: [{"role": "user" | "assistant", "content": text}]
    type         a word to group results by
    answerable   false when the documents do not tell
    answers      acceptable answers, any one counts
    must         what an answer has to contain, all of it; alternatives in an item stand behind bars
    evidence     [{"doc": path, "page": 1-based number, "quote": text, "grade": 1…, "group": number}]

`doc` is the document's key in the library, or its path below docs/. What evidence names decides what is looked for: a
quote means a passage that shows it, a page without a quote that page, a document alone any of its
passages. Items of the same `group` are alternatives; without one, each has to be found, except under the
types "fact" and "followup", where all are alternatives.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ingest.errors import WrongUsage
from ingest.remote.wire import decode, encode
from ingest.shelf.scope import Scope
from rag.model import Turn

Unit = Literal["passage", "page", "document"]
ALTERNATIVES = frozenset(("fact", "followup"))  # types whose evidence is one group
FILE = "questions.jsonl"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where an answer stands; `grade` is its worth for nDCG, 1 unless judged in grades."""

    document: str
    page: int | None = None
    quote: str = ""
    grade: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """`evidence` are groups of alternatives; a question without any is not scored for retrieval."""

    id: str
    question: str
    type: str = ""
    answerable: bool = True
    history: tuple[Turn, ...] = ()
    answers: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    evidence: tuple[tuple[Evidence, ...], ...] = ()
    scope: Scope = field(default_factory=Scope)  # of the library that is asked; empty is all of it

    @property
    def unit(self) -> Unit:
        """What is ranked: passages, pages or documents."""
        items = [each for group in self.evidence for each in group]
        if any(each.quote for each in items):
            return "passage"
        return "page" if any(each.page is not None for each in items) else "document"

    @property
    def graded(self) -> bool:
        """Whether an answer can be told right from wrong."""
        return bool(self.answers or self.must) or not self.answerable


def load_questions(path: Path, below: str = "") -> list[Question]:
    """The questions of a file, or of the set in a folder; `below` is put before evidence documents.

    Raises WrongUsage naming the line that cannot be read.
    """
    file = path / FILE if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(
            f"{file} cannot be read ({error}). Give a file of questions, one JSON a line."
        ) from error
    return read_questions(text, str(file), below)


def read_questions(text: str, name: str, below: str = "") -> list[Question]:
    """The questions of a text that is called `name`. Raises WrongUsage naming the line that cannot be read."""
    found: list[Question] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(_question(json.loads(line), str(number), below))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise WrongUsage(
                    f"Line {number} of {Path(name).name} is no question ({error!r}). It needs at least "
                    '{"id": …, "question": …}; `python -m rag evaluate --help` tells the rest.'
                ) from error
    if not found:
        raise WrongUsage(f"{name} holds no questions. Write one JSON object a line.")
    return found


def save_questions(questions: Iterable[Question], file: Path) -> None:
    """Write questions as `load_questions` reads them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        "".join(json.dumps(question_json(each), ensure_ascii=False) + "\n" for each in questions),
        encoding="utf-8",
    )


def question_json(question: Question) -> dict[str, Any]:
    """A question as a line of a set."""
    raw: dict[str, Any] = {"id": question.id, "question": question.question}
    if question.type:
        raw["type"] = question.type
    if not question.answerable:
        raw["answerable"] = False
    if question.history:
        raw["history"] = [{"role": turn.role, "content": turn.content} for turn in question.history]
    for name in ("answers", "must"):
        if values := getattr(question, name):
            raw[name] = list(values)
    if question.scope:
        raw["scope"] = {name: value for name, value in encode(question.scope).items() if value}
    if question.evidence:
        raw["evidence"] = [
            {
                "doc": each.document,
                **({"page": each.page} if each.page is not None else {}),
                **({"quote": each.quote} if each.quote else {}),
                **({"grade": each.grade} if each.grade != 1 else {}),
                "group": number,
            }
            for number, group in enumerate(question.evidence)
            for each in group
        ]
    return raw


def _question(raw: Mapping[str, Any], line: str, below: str) -> Question:
    kind = str(raw.get("type", ""))
    if not isinstance(raw["question"], str) or not raw["question"].strip():
        raise ValueError("question is no text")
    return Question(
        str(raw.get("id", line)),
        raw["question"],
        kind,
        bool(raw.get("answerable", True)),
        decode(tuple[Turn, ...], raw.get("history") or []),
        _texts(raw, "answers"),
        _texts(raw, "must"),
        _groups(raw.get("evidence") or (), kind, below),
        decode(Scope, raw.get("scope") or {}).checked(),
    )


def _texts(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts; a text alone would be read letter by letter."""
    values = raw.get(name) or ()
    if isinstance(values, str):
        raise ValueError(f"{name} is no list")
    return tuple(str(each) for each in values)


def _groups(items: Sequence[Mapping[str, Any]], kind: str, below: str) -> tuple[tuple[Evidence, ...], ...]:
    groups: dict[Any, list[Evidence]] = {}
    for number, item in enumerate(items):
        evidence = Evidence(
            f"{below}{item['doc']}",
            None if item.get("page") is None else int(item["page"]),
            str(item.get("quote") or ""),
            int(item.get("grade", 1)),
        )
        if evidence.grade < 1:
            raise ValueError("grade is below 1")
        # The same words on two pages are one thing to find.
        own = evidence.quote or number
        groups.setdefault(item.get("group", 0 if kind in ALTERNATIVES else own), []).append(evidence)
    return tuple(tuple(group) for group in groups.values())
