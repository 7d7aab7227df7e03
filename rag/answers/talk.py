"""Does a sentence of an answer say anything that a document could tell, or does it only talk about the answer?

“The passages answer this in part.” claims nothing: it cannot be found, nor be missing. Such a sentence is told by what
it does *not* have. All its words are small ones or those with which people talk about documents, questions and answers,
and at least one of them does (an anchor); what it is about (“… about the deposit”, “… whether guests may”) is in words
of the question. One word more, a number, a yes or a no, and it says something: “As the passages show, the password is …”
is checked like any other. Nothing is taken for talk that the question itself is about (“Who may read the documents?”).

Words are compared as stems, a sentence in one language at a time. A language without words here has no talk: its
sentences are all checked.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ingest.text.analysis import STOP_WORDS, terms
from rag.answers.agreement import Text

_PIECE = re.compile(r"[^\W\d_]+|\d+|[,;:()—–?!]")
_NOT_STATE = re.compile(r"\b(not|n[’']t|to|clearly|explicitly|documents|passages|sources) state\b")
_YES_NO = frozenset("yes no yeah nope ja nein oui non sí sì".split())
_FIRST_YES_NO = re.compile(rf"\s*(?:{'|'.join(sorted(_YES_NO))})[,.;:!–—-]+\s+(?=\w)", re.IGNORECASE)
_FRONT = re.compile(r"(?:(?P<that>,? (?:that|dass|que|che))|[,:])\s+(?=\w)")
_FIGURE = re.compile(r"\d(?:[.,:]?\d)+|\S*(?:@|://|www\.)\S*")

FILE = Path(__file__).resolve().with_suffix(".json")


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language with which people talk about documents and answers, as stems."""

    small: frozenset[str]
    anchors: frozenset[str]  # documents, the writer: one of these or of `nouns` is in every such sentence
    nouns: frozenset[str]  # question, answer, information: may be about something, as may `saying`
    saying: frozenset[str]
    filling: frozenset[str]  # no talk by themselves
    about: frozenset[str]  # begin what a sentence is about
    asking: frozenset[str]  # the same with a clause; “how” and its like only where the question has them
    verbs: frozenset[str]  # end what a sentence is about, but for a clause
    denials: frozenset[str]  # never stand in what a sentence is about


_WHETHER = frozenset("whether if ob si se".split())  # ask without saying that it is so
_EXACT = frozenset("asked stated states".split())  # “you asked”, not “you must ask”; no state that provides
_DUTIES = frozenset(("should",))  # what should be done is a claim
_CONDITIONS = _WHETHER | {"unless", "when", "wenn", "falls", "quand", "cuando", "quando"}
_COURTESY = frozenset(
    terms(
        "please hope hopefully thank thanks sorry apologies great good excellent bitte hoffe hoffentlich danke "
        "espère merci espero gracias spero grazie"
    )
)
_PAIRS = frozenset(
    {("answer", "to"), ("question", "to"), ("respond", "to"), ("deal", "with"), ("antwort", "auf")}
)
_NAMING = frozenset(
    terms("mention discuss describe cover specify explain address clarify")
)  # it is right behind
_REGARDING = frozenset(terms("regarding concerning bezüglich hinsichtlich concernant respecto riguardo"))


def leads(text: str) -> bool:
    """Whether a sentence stands above what follows it: a heading, or one that introduces it."""
    return introduces(text) or text.lstrip().startswith("#")


def introduces(text: str) -> bool:
    """Whether a sentence ends with a colon."""
    return text.rstrip(" *_").endswith(":")


def figures(text: str) -> set[str]:
    """Addresses, and numbers but for those of one digit, which count steps and kinds."""
    return set(_FIGURE.findall(text.casefold()))


def claim_start(text: str, question: str = "") -> int:
    """Where in a sentence its claim begins: behind a “No,”, which denies the question and nothing that follows, and
    behind talk (“According to the documents, …”, “The passages say that …”)."""
    first = _FIRST_YES_NO.match(text)
    start = first.end() if first else 0
    asked = _stems(_pieces(question))
    for match in _FRONT.finditer(text, start):
        front = _pieces(text[start : match.start()])
        for language in _languages():
            talk = None if _bends(front, language) else _talk(front, asked, language)
            if talk and (talk.anchored or talk.spoken) and (talk.told or not match["that"]):
                return match.end()
    return start


def own_words(claim: Text) -> set[str]:
    """The forms of the words that say something about a subject: no yes or no, no talk of documents."""
    english = _languages()[0]
    talk = english.anchors | english.nouns
    return {word.form for word in claim.telling if word.lower not in _YES_NO and word.form not in talk}


def only_talks(text: str, question: str = "") -> bool:
    """Whether a sentence says nothing that a document could tell; `question` is what it answers."""
    pieces = _PIECE.findall(_plain(text))
    if not any(piece.isalnum() for piece in pieces):
        return True
    if any(piece in _YES_NO and not _denies(pieces, at) for at, piece in enumerate(pieces)):
        return False
    asked, said = _stems(_pieces(question)), _pieces(text)
    found = [_talk(said, asked, language) for language in _languages()]
    return any(each and each.anchored and each.told for each in found)


def _denies(pieces: Sequence[str], at: int) -> bool:
    """Whether a “no” belongs to the word behind it (“no answer”) and is no answer itself."""
    return pieces[at] in ("no", "non") and pieces[at + 1 : at + 2] != [] and pieces[at + 1].isalpha()


def _bends(front: Sequence[str], language: Language) -> bool:
    """Whether what stands behind is denied or holds in some case only."""
    return any(stem in language.denials or stem in _CONDITIONS for stem in front)


@dataclass(frozen=True, slots=True)
class _Talk:
    anchored: bool
    spoken: bool  # it says that something is said
    told: bool  # it has a predicate


def _talk(stems: Sequence[str], asked: frozenset[str], language: Language) -> _Talk | None:
    """None where a word is none of the language's talk."""
    subject = asked - language.small - language.asking - language.verbs - language.about
    anchored = spoken = told = heard = False  # `heard`: something that may be about what follows
    rest = language.anchors | language.filling | language.small | language.verbs
    topic = ""  # within what the sentence is about: "about", "asking"
    for before, stem in zip(["", *stems], stems, strict=False):
        if stem in subject and not topic:
            return None
        anchored |= stem not in subject and (stem in language.anchors or stem in language.nouns)
        if not stem[:1].isalnum():
            anchored, told = anchored or stem == "?", told or stem == "?"
            topic, heard = "", heard and stem not in ":;"
        elif heard and stem in language.asking and (stem in asked or stem in _WHETHER):
            topic = "asking"
        elif stem in language.verbs and topic != "asking":
            topic, heard, told = "", False, True
        elif topic and stem in asked:
            continue
        elif topic and stem in language.denials:
            if topic == "asking":
                return None
            topic = ""
        elif topic != "asking" and _begins(before, stem, language) and (heard or stem in _REGARDING):
            topic = "about"
        elif stem in language.saying:
            heard = spoken = told = True
            topic = topic or ("about" if stem in _NAMING else "")
        elif stem in language.nouns:
            heard = True
        elif stem in _COURTESY:
            told = True
        elif stem not in rest:
            return None
    return _Talk(anchored, spoken, told)


def _begins(before: str, stem: str, language: Language) -> bool:
    return stem in language.about or (before, stem) in _PAIRS


@cache
def _languages() -> tuple[Language, ...]:
    """From the file beside this one, loaded once; English has the small words of the search as well."""
    words = json.loads(FILE.read_text(encoding="utf-8"))
    words["English"]["small"] += f" {' '.join(STOP_WORDS - _DUTIES)}"
    return tuple(
        Language(**{name: _stems(listed.split()) for name, listed in each.items()}) for each in words.values()
    )


def _pieces(text: str) -> list[str]:
    """Stems, and signs that end a clause."""
    told = _NOT_STATE.sub(r"\1 stated", _plain(text)).replace("feel free", "feel")
    return [_stem(piece) for piece in _PIECE.findall(told)]


def _plain(text: str) -> str:
    """Small letters; letters in circles and the like are letters."""
    return unicodedata.normalize("NFKC", text).casefold()


def _stem(piece: str) -> str:
    if piece in _EXACT:
        return piece
    return next(iter(terms(piece)), piece)


def _stems(pieces: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_stem, pieces))
