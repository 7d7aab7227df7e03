"""The one door: a question that is about the whole library → what was gathered for it; None for any other.

Its form decides first (route.py), then its meaning (kinds.py, meant.py); tables are asked in between.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from rag.model import CancelToken, Progress, Turn
from rag.search.leaning import leans
from rag.whole.kinds import likely, shipped
from rag.whole.meant import considered, readings
from rag.whole.report import Found
from rag.whole.route import MOST_CHARACTERS, Comparison, Listing, Summary, Things, Wanted, route
from rag.whole.shelf import Shelf
from rag.whole.tables import tabled
from rag.whole.tools import Tools
from rag.whole.words import may_compute

Gathering = Generator[Progress, None, Found | None]


def gathered(tools: Tools, question: str, cancel: CancelToken, history: Sequence[Turn] = ()) -> Gathering:
    """Look at every document and tell how far it is.

    A question that leans on `history` has no meaning of its own: only its form is looked at.

    Returns None, soon, for a question of the ordinary kind and for one that cannot be done so. Raises Cancelled.
    """
    wanted = route(question)
    if wanted:
        shelf = tools.kept.shelves.of(tools.library)
        cancel.check()
        if found := (yield from _looked_up(tools, shelf, wanted, cancel)):
            return found
    kinds = likely(tools.embedder, question) if len(question) <= MOST_CHARACTERS else {}
    meant = considered(kinds)
    if meant and history and leans(tools.embedder, question, history):
        meant = []
    computing = may_compute(question) and tools.library.info().tables > 0
    if not (meant or computing):
        return None
    shelf = tools.kept.shelves.of(tools.library)
    cancel.check()
    if computing and (
        found := (yield from tabled(tools, tools.kept.rows, shelf, question, cancel, "table" in meant))
    ):
        return found
    for kind in meant:
        for reading in readings(shipped(), kind, question, shelf, kinds["ordinary"]):
            cancel.check()
            found = yield from _looked_up(tools, shelf, reading, cancel, sure=False)
            if found:
                return found
    return None


def _looked_up(
    tools: Tools, shelf: Shelf, wanted: Wanted, cancel: CancelToken, sure: bool = True
) -> Gathering:
    """What is asked for; None where it cannot be done, or where nothing was found and it is not `sure` that it was
    asked for."""
    match wanted:
        case Listing():
            from rag.whole.listing import listing

            return (yield from listing(tools, shelf, wanted, cancel, sure))
        case Things():
            from rag.whole.things import things

            return (yield from things(tools, shelf, wanted, cancel, sure))
        case Comparison():
            from rag.whole.compare import comparison

            return (yield from comparison(tools, shelf, wanted, cancel))
        case Summary():
            from rag.whole.summary import summary

            return (yield from summary(tools, shelf, wanted, cancel))
