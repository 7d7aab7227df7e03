"""Zipped documents (Office, EPUB): their parts, read within limits and without trusting them.

Nothing is unpacked to disk, no reference leads out of the file, no entity is expanded, and macros and
media are never looked at.
"""

from __future__ import annotations

import mmap
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from lxml import etree

from ingest.errors import Unreadable
from ingest.settings import Settings
from ingest.text.dating import day_of

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPUB = "application/epub+zip"
MSG = "application/vnd.ms-outlook"

MOST_RATIO = 300  # unpacked to packed; XML of real documents stays below 100, zeros reach 1,032
ALWAYS_MIB = 20  # parts up to this size are read whatever their ratio
MOST_ENTRIES = 100_000
TREE_SHARE = 1 / 16  # of the memory allowed: an XML tree takes about 10 times the file's bytes

_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
_DAMAGED = (
    "This file is damaged or incomplete. Get it again, or open it in the program it is from and save a copy."
)
_OLD = (  # (stream of a compound file, what people call it, what to save it as)
    ("WordDocument", "an old Word document (.doc)", ".docx"),
    ("PowerPoint Document", "an old PowerPoint document (.ppt)", ".pptx"),
    ("Workbook", "an old Excel workbook (.xls)", ".xlsx"),
    ("Book", "an old Excel workbook (.xls)", ".xlsx"),
)


def zipped_kind(path: Path) -> str:
    """The media type of a ZIP file that a reader takes. Raises Unreadable, naming what it is instead."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            declared = _declared_type(archive) if "mimetype" in names else ""
    except _FAULTS:
        raise Unreadable(_DAMAGED) from None
    if declared == EPUB or "META-INF/container.xml" in names:
        return EPUB
    if declared.startswith("application/vnd.oasis.opendocument"):
        raise Unreadable(
            "This is an OpenDocument file (.odt, .ods, .odp). Open it in LibreOffice, save it as .docx, .xlsx or "
            ".pptx, and add that."
        )
    if "xl/workbook.bin" in names:
        raise Unreadable(
            "This is a binary Excel workbook (.xlsb). Open it in Excel, save it as .xlsx, and add that."
        )
    if "[Content_Types].xml" in names:
        for folder, media_type in (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX)):
            if any(name.startswith(folder) for name in names):
                return media_type
    raise Unreadable("This is a ZIP archive. Unpack it and add the files in it.")


def _declared_type(archive: zipfile.ZipFile) -> str:
    with archive.open("mimetype") as stream:
        return stream.read(200).decode("ascii", "replace").strip()


def compound_kind(path: Path) -> str:
    """The media type of an OLE compound file. Raises Unreadable for all but Outlook messages."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:

        def holds(name: str) -> bool:
            return data.find(name.encode("utf-16-le")) >= 0

        if holds("EncryptedPackage"):
            raise Unreadable(
                "This Office document is protected by a password. Open it in its program, take the password off "
                "(File > Info > Protect), save it and add it again."
            )
        if holds("__properties_version1.0"):
            return MSG
        for name, kind, suffix in _OLD:
            if holds(name):
                raise Unreadable(
                    f"This is {kind}. Open it in Office or LibreOffice, save it as {suffix}, and add that."
                )
    raise Unreadable(
        "This is an old Office document (.doc, .xls, .ppt). Open it in Office or LibreOffice, save it as .docx, "
        ".xlsx or .pptx, and add that."
    )


class Package:
    """A zipped document. `Package.open` closes it and turns every fault of the archive into Unreadable."""

    def __init__(self, archive: zipfile.ZipFile, limits: Settings) -> None:
        self._archive = archive
        self._most_bytes = limits.max_file_mib * 2**20
        self._tree_bytes = int(limits.read_memory_mib * 2**20 * TREE_SHARE)
        self._left = 4 * self._most_bytes  # for all parts that are read, together
        self._infos = {info.filename.lstrip("/"): info for info in archive.infolist()}

    @staticmethod
    @contextmanager
    def open(path: Path, limits: Settings) -> Iterator[Package]:
        try:
            with zipfile.ZipFile(path) as archive:
                if len(archive.infolist()) > MOST_ENTRIES:
                    raise Unreadable(
                        f"This file holds more than {MOST_ENTRIES:,} parts, which no document needs."
                    )
                yield Package(archive, limits)
        except Unreadable:
            raise
        except etree.XMLSyntaxError:
            raise Unreadable(_DAMAGED) from None
        except RecursionError:
            raise
        except RuntimeError as error:
            if "encrypted" in str(error):
                raise Unreadable(
                    "The parts of this file are encrypted. Take the password off in its program, save it and "
                    "add it again."
                ) from None
            raise Unreadable(_DAMAGED) from None
        except _FAULTS:
            raise Unreadable(_DAMAGED) from None

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    @property
    def names(self) -> list[str]:
        return list(self._infos)

    @contextmanager
    def stream(self, name: str, most_bytes: int | None = None) -> Iterator[IO[bytes]]:
        """A part for reading; zipfile gives no more bytes than the size that is checked here."""
        info = self._infos.get(name)
        if info is None:
            raise Unreadable(
                f"A part of this file is missing ({name[:100]}). Open it in its program and save a copy."
            )
        most = min(self._most_bytes, most_bytes or self._most_bytes)
        bomb = info.file_size > ALWAYS_MIB * 2**20 and info.file_size > MOST_RATIO * max(
            1, info.compress_size
        )
        if bomb or info.file_size > most or info.file_size > self._left:
            raise Unreadable(
                f"This file unpacks to a part of {info.file_size / 2**20:,.0f} MiB ({name[:60]}); it is too large or made "
                "to harm. Split it, or raise FOOTNOTE_MAX_FILE_MIB and FOOTNOTE_READ_MEMORY_MIB if you trust it."
            )
        self._left -= info.file_size
        with self._archive.open(info) as stream:
            yield stream

    def read(self, name: str) -> bytes:
        with self.stream(name) as stream:
            return self._all(name, stream)

    def _all(self, name: str, stream: IO[bytes]) -> bytes:
        """All of a part. Asked for without a number, zipfile unpacks what is there before it looks at the size."""
        return stream.read(self._infos[name].file_size)

    def xml(self, name: str) -> Any:
        """The root element of an XML part. Raises Unreadable for one with a document type."""
        with self.stream(name, self._tree_bytes) as stream:
            return safe_xml(self._all(name, stream))

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Relation id → (last word of its type, part it leads to); those that lead out of the file are left out."""
        folder, name = posixpath.split(part)
        place = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, tuple[str, str]] = {}
        if place not in self:
            return found
        for each in self.xml(place).iter("{*}Relationship"):
            if each.get("TargetMode") != "External" and each.get("Target"):
                target = resolved(folder, each.get("Target"))
                found[each.get("Id", "")] = (each.get("Type", "").rpartition("/")[2], target)
        return found

    def main_part(self) -> str:
        """The part that is the document itself."""
        for kind, target in self.relations("").values():
            if kind == "officeDocument" and target in self:
                return target
        raise Unreadable(_DAMAGED)

    def title(self) -> str:
        """The title in the document's properties, or ""."""
        return self._property("title")

    def made(self) -> str:
        """The day of its last change in the document's properties, or ""."""
        return day_of(self._property("modified") or self._property("created"))

    def _property(self, name: str) -> str:
        for kind, target in self.relations("").values():
            if kind == "core-properties" and target in self:
                found = self.xml(target).find("{*}" + name)
                return " ".join((found.text or "").split())[:300] if found is not None else ""
        return ""


def safe_xml(data: bytes) -> Any:
    """The root element of `data`: nothing is fetched, no entity is defined or expanded."""
    entities = b"<!ENTITY" in data
    if not entities:
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        root = etree.fromstring(data, parser)
        subset = root.getroottree().docinfo.internalDTD
        entities = subset is not None and any(True for _ in subset.iterentities())  # in UTF-16, say
    if entities:
        raise Unreadable(
            "This file defines XML entities, which documents don't and attacks do. It was not read."
        )
    return root


def resolved(folder: str, target: str) -> str:
    """The part that `target` leads to from `folder`; never out of the file, as there is nothing outside."""
    target = unquote(target.partition("#")[0])
    path = target if target.startswith("/") else posixpath.join(folder, target)
    return posixpath.normpath("/" + path).lstrip("/")


def local(element: Any) -> str:
    """The element's name without its namespace (Office has two sets of them); "" for what is no element."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str, default: str = "") -> str:
    """The attribute `name` of any namespace."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return default
