"""Of when a document is: its text before its name before its metadata, and its file only against another file."""

from pathlib import Path

import pytest

from ingest.home.opening import open_home
from ingest.model.adding import AddState, Source
from ingest.settings import Settings
from ingest.shelf.dated import Dated
from ingest.text.dating import named

DAY_NS = 86_400 * 10**9
DAY = 86_400.0


@pytest.mark.parametrize(
    ("one", "other", "order", "older"),
    [
        (Dated("fees-2024.md", 9 * DAY, 9 * DAY_NS), Dated("fees-2025.md", DAY, DAY_NS), "told", True),
        (Dated("fees-2025.md", DAY, DAY_NS), Dated("fees.md", 9 * DAY, 9 * DAY_NS), "changed", True),
        (Dated("fees-2025.md", DAY), Dated("fees 2025-03.md", 9 * DAY), "added", True),
        (Dated("a.md", 9 * DAY, DAY_NS), Dated("b.md", DAY, 9 * DAY_NS), "changed", True),
        (Dated("a.md", 9 * DAY, 0), Dated("b.md", DAY, 9 * DAY_NS), "added", False),
        (Dated("a.md", DAY, DAY_NS), Dated("b.md", DAY, DAY_NS + 5), None, True),
    ],
)
def test_which_of_two_is_older(one: Dated, other: Dated, order: str | None, older: bool) -> None:
    one, other = (
        Dated(each.key, each.added_at, each.changed_ns, named(each.key, ""), "name") for each in (one, other)
    )
    assert one.order(other) == other.order(one) == order
    assert one.is_older(other) is older
    assert other.is_older(one) is not older


FILES = {
    "text/fees-2023.md": (
        "---\ndate: 2021-01-05\n---\n# Fees\n\nValid from 1 May 2024.",
        "1 May 2024, says its text",
    ),
    "name/fees-2023.md": ("---\ndate: 2021-01-05\n---\n# Fees\n\nA bath is 4 €.", "2023, says its name"),
    "front/fees.md": (
        "---\ndate: 2021-01-05\n---\n# Fees\n\nA bath is 5 €.",
        "5 January 2021, says its metadata",
    ),
    "head/fees.html": (
        '<head><meta property="article:modified_time" content="2022-08-09T10:00Z"></head><p>A bath is 6 €.',
        "9 August 2022, says its metadata",
    ),
    "none/fees.md": ("# Fees\n\nA bath is 7 €.", ""),
}


def test_what_is_trusted_first(tmp_path: Path) -> None:
    home = open_home(Settings(home=tmp_path / "home"))
    try:
        library = home.library(home.create("fees").name)
        sources = []
        for key, (text, _) in FILES.items():
            file = tmp_path / key.replace("/", "-")
            file.write_text(text)
            sources.append(Source(str(file), key, str(file)))
        assert [added.state for added in library.add(sources)] == [AddState.ADDED] * len(FILES)
        found = library.dates([each.document_id for each in library.listed()])
        assert {each.key: each.in_words for each in found.values()} == {
            k: told for k, (_, told) in FILES.items()
        }
        assert all(each.changed_ns for each in found.values())
    finally:
        home.close()
