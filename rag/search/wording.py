"""A question in the words of its library: misspelled words mended, unknown abbreviations written out.

Only words that stand nowhere in the library, or hardly, are touched, so a question that its words can find stays as
it is; and no word of the dictionary is mended: what is asked for may well be missing. A misspelling becomes the library's own
word one edit away (P. Norvig, How to Write a Spelling Corrector, 2007); an abbreviation is followed by the words
whose first letters it is, where the passages found so far have them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from spellchecker import SpellChecker

from ingest.model.chunks import StoredChunk
from ingest.protocols import Library
from ingest.text.analysis import STOP_WORDS, terms

SHORTEST = 5  # letters of a word that is mended: shorter ones have too many neighbours
CLEARLY = 3.0  # times as many chunks must hold the word that is chosen as hold the next best
ABBREVIATION = re.compile(r"\b[A-Z]{3,5}\b(?!-)")
BARELY = (
    2.0  # an abbreviation whose idf is this near to that of an unknown word stands in three chunks at most
)
IN_TITLES = 3  # an expansion in running text counts once, in titles and headings this often
SEEN_ENOUGH = 3  # … and is believed from here on

_WORD = re.compile(r"(?<![\w.@/'’-])[^\W\d_]+(?![\w@/'’-]|\.\w)")
_TOKEN = re.compile(r"[^\W\d_]+")


def mended(query: str, library: Library) -> str:
    """The query with words that nobody knows replaced by the library's own, where one is clearly meant.

    A word is left alone when it is short, capitalised (a name), or not plain ASCII letters.
    """
    words = {match[0] for match in _WORD.finditer(query) if _mendable(match[0])}
    unknown = [word for word in words if word not in _dictionary() and not _held(library, terms(word))]
    better = {word: found for word in unknown if (found := _neighbour(word, library))}
    return _WORD.sub(lambda match: better.get(match[0], match[0]), query) if better else query


def written_out(query: str, library: Library, chunks: Iterable[StoredChunk]) -> str:
    """The query with each abbreviation that the library hardly has followed by what it stands for in `chunks`."""
    asked = dict.fromkeys(ABBREVIATION.findall(query))
    unknown = [short for short in asked if not _held(library, terms(short), BARELY)]
    if not unknown:
        return query
    texts = list(chunks)
    for short in unknown:
        if long := _expansion(short.lower(), texts):
            query = re.sub(rf"\b{short}\b", f"{short} ({long})", query)
    return query


@cache
def _dictionary() -> SpellChecker:
    """160,000 English words; read at the first question, in a fifth of a second."""
    return SpellChecker(language="en")


def _mendable(word: str) -> bool:
    return len(word) >= SHORTEST and word.isascii() and word.islower() and word not in STOP_WORDS


def _held(library: Library, stems: Iterable[str], barely: float = 0.0) -> bool:
    """Whether a chunk holds one of the terms, and not `barely` (in idf) so; no chunk can hold the term ""."""
    rarity = library.idf(["", *stems])
    return any(value < rarity[""] - barely for value in rarity.values())


def _neighbour(word: str, library: Library) -> str | None:
    """The library's word one edit away that is clearly the most frequent; None when there is none."""
    variants = [each for each in _dictionary().edit_distance_1(word) if each.isalpha() and each[0] == word[0]]
    stems = {each: stem for each in variants for stem in terms(each)[:1]}
    rarity = library.idf(["", *dict.fromkeys(stems.values())])
    known = [each for each, stem in stems.items() if rarity and rarity[stem] < rarity[""]]
    if not known:
        return None
    # Words of one stem are as frequent as each other: of "degreeds" and "degrees" the one that is a word.
    known.sort(key=lambda each: (rarity[stems[each]], each not in _dictionary(), each))
    best = known[0]
    next_best = min((rarity[stems[each]] for each in known if stems[each] != stems[best]), default=math.inf)
    return best if rarity[stems[best]] + math.log(CLEARLY) <= next_best else None


def _expansion(short: str, chunks: Iterable[StoredChunk]) -> str | None:
    """The words whose first letters are `short`, as titles and texts have them most often."""
    seen: Counter[str] = Counter()
    titles: set[str] = set()
    for chunk in chunks:
        titles.update((chunk.title, *chunk.headings))
        seen.update(_phrases(short, chunk.text))
    for title in titles:
        for phrase in _phrases(short, title):
            seen[phrase] += IN_TITLES
    if not seen:
        return None
    best, count = seen.most_common(1)[0]
    return best if count >= SEEN_ENOUGH else None


def _phrases(short: str, text: str) -> Iterator[str]:
    """Runs of words, in lower case, whose first letters spell `short`; they may hold "of", "and" … between."""
    words = [word.lower() for word in _TOKEN.findall(text)]
    for start, word in enumerate(words):
        if word[0] != short[0]:
            continue
        at = 1
        for end in range(start + 1, min(len(words), start + 2 * len(short))):
            if words[end][0] == short[at]:
                at += 1
                if at == len(short):
                    yield " ".join(words[start : end + 1])
                    break
            elif words[end] not in STOP_WORDS:
                break
