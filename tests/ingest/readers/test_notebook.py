from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import Unreadable
from tests.ingest.readers.contract import headings_of, read_file


def notebook(path: Path, *cells: dict[str, Any], **more: Any) -> Path:
    path.write_text(json.dumps({"nbformat": 4, "cells": list(cells), **more}))
    return path


def test_cells_in_order_with_what_they_put_out(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "a.ipynb",
        {"cell_type": "markdown", "source": ["# Energy study\n", "\n", "We fit a *line*.\n", "## Data"]},
        {
            "cell_type": "code",
            "source": "print(slope)\n",
            "outputs": [
                {"output_type": "stream", "text": ["\x1b[31m2.5\x1b[0m\n"]},
                {"output_type": "display_data", "data": {"image/png": "iVBOR", "text/plain": "<Figure>"}},
                {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": []},
            ],
        },
        {"cell_type": "markdown", "source": "| Year | kWh |\n|---|---|\n| 2025 | 310 |"},
    )
    found = read_file(path)
    assert found.title == "Energy study"
    assert headings_of(found) == [(1, "Energy study"), (2, "Data")]
    assert found.pages[0].text == (
        "Energy study\n\nWe fit a line.\n\nData\n\nprint(slope)\n\nOutput:\n2.5\n\nOutput:\n<Figure>\n\n"
        "Output:\nValueError: bad\n\nYear, kWh: 2025 | 310"
    )


def test_an_endless_output_is_cut_and_told(tmp_path: Path) -> None:
    cell = {
        "cell_type": "code",
        "source": "x",
        "outputs": [{"output_type": "stream", "text": "word " * 50_000}],
    }
    found = read_file(notebook(tmp_path / "a.ipynb", cell))
    assert len(found.pages[0].text) < 21_000
    assert "20,000 characters" in found.receipt.warnings[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not a notebook"),
        ("[1]", "no cells"),
        ('{"cells": [1, null, {"source": 3, "outputs": {"a": 1}}]}', "no text"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_notebook(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(Unreadable, match=words):
        read_file(tmp_path / "a.ipynb")
