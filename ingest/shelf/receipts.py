"""Receipts to keep: files, or their pages, as CSV for a spreadsheet and as JSON for a program."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ingest.model.documents import DocumentDetail
from ingest.model.pages import PageState
from ingest.remote.wire import encode

Cell = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def file_row(detail: DocumentDetail) -> dict[str, Cell]:
    """One file, its pages counted by what happened to them."""
    origin, receipt = detail.origin, detail.receipt
    return {
        "document": origin.key,
        "title": origin.title,
        "type": origin.media_type,
        "size_bytes": origin.size_bytes,
        "added": datetime.fromtimestamp(origin.added_at, UTC).isoformat(timespec="seconds"),
        "state": origin.state.value,
        "pages": len(receipt.pages) if detail.paged else None,
        **{state.value: receipt.count(state) for state in PageState},
        "characters": sum(page.characters for page in receipt.pages),
        "passages": origin.chunks,
        "changed_passages": origin.changed,
        "seconds": round(receipt.seconds, 3),
        "note": receipt.message,
        "warnings": " ".join(receipt.warnings),
        "also_as": "; ".join(detail.other_keys),
    }


def page_rows(detail: DocumentDetail) -> list[dict[str, Cell]]:
    """One file page by page; a format without pages has one row, without a number."""
    passages = detail.page_chunks or (None,) * len(detail.receipt.pages)
    return [
        {
            "document": detail.origin.key,
            "page": page.number if detail.paged else None,
            "state": page.state.value,
            "characters": page.characters,
            "passages": count,
            "note": page.message,
        }
        for page, count in zip(detail.receipt.pages, passages, strict=True)
    ]


def as_csv(details: Sequence[DocumentDetail], pages: bool = False) -> str:
    """A row for each file, or for each page; the first row names the columns.

    File names and messages come from files: a cell that a spreadsheet would take for a formula gets a ' before it.
    """
    rows = [row for each in details for row in page_rows(each)] if pages else [file_row(d) for d in details]
    written = io.StringIO()
    if rows:
        writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _harmless(cell) for name, cell in row.items()} for row in rows)
    return written.getvalue()


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def whole(detail: DocumentDetail) -> dict[str, object]:
    """A receipt with all its pages, for JSON."""
    return {**file_row(detail), "warnings": encode(detail.receipt.warnings), "also_as": list(detail.other_keys),
            "page_by_page": [{k: v for k, v in row.items() if k != "document"} for row in page_rows(detail)]}  # fmt: skip


def as_json_lines(details: Iterable[DocumentDetail]) -> str:
    return "".join(json.dumps(whole(each), ensure_ascii=False) + "\n" for each in details)
