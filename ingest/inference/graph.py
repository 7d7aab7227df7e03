"""The two shipped models as OpenVINO graphs, built from a checkpoint; torch is not needed.

The encoder is BERT's (Devlin et al. 2019, post-norm, exact GELU), the same as `ingest.inference.bert`, which
stays the reference: the golden outputs hold both to it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ingest.inference.batches import Kind, open_weights
from ingest.inference.machine import openvino

HEADS = 12
EPSILON = 1e-12  # of layer norms
NOWHERE = 1e4  # taken off the scores of padding, before the softmax
SHORTEST = 1e-12  # no vector is divided by less


def build_graph(folder: Path, kind: Kind) -> Any:
    """The model in `folder`: words f16 (texts, tokens, 384), types i64, mask f32 (texts, tokens) →
    what `ingest.inference.bert.Pooled` or `Heads` give.

    Raises ModelUnavailable when the weights are missing or damaged.
    """
    ov = openvino()
    ops = ov.opset13
    with open_weights(folder) as weights:
        return _Graph(ops, weights).model(ov.Model, kind)


class _Graph:
    """A graph in the making; values are OpenVINO's nodes."""

    def __init__(self, ops: Any, weights: Any) -> None:
        self._ops, self._weights = ops, weights
        names: list[str] = weights.keys()
        self._prefix = "bert." if any(name.startswith("bert.") for name in names) else ""
        self._layers = len({name for name in names if name.endswith("attention.self.query.weight")})

    def model(self, make: Any, kind: Kind) -> Any:
        ops = self._ops
        words = ops.parameter([-1, -1, 384], np.float16, name="words")
        types = ops.parameter([-1, -1], np.int64, name="types")
        mask = ops.parameter([-1, -1], np.float32, name="mask")
        states = self._encoded(words, types, mask)
        outputs = [self._pooled(states, mask)] if kind == "embedder" else self._heads(states)
        return make(outputs, [words, types, mask], kind)

    def _encoded(self, words: Any, types: Any, mask: Any) -> Any:
        ops = self._ops
        name = f"{self._prefix}embeddings"
        length = ops.gather(ops.shape_of(words), [1], 0)
        positions = ops.slice(self._weight(f"{name}.position_embeddings.weight"), [0], length, [1], [0])
        kinds = ops.gather(self._weight(f"{name}.token_type_embeddings.weight"), types, 0)
        states = ops.add(ops.add(ops.convert(words, np.float32), positions), kinds)
        states = self._norm(states, f"{name}.LayerNorm")
        shut = ops.multiply(ops.subtract(mask, np.float32(1)), np.float32(NOWHERE))
        bias = ops.unsqueeze(shut, [1, 2])
        for number in range(self._layers):
            states = self._layer(states, bias, f"{self._prefix}encoder.layer.{number}")
        return states

    def _layer(self, states: Any, bias: Any, name: str) -> Any:
        ops = self._ops
        split = [self._split(self._linear(states, f"{name}.attention.self.{part}"))
                 for part in ("query", "key", "value")]  # fmt: skip
        mixed = ops.transpose(ops.scaled_dot_product_attention(*split, bias), [0, 2, 1, 3])
        mixed = ops.reshape(mixed, [0, 0, -1], special_zero=True)
        attended = self._linear(mixed, f"{name}.attention.output.dense")
        states = self._norm(ops.add(states, attended), f"{name}.attention.output.LayerNorm")
        wide = ops.gelu(self._linear(states, f"{name}.intermediate.dense"), "erf")
        return self._norm(
            ops.add(states, self._linear(wide, f"{name}.output.dense")), f"{name}.output.LayerNorm"
        )

    def _split(self, states: Any) -> Any:
        """(texts, tokens, width) → (texts, heads, tokens, width of a head)."""
        ops = self._ops
        return ops.transpose(ops.reshape(states, [0, 0, HEADS, -1], special_zero=True), [0, 2, 1, 3])

    def _pooled(self, states: Any, mask: Any) -> Any:
        ops = self._ops
        weights = ops.unsqueeze(mask, [2])
        mean = ops.divide(ops.reduce_sum(ops.multiply(states, weights), [1]), ops.reduce_sum(weights, [1]))
        length = ops.sqrt(ops.reduce_sum(ops.multiply(mean, mean), [1], keep_dims=True))
        return ops.divide(mean, ops.maximum(length, np.float32(SHORTEST)))

    def _heads(self, states: Any) -> list[Any]:
        ops = self._ops
        first = ops.gather(states, 0, 1)
        pairs = [
            self._linear(ops.tanh(self._linear(first, dense)), head)
            for dense, head in (("dense", "rel"), ("ans_dense", "ans"), ("sup_dense", "sup"))
        ]
        tokens = [self._linear(states, head) for head in ("span", "carry")]
        return [ops.concat(pairs, -1), ops.concat(tokens, -1)]

    def _linear(self, states: Any, name: str) -> Any:
        ops = self._ops
        product = ops.matmul(states, self._weight(f"{name}.weight"), False, True)
        return ops.add(product, self._weight(f"{name}.bias"))

    def _norm(self, states: Any, name: str) -> Any:
        ops = self._ops
        plain = ops.mvn(states, [-1], True, EPSILON, "inside_sqrt")
        return ops.add(ops.multiply(plain, self._weight(f"{name}.weight")), self._weight(f"{name}.bias"))

    def _weight(self, name: str) -> Any:
        """A tensor of the checkpoint, in float32 (the checkpoint is float16)."""
        return self._ops.constant(self._weights.get_tensor(name).astype(np.float32))
