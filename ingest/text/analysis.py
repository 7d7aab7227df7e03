"""Text to terms for BM25: one function for documents and questions, in any script.

    "Don’t file CN/22466Q for €1,355.00"  →  dont file cn/22466q cn 22466q for 1355.00

Unicode is normalised (NFKC), case folded and freed of accents; English words are stemmed (Porter 2),
which other languages in Latin letters share. Scripts written without spaces, and Hangul with its
attached particles, become overlapping n-grams of characters. Identifiers and numbers stay whole, and
identifiers are found by their parts as well. Every choice has its figure in rag/evaluate/LOG.md.

Not covered: stemming of other languages, synonyms, misspellings, compounds of German or Finnish.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from typing import Any

import regex  # type: ignore[import-untyped]
import Stemmer

VERSION = 1  # raise it when terms change: indexes of another version are built anew
MAX_TERM_CHARACTERS = 64  # longer "words" (base64, hashes, rules of dots) are cut
MAX_CACHED_TOKENS = 300_000

# Words with inner separators stay together: state-of-the-art, CN/22466Q, 1,355.00, 11:30, don't, R&D.
# The two patterns agree on ASCII, where `re` is four times as fast.
ASCII_TOKEN = re.compile(r"[a-z0-9]+(?:[-.,:/_'&][a-z0-9]+)*")
_BY_CHARACTER = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々"
_WORD = rf"[[\p{{L}}\p{{N}}]--[{_BY_CHARACTER}]][[\p{{L}}\p{{N}}\p{{M}}]--[{_BY_CHARACTER}]]*"
TOKEN = regex.compile(rf"{_WORD}(?:[-.,:/_'&]{_WORD})*|[{_BY_CHARACTER}]+", regex.V1)
_SPACELESS = regex.compile(rf"[{_BY_CHARACTER}]")
_EAST_ASIAN = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}ー々]")

_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{2,3})*,\d{3}|\d+)(?:\.\d+)?")  # 1,355.00 · 12,34,567 · 73.5
_SEPARATOR = re.compile(r"[-.,:/_'&]")
_MIXED = re.compile(r"[a-z]{2,}|\d{2,}")  # the parts of FY2022, ISO27001
_CONTRACTION = frozenset(("t", "s", "re", "ve", "ll", "d", "m"))

# Marks that only decorate a letter (accents, Hebrew points, Arabic vowel signs, the stretching tatweel)
# and characters that only steer layout. Marks of Indic scripts spell vowels and stay.
_DECORATION = regex.compile(
    r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u00ad\u200b-\u200f\ufeff]+"
)
_FOREIGN_DIGIT = regex.compile(r"[\p{Nd}--[0-9]]", regex.V1)
_PUNCTUATION = str.maketrans("’‘ʼ‐‑−", "'''---")


class _Plain(dict[int, int]):
    """For `str.translate`: signs beyond ASCII that end a word anyway (quotes, dashes, bullets) as spaces, so that
    texts in typographer's English take the fast way, too."""

    def __missing__(self, code: int) -> int:
        plain = _normalised(chr(code))
        apart = unicodedata.category(chr(code))[0] in "PSZ" and not TOKEN.search(plain)
        self[code] = ord(" ") if code > 127 and apart and plain and not set(plain) & _INNER else code
        return self[code]


_INNER = frozenset("-.,:/_'&")  # signs that may stand within a word
_PLAIN = _Plain(_PUNCTUATION)

# The words of a question that say nothing about its subject: the closed classes of English, but not
# "us", which is also the country.
_STOP_WORDS = """
    a about after all also am an and any are as at be because been being but by can could did do does
    doing down during each for from further had has have having he her here hers him his how i if in into
    is it its itself just me more most my no nor not of off on once only or other our ours out over own
    please same she should so some such than that the their theirs them then there these they this those
    through to too under until up very was we were what when where which while who whom whose why will
    with would you your yours"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def terms(text: str) -> list[str]:
    """The terms of `text` in reading order, repeats kept."""
    found: list[str] = []
    for token in _tokens(text):
        found += _CACHE[token]
    if len(_CACHE) > MAX_CACHED_TOKENS:
        _CACHE.clear()
    return found


def question_terms(text: str) -> list[str]:
    """The distinct terms of a question, in order; English stop words only when there is nothing else."""
    telling = [token for token in _tokens(text) if token not in STOP_WORDS]
    found = dict.fromkeys(term for token in telling for term in _CACHE[token])
    return list(found) or list(dict.fromkeys(terms(text)))


def _tokens(text: str) -> list[str]:
    text = text.translate(_PLAIN)
    if text.isascii():
        return ASCII_TOKEN.findall(text.lower())
    found: list[str] = TOKEN.findall(_normalised(text))
    return found


def _normalised(text: str) -> str:
    """Compatibility forms unified, case folded, decoration removed, digits of all scripts as 0-9."""
    text = unicodedata.normalize("NFKC", text).translate(_PUNCTUATION).casefold()
    text = _DECORATION.sub("", unicodedata.normalize("NFKD", text))
    text = unicodedata.normalize("NFC", text)
    return str(_FOREIGN_DIGIT.sub(_digit, text))


def _digit(match: Any) -> str:
    return str(unicodedata.decimal(match[0], match[0]))  # `regex` knows newer digits than Python


class _TokenCache(dict[str, tuple[str, ...]]):
    """Terms by token: words repeat, so analysis is mostly looking up."""

    def __missing__(self, token: str) -> tuple[str, ...]:
        found = tuple(_analysed(token))
        if len(token) <= MAX_TERM_CHARACTERS:
            self[token] = found
        return found


_CACHE = _TokenCache()
_STEMMER = Stemmer.Stemmer("english", 0)
_STEMMING = threading.Lock()  # a stemmer is not safe for threads


def _analysed(token: str) -> list[str]:
    """The terms of one token."""
    if _SPACELESS.match(token):
        size = 2 if _EAST_ASIAN.match(token) else 3
        return [token[i : i + size] for i in range(max(1, len(token) - size + 1))]
    if _NUMBER.fullmatch(token):
        return [token.replace(",", "")[:MAX_TERM_CHARACTERS]]
    parts = _SEPARATOR.split(token)
    if len(parts) == 1:
        return _word(token)
    if any(map(str.isdigit, token)):  # an identifier: CN/22466Q, 11:30, FAA-2020-0686
        return [token[:MAX_TERM_CHARACTERS], *(term for part in parts for term in _word(part))]
    if "'" in token and parts[-1] in _CONTRACTION:
        parts = [*parts[:-2], parts[-2] + (parts[-1] if parts[-1] != "s" else "")]
    if all(len(part) == 1 for part in parts):  # U.S., R&D
        return ["".join(parts)[:MAX_TERM_CHARACTERS]]
    found = [term for part in parts for term in _word(part)]
    if len(parts) == 2 and "-" in token:  # e-mail as email
        found += _word("".join(parts))
    return found


def _word(word: str) -> list[str]:
    """Stem of a word; a mixture of letters and digits gives its parts as well."""
    word = word[:MAX_TERM_CHARACTERS]
    if word.isalpha():
        if not word.isascii():
            return [word]
        with _STEMMING:
            return [_STEMMER.stemWord(word)]
    parts = _MIXED.findall(word)
    return [word, *parts] if len(parts) > 1 else [word]
