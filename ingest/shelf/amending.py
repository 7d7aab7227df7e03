"""Passages changed by hand: what a correction may hold, and what is said of changes that were lost."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ingest.catalog.amendments import Lost
from ingest.errors import WrongUsage
from ingest.model.pages import FileText
from ingest.places import unit

LEAST_LIMIT = 2_000  # characters that any correction may have; one of a longer passage twice as many as that
LISTED = 3  # lost changes that are named one by one
SHOWN = 60  # characters of their passage
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean_correction(text: str, as_read: str) -> str | None:
    """A correction as it is kept: composed letters, no control characters; None where it says what was read.

    Raises WrongUsage when nothing is left of it, or when it is much longer than the passage: the models
    would see its beginning only.
    """
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    cleaned = _CONTROL.sub("", lines.encode("utf-8", "replace").decode()).strip()
    limit = max(LEAST_LIMIT, 2 * len(as_read))
    if not cleaned:
        raise WrongUsage("A correction cannot be empty. To leave the passage out, switch it off.")
    if len(cleaned) > limit:
        raise WrongUsage(
            f"This correction has {len(cleaned):,} characters, more than {limit:,}. Keep to what this "
            "passage says; add longer texts as a file."
        )
    return None if cleaned == as_read.strip() else cleaned


def lost_in_words(lost: Sequence[Lost], text: FileText) -> str:
    """For the receipt of a new version: the changes by hand that could not be kept; "" for none."""
    if not lost:
        return ""
    named = "; ".join(_named(each, text) for each in lost[:LISTED])
    more = f"; and {len(lost) - LISTED:,} more" if len(lost) > LISTED else ""
    what = "A passage" if len(lost) == 1 else f"{len(lost):,} passages"
    return (
        f"{what} changed by hand cannot be found in this version, so the change was dropped: {named}{more}."
    )


def _named(each: Lost, text: FileText) -> str:
    what = "corrected" if each.corrected else "switched off"
    line = " ".join(each.text.split())
    shown = line if len(line) <= SHOWN else line[:SHOWN].rsplit(" ", 1)[0] + " …"
    where = f" on {unit(text.media_type)} {each.page}" if text.paged else ""
    return f"“{shown}”{where} ({what})"
