"""HTML: the readable part of a web page as paragraphs, lists, tables and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading
from ingest.readers.draft import Blocks, Draft
from ingest.readers.table import table_lines
from ingest.readers.text import UNSEEN, decode, single_page
from ingest.settings import Settings
from ingest.text.dating import day_of

_DROPPED = frozenset(
    """script style noscript template head nav form button select textarea input svg math iframe object embed
    canvas audio video dialog""".split()
)
_EDGES = frozenset(("header", "footer", "aside"))  # of the site; inside an article they belong to the text
_BOILERPLATE_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "complementary", "menu"))
_BLOCKS = frozenset(
    """address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer
    header hgroup html legend main p section summary""".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TITLES = ["h1", "h2"]  # what holds one is no menu
_MADE = (
    "article:modified_time",
    "og:updated_time",
    "last-modified",
    "dcterms.modified",
    "article:published_time",
    "date",
)
_MENU = re.compile(r"(?i)\b(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|footer|cookies?|toc)\b")
MENU_LINK_SHARE = 0.7  # of the letters of what is called a menu
_CHARSET = re.compile(rb"""(?i)<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{2,40})""")


def read_web(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An .html file as one page."""
    text, warning = decode_html(path.read_bytes())
    soup = BeautifulSoup(text, "lxml")
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    root = main_part(soup)
    draft = Draft()
    Writer(Blocks(draft)).write(root)
    if on_progress:
        on_progress(1, 1)
    return single_page("text/html", title[:300], draft, limits, (warning,) if warning else (), _made(soup))


def _made(soup: BeautifulSoup) -> str:
    """The day of the page's last change that its head names, or ""."""
    named = {str(each.get("property") or each.get("name")).lower(): each for each in soup.find_all("meta")}
    told = (day_of(str(named[name].get("content") or "")) for name in _MADE if name in named)
    return next(filter(None, told), "")


def decode_html(data: bytes) -> tuple[str, str]:
    """(text, warning): valid UTF-8 is UTF-8, else what the page declares, else a guess."""
    declared = _CHARSET.search(data[:4096])
    if declared:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            try:
                return data.decode(declared[1].decode("ascii"), errors="replace"), ""
            except LookupError:
                pass  # an encoding nobody knows: guess, as if none were declared
    return decode(data)


def write_fragment(html: str, blocks: Blocks) -> None:
    """Write the readable text of a piece of HTML, as Markdown may hold it."""
    soup = BeautifulSoup(html, "lxml")
    if soup.body is not None:
        Writer(blocks).write(soup.body)


def main_part(soup: BeautifulSoup) -> Tag:
    """<main> (or the only <article>) when it holds at least half of the page's text, else the body."""
    body = soup.body or soup
    parts = soup.select("main, [role=main]") or soup.select("article")
    if len(parts) == 1:
        share = len(parts[0].get_text(" ", strip=True)) / max(1, _length(body))
        if share >= 0.5:
            return parts[0]
    return body


def _length(body: Tag) -> int:
    return sum(
        len(string.strip())
        for string in body.strings
        if not any(parent.name in _DROPPED or parent.name in _EDGES for parent in string.parents)
    )


class Writer:
    """Walks the tree once and writes paragraphs, headings, list items and table rows."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.draft = blocks.draft
        self.words: list[str] = []  # of the paragraph being gathered

    def write(self, root: Tag) -> None:
        self._children(root, in_article=root.name not in ("body", "[document]"))
        self.end_paragraph()

    def end_paragraph(self) -> None:
        """Write what has been gathered as a paragraph."""
        text = fold("".join(self.words))
        self.words.clear()
        if text:
            self.blocks.put(text)

    def _children(self, tag: Tag, in_article: bool) -> None:
        for child in tag.children:
            if isinstance(child, Tag):
                self._tag(child, in_article)
            elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
                self.words.append(re.sub(r"\s+", " ", str(child)))

    def _tag(self, tag: Tag, in_article: bool) -> None:
        name = tag.name
        if name in _DROPPED or is_boilerplate(tag, in_article):
            return
        in_article = in_article or name in ("article", "main")
        if name in _HEADINGS:
            self._heading(tag, _HEADINGS[name])
        elif name == "br":
            self.words.append("\n")
        elif name == "hr":
            self.end_paragraph()
        elif name == "img":
            alt = str(tag.get("alt") or "").strip()
            self.words.append(f" {alt} " if alt else "")
        elif name == "pre":
            self.end_paragraph()
            code = UNSEEN.sub("", tag.get_text()).strip("\n").rstrip()
            if code.strip():
                self.blocks.put("\n".join(line.rstrip() for line in code.split("\n")))
        elif name in ("ul", "ol", "menu"):
            self._list(tag, in_article)
        elif name == "table":
            self._table(tag, in_article)
        elif name in _BLOCKS or name == "li":
            self.end_paragraph()
            self._children(tag, in_article)
            self.end_paragraph()
        else:
            self._children(tag, in_article)

    def _heading(self, tag: Tag, level: int) -> None:
        self.end_paragraph()
        text = " ".join(fold(_text_with_alt(tag)).split())
        if text:
            self.blocks.put(text)
            self.draft.headings.append(Heading(self.draft.length - len(text), level, text))

    def _list(self, tag: Tag, in_article: bool) -> None:
        self.end_paragraph()
        self.blocks.open_list()
        number = _number(tag.get("start"))
        for child in tag.children:
            if not isinstance(child, Tag):
                continue
            if child.name != "li":
                self._tag(child, in_article)
                continue
            self.blocks.open_item(f"{number}. " if tag.name == "ol" else "- ")
            self._children(child, in_article)
            self.end_paragraph()
            self.blocks.close_item()
            number += 1
        self.blocks.close_list()

    def _table(self, tag: Tag, in_article: bool) -> None:
        self.end_paragraph()
        rows = list(table_rows(tag))
        if tag.find("table") or not rows or max(len(row) for row in rows) < 2:  # a layout table
            for part in tag.find_all(("caption", "td", "th")):
                if part.find_parent("table") is tag:
                    self._children(part, in_article)
                    self.end_paragraph()
            return
        caption = tag.find("caption")
        if isinstance(caption, Tag):
            self.words.append(_text_with_alt(caption))
            self.end_paragraph()
        first = next(row for row in tag.find_all("tr") if row.find_parent("table") is tag)
        marked = tag.find("thead") is not None or not first.find_all("td", recursive=False)
        lines = table_lines(rows, marked or None)
        self.blocks.put("\n".join(lines))


def table_rows(table: Tag) -> Iterator[list[str]]:
    """The table's rows as cells on one line each, header rows first; empty rows are left out."""
    rows = [row for row in table.find_all("tr") if row.find_parent("table") is table]
    rows.sort(key=lambda row: 0 if row.find_parent("thead") else 2 if row.find_parent("tfoot") else 1)
    for row in rows:
        cells = [
            " ".join(fold(_text_with_alt(cell)).split())
            for cell in row.find_all(("td", "th"), recursive=False)
        ]
        if any(cells):
            yield cells


def is_boilerplate(tag: Tag, in_article: bool) -> bool:
    """Whether `tag` is the site's frame (menus, banner, footer) or hidden, not the page's text."""
    if tag.has_attr("hidden") or tag.get("aria-hidden") == "true":
        return tag.name != "body"
    style = str(tag.get("style") or "").replace(" ", "").lower()
    if "display:none" in style or "visibility:hidden" in style:
        return True
    if str(tag.get("role") or "").lower() in _BOILERPLATE_ROLES:
        return True
    if tag.name in _EDGES:
        return not in_article and tag.find("h1") is None
    return tag.name in ("div", "ul", "ol", "section", "table") and is_menu(tag)


def is_menu(tag: Tag) -> bool:
    """Whether `tag` is called a menu (class or id) and is made of links."""
    called = " ".join(str(each) for name in ("class", "id") for each in tag.get_attribute_list(name) if each)
    if not _MENU.search(called.replace("_", "-")) or tag.find(_TITLES) is not None:
        return False
    letters = len("".join(tag.get_text().split()))
    linked = sum(len("".join(link.get_text().split())) for link in tag.find_all("a"))
    return linked >= MENU_LINK_SHARE * max(1, letters)


def _text_with_alt(tag: Tag) -> str:
    """Text of `tag` in one go: pictures as their alt text, breaks as line breaks, blocks set apart."""
    words: list[str] = []
    for item in tag.descendants:
        if isinstance(item, Tag):
            if item.name == "img":
                words.append(f" {item.get('alt') or ''} ")
            elif item.name == "br" or item.name in _BLOCKS or item.name in ("li", "tr", "td"):
                words.append("\n")
        elif type(item) is NavigableString and not any(
            parent.name in _DROPPED for parent in item.parents if parent is not tag
        ):
            words.append(re.sub(r"\s+", " ", str(item)))
    return "".join(words)


def fold(text: str) -> str:
    """Blanks as single spaces, lines trimmed, empty lines and invisible characters dropped."""
    lines = (" ".join(line.split()) for line in UNSEEN.sub("", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _number(start: object) -> int:
    text = str(start or "1")
    return int(text) if re.fullmatch(r"-?\d{1,6}", text) else 1
