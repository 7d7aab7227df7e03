"""Receipts as files to keep: of a whole library, and of one document page by page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import streamlit as st

from ingest.model.documents import DocumentDetail
from ingest.protocols import Library
from ingest.shelf.receipts import as_csv, as_json_lines

BOM = "\ufeff"  # without it Excel takes the letters of a CSV file for another alphabet's


def of_library(library: Library) -> None:
    """A button that opens the three files; each is written when it is wanted."""
    with st.popover("Receipts", icon=":material/receipt_long:", key="receipts"):
        st.caption("What happened to every file when it was read")
        _file("Files, as CSV", "receipts.csv", lambda: BOM + as_csv(library.receipts()))
        _file("Pages, as CSV", "receipts-pages.csv", lambda: BOM + as_csv(library.receipts(), pages=True))
        _file("All of it, as JSON lines", "receipts.jsonl", lambda: as_json_lines(library.receipts()))


def of_document(detail: DocumentDetail) -> None:
    """The receipt that is shown, as two files."""
    stem = PurePosixPath(detail.origin.key).stem[:60] or "document"
    _file("CSV", f"{stem}-receipt.csv", lambda: BOM + as_csv([detail], pages=True))
    _file("JSON", f"{stem}-receipt.json", lambda: as_json_lines([detail]))


def _file(label: str, name: str, write: Callable[[], str]) -> None:
    kind = "text/csv" if name.endswith(".csv") else "application/json"
    st.download_button(
        label, write, file_name=name, mime=kind, type="tertiary", icon=":material/download:",
        on_click="ignore", key=f"file_{name}",
    )  # fmt: skip
