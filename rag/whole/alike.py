"""Other words for the columns of a table, where their own names explain too little.

A word that no name and no cell explains stands for the column whose name is of the same group, where just one is. A
table is still only computed on when every word is explained: a wrong figure is worse than none.
"""

from __future__ import annotations

from ingest.text.analysis import terms
from rag.whole.columns import Grid

_GROUPS = (
    "start started starts join joined joining hire hired hiring employ employed begin began entry entered arrive arrived "
    "serve served serving",
    "buy bought purchase purchased purchases acquire acquired order ordered procure procured",
    "end ended leave left quit exit finish finished",
    "price cost costs charge fee rate tariff",
    "salary pay wage wages earn earns earnings income remuneration paycheck",
    "revenue turnover takings proceeds income",
    "department team group unit division squad crew",
    "office site location place branch city town venue premises based",
    "people guests visitors participants attendees headcount persons",
    "quantity pieces amount stock copies number",
    "supplier vendor seller shop dealer provider store merchant deliver delivered supply supplied",
    "customer client buyer purchaser",
    "employee colleague worker staff name person member",
    "category kind type sort class genre",
    "hours workload",
    "item product article good goods thing things equipment gear",
    "date day",
    "owner holder keeper",
    "country nation state",
)
GROUPS = tuple(frozenset(stem for word in group.split() for stem in terms(word)) for group in _GROUPS)
BEGINS = GROUPS[0]  # of dates: the longest since then is the oldest
# What a question to a table may say besides: it neither chooses rows nor turns anything round.
FILLING = frozenset(
    "according based using among amongst across grouped group split broken break down out between figure figures see can could would "
    "like know need want give tell look overall our we i my say altogether respectively bring brings brought sit sits sitting located rank sort "
    "taken hold holds held place need spend work out find compute please data sheet table".split()
)


def like(word: str, grid: Grid) -> int | None:
    """The only column whose name is of a group with the word; None where there is none, or several, and for what
    is put together of words ("part-time")."""
    stems = terms(word)
    groups = [group for group in GROUPS if len(stems) == 1 and stems[0] in group]
    found = {
        place for group in groups for place, column in enumerate(grid.columns) if group & set(column.stems)
    }
    return found.pop() if len(found) == 1 else None


def has_alike(word: str) -> bool:
    """Whether a word may stand for a column of another name, or says nothing."""
    return word in FILLING or any(set(terms(word)) & group for group in GROUPS)
