"""The inside of a workbook (.xlsx): its sheets, and their rows as cells with the texts that people see.

Not covered: charts, comments and pictures on sheets; merged cells count as their first cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ingest.readers.grid import Cells, column_of, one_line
from ingest.readers.number_format import BUILT_IN_FORMATS, shown


class Workbook:
    """The sheets of a workbook and what their cells refer to: shared texts and number formats."""

    def __init__(self, package: Any) -> None:
        from ingest.readers.package import attribute, local

        self._package = package
        main = package.main_part()
        root = package.xml(main)
        parts = package.relations(main)
        properties = root.find("{*}workbookPr")
        flag = "" if properties is None else properties.get("date1904", "")
        self._epoch = datetime(1904, 1, 1) if flag in ("1", "true") else datetime(1899, 12, 30)
        self.sheets: list[tuple[str, str]] = []  # (name, part)
        self.locked_away: list[str] = []  # sheets that only a program can show
        for sheet in root.iter("{*}sheet"):
            kind, part = parts.get(
                next((v for k, v in sheet.attrib.items() if k.endswith("}id")), ""), ("", "")
            )
            name = one_line(sheet.get("name", ""))[:100]
            if sheet.get("state") == "veryHidden":
                self.locked_away.append(name)
            elif kind == "worksheet" and part in package:
                self.sheets.append((name, part))
        by_kind = dict(parts.values())
        self._texts: list[str] = []
        if by_kind.get("sharedStrings") in package:
            for item in self._elements(by_kind["sharedStrings"], "si"):
                self._texts.append(rich_text(item))
        self._formats: list[str] = []
        if by_kind.get("styles") in package:
            styles = package.xml(by_kind["styles"])
            own = {each.get("numFmtId"): each.get("formatCode", "") for each in styles.iter("{*}numFmt")}
            formats = styles.find("{*}cellXfs")
            for each in [] if formats is None else formats:
                if local(each) == "xf":
                    code = attribute(each, "numFmtId", "0")
                    self._formats.append(own.get(code) or BUILT_IN_FORMATS.get(code, ""))

    def _elements(self, part: str, name: str) -> Iterator[Any]:
        """Elements called `name` of a part, one after the other; memory holds one at a time."""
        from lxml import etree

        with self._package.stream(part) as stream:
            found = etree.iterparse(
                stream, tag=f"{{*}}{name}", resolve_entities=False, no_network=True, huge_tree=False
            )
            for _, element in found:
                yield element
                element.clear(keep_tail=False)
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]

    def rows(self, part: str) -> Iterator[tuple[int, Cells, int]]:
        """(row, its filled cells, formulas without result) of a sheet; rows count from 1."""
        last = 0
        for element in self._elements(part, "row"):
            last = _whole(element.get("r")) or last + 1
            cells: Cells = {}
            without = 0
            column = -1
            for cell in element.iter("{*}c"):
                named = column_of(cell.get("r", ""))
                column = column + 1 if named is None else named
                text = self._text(cell)
                if text:
                    cells[column] = text
                elif cell.find("{*}f") is not None and cell.get("t") != "str":
                    without += 1
            yield last, dict(sorted(cells.items())), without

    def _text(self, cell: Any) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = cell.find("{*}is")
            return one_line(rich_text(inline)) if inline is not None else ""
        value = next(((child.text or "").strip() for child in cell if str(child.tag).endswith("}v")), "")
        if not value:
            return ""
        if kind == "s":
            at = _whole(value)
            return one_line(self._texts[at]) if at < len(self._texts) else ""
        if kind == "b":
            return "yes" if value == "1" else "no"
        if kind in ("str", "e", "d"):
            return one_line(value)
        style = _whole(cell.get("s"))
        return shown(value, self._formats[style] if style < len(self._formats) else "", self._epoch)


def rich_text(item: Any) -> str:
    """The text of a shared or inline string: its parts together, without reading aids (phonetics)."""
    return "".join(
        part.text or "" for part in item.iter("{*}t") if not str(part.getparent().tag).endswith("}rPh")
    )


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,9}", text) else 0
