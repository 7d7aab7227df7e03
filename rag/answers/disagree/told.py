"""How a disagreement is told: both documents, what each says, the newer first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ingest.shelf.dated import Dated, Order
from ingest.text.dating import latest_month
from rag.answers.disagree.claims import Claim, Figure

OPENING = "Two documents disagree: "
ORDERS: dict[Order | None, str] = {
    "told": " (newer first)",
    "changed": " (newer file first)",
    "added": " (added later first)",
    None: "",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A disagreement as people are told of it: its claims, the newer first where that is known, and the `notice`."""

    claims: tuple[Claim, Claim]
    notice: str


def told(claims: tuple[Claim, Claim], dated: Mapping[int, Dated]) -> Told:
    """ "Two documents disagree: “Minutes” (May 2026) says 5 euros, “Guide” (2025) says 4 € (newer first)."

    `dated` by document id; a month in the sentence of a figure counts before all else.
    """
    one, other = claims
    ages = [_aged(claim, dated) for claim in claims]
    order = ages[0].order(ages[1])
    if order and ages[0].is_older(ages[1]):
        (one, other), ages = (other, one), ages[::-1]
    names = [claim.hit.chunk.title or claim.hit.chunk.key for claim in (one, other)]
    if names[0] == names[1]:  # editions of one text: the files tell them apart
        names = [claim.hit.chunk.key for claim in (one, other)]
    when = [f" ({age.period.shown})" if order == "told" and age.period else "" for age in ages]
    said = f"“{names[0]}”{when[0]} says {one.shown}, “{names[1]}”{when[1]} says {other.shown}"
    return Told((one, other), f"{OPENING}{said}{ORDERS[order]}.")


def _aged(claim: Claim, dated: Mapping[int, Dated]) -> Dated:
    chunk = claim.hit.chunk
    whole = dated.get(chunk.document_id) or Dated(chunk.key, 0.0)
    # a date may be the claim itself
    beside = latest_month(claim.sentence.text) if isinstance(claim.value, Figure) else None
    return replace(whole, period=beside, source="text") if beside else whole
