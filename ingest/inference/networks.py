"""The two shipped models as networks: batches of word vectors in, arrays out, in one number format each.

All run in OpenVINO: float32 and bfloat16 as built from the checkpoint (`ingest.inference.graph`), static int8
from files made once (`ingest.inference.quantize`). torch, the reference, is slower and only used when asked for.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import ModelUnavailable
from ingest.inference.batches import Batch, Kind, open_weights
from ingest.inference.graph import build_graph
from ingest.inference.machine import digest, openvino

Format = Literal["float32", "bfloat16", "int8"]
Outputs = tuple[NDArray[np.float32], ...]
Check = Callable[[], None]


class Network(Protocol):
    """A model in one number format. Safe for threads."""

    @property
    def format(self) -> Format: ...

    @property
    def streams(self) -> int:
        """How many batches it runs at a time."""
        ...

    def run(self, batches: Iterable[Batch], check: Check | None = None) -> list[Outputs]:
        """What the model gives for each batch, in order; `check` runs before each and may raise."""
        ...


def build(folder: Path, kind: Kind, format: Format, threads: int) -> Network:
    """The model in `folder` in one format. Raises ModelUnavailable."""
    if format != "int8":
        return OpenVinoNetwork(build_graph(folder, kind), format, threads)
    fault = int8_fault(folder)
    if fault:
        raise ModelUnavailable(fault)
    return OpenVinoNetwork(str(folder / "int8" / "model.xml"), format, threads)


class TorchNetwork:
    """The reference: float32 in torch."""

    format: Format = "float32"
    streams = 1

    def __init__(self, folder: Path, kind: Kind, threads: int) -> None:
        import torch

        from ingest.inference.bert import Heads, Pooled

        torch.set_num_threads(threads)
        with open_weights(folder) as weights:
            names: list[str] = weights.keys()
            tensors = {
                name: torch.from_numpy(weights.get_tensor(name)).float()  # the checkpoint is float16
                for name in names
                if not name.endswith("word_embeddings.weight")
            }
        self.module: torch.nn.Module = (Pooled if kind == "embedder" else Heads)(tensors).eval()

    def run(self, batches: Iterable[Batch], check: Check | None = None) -> list[Outputs]:
        import torch

        found: list[Outputs] = []
        for batch in batches:
            if check:
                check()
            inputs = map(torch.from_numpy, (batch.words, batch.types, batch.mask))
            with torch.inference_mode():
                found.append(tuple(output.numpy() for output in self.module(*inputs)))
        return found


class OpenVinoNetwork:
    """A model in OpenVINO: one stream per thread, a batch on each.

    (Two streams of one thread ran 1.5 times as fast as one stream of two threads on two cores.)
    """

    def __init__(self, model: Any, format: Format, threads: int) -> None:
        """`model` is OpenVINO's, or the path of its .xml file. Raises ModelUnavailable when it is damaged."""
        self.format = format
        self.streams = threads
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
                        # Of what is not int8; unsaid, it would be bf16 wherever that is native.
                        "INFERENCE_PRECISION_HINT": "bf16" if format == "bfloat16" else "f32",
                        "ENABLE_CPU_PINNING": False,  # the worker and the page share the cores
                    },
                )
            )
        except RuntimeError as error:
            where = model if isinstance(model, str) else "The model"
            raise ModelUnavailable(f"{where} cannot be loaded ({error}). Restore or delete it.") from error

    def run(self, batches: Iterable[Batch], check: Check | None = None) -> list[Outputs]:
        found: list[Outputs] = []
        idle = [self._compiled.create_infer_request() for _ in range(self.streams)]
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
