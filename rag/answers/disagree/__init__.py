"""Do two documents disagree? The same claim with another value, among the passages that answer the question.

    question → claims of the passages (claims.py: a figure, a date, a name; stances.py: yes or no) → the first two
    that differ in nothing else (same.py) → a notice, the newer document first (told.py)

Precision before recall: a warning that is wrong costs more trust than one that is missing. English only but for
figures. No model is asked: what the reader has said of the passages is all that is used.
"""

from rag.answers.disagree.find import disagreement
from rag.answers.disagree.told import OPENING, Told, told

__all__ = ["OPENING", "Told", "disagreement", "told"]
