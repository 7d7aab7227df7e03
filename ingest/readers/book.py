"""Electronic books (.epub): the chapters in reading order, as the web pages they are.

Not covered: fixed layouts and pictures; books under DRM are refused.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from ingest.errors import Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import FileText, Heading
from ingest.readers.draft import Blocks, Draft
from ingest.readers.package import EPUB, Package, resolved
from ingest.readers.text import single_page
from ingest.readers.web import Writer, decode_html
from ingest.settings import Settings

_CHAPTERS = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")  # veiled fonts, no DRM


def read_book(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """An .epub file as one page. A chapter without a heading gets its name in the contents as one."""
    draft = Draft()
    with Package.open(path, limits) as package:
        _refuse_locked(package)
        root = package.xml("META-INF/container.xml").find(".//{*}rootfile")
        place = resolved("", root.get("full-path", "")) if root is not None else ""
        book = package.xml(place)
        folder = posixpath.dirname(place)
        items = {each.get("id"): each for each in book.iter("{*}item")}
        names = _contents(package, book, items, folder)
        chapters = [items[ref.get("idref")] for ref in book.iter("{*}itemref") if ref.get("idref") in items]
        blocks = Blocks(draft)
        for number, item in enumerate(chapters, 1):
            part = resolved(folder, item.get("href", ""))
            if (
                part in package
                and item.get("media-type") in _CHAPTERS
                and "nav" not in item.get("properties", "").split()
            ):
                _chapter(package.read(part), names.get(part, ""), blocks)
                if draft.length > limits.max_characters:
                    break  # single_page says so
            if on_progress:
                on_progress(number, len(chapters))
        title = book.find(".//{*}metadata/{*}title")
    return single_page(
        EPUB, "" if title is None else " ".join((title.text or "").split())[:300], draft, limits
    )


def _chapter(data: bytes, name: str, blocks: Blocks) -> None:
    text, _ = decode_html(data)
    soup = BeautifulSoup(text, "lxml")
    body = soup.body
    if body is None or not body.get_text(strip=True):
        return
    if (
        name
        and body.find(["h1", "h2", "h3", "h4", "h5", "h6"]) is None
        and name not in body.get_text(" ", strip=True)[:200]
    ):
        blocks.put(name)
        blocks.draft.headings.append(Heading(blocks.draft.length - len(name), 1, name))
    Writer(blocks).write(body)


def _contents(package: Package, book: Any, items: dict[str, Any], folder: str) -> dict[str, str]:
    """Part → its name in the table of contents (EPUB 3: nav, EPUB 2: ncx); the first one counts."""
    found: dict[str, str] = {}
    for item in items.values():
        part = resolved(folder, item.get("href", ""))
        if part not in package:
            continue
        base = posixpath.dirname(part)
        links: list[tuple[str, str]] = []
        if "nav" in item.get("properties", "").split():
            soup = BeautifulSoup(decode_html(package.read(part))[0], "lxml")
            links = [(str(link["href"]), link.get_text(" ")) for link in soup.select("nav a[href]")]
        elif item.get("media-type") == "application/x-dtbncx+xml":
            # parsed as HTML: old books declare a document type there, which the strict parser refuses
            soup = BeautifulSoup(decode_html(package.read(part))[0], "lxml")
            links = [
                (str(point.content["src"]), point.navlabel.get_text(" "))
                for point in soup.find_all("navpoint")
                if point.content is not None and point.content.has_attr("src") and point.navlabel is not None
            ]
        for target, name in links:
            found.setdefault(resolved(base, target), " ".join(name.split())[:300])
    return found


def _refuse_locked(package: Package) -> None:
    if "META-INF/encryption.xml" not in package:
        return
    for method in package.xml("META-INF/encryption.xml").iter("{*}EncryptionMethod"):
        if method.get("Algorithm") not in _FONTS:
            raise Unreadable(
                "This book is locked by its seller (DRM) and opens only in the seller's program. "
                "Footnote reads books without a lock."
            )
