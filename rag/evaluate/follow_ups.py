"""`python -m rag.evaluate.follow_ups --cast rewrites.jsonl.gz`: what is carried into a follow-up.

Micro-F1 on TREC CAsT's turns with history (Dalton et al. 2020) over the history's words that stand in
the manual rewrite, less stop words and the question's own; with and without the rule `leans`. A change
of topic: a stand-alone question (a conversation's first) after the history of another one; the share
that carries nothing over, beside the share of turns that need words and get some.

From 2021 on, histories alternate between person and system.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from ingest.analysis import STOP_WORDS, terms
from ingest.settings import Settings, go_offline
from rag.model import Turn

SYSTEM_SPEAKS_FROM = 2021


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluate.follow_ups", description=__doc__)
    parser.add_argument("--cast", type=Path, required=True, help="TREC CAsT rewrites.jsonl.gz")
    parser.add_argument("--years", type=int, nargs="+", default=[2019, 2020, 2021, 2022])
    chosen = parser.parse_args(arguments)
    settings = Settings.load()
    go_offline(os.environ, settings.allow_download)
    print(json.dumps(measure(chosen.cast, chosen.years, settings), indent=1))


def measure(cast: Path, years: Sequence[int], settings: Settings) -> dict[str, Any]:
    from rag.condense import carry_over, condense, leans, remembered
    from rag.evaluate.claims import lines
    from rag.reader import Reader

    reader = Reader(settings)
    rows = [row for row in lines(cast) if year_of(row) in years]
    report: dict[str, Any] = {"reader": reader.backend}
    needing: list[bool] = []
    for year in years:
        print(year, "…", file=sys.stderr)
        free, ruled = [0, 0, 0], [0, 0, 0]
        for row in (row for row in rows if year_of(row) == year and row["history"]):
            question, history = row["question"], turns(row)
            own = telling(question)
            wanted = (telling(row["rewrite"]) & telling(" ".join(row["history"]))) - own
            words = carry_over(question, reader.carry(question, remembered(history)))
            got = telling(" ".join(words)) - own
            count(free, got, wanted)
            count(ruled, got if leans(question) else set(), wanted)
            if wanted:
                needing.append(leans(question))
        report[str(year)] = {"f1": f1(ruled), "f1_without_rule": f1(free)}
    draw = Random(6)
    later = [row for row in rows if row["history"]]
    clean = free_clean = 0
    first = [row for row in rows if not row["history"]]
    for row in first:
        other = draw.choice([each for each in later if topic_of(each) != topic_of(row)])
        question, history = row["question"], turns(other)
        clean += condense(reader, question, history) == question
        free_clean += not carry_over(question, reader.carry(question, remembered(history)))
    report["change_of_topic"] = {
        "questions": len(first),
        "carries_nothing": round(clean / max(1, len(first)), 3),
        "carries_nothing_without_rule": round(free_clean / max(1, len(first)), 3),
        "follow_ups_that_lean": round(sum(needing) / max(1, len(needing)), 3),
    }
    return report


def year_of(row: dict[str, Any]) -> int:
    return int(row["id"].split("_")[0])


def topic_of(row: dict[str, Any]) -> str:
    return "_".join(row["id"].split("_")[:2])


def turns(row: dict[str, Any]) -> list[Turn]:
    spoken = year_of(row) >= SYSTEM_SPEAKS_FROM
    return [
        Turn("assistant" if spoken and place % 2 else "user", str(text))
        for place, text in enumerate(row["history"])
    ]


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


if __name__ == "__main__":
    main()
