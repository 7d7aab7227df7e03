"""`python -m rag evaluate`: how well a library answers, by its own questions; or every system on public sets."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from ingest.commands.terminal import StatusLine, say, say_json, tell
from ingest.errors import WrongUsage
from ingest.home.opening import LocalHome, open_home
from ingest.settings import DEFAULT_LIBRARY, Settings, go_offline, parse
from rag.engine import Engine
from rag.evaluate import bench
from rag.evaluate.evaluation import Comparison, Run, compare, save_run, summary
from rag.evaluate.questions import Question, load_questions, save_questions
from rag.evaluate.systems import Footnote
from rag.settings import AskSettings

SHOWN = {  # figures in the order they are read, by the words people use for them
    "hit@1": "evidence in first place",
    "hit@5": "evidence among the first 5",
    "hit@10": "evidence among the first 10",
    "recall@10": "share of all evidence among the first 10",
    "ndcg@10": "nDCG@10",
    "mrr": "mean reciprocal rank",
    "right": "answers right, refusals counted as wrong",
    "f1": "token F1 of the answers given",
    "words": "words an answer",
    "supported": "sentences supported by their passage",
    "citation_precision": "citations that show the evidence",
    "citation_recall": "evidence that is cited",
    "false_refusal": "refused although the documents tell",
    "false_answer": "answered although they don't",
    "auc": "answerable or not: AUC",
    "auc_95": "… its 95% interval",
    "ece": "… expected calibration error",
    "peak_mib": "peak memory, MiB",
}
CHANGES_SHOWN = 10


def evaluate(options: Namespace) -> int:
    """The command. Exit status 0; raises FootnoteError."""
    changes = changed(options.setting or ())
    if options.sets and (options.questions or changes):
        raise WrongUsage("--sets stands alone: it brings its own questions and uses the settings in force.")
    settings = Settings.load(home=options.home)
    go_offline(os.environ, settings.allow_download)
    ask = AskSettings.load(llm="")
    if options.sets:
        return evaluate_sets(options, settings, ask)
    home = open_home(settings)
    try:
        return evaluate_library(options, home, Engine(home, settings, ask), changes)
    finally:
        home.close()


def evaluate_sets(options: Namespace, settings: Settings, ask: AskSettings) -> int:
    folder = Path(options.sets)
    there = sorted(path.parent.name for path in folder.glob("*/questions.jsonl"))
    names = options.only or there
    if missing := [name for name in names if name not in there]:
        raise WrongUsage(
            f"{folder} holds no set {', '.join(missing)}. It holds: {', '.join(there) or 'none'}."
        )
    out = Path(options.out or settings.home / "evaluations")
    limit = bench.LIMIT if options.limit is None else options.limit
    runs = bench.run_sets(settings, ask, folder, out, names, options.baselines, limit)
    if options.json:
        for run in runs:
            say_json({"system": run.system, "set": run.set, "cpu": run.cpu, **summary(run)})
    else:
        say(bench.table(runs))
    tell(f"Kept in {out}.")
    return 0


def evaluate_library(options: Namespace, home: LocalHome, engine: Engine, changes: Mapping[str, Any]) -> int:
    library = home.library(options.library or DEFAULT_LIBRARY)
    questions = asked(options, home)
    line = StatusLine(shown=True)
    runs = [measured(engine, library, questions, options, line)]
    if changes:
        other = engine.under(replace(engine.ask_settings, **changes))
        runs.append(measured(other, library, questions, options, line))
    line.clear()
    for number, run in enumerate(runs, start=1):
        if options.out:
            file = Path(options.out)
            save_run(run, file if len(runs) == 1 else file.with_stem(f"{file.stem}-{number}"))
    comparisons = [
        compare(runs[0], runs[1], metric)
        for metric in ("hit@5", "ndcg@10", "right")
        if len(runs) == 2 and any(metric in row.scores for row in runs[0].rows)
    ]
    if options.json:
        for run in runs:
            say_json({"settings": run.settings, "versions": run.versions, "cpu": run.cpu, **summary(run)})
        for each in comparisons:
            say_json(asdict(each))
    else:
        say(figures_text(runs))
        for each in comparisons:
            say(comparison_text(each))
    return 0


def measured(
    engine: Engine, library: Any, questions: Sequence[Question], options: Namespace, line: StatusLine
) -> Run:
    return bench.measured(Footnote(engine, library), library.name, questions, engine, line)


def asked(options: Namespace, home: LocalHome) -> list[Question]:
    """The questions of the file, or ones made from the library (and written to --write)."""
    if options.questions:
        return load_questions(Path(options.questions))
    from rag.evaluate.automatic import automatic_questions

    questions = automatic_questions(home.library(options.library or DEFAULT_LIBRARY), options.automatic)
    if not questions:
        raise WrongUsage(
            "No questions can be made from this library. Add documents, or give --questions FILE."
        )
    if options.write:
        save_questions(questions, Path(options.write))
    return questions


def changed(pairs: Sequence[str]) -> dict[str, Any]:
    """Settings of a question from NAME=VALUE. Raises WrongUsage."""
    defaults = {item.name: item.default for item in fields(AskSettings) if not item.name.startswith("llm")}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.lower().removeprefix("footnote_")
        if not equals or name not in defaults:
            raise WrongUsage(f"--setting {pair}: give NAME=VALUE with one of {', '.join(defaults)}.")
        values[name] = parse(name, value, defaults[name])
    return values


# ---------------------------------------------------------------------- for people


def figures_text(runs: Sequence[Run]) -> str:
    """A line for each figure, a column for each run."""
    all_figures = [summary(run) for run in runs]
    lines = [f"{all_figures[0]['questions']} questions"]
    for name, words in SHOWN.items():
        if any(name in figures for figures in all_figures):
            values = "".join(f"{_number(figures.get(name)):>16}" for figures in all_figures)
            lines.append(f"{words:<44}{values}")
    times = [figures.get("milliseconds", {}) for figures in all_figures]
    if all(times):
        for name, words in (("p50", "median milliseconds"), ("p95", "95th percentile")):
            lines.append(f"{words:<44}" + "".join(f"{each[name]:>16.0f}" for each in times))
    return "\n".join(lines)


def comparison_text(comparison: Comparison) -> str:
    """Who won by how much, and whether that could be chance."""
    chance = "could be chance" if comparison.p >= 0.05 else "unlikely to be chance"
    lines = [
        f"\n{SHOWN.get(comparison.metric, comparison.metric)}: {comparison.first:.3f} → {comparison.second:.3f} "
        f"({comparison.difference:+.3f}; {comparison.won} better, {comparison.lost} worse, {comparison.tied} alike; "
        f"{chance}, p = {comparison.p:.3f})"
    ]
    lines += [f"  {name}: {a:.2f} → {b:.2f}" for name, a, b in comparison.changes[:CHANGES_SHOWN]]
    return "\n".join(lines)


def _number(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return f"[{value[0]:.2f}, {value[1]:.2f}]"
    return f"{value:.1f}" if value > 1.5 else f"{value:.3f}"
