"""The encoder of both shipped models in plain torch: BERT without dropout, pooler or cache.

transformers computes the same (tests compare), but takes seconds to import; here the query, key and
value projections are one product, and the same module is what OpenVINO's int8 files are made from.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-12  # layer_norm_eps of both config.json
HEADS = 12  # num_attention_heads of both config.json


def linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer


def norm(tensors: Mapping[str, Tensor], name: str) -> nn.LayerNorm:
    layer = nn.LayerNorm(len(tensors[f"{name}.weight"]), eps=EPSILON)
    layer.weight, layer.bias = nn.Parameter(tensors[f"{name}.weight"]), nn.Parameter(tensors[f"{name}.bias"])
    return layer


class Layer(nn.Module):
    def __init__(self, tensors: Mapping[str, Tensor], name: str) -> None:
        super().__init__()

        def dense(part: str) -> nn.Linear:
            return linear(tensors[f"{name}.{part}.weight"], tensors[f"{name}.{part}.bias"])

        projections = [dense(f"attention.self.{part}") for part in ("query", "key", "value")]
        self.attend = linear(
            torch.cat([p.weight.data for p in projections]), torch.cat([p.bias.data for p in projections])
        )
        self.attended = dense("attention.output.dense")
        self.attended_norm = norm(tensors, f"{name}.attention.output.LayerNorm")
        self.widen = dense("intermediate.dense")
        self.narrow = dense("output.dense")
        self.narrow_norm = norm(tensors, f"{name}.output.LayerNorm")

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        texts, length, width = states.shape
        split = self.attend(states).view(texts, length, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        mixed: Tensor = F.scaled_dot_product_attention(split[0], split[1], split[2], attn_mask=bias)
        mixed = mixed.transpose(1, 2).reshape(texts, length, width)
        states = self.attended_norm(states + self.attended(mixed))
        found: Tensor = self.narrow_norm(states + self.narrow(F.gelu(self.widen(states))))
        return found


class Encoder(nn.Module):
    """Word vectors to last hidden states. Word vectors come from outside (`ingest.inference.batches.WordTable`)."""

    def __init__(self, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
        super().__init__()
        self.positions = nn.Parameter(tensors[f"{prefix}embeddings.position_embeddings.weight"])
        self.types = nn.Parameter(tensors[f"{prefix}embeddings.token_type_embeddings.weight"])
        self.norm = norm(tensors, f"{prefix}embeddings.LayerNorm")
        count = len({name for name in tensors if name.endswith("attention.self.query.weight")})
        self.layers = nn.ModuleList(Layer(tensors, f"{prefix}encoder.layer.{n}") for n in range(count))

    def forward(self, words: Tensor, types: Tensor, mask: Tensor) -> Tensor:
        positions = self.positions[: words.shape[1]]
        states: Tensor = words.to(positions.dtype) + positions + F.embedding(types, self.types)
        states = self.norm(states)
        bias = ((1.0 - mask) * -1e4).to(states.dtype)[:, None, None, :]
        for layer in self.layers:
            states = layer(states, bias)
        return states


class Pooled(nn.Module):
    """The embedder: mean of the hidden states, L2-normalised."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.encoder = Encoder(tensors)

    def forward(self, words: Tensor, types: Tensor, mask: Tensor) -> tuple[Tensor]:
        """(texts, tokens, 384), (texts, tokens), (texts, tokens) → vectors (texts, 384)."""
        states = self.encoder(words, types, mask).float()
        weights = mask.unsqueeze(-1)
        return (F.normalize((states * weights).sum(1) / weights.sum(1), dim=-1),)


class Heads(nn.Module):
    """The reader: what MODEL.md's five heads say of a pair, in one pass."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.encoder = Encoder(tensors, "bert.")

        def head(name: str) -> nn.Linear:
            return linear(tensors[f"{name}.weight"], tensors[f"{name}.bias"])

        self.dense, self.rel = head("dense"), head("rel")
        self.ans_dense, self.ans = head("ans_dense"), head("ans")
        self.sup_dense, self.sup = head("sup_dense"), head("sup")
        self.span, self.carry = head("span"), head("carry")

    def forward(self, words: Tensor, types: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """As above → pairs (texts, 3): relevance, answerability, support; tokens (texts, tokens, 3):
        start, end, carry. All logits."""
        states = self.encoder(words, types, mask)
        first = states[:, 0]
        pairs = [
            self.rel(torch.tanh(self.dense(first))),
            self.ans(torch.tanh(self.ans_dense(first))),
            self.sup(torch.tanh(self.sup_dense(first))),
        ]
        return torch.cat(pairs, -1).float(), torch.cat([self.span(states), self.carry(states)], -1).float()
