"""Data (.json, .jsonl): lines that stand alone, "path: value", and records as rows.

    {"limits": {"timeout": 30}, "fees": [{"kind": "full", "euro": 84}]}

    limits.timeout: 30
    fees 1 | kind: full | euro: 84

Numbers are written as they stand in the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading
from ingest.readers.draft import Draft
from ingest.readers.text import UNSEEN, decode, single_page
from ingest.settings import Settings

ROW_CHARACTERS = 800  # a longer record is written line by line


@dataclass(frozen=True, slots=True)
class _Number:
    """A number, true, false or null as the file writes it."""

    text: str


def read_json(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """A .json file as one page; an object's outermost names are its headings."""
    text, warning = decode(path.read_bytes())
    try:
        value = _value(text)
    except ValueError as error:
        if "\n" in text.strip():
            try:  # one value a line, under the wrong suffix
                return _lines(text, limits, warning)
            except Unreadable:
                pass
        raise Unreadable(f"This is not JSON: {error}. Correct it there, or save it as .txt.") from None
    draft = Draft()
    if isinstance(value, dict):
        for name, inner in value.items():
            title = _line(name)
            nested = isinstance(inner, dict | list) and bool(inner)
            lines = lines_of(title, inner)
            first = next(lines, "")
            if not first:
                continue
            if draft.length:
                draft.add("\n\n" if nested else "\n")
            if nested and title:
                draft.headings.append(Heading(draft.length, 1, title))
            _write(draft, chain([first], lines), limits)
    else:
        _write(draft, lines_of("", value), limits)
    if on_progress:
        on_progress(1, 1)
    found = single_page("application/json", "", draft, limits, (warning,) if warning else ())
    return replace(found, title="")  # the first name in it is no title


def read_json_lines(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """A .jsonl file as one page: a record on each line."""
    text, warning = decode(path.read_bytes())
    found = _lines(text, limits, warning)
    if on_progress:
        on_progress(1, 1)
    return found


def _lines(text: str, limits: Settings, warning: str) -> FileText:
    draft = Draft()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = _value(line)
        except ValueError as error:
            raise Unreadable(
                f"Line {number:,} is not JSON: {error}. Correct it there, or save it as .txt."
            ) from None
        if draft.length:
            draft.add("\n")
        row = row_of(value)
        if row:
            draft.add(row)
        else:
            _write(draft, lines_of("", value), limits)
    return single_page("application/jsonl", "", draft, limits, (warning,) if warning else ())


def _value(text: str) -> Any:
    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number)


def _write(draft: Draft, lines: Iterable[str], limits: Settings) -> None:
    for number, line in enumerate(lines):
        if number:
            draft.add("\n")
        draft.add(line)
        if draft.length > limits.max_characters:
            return  # single_page says so


def lines_of(path: str, value: Any) -> Iterator[str]:
    """The lines of a value: every one has the whole path to it; elements of lists are numbered from 1."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from lines_of(f"{path}.{_line(name)}" if path else _line(name), inner)
    elif isinstance(value, list) and value:
        flat = ", ".join(_shown(each) for each in value) if not any(map(_nested, value)) else ""
        if flat and len(flat) <= ROW_CHARACTERS:
            yield f"{path}: {flat}" if path else flat
            return
        for number, inner in enumerate(value, 1):
            at = f"{path} {number}".strip()
            row = row_of(inner) if isinstance(inner, dict) else ""
            if row:
                yield f"{at} | {row}"
            else:
                yield from lines_of(at, inner)
    elif not isinstance(value, dict | list):  # empty ones say nothing
        shown = _shown(value)
        yield f"{path}: {shown}" if path else shown


def row_of(value: Any) -> str:
    """A small record as "name: value | name.name: value"; "" for what is none."""
    if not isinstance(value, dict) or not value:
        return ""
    parts: list[str] = []
    size = 0
    for name, inner in value.items():
        if isinstance(inner, list) and any(map(_nested, inner)):
            return ""
        for part in lines_of(_line(name), inner):
            parts.append(part)
            size += len(part)
            if size > ROW_CHARACTERS:
                return ""
    return " | ".join(parts)


def _nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def _shown(value: Any) -> str:
    if isinstance(value, _Number):
        return value.text
    if isinstance(value, str):
        return "\n".join(filter(None, (_line(line) for line in value.split("\n"))))
    return (
        {None: "null", True: "true", False: "false"}.get(value, "") if isinstance(value, bool | None) else ""
    )


def _line(text: str) -> str:
    return " ".join(UNSEEN.sub("", text).split())
