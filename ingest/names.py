"""Names and keys as they are kept: what people type, and what files are called, made harmless."""

from __future__ import annotations

import os
import re
import unicodedata

from ingest.errors import WrongUsage

NAME_LIMIT = 80  # characters of a library's name
KEY_LIMIT = 500  # characters of an origin's key


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


def inside(path: str, folder: str) -> bool:
    """Whether a path is a folder, or below it; both normal, of this machine."""
    return os.path.join(path, "").startswith(os.path.join(folder, ""))
