from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.readers.contract import headings_of, read_file


def text_of(path: Path, source: str) -> str:
    path.write_text(source)
    return read_file(path).pages[0].text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Some *words* and ``code`` from `a link <http://x.y>`_.", "Some words and code from a link."),
        ("See :ref:`the guide <g>` or :py:func:`~a.b`.", "See the guide or a.b."),
        (".. note:: Mind the gap.\n\nOn.", "Mind the gap.\n\nOn."),
        (".. versionadded:: 3.1\n   New thing.", "3.1 New thing."),
        (".. toctree::\n   :maxdepth: 2\n\n   a\n   b\n\nOn.", "On."),
        (".. code-block:: python\n   :linenos:\n\n   x = 1\n\n     y", "x = 1\n\n  y"),
        ("* one\n* two\n\n  more\n\n3. x\n4. y", "- one\n- two\n  more\n\n3. x\n4. y"),
        ("term\n   its meaning\n\n:Field: value", "term: its meaning\n\nField: value"),
        (
            "=====  =====\nName   Value\n=====  =====\nalpha  1\nbeta   2\n=====  =====",
            "Name, Value: alpha | 1\nName, Value: beta | 2",
        ),
        ("a [1]_\n\n.. [1] the note", "a 1\n\n1 the note"),
        (".. comment\n\nx", "x"),
    ],
)
def test_text(tmp_path: Path, source: str, text: str) -> None:
    assert text_of(tmp_path / "a.rst", source) == text


def test_sections(tmp_path: Path) -> None:
    (tmp_path / "a.rst").write_text(
        "Guide\n=====\n\nIn.\n\nUsage\n-----\n\nOn.\n\nOptions\n-------\n\nOff.\n"
    )
    found = read_file(tmp_path / "a.rst")
    assert found.title == "Guide"
    assert headings_of(found) == [(1, "Guide"), (2, "Usage"), (2, "Options")]


@pytest.mark.parametrize(
    "source",
    [
        ".. include:: {}\n\nx",
        ".. literalinclude:: {}\n\nx",
        ".. raw:: html\n   :file: {}\n\nx",
        ".. csv-table::\n   :file: {}\n\nx",
        ".. INCLUDE:: {}\n\nx",
    ],
)
def test_no_other_file_is_read(tmp_path: Path, source: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    assert "the secret" not in text_of(tmp_path / "a.rst", source.format(secret))
