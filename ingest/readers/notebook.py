"""Jupyter notebooks (.ipynb): the cells in order, with the text that they put out.

Not covered: pictures and interactive outputs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading
from ingest.readers.draft import Blocks, Draft
from ingest.readers.markdown import clean
from ingest.readers.text import UNSEEN, decode, single_page
from ingest.settings import Settings

MEDIA_TYPE = "application/x-ipynb+json"
MOST_OUTPUT = 20_000  # characters of one output; longer ones are logs, of which the beginning tells
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours of a terminal


def read_notebook(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An .ipynb file of format 3 or 4 as one page."""
    text, _ = decode(path.read_bytes())
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"This is not a notebook: {error}. Save it in Jupyter again.") from None
    sheets = _list(_get(notebook, "worksheets"))  # format 3
    cells = _list(_get(notebook, "cells")) or [
        cell for sheet in sheets for cell in _list(_get(sheet, "cells"))
    ]
    if not cells:
        raise Unreadable("This notebook has no cells. Save it in Jupyter again.")
    draft = Draft()
    blocks = Blocks(draft)
    warnings: list[str] = []
    for cell in cells:
        source = _text(_get(cell, "source")) or _text(_get(cell, "input"))
        kind = _get(cell, "cell_type")
        if kind == "heading":  # format 3
            source = "#" * min(6, max(1, int(str(_get(cell, "level") or 1)[:1] or 1))) + " " + source
        if kind in ("markdown", "heading"):
            put_markdown(source, blocks)
        else:
            _put(source, blocks)
        for output in _list(_get(cell, "outputs")):
            _output(output, blocks, warnings)
    if on_progress:
        on_progress(1, 1)
    return single_page(MEDIA_TYPE, "", draft, limits, tuple(dict.fromkeys(warnings)))


def put_markdown(source: str, blocks: Blocks) -> None:
    """The readable text of `source` with its headings; its places in the file are given up."""
    _, inner = clean(source)
    if inner.text.strip():
        blocks.begin()
        start = blocks.draft.length
        blocks.draft.add(inner.text)
        blocks.draft.headings += [
            Heading(start + each.start, each.level, each.text) for each in inner.headings
        ]


def _output(output: Any, blocks: Blocks, warnings: list[str]) -> None:
    data = _get(output, "data")
    text = (
        _text(_get(output, "text"))
        or _text(_get(data, "text/plain"))
        or _text(_get(data, "text/markdown"))
        or (
            f"{_text(_get(output, 'ename'))}: {_text(_get(output, 'evalue'))}"
            if _get(output, "ename")
            else ""
        )
    )
    text = _ESCAPES.sub("", text)
    if len(text) > MOST_OUTPUT:
        warnings.append(f"Outputs were cut to their first {MOST_OUTPUT:,} characters.")
        text = text[:MOST_OUTPUT]
    _put(text, blocks, "Output:\n")


def _put(text: str, blocks: Blocks, before: str = "") -> None:
    lines = [line.rstrip() for line in UNSEEN.sub("", text).strip("\n").split("\n")]
    if any(lines):
        blocks.put(before + "\n".join(lines).rstrip())


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Text is stored whole or as a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
