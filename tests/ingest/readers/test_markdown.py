from __future__ import annotations

from pathlib import Path

import pytest

from ingest.model.pages import Heading
from ingest.readers import markdown, read
from ingest.settings import Settings


def cleaned(source: str) -> str:
    return markdown.clean(source)[1].text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("A [link](http://x.y) and **bold** _words_ `code`.", "A link and bold words code."),
        ("![A chart](c.png) shows", "A chart shows"),
        ("one\ntwo", "one two"),
        ("one  \ntwo", "one\ntwo"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("Ask {% slack_channel \"x_y_z\" %} or {{ page.title }}", "Ask {% slack_channel \"x_y_z\" %} or {{ page.title }}"),
        ("5 &lt; 6 \\* 2 &amp; more", "5 < 6 * 2 & more"),
        ("- a\n- b\n  - c\n\n    d\n- e", "- a\n- b\n  - c\n    d\n- e"),
        ("3. a\n4. b\n   - c", "3. a\n4. b\n   - c"),
        ("before\n\n- a\n\nafter", "before\n\n- a\n\nafter"),
        ("- a\n\ntext\n\n1. b", "- a\n\ntext\n\n1. b"),
        ("| A | B |\n|---|---|\n| 1 | **2** |\n| 3 | |", "A, B: 1 | 2\n3"),
        ("```py\nx = 1\n\n  y\n```", "x = 1\n\n  y"),
        ("    indented", "indented"),
        ("> quoted\n> more", "quoted more"),
        ("a <!-- hidden --> b\n\n<!-- all\nhidden -->\n\nc", "a  b\n\nc"),
        ("a<br>b <b>c</b>", "a\nb c"),
        ("<details><summary>More</summary>\n\nInside\n\n</details>", "More\n\nInside"),
        ("<script>alert(1)</script>\n\nx", "x"),
        ("a ~~b~~", "a b"),
        ("***\n\nx", "x"),
        ("<https://a.b>", "https://a.b"),
    ],
)  # fmt: skip
def test_clean(source: str, text: str) -> None:
    assert cleaned(source) == text


def test_front_matter_gives_the_title(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text('---\nlayout: page\ntitle: "Sick leave"\n---\n# Being ill\n\nCall in.\n')
    found = read(path, "a.md", Settings())
    assert found.title == "Sick leave"
    assert found.pages[0].text == "Being ill\n\nCall in."
    assert found.media_type == "text/markdown"


def test_a_rule_is_not_front_matter() -> None:
    assert cleaned("---\n\nNo fields here.\n\n---\n\nx") == "No fields here.\n\nx"


def test_headings_stand_in_the_text() -> None:
    _, draft = markdown.clean("# The *big* one\n\ntext\n\nSmaller\n---\n\n### `code` last #\n")
    assert draft.headings == [
        Heading(0, 1, "The big one"),
        Heading(19, 2, "Smaller"),
        Heading(28, 3, "code last"),
    ]
    for heading in draft.headings:
        assert draft.text.startswith(heading.text, heading.start)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_runs_point_at_the_same_words_in_the_file(ends: str) -> None:
    lines = [
        "---", "title: T", "---", "# One [two](http://t) three", "", "- item *a* &amp; b", "  - deep `c`", "",
        "| x | y |", "|---|---|", "| 1 | 2 |", "", "```", "code", "```", "last words, last words",
    ]  # fmt: skip
    source = ends.join(lines)
    _, draft = markdown.clean(source)
    mapped = 0
    for run in draft.runs:
        ours = draft.text[run.start : run.start + run.length]
        theirs = source[run.source : run.source + run.length]
        if ours.strip() not in ("", "&"):
            assert ours.rstrip() == theirs[: len(ours.rstrip())] or ours == " &", (ours, theirs)
            mapped += len(ours.strip())
    assert mapped >= 0.8 * sum(map(len, draft.text.split()))
    first, second = (draft.text.index("last"), draft.text.rindex("last"))
    places = {run.start: run.source for run in draft.runs if run.start <= first < run.start + run.length}
    ((start, place),) = places.items()
    assert source[place + second - start :].startswith("last words")
    assert place + first - start == source.index("last")
