"""The labelled sentences that say something or nothing: every file can be read, and a verdict is counted as it is."""

from ingest.settings import Settings
from rag.evaluate.labels import labelled
from rag.evaluate.saying import FOLDER, KINDS, Said, measured
from rag.reader import Reader

ROW = Said(
    "x", "en", "When does the pool open?", ("The swimming pool opens at nine in the morning.",),
    ("This is what the documents say.", "The swimming pool opens at nine."), ("The pool opens at nine.",), ("It costs 900 dollars.",),
)  # fmt: skip


def test_every_line_has_sentences_of_each_kind() -> None:
    files = sorted(FOLDER.glob("*.jsonl"))
    assert len(files) == 2
    for file in files:
        rows = labelled(file, Said)
        assert len({row.id for row in rows}) == len(rows)
        for kind in KINDS:
            said = [text for row in rows for text in getattr(row, kind)]
            assert len(set(said)) == len(said) > 25


def test_a_sentence_is_counted_by_its_verdict() -> None:
    report = measured(Reader(Settings(backend="torch")), [ROW], show=True)
    assert report["silent"] == {"nothing": 1, "supported": 1}
    assert report["supported"] == {"supported": 1}
    assert report["invented"] == {"not_found": 1}
    assert report["wrong"] == {"silent": ["x supported: The swimming pool opens at nine."]}
