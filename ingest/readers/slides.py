"""Presentations (.pptx): a slide is a page, with its title, texts, tables, charts and speaker notes.

Not covered: text within pictures, animations, comments, the master's texts (the same on every slide).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading, Page, PageReceipt, PageState, Receipt
from ingest.readers.draft import Blocks, Draft
from ingest.readers.package import PPTX, Package, attribute, local
from ingest.readers.table import table_lines
from ingest.readers.text import UNSEEN
from ingest.settings import Settings

NOTES_MARK = "Speaker notes:"
_TITLES = ("title", "ctrTitle")
_FRAME = ("ftr", "hdr", "dt", "sldNum", "sldImg")  # placeholders that are the same on every slide
_UNTITLED = ("", "powerpoint presentation", "powerpoint-präsentation", "présentation powerpoint")


def read_slides(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """A .pptx file; page numbers are slide numbers, hidden slides count."""
    with Package.open(path, limits) as package:
        main = package.main_part()
        parts = package.relations(main)
        shown = [
            parts.get(
                next((value for key, value in each.attrib.items() if key.endswith("}id")), ""), ("", "")
            )[1]
            for each in package.xml(main).iter("{*}sldId")
        ]
        shown = [part for part in shown if part in package]
        if len(shown) > limits.max_pages:
            raise Unreadable(
                f"This presentation has {len(shown):,} slides; at most {limits.max_pages:,} are read. Split it, or raise "
                "FOOTNOTE_MAX_PAGES."
            )
        pages: list[Page] = []
        for number, part in enumerate(shown, 1):
            pages.append(Slide(package, part).write().page(number))
            if sum(len(page.text) for page in pages) > limits.max_characters:
                raise Unreadable(
                    f"This presentation has more than {limits.max_characters:,} characters. Split it, or raise "
                    "FOOTNOTE_MAX_CHARACTERS."
                )
            if on_progress:
                on_progress(number, len(shown))
        title, made = package.title(), package.made()
    if not any(page.text for page in pages):
        raise Unreadable(
            "There is no text on any slide. If the slides are pictures, save them as PDF and add that."
        )
    if title.casefold() in _UNTITLED:
        title = next((page.headings[0].text for page in pages if page.headings), "")
    receipts = tuple(
        PageReceipt(page.number, PageState.READ if page.text else PageState.EMPTY, len(page.text))
        for page in pages
    )
    return FileText(PPTX, title, True, tuple(pages), Receipt(receipts, 0.0), made=made)


class Slide:
    """Writes one slide to a draft: title first, then the shapes in their order, then the notes."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._root = package.xml(part)
        self._parts = package.relations(part)
        self._draft = Draft()
        self._blocks = Blocks(self._draft)

    def write(self) -> Draft:
        tree = self._root.find("{*}cSld/{*}spTree")
        shapes = [] if tree is None else list(tree)
        title = next((shape for shape in shapes if _placeholder(shape) in _TITLES), None)
        if title is not None:
            text = " ".join(" ".join(words for _, words in _paragraphs(title)).split())
            if text:
                self._blocks.put(text)
                self._draft.headings.append(Heading(0, 1, text))
        for shape in shapes:
            if shape is not title:
                self._shape(shape, 0)
        for kind, part in self._parts.values():
            if kind == "notesSlide" and part in self._package:
                self._notes(self._package.xml(part))
        return self._draft

    def _shape(self, shape: Any, depth: int) -> None:
        if depth > 50:
            raise RecursionError
        name = local(shape)
        if name in ("sp", "cxnSp"):
            if _placeholder(shape) not in _FRAME:
                self._text(shape)
        elif name == "grpSp":
            for child in shape:
                self._shape(child, depth + 1)
        elif name == "AlternateContent":
            for choice in list(shape)[:1]:
                for child in choice:
                    self._shape(child, depth + 1)
        elif name == "pic":
            described = next((attribute(each, "descr") for each in shape.iter("{*}cNvPr")), "")
            if described.strip():
                self._blocks.put(f"Picture: {_line(described)}")
        elif name == "graphicFrame":
            for table in shape.iter("{*}tbl"):
                self._table(table)
            for data in shape.iter("{*}graphicData"):
                for child in data:
                    self._reference(child)

    def _text(self, shape: Any) -> None:
        found = _paragraphs(shape)
        listed = len(found) > 1 and _placeholder(shape) in ("body", "obj", "other")
        if listed:
            self._blocks.open_list()
        for level, text in found:
            if listed:
                self._blocks.open_item("  " * level + "- ")
                self._blocks.put(text)
                self._blocks.close_item()
            else:
                self._blocks.put(text)
        if listed:
            self._blocks.close_list()

    def _table(self, table: Any) -> None:
        rows: list[list[str]] = []
        for row in table.iter("{*}tr"):
            cells: list[str] = []
            for cell in row.iterchildren("{*}tc"):
                text = " ".join(words for _, words in _paragraphs(cell))
                above = rows[-1][len(cells)] if rows and len(cells) < len(rows[-1]) else ""
                cells.append(above if cell.get("vMerge") in ("1", "true") else text)
            rows.append(cells)
        properties = table.find("{*}tblPr")
        marked = properties is not None and properties.get("firstRow") in ("1", "true")
        # PowerPoint marks every new table so; with two columns the rows must speak for it, too
        headed = True if marked and rows and len(rows[0]) > 2 else None
        lines = table_lines(rows, headed)
        if lines:
            self._blocks.put("\n".join(lines))

    def _reference(self, element: Any) -> None:
        """A chart or diagram, which is a part of its own."""
        wanted = {"chart": "id", "relIds": "dm"}.get(local(element))
        kind, part = self._parts.get(attribute(element, wanted), ("", "")) if wanted else ("", "")
        if part not in self._package:
            return
        if kind == "chart":
            self._blocks_of_chart(self._package.xml(part))
        elif kind == "diagramData":
            for point in self._package.xml(part).iter("{*}pt"):
                for _, text in _paragraphs(point):
                    self._blocks.put(text)

    def _blocks_of_chart(self, root: Any) -> None:
        """A chart as the table it is drawn from."""
        for title in root.iter("{*}title"):
            texts = [text for _, text in _paragraphs(title)]
            if texts:
                self._blocks.put(f"Chart: {' '.join(texts)}")
        series = list(root.iter("{*}ser"))
        names = [" ".join(_points(one.find("{*}tx")).values()) or "Value" for one in series]
        columns = [_points(one.find("{*}val")) or _points(one.find("{*}yVal")) for one in series]
        labels: dict[int, str] = {}
        for one in series:
            labels |= _points(one.find("{*}cat")) or _points(one.find("{*}xVal"))
        places = sorted(set(labels).union(*columns)) if columns else []
        rows = [[labels.get(at, ""), *(column.get(at, "") for column in columns)] for at in places]
        lines = table_lines([["", *names], *rows], True) if rows else []
        if lines:
            self._blocks.put("\n".join(lines))

    def _notes(self, root: Any) -> None:
        texts = [
            text
            for shape in root.iter("{*}sp")
            if _placeholder(shape) == "body"
            for _, text in _paragraphs(shape)
        ]
        if texts:
            self._blocks.put("\n".join([f"{NOTES_MARK} {texts[0]}", *texts[1:]]))


def _points(element: Any) -> dict[int, str]:
    """The cached points of a chart's series: place → value."""
    if element is None:
        return {}
    return {
        int(point.get("idx")): _line(point.findtext("{*}v") or "")
        for point in element.iter("{*}pt")
        if (point.get("idx") or "").isdecimal()
    }


def _placeholder(shape: Any) -> str:
    """What a placeholder is for; "other" for one that doesn't say, "" for a shape that is none."""
    found = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return "" if found is None else found.get("type") or "other"


def _paragraphs(shape: Any) -> list[tuple[int, str]]:
    """(level, text) of the paragraphs of a shape, cell or title; empty ones are left out."""
    found: list[tuple[int, str]] = []
    for paragraph in shape.iter(
        "{http://schemas.openxmlformats.org/drawingml/2006/main}p",
        "{http://purl.oclc.org/ooxml/drawingml/main}p",
    ):
        pieces: list[str] = []
        for child in paragraph.iter():
            if local(child) == "t":
                pieces.append(child.text or "")
            elif local(child) in ("br", "tab"):
                pieces.append(" ")
        text = _line("".join(pieces))
        if text:
            properties = paragraph.find("{*}pPr")
            level = "0" if properties is None else properties.get("lvl", "0")
            found.append((int(level) if level.isdecimal() and len(level) == 1 else 0, text))
    return found


def _line(text: str) -> str:
    return " ".join(UNSEEN.sub("", text).split())
