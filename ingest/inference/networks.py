"""The two shipped models as networks: batches of word vectors in, arrays out, in one number format each.

float32 is the reference, in OpenVINO (in torch, which is slower, when asked for); torch bfloat16; static
int8 (OpenVINO, files made once by `ingest.inference.quantize`).
"""

from __future__ import annotations

import json
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import ModelUnavailable
from ingest.inference.batches import Batch, open_weights
from ingest.inference.machine import cores, digest, openvino

log = logging.getLogger(__name__)

Kind = Literal["embedder", "reader"]
Format = Literal["float32", "bfloat16", "int8"]
Outputs = tuple[NDArray[np.float32], ...]
Check = Callable[[], None]


class Network(Protocol):
    """A model in one number format. Safe for threads."""

    @property
    def format(self) -> Format: ...

    def run(self, batches: Iterable[Batch], check: Check | None = None) -> list[Outputs]:
        """What the model gives for each batch, in order; `check` runs before each and may raise."""
        ...


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


class TorchNetwork:
    """The reference, and the same modules in bfloat16: a batch on each thread.

    (Two threads with a batch each ran 1.2 to 1.3 times as fast as two that share one, on two cores with AMX.)
    """

    def __init__(self, folder: Path, kind: Kind, format: Format, threads: int) -> None:
        import torch

        from ingest.inference.bert import Heads, Pooled

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
