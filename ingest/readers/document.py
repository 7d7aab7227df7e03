"""Word documents (.docx): paragraphs, headings, numbered lists, tables, text boxes and notes.

Read from the parts themselves, so that content controls, tracked insertions and text boxes are read in
their places. The text is the one that printing would show: insertions in, deletions and hidden text out.

Not covered: headers and footers (the same on every page), comments, charts, text within pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading
from ingest.readers.draft import Blocks, Draft
from ingest.readers.package import DOCX, Package, attribute, local
from ingest.readers.table import table_lines
from ingest.readers.text import UNSEEN, single_page
from ingest.settings import Settings

_DROPPED = frozenset(("del", "moveFrom", "Fallback", "instrText", "delText", "pPr", "rPr", "sdtPr", "ruby"))
_CHARACTERS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}
_NOTES = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}
DEEPEST = 200  # tables within tables


def read_document(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """A .docx file as one page (Word knows page breaks only while it lays out)."""
    with Package.open(path, limits) as package:
        main = package.main_part()
        parts = {kind: part for kind, part in package.relations(main).values() if part in package}
        writer = Writer(
            Styles(package.xml(parts["styles"]) if "styles" in parts else None),
            Numbering(package.xml(parts["numbering"]) if "numbering" in parts else None),
            {kind: _notes(package.xml(parts[kind])) for kind in _NOTES.values() if kind in parts},
        )
        body = package.xml(main).find("{*}body")
        if body is not None:
            writer.blocks_of(body)
            writer.end_list()
        title, made = package.title(), package.made()
    if on_progress:
        on_progress(1, 1)
    return single_page(DOCX, title, writer.draft, limits, made=made)


def _notes(root: Any) -> dict[str, Any]:
    """Note id → its element; separators are no notes."""
    return {attribute(each, "id"): each for each in root if not attribute(each, "type")}


@dataclass(slots=True)
class Style:
    """What a paragraph style says, its own or handed down."""

    level: int = 0  # of the heading, 0 for text
    number: tuple[str, int] | None = None  # (list, its level)


class Styles:
    """Paragraph styles by id. Ids are local ("berschrift1"), names and outline levels are not."""

    def __init__(self, root: Any) -> None:
        self._elements: dict[str, Any] = {}
        self._known: dict[str, Style] = {}
        self._default = ""
        for each in [] if root is None else root.iter("{*}style"):
            if attribute(each, "type") == "paragraph":
                self._elements[attribute(each, "styleId")] = each
                if attribute(each, "default") in ("1", "true"):
                    self._default = attribute(each, "styleId")

    def of(self, style_id: str) -> Style:
        style_id = style_id or self._default
        if style_id not in self._known:
            self._known[style_id] = Style()  # ends circles
            self._known[style_id] = self._read(style_id)
        return self._known[style_id]

    def _read(self, style_id: str) -> Style:
        element = self._elements.get(style_id)
        if element is None:
            return Style()
        name = _value(element, "name").casefold()
        above = _value(element, "basedOn")
        handed = self.of(above) if above else Style()
        if name == "title":
            return Style(1)
        if name.startswith("heading ") and name[8:].isdecimal():
            return Style(min(9, int(name[8:])) or 1, _number(element) or handed.number)
        return Style(_outline(element) or handed.level, _number(element) or handed.number)


def _value(element: Any, name: str) -> str:
    found = element.find(f"{{*}}{name}")
    return "" if found is None else attribute(found, "val")


def _outline(element: Any) -> int:
    """The outline level of a style or paragraph, 1 to 9; 0 for text."""
    found = element.find("{*}pPr/{*}outlineLvl")
    value = "" if found is None else attribute(found, "val")
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _number(element: Any) -> tuple[str, int] | None:
    found = element.find("{*}pPr/{*}numPr")
    if found is None or not _value(found, "numId"):
        return None
    level = _value(found, "ilvl")
    return _value(found, "numId"), min(8, int(level)) if level.isdecimal() else 0


@dataclass(slots=True)
class _Level:
    format: str
    text: str
    start: int


class Numbering:
    """Counts numbered paragraphs as Word does, so that "4.2" stands where people see it."""

    def __init__(self, root: Any) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}  # by abstract list
        self._abstract: dict[str, str] = {}
        self._counts: dict[str, list[int]] = {}
        if root is None:
            return
        for each in root.iter("{*}abstractNum"):
            self._levels[attribute(each, "abstractNumId")] = {
                int(attribute(level, "ilvl", "0")): _Level(
                    _value(level, "numFmt"), _value(level, "lvlText"), int(_value(level, "start") or 1)
                )
                for level in each.iter("{*}lvl")
                if attribute(level, "ilvl", "0").isdecimal() and (_value(level, "start") or "1").isdecimal()
            }
        for each in root.iter("{*}num"):
            self._abstract[attribute(each, "numId")] = _value(each, "abstractNumId")

    def next(self, number: tuple[str, int]) -> str:
        """The mark of the next paragraph of a list: "-", "3.", "4.2", or "" for none."""
        abstract = self._abstract.get(number[0])
        levels = self._levels.get(abstract or "", {})
        at = number[1]
        if abstract is None or at not in levels:
            return ""
        counts = self._counts.setdefault(abstract, [0] * 9)
        level = levels[at]
        counts[at] = counts[at] + 1 if counts[at] else level.start
        counts[at + 1 :] = [0] * (8 - at)
        if level.format == "bullet":
            return "-"
        if level.format == "none":
            return ""
        text = level.text[:40]
        for above in range(at + 1):
            if f"%{above + 1}" in text and above in levels:
                count = counts[above] or levels[above].start
                shape = (
                    levels[above].format
                    if above == at
                    else "decimal"
                    if "." in text
                    else levels[above].format
                )
                text = text.replace(f"%{above + 1}", _counted(count, shape))
        return text.strip()


def _counted(count: int, shape: str) -> str:
    letters = chr(97 + (count - 1) % 26) * (1 + (count - 1) // 26) if 0 < count < 500 else str(count)
    match shape:
        case "lowerLetter":
            return letters
        case "upperLetter":
            return letters.upper()
        case "lowerRoman":
            return _roman(count)
        case "upperRoman":
            return _roman(count).upper()
        case "decimalZero":
            return f"{count:02}"
    return str(count)


def _roman(count: int) -> str:
    if not 0 < count < 4000:
        return str(count)
    found = ""
    for value, mark in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "m cm d cd c xc l xl x ix v iv i".split(),
        strict=True,
    ):
        found += mark * (count // value)
        count %= value
    return found


@dataclass(slots=True)
class _Words:
    """What has been found in a paragraph: its text, and what goes below it."""

    pieces: list[str] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    notes: list[Any] = field(default_factory=list)

    @property
    def text(self) -> str:
        lines = UNSEEN.sub("", "".join(self.pieces)).split("\n")
        return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


class Writer:
    """Walks the body once and writes its blocks to a draft."""

    def __init__(self, styles: Styles, numbering: Numbering, notes: dict[str, dict[str, Any]]) -> None:
        self.draft = Draft()
        self._blocks = Blocks(self.draft)
        self._styles = styles
        self._numbering = numbering
        self._notes = notes
        self._in_list = False
        self._depth = 0

    def blocks_of(self, element: Any) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise RecursionError
        for child in element:
            name = local(child)
            if name == "p":
                self._paragraph(child)
            elif name == "tbl":
                self._table(child)
            elif name and name not in _DROPPED:  # content controls, insertions, and what holds blocks
                self.blocks_of(child)
        self._depth -= 1

    def end_list(self) -> None:
        if self._in_list:
            self._blocks.close_list()
            self._in_list = False

    def _paragraph(self, element: Any) -> None:
        words = _Words()
        self._gather(element, words)
        style = self._styles.of(self._style_id(element))
        level = _outline(element) or style.level
        number = _number(element) or style.number
        text = words.text
        if text:
            mark = self._numbering.next(number) if number and number[0] != "0" else ""
            if level:
                self.end_list()
                text = " ".join(f"{mark.strip('-')} {text}".split())
                self._blocks.put(text)
                self.draft.headings.append(Heading(self.draft.length - len(text), level, text))
            elif number and mark:
                if not self._in_list:
                    self._blocks.open_list()
                    self._in_list = True
                self._blocks.open_item("  " * number[1] + f"{mark} ")
                self._blocks.put(text)
                self._blocks.close_item()
            else:
                self.end_list()
                self._blocks.put(text)
        for box in words.boxes:
            self.blocks_of(box)
        for note in words.notes:
            inside = _Words()
            for paragraph in note.iter("{*}p"):
                self._gather(paragraph, inside)
                inside.pieces.append(" ")
            if inside.text:
                self.end_list()
                self._blocks.put(f"Note: {inside.text}")

    def _style_id(self, element: Any) -> str:
        found = element.find("{*}pPr/{*}pStyle")
        return "" if found is None else attribute(found, "val")

    def _gather(self, element: Any, words: _Words) -> None:
        """The text below `element`, in order."""
        for child in element:
            name = local(child)
            if name == "t":
                words.pieces.append(child.text or "")
            elif name in _CHARACTERS:
                words.pieces.append(_CHARACTERS[name])
            elif name == "txbxContent":
                words.boxes.append(child)
            elif name in _NOTES:
                note = self._notes.get(_NOTES[name], {}).get(attribute(child, "id"))
                if note is not None:
                    words.notes.append(note)
            elif name == "r" and _hidden(child):
                continue
            elif name == "ruby":  # the reading aid is left out, what it helps to read is not
                for base in child.iter("{*}rubyBase"):
                    self._gather(base, words)
            elif name and name not in _DROPPED:
                self._gather(child, words)

    def _table(self, element: Any) -> None:
        self.end_list()
        rows: list[list[str]] = []
        headed: bool | None = None
        single = True
        for row in _rows(element):
            cells: list[str] = []
            for cell in _cells(row):
                properties = cell.find("{*}tcPr")
                merged = properties is not None and properties.find("{*}vMerge")
                text = self._cell(cell)
                if merged is not None and merged is not False and attribute(merged, "val") != "restart":
                    text = rows[-1][len(cells)] if rows and len(cells) < len(rows[-1]) else text
                span = _value(properties, "gridSpan") if properties is not None else ""
                cells.append(text)
                cells += [""] * (min(200, int(span)) - 1 if span.isdecimal() else 0)
                single = single and len(cells) < 2
            if not rows and row.find("{*}trPr/{*}tblHeader") is not None:
                headed = True
            rows.append(cells)
        if single:  # a frame around text
            for row in _rows(element):
                for cell in _cells(row):
                    self.blocks_of(cell)
            self.end_list()
            return
        lines = table_lines(rows, headed)
        if lines:
            self._blocks.put("\n".join(lines))

    def _cell(self, cell: Any) -> str:
        """A cell's text on one line, tables within it included."""
        words = _Words()
        for paragraph in cell.iter("{*}p"):
            self._gather(paragraph, words)
            words.pieces.append(" ")
        for box in words.boxes:
            self._gather(box, words)
        return " ".join(words.text.split())


def _hidden(run: Any) -> bool:
    found = run.find("{*}rPr/{*}vanish")
    return found is not None and attribute(found, "val", "1") not in ("0", "false")


def _rows(table: Any) -> Iterator[Any]:
    yield from _inside(table, "tr")


def _cells(row: Any) -> Iterator[Any]:
    yield from _inside(row, "tc")


def _inside(element: Any, name: str) -> Iterator[Any]:
    """Children called `name`, also where content controls or tracked insertions stand around them."""
    for child in element:
        if local(child) == name:
            yield child
        elif local(child) in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _inside(child, name)
