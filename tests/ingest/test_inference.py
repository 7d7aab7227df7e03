"""The choice of number format: what pays and agrees is used, remembered, and named."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from ingest.embedder.shipped import FOLDER
from ingest.errors import Cancelled, ModelUnavailable, WrongUsage
from ingest.inference import choice, networks
from ingest.inference.batches import Batch, Kind, WordTable
from ingest.inference.choice import Choice
from ingest.inference.networks import Check, Format, Network, Outputs
from rag.reader.model import FOLDER as READER


class Counted:
    """A network whose output is the number of tokens of each text."""

    def __init__(self, format: Format) -> None:
        self.format: Format = format

    def run(self, batches: Iterable[Batch], check: Check | None = None) -> list[Outputs]:
        return [(batch.mask.sum(1),) for batch in batches]


@pytest.fixture
def formats(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Seconds per format that `measure` will report; networks are counted ones, int8 files are there."""
    seconds: dict[str, float] = {"float32": 3.0, "bfloat16": 2.0, "int8": 1.0}
    monkeypatch.setattr(choice, "build", lambda folder, kind, format, threads: Counted(format))
    monkeypatch.setattr(choice, "int8_fault", lambda folder: None)
    monkeypatch.setattr(choice, "cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr(choice, "measure", lambda words, networks: seconds)
    return seconds


def agree(network: Network) -> str | None:
    return None


def choose(memory: Path | None = None, backend: str = "auto", disagrees: object = agree) -> Choice:
    return choice.load_network(FOLDER, "embedder", disagrees, backend=backend, memory=memory)  # type: ignore[arg-type]


def test_the_fastest_is_chosen(formats: dict[str, float]) -> None:
    choice = choose()
    assert choice.network.format == "int8"
    assert "int8 3.0 times as fast" in choice.reason


def test_the_exact_one_is_kept_when_others_gain_little(formats: dict[str, float]) -> None:
    formats |= {"int8": 2.8}
    assert choose().network.format == "float32"


def test_what_disagrees_is_left_out_and_named(formats: dict[str, float]) -> None:
    choice = choose(disagrees=lambda network: "cosine 0.9" if network.format == "int8" else None)
    assert choice.network.format == "float32"
    assert choice.reason == "no int8: cosine 0.9"


@pytest.mark.parametrize(
    ("flags", "int8", "measured", "chosen"),
    [
        ({"avx2"}, True, ["float32", "int8"], "int8"),
        ({"avx512_vnni", "avx512_bf16"}, True, [], "int8"),
        ({"avx512_vnni", "avx512_bf16"}, False, ["float32", "bfloat16"], "bfloat16"),
        ({"amx_bf16", "amx_int8"}, True, ["bfloat16", "int8"], "int8"),
        ({"amx_bf16", "amx_int8"}, False, [], "bfloat16"),
        ({"avx2"}, False, [], "float32"),
    ],
)
def test_only_formats_a_cpu_may_like_are_measured(
    formats: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
    flags: set[str],
    int8: bool,
    measured: list[str],
    chosen: str,
) -> None:
    def measure(words: object, networks: list[Network]) -> dict[str, float]:
        seen.extend(network.format for network in networks)
        return formats

    seen: list[str] = []
    monkeypatch.setattr(choice, "cpu_flags", lambda: frozenset(flags))
    monkeypatch.setattr(choice, "int8_fault", lambda folder: None if int8 else "made from other weights")
    monkeypatch.setattr(choice, "measure", measure)
    assert (choose().network.format, seen) == (chosen, measured)


def test_the_choice_is_remembered(
    formats: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "home" / "probe.json"
    first = choose(memory)
    monkeypatch.setattr(choice, "probe", lambda *_: pytest.fail("measured a second time"))
    second = choose(memory)
    assert (second.network.format, second.reason) == (first.network.format, first.reason)


def test_a_damaged_memory_is_measured_anew(formats: dict[str, float], tmp_path: Path) -> None:
    memory = tmp_path / "probe.json"
    memory.write_text("{", encoding="utf-8")
    assert choose(memory).network.format == "int8"
    assert len(json.loads(memory.read_text(encoding="utf-8"))) == 1


def test_a_forced_format_is_used_or_refused(formats: dict[str, float]) -> None:
    assert choose(backend="bf16").network.format == "bfloat16"
    with pytest.raises(ModelUnavailable, match="FOOTNOTE_BACKEND=int8 gives other results"):
        choose(backend="int8", disagrees=lambda network: "cosine 0.9")
    with pytest.raises(WrongUsage, match="not one of auto, torch, float32, bf16, int8"):
        choose(backend="fast")


def test_int8_files_of_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert "no int8 files" in str(networks.int8_fault(tmp_path))
    (tmp_path / "int8").mkdir()
    (tmp_path / "int8" / "made.json").write_text('{"weights_sha256": "0"}', encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="other weights"):
        networks.build(tmp_path, "embedder", "int8", 1)


@pytest.mark.parametrize("streams", [1, 2])
def test_batches_hold_each_text_once_and_little_padding(streams: int) -> None:
    rng = np.random.default_rng(1)
    ids = [rng.integers(1, 30_000, length) for length in rng.integers(3, 256, 200)]
    batches = WordTable(FOLDER).batches(ids, tokens_per_batch=1024, streams=streams)
    rows = np.concatenate([batch.rows for batch in batches])
    assert sorted(rows.tolist()) == list(range(200))
    for batch in batches:
        assert batch.mask.sum(1).astype(int).tolist() == [len(ids[row]) for row in batch.rows]
        assert batch.mask.size <= 1024
    assert len(batches) % streams == 0, "no stream is idle while the last batch runs"
    assert min(batch.mask.size for batch in batches) > 512
    assert sum(batch.mask.size for batch in batches) < 1.1 * sum(map(len, ids))


@pytest.mark.parametrize("format", ["float32", "int8"])
def test_a_stop_is_heeded_between_batches(format: Format) -> None:
    network = networks.build(FOLDER, "embedder", format, 2)
    batches = WordTable(FOLDER).batches([np.arange(1000, 1040)] * 12, tokens_per_batch=80)
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 4:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        network.run(batches, check)
    assert asked == 4
    assert len(network.run(batches)) == len(batches)  # the network is as usable as before


@pytest.mark.parametrize(("kind", "folder"), [("embedder", FOLDER), ("reader", READER)])
def test_the_graph_is_the_reference(kind: Kind, folder: Path) -> None:
    rng = np.random.default_rng(1)
    ids = [rng.integers(1000, 20_000, length) for length in (3, 17, 64, 200, 256)]
    words = WordTable(folder).batches(ids, [2] * len(ids))
    exact = networks.TorchNetwork(folder, kind, 1).run(words)
    for ours, reference in zip(networks.build(folder, kind, "float32", 1).run(words), exact, strict=True):
        for got, wanted in zip(ours, reference, strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-4)


@pytest.mark.parametrize("format", ["float32", "int8"])
def test_neither_torch_nor_telemetry_is_needed(format: Format) -> None:
    code = (
        "import sys; from pathlib import Path; from ingest.inference import networks; "
        f"networks.build(Path({str(FOLDER)!r}), 'embedder', {format!r}, 1); "
        "print('torch' in sys.modules, bool(sys.modules.get('openvino_telemetry')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FOLDER.parent.parent
    )
    assert done.stdout.split() == ["False", "False"]
