"""Names: what a library and an origin may be called, and what happens when a key is taken."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePosixPath

from ingest.errors import FootnoteError, WrongUsage

NAME_LIMIT = 80  # characters of a library's name
KEY_LIMIT = 500  # characters of an origin's key
UPLOAD = "upload"  # the place of files that came through the browser


class KeyTaken(FootnoteError):
    """The key is held by other content from another place; the person chooses."""


def clean_name(name: str) -> str:
    """A library's name: one line, trimmed. Raises WrongUsage when nothing is left or it is too long."""
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    if not cleaned or not cleaned.isprintable() or len(cleaned) > NAME_LIMIT:
        raise WrongUsage(f"A library's name has 1 to {NAME_LIMIT} printable characters. Choose another.")
    return cleaned


def clean_key(key: str) -> str:
    """A key as a harmless POSIX path: no "..", no root, no control characters, NFC, at most 500 long."""
    normal = unicodedata.normalize("NFC", key.replace("\\", "/").encode("utf-8", "replace").decode())
    parts = [re.sub(r"[\x00-\x1f\x7f]", "", part).strip() for part in normal.split("/")]
    cleaned = "/".join(part for part in parts if part not in ("", ".", ".."))
    if len(cleaned) > KEY_LIMIT:
        stem, suffix = os.path.splitext(cleaned)
        cleaned = stem[: KEY_LIMIT - len(suffix[:20])] + suffix[:20]
    return cleaned or "unnamed"


def free_key(key: str, taken: set[str]) -> str:
    """`key`, or "name (2).ext", "name (3).ext" … whichever is free first."""
    path = PurePosixPath(key)
    number = 2
    while key in taken:
        key = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        number += 1
    return key
