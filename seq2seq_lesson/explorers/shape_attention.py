"""Attention, line by line: scores, weights and context on the meta device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seq2seq_lesson.attention import SCORES, masked_softmax
from seq2seq_lesson.explorers.shape_flow import Flow
from seq2seq_lesson.explorers.shape_sizes import Sizes, parameters, work

KEYS = "batch src_len enc"
SCORED = "batch tgt_len src_len"


def attention(flow: Flow, sizes: Sizes) -> None:
    """A query for each target word asks the encoder's states, its keys."""
    wrong = sizes.mistake
    rows, wide = sizes.batch + (wrong == "batch"), sizes.hid + (wrong == "hidden")
    first, second = sizes.batch, sizes.src_len
    if wrong == "transposed":
        first, second = second, first
    query = sizes.floats(rows, sizes.tgt_len, wide)
    keys = sizes.floats(first, second, sizes.enc)
    with sizes.device:
        score = SCORES[sizes.score](sizes.hid, sizes.enc, sizes.att, sizes.max_len)
    attend(flow, sizes, score, query, keys)


def attend(
    flow: Flow, sizes: Sizes, score: nn.Module, query: Tensor, keys: Tensor
) -> None:
    """From query and keys to the context."""
    asked = {"batch": "batch+1 tgt_len hid", "hidden": "batch tgt_len hid+1"}
    asks = asked.get(sizes.mistake, "batch tgt_len hid")
    axes = "src_len batch enc" if sizes.mistake == "transposed" else KEYS
    late = sizes.score in ("general", "position")  # keys come in a row later
    flow.arrow(0, "query", query, asks, end=0)
    flow.arrow(1, "keys", keys, axes, end=1 if late else 0)
    row, scores = LINES[sizes.score](flow, score, query, keys)
    flow.arrow(0, "scores", scores, SCORED, start=row, end=row + 1)
    src_mask = sizes.mask()
    flow.arrow(1, "src_mask", src_mask, "batch src_len", end=row + 1)
    flow.operation(row + 1, (0, 1), "masked_softmax", "each row sums to 1")
    weights = masked_softmax(scores, src_mask)
    flow.arrow(0, "weights", weights, SCORED, start=row + 1, end=row + 2)
    flow.arrow(1, "keys again", keys, axes, end=row + 2)
    many = weights.numel() * keys.shape[-1]
    flow.operation(row + 2, (0, 1), "weights @ keys", "a mean of the keys", work=many)
    flow.arrow(0, "context", weights @ keys, "batch tgt_len enc", start=row + 2)


def position(
    flow: Flow, score: nn.Module, query: Tensor, keys: Tensor
) -> tuple[int, Tensor]:
    """The keys lend their number only."""
    dense(flow, 0, 0, "W", score.W, query)
    wide = score.W(query)
    flow.arrow(0, "W(query)", wide, "batch tgt_len max_len", start=0, end=1)
    flow.operation(1, (0, 1), "[..., :src_len]", "of the keys, only their number")
    return 1, score(query, keys)


def dot(
    flow: Flow, score: nn.Module, query: Tensor, keys: Tensor
) -> tuple[int, Tensor]:
    """Each query times each key."""
    many = query.numel() * keys.shape[1]
    flow.operation(0, (0, 1), "query @ keys.transpose(1, 2)", work=many)
    return 0, score(query, keys)


def general(
    flow: Flow, score: nn.Module, query: Tensor, keys: Tensor
) -> tuple[int, Tensor]:
    """A change of coordinates, then the dot product."""
    dense(flow, 0, 0, "W", score.W, query)
    projected = score.W(query)
    flow.arrow(0, "projected", projected, "batch tgt_len enc", start=0, end=1)
    many = projected.numel() * keys.shape[1]
    flow.operation(1, (0, 1), "projected @ keys.transpose(1, 2)", work=many)
    return 1, score(query, keys)


def concat(
    flow: Flow, score: nn.Module, query: Tensor, keys: Tensor
) -> tuple[int, Tensor]:
    """A small network reads each query beside each key."""
    flow.operation(0, (0, 1), "expand, torch.cat", "each query beside each key")
    tgt_len, src_len = query.shape[1], keys.shape[1]
    wide_query = query.unsqueeze(2).expand(-1, -1, src_len, -1)
    wide_keys = keys.unsqueeze(1).expand(-1, tgt_len, -1, -1)
    both = torch.cat([wide_query, wide_keys], dim=-1)
    flow.arrow(0, "both", both, f"{SCORED} hid+enc", start=0, end=1)
    dense(flow, 1, 0, "W, tanh", score.W, both)
    features = torch.tanh(score.W(both))
    return _last_layer(flow, 1, score, features, query, keys)


def additive(
    flow: Flow, score: nn.Module, query: Tensor, keys: Tensor
) -> tuple[int, Tensor]:
    """Concat's network with its matrix cut in two."""
    dense(flow, 0, 0, "W_q, unsqueeze(2)", score.W_q, query)
    query_proj = score.W_q(query).unsqueeze(2)
    flow.arrow(0, "query_proj", query_proj, "batch tgt_len 1 att", start=0, end=1)
    dense(flow, 0, 1, "W_k, unsqueeze(1)", score.W_k, keys)
    keys_proj = score.W_k(keys).unsqueeze(1)
    flow.arrow(1, "keys_proj", keys_proj, "batch 1 src_len att", start=0, end=1)
    flow.operation(1, (0, 1), "add, tanh", "the axes of size 1 stretch")
    features = torch.tanh(query_proj + keys_proj)
    return _last_layer(flow, 1, score, features, query, keys)


def dense(
    flow: Flow, row: int, column: int, label: str, layer: nn.Linear, source: Tensor
) -> None:
    """Note a dense layer; its weights are used once for each row of its input."""
    positions = source.numel() // source.shape[-1]
    facts = "", parameters(layer), work(layer, positions)
    flow.operation(row, (column, column), label, *facts)


def _last_layer(
    flow: Flow,
    row: int,
    score: nn.Module,
    features: Tensor,
    query: Tensor,
    keys: Tensor,
) -> tuple[int, Tensor]:
    """What concat and additive share: one number for each pair."""
    flow.arrow(0, "features", features, f"{SCORED} att", start=row, end=row + 1)
    dense(flow, row + 1, 0, "v, squeeze(-1)", score.v, features)
    return row + 1, score(query, keys)


LINES = {
    "position": position,
    "dot": dot,
    "general": general,
    "concat": concat,
    "additive": additive,
}
