"""Whether two claims are of the same thing and differ in their value alone.

The sentences around the values have to share most telling words, and nothing in one may speak of another case: no
other name, year, season, weekday or group of people, no other number of a room, nothing else it is for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ingest.text.analysis import terms
from rag.answers.agreement import Text, Word
from rag.answers.disagree.claims import YEAR, Claim, Figure, Names
from rag.answers.disagree.moments import Moment, moments

SHARED_WORDS, SHARED_SHARE = 3, 0.5  # of the telling words of the shorter sentence
SHARED_SHARE_OF_PLACE = 0.7  # … where the values are common words: "the kitchen"
ROUGHLY = 0.1  # "about 1,200" and 1,187 are the same
_ROUGH = frozenset("about around roughly approximately nearly almost some circa over".split())
# Who or when it is said of: where only one sentence has such a word, they speak of different cases.
_CASES = frozenset(
    form
    for word in (
        "winter summer spring autumn monday tuesday wednesday thursday friday saturday sunday weekday weekend holiday "
        "morning afternoon evening adult child children student pupil senior visitor guest employee contractor volunteer "
        "apprentice trainee freelancer tenant men women boys girls minimum maximum average total "
        "domestic international abroad upstairs downstairs indoor outdoor initially originally formerly previously"
    ).split()
    for form in terms(word)
)  # fmt: skip
_ONCE = re.compile(
    r"\b(?:since|born|died|founded|foundation|established|built|completed|invented|introduced|joined|bought|signed|"
    r"ends?|expires?|moved?|opened|retires?|retired)\b",
    re.IGNORECASE,
)
_LEADS_TO = frozenset("for of in at during on".split())  # the word after it says which one is meant
_OF_CASES = {
    one: other
    for pair in (
        ("over", "under"), ("above", "below"), ("before", "after"), ("more", "less"), ("first", "last"), ("old", "new"),
        ("north", "south"), ("east", "west"), ("inside", "outside"), ("with", "without"), ("short", "long"),
        ("upper", "lower"), ("left", "right"), ("small", "large"), ("single", "double"), ("public", "private"),
    )
    for one, other in (pair, pair[::-1])
}  # fmt: skip
_SPANS = frozenset(
    form for word in "seconds minutes hours days weeks months years".split() for form in terms(word)
)
_PAST = frozenset("was were had did wasnt werent didnt hadnt used".split())
_PRESENT = frozenset("is are has have does do will isnt arent hasnt havent doesnt dont".split())
_GOES_ON = re.compile(
    r"[;—–]|,(?!\s*(?:in|on|during|from|for|at)\b)|\b(?:and|but|while|whereas|because|where|which|who|so)\b",
    re.IGNORECASE,
)
_BEFORE_NOUN = frozenset(
    "the a an our your their its his her my this that these those each every all own one".split()
)
_MEASURES = frozenset("least most latest earliest once first last times".split())  # "at least": of the figure
_WITHIN = re.compile(r"[\s’'s-]*")  # between words of a phrase


def differ(one: Claim, other: Claim, asked: set[str]) -> bool:
    """Whether two claims contradict each other: other values for the same thing."""
    return _other_value(one, other, asked) and same_thing(one, other, asked)


def _other_value(one: Claim, other: Claim, asked: set[str]) -> bool:
    mine, theirs = one.value, other.value
    if isinstance(mine, Figure) and isinstance(theirs, Figure):
        return _other_figure(one, mine, other, theirs, asked)
    if isinstance(mine, Moment) and isinstance(theirs, Moment):
        return _other_moment(one, mine, other, theirs)
    if isinstance(mine, Names) and isinstance(theirs, Names):
        return _other_name(one, mine, other, theirs)
    return False


def _other_figure(one: Claim, mine: Figure, other: Claim, theirs: Figure, asked: set[str]) -> bool:
    if mine.value == theirs.value or mine.unit != theirs.unit or not mine.unit:
        return False
    if mine.unit in _SPANS and (wanted := _SPANS & asked) and mine.unit not in wanted:
        return False  # weeks, where days are asked for
    if mine.value in other.sentence.forms or theirs.value in one.sentence.forms:
        return False
    return not (_near(mine, theirs) and (_roughly(one) or _roughly(other)))


def _near(one: Figure, other: Figure) -> bool:
    try:
        a, b = float(one.value[1:]), float(other.value[1:])
    except ValueError:  # "#9:30"
        return False
    return abs(a - b) <= ROUGHLY * max(abs(a), abs(b))


def _roughly(claim: Claim) -> bool:
    return any(word.lower in _ROUGH and 0 < claim.start - word.start <= 20 for word in claim.sentence.words)


def _other_moment(one: Claim, mine: Moment, other: Claim, theirs: Moment) -> bool:
    if not mine.differs(theirs) or _says(other, mine) or _says(one, theirs):
        return False
    parts = mine.told().keys() & theirs.told().keys()
    if not mine.apart(theirs, "year") or parts == {"year"}:
        return not mine.apart(theirs, "year") or _once(one, other)
    # Two dates in different years may be of an event that comes again.
    return _once(one, other) or not any(mine.apart(theirs, name) for name in parts - {"year"})


def _once(one: Claim, other: Claim) -> bool:
    return all(_ONCE.search(claim.sentence.text) for claim in (one, other))


def _says(claim: Claim, moment: Moment) -> bool:
    """Whether the claim's passage has this moment, too."""
    wanted = moment.told().items()
    return any(wanted <= said.moment.told().items() for said in moments(claim.hit.chunk.text))


def _other_name(one: Claim, mine: Names, other: Claim, theirs: Names) -> bool:
    if mine.proper != theirs.proper or mine.forms & theirs.forms:
        return False
    if not mine.proper:
        return not (mine.forms & set(other.sentence.forms) or theirs.forms & set(one.sentence.forms))
    return not (mine.forms & about(other) or theirs.forms & about(one))


def about(claim: Claim) -> frozenset[str]:
    """The forms of the passage, its title, headings and file name: who and when it speaks of."""
    chunk = claim.hit.chunk
    return _known(f"{chunk.key} {chunk.context} {chunk.text}")


@lru_cache(maxsize=32)  # a passage is held against several others
def _known(text: str) -> frozenset[str]:
    return frozenset(Text(text).known)


# ---------------------------------------------------------------------- the rest of both sentences


def same_thing(one: Claim, other: Claim, asked: set[str]) -> bool:
    """Whether the sentences say the same of the same, but for their values."""
    mine, theirs = _said(one), _said(other)
    shared = mine & theirs
    place = isinstance(one.value, Names) and not one.value.proper
    if len(shared) < (SHARED_SHARE_OF_PLACE if place else SHARED_SHARE) * min(len(mine), len(theirs)):
        return False
    if not asked & shared or apart(asked & mine, asked & theirs):
        return False
    if len(shared) < SHARED_WORDS and not (len(shared) == SHARED_WORDS - 1 and asked <= shared):
        return False
    return not other_case(one, other)


def other_case(one: Claim, other: Claim) -> bool:
    """Whether something tells that the sentences speak of two different cases."""
    first, second = one.rest, other.rest
    return (
        apart(_names(first), _names(second))
        or apart(years(first), years(second))
        or _other_cases(one, other)
        or apart(_cases_of_title(one), _cases_of_title(other))
        or _other_number(first, second)
        or _opposed(first, second)
        or {_time(one), _time(other)} == {"past", "present"}
        or _other_object(one, other)
    )


def _other_cases(one: Claim, other: Claim) -> bool:
    """Whether one is said of cases that the other doesn't name; of who or where it is only where both name some."""
    mine, theirs = _cases(one), _cases(other)
    return apart(mine, theirs) if isinstance(one.value, Names) else mine != theirs


def apart(one: set[str], other: set[str]) -> bool:
    """Whether each has something that the other lacks."""
    return bool(one - other) and bool(other - one)


def _said(claim: Claim) -> set[str]:
    """The telling words beside the value that are no numbers."""
    return {word.form for word in claim.rest if word.tells and not word.is_number}


def _names(words: Sequence[Word]) -> set[str]:
    return {word.form for word in words if word.is_name}


def years(words: Sequence[Word]) -> set[str]:
    """The years among these words."""
    return {word.form for word in words if YEAR.fullmatch(word.form)}


def _cases(claim: Claim) -> set[str]:
    """Words of cases, up to where the sentence goes on to something else."""
    end = next((m.start() for m in _GOES_ON.finditer(claim.sentence.text, claim.end) if claim.end), None)
    return {word.form for word in claim.rest if end is None or word.start < end} & _CASES


def _cases_of_title(claim: Claim) -> set[str]:
    chunk = claim.hit.chunk
    return set(terms(f"{chunk.key} {chunk.context}")) & _CASES


def _other_number(first: Sequence[Word], second: Sequence[Word]) -> bool:
    """Whether a word is followed by one number here and by another there: room 12, room 14."""
    mine, theirs = _numbered(first), _numbered(second)
    return any(apart(mine[form], theirs[form]) for form in mine.keys() & theirs.keys())


def _numbered(words: Sequence[Word]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for word, following in zip(words, words[1:], strict=False):
        if following.is_number and word.tells and following.start - word.start - len(word.lower) <= 1:
            found.setdefault(word.form, set()).add(following.form)
    return found


def _time(claim: Claim) -> str:
    """Whether the last helping verb before the value (of a stance: the first of all) is of the past or the present;
    "" without one."""
    verbs = [
        "past" if word.lower in _PAST else "present"
        for word in claim.sentence.words
        if word.lower in _PAST | _PRESENT and (not claim.end or word.start < claim.start)
    ]
    return (verbs[-1] if claim.end else verbs[0]) if verbs else ""


def _opposed(first: Sequence[Word], second: Sequence[Word]) -> bool:
    """Whether one is of stays "over 90 days", the other of stays "under" them."""
    mine, theirs = {word.lower for word in first}, {word.lower for word in second}
    return any(_OF_CASES.get(word) in theirs - mine for word in mine - theirs)


def _other_object(one: Claim, other: Claim) -> bool:
    """Whether one is "for adults" and the other "for students", one "in eco mode", the other "in quick mode"."""
    mine, theirs = _objects(one), _objects(other)
    return any(
        not any(a <= b or b <= a for a in mine[word] for b in theirs[word])
        for word in mine.keys() & theirs.keys()
    )


def _objects(claim: Claim) -> dict[str, list[set[str]]]:
    """The telling words that stand right behind each of these small words, the value left out."""
    text, words = claim.sentence.text, claim.sentence.words
    found: dict[str, list[set[str]]] = {}
    for place, word in enumerate(words):
        if word.lower in _LEADS_TO:
            phrase: set[str] = set()
            before = word
            for each in words[place + 1 :]:
                gap = text[before.start + len(before.lower) : each.start]
                if (
                    claim.start <= each.start < claim.end
                    or each.lower in _MEASURES
                    or not _WITHIN.fullmatch(gap)
                ):
                    break
                if each.tells and not each.is_number and each.lower not in _BEFORE_NOUN:
                    phrase.add(each.form)
                elif phrase or not (each.is_number or each.lower in _BEFORE_NOUN):
                    break
                before = each
            if phrase:
                found.setdefault(word.lower, []).append(phrase)
    return found
