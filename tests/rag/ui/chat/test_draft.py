"""The answer while it is written: checked sentences carry footnotes and marks, hostile text stays letters."""

from __future__ import annotations

import pytest

from rag.model import Sentence
from rag.ui.chat.draft import checked_line, draft_markdown


def test_footnotes_and_marks_come_with_the_check() -> None:
    text = "Five days move on [4]. The moon is cheese [2]. It is closed. Half [1"
    checked = [
        Sentence("Five days move on.", (1,), "supported"),
        Sentence("The moon is cheese.", (2,), "not_found"),
        Sentence("It is closed.", (), "partly"),
    ]
    assert draft_markdown(text, checked) == (
        r"Five days move on\.`1` ~~The moon is cheese\.~~`2` *It is closed\.* Half \[1"
    )
    assert draft_markdown(text, checked[:1]).startswith(r"Five days move on\.`1` The moon is cheese\. It")
    assert draft_markdown("", checked) == ""


def test_what_was_checked_and_reads_otherwise_now_is_shown_as_it_reads() -> None:
    assert draft_markdown("See No. 5 of it", [Sentence("See No.", (1,), "supported")]) == r"See No\. 5 of it"


def test_two_footnotes_stand_apart() -> None:
    (checked,) = [Sentence("Both say so.", (1, 2), "supported")]
    assert draft_markdown("Both say so [1][2]. And", [checked]) == r"Both say so\.`1` `2` And"


def test_lists_headings_and_bold_look_as_they_will() -> None:
    text = "## Leave\nIn **short**, all:\n- five days\n2. ask"
    assert draft_markdown(text, []) == "\n\n".join(
        ["###### Leave", r"In **short**\, all\:", "- five days", "2. ask"]
    )


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://evil.test/a.png)",
        "[here](javascript:alert(1)) <http://evil.test>",
        "<img src=x onerror=alert(1)>",
        ":red[x] :material/home: $x$ `code` ~~x~~ *x* _x_ # x",
        "[r]: http://evil.test",
    ],
)
def test_every_sign_of_hostile_text_is_escaped(text: str) -> None:
    shown = draft_markdown(text, [])
    signs = [at for at, sign in enumerate(shown) if not sign.isalnum() and sign not in " \\\u2060"]
    assert signs
    assert all(shown[at - 1] == "\\" for at in signs)
    assert r"\:\/\/" not in shown, "an address in the open would become a link"


def test_the_count_so_far() -> None:
    assert checked_line([]) == checked_line([Sentence("# Fees", ())]) == ""
    assert checked_line([Sentence("A.", (), "supported")]) == "1 of 1 sentence found"
    assert checked_line([Sentence("A.", (), v) for v in ("supported", "partly", "not_found")]) == (
        "1 of 3 sentences found"
    )
