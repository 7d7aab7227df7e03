"""The one door: a question that is about the whole library → what was gathered for it; None for any other."""

from __future__ import annotations

from collections.abc import Collection, Generator

from rag.model import CancelToken, Progress
from rag.whole.report import Found
from rag.whole.route import Comparison, Listing, Summary, Things, route
from rag.whole.shelf import Shelf
from rag.whole.tables import Rows, tabled
from rag.whole.tools import Tools
from rag.whole.words import may_compute


def gathered(
    tools: Tools, rows: Rows, question: str, cancel: CancelToken, documents: Collection[int] | None = None
) -> Generator[Progress, None, Found | None]:
    """Look at every document (those of `documents`, by id, where given) and tell how far it is.

    Returns None, soon, for a question of the ordinary kind and for one that cannot be done so. Raises Cancelled.
    """
    wanted = route(question)
    if wanted is None and not (may_compute(question) and tools.library.info().tables):
        return None
    shelf = Shelf(tools.library, documents)
    cancel.check()
    if wanted is None:
        return (yield from tabled(tools, rows, shelf, question, cancel))
    match wanted:
        case Listing():
            from rag.whole.listing import listing

            return (yield from listing(tools, shelf, wanted, cancel))
        case Things():
            from rag.whole.things import things

            return (yield from things(tools, shelf, wanted, cancel))
        case Comparison():
            from rag.whole.compare import comparison

            return (yield from comparison(tools, shelf, wanted, cancel))
        case Summary():
            from rag.whole.summary import summary

            return (yield from summary(tools, shelf, wanted, cancel))
