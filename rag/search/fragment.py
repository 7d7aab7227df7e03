"""A follow-up that is only a phrase (“And for coworking?”, “what about 2023?”): the last question with that phrase.

    What is the budget for a home office?   +  And for coworking?  →  What is the budget for coworking?
    How long is leave in Colorado?          +  and in Oregon?      →  How long is leave in Oregon?

The phrase takes the place of what is most like it: of its kind (a number, a name), behind the same preposition, near
in meaning. English only; figures in rag/evaluate/LOG.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.protocols import Embedder
from ingest.text.analysis import STOP_WORDS

MOST_WORDS = 6  # of a phrase
MOST_UNLED = 3  # of one that nothing but its preposition, its capitals or its digits mark as such
# What counts beside the cosine where a phrase looks for its place: form tells as much as meaning.
SAME_KIND, SAME_PREPOSITION, ANY_PREPOSITION, SAME_ARTICLE = 0.2, 0.25, 0.1, 0.1
WHOLE, LEADING = 0.1, 0.03  # all words between two small ones; the first of them, which tells kinds apart
NEAR, VERY_NEAR = 0.2, 0.3  # the cosine it takes where the form says nothing, or speaks against it

_LEAD = re.compile(
    r"(?:(?:and|but|or|so|ok(?:ay)?|well|then|now|also|please|yes|no|thanks)\b[\s,]*)*"
    r"(?:(?:(?:what|how) (?:about|of|if)|(?:the )?same(?: again| thing| question)?(?: but| as)?)\b[\s,]*)?",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s,;:?!()\"“”]+")
_PREPOSITIONS = frozenset(
    "about after against among around as at before behind below beside between beyond by during for from in inside into "
    "like near of off on onto out outside over per since than through throughout to toward towards under until up upon "
    "via with within without".split()
)
_ARTICLES = frozenset("a an the my your our their his her its any some this that these those".split())
# A word of these makes a clause of its own, or points back: no phrase that takes another one's place.
_CLAUSE = frozenset(
    "is are am was were be been isn't aren't wasn't weren't do does did don't doesn't didn't has have had can could can't "
    "cannot will would won't shall should may might must who whom whose what which when where why how i i'm you we he "
    "she they it him them me us there not no yes tell show give list explain".split()
)
_BEFORE = frozenset("i you we they he she it who how".split())  # what follows is a verb, or a measure
_AUXILIARY = frozenset("do does did can could will would shall should may might must".split())
_ASKS = frozenset(("which", "what", "many", "much"))
_WITH_ANOTHER = frozenset(("between", "from", "than"))  # "between 1978 and 2008", "less than a year"
_CUTS = _PREPOSITIONS - {"of", "than", "per", "as", "like"}  # where a phrase has a second part
_WITHIN_NAMES = frozenset(("of", "to"))  # "University of Chicago"
_ONE = re.compile(r"\s+ones?$", re.IGNORECASE)
_POINTS = frozenset(
    "it its he him his she her hers they them their theirs this that these those there such".split()
)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A phrase without a verb: its preposition or "", its article or "", its other words; `led` by "and", "what about" …"""

    preposition: str
    article: str
    text: str
    led: bool


@dataclass(frozen=True, slots=True)
class _Slot:
    """Words of a question that may be replaced, `start`:`end` in its characters: a run of telling ones, or a part.

    `led` and `articled` are where the run with its preposition and with its article begins; `leading` are the run's
    first words, `whole` all of them; `asked` for is what follows "which", "what", "how many".
    """

    start: int
    end: int
    text: str
    led: int
    preposition: str
    articled: int
    article: str
    leading: bool
    whole: bool
    asked: bool


def fragment(question: str) -> Fragment | None:
    """The phrase a question consists of; None where it has a verb, a pronoun, or too many words."""
    text = question.strip().rstrip(" ?!.…")
    lead = _LEAD.match(text)
    rest = text[lead.end() :] if lead else text
    words = _WORD.findall(rest)
    if not 0 < len(words) <= MOST_WORDS or {_plain(word).split("'")[0] for word in words} & (
        _CLAUSE | _POINTS
    ):
        return None
    phrase = _phrase(words, bool(lead and lead.end()))
    if phrase and not phrase.led:
        marked = phrase.preposition or _kind(phrase.text) != "words"
        return phrase if marked and len(words) <= MOST_UNLED else None
    return phrase


def _phrase(words: Sequence[str], led: bool) -> Fragment | None:
    """None for small words alone."""
    preposition = _plain(words[0]) if _plain(words[0]) in _PREPOSITIONS and len(words) > 1 else ""
    kept = words[1:] if preposition else words
    article = kept[0] if kept[0].lower() in _ARTICLES else ""
    kept = kept[1:] if article else kept
    if all(word.lower() in STOP_WORDS for word in kept):
        return None
    return Fragment(preposition, article, " ".join(kept), led)


def completed(embedder: Embedder, base: str, phrase: Fragment) -> str | None:
    """The question `base` with the phrase in its place; None where no place is found, or it has been said."""
    for part in _parts_of(phrase):
        slots = list(_slots(base))
        if any(slot.text.casefold() == part.text.casefold() and not _fits(slot, part) for slot in slots):
            return None
        led = part.preposition
        if led == "for" and all(slot.preposition != led for slot in slots):  # "and for X" is "what about X"
            part = replace(part, preposition="")
        found = _most_like(embedder, [slot for slot in slots if _fits(slot, part)], part, led)
        if found is None:
            return None
        base = _put(base, found, part)
    return base


def _parts_of(phrase: Fragment) -> Iterator[Fragment]:
    """ "of the city in 2010" as "of the city" and "in 2010"; "Gulf of Mexico" is one."""
    words = phrase.text.split()
    cuts = [n for n, word in enumerate(words) if 0 < n < len(words) - 1 and _plain(word) in _CUTS]
    for first, last in zip([0, *cuts], [*cuts, len(words)], strict=True):
        part = _phrase(words[first:last], phrase.led)
        if part:
            yield part if first else replace(part, preposition=phrase.preposition, article=phrase.article)


def _put(base: str, slot: _Slot, phrase: Fragment) -> str:
    text = _ONE.sub("", phrase.text)
    if text != phrase.text:  # "the secondary one": what it is one of stays
        last = _WORD.findall(slot.text)[-1]
        text = f"{text} {last}" if slot.whole and last != slot.text else text
    start = slot.start
    if slot.leading:
        start, text = slot.articled, f"{phrase.article} {text}".strip()
    if _otherwise_led(slot, phrase):
        start, text = slot.led, f"{phrase.preposition} {text}"
    return f"{base[:start]}{text}{base[slot.end :]}"


def _slots(base: str) -> Iterator[_Slot]:
    """Every run of telling words, and its parts; a verb right after "I", "you", "who" … is none."""
    words = list(_WORD.finditer(base))
    run: list[re.Match[str]] = []
    preposition: re.Match[str] | None = None
    article: re.Match[str] | None = None
    before = ""  # the small word before the run, but for articles
    for place, match in enumerate(words):
        word = _plain(match[0])
        tells = word not in STOP_WORDS | _PREPOSITIONS and not (
            place and _plain(words[place - 1][0]) in _BEFORE
        )
        if tells or (run and _joins(words, place)):
            run.append(match)
            continue
        yield from _parts(base, _without_verb(run, before), preposition, article, before in _ASKS)
        if run or word not in _ARTICLES:
            preposition, before = match if word in _PREPOSITIONS else None, word
        run, article = [], match if word in _ARTICLES else None
    yield from _parts(base, _without_verb(run, before), preposition, article, before in _ASKS)


def _without_verb(run: list[re.Match[str]], before: str) -> list[re.Match[str]]:
    """What follows "does", "can" … without its last word, which is the verb: "the insurance pay"."""
    return run[:-1] if before in _AUXILIARY and len(run) > 1 else run


def _joins(words: Sequence[re.Match[str]], place: int) -> bool:
    """Whether a small word stands within a name: "Cycle to Work"; not "from Rome to Berne"."""
    if not 0 < place < len(words) - 1 or words[place][0] not in _WITHIN_NAMES:
        return False
    around = words[place - 1][0][0].isupper() and words[place + 1][0][0].isupper()
    return around and (place < 2 or words[place - 2][0] not in ("from", "between"))


def _parts(
    base: str,
    run: Sequence[re.Match[str]],
    preposition: re.Match[str] | None,
    article: re.Match[str] | None,
    asked: bool,
) -> Iterator[_Slot]:
    for first in range(len(run)):
        for last in range(first, len(run)):
            if _small(run, first - 1, first, last, last + 1):
                continue  # no part of a name: "Cycle to"
            start, end = run[first].start(), run[last].end()
            yield _Slot(
                start,
                end,
                base[start:end],
                preposition.start() if preposition else run[0].start(),
                _plain(preposition[0]) if preposition else "",
                article.start() if article else run[0].start(),
                _plain(article[0]) if article else "",
                first == 0,
                first == 0 and last == len(run) - 1,
                asked,
            )


def _small(run: Sequence[re.Match[str]], *places: int) -> bool:
    return any(0 <= place < len(run) and run[place][0] in _WITHIN_NAMES for place in places)


def _fits(slot: _Slot, phrase: Fragment) -> bool:
    """Not the phrase itself, unless behind another preposition; behind another one only as a whole, and no range; not
    all that is asked for ("which park"), unless it is of the same sort ("how many sick days")."""
    if slot.asked and slot.whole and _last_word(slot.text) != _last_word(phrase.text):
        return False
    if _otherwise_led(slot, phrase) and slot.preposition in _WITH_ANOTHER:
        return False
    if slot.text.casefold() == phrase.text.casefold():
        return _otherwise_led(slot, phrase) and slot.whole
    return slot.whole or not _otherwise_led(slot, phrase)


def _otherwise_led(slot: _Slot, phrase: Fragment) -> bool:
    return bool(phrase.preposition and slot.preposition and slot.preposition != phrase.preposition)


def _most_like(embedder: Embedder, slots: Sequence[_Slot], phrase: Fragment, led: str) -> _Slot | None:
    """The slot that the phrase takes the place of; None where it is like none."""
    if not slots:
        return None
    text = _ONE.sub("", phrase.text) or phrase.text
    vectors = embedder.embed_passages([text, *(slot.text for slot in slots)])
    near = (vectors[1:] @ vectors[0]).tolist()
    best = max(range(len(slots)), key=lambda n: near[n] + _parallel(slots[n], phrase))
    slot = slots[best]
    same = bool(phrase.preposition) and slot.preposition == phrase.preposition
    alike = same or _kind(slot.text) == _kind(phrase.text) != "words"
    parallel = bool(slot.preposition) or not led
    return slot if alike or (phrase.led and near[best] >= (NEAR if parallel else VERY_NEAR)) else None


def _parallel(slot: _Slot, phrase: Fragment) -> float:
    """How alike in form they are, beside their meaning."""
    score = SAME_KIND * (_kind(slot.text) == _kind(phrase.text)) + WHOLE * slot.whole + LEADING * slot.leading
    if phrase.preposition and slot.preposition:
        score += SAME_PREPOSITION if slot.preposition == phrase.preposition else ANY_PREPOSITION
    if slot.leading and phrase.article and slot.article:
        score += SAME_ARTICLE * (slot.article == _plain(phrase.article))
    if _last_word(slot.text) == _last_word(phrase.text):
        score += WHOLE * slot.leading  # "broad gauge", not "gauge"
    return score


def _last_word(text: str) -> str:
    return _plain(_WORD.findall(text)[-1])


def _kind(text: str) -> str:
    if any(c.isdigit() for c in text):
        return "number"
    words = text.split()
    return "name" if words[0][0].isupper() and words[-1][0].isupper() else "words"


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")
