"""Which documents: all of them, those that mention a topic, those that are about it.

To *mention* is to hold the words in a row, in any form of theirs: told by the word index, then seen in the
text. To be *about* a topic is to be named after it, to speak of it in most passages, or to have a passage whose
meaning is near: bounds in rag/evaluate/LOG.md.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

from ingest.model.chunks import StoredChunk
from ingest.protocols import Library
from ingest.text.analysis import terms
from rag.model import CancelToken, Coverage, Hit, Progress
from rag.whole.forms import FORMATS
from rag.whole.phrases import Phrase, Topic, exactly, readings
from rag.whole.report import Found, Place, Report, opening, sentence_at
from rag.whole.route import Listing
from rag.whole.shelf import Shelf, Shelved, telling_terms
from rag.whole.tools import Tools

LISTED = 100  # documents that are named and quoted; more are counted
NEAR, NEAR_BEST = 0.5, 0.7  # cosine of a passage to the topic, and as a share of the nearest one's
MOST_OF_IT = 0.75  # of a document's passages that speak of it
COSINES = 2_000  # chunks that are compared at a time


@dataclass(frozen=True, slots=True)
class Held:
    """A document of a list: the place to show, and in how many passages of it the topic stands."""

    document: Shelved
    place: Place
    passages: int


def listing(
    tools: Tools, shelf: Shelf, wanted: Listing, cancel: CancelToken, sure: bool = True
) -> Generator[Progress, None, Found | None]:
    """The list, or None where it cannot be made: no folder of that name, or nothing is about the topic; where it is
    not `sure` that a list was asked for, also when nothing mentions it."""
    documents = [
        each
        for each in shelf.documents
        if _is_kind(each, wanted.kind) and _lies_in(each, wanted.folder) and _is_called(each, wanted.genre)
    ]
    if (wanted.folder or wanted.genre) and not documents:
        return None
    if not wanted.topic:
        return (yield from _catalogue(tools, shelf, documents, wanted, cancel))
    inside = {each.id for each in documents}
    yield Progress("gathering", 0, len(documents))
    is_name = any(letter.isupper() for letter in wanted.topic)
    if wanted.each or (wanted.loose and is_name):  # whoever mentions it says something about it
        name, held = yield from _mentioning(tools.library, shelf, wanted.topic, inside, cancel)
        near = yield from _about(tools, shelf, wanted.topic, inside, cancel)
        held = {**held, **near}
        return (
            None
            if not held
            else (yield from _told(tools, shelf, documents, wanted, wanted.topic, held, cancel))
        )
    if wanted.relation == "about":
        held = yield from _about(tools, shelf, wanted.topic, inside, cancel)
        return (
            None
            if not held
            else (yield from _told(tools, shelf, documents, wanted, wanted.topic, held, cancel))
        )
    name, held = yield from _mentioning(tools.library, shelf, wanted.topic, inside, cancel)
    if not held and not sure:
        return None
    if wanted.without:
        return _silent(shelf, documents, name, set(held))
    return (yield from _told(tools, shelf, documents, wanted, name, held, cancel))


def _is_kind(document: Shelved, kind: str) -> bool:
    return not kind or document.media_type.startswith(FORMATS[kind][1])


def _is_called(document: Shelved, genre: str) -> bool:
    """Whether title, file name or folder holds the word."""
    return not genre or set(terms(genre)) <= set(terms(f"{document.title} {spaced(document.key)}"))


def _lies_in(document: Shelved, folder: str) -> bool:
    if not folder:
        return True
    wanted = folder.casefold().strip("/")
    parents = document.key.casefold().split("/")[:-1]
    return f"/{wanted}/" in f"/{'/'.join(parents)}/"


# ------------------------------------------------------------------ the catalogue


def _catalogue(
    tools: Tools, shelf: Shelf, documents: list[Shelved], wanted: Listing, cancel: CancelToken
) -> Generator[Progress, None, Found]:
    yield Progress("gathering", len(documents), len(documents))
    report = Report()
    what = f"{wanted.kind} document" if wanted.kind else "document"
    where = f" in the folder “{wanted.folder}”" if wanted.folder else ""
    one, all_ = len(documents) == 1, len(shelf)
    count = f"{len(documents):,} {what}{'' if one else 's'}"
    if not wanted.kind and not wanted.folder:
        report.say(
            f"There {'is' if one else 'are'} {count}{':' * (not wanted.count)}", strong=f"{len(documents):,}"
        )
    else:
        report.say(
            f"{len(documents):,} of {all_:,} document{'s' * (all_ != 1)} {'is' if one else 'are'} "
            f"{'in' if not wanted.kind else _article(wanted.kind, one)}{where if wanted.kind else where[3:]}"
            f"{':' * bool(documents)}",
            strong=f"{len(documents):,}",
        )
    named = documents if not wanted.count or len(documents) <= 20 else []
    beginnings = shelf.beginnings(named[:LISTED])
    cancel.check()
    for document in named[:LISTED]:
        if chunks := beginnings.get(document.id):
            report.quote(_label(document, named), opening(*chunks))
        else:
            report.say(f"{_label(document, named)} (no text was found in it)", strong=_label(document, named))
    _more(report, len(named) - LISTED)
    return report.found(Coverage("documents", all_, all_))


def _article(kind: str, one: bool) -> str:
    if kind in ("Markdown", "Word", "text", "mail"):
        noun = {"Markdown": "Markdown file", "Word": "Word document", "text": "text file", "mail": "mail"}[
            kind
        ]
    else:
        noun = kind
    return f"a {noun}" if one else f"{noun}s"


# ------------------------------------------------------------------ mention


def _mentioning(
    library: Library, shelf: Shelf, topic: str, inside: set[int], cancel: CancelToken
) -> Generator[Progress, None, tuple[str, dict[int, Held]]]:
    """The topic as it was understood, and the documents that mention it."""
    first: Topic | None = None
    for reading in readings(topic):
        if not reading.phrases or not all(phrase.stems for phrase in reading.phrases):
            continue
        first = first or reading
        found = yield from _holding(library, shelf, reading, inside, cancel)
        if found:
            return reading.name, found
    return (first.name if first else f"“{topic}”"), {}


def _holding(
    library: Library, shelf: Shelf, topic: Topic, inside: set[int], cancel: CancelToken
) -> Generator[Progress, None, dict[int, Held]]:
    each: list[dict[int, Held]] = []
    for phrase in topic.phrases:
        found: dict[int, Held] = {}
        if phrase.is_capitals:
            (exact,) = exactly([phrase])
            found = yield from _places(library, shelf, exact, inside, cancel)
        each.append(found or (yield from _places(library, shelf, phrase, inside, cancel)))
    for phrase in topic.but:
        unwanted = yield from _places(library, shelf, phrase, inside, cancel)
        each = [{i: held for i, held in found.items() if i not in unwanted} for found in each]
    if topic.every:
        common = set.intersection(*(set(found) for found in each))
        return {i: each[0][i] for i in each[0] if i in common}
    return {i: held for found in reversed(each) for i, held in found.items()}


def _places(
    library: Library, shelf: Shelf, phrase: Phrase, inside: set[int], cancel: CancelToken
) -> Generator[Progress, None, dict[int, Held]]:
    """For every document that holds the phrase: its first place, and the number of passages with it.

    Passages of a long document are counted without being read where the phrase is one word.
    """
    candidates = {i: ids for i, ids in shelf.by_document(library.holding(phrase.text)).items() if i in inside}
    found: dict[int, Held] = {}
    waiting = {i: list(ids) for i, ids in candidates.items()}
    depth = 1
    while waiting:
        wanted = [chunk_id for ids in waiting.values() for chunk_id in ids[:depth]]
        for batch in shelf.chunks(wanted):
            cancel.check()
            for chunk in batch:
                if chunk.document_id not in found and (span := phrase.first_in(chunk.text)):
                    place = sentence_at(chunk, *span)
                    found[chunk.document_id] = Held(
                        shelf.document(chunk.document_id), place, len(candidates[chunk.document_id])
                    )
            yield Progress("gathering", min(len(inside), len(found)), len(inside))
        waiting = {i: ids[depth:] for i, ids in waiting.items() if i not in found and len(ids) > depth}
        depth *= 4
    return found


# ------------------------------------------------------------------ about


def _about(
    tools: Tools, shelf: Shelf, topic: str, inside: set[int], cancel: CancelToken
) -> Generator[Progress, None, dict[int, Held]]:
    documents = [each for each in shelf.readable if each.id in inside]
    wanted = telling_terms(topic)
    (vector,) = tools.embedder.embed_queries([topic])
    nearest: dict[int, tuple[float, int]] = {}
    for done, batch in _batches(documents):
        cancel.check()
        cosines = tools.library.cosines(vector, [i for each in batch for i in each.chunk_ids])
        for each in batch:
            near = max(((cosines[i], i) for i in each.chunk_ids if i in cosines), default=None)
            if near is not None:
                nearest[each.id] = near
        yield Progress("gathering", done, len(documents))
    bound = max(NEAR, NEAR_BEST * max((cosine for cosine, _ in nearest.values()), default=0.0))
    speaking = shelf.by_document(tools.library.holding(topic))
    named = {
        each.id for each in documents if wanted and wanted <= set(terms(each.title)) | set(terms(_stem(each)))
    }
    chosen = [
        each
        for each in documents
        if each.id in named
        or nearest.get(each.id, (0.0, 0))[0] >= bound
        or len(speaking.get(each.id, ())) >= max(2, MOST_OF_IT * len(each.chunk_ids))
    ]
    chosen.sort(key=lambda each: -nearest.get(each.id, (0.0, 0))[0])
    shown = {each.id: nearest[each.id][1] if each.id in nearest else each.first for each in chosen}
    chunks = {chunk.id: chunk for batch in shelf.chunks(list(shown.values())) for chunk in batch}
    return {
        each.id: Held(each, _telling(chunks[shown[each.id]], wanted), len(speaking.get(each.id, ())))
        for each in chosen
        if shown[each.id] in chunks
    }


def _batches(documents: list[Shelved]) -> Iterator[tuple[int, list[Shelved]]]:
    """(documents done after it, batch): about COSINES chunks in each."""
    batch: list[Shelved] = []
    size = 0
    for done, each in enumerate(documents, start=1):
        batch.append(each)
        size += len(each.chunk_ids)
        if size >= COSINES or done == len(documents):
            yield done, batch
            batch, size = [], 0


def _stem(document: Shelved) -> str:
    return spaced(document.key.rsplit("/", 1)[-1].rsplit(".", 1)[0])


def spaced(name: str) -> str:
    """A file name or path as words."""
    return name.replace("_", " ").replace("-", " ").replace("/", " ")


def _telling(chunk: StoredChunk, wanted: set[str]) -> Place:
    """The sentence of a chunk with most words of the topic, the first one that says something among equals."""
    from ingest.text.sentences import sentences

    best, most = opening(chunk), 0
    for start, end in sentences(chunk.text):
        held = len(wanted & set(terms(chunk.text[start:end])))
        if held > most and end - start >= 25:
            best, most = Place(chunk, start, end), held
    return best


# ------------------------------------------------------------------ the answer


def _told(
    tools: Tools,
    shelf: Shelf,
    documents: list[Shelved],
    wanted: Listing,
    name: str,
    held: Mapping[int, Held],
    cancel: CancelToken,
) -> Generator[Progress, None, Found]:
    about = wanted.relation == "about"
    readable = sum(each.readable for each in documents)
    coverage = Coverage("documents", readable, len(documents))
    report = Report()
    _unread(report, documents)
    noun = f"{wanted.kind} document" if wanted.kind else "document"
    of = f"{len(documents):,} {noun}{'s' * (len(documents) != 1)}"
    if not held:
        report.say(f"None of the {of} {'is about' if about else 'mentions'} {name}.")
        return report.found(coverage)
    does = ("is" if len(held) == 1 else "are") + " about" if about else f"mention{'s' * (len(held) == 1)}"
    topic = f"“{name}”" if about else name
    report.say(f"{len(held):,} of {of} {does} {topic}:", strong=f"{len(held):,}")
    order = list(held.values())
    if not about:
        order.sort(key=lambda each: -each.passages)
    if wanted.each:
        order = yield from _best_sentences(tools, wanted.topic, order[:LISTED], cancel)
    for each in order[:LISTED]:
        report.quote(_label(each.document, [e.document for e in order]), each.place)
    _more(report, len(held) - LISTED)
    passages = [Hit(each.place.chunk) for each in order] if wanted.each else []
    return report.found(coverage, passages)


def _silent(shelf: Shelf, documents: list[Shelved], name: str, mentioning: set[int]) -> Found:
    """The documents that don't mention a topic, each with how it begins."""
    report = Report()
    _unread(report, documents)
    others = [each for each in documents if each.readable and each.id not in mentioning]
    readable = sum(each.readable for each in documents)
    one = len(others) == 1
    report.say(
        f"{len(others):,} of {len(documents):,} documents {'does' if one else 'do'} not mention {name}"
        f"{':' if others else '.'}",
        strong=f"{len(others):,}",
    )
    beginnings = shelf.beginnings(others[:LISTED])
    for each in others[:LISTED]:
        if chunks := beginnings.get(each.id):
            report.quote(_label(each, others), opening(*chunks))
    _more(report, len(others) - LISTED)
    return report.found(Coverage("documents", readable, len(documents)))


def _best_sentences(
    tools: Tools, topic: str, held: list[Held], cancel: CancelToken
) -> Generator[Progress, None, list[Held]]:
    """The same with the sentence that the reader points at."""
    yield Progress("reading", len(held))
    chunks = [each.place.chunk for each in held]
    raws = tools.reader.read(topic, [(chunk.context, chunk.text) for chunk in chunks], cancel)
    return [
        Held(
            each.document,
            sentence_at(each.place.chunk, raw.start, raw.end) if raw.end else each.place,
            each.passages,
        )
        for each, raw in zip(held, raws, strict=True)
    ]


def _label(document: Shelved, among: list[Shelved]) -> str:
    """A document's title, with its key where another has the same."""
    same = sum(each.name == document.name for each in among)
    return document.name if same < 2 else f"{document.name} ({document.key})"


def _more(report: Report, left: int) -> None:
    if left > 0:
        report.say(f"… and {left:,} more.")


def _unread(report: Report, documents: list[Shelved]) -> None:
    """Say which documents could not be looked at."""
    silent = [each.key for each in documents if not each.readable]
    if silent:
        names = ", ".join(silent[:3]) + (f" and {len(silent) - 3:,} more" if len(silent) > 3 else "")
        report.notices.append(f"Without text, so not looked at: {names}.")
