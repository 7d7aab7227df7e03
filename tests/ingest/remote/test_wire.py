"""What crosses the loopback arrives as it was sent."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from ingest.errors import FootnoteError, NeedsPassword, NotFound
from ingest.model.adding import AddResult, AddState, JobInfo, JobStage, Source
from ingest.model.pages import Page, PageReceipt, PageState, Receipt, Run
from ingest.remote.wire import decode, decode_error, encode, encode_error


def crossed(hint: Any, value: object) -> Any:
    return decode(hint, json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        Source("/a/ü.pdf", "ü.pdf", "upload", None, "secret", True, False, ("a/old.pdf",)),
        Page(3, "text", "iv", (), (Run(0, 5, 4),)),
        Receipt((PageReceipt(1, PageState.EMPTY, 0, "no text"),), 0.5, "", ("a", "b")),
        JobInfo(1, "l", "k", JobStage.READING, 1, 2, 0.0, None, None, 1e9),
        JobInfo(1, "l", "k", JobStage.DONE, 2, 2, 3.5, 0.0, AddResult("k", AddState.REPLACED, 2), 1e9),
    ],
)
def test_dataclasses_arrive_equal(value: object) -> None:
    assert crossed(type(value), value) == value


def test_containers_arrive_with_their_types() -> None:
    assert crossed(list[tuple[int, float]], [(1, 2.0), (3, 1)]) == [(1, 2.0), (3, 1.0)]
    assert crossed(dict[int, str], {7: "a"}) == {7: "a"}
    assert crossed(bool | None, None) is None
    assert crossed(bool | None, False) is False
    assert crossed(Literal["a", "b"] | None, "b") == "b"


@pytest.mark.parametrize(
    ("hint", "value"),
    [(int, "1"), (int, True), (str, None), (list[int], 3), (tuple[int, int], [1]), (Literal["a"], "b")],
)
def test_what_does_not_fit_is_refused(hint: Any, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        decode(hint, value)


def test_unknown_and_missing_fields_are_refused() -> None:
    with pytest.raises((KeyError, TypeError)):
        decode(Source, {"path": "a", "key": "b", "place": "c", "wings": 2})
    with pytest.raises(TypeError):
        decode(Source, {"path": "a"})


def test_errors_keep_their_class() -> None:
    error = decode_error(encode_error(NeedsPassword("Enter it.")))
    assert type(error) is NeedsPassword
    assert str(error) == "Enter it."
    assert type(decode_error({"error": "NotFound", "message": "x"})) is NotFound
    assert type(decode_error({"error": "SystemExit", "message": "x"})) is FootnoteError
