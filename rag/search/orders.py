"""What a question asks, without what it says about the form of its answer.

People who are used to chat models add orders: “Answer in one sentence.”, “If you can't find it, say so.” Their words
stand in no passage that answers, and pull the search towards such as happen to hold them. A chat model is still
given the whole question. English only; where nothing is left but orders, nothing is taken away.
"""

from __future__ import annotations

import re

from ingest.text.sentences import sentences

_POLITE = r"(?:(?:please|and|also|then|kindly|but|just|only|always|briefly)[,\s]+)*"
# An order by itself. Verbs that tell of a thing as often as of the answer need a word for the answer beside them.
_ORDER = re.compile(
    rf"^{_POLITE}(?:(?:answer|respond|reply)\b(?!:)"
    r"|(?:do\s+not|don['’]t|never|be|use|keep|format|present|round|express|limit|phrase|structure|think|assume)\b.*?"
    r"\b(?:answers?|response|reply|sentences?|paragraphs?|words?|bullet(?:s|[- ]points?)?|json|markdown|brief|concise|"
    r"short|detailed|precise|specific|plain|english|german|french|spanish|step[- ]by[- ]step|decimals?|digits?|"
    r"percent|usd|eur|dollars?|euros?|thousands?|millions?|billions?|your|perspective)\b"
    r"|(?:give|provide|write|explain|describe|state|cite|quote|include|mention|make|return|output|show|indicate)\b.*?"
    r"\b(?:(?:your|an?|the|this|each|every) (?:[a-z]+ )?(?:answers?|response|reply|question|reasoning|sources?)|sentences|"
    r"bullet[- ]points?|json|markdown)\b)",
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
