"""Sentences made wrong by one edit, and sentences said differently but still right.

A sentence that stands in a passage becomes one that the passage does not support: another number,
another name, a negation put in or taken out, or two of its parts swapped. Deterministic: the same
sentences and seed give the same edits. Rules for English.

Not covered: some swaps leave the meaning as it was (“from A to B” of a range that runs both ways) or
make no grammatical sentence; about one in twenty, as read by eye.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["number", "name", "negation", "swap"]
KINDS: tuple[Kind, ...] = ("number", "name", "negation", "swap")

_FIGURE = re.compile(
    r"(?<![\w.,/:-])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w/:])|(?<![\w.,/:-])\d+(?:\.\d+)?(?![\w/:,]*\d)"
)
_COUNTS = "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty".split()
_COUNT = re.compile(rf"\b(?:{'|'.join(_COUNTS)})\b", re.IGNORECASE)
_MONTHS = "January February March April June July August September October November December".split()
_NAME = re.compile(
    r"(?<![.!?:•*\-|#“\"(] )(?<!^)\b(?:[A-Z][a-zà-ÿ]+|[A-Z]{2,})(?: (?:[A-Z][a-zà-ÿ]+|[A-Z]{2,})){0,2}\b"
)
_NO_NAME = frozenset("I The A An It This That These Those We You They He She If In On At And But Or".split())
_VERB = re.compile(
    r"\b(is|are|was|were|can|could|will|would|should|must|may|might|has been|have been|had been)\b(?! not\b|n['’]t)",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never) |(?<=[a-z])n['’]t\b", re.IGNORECASE)
_TURNS = re.compile(
    r"\b(?P<one>[A-Za-z][\w-]{3,}) (?P<mid>before|after|than|by|for|from|to|into|with|of|over|instead of) "
    r"(?:(?:the|a|an|their|our|your|its|his|her) )?(?P<other>[A-Za-z][\w-]{3,})\b"
)
_LISTED = re.compile(r"^(?:,? ?(?:and|or|&)|,)? *$")


@dataclass(frozen=True, slots=True)
class Edit:
    """A sentence and what became of it."""

    sentence: str
    corrupted: str
    kind: Kind


def names_of(texts: Iterable[str]) -> list[str]:
    """Names in `texts`, distinct, in order: what a name can be replaced by."""
    found = (match.group() for text in texts for match in _NAME.finditer(text))
    return list(dict.fromkeys(name for name in found if name.split()[0] not in _NO_NAME))


def corrupt(sentence: str, kind: Kind, names: Sequence[str], draw: Random) -> str | None:
    """`sentence` with one edit of this kind, or None where it offers none."""
    makers: dict[Kind, Callable[[], str | None]] = {
        "number": lambda: _other_number(sentence, draw),
        "name": lambda: _other_name(sentence, names, draw),
        "negation": lambda: _denied(sentence, draw),
        "swap": lambda: _swapped(sentence, draw),
    }
    made = makers[kind]()
    return made if made and made != sentence else None


def edits(sentences: Sequence[str], names: Sequence[str], per_kind: int, seed: int = 6) -> list[Edit]:
    """`per_kind` edits of every kind, or as many as there are; each sentence is used once if that will do."""
    draw = Random(seed)
    order = list(dict.fromkeys(sentences))
    draw.shuffle(order)
    found: list[Edit] = []
    used: set[str] = set()
    for again in (False, True):
        for kind in KINDS:
            mine = {edit.sentence for edit in found if edit.kind == kind}
            for sentence in order:
                if len(mine) == per_kind:
                    break
                if sentence in mine or (sentence in used and not again):
                    continue
                if made := corrupt(sentence, kind, names, draw):
                    found.append(Edit(sentence, made, kind))
                    mine.add(sentence)
                    used.add(sentence)
    return found


def reworded(sentence: str, draw: Random) -> str:
    """The same said differently: lead-in, figures, contractions, a few synonyms; always changed."""
    for old, new in _SAME:
        sentence = re.sub(rf"\b{old}\b", new, sentence)
    sentence = re.sub(r"(?<=\d),(?=\d{3}\b)", "", sentence).replace("%", " percent")
    sentence = re.sub(
        r"(?<![\w.,$€£-])(\d{1,2})(?![\w.,%:/-])",
        lambda m: _WORDS.get(int(m.group()), m.group()),
        sentence,
    )
    sentence = re.sub(r" \([^()]{1,40}\)", "", sentence)
    sentence = re.sub(
        r"^(?:However|Also|Additionally|In addition|Moreover|Therefore|So), (\w)", _raise, sentence
    )
    lead = draw.choice(
        ("According to the document, ", "The text says that ", "As stated there, ", "Note that ")
    )
    first = sentence.split()[0]
    keeps = first[:2].isupper() or first == "I" or not first[:1].isupper() or not first[1:].islower()
    return lead + (sentence if keeps else sentence[0].lower() + sentence[1:])


_SAME = (
    ("don['’]t", "do not"), ("doesn['’]t", "does not"), ("isn['’]t", "is not"), ("aren['’]t", "are not"),
    ("can['’]t", "cannot"), ("won['’]t", "will not"), ("it['’]s", "it is"), ("It['’]s", "It is"),
    ("you['’]re", "you are"), ("we['’]re", "we are"), ("you['’]ll", "you will"), ("such as", "like"),
    ("must", "has to"), ("because", "since"), ("approximately", "about"), ("purchase", "buy"),
    ("however", "though"), ("utilize", "use"), ("also ", ""), ("in order to", "to"), ("begins", "starts"),
    ("began", "started"), ("large", "big"), ("numerous", "many"), ("people", "persons"),
)  # fmt: skip
_WORDS = dict(enumerate(_COUNTS[:11], 2))


def _raise(match: re.Match[str]) -> str:
    return match.group(1).upper()


def _replaced(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def _other_number(sentence: str, draw: Random) -> str | None:
    spots = [*_FIGURE.finditer(sentence, 3), *_COUNT.finditer(sentence)]
    if not spots:
        return None
    spot = draw.choice(spots)
    old = spot.group()
    if old[0].isalpha():
        new = draw.choice([word for word in _COUNTS if word != old.lower()])
        return _replaced(sentence, spot, new.capitalize() if old[0].isupper() else new)
    plain = old.replace(",", "")
    if re.fullmatch(r"(?:19|20)\d\d", plain):
        new = str(int(plain) + draw.choice((-12, -7, -3, -2, -1, 1, 2, 3, 6, 11)))
    else:
        place = draw.randrange(len(plain.split(".")[0]))
        digit = draw.choice([d for d in "123456789" if d != plain[place]])
        new = plain[:place] + digit + plain[place + 1 :]
        if "," in old:
            whole, dot, rest = new.partition(".")
            new = f"{int(whole):,}{dot}{rest}"
    return _replaced(sentence, spot, new) if new not in sentence else None


def _names_in(sentence: str) -> list[re.Match[str]]:
    found = [m for m in _NAME.finditer(sentence) if m.start() > 0 and m.group().split()[0] not in _NO_NAME]
    return [m for m in found if sentence[: m.start()].strip(' -*•#|>_"“(')]


def _other_name(sentence: str, names: Sequence[str], draw: Random) -> str | None:
    spots = _names_in(sentence)
    if not spots:
        return None
    spot = draw.choice(spots)
    old = spot.group()
    if old in _MONTHS:
        return _replaced(sentence, spot, draw.choice([month for month in _MONTHS if month != old]))
    alike = [
        name
        for name in names
        if name not in sentence and name.isupper() == old.isupper() and name not in _MONTHS
    ]
    return _replaced(sentence, spot, draw.choice(alike)) if alike else None


def _denied(sentence: str, draw: Random) -> str | None:
    if (nots := list(_NOT.finditer(sentence))) and draw.random() < 0.7:
        spot = draw.choice(nots)
        made = _replaced(sentence, spot, "")
        return re.sub(r"\b(ca|wo)\b", lambda m: "can" if m.group() == "ca" else "will", made)
    if not (spots := list(_VERB.finditer(sentence))):
        return None
    spot = spots[0]
    return _replaced(
        sentence, spot, f"{spot.group().split()[0]} not {' '.join(spot.group().split()[1:])}".strip()
    )


def _swapped(sentence: str, draw: Random) -> str | None:
    for found in (list(_FIGURE.finditer(sentence, 3)), _names_in(sentence)):
        pairs = [
            (a, b)
            for n, a in enumerate(found)
            for b in found[n + 1 :]
            if a.group() != b.group() and not _LISTED.match(sentence[a.end() : b.start()])
        ]
        if pairs:
            return _exchanged(sentence, *(m.span() for m in draw.choice(pairs)))
    turns = [m for m in _TURNS.finditer(sentence) if m["one"].lower() != m["other"].lower()]
    if not turns:
        return None
    turn = draw.choice(turns)
    return _exchanged(sentence, turn.span("one"), turn.span("other"))


def _exchanged(text: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    a, b = text[slice(*one)], text[slice(*other)]
    return text[: one[0]] + b + text[one[1] : other[0]] + a + text[other[1] :]
