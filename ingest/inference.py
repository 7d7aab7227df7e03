"""The one place that chooses the number format of the two shipped models, and runs them.

A network takes batches of word vectors and gives arrays. Formats differ in speed and, a little, in
values: float32 is the reference, in OpenVINO (in torch, which is slower, when asked for); torch bfloat16
pays where the CPU has AMX or native bf16; static int8 (OpenVINO, files made once by
`ingest.embedder.quantize`) where it has VNNI or AMX. What pays here is measured once per machine, checked
against the model's golden outputs, and remembered.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from ingest.errors import ModelUnavailable, WrongUsage

log = logging.getLogger(__name__)

Kind = Literal["embedder", "reader"]
Format = Literal["float32", "bfloat16", "int8"]
Outputs = tuple[NDArray[np.float32], ...]
Check = Callable[[], None]

FORCED: dict[str, Format] = {  # FOOTNOTE_BACKEND
    "torch": "float32", "float32": "float32", "bf16": "bfloat16", "int8": "int8"
}  # fmt: skip
TOKENS_PER_BATCH = 1024  # more is no faster on two cores, and a batch is what a stop waits for
LENGTH_STEP = 8  # lengths are rounded up to this, so that few shapes need kernels of their own
# Flags of CPUs with instructions for a format: there it beats float32 (int8 2.2 to 2.7 times, rag/evaluate/LOG.md).
NATIVE: dict[Format, frozenset[str]] = {
    "float32": frozenset(),
    "bfloat16": frozenset({"amx_bf16"}),
    "int8": frozenset({"avx512_vnni", "avx_vnni", "amx_int8"}),
}
WORTH = 1.15  # a less exact format must be this many times as fast as a more exact one


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Texts of nearly one length, ready for a network.

    `words` float16 (texts, tokens, width), `types` int64 (texts, tokens) 0 or 1, `mask` float32
    (texts, tokens) 1 for a token and 0 for padding; `rows` are the places of the texts in the input.
    """

    words: NDArray[np.float16]
    types: NDArray[np.int64]
    mask: NDArray[np.float32]
    rows: NDArray[np.int64]


class Network(Protocol):
    """A model in one number format. Safe for threads."""

    @property
    def format(self) -> Format: ...

    def run(self, batches: Iterable[Batch], check: Check | None = None) -> list[Outputs]:
        """What the model gives for each batch, in order; `check` runs before each and may raise."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """The network in use, and why this one, in words for people."""

    network: Network
    reason: str


# ------------------------------------------------------------------------------------ the networks


class WordTable:
    """The word embeddings of a checkpoint in its own float16, looked up outside the network.

    So the int8 files need not hold them (half of all weights), and they stay exact in every format.
    """

    def __init__(self, folder: Path) -> None:
        """Raises ModelUnavailable when the folder's weights are missing or damaged."""
        with open_weights(folder) as weights:
            names: list[str] = weights.keys()
            name = next(n for n in names if n.endswith("embeddings.word_embeddings.weight"))
            self._rows: NDArray[np.float16] = weights.get_tensor(name)

    def batches(
        self,
        ids: Sequence[NDArray[np.int64]],
        firsts: Sequence[int] | None = None,
        tokens_per_batch: int = TOKENS_PER_BATCH,
    ) -> list[Batch]:
        """Sequences (special tokens included) as batches: longest first, padded within the batch only.

        `firsts` is how many tokens of each have type 0; None is all of them.
        """
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        found, at = [], 0
        while at < len(order):
            length = -(-len(ids[order[at]]) // LENGTH_STEP) * LENGTH_STEP
            rows = order[at : at + max(1, tokens_per_batch // length)]
            at += len(rows)
            padded = np.zeros((len(rows), length), np.int64)
            types, mask = np.zeros_like(padded), np.zeros(padded.shape, np.float32)
            for n, row in enumerate(rows):
                padded[n, : len(ids[row])] = ids[row]
                mask[n, : len(ids[row])] = 1
                if firsts is not None:
                    types[n, firsts[row] : len(ids[row])] = 1
            found.append(Batch(self._rows[padded], types, mask, np.asarray(rows)))
        return found


class TorchNetwork:
    """The reference, and the same modules in bfloat16: a batch on each thread.

    (Two threads with a batch each ran 1.2 to 1.3 times as fast as two that share one, on two cores with AMX.)
    """

    def __init__(self, folder: Path, kind: Kind, format: Format, threads: int) -> None:
        import torch

        from ingest.embedder.bert import Heads, Pooled

        torch.set_num_threads(threads)
        self.format: Format = format
        self._threads = threads
        with open_weights(folder) as weights:
            names: list[str] = weights.keys()
            tensors = {
                name: torch.from_numpy(weights.get_tensor(name)).float()  # the checkpoint is float16
                for name in names
                if not name.endswith("word_embeddings.weight")
            }
        self.module: torch.nn.Module = (Pooled if kind == "embedder" else Heads)(tensors).eval()
        if format == "bfloat16":
            self.module.bfloat16()

    def run(self, batches: Iterable[Batch], check: Check | None = None) -> list[Outputs]:
        import torch

        def one(batch: Batch) -> Outputs:
            if check:
                check()
            inputs = map(torch.from_numpy, (batch.words, batch.types, batch.mask))
            with torch.inference_mode():
                return tuple(output.numpy() for output in self.module(*inputs))

        todo = list(batches)
        if len(todo) == 1 or self._threads == 1:
            return [one(batch) for batch in todo]
        with ThreadPoolExecutor(self._threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            try:
                return list(pool.map(one, todo))
            finally:
                pool.shutdown(cancel_futures=True)
                torch.set_num_threads(self._threads)  # of threads to come: the initializer has changed that


class OpenVinoNetwork:
    """A model in OpenVINO: one stream per thread, a batch on each.

    (Two streams of one thread ran 1.5 times as fast as one stream of two threads on two cores.)
    torch is not imported, except to convert the checkpoint the first time.
    """

    def __init__(self, model: Any, format: Format, threads: int) -> None:
        """`model` is OpenVINO's, or the path of its .xml file. Raises ModelUnavailable when it is damaged."""
        self.format = format
        self._streams = threads
        try:
            self._compiled: Any = (
                openvino()
                .Core()
                .compile_model(
                    model,
                    "CPU",
                    {
                        "NUM_STREAMS": threads,
                        "INFERENCE_NUM_THREADS": threads,
                        "INFERENCE_PRECISION_HINT": "f32",  # of what is not int8; else bf16 where native
                        "ENABLE_CPU_PINNING": False,  # the worker and the page share the cores
                    },
                )
            )
        except RuntimeError as error:
            where = model if isinstance(model, str) else "The model"
            raise ModelUnavailable(f"{where} cannot be loaded ({error}). Restore or delete it.") from error

    def run(self, batches: Iterable[Batch], check: Check | None = None) -> list[Outputs]:
        found: list[Outputs] = []
        idle = [self._compiled.create_infer_request() for _ in range(self._streams)]
        running: deque[tuple[Any, Batch]] = deque()  # a batch is kept while OpenVINO reads its arrays

        def collect() -> None:
            request, _ = running[0]
            request.wait()
            running.popleft()
            found.append(tuple(tensor.data.copy() for tensor in request.output_tensors))
            idle.append(request)

        try:
            for batch in batches:
                if check:
                    check()
                if not idle:
                    collect()
                request = idle.pop()
                running.append((request, batch))
                request.start_async([batch.words, batch.types, batch.mask], share_inputs=True)
            while running:
                collect()
        finally:
            for request, _ in running:
                request.wait()
        return found


def converted(module: Any) -> Any:
    """A torch network as OpenVINO's model, for batches of any size and texts of any length."""
    import torch

    example = (
        torch.zeros(2, 7, 384, dtype=torch.float16),
        torch.zeros(2, 7, dtype=torch.int64),
        torch.ones(2, 7),
    )
    model = openvino().convert_model(module, example_input=example)
    model.reshape({0: [-1, -1, 384], 1: [-1, -1], 2: [-1, -1]})
    return model


def float32_model(folder: Path, kind: Kind, keep: Path | None) -> Any:
    """The checkpoint for OpenVINO: converted once, then read from the folder `keep`."""
    file = keep / f"{kind}-{digest(folder / 'model.safetensors')[:16]}.xml" if keep else None
    if file and file.is_file() and file.with_suffix(".bin").is_file():
        return str(file)
    model = converted(TorchNetwork(folder, kind, "float32", cores()).module)
    if file:
        draft = file.with_name(f"{os.getpid()}-{file.name}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Half precision on disk, as the checkpoint has it: nothing is lost.
            openvino().save_model(model, draft, compress_to_fp16=True)
            draft.with_suffix(".bin").replace(file.with_suffix(".bin"))
            draft.replace(file)
        except (OSError, RuntimeError) as error:
            log.warning("%s cannot be written (%s); the model is converted again next time.", file, error)
    return model


def int8_fault(folder: Path) -> str | None:
    """Why the int8 files of a model folder cannot be used; None when they can."""
    made = folder / "int8" / "made.json"
    try:
        weights = json.loads(made.read_text(encoding="utf-8"))["weights_sha256"]
    except (OSError, ValueError, KeyError):
        return f"There are no int8 files in {made.parent}. Make them with `python -m rag refit`."
    if weights != digest(folder / "model.safetensors"):
        return f"The int8 files in {made.parent} were made from other weights. Run `python -m rag refit`."
    return None


def openvino() -> Any:
    """OpenVINO, imported without its telemetry (which would write to the home directory and call out)."""
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def open_weights(folder: Path) -> safe_open:
    """The checkpoint of a model folder. Raises ModelUnavailable when it is missing or damaged."""
    file = folder / "model.safetensors"
    try:
        return safe_open(str(file), framework="numpy")
    except Exception as error:
        raise ModelUnavailable(f"{file} cannot be read ({error}). Restore it.") from error


# --------------------------------------------------------------------------------------- the choice


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
            TorchNetwork(folder, kind, "float32", threads)
            if backend == "torch"
            else build(folder, kind, FORCED[backend], threads, memory)
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
        network = build(folder, kind, remembered["format"], threads, memory)
        return Choice(network, str(remembered.get("reason", "")))
    choice = probe(folder, kind, disagrees, threads, memory)
    if memory:
        _remember(memory, key, {"kind": kind, "format": choice.network.format, "reason": choice.reason})
    return choice


def probe(
    folder: Path, kind: Kind, disagrees: Callable[[Network], str | None], threads: int, memory: Path | None
) -> Choice:
    """Check the golden outputs of each format this CPU may like, and measure them on the same made-up texts.

    float32, which has to be converted first, only takes part where no other is sure to be faster.
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
        network = build(folder, kind, format, threads, memory)
        if fault := disagrees(network):
            notes.append(f"no {format}: {fault}")
        else:
            networks.append(network)
    if not any(flags & NATIVE[network.format] for network in networks):
        networks.insert(0, build(folder, kind, "float32", threads, memory))
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


def build(folder: Path, kind: Kind, format: Format, threads: int, memory: Path | None = None) -> Network:
    """The model in `folder` in one format. Raises ModelUnavailable.

    What had to be converted is kept beside `memory`, the file of remembered choices.
    """
    if format == "bfloat16":
        return TorchNetwork(folder, kind, format, threads)
    if format == "float32":
        model = float32_model(folder, kind, memory.parent / "models" if memory else None)
        return OpenVinoNetwork(model, format, threads)
    fault = int8_fault(folder)
    if fault:
        raise ModelUnavailable(fault)
    return OpenVinoNetwork(str(folder / "int8" / "model.xml"), format, threads)


def fingerprint(folder: Path, kind: Kind, threads: int) -> str:
    """What a choice depends on: the CPU, the threads, the libraries, the weights. Hex."""
    weights = digest(folder / "model.safetensors") if (folder / "model.safetensors").is_file() else ""
    int8 = folder / "int8" / "model.bin"
    parts = [
        kind,
        "float32 in OpenVINO",  # the formats' engines
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


# -------------------------------------------------------------------------------------- the machine


@lru_cache(maxsize=1)
def cpu_info() -> dict[str, str]:
    """The first CPU of /proc/cpuinfo; empty where there is none (macOS, Windows)."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def cpu_name() -> str:
    return cpu_info().get("model name") or platform.processor() or platform.machine()


def cpu_flags() -> frozenset[str]:
    return frozenset(cpu_info().get("flags", "").split())


def cores(threads: int = 0) -> int:
    """`threads`, or as many cores as this process may use."""
    if threads > 0:
        return threads
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def digest(file: Path) -> str:
    """sha256 of a file in hex; read again only when its size or time changed."""
    state = file.stat()
    return _digest(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _digest(file: Path, size: int, modified_ns: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
