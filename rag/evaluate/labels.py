"""Files of questions that are labelled by hand: lines of JSON, one dataclass each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from ingest.remote.wire import decode

Label = TypeVar("Label")


def labelled(file: Path, kind: type[Label]) -> list[Label]:
    """The lines of `file` as `kind`, empty ones left out. Raises ValueError, TypeError or KeyError for one that is none."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [decode(kind, json.loads(line)) for line in lines if line.strip()]
