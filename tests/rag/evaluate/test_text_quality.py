"""Word-level similarity: known values, and one real file through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.evaluate.text_quality import main, pairs, recall, similarity, words
from tests.documents import pdf


def test_known_values() -> None:
    assert words("Eﬃcient, naïve — READ!") == ["efficient", "naïve", "read"]
    truth = words("one two three four")
    assert similarity(truth, truth) == 1.0
    assert similarity([], truth) == 0.0
    assert similarity(words("one two four"), truth) == pytest.approx(2 * 3 / 7)
    assert similarity(words("four three two one"), truth) == pytest.approx(2 * 1 / 8), "order counts"
    assert recall(words("four three two one"), truth) == 1.0
    assert recall(words("one one"), truth) == 0.25


def test_names_with_a_prefix_find_their_text(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for name in ("a", "12", "alone"):
        (tmp_path / "texts" / f"{name}.txt").write_text(name, encoding="utf-8")
    for name in ("x__a.pdf", "ba.pdf", "006-12.pdf", "112.pdf"):
        (tmp_path / name).write_bytes(b"")
    found = {text.stem: file.name for file, text in pairs(tmp_path, tmp_path / "texts")}
    assert found == {"a": "x__a.pdf", "12": "006-12.pdf"}


def test_the_command_measures_both_readers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ground_truth_text").mkdir()
    (tmp_path / "a.pdf").write_bytes(pdf(["The vault opens at nine."]))
    (tmp_path / "ground_truth_text" / "a.txt").write_text("The vault opens at ten.", encoding="utf-8")
    main([str(tmp_path)])
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == 1
    for reader in ("footnote", "pypdf"):
        assert told["mean"][reader] == {"similarity": 0.8, "recall": 0.8}
    other = tmp_path / "other.txt"
    other.write_text("The vault opens at nine.", encoding="utf-8")
    main([str(tmp_path), "--pair", str(tmp_path / "a.pdf"), str(other)])
    told = json.loads(capsys.readouterr().out)
    assert [row["footnote"]["similarity"] for row in told["by_file"]] == [0.8, 1.0]
    with pytest.raises(SystemExit):
        main([str(tmp_path / "ground_truth_text"), "--truth", str(tmp_path)])
    assert "--pair" in capsys.readouterr().err
    main([str(tmp_path), "--json", str(tmp_path / "f.json")])
    assert json.loads((tmp_path / "f.json").read_text("utf-8"))["files"] == 1
