from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import Unreadable
from ingest.model.pages import FileText, Heading
from ingest.readers import read
from ingest.settings import Settings


def read_html(tmp_path: Path, html: str | bytes) -> FileText:
    path = tmp_path / "a.html"
    path.write_bytes(html if isinstance(html, bytes) else html.encode())
    return read(path, "a.html", Settings())


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>One\n <b>two</b>\n&amp; <a href=x>three</a></p><p>four</p>", "One two & three\n\nfour"),
        ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc"),
        ("x<br>y", "x\ny"),
        ("<ul><li>a<li>b<ol start=3><li>c</li><li>d</ol></ul><p>e", "- a\n- b\n  3. c\n  4. d\n\ne"),
        ("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>", "- a\n  b\n- c"),
        ("<table><tr><td>1<td>2</tr><thead><tr><th>A<th>B</tr></thead></table>", "A, B: 1 | 2"),
        ("<table><tr><td>a<td>b</tr><tr><td>c<td>d</tr></table>", "a | b\nc | d"),
        ("<div id=top-menu><a>One</a> <a>Two</a></div><p>text", "text"),
        ("<div class=menu>Soup of the day, bread and <a>salad</a></div>", "Soup of the day, bread and salad"),
        ("<table><tr><td><p>layout</p></td></tr></table>", "layout"),
        ("<pre>a\n  b\n</pre>", "a\n  b"),
        ("<p><img alt='A chart' src=x> here</p>", "A chart here"),
        ("a<script>x()</script><style>p{}</style><noscript>no</noscript><!-- c -->b", "ab"),
        ("<nav>menu</nav><header>site</header><p>text</p><footer>©</footer>", "text"),
        ("<p hidden>x</p><p style='display: none'>y</p><div role=navigation>z</div><p>seen</p>", "seen"),
        ("<p>long main text " * 5 + "<aside>advert</aside>", "\n\n".join(["long main text"] * 5)),
        ("<article><header><h2>Kept</h2></header>text</article>", "Kept\n\ntext"),
        ("<header><h1>Title kept</h1></header><p>text", "Title kept\n\ntext"),
        ("<dl><dt>T</dt><dd>D</dd></dl>", "T\n\nD"),
        ("a\u200bb\x01", "ab"),
    ],
)
def test_text(tmp_path: Path, body: str, text: str) -> None:
    assert read_html(tmp_path, f"<html><body>{body}</body></html>").pages[0].text == text


def test_main_is_preferred_when_it_is_most_of_the_page(tmp_path: Path) -> None:
    page = "<div>Subscribe now</div><main><p>{}</p></main><div>Related</div>"
    assert read_html(tmp_path, page.format("The text. " * 20)).pages[0].text == ("The text. " * 20).strip()
    assert "Subscribe" in read_html(tmp_path, page.format("x")).pages[0].text


def test_title_and_headings(tmp_path: Path) -> None:
    found = read_html(tmp_path, "<title>The\n page</title><h1>One <i>two</i></h1><p>t<h3>Deep</h3>")
    assert found.title == "The page"
    assert found.pages[0].headings == (Heading(0, 1, "One two"), Heading(12, 3, "Deep"))
    for heading in found.pages[0].headings:
        assert found.pages[0].text.startswith(heading.text, heading.start)
    assert read_html(tmp_path, "<h2>Only heading</h2>x").title == "Only heading"


def test_declared_encoding(tmp_path: Path) -> None:
    html = '<meta charset="shift_jis"><p>日本語の文章</p>'
    assert read_html(tmp_path, html.encode("shift_jis")).pages[0].text == "日本語の文章"
    wrong = '<meta charset="iso-8859-1"><p>Grüße – “ok”</p>'.encode()
    assert read_html(tmp_path, wrong).pages[0].text == "Grüße – “ok”"  # valid UTF-8 is UTF-8


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no text"):
        read_html(tmp_path, "<html><script>render()</script></html>")


def test_deep_nesting_ends_in_words(tmp_path: Path) -> None:
    """lxml gives up at some depth and what is above it is read, or we do and say so."""
    before = "<p>Above</p>" + "<div>" * 20_000 + "deep"
    try:
        found = read_html(tmp_path, before).pages[0].text
    except Unreadable as error:
        found = str(error)
    assert found.startswith("Above") or "nested too deeply" in found
