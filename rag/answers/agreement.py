"""Where a claim and a passage agree word by word: numbers, names, negation, order.

What the reader's support head overlooks, in plain rules: it reads "42 €" and "24 €" as much the same.
All functions are pure; a passage is prepared once and held against any number of claims. English rules;
in other languages only numbers, words and their order count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log1p

from ingest.text.analysis import STOP_WORDS, terms
from ingest.text.dating import MONTHS
from ingest.text.sentences import sentences

NEAR_WORDS = 3  # telling words: neighbours in the claim should be as near in the passage
FEWEST_TO_SWAP = 4  # telling words that a claim and a sentence share, for their order to say anything
LITERAL_WORDS = 3  # a shorter claim stands in nearly every passage

NEGATIONS = frozenset(
    "not no never none nobody nothing neither nor without cannot cant dont doesnt didnt isnt arent wasnt "
    "werent wont wouldnt shouldnt couldnt hasnt havent hadnt mustnt neednt mightnt hardly nowhere".split()
)
# What denies without a "not": "refused to be", "is unable to", "is yet to".
_DENIALS = frozenset("refus declin avoid fail unabl incap lack yet rare except nor refrain".split())
_CONDITIONS = frozenset("if unless whether false untrue wrong deny denied denies".split())

_VERBS = frozenset("is are was were has have had can will may must does do did should would could".split())

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
)
_SMALL = {word: n for n, word in enumerate(f"{_UNITS} seventeen eighteen nineteen".split())}
_TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_ORDINALS = {
    word: n
    for n, word in enumerate(
        "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 3
    )
}
_SCALES = {
    "hundred": 100, "thousand": 10**3, "k": 10**3, "million": 10**6, "mn": 10**6,
    "dozen": 12, "decades": 10, "centuries": 100, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
_SHORT_MONTHS = {month[:3]: month for month in MONTHS} | {"sept": "september"}

_OPPOSITES = """
    increase decrease|increased decreased|rise fall|rose fell|more less|more fewer|higher lower|above below|
    before after|earlier later|minimum maximum|most least|allowed forbidden|allowed prohibited|always never|
    open closed|opens closes|include exclude|accept reject|accepted rejected|gain loss|profit loss|
    north south|northern southern|east west|eastern western|first last|male female|men women|mandatory optional|
    required optional|all none|same different|buy sell|won lost|winner loser|begin end|began ended|
    start end|started ended|paid unpaid|able unable|legal illegal|public private|internal external|
    largest smallest|longest shortest|oldest youngest|best worst|old new|father mother|son daughter|
    brother sister|husband wife|alive dead|born died|inside outside|left right|upper lower|over under"""
OPPOSITE: dict[str, set[str]] = {}
for _pair in _OPPOSITES.split("|"):
    _one, _other = _pair.split()
    OPPOSITE.setdefault(_one, set()).add(_other)
    OPPOSITE.setdefault(_other, set()).add(_one)

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:[’'][^\W\d_]+)?")


@dataclass(frozen=True, slots=True)
class Word:
    """`form` is what is compared: a stem, or "#" and a value for a number."""

    form: str
    lower: str
    start: int
    is_name: bool
    sentence: int

    @property
    def is_number(self) -> bool:
        return self.form.startswith("#")

    @property
    def is_negation(self) -> bool:
        return self.lower in NEGATIONS or self.form in _DENIALS

    @property
    def tells(self) -> bool:
        """Whether it says something about the subject: no stop word, no negation."""
        return self.is_number or (
            self.lower not in STOP_WORDS and not self.is_negation and (len(self.form) > 1 or self.is_name)
        )


class Text:
    """A text as words, prepared once; those before `start` are left out."""

    def __init__(self, text: str, start: int = 0) -> None:
        self.text = text
        self.words: list[Word] = [word for word in _words(text) if word.start >= start]

    @cached_property
    def forms(self) -> list[str]:
        return [word.form for word in self.words]

    @cached_property
    def known(self) -> set[str]:
        return set(self.forms) | self.initials

    @cached_property
    def telling(self) -> list[Word]:
        return [word for word in self.words if word.tells]

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where a form stands among the telling words."""
        found: dict[str, list[int]] = {}
        for place, word in enumerate(self.telling):
            found.setdefault(word.form, []).append(place)
        return found

    @cached_property
    def initials(self) -> set[str]:
        """What could abbreviate runs of capitalised words: "World Health Organization" as "who"."""
        found: set[str] = set()
        run = ""
        for before, word in zip([None, *self.words], self.words, strict=False):
            capital = self.text[word.start].isupper()
            near = before is not None and word.start - before.start - len(before.lower) <= 2
            if capital:
                run = run + word.lower[0] if near else word.lower[0]
                found.update(run[k:] for k in range(len(run) - 1))
            elif word.lower not in ("of", "and", "the", "for"):
                run = ""
        return found

    @cached_property
    def by_sentence(self) -> list[list[Word]]:
        rows: dict[int, list[Word]] = {}
        for word in self.words:
            rows.setdefault(word.sentence, []).append(word)
        return list(rows.values())


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a claim's words stand in a passage. Shares are 0 to 1; `*_missing` are ln(1 + count)."""

    words_missing: float  # telling words of the claim that the passage lacks
    nearby: float  # neighbouring telling words that are near each other in the passage too
    numbers_missing: float
    names_missing: float
    said_missing: float  # words_missing without those before the first verb: what is said of the subject
    negation: float  # 1 where one of both denies what the other says
    negated: float  # 1 where the claim denies something
    denied_missing: float  # words_missing where only the claim denies: "is no painter" of a singer
    opposite: float  # 1 where the passage has the opposite of a word instead of it
    swapped: float  # how closely the claim follows one sentence, if some of its words changed places
    literal: bool  # the claim stands in the passage word for word


def agreement(claim: Text, passage: Text) -> Agreement:
    """Hold a claim against a passage."""
    telling = claim.telling
    there = passage.known
    missing = [word for word in telling if word.form not in there and not _abbreviated(word, claim, there)]
    near, swapped = _closest(claim, passage)
    denies = _denies(claim, near)
    negated = any(word.is_negation for word in claim.words)
    verb = next((w.start for w in claim.words[1:] if w.lower in _VERBS), 0)
    return Agreement(
        words_missing=log1p(len(missing)),
        nearby=_nearby(telling, passage),
        numbers_missing=log1p(sum(word.is_number for word in missing)),
        names_missing=log1p(sum(word.is_name for word in missing)),
        said_missing=log1p(sum(word.start > verb for word in missing)),
        negation=float(denies),
        negated=float(negated),
        denied_missing=log1p(len(missing)) if denies and negated else 0.0,
        opposite=float(_opposite(claim, near, there)),
        swapped=swapped,
        literal=is_literal(claim, passage),
    )


def is_literal(claim: Text, passage: Text) -> bool:
    """Whether the passage has the claim word for word, and nothing in front of it takes it back."""
    wanted, forms = claim.forms, passage.forms
    size = len(wanted)
    if size < LITERAL_WORDS:
        return False
    for at, form in enumerate(forms):
        if form == wanted[0] and forms[at : at + size] == wanted:
            sentence = passage.words[at].sentence
            lead = [w.lower for w in passage.words[max(0, at - 30) : at] if w.sentence == sentence]
            if not any(word in NEGATIONS or word in _CONDITIONS for word in lead):
                return True
    return False


def _words(text: str) -> list[Word]:
    found: list[Word] = []
    ends = [end for _, end in sentences(text)]
    sentence, first = 0, True
    matches = list(_WORD.finditer(text))
    at = 0
    while at < len(matches):
        match = matches[at]
        while sentence < len(ends) and match.start() >= ends[sentence]:
            sentence, first = sentence + 1, True
        raw = match.group()
        lower = raw.replace("’", "'").lower()
        value, used = _value(matches, at)
        if value is not None:
            found.append(Word(f"#{value}", lower, match.start(), False, sentence))
        elif lower not in ("st", "nd", "rd", "th") or not (found and found[-1].is_number):
            plain = lower.removesuffix("'s").replace("'", "")
            plain = _SHORT_MONTHS.get(plain, plain) if raw[0].isupper() else plain
            form = (terms(plain) or [plain])[0]
            name = raw[0].isupper() and (not first or raw[1:2].isupper()) and plain not in STOP_WORDS
            found.append(Word(form, plain, match.start(), name, sentence))
        first = False
        at += used
    return found


def _value(matches: Sequence[re.Match[str]], at: int) -> tuple[str | None, int]:
    """The value of the number that begins at `at`, and how many matches it takes."""
    raw = matches[at].group().lower()
    following = matches[at + 1].group().lower() if at + 1 < len(matches) else ""
    close = at + 1 < len(matches) and matches[at + 1].start() - matches[at].end() <= 1
    used = 1
    if raw[0].isdecimal():
        if ":" in raw:
            return raw.removesuffix(":00").lstrip("0") or "0", 1
        plain = re.sub(r",(?=\d{3}\b)", "", raw).replace(",", ".")
        if plain.count(".") > 1 or (plain.startswith("0") and not plain.startswith("0.") and len(plain) > 2):
            return plain, 1
        value = float(plain)
    elif raw in _TENS:
        value = _TENS[raw]
        if close and following in _SMALL and 0 < _SMALL[following] < 10:
            value, used = value + _SMALL[following], 2
    elif raw in _ORDINALS:
        return str(_ORDINALS[raw]), 1
    elif raw in _SMALL and (raw != "one" or following in _SCALES):
        value = _SMALL[raw]
    else:
        return None, 1
    while at + used < len(matches) and matches[at + used].start() - matches[at + used - 1].end() <= 1:
        scale = _SCALES.get(matches[at + used].group().lower())
        if scale is None:
            break
        value, used = value * scale, used + 1
    return f"{value:.10g}", used


def _abbreviated(word: Word, claim: Text, there: set[str]) -> bool:
    """Whether the passage has the initials of the run of names that `word` belongs to."""
    if not word.is_name:
        return False
    run = [w for w in claim.words if w.sentence == word.sentence and (w.is_name or w.start == word.start)]
    initials = "".join(w.lower[0] for w in run)
    return len(run) > 1 and initials in there


def _nearby(telling: Sequence[Word], passage: Text) -> float:
    pairs = list(zip(telling, telling[1:], strict=False))
    if not pairs:
        return 1.0
    places = passage.places
    good = sum(
        any(abs(i - j) <= NEAR_WORDS for i in places.get(one.form, ()) for j in places.get(other.form, ()))
        for one, other in pairs
    )
    return good / len(pairs)


def _closest(claim: Text, passage: Text) -> tuple[list[Word], float]:
    """The part of the passage's closest sentence that the claim covers, and `swapped`."""
    wanted = {word.form for word in claim.telling}
    rows = passage.by_sentence
    if not rows or not wanted:
        return [], 0.0
    row = max(rows, key=lambda words: len(wanted & {w.form for w in words}) - 0.01 * len(words))
    mine = [w.form for w in claim.telling]
    theirs = [w.form for w in row if w.tells]
    shared = len(set(mine) & set(theirs))
    if not shared:
        return [], 0.0
    inside = [place for place, word in enumerate(row) if word.form in wanted]
    span = row[max(0, inside[0] - 3) : inside[-1] + 2]
    if shared < FEWEST_TO_SWAP or _common_run(mine, theirs) >= shared:
        return span, 0.0
    return span, _common_run(claim.forms, [w.form for w in row]) / len(claim.forms)


def _common_run(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    lengths = [0] * (len(other) + 1)
    for a in one:
        before = 0
        for j, b in enumerate(other, 1):
            before, lengths[j] = lengths[j], before + 1 if a == b else max(lengths[j], lengths[j - 1])
    return lengths[-1]


def _denies(claim: Text, near: Sequence[Word]) -> bool:
    if not near:
        return False
    mine = sum(word.is_negation for word in claim.words)
    return mine % 2 != sum(word.is_negation for word in near) % 2


def _opposite(claim: Text, near: Sequence[Word], there: set[str]) -> bool:
    close = {word.lower for word in near}
    return any(OPPOSITE.get(word.lower, set()) & close and word.lower not in close for word in claim.words)
