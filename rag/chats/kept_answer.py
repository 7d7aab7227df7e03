"""An Answer as JSON and back: what a saved chat holds."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from typing import Any, Union

from rag.model import Answer


def answer_to_json(answer: Answer) -> str:
    return json.dumps(dataclasses.asdict(answer), ensure_ascii=False, separators=(",", ":"))


def answer_from_json(text: str) -> Answer:
    """The Answer as it was; fields this version doesn't know are left out, new ones get their default."""
    rebuilt = rebuild(Answer, json.loads(text))
    assert isinstance(rebuilt, Answer)
    return rebuilt


@functools.cache
def fields_of(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def rebuild(kind: Any, value: Any) -> Any:
    """`value` out of JSON as `kind`: dataclasses, tuples, dicts, optionals and plain values."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = fields_of(kind)
        return kind(**{name: rebuild(hints[name], item) for name, item in value.items() if name in hints})
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else rebuild(next(a for a in inner if a is not type(None)), value)
    if origin is tuple:
        parts = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(rebuild(part, item) for part, item in zip(parts, value, strict=True))
    if origin is dict:
        return {key: rebuild(inner[1], item) for key, item in value.items()}
    return value
