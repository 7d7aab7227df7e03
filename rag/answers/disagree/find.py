"""Hits → the first two claims, in rank order, that two documents make differently."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
    asked = set(question_terms(query)) - set(terms(" ".join(_KIND_ASKED.findall(query))))
    meant = {word.form for word in Text(query).words if word.is_name or word.is_number}

    def first(claims: Sequence[Claim | None], other: Callable[[Claim, Claim], bool]) -> tuple[Claim, Claim] | None:
        found = [claim for claim in claims if claim and meant <= about(claim)]
        for one, two in combinations(found, 2):
            if one.hit.chunk.document_id != two.hit.chunk.document_id and other(one, two):
                return one, two
        return None

    looked_at = reads[:LOOKED_AT]
    if asks_yes_or_no(query):
        return first([stance_of(read, query) for read in looked_at], opposed)
    return first([claim_of(read, query) for read in looked_at], lambda one, two: differ(one, two, asked))
