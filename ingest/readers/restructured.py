"""reStructuredText (.rst): sections, lists and tables, by docutils.

Nothing is included, fetched or run. Directives and roles that docutils does not know (Sphinx has many)
give their content as text; those that only name other files (toctree, automodule) give none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en

from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading
from ingest.readers.draft import Blocks, Draft
from ingest.readers.table import table_lines
from ingest.readers.text import UNSEEN, decode, single_page
from ingest.settings import Settings

_DIRECTIVE = re.compile(r"^[ \t]*\.\. +(?:\|[^|\n]+\| +)?([A-Za-z][\w:.+-]*)::", re.MULTILINE)
_ROLE = re.compile(r":([A-Za-z][\w:.+-]*):`")
_TARGET = re.compile(r"\s*<[^<>]*>\s*$", re.DOTALL)  # of ":doc:`text <target>`"
_WITHOUT_TEXT = re.compile(
    r"toctree|index|auto\w+|currentmodule|module|highlight|include|literalinclude|raw|image"
)
_CODE = ("code-block", "sourcecode", "code", "prompt", "doctest", "testcode", "parsed-literal")
_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "doctitle_xform": False,  # the first section's title is a heading like any other
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "input_encoding": "unicode",
    "smart_quotes": False,
    "line_length_limit": 1_000_000,
}


class _Unknown(Directive):  # type: ignore[misc]  # docutils is not typed
    """A directive nobody has defined here: its argument and content are text."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = None

    def run(self) -> list[Any]:
        if _WITHOUT_TEXT.fullmatch(self.name.rpartition(":")[2]):
            return []
        name = self.name.rpartition(":")[2].lower()
        first = 0  # options stand above the content
        while first < len(self.content) and re.match(r"\s*(:[\w-]+:(\s|$)|$)", self.content[first]):
            first += 1
        found = nodes.container()
        if name in _CODE:
            found += nodes.literal_block("", "\n".join(self.content[first:]))
            return [found]
        if self.arguments:
            found += nodes.paragraph("", self.arguments[0])
        self.state.nested_parse(self.content[first:], self.content_offset + first, found)
        return [found]


def _unknown_role(
    name: str, raw: str, text: str, line: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[Any], list[Any]]:
    shown = _TARGET.sub("", text) or text
    return [nodes.inline(raw, shown.lstrip("~!"))], []


def read_restructured(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An .rst file as one page."""
    text, warning = decode(path.read_bytes())
    for name in set(_DIRECTIVE.findall(text)):
        known = name.lower() in en.directives and name.lower() not in _CODE  # whose options are Sphinx's
        if not known or _WITHOUT_TEXT.fullmatch(name.lower()):
            directives.register_directive(name.lower(), _Unknown)
    for name in set(_ROLE.findall(text)):
        if name.lower() not in en.roles or name.lower() == "raw":
            roles.register_local_role(name.lower(), _unknown_role)
    tree = publish_doctree(UNSEEN.sub("", text), settings_overrides=_SETTINGS)
    writer = _Writer(Draft())
    writer.write(tree, 0)
    if on_progress:
        on_progress(1, 1)
    return single_page("text/x-rst", "", writer.draft, limits, (warning,) if warning else ())


class _Writer:
    """Walks docutils' tree once and writes its blocks."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._blocks = Blocks(draft)

    def write(self, node: Any, level: int) -> None:
        for child in node.children:
            if isinstance(child, nodes.section):
                self.write(child, level + 1)
            elif isinstance(child, nodes.title | nodes.subtitle):
                self._title(child, level, isinstance(node, nodes.section | nodes.document))
            elif isinstance(child, nodes.Invisible | nodes.system_message | nodes.meta | nodes.decoration):
                continue
            elif isinstance(child, nodes.literal_block | nodes.doctest_block | nodes.line_block):
                self._put(child.astext())
            elif isinstance(child, nodes.bullet_list | nodes.enumerated_list):
                self._list(child, level)
            elif isinstance(child, nodes.table):
                self._table(child)
            elif isinstance(child, nodes.definition_list_item | nodes.field | nodes.option_list_item):
                self._pair(child)
            elif isinstance(child, nodes.footnote | nodes.citation):
                self._put(" ".join(part.astext().replace("\n", " ") for part in child.children))
            elif isinstance(child, nodes.image):
                self._put(child.get("alt", ""))
            elif isinstance(child, nodes.TextElement):
                self._put(" ".join(child.astext().split()))
            else:
                self.write(child, level)

    def _put(self, text: str) -> None:
        if text.strip():
            self._blocks.put("\n".join(line.rstrip() for line in text.strip("\n").split("\n")))

    def _title(self, node: Any, level: int, section: bool) -> None:
        text = " ".join(node.astext().split())
        if text:
            self._blocks.put(text)
            if section:
                self.draft.headings.append(
                    Heading(
                        self.draft.length - len(text), max(1, level + isinstance(node, nodes.subtitle)), text
                    )
                )

    def _list(self, node: Any, level: int) -> None:
        self._blocks.open_list()
        number = node.get("start", 1)
        for item in node.children:
            self._blocks.open_item("- " if isinstance(node, nodes.bullet_list) else f"{number}. ")
            self.write(item, level)
            self._blocks.close_item()
            number += 1
        self._blocks.close_list()

    def _pair(self, node: Any) -> None:
        """A term with its definition, a field, a command's option: the name, then what it says."""
        *names, body = node.children
        name = " ".join(" ".join(part.astext().split()) for part in names)
        short = len(body.children) == 1 and isinstance(body.children[0], nodes.paragraph)
        if short:
            self._put(f"{name}: {' '.join(body.astext().split())}")
            return
        self._put(name)
        self.write(body, 0)

    def _table(self, node: Any) -> None:
        for title in node.findall(nodes.title):
            self._put(title.astext())
        rows: list[list[str]] = []
        headed = False
        for row in node.findall(nodes.row):
            headed = headed or (not rows and isinstance(row.parent, nodes.thead))
            cells: list[str] = []
            for entry in row.children:
                cells.append(" ".join(entry.astext().split()))
                cells += [""] * min(200, entry.get("morecols", 0))
            rows.append(cells)
        lines = table_lines(rows, headed or None)
        if lines:
            self._put("\n".join(lines))
