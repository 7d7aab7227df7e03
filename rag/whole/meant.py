"""A question whose kind is known by its meaning → what it asks for, where no form of forms.py takes it.

What it asks about is what is left without the words that its kind is asked with; documents are those whose names
stand in it. Several readings may be given, the likeliest first; nothing where what is asked about isn't found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.text.analysis import STOP_WORDS, question_terms, terms
from rag.whole.forms import FORMATS, GENRE, KIND_OF_FILE, ONE_THING, THINGS
from rag.whole.kinds import Kind, Kinds, words_of
from rag.whole.route import Comparison, Listing, Summary, Things, Wanted, leans
from rag.whole.shelf import Shelf, Shelved, telling_terms

# A question is looked at as of a kind when it is ordinary with less than this probability: the more has to be found
# in the library for that kind, the more are looked at (LOG.md).
SURE: dict[Kind, float] = {
    "mention": 0.4,
    "about": 0.35,
    "catalogue": 0.5,
    "things": 0.65,
    "compare": 0.8,
    "summary": 0.35,
    "table": 0.75,
}
LIKELY = 0.05  # … and of that kind with at least this one
FAINTLY = 0.02  # for a comparison of two documents that are called by their whole names, little besides
SURE_OF_TOPIC = 0.25  # for a topic that leaves words of the question unexplained
SURE_OF_PARTS = 0.5  # for a comparison of what are not two documents by their names
_TOKEN = re.compile(r"[“\"][^“”\"]{1,80}[”\"]|[^\W_]+(?:[-.,:/_'’&][^\W_]+)*")
_BRIDGES = frozenset("of and or for the a an in on to with at by from as but not both".split())
_COUNT = re.compile(r"\b(?:how many|number of|count|tally)\b", re.IGNORECASE)
_EACH = re.compile(
    r"\b(?:each|every|different|various|all)\b.*\b(?:say|says|said|tell|write|state|treat|handle|see|describe|approach)\b"
    r"|\b(?:statements?|opinions?|positions?|views?|passages?|everything|mentions?|sentences?)\b",
    re.IGNORECASE,
)
_WITHOUT = re.compile(  # not "I don't know which …"
    r"(?<!\bi )(?<!\bwe )(?<!\byou )\b(?:(?:do|does) not|(?:do|does)n['’]t)\b"
    r"|\b(?:never|without|lack(?:s|ing)?|leaves? out|omits?|fails? to|no mention|no word|nothing|silent|skips?)\b",
    re.IGNORECASE,
)
_ASPECT = re.compile(
    r"\b(?:on|regarding|concerning|in terms of|when it comes to|about|as to|with regard to|as regards|as far as) (?P<aspect>[^,;?]+)",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r" (?:and|&|with|to|from|against|versus|vs\.?|or|than|next to|beside|over|alongside) |, ?", re.IGNORECASE
)
_FOLDER = re.compile(r"\b(?:folder|directory|subfolder)\b", re.IGNORECASE)
_ALL = re.compile(
    r"\b(?:all|every|each|per|whole|entire|everything|library|collection|documents|files)\b", re.IGNORECASE
)
MOST_READINGS = 8  # of a comparison
MOST_TOPICS = 2  # runs of words that may be what documents are asked for
MOST_LEFT = 2  # words of a question for the catalogue that are neither known to ask nor a folder
MOST_WORDS = 16  # of a question that only calls two documents
_ASKS_ONE = re.compile(
    r"\W*(?:who|whom|when|where|why|how (?:much|many|long|often)|can|may|must|should)\b", re.IGNORECASE
)
_SAYS_WORD = frozenset(("word", "words", "term", "phrase", "name", "string"))


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    asks: bool  # one of the words its kind is asked with

    @property
    def bridges(self) -> bool:
        return self.text.casefold() in _BRIDGES

    @property
    def is_name(self) -> bool:
        return self.text[0] in '“"' or (self.start > 0 and any(letter.isupper() for letter in self.text))


def considered(kinds: Mapping[Kind, float]) -> list[Kind]:
    """The kinds, given the probabilities of all, that a question is looked at as, the likeliest first."""
    ordinary = kinds.get("ordinary", 1.0)
    return [
        kind
        for kind in sorted(kinds, key=lambda each: -kinds[each])
        if kind != "ordinary"
        and (
            (kinds[kind] >= LIKELY and ordinary < SURE[kind])
            or (kind == "compare" and kinds[kind] >= FAINTLY)
        )
    ]


def readings(kinds: Kinds, kind: Kind, question: str, shelf: Shelf, ordinary: float) -> Iterator[Wanted]:
    """What a question of this kind, that is `ordinary` with a probability, may ask for. Not for "table"."""
    words = [
        _Word(m[0], m.start(), m.end(), _asks(m[0], kinds.asking[kind])) for m in _TOKEN.finditer(question)
    ]
    match kind:
        case "mention" | "about":
            yield from _listings(kind, question, words, shelf, ordinary < SURE_OF_TOPIC)
        case "catalogue":
            if ordinary < SURE_OF_TOPIC or _ALL.search(question) or _format(question):
                yield from _catalogue(question, words, shelf)
        case "things":
            yield from _things(question, words, shelf)
        case "compare":
            yield from _comparisons(question, words, shelf, ordinary)
        case "summary":
            yield from _summaries(question, words, shelf)


def _asks(token: str, asking: frozenset[str]) -> bool:
    if token[0] in '“"':
        return False
    return all(word in asking or word in STOP_WORDS for word in words_of(token)) and bool(words_of(token))


def _runs(words: Sequence[_Word], gap: int = 0) -> list[tuple[int, int]]:
    """(first, end) of words in a row that do not ask, those between them that bridge included, and up to `gap` others;
    names first, then long ones, then late ones."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(words):
        if words[at].asks:
            at += 1
            continue
        end = at + 1
        while True:
            after = end
            while after < len(words) and words[after].bridges and after - end < 3:
                after += 1
            while after < len(words) and words[after].asks and after - end < gap:
                after += 1
            if after < len(words) and not words[after].asks:
                end = after + 1
            else:
                break
        found.append((at, end))
        at = end
    return sorted(
        found,
        key=lambda run: (not any(w.is_name for w in words[slice(*run)]), run[0] - run[1], -run[0]),
    )


def _text(question: str, words: Sequence[_Word], run: tuple[int, int]) -> str:
    return question[words[run[0]].start : words[run[1] - 1].end]


# ------------------------------------------------------------------ lists


def _listings(
    kind: Kind, question: str, words: Sequence[_Word], shelf: Shelf, sure: bool
) -> Iterator[Listing]:
    genre = _genre(question, shelf)
    words = [_Word(w.text, w.start, w.end, w.asks or w.text.casefold() == genre) for w in words]
    for first, end in _topics(words, kind == "about", sure):
        topic = _text(question, words, (first, end))
        rest = question[: words[first].start] + "|" + question[words[end - 1].end :]
        if leans(topic):
            continue
        without = _WITHOUT.search(rest) is not None
        for called in dict.fromkeys((genre, "")):
            yield Listing(
                topic,
                "mention" if kind == "mention" or without else "about",
                _format(rest),
                count=_COUNT.search(rest) is not None,
                each=kind == "about" and _EACH.search(rest) is not None,
                without=without,
                genre=called,
                loose=kind == "about",
            )


def _topics(words: Sequence[_Word], is_about: bool, sure: bool) -> list[tuple[int, int]]:
    """(first, end) of what may be asked about, the likeliest first: what stands behind "the word", whole runs, the
    names in them; and of the first run, what is left without a word at an end, for that may only ask. Where it is
    not `sure` that a list is asked for, only the one run that there is."""
    runs = _runs(words, 2 if is_about else 0)
    if not sure:
        return runs if len(runs) == 1 else []
    runs = runs[:MOST_TOPICS]
    said = [run for run in runs if run[0] and words[run[0] - 1].text.casefold() in _SAYS_WORD]
    names = [each for run in runs for each in _names(words, run)]
    shorter = [
        _unbridged(words, part)
        for first, end in runs[:1]
        for part, without in (((first + 1, end), first), ((first, end - 1), end - 1))
        if not words[without].is_name
    ]
    likeliest = [*said, *(runs[:1] if is_about else []), *names, *runs, *shorter]
    return [run for run in dict.fromkeys(likeliest) if run[0] < run[1]]


def _unbridged(words: Sequence[_Word], run: tuple[int, int]) -> tuple[int, int]:
    """A run without bridging words at its ends."""
    first, end = run
    while first < end and words[first].bridges:
        first += 1
    while first < end and words[end - 1].bridges:
        end -= 1
    return first, end


def _names(words: Sequence[_Word], run: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The stretches of names within a run, where they are not all of it."""
    at = run[0]
    while at < run[1]:
        end = at
        while end < run[1] and words[end].is_name:
            end += 1
        if end > at and (at, end) != run:
            yield at, end
        at = max(end, at + 1)


def _genre(question: str, shelf: Shelf) -> str:
    """A word for documents right behind the one that asks for them, where some are called so: "which policies"."""
    match = re.search(
        rf"\b(?:which|what|many|all|our|any|of the|these)(?: of)?(?: the| our)? ({GENRE})\b",
        question.casefold(),
    )
    if match is None:
        return ""
    wanted = set(terms(match[1]))
    return match[1] if any(wanted <= each.terms for each in shelf.documents) else ""


def _format(text: str) -> str:
    """The format that the documents of a question are to have; "" for any."""
    match = KIND_OF_FILE.search(text.casefold())
    word = (match["kind"] or match["alone"]) if match else ""
    return next((kind for kind, (pattern, _) in FORMATS.items() if word and re.fullmatch(pattern, word)), "")


def _catalogue(question: str, words: Sequence[_Word], shelf: Shelf) -> Iterator[Listing]:
    left = [w for w in words if not w.asks and not _is_format(w.text)]
    count = _COUNT.search(question) is not None
    topical = any(w.is_name or w.bridges for w in left) or len(left) > MOST_LEFT
    if not topical and not _FOLDER.search(question):
        yield Listing(kind=_format(question), count=count)
        return
    folders = {part for each in shelf.documents for part in each.key.casefold().split("/")[:-1]}
    folders |= {"/".join(p) for each in shelf.documents for p in _parents(each.key.casefold())}
    named = [w.text for w in words if w.text.casefold().strip('/"“”') in folders]
    if _FOLDER.search(question) and named and len(left) <= MOST_LEFT:
        yield Listing(kind=_format(question), folder=named[-1].strip('/"“”'), count=count)


def _is_format(word: str) -> bool:
    return any(re.fullmatch(pattern, word.casefold()) for pattern, _ in FORMATS.values())


def _parents(key: str) -> Iterator[Sequence[str]]:
    parts = key.split("/")[:-1]
    for first in range(len(parts)):
        for end in range(first + 2, len(parts) + 1):
            yield parts[first:end]


def _things(question: str, words: Sequence[_Word], shelf: Shelf) -> Iterator[Things]:
    lowered = question.casefold()
    found = [(kind, m) for kind, pattern in THINGS.items() if (m := pattern.search(lowered))]
    if len(found) != 1 or ONE_THING.search(lowered):
        return
    ((kind, match),) = found
    rest = question[: match.start()] + " " + question[match.end() :]
    count = _COUNT.search(question) is not None
    document = _document(rest, words, shelf)
    if document is not None:
        yield Things(kind, document.key, count)
    elif all(word.asks or match.start() <= word.start < match.end() for word in words):
        yield Things(kind, "", count)


# ------------------------------------------------------------------ documents by name


def _document(question: str, words: Sequence[_Word], shelf: Shelf) -> Shelved | None:
    """The one document that a question names: by its file, by all words of its name, by some that no other has."""
    named = shelf.spoken_of(question)
    if len(named) == 1:
        return named[0]
    if named:
        return None
    for run in _runs(words):
        phrase = " ".join(w.text for w in words[slice(*run)])
        if question_terms(phrase) and len(found := shelf.named(phrase) or shelf.half_named(phrase)) == 1:
            return found[0]
    return None


def _summaries(question: str, words: Sequence[_Word], shelf: Shelf) -> Iterator[Summary]:
    document = _document(question, words, shelf)
    if document is not None:
        yield Summary(document.key)
    elif all(word.asks for word in words) and _ALL.search(question):
        yield Summary()


def _comparisons(
    question: str, words: Sequence[_Word], shelf: Shelf, ordinary: float
) -> Iterator[Comparison]:
    named = shelf.spoken_of(question)
    if len(named) == 2 and (ordinary < SURE["compare"] or _are_called(question, words, shelf, named)):
        yield Comparison(named[0].key, named[1].key, _aspect(question, words, named))
    if ordinary >= SURE_OF_PARTS:
        return
    telling = [w for w in words if not w.asks]
    if len(telling) < 2:
        return
    inner = question[telling[0].start : telling[-1].end]
    aspect = ""
    if (match := _ASPECT.search(inner)) and len(telling_terms(inner[: match.start()])) > 1:
        inner, aspect = inner[: match.start()], match["aspect"]
    given = 0
    for joint in _JOINT.finditer(inner):
        left, right = _trimmed(inner[: joint.start()], words), _trimmed(inner[joint.end() :], words)
        if left and right and not leans(left) and not leans(right):
            yield Comparison(left, right, aspect)
            given += 1
        if given == MOST_READINGS:
            return


def _are_called(question: str, words: Sequence[_Word], shelf: Shelf, named: Sequence[Shelved]) -> bool:
    """Whether documents are called by their whole names and nothing is asked of them that one passage may tell."""
    return (
        len(words) <= MOST_WORDS
        and _ASKS_ONE.match(question) is None
        and all(shelf.calls(each, question) for each in named)
    )


def _trimmed(side: str, words: Sequence[_Word]) -> str:
    """A side without asking words at its ends."""
    asking = {w.text for w in words if w.asks}
    found = list(_TOKEN.finditer(side))
    while found and found[0][0] in asking:
        del found[0]
    while found and found[-1][0] in asking:
        del found[-1]
    return side[found[0].start() : found[-1].end()] if found else ""


def _aspect(question: str, words: Sequence[_Word], named: Sequence[Shelved]) -> str:
    """What stands behind "on", "regarding" … where it is no name of the two."""
    names = {term for each in named for term in each.terms}
    for match in _ASPECT.finditer(question):
        aspect = match["aspect"].strip()
        wanted = telling_terms(aspect)
        asked = any(not w.asks and w.text in aspect for w in words)
        if wanted and asked and not wanted & names:
            return aspect
    return ""
