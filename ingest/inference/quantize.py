"""Makes the int8 files of a shipped model: static quantisation by NNCF, once, on a developer's machine.

nncf is a development dependency (tests/requirements.txt).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.embedder.tokenizer import CLS, SEP, WordPieces
from ingest.inference import batches, machine, networks
from ingest.inference.batches import Kind

# SmoothQuant (Xiao et al. 2023): how much of an input's outliers moves into the weights, by product.
# Only the input of `narrow`, behind GELU, has outliers worth moving far; elsewhere weights would suffer.
ALPHAS: Mapping[str, float] = {"attend": 0.6, "attended": 0.6, "widen": 0.6, "narrow": 0.85}


class Smoothed(nn.Module):
    """A linear layer whose input is divided by `scale` per channel, and its weights multiplied by it."""

    def __init__(self, layer: nn.Linear, scale: Tensor) -> None:
        super().__init__()
        self.inverse = nn.Parameter(1 / scale)
        self.weight, self.bias = nn.Parameter(layer.weight * scale), layer.bias

    def forward(self, states: Tensor) -> Tensor:
        return F.linear(states * self.inverse, self.weight, self.bias)


def make_int8(
    kind: Kind,
    folder: Path,
    out: Path,
    texts: Sequence[str | tuple[str, str]],
    alphas: Mapping[str, float] = ALPHAS,
) -> dict[str, object]:
    """Write `out`/model.xml, model.bin and made.json for the model in `folder`; returns made.json.

    `texts` are 200 to 500 real texts the activations are measured on: passages and questions for the
    embedder, (question, passage) pairs for the reader. Takes a minute or two on two cores.
    """
    openvino = machine.openvino()  # first, so that nncf finds no telemetry either
    import nncf
    from nncf.quantization.advanced_parameters import (
        AdvancedQuantizationParameters,
        AdvancedSmoothQuantParameters,
        OverflowFix,
    )

    batches = calibration(folder, texts)
    module = networks.TorchNetwork(folder, kind, machine.cores()).module
    smooth(module, batches, alphas)
    model = converted(module)
    quantized = nncf.quantize(
        model,
        nncf.Dataset([{"words": b.words, "types": b.types, "mask": b.mask} for b in batches]),
        subset_size=len(batches),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        # Quantise behind the smoothing, not before it; and the heads cost next to nothing in float32.
        ignored_scope=nncf.IgnoredScope(
            types=["Multiply"], patterns=[r"__module\.(?!encoder).*/MatMul"], validate=False
        ),
        advanced_parameters=AdvancedQuantizationParameters(
            overflow_fix=OverflowFix.DISABLE,  # VNNI does not saturate; elsewhere the golden check decides
            smooth_quant_alphas=AdvancedSmoothQuantParameters(matmul=-1),  # done above, by product
        ),
    )
    out.mkdir(parents=True, exist_ok=True)
    openvino.save_model(quantized, out / "model.xml", compress_to_fp16=True)
    made: dict[str, object] = {
        "weights_sha256": machine.digest(folder / "model.safetensors"),
        "smooth_alphas": dict(alphas),
        "calibration_texts": len(texts),
        "openvino": openvino.__version__,
        "nncf": nncf.__version__,
    }
    (out / "made.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made


def converted(module: Any) -> Any:
    """A torch network as OpenVINO's model, for batches of any size and texts of any length."""
    example = (
        torch.zeros(2, 7, 384, dtype=torch.float16),
        torch.zeros(2, 7, dtype=torch.int64),
        torch.ones(2, 7),
    )
    model = machine.openvino().convert_model(module, example_input=example)
    model.reshape({0: [-1, -1, 384], 1: [-1, -1], 2: [-1, -1]})
    return model


def calibration(folder: Path, texts: Sequence[str | tuple[str, str]]) -> list[batches.Batch]:
    """The texts as batches of one, cut to the models' windows."""
    pieces, words = WordPieces(folder / "tokenizer.json"), batches.WordTable(folder)
    found = []
    for text in texts:
        first, *rest = (p.ids for p in pieces.pieces([text] if isinstance(text, str) else list(text)))
        first = first[: 64 if rest else 254]
        ids = np.concatenate([[CLS], first, [SEP], *(part for b in rest for part in (b[:280], [SEP]))])
        found += words.batches([ids], [len(first) + 2])
    return found


def smooth(module: nn.Module, batches: Iterable[batches.Batch], alphas: Mapping[str, float]) -> None:
    """Replace the linear layers of the encoder by smoothed ones, by the inputs seen on `batches`."""
    layers = [
        (parent, part, layer)
        for parent in module.get_submodule("encoder.layers").children()
        for part, layer in parent.named_children()
        if isinstance(layer, nn.Linear)
    ]
    largest: dict[nn.Module, Tensor] = {layer: torch.zeros(layer.in_features) for _, _, layer in layers}
    products: dict[nn.Module, Tensor] = {
        layer: torch.zeros(layer.in_features, layer.in_features) for _, _, layer in layers
    }

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        states = inputs[0].flatten(0, -2)
        largest[layer] = torch.maximum(largest[layer], states.abs().amax(0))
        products[layer] += states.T @ states

    hooks = [layer.register_forward_pre_hook(note) for _, _, layer in layers]
    torch.set_num_threads(
        1
    )  # the many small steps of `rounded` wait longer for a second thread than they gain
    with torch.no_grad():
        for batch in batches:
            module(*map(torch.from_numpy, (batch.words, batch.types, batch.mask)))
        for hook in hooks:
            hook.remove()
        for parent, part, layer in layers:
            alpha = alphas[part]
            weights = layer.weight.abs().amax(0).clamp_min(1e-5)
            scale = (largest[layer].clamp_min(1e-5) ** alpha / weights ** (1 - alpha)).clamp_min(1e-5)
            smoothed = Smoothed(layer, scale)
            smoothed.weight.copy_(rounded(smoothed.weight, products[layer] / scale[:, None] / scale))
            setattr(parent, part, smoothed)


def rounded(weights: Tensor, products: Tensor, damping: float = 0.01) -> Tensor:
    """Weights (out, in) on the int8 grid of their rows, each rounding error made up for by the columns
    still to come (GPTQ, Frantar et al. 2023); `products` (in, in) is XᵀX of the layer's inputs.

    The largest weight of a row stays where it is, so that NNCF finds the same grid again.
    """
    order = products.diagonal().argsort(descending=True)
    weights, grid = weights[:, order].clone(), weights.abs().amax(1) / 127
    fixed = weights.abs().argmax(1)
    products = products[order][:, order].double()
    products.diagonal().add_(damping * products.diagonal().mean())
    inverse = torch.linalg.cholesky(torch.linalg.inv(products), upper=True).float()
    peaks = weights.gather(1, fixed[:, None])
    for column in range(weights.shape[1]):
        values = weights[:, column].clone()
        settled = (values / grid).round().clamp(-127, 127) * grid
        settled = torch.where(fixed == column, peaks[:, 0], settled)
        weights[:, column] = settled
        error = (values - settled) / inverse[column, column]
        weights[:, column + 1 :] -= error[:, None] * inverse[column, column + 1 :]
    return weights[:, order.argsort()]
