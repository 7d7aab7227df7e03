"""Questions made in great variety, to teach what kind a question is: grammars in whole/phrasings/, one file a kind.

A line is a phrasing: `[a|b]` chooses, `{slot}` is filled from slots.txt, whose fillings may hold both again; what
people say around a question is in manners.txt. Lines of one file are one way of asking each, so a fit is
tested on lines it has not seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rag.whole.kinds import KINDS, words_of

FOLDER = Path(__file__).resolve().parent / "whole" / "phrasings"
NOUNS = ("documents", "format", "format2", "things", "thing")  # slots whose words ask, too
POLITE, LOWER, UNMARKED = 0.25, 0.6, 0.5  # shares of questions: with manners, without capitals, without a "?"
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Phrased:
    """A question of a kind; `line` is the phrasing it is made of, "kind:number"."""

    question: str
    kind: str
    line: str


@dataclass(frozen=True)
class Grammar:
    lines: Mapping[str, tuple[str, ...]]  # kind → its phrasings
    slots: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Grammar:
        slots = {
            name.strip(): tuple(each.strip() for each in _outer(fillings))
            for file in ("slots.txt", "manners.txt")
            for name, _, fillings in (line.partition(":") for line in _lines(folder / file))
        }
        return cls({kind: tuple(_lines(folder / f"{kind}.txt")) for kind in KINDS}, slots)

    def questions(self, each: int, seed: int = 1) -> Iterator[Phrased]:
        """`each` questions of every phrasing, as people type: with or without manners, capitals and a sign."""
        draw = Random(seed)
        for kind, lines in self.lines.items():
            for number, line in enumerate(lines, start=1):
                made = {self._typed(self._filled(line, draw), draw) for _ in range(each)}
                for question in sorted(made):
                    yield Phrased(question, kind, f"{kind}:{number}")

    def asking(self, kind: str) -> set[str]:
        """The words of a kind's phrasings outside their slots, and of what is said around a question."""
        around = [*self.slots["before"], *self.slots["after"]]
        texts = [_bare(line) for line in (*self.lines[kind], *around)]
        used = {name for line in self.lines[kind] for name in _SLOT.findall(line)}
        texts += [filling for name in used.intersection(NOUNS) for filling in self.slots[name]]
        return {word for text in texts for word in words_of(text)}

    def telling(self, least: int) -> list[str]:
        """Words, and pairs of neighbours of at least so many phrasings, outside the slots, in alphabetical order."""
        found: Counter[str] = Counter()
        for lines in self.lines.values():
            for line in lines:
                parts = re.split(r"[\[\]|:,]", _bare(line))
                words = [words_of(part) for part in parts]
                alone = {word for some in words for word in some}
                pairs = {f"{a} {b}" for some in words for a, b in zip(some, some[1:], strict=False)}
                found.update(alone | pairs)
        for name in NOUNS:
            found.update({w: least for filling in self.slots[name] for w in words_of(filling)})
        return sorted(term for term, count in found.items() if count >= least or " " not in term)

    def _filled(self, text: str, draw: Random) -> str:
        while (found := _CHOICE.search(text)) or _SLOT.search(text):
            if found:
                chosen = draw.choice(found[1].split("|"))
                text = text[: found.start()] + chosen + text[found.end() :]
            elif slot := _SLOT.search(text):
                text = text[: slot.start()] + draw.choice(self.slots[slot[1]]) + text[slot.end() :]
        return " ".join(text.split())

    def _typed(self, text: str, draw: Random) -> str:
        if draw.random() < POLITE:
            if draw.random() < 0.6:
                text = f"{draw.choice(self.slots['before'])} {text}"
            else:
                text = f"{text} {draw.choice(self.slots['after'])}".replace(" ,", ",")
        if draw.random() > LOWER:
            text = text[:1].upper() + text[1:]
        elif draw.random() < 0.5:
            text = text.casefold()
        return text if draw.random() < UNMARKED else f"{text}{draw.choice('???.')}"


def _lines(file: Path) -> list[str]:
    kept = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in kept if line and not line.startswith("#")]


def _outer(fillings: str) -> list[str]:
    """The fillings between the bars that are in no bracket."""
    parts, depth = [""], 0
    for letter in fillings:
        depth += (letter == "[") - (letter == "]")
        if letter == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _bare(line: str) -> str:
    """A phrasing with a bar for each slot: nothing beside a slot is its neighbour."""
    return _SLOT.sub("|", line)
