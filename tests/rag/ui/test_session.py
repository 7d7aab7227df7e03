"""Text that is not ours never becomes Markdown."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from rag.ui.session import plain

HOSTILE = [
    "![x](http://example.org/p.png)", "[a](javascript:alert(1))", "<img src=x onerror=alert(1)>",
    "**bold** _it_ ~~no~~ `code`", "http://example.org?q=1", "www.example.org", "a@example.org",
    ":material/delete: :red[x] $x^2$", "# heading", "1. item", "- item", "> quote", "a\\*b", "&lt;b&gt;", "[^1]",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_signs_stand_for_themselves(text: str) -> None:
    html = MarkdownIt().render(plain(text))
    expected = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert html.replace("\u2060", "") == f"<p>{expected}</p>\n"
    # The page makes links of these after it has read the escapes (GFM's literal autolinks).
    assert not re.search(r"https?://|www\.|[\w.+-]@\w", html)


def test_several_lines_become_one() -> None:
    assert plain("a\n\n  b") == "a b"
