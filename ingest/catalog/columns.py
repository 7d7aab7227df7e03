"""How the catalog keeps what has parts: receipts as JSON, runs and lines as packed numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple

import numpy as np

from ingest.model.pages import Box, PageReceipt, PageState, Receipt, Run, TextLine

_EDGES = ("left", "top", "right", "bottom")
_LINE = np.dtype([("start", "<u4"), ("end", "<u4"), *((edge, "<f4") for edge in _EDGES)])


def receipt_to_json(receipt: Receipt) -> str:
    return json.dumps(asdict(receipt), ensure_ascii=False)


def receipt_from_json(text: str) -> Receipt:
    raw = json.loads(text)
    pages = tuple(
        PageReceipt(p["number"], PageState(p["state"]), p["characters"], p["message"]) for p in raw["pages"]
    )
    return Receipt(pages, raw["seconds"], raw["message"], tuple(raw["warnings"]))


def runs_to_blob(runs: Sequence[Run]) -> bytes:
    return np.array([(r.start, r.source, r.length) for r in runs], np.uint32).tobytes()


def runs_from_blob(blob: bytes) -> tuple[Run, ...]:
    triples = np.frombuffer(blob, np.uint32).reshape(-1, 3).tolist()
    return tuple(Run(*triple) for triple in triples)


def lines_to_blob(lines: Sequence[TextLine]) -> bytes:
    rows = [(each.start, each.end, *astuple(each.box)) for each in lines]
    return np.array(rows, _LINE).tobytes()


def lines_from_blob(blob: bytes) -> tuple[TextLine, ...]:
    return tuple(TextLine(start, end, Box(*box)) for start, end, *box in np.frombuffer(blob, _LINE).tolist())
