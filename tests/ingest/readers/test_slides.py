"""Presentations, made by python-pptx."""

from __future__ import annotations

from pathlib import Path

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE

from ingest.errors import Unreadable
from ingest.model.pages import PageState
from tests.ingest.readers.contract import headings_of, read_file


def test_a_slide_is_a_page_with_its_notes(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Quarter review"
    slide.placeholders[1].text = "Revenue up\nCosts down"
    slide.notes_slide.notes_text_frame.text = "Mention the new office."
    deck.slides.add_slide(deck.slide_layouts[6])
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Figures"
    table = slide.shapes.add_table(3, 3, 0, 0, 900, 900).table
    for row, texts in enumerate((("Region", "2024", "2025"), ("North", "10", "12"), ("South", "7", "9"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    data = CategoryChartData()
    data.categories = ["East", "West"]
    data.add_series("Sales", (19.2, 21.4))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 900, 900, data)
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "Grouped"
    deck.save(str(tmp_path / "deck.pptx"))
    found = read_file(tmp_path / "deck.pptx")
    assert found.paged
    assert found.title == "Quarter review"
    assert headings_of(found) == [(1, "Quarter review"), (1, "Figures")]
    assert (
        found.pages[0].text
        == "Quarter review\n\n- Revenue up\n- Costs down\n\nSpeaker notes: Mention the new office."
    )
    assert found.pages[1].text == ""
    assert found.receipt.pages[1].state is PageState.EMPTY
    assert found.pages[2].text == (
        "Figures\n\nRegion, 2024, 2025: North | 10 | 12\nRegion, 2024, 2025: South | 7 | 9\n\n"
        "Sales: East | 19.2\nSales: West | 21.4\n\nGrouped"
    )


def test_limits_and_nothing_to_read(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    for _ in range(3):
        deck.slides.add_slide(deck.slide_layouts[6])
    deck.save(str(tmp_path / "a.pptx"))
    with pytest.raises(Unreadable, match="no text on any slide"):
        read_file(tmp_path / "a.pptx")
    with pytest.raises(Unreadable, match="3 slides; at most 2"):
        read_file(tmp_path / "a.pptx", max_pages=2)
