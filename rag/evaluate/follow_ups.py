"""`python -m rag.evaluate.follow_ups --data DIR`: what is carried into a follow-up, and what it is good for.

Micro-F1 on TREC CAsT's turns with history (Dalton et al. 2020) over the history's words that stand in
the manual rewrite, less stop words and the question's own: of the query, and of what the reader marks in every
question. A change of topic: a stand-alone question (a conversation's first, and later ones that their rewrite leaves as they are)
after the history of another conversation; the share that carries nothing over.

`--recall` fills a library with the contexts of mtRAG-UN's tasks and asks it each later turn, raw and completed:
how many of the task's contexts are among the first five, before the reader has read. `--exam DIR` does the same for the
exam's follow-ups. `--fit` fits `leans` on turns of CANARD and mtRAG and on changes of topic made of them, and keeps
it beside the reader's weights.

From 2021 on, CAsT's histories alternate between person and system.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from ingest.protocols import Embedder
from ingest.settings import Settings, go_offline
from ingest.text.analysis import STOP_WORDS, terms
from rag.model import Turn

SYSTEM_SPEAKS_FROM = 2021
YEARS = (2019, 2020, 2021, 2022)
CANARD_TURNS, CANARD_FIRSTS = 700, 250  # of thousands
WEIGHTS = {
    "canard": 1.0,
    "mtrag": 1.0,
    "canard_changes": 2.0,
    "mtrag_changes": 3.0,
}  # of a question in the fit
FIRST = 5


@dataclass(frozen=True, slots=True)
class Later:
    """A question after a history, its manual rewrite, and the conversation it is of."""

    talk: str
    question: str
    rewrite: str
    history: tuple[Turn, ...]

    @property
    def wanted(self) -> set[str]:
        """Stems of the history's words that the rewrite adds."""
        said = telling(" ".join(turn.content for turn in self.history))
        return (telling(self.rewrite) & said) - telling(self.question)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.follow_ups", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with trec_cast, canard, mtrag")
    parser.add_argument("--fit", action="store_true", help="fit the rule and keep it")
    parser.add_argument("--recall", action="store_true", help="what is found with mtRAG-UN's contexts")
    parser.add_argument("--exam", type=Path, help="folder with docs/ and questions.jsonl")
    parser.add_argument("--home", type=Path, help="its libraries are kept for the next run")
    chosen = parser.parse_args(arguments)
    settings = Settings.load()
    go_offline(os.environ, settings.allow_download)

    from ingest.embedder import load_embedder
    from rag.reader import Reader

    embedder, reader = load_embedder(settings), Reader(settings)
    report: dict[str, Any] = {"reader": reader.backend}
    if chosen.fit:
        report["fitted"] = fit(embedder, chosen.data)
    elif chosen.recall or chosen.exam:
        if chosen.exam:
            report["exam"] = recall(reader, embedder, chosen.home, *exam_tasks(chosen.exam))
        if chosen.recall:
            report["mtragun"] = recall(reader, embedder, chosen.home, *mtragun_tasks(chosen.data / "mtrag"))
    else:
        report |= measure(reader, embedder, chosen.data)
    print(json.dumps(report, indent=1))


# ------------------------------------------------------------------ words


def measure(reader: Any, embedder: Embedder, data: Path) -> dict[str, Any]:
    from rag.evaluate.claims import lines
    from rag.search.condense import carry_over, condense, remembered

    rows = list(lines(data / "trec_cast" / "rewrites.jsonl.gz"))
    report: dict[str, Any] = {}
    turns_of: list[Later] = []
    for year in YEARS:
        print(year, "…", file=sys.stderr)
        held = [cast_turn(row) for row in rows if year_of(row) == year and row["history"]]
        turns_of += held
        free, ruled = [0, 0, 0], [0, 0, 0]
        for each in held:
            words = carry_over(each.question, reader.carry(each.question, remembered(each.history)))
            count(free, telling(" ".join(words)) - telling(each.question), each.wanted)
            query = condense(reader, embedder, each.question, each.history)
            count(ruled, telling(query) - telling(each.question), each.wanted)
        report[str(year)] = {"turns": len(held), "f1": f1(ruled), "f1_without_rule": f1(free)}
    firsts = [cast_turn(row) for row in rows if not row["history"]]
    later = [each for each in turns_of if each.rewrite.strip() == each.question.strip()]
    for name, stand_alone in (("first_questions", firsts), ("later_stand_alone", later)):
        made = changes(stand_alone, turns_of)
        clean = sum(condense(reader, embedder, e.question, e.history) == e.question for e in made)
        report[f"change_of_topic_{name}"] = {
            "questions": len(made),
            "carries_nothing": round(clean / len(made), 3),
        }
    return report


def cast_turn(row: dict[str, Any]) -> Later:
    spoken = year_of(row) >= SYSTEM_SPEAKS_FROM
    history = tuple(
        Turn("assistant" if spoken and place % 2 else "user", str(text))
        for place, text in enumerate(row["history"])
    )
    return Later(topic_of(row), row["question"], row["rewrite"], history)


def changes(stand_alone: Sequence[Later], pool: Sequence[Later]) -> list[Later]:
    """Each of the questions after the history of another conversation."""
    draw = Random(6)
    return [
        Later(each.talk, each.question, each.question, other.history)
        for each in stand_alone
        for other in [draw.choice([one for one in pool if one.talk != each.talk])]
    ]


def year_of(row: dict[str, Any]) -> int:
    return int(row["id"].split("_")[0])


def topic_of(row: dict[str, Any]) -> str:
    return "_".join(row["id"].split("_")[:2])


def telling(text: str) -> set[str]:
    """Stems of the words of `text` that are no stop words."""
    words = (word.strip(".,;:?!\"'()").lower() for word in text.split())
    return {terms(word)[0] for word in words if word not in STOP_WORDS and terms(word)}


def count(sums: list[int], got: set[str], wanted: set[str]) -> None:
    """Adds true positives, false positives, false negatives."""
    for place, value in enumerate((len(got & wanted), len(got - wanted), len(wanted - got))):
        sums[place] += value


def f1(sums: Sequence[int]) -> float:
    """2·tp / (2·tp + fp + fn)."""
    return round(2 * sums[0] / max(1, 2 * sums[0] + sums[1] + sums[2]), 3)


# ------------------------------------------------------------------ the rule


def fit(embedder: Embedder, data: Path) -> dict[str, Any]:
    """Logistic regression on standardised features; written to rag/reader/leaning.json."""
    from rag.evaluate.fitting import fit_standardised
    from rag.search.leaning import FEATURES, FILE, Calibration, features

    sets = fitting_sets(data)
    rows, labels, weights = [], [], []
    for name, held in sets.items():
        print(name, "…", file=sys.stderr)
        rows += [features(embedder, each.question, each.history) for each in held]
        labels += [bool(each.wanted) for each in held]
        weights += [WEIGHTS[name]] * len(held)
    fitted = fit_standardised(Calibration, np.stack(rows), labels, weights, strength=0.3, rounds=3_000)
    fitted.write(FILE, FEATURES, ", ".join(f"{len(held)} turns of {name}" for name, held in sets.items()))
    return {name: len(held) for name, held in sets.items()}


def fitting_sets(data: Path) -> dict[str, list[Later]]:
    """Turns of both collections and changes of topic made of them; nothing of TREC CAsT."""
    from rag.evaluate.claims import lines

    draw = Random(3)
    canard: dict[bool, list[Later]] = {True: [], False: []}
    for row in lines(data / "canard" / "dev.jsonl.gz"):
        history = tuple(
            Turn("assistant" if place % 2 else "user", text) for place, text in enumerate(row["history"])
        )
        talk = str(row["id"]).split("#")[0]
        canard[bool(history)].append(Later(talk, row["question"], row["rewrite"], history))
    mtrag = [
        Later(str(row["id"]).split("<")[0], row["question"], row["rewrite"], history)
        for row in lines(data / "mtrag" / "rewrites.jsonl.gz")
        if (history := tuple(Turn("user", text) for text in row["history"]))
    ]
    firsts = {each.talk: Later(each.talk, each.history[0].content, "", ()) for each in mtrag}
    later = draw.sample(canard[True], CANARD_TURNS)
    return {
        "canard": later,
        "mtrag": mtrag,
        "canard_changes": changes(draw.sample(canard[False], CANARD_FIRSTS), later),
        "mtrag_changes": changes(list(firsts.values()), mtrag),
    }


# ------------------------------------------------------------------ what is found


@dataclass(frozen=True, slots=True)
class Task:
    """A later question and the documents that hold its evidence, by key."""

    question: str
    history: tuple[Turn, ...]
    documents: frozenset[str]


def mtragun_tasks(folder: Path) -> tuple[list[Task], dict[str, str]]:
    """The tasks with history and contexts, and the text of every context by its key."""
    from rag.evaluate.claims import lines

    tasks: list[Task] = []
    texts: dict[str, str] = {}
    for row in lines(folder / "mtragun_reference.jsonl.gz"):
        keys = {f"{slug(context['document_id'])}.txt": context["text"] for context in row["contexts"]}
        texts |= keys
        *before, last = row["input"]
        if before and keys and last["speaker"] == "user":
            history = tuple(
                Turn("user" if said["speaker"] == "user" else "assistant", said["text"]) for said in before
            )
            tasks.append(Task(last["text"], history, frozenset(keys)))
    return tasks, texts


def exam_tasks(folder: Path) -> tuple[list[Task], Path]:
    from rag.evaluate.questions import load_questions

    asked = load_questions(folder / "questions.jsonl", "docs/")
    tasks = [
        Task(each.question, each.history, frozenset(e.document for group in each.evidence for e in group))
        for each in asked
        if each.history
    ]
    return tasks, folder / "docs"


def slug(name: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in name)


def recall(
    reader: Any, embedder: Embedder, kept: Path | None, tasks: Sequence[Task], texts: dict[str, str] | Path
) -> dict[str, Any]:
    """Mean share of a task's documents among those of the first five hits, with and without what is carried."""
    from ingest.home.opening import open_home
    from rag.evaluate.bench import filled
    from rag.search.condense import condense
    from rag.search.retrieve import retrieve
    from rag.settings import AskSettings

    with tempfile.TemporaryDirectory(prefix="footnote-follow-ups-") as scratch:
        folder = texts if isinstance(texts, Path) else Path(scratch) / "texts"
        if not isinstance(texts, Path):
            folder.mkdir()
            for key, text in texts.items():
                (folder / key).write_text(text, encoding="utf-8")
        home = open_home(Settings.load(home=kept or Path(scratch) / "home"))
        try:
            library = filled(home, folder.name, folder)
            ask = AskSettings()
            shares: dict[str, list[float]] = {"raw": [], "completed": []}
            changed = 0
            for task in tasks:
                completed = condense(reader, embedder, task.question, task.history)
                changed += completed != task.question
                for name, query in (("raw", task.question), ("completed", completed)):
                    hits = retrieve(library, embedder, query, ask)[:FIRST]
                    keys = {hit.chunk.key.removeprefix("texts/") for hit in hits}
                    shares[name].append(len(keys & task.documents) / min(FIRST, len(task.documents)))
        finally:
            home.close()
    return {
        "questions": len(tasks),
        "changed": changed,
        f"recall_at_{FIRST}": {name: round(float(np.mean(values)), 3) for name, values in shares.items()},
    }


if __name__ == "__main__":
    main()
