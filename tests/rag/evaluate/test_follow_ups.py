"""What is carried into a follow-up is counted over every year of the collection."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from ingest.embedder import load_embedder
from ingest.settings import Settings
from rag.evaluate.follow_ups import YEARS, measure
from rag.reader import Reader

TALK = (
    ("How are old pianos tuned?", "How are old pianos tuned?"),
    ("and who does it?", "and who tunes old pianos?"),
    ("Which woods are used for violins?", "Which woods are used for violins?"),
)


def test_every_year_has_its_turns(tmp_path: Path) -> None:
    rows = [
        {
            "id": f"{year}_{topic}_{number}",
            "history": [asked for asked, _ in TALK[:number]],
            "question": asked,
            "rewrite": meant,
        }
        for year in YEARS
        for topic in (1, 2)
        for number, (asked, meant) in enumerate(TALK)
    ]
    (tmp_path / "trec_cast").mkdir()
    with gzip.open(tmp_path / "trec_cast" / "rewrites.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    settings = Settings()
    report = measure(Reader(settings), load_embedder(settings), tmp_path)
    assert [report[str(year)]["turns"] for year in YEARS] == [4] * len(YEARS)
    assert report[str(YEARS[0])]["f1"] > 0.5
    assert report["change_of_topic_first_questions"]["questions"] == 2 * len(YEARS)
