"""Text → answer: every sentence tied to the exact passage that supports it.

An extract is its own proof. A chat model's sentence is held against the passages it cites
(support.py); one whose marker is missing or wrong gets the passage that supports it, if one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from ingest.text.sentences import ITEM
from rag.answers.agreement import Text, is_literal
from rag.answers.choose import Extract
from rag.answers.support import LITERAL, PARTLY, SUPPORTED, Head, Judge, verdict
from rag.answers.talk import claim_start, figures, introduces, leads, only_talks, own_words
from rag.model import Citation, Hit, Sentence
from rag.reader import Reader

MOST_TRIED = 3  # passages a sentence is held against besides those it cites: those that share most words
_PRONOUNS = frozenset("it its they their them he his she her this these those such both that".split())
CLOSE_CHARACTERS = 400  # extracts of one passage that are this near share a footnote


def cite_extracts(extracts: Sequence[Extract]) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Sentences with their footnotes; neighbouring sentences of a passage share one.

    A passage's prose is a block; a list item or table row is one of its own.
    """
    made: list[Sentence] = []
    citations: list[Citation] = []
    block = -1
    for _, group in groupby(extracts, lambda each: each.read.hit.chunk.id):
        for run in _near(list(group)):
            marker = len(citations) + 1
            best = max(run, key=lambda each: each.score)
            citations.append(
                cite(marker, best.read.hit, run[0].start, run[-1].end, best.answer_start, best.answer_end)
            )
            for before, each in zip([None, *run], run, strict=False):
                block += before is None or _stands_alone(before.text) or _stands_alone(each.text)
                made.append(Sentence(each.text, (marker,), "supported", 1.0, _emphasis(each), block))
    return tuple(made), tuple(citations)


def _stands_alone(text: str) -> bool:
    """Whether a sentence is a list item or a table row."""
    return " | " in text or ITEM.match(text) is not None


def _near(extracts: Sequence[Extract]) -> list[list[Extract]]:
    runs: list[list[Extract]] = []
    for each in extracts:
        if runs and each.start - runs[-1][-1].end <= CLOSE_CHARACTERS:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _emphasis(extract: Extract) -> tuple[tuple[int, int], ...]:
    """The answer span in the sentence as it is shown, with its white space folded."""
    text = extract.read.hit.chunk.text
    lead = " ".join(text[extract.start : extract.answer_start].split())
    answer = " ".join(text[extract.answer_start : extract.answer_end].split())
    start = extract.text.find(answer, max(0, len(lead) - 1)) if answer else -1
    return ((start, start + len(answer)),) if start >= 0 else ()


def cite(marker: int, hit: Hit, start: int, end: int, answer_start: int, answer_end: int) -> Citation:
    """A citation of `hit`; offsets are in the chunk's text and become those of its page.

    A corrected text stands nowhere: its place is that of the whole passage.
    """
    chunk = hit.chunk
    at = (chunk.start + start, chunk.start + end, chunk.start + answer_start, chunk.start + answer_end)
    corrected = chunk.as_read is not None
    first, last, answer_first, answer_last = (chunk.start, chunk.end, 0, 0) if corrected else at
    return Citation(
        marker, chunk.id, chunk.document_id, chunk.key, chunk.title, chunk.media_type,
        chunk.shown_page, chunk.page_label, chunk.headings,
        first, last, chunk.text[start:end], answer_first, answer_last, corrected, chunk.address,
    )  # fmt: skip


def ground(
    reader: Reader, sentences: Sequence[Sentence], hits: Sequence[Hit], question: str = ""
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """Checked sentences and their citations, numbered by first use; markers point into `hits`.

    A sentence's markers are 1-based numbers of `hits`; others are dropped. A verdict is given to sentences
    that say something (a heading, a lone list intro and mere talk about the answer say nothing).
    """
    check = Check(reader, hits, question=question)
    before = ["", *(each.text for each in sentences)]
    return check.cite([check.sentence(each, text) for each, text in zip(sentences, before, strict=False)])


def numbered(checked: Sequence[Sentence]) -> tuple[tuple[Sentence, ...], tuple[int, ...]]:
    """Sentences with their markers numbered by first use, and what each new number was before."""
    order = {
        old: new for new, old in enumerate(dict.fromkeys(n for s in checked for n in s.markers), start=1)
    }
    renumbered = tuple(replace(each, markers=tuple(order[n] for n in each.markers)) for each in checked)
    return renumbered, tuple(order)


def strict(
    sentences: Sequence[Sentence], citations: Sequence[Citation]
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """What is left when sentences that are not supported are removed; markers are numbered anew.

    Nothing at all is left when no sentence is supported: a refusal.
    """
    kept, before = numbered(supported(sentences))
    by_marker = {each.marker: each for each in citations}
    return kept, tuple(replace(by_marker[old], marker=new) for new, old in enumerate(before, start=1))


def supported(sentences: Sequence[Sentence]) -> list[Sentence]:
    """The supported ones; a heading or list intro goes when nothing is left under it, and mere talk always:
    strictly only what the documents say is told."""
    kept: list[Sentence] = []
    waiting: list[Sentence] = []  # headings and intros: they stay if something supported follows
    for each in sentences:
        if each.verdict is None:
            waiting += [each] if leads(each.text) else []
        elif each.verdict == "supported":
            kept += [*waiting, each]
            waiting = []
    return kept


def answer_text(sentences: Sequence[Sentence]) -> str:
    """Sentences with their markers; every block is a line of its own."""
    lines: list[str] = []
    block = -1
    for sentence in sentences:
        gap = "\n" if "\n" in sentence.text else " "  # a table or code keeps its last line to itself
        marks = " ".join(f"[{marker}]" for marker in sentence.markers)
        piece = f"{sentence.text}{gap}{marks}" if marks else sentence.text
        if lines and sentence.block == block:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
        block = sentence.block
    return "\n".join(lines)


class Check:
    """Holds an answer's sentences against its passages, one by one as they are finished.

    Not safe for threads. A passage is prepared when it is first needed; a sentence costs one pass of
    the reader for each passage it cites, none where it stands in one word for word, and MOST_TRIED
    more where no cited passage supports it.
    """

    def __init__(
        self, reader: Reader, hits: Sequence[Hit], judge: Judge | None = None, question: str = ""
    ) -> None:
        """`judge` is the reader's own without one; `question` is what is answered."""
        self._reader = reader
        self._judge = judge or Head(reader)
        self._hits = hits
        self._question = question
        self._texts: dict[int, Text] = {}

    def sentence(self, sentence: Sentence, before: str = "") -> Sentence:
        """`sentence` with verdict, score and markers that are right; `before` is the text of the one before.

        Its markers stay numbers of the hits: `cite` numbers them by first use. One that only talks has none.
        """
        markers = tuple(dict.fromkeys(n for n in sentence.markers if 1 <= n <= len(self._hits)))
        if leads(sentence.text) and not self._adds(sentence.text):
            return replace(sentence, markers=markers)
        if only_talks(sentence.text, self._question) and not self._stands(sentence.text):
            return replace(sentence, markers=())
        start = claim_start(sentence.text, self._question)
        said, claim = sentence.text[start:], Text(sentence.text, start)
        heard = f"{before} {said}" if before and _leans_back(claim) else said
        if self._question and not own_words(claim):  # “No.”, “Yes.”
            heard = f"{self._question} {said}"
        cited, together = self._probabilities(claim, heard, markers)
        best = max([*cited.values(), together])
        if best < SUPPORTED:
            tried, _ = self._probabilities(claim, heard, self._nearest(claim, markers))
            right = max(tried, key=lambda n: tried[n], default=0)
            if right and tried[right] >= SUPPORTED:
                return replace(sentence, markers=(right,), verdict=verdict(tried[right]), score=tried[right])
        if max(cited.values(), default=0.0) >= SUPPORTED:  # beside one that supports it, a wrong one goes
            markers = tuple(n for n in markers if cited[n] >= PARTLY)
        return replace(sentence, markers=markers, verdict=verdict(best), score=best)

    def cite(self, checked: Sequence[Sentence]) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
        """Markers numbered by first use, and their citations."""
        renumbered, order = numbered(checked)
        citations = tuple(
            _cite_whole(self._reader, marker, self._hits[n - 1], [s for s in checked if n in s.markers])
            for marker, n in enumerate(order, start=1)
        )
        return renumbered, citations

    def _probabilities(
        self, claim: Text, heard: str, numbers: Sequence[int]
    ) -> tuple[dict[int, float], float]:
        """Number of a hit → how likely it supports the claim; how likely several do between them.

        One in which the claim stands word for word ends the search.
        """
        for number in numbers:
            if is_literal(claim, self._text(number)):
                return {n: LITERAL if n == number else PARTLY for n in numbers}, LITERAL
        found = self._judge.probabilities(claim, heard, [self._text(n) for n in numbers])
        each = dict(zip(numbers, found, strict=False))
        return each, found[-1] if len(found) > 1 else 0.0

    def _nearest(self, claim: Text, but: Sequence[int]) -> list[int]:
        """The MOST_TRIED hits that share most telling words with the claim, numbers and names twice."""

        def shared(number: int) -> int:
            known = self._text(number).known
            return sum(1 + (w.is_number or w.is_name) for w in claim.telling if w.form in known)

        ranked = sorted(
            ((shared(n), -n) for n in range(1, len(self._hits) + 1) if n not in but), reverse=True
        )
        return [-n for count, n in ranked[:MOST_TRIED] if count]

    def _adds(self, text: str) -> bool:
        """Whether a heading or intro has a figure or an address, or a heading a word, that neither the question nor a
        passage has."""
        new = figures(text) - figures(self._question)
        words = set() if introduces(text) else own_words(Text(text)) - Text(self._question).known
        for number in range(1, len(self._hits) + 1) if new or words else ():
            new -= figures(self._text(number).text)
            words -= self._text(number).known
        return bool(new or words)

    def _stands(self, text: str) -> bool:
        """Whether a passage has a sentence word for word: some documents are about documents."""
        claim = Text(text)
        return any(is_literal(claim, self._text(number)) for number in range(1, len(self._hits) + 1))

    def _text(self, number: int) -> Text:
        if number not in self._texts:
            chunk = self._hits[number - 1].chunk
            self._texts[number] = Text(f"{chunk.context}\n{chunk.text}" if chunk.context else chunk.text)
        return self._texts[number]


def _leans_back(claim: Text) -> bool:
    """Whether a claim begins with a word that stands for something in the sentence before it."""
    return any(word.lower in _PRONOUNS for word in claim.words[:2])


def _cite_whole(reader: Reader, marker: int, hit: Hit, sentences: Sequence[Sentence]) -> Citation:
    """The passage as a footnote, with the span that answers the sentence marked."""
    text = hit.chunk.text
    claim = " ".join(each.text for each in sentences)
    (raw,) = reader.read(claim, [(hit.chunk.context, text)])
    return cite(marker, hit, 0, len(text), raw.start, raw.end)
