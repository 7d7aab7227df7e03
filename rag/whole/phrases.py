"""Where a text holds a phrase, by the words' stems: the same words that BM25 goes by, with their place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from ingest.text.analysis import STOP_WORDS, terms

_TOKEN = re.compile(r"[^\W_]+(?:[-.,:/_'’&][^\W_]+)*")
_QUOTES = "\"'“”„‘’«»"
_EITHER = re.compile(r"(?:,? or |, )", re.IGNORECASE)
_JOINED = re.compile(r"\band\b|&", re.IGNORECASE)
_BUT = re.compile(r",? (?:but|and) not (?:mention(?:ing)? )?", re.IGNORECASE)
_BOTH = re.compile(r"(?:,? and |, )", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row; what stands between them may be stop words only. `exact` minds the letters' case."""

    text: str
    stems: tuple[str, ...]
    exact: bool = False
    words: tuple[frozenset[str], ...] = ()  # their forms: singular and plural

    @classmethod
    def of(cls, text: str) -> Phrase:
        plain = text.strip().strip(_QUOTES).strip()
        stems = tuple(stem for token in _tokens(plain) for stem in terms(token)[:1])
        words = tuple(forms(token) for token in _tokens(plain) if terms(token))
        return cls(plain, stems, words=words)

    @property
    def is_capitals(self) -> bool:
        """One word in capitals (HEY, SRE): such a name may be another word in small letters."""
        return len(self.text) > 1 and self.text.isalpha() and self.text.isupper()

    def first_in(self, text: str) -> tuple[int, int] | None:
        """(start, end) of the first place in `text`; None when it is in none."""
        if not self.stems:
            return None
        if self.exact:
            match = re.search(rf"(?<!\w){re.escape(self.text)}(?!\w)", text)
            return match.span() if match else None
        word = _tokens(self.text)[0].casefold()
        lead = "".join(
            a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, self.stems[0], strict=False))
        )
        if len(lead) >= 2:  # only where the first word may begin
            for match in re.finditer(rf"(?<![^\W_]){re.escape(lead)}", text, re.IGNORECASE):
                if found := self._from(text, match.start()):
                    return found
        for match in _TOKEN.finditer(text):
            if not match[0].isascii() and (found := self._from(text, match.start())):
                return found
        return self._from_any(text) if len(lead) < 2 or "-" in text else None

    def _is_word(self, at: int, token: str, held: Sequence[str]) -> bool:
        """Whether a token with the right stem is the word itself: "managers" is, "management" is not. Of a token
        of several words, and of words beyond ASCII, the stem decides."""
        if len(held) > 1 or len(self.words) != len(self.stems) or not token.isascii():
            return True
        return bool(forms(token) & self.words[at]) or not all(map(str.isascii, self.words[at]))

    def _from_any(self, text: str) -> tuple[int, int] | None:
        return next(
            (found for match in _TOKEN.finditer(text) if (found := self._from(text, match.start()))), None
        )

    def _from(self, text: str, start: int) -> tuple[int, int] | None:
        """The span of the phrase where it begins at `start`."""
        at, end = 0, start
        for match in _TOKEN.finditer(text, start):
            held = terms(match[0])
            if self.stems[at] in held and self._is_word(at, match[0], held):
                at += 1
                while at < len(self.stems) and self.stems[at] in held:  # one-person of a hyphenated word
                    at += 1
                end = match.end()
                if at == len(self.stems):
                    joined = _JOINED.search(self.text) and not _JOINED.search(text[start:end])
                    return None if joined else (start, end)  # "A and B" is more than A beside B
            elif not at or match[0].casefold() not in STOP_WORDS:
                return None
        return None


def forms(word: str) -> frozenset[str]:
    """A word in small letters, and without what may be the ending of an English plural or genitive."""
    plain = re.sub(r"['’]s?$", "", word.casefold())
    found = {plain}
    if plain.endswith("s") and len(plain) > 3:
        found.add(plain[:-1])
        if plain.endswith("ies"):
            found.add(plain[:-3] + "y")
        elif plain.endswith("es"):
            found.add(plain[:-2])
    return frozenset(found)


def _tokens(text: str) -> list[str]:
    """The telling words of a phrase, all of them when it has no other."""
    found = _TOKEN.findall(text)
    return [token for token in found if token.casefold() not in STOP_WORDS] or found


@dataclass(frozen=True, slots=True)
class Topic:
    """What documents are asked for: all of the phrases (`every`) or any of them."""

    phrases: tuple[Phrase, ...]
    every: bool
    but: tuple[Phrase, ...] = ()  # and none of these

    @property
    def name(self) -> str:
        """How people say it: “Xero” and “expenses”, but not “travel”."""
        said = (" and " if self.every else " or ").join(f"“{phrase.text}”" for phrase in self.phrases)
        return said + "".join(f", but not “{phrase.text}”" for phrase in self.but)


def readings(topic: str) -> list[Topic]:
    """How a topic may be meant, the likeliest first: as one phrase, or as several with "and" or "or"."""
    topic, *excluded = _BUT.split(topic.strip(), maxsplit=1)
    but = tuple(phrase for each in excluded if (phrase := Phrase.of(each)).stems)
    return [Topic(each.phrases, each.every, but) for each in _readings(topic.strip())]


def _readings(topic: str) -> list[Topic]:
    topic = re.sub(r"^(?:the|an?) (?=\S)", "", topic, flags=re.IGNORECASE)
    both = re.match(r"(?:both|either) ", topic, re.IGNORECASE)
    if topic[:1] in _QUOTES and topic[-1:] in _QUOTES and topic[1:-1].count(topic[0]) == 0:
        return [Topic((Phrase.of(topic),), True)]
    rest = topic[both.end() :] if both else topic
    any_of, all_of = _parts(rest, _EITHER), _parts(rest, _BOTH)
    if len(any_of) > 1 and re.search(r" or ", rest, re.IGNORECASE):
        return [Topic(tuple(any_of), False)]
    found: list[Topic] = [] if both else [Topic((Phrase.of(topic),), True)]
    if len(all_of) > 1:
        found.append(Topic(tuple(all_of), True))
    return found


def _parts(text: str, between: re.Pattern[str]) -> list[Phrase]:
    return [phrase for part in between.split(text) if (phrase := Phrase.of(part)).stems]


def exactly(phrases: Sequence[Phrase]) -> tuple[Phrase, ...]:
    return tuple(Phrase(each.text, each.stems, each.is_capitals) for each in phrases)
