"""Hits → the first two claims, in rank order, that two documents make differently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from ingest.text.analysis import question_terms, terms
from rag.answers.agreement import Text
from rag.answers.disagree.claims import Claim, claim_of
from rag.answers.disagree.same import about, differ
from rag.answers.disagree.stances import asks_yes_or_no, opposed, stance_of
from rag.search.rerank import ReadHit

LOOKED_AT = 8  # passages, in rank order
_KIND_ASKED = re.compile(r"\b(?:what|which) (\w+)", re.IGNORECASE)  # "which app": no document has to say so


def disagreement(query: str, reads: Sequence[ReadHit]) -> tuple[Claim, Claim] | None:
    """The first two claims that contradict each other; None, which is the usual, where none do.

    Both have to be of whom, when and which number the question names.
    """
    yes_or_no = asks_yes_or_no(query)
    asked = set(question_terms(query)) - set(terms(" ".join(_KIND_ASKED.findall(query))))
    meant = {word.form for word in Text(query).words if word.is_name or word.is_number}
    made = (stance_of(read, query) if yes_or_no else claim_of(read, query) for read in reads[:LOOKED_AT])
    claims = [claim for claim in made if claim and (not meant or meant <= about(claim))]
    pairs = (
        (one, other)
        for one, other in combinations(claims, 2)
        if one.hit.chunk.document_id != other.hit.chunk.document_id
        and (opposed(one, other) if yes_or_no else differ(one, other, asked))
    )
    return next(pairs, None)
