"""The one place that chooses the number format of the two shipped models.

Formats differ in speed and, a little, in values: float32 is the reference; bfloat16 pays where the CPU
has AMX or native bf16, int8 where it has VNNI or AMX. What pays here is measured once per machine,
checked against the model's golden outputs, and remembered.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ingest.errors import ModelUnavailable, WrongUsage
from ingest.inference.batches import Kind, WordTable
from ingest.inference.machine import cores, cpu_flags, cpu_name, digest
from ingest.inference.networks import Format, Network, TorchNetwork, build, int8_fault

log = logging.getLogger(__name__)

FORCED: dict[str, Format] = {  # FOOTNOTE_BACKEND
    "torch": "float32", "float32": "float32", "bf16": "bfloat16", "int8": "int8"
}  # fmt: skip
# Flags of CPUs with instructions for a format: there it beats float32 (int8 2.2 to 2.7 times, rag/evaluate/LOG.md).
NATIVE: dict[Format, frozenset[str]] = {
    "float32": frozenset(),
    "bfloat16": frozenset({"amx_bf16"}),
    "int8": frozenset({"avx512_vnni", "avx_vnni", "amx_int8"}),
}
WORTH = 1.15  # a less exact format must be this many times as fast as a more exact one


@dataclass(frozen=True, slots=True)
class Choice:
    """The network in use, and why this one, in words for people."""

    network: Network
    reason: str


def load_network(
    folder: Path,
    kind: Kind,
    disagrees: Callable[[Network], str | None],
    *,
    backend: str = "auto",
    threads: int = 0,
    memory: Path | None = None,
) -> Choice:
    """The fastest format of this CPU whose outputs agree with the model's golden ones, or the one asked for.

    `disagrees` runs the golden texts through a network and says what is wrong, or None. `backend` is
    FOOTNOTE_BACKEND; with "auto" the choice is read from and kept in the JSON file `memory`.
    Raises WrongUsage for an unknown backend; ModelUnavailable when the folder is damaged, or the
    format asked for is not to be had or gives other results here.
    """
    threads = cores(threads)
    if backend != "auto":
        if backend not in FORCED:
            raise WrongUsage(f"FOOTNOTE_BACKEND={backend} is not one of auto, {', '.join(FORCED)}.")
        network = (
            TorchNetwork(folder, kind, threads)
            if backend == "torch"
            else build(folder, kind, FORCED[backend], threads)
        )
        fault = disagrees(network)
        if fault:
            raise ModelUnavailable(
                f"FOOTNOTE_BACKEND={backend} gives other results on this CPU ({fault}). Unset it."
            )
        return Choice(network, f"asked for by FOOTNOTE_BACKEND={backend}")
    key = fingerprint(folder, kind, threads)
    remembered = _remembered(memory).get(key)
    if isinstance(remembered, dict) and remembered.get("format") in FORCED.values():
        network = build(folder, kind, remembered["format"], threads)
        return Choice(network, str(remembered.get("reason", "")))
    choice = probe(folder, kind, disagrees, threads)
    if memory:
        _remember(memory, key, {"kind": kind, "format": choice.network.format, "reason": choice.reason})
    return choice


def probe(folder: Path, kind: Kind, disagrees: Callable[[Network], str | None], threads: int) -> Choice:
    """Check the golden outputs of each format this CPU may like, and measure them on the same made-up texts.

    float32 only takes part where no other is sure to be faster.
    """
    flags = cpu_flags()
    notes: list[str] = []
    formats: list[Format] = []
    fault = int8_fault(folder)
    # bf16 is emulated, slower than float32, without these flags, and with the second slower than int8.
    if "amx_bf16" in flags or (fault and "avx512_bf16" in flags):
        formats.append("bfloat16")
    if fault:
        notes.append(f"no int8: {fault}")
    else:
        formats.append("int8")
    networks: list[Network] = []
    for format in formats:
        network = build(folder, kind, format, threads)
        if fault := disagrees(network):
            notes.append(f"no {format}: {fault}")
        else:
            networks.append(network)
    if not any(flags & NATIVE[network.format] for network in networks):
        networks.insert(0, build(folder, kind, "float32", threads))
    best, *others = networks
    exact = best.format
    if others:
        seconds = measure(WordTable(folder), networks)
        for network in others:  # from exact to less exact
            if seconds[network.format] * WORTH < seconds[best.format]:
                best = network
        ratios = (
            f"{n.format} {seconds[exact] / seconds[n.format]:.1f} times as fast as {exact}" for n in others
        )
        notes.insert(0, f"measured: {', '.join(ratios)}")
    elif exact != "float32":
        notes.insert(0, "this CPU has instructions for it")
    return Choice(best, "; ".join(notes) or "the only format")


def measure(
    words: WordTable, networks: Sequence[Network], texts: int = 8, tokens: int = 184
) -> dict[str, float]:
    """Seconds for `texts` texts of `tokens` tokens, by format: the best of two runs, taken in turns."""
    ids = np.random.default_rng(0).integers(1000, 20_000, (texts, tokens))
    batches = words.batches(list(ids), tokens_per_batch=texts * tokens // 4)
    seconds = {network.format: float("inf") for network in networks}
    for network in networks:
        network.run(batches[:1])  # kernels are made for a shape when it is first seen
    for _ in range(2):
        for network in networks:
            began = time.perf_counter()
            network.run(batches)
            seconds[network.format] = min(seconds[network.format], time.perf_counter() - began)
    return {str(name): value for name, value in seconds.items()}


def fingerprint(folder: Path, kind: Kind, threads: int) -> str:
    """What a choice depends on: the CPU, the threads, the libraries, the weights. Hex."""
    weights = digest(folder / "model.safetensors") if (folder / "model.safetensors").is_file() else ""
    int8 = folder / "int8" / "model.bin"
    parts = [
        kind,
        "bfloat16 in OpenVINO",  # the formats' engines
        cpu_name(),
        *sorted(cpu_flags()),
        str(threads),
        *(version(name) for name in ("torch", "openvino", "numpy")),
        weights,
        digest(int8) if int8.is_file() else "",
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _remembered(memory: Path | None) -> dict[str, Any]:
    try:
        found = json.loads(memory.read_text(encoding="utf-8")) if memory else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("%s is not readable (%s); the number format is measured anew.", memory, error)
        return {}
    return found if isinstance(found, dict) else {}


def _remember(memory: Path, key: str, value: dict[str, str]) -> None:
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        draft = memory.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(_remembered(memory) | {key: value}, indent=1) + "\n", encoding="utf-8")
        draft.replace(memory)
    except OSError as error:
        log.warning(
            "%s cannot be written (%s); the number format is measured again next time.", memory, error
        )
