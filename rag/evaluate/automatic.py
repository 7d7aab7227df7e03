"""Questions made from a library's own documents, where nobody has written any.

Two kinds, both with a known place: a section's heading with its document's title (the section has to be
found), and a sentence with a number or a name, asked by its other telling words (the sentence has to be
found, the number or name is the answer). They are easier than what people ask, because they use the
documents' words: good for comparing settings, not for a promise.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.model.chunks import StoredChunk
from ingest.protocols import Library
from ingest.text.analysis import STOP_WORDS, terms
from ingest.text.sentences import sentences
from rag.evaluate.questions import Evidence, Question

SEED = 1
QUOTE_CHARACTERS = 160  # of a section's first sentence, as its evidence
WORDS = range(8, 31)  # of a sentence that is asked about
TELLING_WORDS = range(4, 10)  # that its question keeps
DOCUMENTS_READ = 400  # of a large library

_WORD = re.compile(r"[^\W\d_][\w'’-]+")
_NUMBER = re.compile(r"(?<![\w.])[$€£]?\d(?:[\d,]*\d)?(?:\.\d+)?%?(?!\w)")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+(?: [A-Z][a-z]+)+")


def automatic_questions(library: Library, count: int, seed: int = SEED) -> list[Question]:
    """At most `count` questions, spread over the documents; the same for the same library and seed."""
    draw = random.Random(seed)
    origins = library.listed()
    draw.shuffle(origins)
    per_document: list[list[Question]] = []
    for origin in origins[:DOCUMENTS_READ]:
        chunks = library.document_chunks(origin.key)
        made = [*_sentence_questions(chunks), *_heading_questions(chunks)]
        draw.shuffle(made)
        if made:
            per_document.append(made)
        if len(per_document) >= count:
            break
    found: list[Question] = []
    for turn in range(max(map(len, per_document), default=0)):  # one of each document, then a second …
        found += [made[turn] for made in per_document if turn < len(made)]
        if len(found) >= count:
            break
    return found[:count]


def _sentence_questions(chunks: Sequence[StoredChunk]) -> Iterator[Question]:
    common = Counter(term for chunk in chunks for term in set(terms(chunk.text)))
    for chunk in chunks:
        for start, end in sentences(chunk.text):
            sentence = " ".join(chunk.text[start:end].split())
            answer = _answer(sentence)
            if answer is None or len(sentence.split()) not in WORDS or " | " in sentence:
                continue
            asked = sentence.replace(answer, " ", 1)
            words = [w for w in dict.fromkeys(_WORD.findall(asked)) if w.casefold() not in STOP_WORDS]
            # The rarer words of the sentence in its own order: what a person would remember of it.
            rare = sorted(words, key=lambda w: common[next(iter(terms(w)), "")])[: TELLING_WORDS.stop - 1]
            kept = [word for word in words if word in rare]
            if len(kept) in TELLING_WORDS:
                yield Question(
                    f"sentence-{chunk.id}-{start}",
                    " ".join(kept),
                    "sentence",
                    answers=(answer,),
                    evidence=((Evidence(chunk.key, chunk.shown_page, sentence),),),
                )
                break  # one of a passage


def _answer(sentence: str) -> str | None:
    """The number or name that is left out of a sentence's question: the last one."""
    found = _NUMBER.findall(sentence) or _NAME.findall(sentence)
    return found[-1] if found else None


def _heading_questions(chunks: Sequence[StoredChunk]) -> Iterator[Question]:
    times = Counter(chunk.headings[-1] for chunk in chunks if chunk.headings)
    seen: set[str] = set()
    for chunk in chunks:
        heading = chunk.headings[-1] if chunk.headings else ""
        if not heading or heading in seen or times[heading] > 3 or not _WORD.search(heading):
            continue
        seen.add(heading)
        first = next(
            (chunk.text[s:e] for s, e in sentences(chunk.text) if heading not in chunk.text[s:e]), ""
        )
        if len(first.split()) < WORDS.start:
            continue
        about = heading if chunk.title.casefold() in heading.casefold() else f"{heading}, {chunk.title}"
        yield Question(
            f"heading-{chunk.id}",
            about,
            "heading",
            evidence=((Evidence(chunk.key, chunk.shown_page, " ".join(first.split())[:QUOTE_CHARACTERS]),),),
        )
