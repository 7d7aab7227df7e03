"""How a disagreement is told: both documents, what each says, the newer first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from rag.answers.agreement import MONTHS
from rag.answers.disagree.claims import Claim, Figure

OPENING = "Two documents disagree: "
_DATE = re.compile(
    r"\b(?P<year>(?:19|20)\d\d)-(?P<number>0[1-9]|1[0-2])\b"
    rf"|\b(?P<name>{'|'.join(MONTHS)})\s+(?P<its_year>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def in_words(claims: tuple[Claim, Claim], added: Mapping[int, float]) -> str:
    """ "Two documents disagree: “Minutes” says 5 euros, “Guide” says 4 € (newer first)."

    Newer is what names a later month in its file name, title or sentence; where one names none, what was
    `added` (document id → Unix seconds) on a later day.
    """
    one, other = claims
    months = [_month(claim) for claim in claims]
    days = [date.fromtimestamp(added.get(claim.hit.chunk.document_id, 0.0)) for claim in claims]
    order = ""
    if months[0] and months[1]:
        if months[0] != months[1]:
            order = " (newer first)"
        swap = months[0] < months[1]
    else:
        if days[0] != days[1]:
            order = " (added later first)"
        swap = days[0] < days[1]
    if swap:
        one, other = other, one
    names = [claim.hit.chunk.title or claim.hit.chunk.key for claim in (one, other)]
    if names[0] == names[1]:  # editions of one text: the files tell them apart
        names = [claim.hit.chunk.key for claim in (one, other)]
    return f"{OPENING}“{names[0]}” says {one.shown}, “{names[1]}” says {other.shown}{order}."


def _month(claim: Claim) -> tuple[int, int] | None:
    """The latest (year, month) that the passage's file name, title or, beside a figure, its sentence names."""
    chunk = claim.hit.chunk
    beside = claim.sentence.text if isinstance(claim.value, Figure) else ""  # a date may be the claim itself
    found = _DATE.finditer(f"{chunk.key} {chunk.title} {beside}")
    return max(
        (
            (int(each["year"]), int(each["number"]))
            if each["year"]
            else (int(each["its_year"]), MONTHS.index(each["name"].lower()) + 1)
            for each in found
        ),
        default=None,
    )
