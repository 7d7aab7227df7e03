"""The frozen dataclasses as JSON and back, led by their type hints; what crosses the loopback.

Covers what `ingest.model` and `rag.model` use: dataclasses, enums, tuples, lists, sets, dicts, unions
with None, literals and plain values. Not covered: unions of two dataclasses (send their name along).
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import ingest.errors
from ingest.errors import FootnoteError

T = TypeVar("T")

ERRORS: dict[str, type[FootnoteError]] = {
    name: value
    for name, value in vars(ingest.errors).items()
    if isinstance(value, type) and issubclass(value, FootnoteError)
}


def encode(value: object) -> Any:
    """`value` in the words of JSON: dataclasses become objects, tuples and sets become arrays."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: encode(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [encode(item) for item in value]
    return value


def decode(hint: Any, value: Any) -> Any:
    """`value`, as `json.loads` gave it, as the type `hint`.

    Raises TypeError, ValueError or KeyError when it does not fit.
    """
    if hint is Any or hint is None or hint is type(None):
        return value
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return decode(next(one for one in arguments if one is not type(None)), value)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{value!r} is none of {arguments}")
        return value
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(decode(arguments[0], item) for item in value)
        return tuple(decode(one, item) for one, item in zip(arguments, value, strict=True))
    if origin in (list, Sequence, Iterable):
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is no array")
        return [decode(arguments[0], item) for item in value]
    if origin in (dict, Mapping):
        return {arguments[0](key): decode(arguments[1], item) for key, item in value.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        hints = hints_of(hint)
        return hint(**{name: decode(hints[name], item) for name, item in value.items()})
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise TypeError(f"{value!r} is no {getattr(hint, '__name__', hint)}")
    return value


@cache
def hints_of(of: Any) -> dict[str, Any]:
    """The resolved type hints of a class or a function."""
    return get_type_hints(of)


def to_line(value: object) -> bytes:
    """`value` as one line of JSON, newline included."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def encode_error(error: FootnoteError) -> dict[str, str]:
    return {"error": type(error).__name__, "message": str(error)}


def decode_error(value: Mapping[str, Any]) -> FootnoteError:
    """The error of the same class, to be raised on this side."""
    return ERRORS.get(str(value.get("error")), FootnoteError)(str(value.get("message")))
