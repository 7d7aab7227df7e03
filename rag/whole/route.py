"""Question → what of the whole library it asks for; None for an ordinary question.

Rules, not a model: a question is taken only where its whole form says so, from its first word to its last.
What none of them takes is answered in the ordinary way, and so is what is taken and then cannot be done.
Figures: rag/evaluate/LOG.md. English only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Relation = Literal["mention", "about"]
ThingKind = Literal["e-mail address", "phone number", "web address", "amount of money", "date", "percentage"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Documents: all of them, or those that mention a topic or are about it.

    `kind` is a key of FORMATS, "" for any; `folder` a part of the documents' path. `each` asks what every one
    says, `count` how many there are, `without` for those that do not mention it.
    """

    topic: str = ""
    relation: Relation = "mention"
    kind: str = ""
    folder: str = ""
    count: bool = False
    each: bool = False
    without: bool = False


@dataclass(frozen=True, slots=True)
class Things:
    """Every e-mail address, date … of the library, or of the document called `within`."""

    kind: ThingKind
    within: str = ""
    count: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    left: str
    right: str
    aspect: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """Of the document called `target`; "" is the library, a line for each document."""

    target: str = ""


Wanted = Listing | Things | Comparison | Summary

MOST_CHARACTERS = 300  # of a question that is looked at: one of these kinds is short

FORMATS: dict[str, tuple[str, tuple[str, ...]]] = {  # kind → (its word in a question, media types begin with)
    "PDF": (r"pdfs?", ("application/pdf",)),
    "spreadsheet": (
        r"spreadsheets?|workbooks?|excel|xlsx|csvs?|tables",
        ("application/vnd.openxmlformats-officedocument.spreadsheetml", "text/csv"),
    ),
    "Word": (r"word|docx", ("application/vnd.openxmlformats-officedocument.wordprocessingml",)),
    "presentation": (
        r"presentations?|powerpoints?|slide ?decks?|pptx",
        ("application/vnd.openxmlformats-officedocument.presentationml",),
    ),
    "Markdown": (r"markdown|md", ("text/markdown",)),
    "web page": (r"web ?pages?|html", ("text/html", "multipart/related")),
    "text": (r"text|txt", ("text/plain",)),
    "mail": (r"e-?mails?|mails?", ("message/rfc822", "application/vnd.ms-outlook")),
    "notebook": (r"notebooks?|ipynb", ("application/x-ipynb",)),
    "book": (r"e-?books?|epubs?", ("application/epub",)),
}
_KIND = "|".join(f"(?:{word})" for word, _ in FORMATS.values())
_ALONE = r"pdfs|spreadsheets?|workbooks?|csvs|presentations?|powerpoints|slide ?decks?|notebooks?|web ?pages"
# "list all documents", "which PDF files": the noun, with a format before it or in its place
_DOCUMENTS = rf"(?:(?P<kind>{_KIND})[ -])?(?:documents?|docs?|files?)|(?P<alone>{_ALONE})"
_HERE = r"(?:(?:in|of|within|from|across) )?(?:(?:all|any) (?:of )?)?(?:the|my|our|this|these|your) (?:whole |entire )?(?:library|collection|documents|docs|files)"
_FOLDER = r"(?:(?:are |lie |stand )?(?:in|under|below|from) (?:the )?(?:folder|directory) (?P<folder>.+))"
_MENTION = (
    r"(?:(?:that|which) )?(?:explicitly |also )?"
    r"(?:mention(?:s|ed|ing)?|contain(?:s|ing)?|refer(?:s|ring)? to|use(?:s)? (?:the )?(?=word|term|phrase|[\"“'])|"
    r"includes? (?:the )?(?=word|term|phrase|[\"“']))"
)
_ABOUT = (
    r"(?:(?:that|which) )?(?:(?:are|is) )?(?:about|on|regarding|concerning|"
    r"deal(?:s|ing)? with|discuss(?:es|ing)?|cover(?:s|ing)?|talk(?:s|ing)? about|"
    r"(?:say|says) (?:something|anything) (?:about|on)|have to do with)"
)
_TOPIC = r"(?:the (?:word|term|phrase|name|string|topic|subject)s? )?(?P<topic>.+?)"
_ASK = r"(?:list|show|name|give(?: me)?|enumerate|find|get|tell me|what are)(?: me)?(?: a list of)?"
_ALL = r"(?:(?:all|every|each|any)(?: of)?(?: (?:the|my|our))?|the|my|our)"

_NOT = r"(?:(?:that|which) )?(?:do not|don't|don’t|does not|doesn't|doesn’t|never) (?:mention|contain|refer to)(?P<without>)"

_LISTINGS = [
    re.compile(rf"(?P<many>how many|which|what) (?:of (?:the|my|our) )?(?:{_DOCUMENTS}) {_MENTION} {_TOPIC}"),
    re.compile(
        rf"(?P<many>how many|which|what) (?:of (?:the|my|our) )?(?:{_DOCUMENTS}) {_ABOUT}(?P<about>) {_TOPIC}"
    ),
    re.compile(rf"{_ASK} (?:{_ALL} )?(?:{_DOCUMENTS}) {_MENTION} {_TOPIC}"),
    re.compile(rf"{_ASK} (?:{_ALL} )?(?:{_DOCUMENTS}) {_ABOUT}(?P<about>) {_TOPIC}"),
    re.compile(rf"(?P<many>how many|which|what) (?:of (?:the|my|our) )?(?:{_DOCUMENTS}) {_NOT} {_TOPIC}"),
    re.compile(rf"{_ASK} (?:{_ALL} )?(?:{_DOCUMENTS}) {_NOT} {_TOPIC}"),
    re.compile(rf"(?:all )?(?:{_DOCUMENTS}) (?=mentioning|that |which ){_MENTION} {_TOPIC}"),
    re.compile(
        rf"(?:all )?(?:{_DOCUMENTS}) (?=about|on |regarding|covering|discussing){_ABOUT}(?P<about>) {_TOPIC}"
    ),
    re.compile(rf"(?:do|does) any (?:of (?:the|my|our) )?(?:{_DOCUMENTS}) {_MENTION} {_TOPIC}"),
    re.compile(rf"(?:are|is) there (?:any|an?|some) (?:{_DOCUMENTS}) {_MENTION} {_TOPIC}"),
    re.compile(rf"(?:are|is) there (?:any|an?|some) (?:{_DOCUMENTS}) {_ABOUT}(?P<about>) {_TOPIC}"),
    re.compile(
        rf"(?:in )?(?P<many>how many|which|what) (?:of (?:the|my|our) )?(?:{_DOCUMENTS}) (?:do|does|is|are|can) {_TOPIC} "
        r"(?:be )?(?:occur|appear|mentioned|found|come up|show up|named|used)"
    ),
    re.compile(
        r"(?:how many|which|what) (?:number of )?(?:documents|files) (?:is|are) " + _TOPIC + " mentioned in"
    ),
    re.compile(rf"where {_HERE} (?:do|does|is|are) {_TOPIC} (?:occur|appear|mentioned|found|come up)"),
    re.compile(
        r"where (?:is|are) " + _TOPIC + r" mentioned(?: in (?:the|my|our|these) (?:documents|files|library))?"
    ),
    re.compile(
        r"(?P<each>)what (?:do|does) (?:each|every|all)(?: of)?(?: the| my| our)? (?:documents?|files?) say (?:about|on)(?P<about>) "
        + _TOPIC
    ),
    re.compile(
        rf"(?P<each>){_ASK} (?:everything|all|every passage|all passages|every mention|all mentions|every place)"
        rf"(?: that)? (?:the|my|our) (?:documents|files|library) (?:say|says|tell|tells us|have) (?:about|on)(?P<about>) {_TOPIC}"
    ),
    re.compile(
        rf"(?P<each>){_ASK} (?:all|every)(?: the)? (?:passages?|mentions?|places?|occurrences?) (?:of|about|on|that mention) {_TOPIC}"
    ),
    # the catalogue itself
    re.compile(rf"(?:which|what) (?:{_DOCUMENTS}) (?:do (?:i|we|you) have|are there) {_FOLDER}"),
    re.compile(
        rf"(?P<many>how many) (?:{_DOCUMENTS})(?: (?:are there|do (?:i|we|you) have|have (?:i|we|you) (?:got|added)|"
        rf"(?:are|is) (?:there )?(?:in here|here|{_HERE})))?(?: {_HERE}|{_FOLDER})?(?: in (?:all|total))?"
    ),
    re.compile(rf"(?P<many>what is the number of|the number of|number of) (?:{_DOCUMENTS})(?: {_HERE})?"),
    re.compile(rf"{_ASK} {_ALL} (?:{_DOCUMENTS})(?: {_HERE}| {_FOLDER})?"),
    re.compile(rf"list (?:{_DOCUMENTS})(?: {_HERE}| {_FOLDER})?"),
    re.compile(
        rf"(?:which|what) (?:{_DOCUMENTS}) (?:are there|do (?:i|we|you) have|are (?:in|inside) (?:the|my|our|this) (?:library|collection)|{_FOLDER})"
        rf"(?: {_HERE})?"
    ),
]

_THINGS: dict[ThingKind, tuple[str, str]] = {  # its word in the plural, and in the singular
    "e-mail address": (r"e-?mail addresses|e-?mails|mail addresses", r"e-?mail address|mail address"),
    "phone number": (r"(?:tele)?phone numbers|telephones", r"(?:tele)?phone number"),
    "web address": (
        r"web ?(?:site )?addresses|web ?sites|urls|links|web links",
        r"web ?(?:site )?address|url|link",
    ),
    "amount of money": (
        r"amounts of money|money amounts|monetary amounts|sums of money|currency amounts",
        r"amount of money|sum of money",
    ),
    "date": (r"dates", r"date"),
    "percentage": (r"percentages|percent values", r"percentage"),
}
_THING_LISTS = [
    (
        kind,
        re.compile(
            rf"(?P<many>how many|which|what|{_ASK}|extract|collect)(?: (?:all|any))?(?: of)?(?: (?:the|my|our))?"
            rf"(?: (?:different|distinct|unique|various))? (?:(?:{many})|(?:every|each|any)(?: single)? (?:{one}))"
            rf"(?: (?:are|do|does|can|is|that)? ?(?:there|occur|appear|be found|given|listed|mentioned|found|stand|used|named))*"
            rf"(?: (?:{_HERE}|(?:in|of|from|within) (?P<within>.+)|(?:does|do) (?P<holder>.+) (?:contain|hold|have|list|give|mention)))?"
        ),
    )
    for kind, (many, one) in _THINGS.items()
]

_ASPECT = r"(?: (?:on|regarding|concerning|in terms of|with (?:respect|regard) to|when it comes to|as to|by) (?P<aspect>.+?))?"
_COMPARISONS = [
    re.compile(
        rf"(?:compare|contrast|compare and contrast) (?P<left>.+?) (?:and|&|with|to|against|versus|vs\.?) (?P<right>.+?){_ASPECT}"
    ),
    re.compile(rf"what (?:distinguishes|sets) (?P<left>.+?)(?: apart)? from (?P<right>.+?){_ASPECT}"),
    re.compile(
        rf"(?:a |the )?comparison (?:of|between) (?P<left>.+?) (?:and|with|to|against|versus|vs\.?) (?P<right>.+?){_ASPECT}"
    ),
    re.compile(
        r"(?:(?:what(?:'s|’s|s| is| are)|explain|list|show|describe|tell me|give(?: me)?) )?(?:all )?(?:the )?(?:main |key |biggest |most important )?"
        rf"differences? between (?P<left>.+?) and (?P<right>.+?){_ASPECT}"
    ),
    re.compile(
        rf"how (?:do|does|is|are) (?P<left>.+?) (?:differ(?:s|ent)?|differing) from (?P<right>.+?){_ASPECT}"
    ),
    re.compile(rf"how do (?P<left>.+?) and (?P<right>.+?) (?:differ|compare){_ASPECT}"),
    re.compile(
        r"(?!(?:who|what|when|where|which|why|how|did|does|do|is|are|was|were)\b)"
        r"(?P<left>[^,?]{2,60}?) (?:vs\.?|versus) (?P<right>[^,?]{2,60}?)"
    ),
]
_COMPARED = re.compile(r"(?:the )?(?P<aspect>.+?) (?:in|of|for|at|between) (?P<left>.+)")

_WHAT = (
    r"(?:(?:the |my |our |this )?(?:document|file|text|paper|report)s? (?:called |named )?)?(?P<target>.+)"
)
_SUMMARIES = [
    re.compile(rf"(?:summari[sz]e|sum up|recap|condense) {_WHAT}"),
    re.compile(
        r"(?:(?:give|write|make|show|create|provide|prepare|i(?:'d| would) like|i need)(?: me)? )?(?:a |an |the )?"
        r"(?:short |brief |quick |concise |one-paragraph |executive )?(?:summary|synopsis|recap|gist|abstract|outline|tl;?dr) (?:of|for) "
        + _WHAT
    ),
    re.compile(
        rf"(?:(?:give|write|show)(?: me)? )?an? (?:short |brief |quick |general |rough )?overview (?:of|over) {_WHAT}"
    ),
    re.compile(rf"tl;?dr:? {_WHAT}"),
    re.compile(r"what(?:'s|’s|s| is) (?:the )?(?:document |file )(?:called |named )?(?P<target>.+) about"),
    re.compile(
        r"what(?:'s|’s|s| is) (?P<target>\S+\.(?:pdf|md|docx|pptx|xlsx|csv|html?|txt|epub|eml|msg)) about"
    ),
    re.compile(r"what (?:is|are) (?P<target>the .+) about"),
    re.compile(
        r"(?:(?:what are|list|give me|tell me) )?the (?:main |key |most important )?(?:points|takeaways|highlights) (?:of|in|from) "
        + _WHAT
    ),
]
_WHOLE = re.compile(
    r"(?:(?:each|every|all)(?: of)?(?: (?:the|my|our))? (?:documents?|files?)|(?:the|my|our|this) (?:whole |entire )?(?:library|collection)|"
    r"all (?:of )?(?:it|them)|everything)"
)

_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|so|now|well)[,!]? )?(?:please,? |tell me,? (?=which|what|how|where|in )|(?:can|could|would|will) you (?:please )?|"
    r"i (?:want|would like|need) (?:you to |to know |to see )?|do you know )*",
    re.IGNORECASE,
)
_CONTRACTED = re.compile(r"\b(what|who|where|which|how|there)['’]?s\b(?= )", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:,? (?:and )?how many(?: (?:of them )?are there| is that)?|,? (?:please|thanks|thank you|for me|briefly|shortly|in (?:brief|short)|in (?:a few|\w+|\d+) (?:sentences?|words|lines|bullet points|bullets)))+$",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"(?:it|its|they|them|that|this|those|these|he|she|him|her|the (?:same|latter|former|other)|both|one|each|all)",
    re.IGNORECASE,
)


def route(question: str) -> Wanted | None:
    """What the question asks of the whole library; None for an ordinary question."""
    if len(question) > MOST_CHARACTERS:
        return None
    asked = stripped(question)
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
    """The question on one line without what is only polite, nor the sign at its end."""
    text = " ".join(question.split()).strip(" ?!.:")
    text = _CONTRACTED.sub(r"\1 is", text)
    text = _POLITE.sub("", text, count=1)
    return _TAIL.sub("", text).strip(" ?!.:,")


def leans(phrase: str) -> bool:
    """Whether a phrase only points at something said before."""
    return _LEANING.fullmatch(phrase.strip()) is not None


def _part(match: re.Match[str], asked: str, name: str) -> str:
    """A group as it was typed."""
    if name not in match.re.groupindex or match[name] is None:
        return ""
    start, end = match.span(name)
    return asked[start:end].strip(" ,;:")


def _listing(lowered: str, asked: str) -> Listing | None:
    for pattern in _LISTINGS:
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
            _part(match, asked, "folder").strip("\"'“”/"),
            bool(many) and ("many" in many or "number" in many),
            "each" in names,
            "without" in names,
        )
    return None


_SCOPED = re.compile(rf"(?:,? {_HERE}|,? anywhere|,? at all)$", re.IGNORECASE)


def _unscoped(topic: str) -> str:
    """A topic without "in my documents" behind it: the whole library is meant anyway."""
    return _SCOPED.sub("", topic).strip()


def _format(word: str) -> str:
    return next((kind for kind, (pattern, _) in FORMATS.items() if word and re.fullmatch(pattern, word)), "")


def _things(lowered: str, asked: str) -> Things | None:
    for kind, pattern in _THING_LISTS:
        if match := pattern.fullmatch(lowered):
            within = _part(match, asked, "within") or _part(match, asked, "holder")
            if leans(within):
                return None
            within = "" if within.casefold() in ("i", "we", "you") else within  # "… do I have"
            return Things(kind, within, match["many"] == "how many")
    return None


def _comparison(lowered: str, asked: str) -> Comparison | None:
    for pattern in _COMPARISONS:
        match = pattern.fullmatch(lowered)
        if match is None:
            continue
        left, right, aspect = (
            re.sub(r" ones?$", "", _part(match, asked, name)) for name in ("left", "right", "aspect")
        )
        if leans(left) or leans(right):
            return None
        return Comparison(left, right, aspect)
    return None


def aspect_first(wanted: Comparison) -> Comparison | None:
    """ "sick pay in A" and "B" as A and B on sick pay; None where the left side has no such form."""
    match = _COMPARED.fullmatch(wanted.left)
    if match is None or wanted.aspect:
        return None
    return Comparison(match["left"], wanted.right, match["aspect"])


def _summary(lowered: str, asked: str) -> Summary | None:
    for pattern in _SUMMARIES:
        match = pattern.fullmatch(lowered)
        if match is None:
            continue
        if _WHOLE.fullmatch(match["target"]) or _WHOLE.fullmatch(lowered[match.start("target") :]):
            return Summary()
        if any(
            _WHOLE.fullmatch(lowered[at:])
            for at in range(match.start("target"))
            if lowered[at - 1 : at] == " "
        ):
            return Summary()
        target = _part(match, asked, "target").strip("\"'“”")
        return None if leans(target) else Summary(target)
    return None
