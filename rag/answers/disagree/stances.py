"""Yes or no: what a passage says to a question that asks for nothing else.

A clause that has all telling words of the question takes a stance: it allows or forbids, demands or leaves free,
says something or denies it. Two stances differ when they are of the same sort, opposite, and the clauses say nothing
else that could tell them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from ingest.text.analysis import question_terms, terms
from ingest.text.sentences import sentences
from rag.answers.agreement import NEGATIONS, OPPOSITE, Text, Word
from rag.answers.disagree.claims import PROSE, RELEVANT, Claim, Stance
from rag.answers.disagree.same import other_case, years
from rag.search.rerank import ReadHit

SHARED_WORDS = 2
MOST_CHARACTERS = 200  # of a clause that is shown

_YES_OR_NO = re.compile(
    r"(?:(?:and|but|so|hi|hello|please)[, ]+)?(?:is|are|was|were|am|do|does|did|can|could|may|might|must|shall|should|will|"
    r"would|has|have|had|need)\b(?!.*\bor\b)",
    re.IGNORECASE,
)  # fmt: skip
_WHEN_OR_WHERE = r"(?:in|on|at|during|from|for|until|till|after|before|between|to|with)\b"
_CUT = re.compile(
    r"[;:()—–]|,?\s\b(?:but|because|so|while|whereas|although|though|as long as|since|until|till|and|who|which)\b"
    rf"|,\s(?!{_WHEN_OR_WHERE})",
    re.IGNORECASE,
)
_LEAD = re.compile(rf"{_WHEN_OR_WHERE}[^,]*,\s", re.IGNORECASE)  # "In winter, …": part of what follows
_CONDITION = re.compile(
    r"\b(?:if|unless|when|whenever|provided|except|excepting|once|in case|apart from|other than)\b",
    re.IGNORECASE,
)  # somewhere in the sentence
_CONDITION_OF_CLAUSE = re.compile(r"\b(?:only|without)\b", re.IGNORECASE)
_ALLOWED = frozenset("allowed permitted may can welcome".split())
_FORBIDDEN = frozenset("forbidden prohibited banned disallowed".split())
_DEMANDED = frozenset("required mandatory compulsory obligatory necessary needed must need needs".split())
_FREE = frozenset("optional voluntary".split())
_SORTS = _ALLOWED | _FORBIDDEN | _DEMANDED | _FREE
_SORT_FORMS = frozenset(form for word in _SORTS for form in terms(word))
_MORE_OPPOSITES = (("open", "shut"), ("safe", "dangerous"), ("enabled", "disabled"))
_PREFIXES = ("un", "in", "im", "il", "ir", "non", "dis")
_LIGHT = frozenset(
    form for word in "bring take get go come make keep put still already ever".split() for form in terms(word)
)
_VERBS = frozenset(
    "is are was were be has have had do does did can could may might must shall should will would need needs "
    "isnt arent wasnt werent cant cannot dont doesnt didnt mustnt neednt".split()
)


def asks_yes_or_no(question: str) -> bool:
    """Whether a question can be answered by yes or no."""
    return bool(_YES_OR_NO.match(question.strip()))


def stance_of(read: ReadHit, question: str) -> Claim | None:
    """The clause of a relevant passage that answers a question by yes or no; None where none has all its words."""
    if read.raw.relevance < RELEVANT:
        return None
    wanted = set(question_terms(question)) - _LIGHT
    subject = wanted - _SORT_FORMS
    for clause in _clauses(read.hit.chunk.text):
        sentence = Text(clause)
        missing = subject - sentence.known
        opposed = {form for form in missing if _has_opposite(form, sentence.words)}
        if subject - opposed and missing == opposed and len(missing) <= 1:
            value = _stance(sentence.words, subject, opposed)
            if value is not None:
                return Claim(read.hit, sentence, value, 0, 0, f"“{' '.join(clause.split())}”")
    return None


def opposed(one: Claim, other: Claim) -> bool:
    """Whether two stances contradict each other."""
    mine, theirs = one.value, other.value
    if not isinstance(mine, Stance) or not isinstance(theirs, Stance) or not _contradict(mine, theirs):
        return False
    first, second = _said(one), _said(other)
    if len(first & second) < SHARED_WORDS:
        return False
    if years(one.rest) != years(other.rest):
        return False
    return not (_subject(one) - second or _subject(other) - first or other_case(one, other))


def _contradict(one: Stance, other: Stance) -> bool:
    if one.sort != other.sort:
        # "must stay" and "must not stay": what is demanded here is not allowed there
        demanded = next((each for each in (one, other) if each.sort == "demanded"), None)
        allowed = next((each for each in (one, other) if each.sort == "allowed"), None)
        return demanded is not None and allowed is not None and demanded.yes and not allowed.yes
    if one.sort == "said" and _stem(one.word) != _stem(other.word):
        if one.yes == other.yes:
            return _opposite(_stem(one.word), other.word) or _opposite(_stem(other.word), one.word)
        return not (one if one.yes else other).word  # "covers", which is denied by "does not cover"
    return one.yes != other.yes


def _clauses(text: str) -> Iterator[str]:
    """The sentences of a passage, cut where another thought begins; headings, rows, questions and conditional
    ones are left out."""
    for start, end in sentences(text):
        whole = text[start:end]
        if not PROSE.search(whole) or whole.endswith("?") or _CONDITION.search(whole):
            continue
        lead = _LEAD.match(whole)
        first = 0
        for cut in [*_CUT.finditer(whole, lead.end() if lead else 0), None]:
            clause = whole[first : cut.start() if cut else len(whole)].strip(" .,!\n")
            first = cut.end() if cut else first
            if 0 < len(clause) <= MOST_CHARACTERS and not _CONDITION_OF_CLAUSE.search(clause):
                yield clause


def _stance(words: Sequence[Word], subject: set[str], opposed: set[str]) -> Stance | None:
    denied = sum(word.lower in NEGATIONS for word in words) % 2 == 1
    lowers = {word.lower for word in words}
    if lowers & _FORBIDDEN:
        return Stance("allowed", denied)
    if lowers & (_ALLOWED - {"may", "can"}):
        return Stance("allowed", not denied)
    if lowers & _FREE:
        return Stance("demanded", denied)
    if lowers & {"must", "mustnt"} and denied:
        return Stance("allowed", False)
    if lowers & _DEMANDED or _has_to(words):
        return Stance("demanded", not denied)
    if lowers & {"may", "can", "cannot", "cant"}:
        return Stance("allowed", not denied)
    word = _predicate(words, subject, opposed)
    return Stance("said", not denied, word) if word is not None else None


def _has_to(words: Sequence[Word]) -> bool:
    return any(
        one.lower in ("have", "has", "had") and other.lower == "to"
        for one, other in zip(words, words[1:], strict=False)
    )


def _predicate(words: Sequence[Word], subject: set[str], opposed: set[str]) -> str | None:
    """The word that is said or denied: an opposite of what is asked, else an asked word right behind a verb or a
    negation; "" of a clause without either ("The warranty covers …"), None where it is something else."""
    for word in words:
        if any(_opposite(form, word.lower) for form in opposed):
            return word.lower
    leads = [n for n, word in enumerate(words) if word.lower in _VERBS or word.lower in NEGATIONS]
    for place in leads:
        following = next((each for each in words[place + 1 :] if each.tells), None)
        if following is not None and following.form in subject:
            return following.lower
    return None if leads else ""


def _has_opposite(form: str, words: Sequence[Word]) -> bool:
    return any(_opposite(form, word.lower) for word in words)


def _opposite(form: str, word: str) -> bool:
    """Whether a word is the opposite of a stem: closed of open, unlocked of lock."""
    return _stem(word) in _opposites().get(form, ()) or any(
        word.startswith(prefix) and len(form) > 3 and _stem(word[len(prefix) :]) == form
        for prefix in _PREFIXES
    )


def _stem(word: str) -> str:
    return next(iter(terms(word)), word)


@cache
def _opposites() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    pairs = [(one, other) for one, others in OPPOSITE.items() for other in others]
    for one, other in (*pairs, *_MORE_OPPOSITES):
        for a, b in zip(terms(one), terms(other), strict=False):
            found.setdefault(a, set()).add(b)
            found.setdefault(b, set()).add(a)
    return found


def _said(claim: Claim) -> set[str]:
    return {word.form for word in claim.sentence.telling} - _SORT_FORMS


def _subject(claim: Claim) -> set[str]:
    """The telling words before the verb, but for a gerund that begins the clause ("Wearing a helmet is …")."""
    words = claim.sentence.words
    end = next((word.start for word in words[1:] if word.lower in _VERBS or word.lower in NEGATIONS), 0)
    return {
        word.form
        for place, word in enumerate(words)
        if word.start < end and word.tells and not (place == 0 and word.lower.endswith("ing"))
    } - _SORT_FORMS
