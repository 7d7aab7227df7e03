"""What a question asks, without what it says about the form of its answer.

People who are used to chat models add orders: “Answer in one sentence.”, “If you can't find it, say so.” Their words
stand in no passage that answers, and pull the search towards such as happen to hold them. A chat model is still
given the whole question. English only; where nothing is left but orders, nothing is taken away.
"""

from __future__ import annotations

import re

from ingest.sentences import sentences

_DO = (
    r"answer|respond|reply|give|provide|write|explain|describe|state|say|use|keep|format|present|round|express|"
    r"limit|include|cite|quote|mention|indicate|make|return|output|show|think|assume|structure|phrase|list|name"
)
_POLITE = r"(?:(?:please|and|also|then|kindly|but|just|only|always|briefly)[,\s]+)*"
# An order by itself: a verb of answering, and within the sentence a word for the answer or its form.
_ORDER = re.compile(
    rf"^{_POLITE}(?:do\s+not|don['’]t|never|be\b|{_DO})\b.*?"
    r"\b(?:answers?|response|respond|reply|sentences?|paragraphs?|words?|bullets?|bullet[- ]points?|format|json|"
    r"markdown|table|brief(?:ly)?|concise(?:ly)?|short(?:ly)?|detail(?:ed)?|precise|specific|plain|english|german|french|"
    r"spanish|step[- ]by[- ]step|decimals?|digits?|percent|percentage|usd|dollars?|euros?|thousands?|millions?|"
    r"billions?|units?|sources?|citations?|references?|reasoning|your|me|perspective|documents?|context|passages?)\b",
    re.IGNORECASE | re.DOTALL,
)
# An order for a case: “If …, (then) say so.”, “When …, please state that and explain why.”
_IN_CASE = re.compile(
    rf"^{_POLITE}(?:if|when|where|unless|in case)\b.*?(?:,\s*|\bthen\s+){_POLITE}"
    r"(?:state|say|tell|explain|answer|respond|reply|write|return|output|mention|indicate|note|let\s+me\s+know)\b",
    re.IGNORECASE | re.DOTALL,
)
_CLAUSE = re.compile(r";\s+")
_ASKS = re.compile(
    r"\?|^\W*(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|will|would|should|"
    r"has|have|had)\b",
    re.IGNORECASE,
)


def without_orders(question: str) -> str:
    """`question` without its orders about the answer; itself when it has none, or when no question is left."""
    kept: list[str] = []
    for start, end in sentences(question):
        clauses = _CLAUSE.split(question[start:end])
        kept.append("; ".join(clause for clause in clauses if not _is_order(clause)))
    rest = " ".join(filter(None, kept))
    return rest if _ASKS.search(rest) else question


def _is_order(clause: str) -> bool:
    return not clause.rstrip().endswith("?") and bool(_IN_CASE.match(clause) or _ORDER.match(clause))
