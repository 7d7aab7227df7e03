"""Question → what of the whole library it asks for, by its form; None where no form fits.

Rules: a question is taken only where its whole form says so, from its first word to its last. What none of them takes
may still be taken by its meaning (kinds.py, meant.py), and is answered in the ordinary way otherwise, as is what is
taken and then cannot be done.
Figures: rag/evaluate/LOG.md. English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from rag.whole.forms import (
    COMPARED,
    COMPARISONS,
    CONTRACTED,
    COURTESY,
    FORMATS,
    HERE,
    JOINTS,
    LEANING,
    LISTINGS,
    POLITE,
    SUMMARIES,
    TAIL,
    THING_LISTS,
    WHOLE,
    ThingKind,
)

Relation = Literal["mention", "about"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Documents: all of them, or those that mention a topic or are about it.

    `kind` is a key of FORMATS, "" for any; `genre` a word for documents that their names hold ("policies"), ""
    for any; `folder` a part of their path. `each` asks what every one says, `count` how many there are, `without`
    for those that do not mention it; a `loose` relation ("talk about") takes in those that mention a name.
    """

    topic: str = ""
    relation: Relation = "mention"
    kind: str = ""
    folder: str = ""
    count: bool = False
    each: bool = False
    without: bool = False
    genre: str = ""
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Things:
    """Every e-mail address, date … of the library, or of the document called `within`."""

    kind: ThingKind
    within: str = ""
    count: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """`between` is all from the left side's first word to the right side's last."""

    left: str
    right: str
    aspect: str = ""
    between: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Summary:
    """Of the document called `target`; "" is the library, a line for each document."""

    target: str = ""


Wanted = Listing | Things | Comparison | Summary

MOST_CHARACTERS = 300  # of a question that is looked at: one of these kinds is short
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SCOPED = re.compile(rf"(?:,? {HERE}|,? anywhere|,? at all|,? in here)$", re.IGNORECASE)


def route(question: str) -> Wanted | None:
    """What the question asks of the whole library; None for an ordinary question."""
    if len(question) > MOST_CHARACTERS:
        return None
    asked = stripped(question)
    bare, whole = (
        TAIL.sub("", asked),
        COURTESY.sub("", asked),
    )  # a tail may be what asks: "in three sentences"
    return _routed(bare.strip(" ?!.:,")) or _routed(whole.strip(" ?!.:,"))


def _routed(asked: str) -> Wanted | None:
    lowered = asked.casefold()
    if len(lowered) != len(asked):  # letters that change their length: offsets would not fit
        asked = lowered
    return (
        _summary(lowered, asked)
        or _things(lowered, asked)
        or _listing(lowered, asked)
        or _comparison(lowered, asked)
    )


def stripped(question: str) -> str:
    """The question on one line without what is only polite before it, nor the sign at its end."""
    text = " ".join(question.split()).strip(" ?!.:")
    text = CONTRACTED.sub(r"\1 is", text)
    return POLITE.sub("", text, count=1).strip()


def leans(phrase: str) -> bool:
    """Whether a phrase only points at something said before."""
    return LEANING.fullmatch(phrase.strip()) is not None


def _part(match: re.Match[str], asked: str, name: str) -> str:
    """A group as it was typed."""
    if name not in match.re.groupindex or match[name] is None:
        return ""
    start, end = match.span(name)
    return asked[start:end].strip(" ,;:")


def _listing(lowered: str, asked: str) -> Listing | None:
    for pattern in LISTINGS:
        match = pattern.fullmatch(lowered)
        if match is None:
            continue
        names = pattern.groupindex
        topic = _part(match, asked, "topic")
        if "topic" in names and (not topic or leans(topic)):
            return None
        many = match["many"] if "many" in names else ""
        return Listing(
            _unscoped(topic),
            "about" if "about" in names else "mention",
            _format(_part(match, lowered, "kind") or _part(match, lowered, "alone")),
            (_part(match, asked, "folder") or _part(match, asked, "folder_last")).strip("\"'“”/"),
            bool(many) and ("many" in many or "number" in many),
            "each" in names,
            "without" in names,
            _part(match, lowered, "genre"),
            bool(_part(match, lowered, "loose")),
        )
    return None


def _unscoped(topic: str) -> str:
    """A topic without "in my documents" behind it: the whole library is meant anyway."""
    return _SCOPED.sub("", topic).strip()


def _format(word: str) -> str:
    return next((kind for kind, (pattern, _) in FORMATS.items() if word and re.fullmatch(pattern, word)), "")


def _things(lowered: str, asked: str) -> Things | None:
    for kind, pattern in THING_LISTS:
        if match := pattern.fullmatch(lowered):
            within = _part(match, asked, "within") or _part(match, asked, "holder")
            if leans(within):
                return None
            within = "" if within.casefold() in ("i", "we", "you") else within  # "… do I have"
            return Things(kind, within, match["many"] == "how many")
    return None


def _comparison(lowered: str, asked: str) -> Comparison | None:
    for pattern in COMPARISONS:
        match = pattern.fullmatch(lowered)
        if match is None:
            continue
        left, right, aspect = (
            re.sub(r" ones?$", "", _part(match, asked, name)) for name in ("left", "right", "aspect")
        )
        if leans(left) or leans(right) or _YEAR.search(left) or _YEAR.search(right):
            return None  # two years are compared by figures, not side by side
        return Comparison(left, right, aspect, asked[match.start("left") : match.end("right")])
    return None


def meant(wanted: Comparison) -> Iterator[Comparison]:
    """The comparison, and what else its words may mean: an aspect that stands first, a name with "to" or "and"
    in it ("the cycle to work scheme and the TechScheme")."""
    yield wanted
    if aspect := aspect_first(wanted):
        yield aspect
    for joint in JOINTS.finditer(wanted.between):
        left, right = wanted.between[: joint.start()], wanted.between[joint.end() :]
        if (left, right) != (wanted.left, wanted.right):
            yield Comparison(left, right, wanted.aspect)


def aspect_first(wanted: Comparison) -> Comparison | None:
    """ "sick pay in A" and "B" as A and B on sick pay; None where the left side has no such form."""
    match = COMPARED.fullmatch(wanted.left)
    if match is None or wanted.aspect:
        return None
    return Comparison(match["left"], wanted.right, match["aspect"])


def _summary(lowered: str, asked: str) -> Summary | None:
    for pattern in SUMMARIES:
        match = pattern.fullmatch(lowered)
        if match is None:
            continue
        if WHOLE.fullmatch(match["target"]) or WHOLE.fullmatch(lowered[match.start("target") :]):
            return Summary()
        if any(
            WHOLE.fullmatch(lowered[at:])
            for at in range(match.start("target"))
            if lowered[at - 1 : at] == " "
        ):
            return Summary()
        target = _part(match, asked, "target").strip("\"'“”")
        return None if leans(target) else Summary(target)
    return None
