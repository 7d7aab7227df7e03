"""Footnote and the defaults of other systems on public sets, in one run: `python -m rag evaluate --sets DIR`.

DIR holds sets as `rag.evaluate.sets` writes them. Each becomes a library in a home folder of its own below the one
given with --home, so that a second run only asks. Results go to OUT/<set>--<system>.json; the table to standard output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ingest.commands.gather import gather
from ingest.commands.terminal import StatusLine, tell
from ingest.errors import FootnoteError
from ingest.home.opening import LocalHome, open_home
from ingest.inference.machine import cpu_name
from ingest.model.adding import AddState
from ingest.protocols import Library
from ingest.settings import Settings
from rag.engine import Engine
from rag.evaluate.evaluation import Run, ask_all, made_under, now, peak_mib, save_run, summary
from rag.evaluate.questions import Question, load_questions
from rag.evaluate.rivals import RIVALS, MiniLM, Rebuilt, library_texts
from rag.evaluate.systems import ByMeaning, ByWords, Footnote, System
from rag.settings import AskSettings

MAIN: dict[str, str] = {  # the metric a set is known for
    "scifact": "ndcg@10",
    "cranfield": "ndcg@10",
    "chunking_eval": "recall@5",
    "squad": "hit@1",
    "clapnq": "hit@1",
    "financebench": "hit@5",
    "exam": "hit@5",
    "xquad": "hit@5",
}
WORDS_ONLY = frozenset(("xquad",))  # the embedder knows English; other languages are found by words
LIMIT = 600  # questions asked of a set at most, evenly spread, unless another limit is given


def run_sets(
    settings: Settings,
    ask: AskSettings,
    folder: Path,
    out: Path,
    names: Sequence[str],
    baselines: bool,
    limit: int,
) -> list[Run]:
    """Every system on every set; each run is written to `out` as soon as it is done."""
    line = StatusLine(shown=True)
    runs: list[Run] = []
    for name in names:
        home = open_home(replace(settings, home=settings.home / name))
        try:
            engine = Engine(home, home.settings, ask)
            questions = sample(load_questions(folder / name, below="docs/"), limit)
            line.show(f"{name}: filling the library …")
            library = filled(home, name, folder / name / "docs")
            minilm = settings.home / "minilm.sqlite" if baselines else None
            for system in systems(engine, library, name, minilm, line):
                run = measured(system, name, questions, engine, line)
                save_run(run, out / f"{name}--{slug(run.system)}.json")
                runs.append(run)
                line.clear()
                metric = MAIN.get(name, "hit@5")
                tell(f"{name}: {run.system}: {metric} {summary(run).get(metric)}")
        finally:
            home.close()
    return runs


def systems(
    engine: Engine, library: Library, name: str, minilm: Path | None, line: StatusLine
) -> Iterator[System]:
    """Footnote, its two retrievers alone, then, where `minilm` names a file for their vectors, the rivals:
    one after the other, to spare memory."""
    if name in WORDS_ONLY:
        yield ByWords(library)
        return
    models = engine.load()
    yield Footnote(engine, library)
    yield ByMeaning(library, models.embedder)
    yield ByWords(library)
    if minilm:
        texts = library_texts(library)
        original = MiniLM(minilm)
        for rival in RIVALS:
            line.show(f"{name}: {rival.name}: chunking and embedding …")
            yield Rebuilt(rival, texts, original, models.reader)


def measured(
    system: System, name: str, questions: Sequence[Question], engine: Engine, line: StatusLine
) -> Run:
    rows = ask_all(system, questions, lambda done, of: line.show(f"{name}: {system.name}: {done} of {of}"))
    settings: dict[str, Any] = {}
    if isinstance(system, Footnote):
        settings = {k: v for k, v in asdict(engine.ask_settings).items() if not k.startswith("llm")}
    units = [question.unit for question in questions if question.evidence]
    models = engine.load()
    return Run(
        system.name,
        name,
        units[0] if units else "passage",
        rows,
        settings,
        {**made_under(), "embedder": models.embedder.backend, "reader": models.reader.backend},
        cpu_name(),
        now(),
        peak_mib(),
    )


def sample(questions: Sequence[Question], limit: int) -> list[Question]:
    """At most `limit` questions, evenly spread over the file."""
    if limit <= 0 or len(questions) <= limit:
        return list(questions)
    return [questions[i * len(questions) // limit] for i in range(limit)]


def filled(home: LocalHome, name: str, folder: Path) -> Library:
    """The library `name` with every document below `folder`, keys as `ingest add folder` gives them.

    Raises FootnoteError when none can be read; some may fail.
    """
    if home.catalog.libraries.id_of(name) is None:
        home.create(name)
    library = home.library(name)
    here = {origin.key for origin in library.origins()}
    found = gather([str(folder)])
    sources = [source for source in found.sources if source.key not in here]
    failed = [result for result in library.add(sources) if result.state is AddState.FAILED]
    for result in failed[:5]:  # an empty document of a collection is no fault of the run
        tell(f"{name}: {result.document}: {result.message}")
    if not library.info().origins:
        raise FootnoteError(f"None of the {len(found.sources)} files of {folder} could be read.")
    return library


def slug(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name).strip("-").replace("--", "-")


# ---------------------------------------------------------------------- the table


def table(runs: Sequence[Run], metrics: Sequence[str] = ()) -> str:
    """Systems by sets, in each set's main metric (or in `metrics` of one set), as a Markdown table."""
    sets = list(dict.fromkeys(run.set for run in runs))
    names = list(dict.fromkeys(run.system for run in runs))
    columns: list[tuple[str, str]] = (
        [(sets[0], metric) for metric in metrics]
        if metrics
        else [(each, MAIN.get(each, "hit@5")) for each in sets]
    )
    figures = {(run.set, run.system): summary(run) for run in runs}
    best = {
        column: max((figures.get((column[0], n), {}).get(column[1], -1.0) for n in names), default=-1.0)
        for column in columns
    }
    head = [" | ".join(["system", *(f"{s} {m}" if not metrics else m for s, m in columns)])]
    head.append("|".join(["---"] * (len(columns) + 1)))
    for name in names:
        cells = [name]
        for column in columns:
            value = figures.get((column[0], name), {}).get(column[1])
            shown = "" if value is None else f"{value:.3f}".replace("0.", ".", 1) if value < 1 else "1.0"
            cells.append(f"**{shown}**" if value is not None and value >= best[column] else shown)
        head.append(" | ".join(cells))
    return "\n".join(f"| {row} |" if set(row) - set("-|") else f"|{row}|" for row in head)
