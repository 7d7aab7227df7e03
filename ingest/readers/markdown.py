"""Markdown: its blocks as clean text, walked token by token, mapped back to the source.

CommonMark with tables and strikethrough. Liquid tags ({% … %}) stay as they are.
Not covered: footnote and definition-list dialects; their text is kept as ordinary paragraphs.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading
from ingest.readers.draft import Blocks, Draft
from ingest.readers.table import BETWEEN_CELLS, row_lead
from ingest.readers.text import UNSEEN, decode, single_page
from ingest.settings import Settings
from ingest.text.dating import day_of

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(?P<title>.+?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_DAY = re.compile(
    r"^(?:date|updated|modified|last[_-]?(?:updated|modified))[ \t]*:[ \t]*[\"']?(?P<day>.+?)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BREAK = re.compile(r"(?i)<(br|/p|/div|/li|/tr)\b")
_IMAGE = re.compile(r"""(?i)<img\b[^>]*?\balt\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""")


def read_markdown(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An .md file as one page; its title is the front matter's, else its first heading."""
    text, warning = decode(path.read_bytes())
    title, draft = clean(text)
    if on_progress:
        on_progress(1, 1)
    return single_page("text/markdown", title, draft, limits, (warning,) if warning else (), made(text))


def made(text: str) -> str:
    """The latest day that the front matter names for the text, or ""."""
    front = _FRONT_MATTER.match(text.lstrip("\ufeff"))
    fields = (front["fields"] if front else "") or ""
    return max((day_of(match["day"]) for match in _DAY.finditer(fields)), default="")


def clean(text: str) -> tuple[str, Draft]:
    """(the front matter's title or "", the readable text mapped to characters of `text`)."""
    source = Source(text)
    title, body_line = "", 0
    front = _FRONT_MATTER.match(source.text)
    body = source.text
    if front and re.search(r"^[\w-]+[ \t]*:", front["fields"] or "", re.MULTILINE):
        found = _TITLE.search(front["fields"])
        title = found["title"].strip("\"' ") if found else ""
        body_line = front.group().count("\n")
        body = source.text[front.end() :]
    tokens = _parser().parse(body)
    walk = Walk(source, body_line)
    walk.blocks_of(tokens)
    return " ".join(UNSEEN.sub("", title).split())[:300], walk.draft


def _parser() -> MarkdownIt:
    # Without text_join escapes and entities stay tokens of their own, which keeps their place in the source.
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")


class Source:
    """The file's text with line ends as \\n, as the parser sees it, and where its lines begin."""

    def __init__(self, text: str) -> None:
        self.has_returns = "\r" in text  # then places in `text` are not those in the file
        self.text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
        self.lines = [0, *(match.end() for match in re.finditer("\n", self.text)), len(self.text)]
        self._returns: list[int] | None = None
        self._original = text

    def line_start(self, line: int) -> int:
        return self.lines[min(line, len(self.lines) - 1)]

    def place(self, offset: int) -> int:
        """Offset in the file's own text of `offset` in `text`."""
        if not self.has_returns:
            return offset
        if self._returns is None:
            # places in `text` of line ends that take two characters in the file
            self._returns = [
                match.start() - number for number, match in enumerate(re.finditer("\r\n", self._original))
            ]
        return offset + bisect_left(self._returns, offset)


class Walk:
    """Writes tokens to a draft, block by block."""

    def __init__(self, source: Source, body_line: int) -> None:
        self.source = source
        self.body_line = body_line
        self.draft = Draft()
        self.blocks = Blocks(self.draft)
        self.cursor = 0  # in the source: everything before it has been written
        self.stop = 0  # where the block in hand ends there

    def blocks_of(self, tokens: list[Token]) -> None:
        numbers: list[int | None] = []  # of the lists around: the next item's, None in bulleted ones
        level = 0  # of the heading in hand
        names: list[str] = []  # of the columns of the table in hand
        filled: list[int] = []  # columns of the row in hand whose cells are not empty
        part = ""  # of the table in hand: "head", "body"
        column = 0
        for index, token in enumerate(tokens):
            self.enter(token)
            match token.type:
                case "heading_open":
                    level = int(token.tag[1])
                case "heading_close":
                    level = 0
                case "bullet_list_open" | "ordered_list_open":
                    numbers.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
                    self.blocks.open_list()
                case "bullet_list_close" | "ordered_list_close":
                    numbers.pop()
                    self.blocks.close_list()
                case "list_item_open":
                    number = numbers[-1]
                    self.blocks.open_item("- " if number is None else f"{number}. ")
                    numbers[-1] = None if number is None else number + 1
                case "list_item_close":
                    self.blocks.close_item()
                case "thead_open":
                    part, names = "head", []
                case "thead_close":
                    if tokens[index + 1].type != "tbody_open":
                        self.blocks.put(" | ".join(names))
                case "tbody_open":
                    part = "body"
                    self.blocks.begin()
                case "table_close":
                    part = ""
                case "tr_open" if part == "body":
                    filled = filled_cells(tokens[index:])
                    if filled and tokens[index - 1].type != "tbody_open":
                        self.blocks.new_line()
                    self.draft.add(row_lead(dict(enumerate(names)), filled))
                    column = -1
                case "td_open":
                    column += 1
                case "inline" if part == "head":
                    names.append(plain(token.children or []))
                case "inline" if part == "body":
                    if column in filled:
                        self.draft.add(BETWEEN_CELLS if column != filled[0] else "")
                        self.inline(token.children or [])
                case "inline":
                    if visible(token.children or []):
                        self.blocks.begin()
                        start = self.draft.length
                        self.inline(token.children or [])
                        if level:
                            text = " ".join(self.draft.text_from(start).split())
                            self.draft.headings.append(Heading(start, level, text))
                case "fence" | "code_block":
                    self.code(token.content)
                case "html_block":
                    self.html(token.content)

    def enter(self, token: Token) -> None:
        """Move to the lines of the source where `token` stands."""
        if token.map:
            self.cursor = max(self.cursor, self.source.line_start(self.body_line + token.map[0]))
            self.stop = self.source.line_start(self.body_line + token.map[1])

    def write(self, text: str, written: str = "") -> None:
        """Write `text`, mapped to the place where it (or `written`, its form in the source) stands next."""
        found = self.source.text.find(written or text, self.cursor, self.stop)
        if found < 0 or not text:
            self.draft.add(UNSEEN.sub("", text))
            return
        self.cursor = found + len(written or text)
        if written or UNSEEN.search(text):
            self.draft.replace(UNSEEN.sub("", text), self.source.place(found))
        else:
            self.draft.keep(text, self.source.place(found))

    def inline(self, tokens: list[Token]) -> None:
        for token in tokens:
            match token.type:
                case "text" | "code_inline":
                    self.write(token.content)
                case "text_special":
                    self.write(token.content, token.markup)
                case "softbreak":
                    self.write(" ", "\n")
                case "hardbreak":
                    self.blocks.new_line()
                case "image":
                    self.inline(token.children or [])
                case "html_inline":
                    image = _IMAGE.search(token.content)
                    if image:
                        self.write(image["double"] or image["single"] or "")
                    elif _BREAK.match(token.content):
                        self.blocks.new_line()

    def code(self, content: str) -> None:
        lines = content.rstrip().split("\n")
        if not content.strip():
            return
        self.blocks.begin()
        for number, line in enumerate(lines):
            if number:
                self.blocks.new_line()
            self.write(line.rstrip())

    def html(self, content: str) -> None:
        content = _COMMENT.sub("", content)
        if re.sub(r"<[^>]*>", "", content).strip() or _IMAGE.search(content):
            from ingest.readers.web import write_fragment

            write_fragment(content, self.blocks)


def filled_cells(tokens: list[Token]) -> list[int]:
    """The columns, from 0, of the cells that show anything in the table row that `tokens` begin with."""
    column = -1
    found: list[int] = []
    for token in tokens:
        if token.type == "td_open":
            column += 1
        elif token.type == "inline" and visible(token.children or []):
            found.append(column)
        elif token.type == "tr_close":
            break
    return found


def plain(tokens: list[Token]) -> str:
    """The text of a heading cell, without its markup."""
    words = (
        plain(token.children)
        if token.children
        else " "
        if token.type in ("softbreak", "hardbreak")
        else token.content
        for token in tokens
        if token.type != "html_inline"
    )
    return " ".join(UNSEEN.sub("", "".join(words)).split())


def visible(tokens: list[Token]) -> bool:
    """Whether a paragraph shows anything: not when it holds only markup, such as a comment."""
    return any(
        token.content.strip() if token.type in ("text", "code_inline", "text_special")
        else visible(token.children or []) if token.type == "image"
        else bool(_IMAGE.search(token.content)) if token.type == "html_inline" else False
        for token in tokens
    )  # fmt: skip
