"""One decoder step and the whole network on the meta device.

Columns from the left: the encoder's states, the decoder's state, the target's words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seq2seq_lesson.decoder import Decoder
from seq2seq_lesson.explorers.shape_attention import KEYS, attend, dense
from seq2seq_lesson.explorers.shape_flow import Flow
from seq2seq_lesson.explorers.shape_sizes import Sizes, parameters, work
from seq2seq_lesson.seq2seq import Seq2Seq

Features = tuple[int, Tensor, str]  # from which row, what `write` reads, its last axis


def decoder_step(flow: Flow, sizes: Sizes) -> None:
    """One word in, the scores of all words for the next one out."""
    decoder = _build(flow, sizes).decoder
    wrong = sizes.mistake
    shape = (1, sizes.batch) if wrong == "transposed" else (sizes.batch, 1)
    rows, wide = sizes.batch + (wrong == "batch"), sizes.hid + (wrong == "hidden")
    first = {"batch": "batch+1 hid", "hidden": "batch hid+1"}.get(wrong, "batch hid")
    stage = Stage(
        flow,
        replace(sizes, tgt_len=1),
        decoder,
        words="1 batch" if wrong == "transposed" else "batch 1",
        state=first,
        at=0 if sizes.order == "before" else 1,
    )
    enc_states = sizes.floats(sizes.batch, sizes.src_len, sizes.enc)
    _decode(stage, sizes.ids(*shape), sizes.floats(rows, wide), enc_states)


def whole_network(flow: Flow, sizes: Sizes) -> None:
    """From the words of both sides to the scores of every target word.

    All sentences are equally long here; what packing does is a piece of its own.
    """
    model = _build(flow, sizes)
    src_ids = sizes.ids(sizes.batch, sizes.src_len)
    flow.arrow(0, "src_ids", src_ids, "batch src_len", end=0)
    table, rnn, bridge = model.encoder.embedding, model.encoder.rnn, model.bridge
    flow.operation(0, (0, 0), "encoder.embedding", "", parameters(table))
    src_emb = table(src_ids)
    flow.arrow(0, "src_emb", src_emb, "batch src_len emb", start=0, end=1)
    many = work(rnn, src_ids.numel())
    detail = f"nn.{type(rnn).__name__}"
    flow.operation(1, (0, 1), "encoder.rnn", detail, parameters(rnn), many)
    enc_states, h_n = rnn(src_emb)
    h_n = h_n[0] if isinstance(h_n, tuple) else h_n
    flow.arrow(1, "h_n", h_n, "layers*directions batch enc_hid", start=1, end=2)
    top = h_n[-sizes.directions :].transpose(0, 1).flatten(1)
    dense(flow, 2, 1, "bridge, tanh", bridge, top)
    dec_state = torch.tanh(bridge(top))
    stage = Stage(
        flow, sizes, model.decoder, words="batch tgt_len", state="batch hid",
        at=3, keys_row=1, state_row=2,
    )  # fmt: skip
    tgt_in = sizes.ids(sizes.batch, sizes.tgt_len)
    _decode(stage, tgt_in, dec_state, enc_states)


def _build(flow: Flow, sizes: Sizes) -> Seq2Seq:
    """The package's own model; what fits nothing is refused by the package."""
    flow.operation(0, (0, 1), "Seq2Seq(ModelConfig(...))")
    with sizes.device:
        model = Seq2Seq(sizes.config).eval()
    flow.operations.clear()
    return model


@dataclass(frozen=True)
class Stage:
    """A decoder at work: axes of words and first state, rows, and where inputs begin.

    Its embedding stands in row 0; `at` is the row after what the decoder waits for.
    """

    flow: Flow
    sizes: Sizes
    decoder: Decoder
    words: str
    state: str
    at: int
    keys_row: int | None = None
    state_row: int | None = None

    def attention_facts(self, words: int) -> tuple[int, int]:
        """Parameters and multiply-adds of one call of attention for so many words."""
        sizes, aside = replace(self.sizes, mistake="none"), Flow()
        query = sizes.floats(sizes.batch, words, sizes.hid)
        keys = sizes.floats(sizes.batch, sizes.src_len, sizes.enc)
        attend(aside, sizes, self.decoder.attention.score, query, keys)
        many = sum(operation.work for operation in aside.operations)
        return parameters(self.decoder.attention), many


def _decode(
    stage: Stage, tgt_in: Tensor, dec_state: Tensor, enc_states: Tensor
) -> None:
    """Read the words, run what lies between, and write the logits."""
    flow, decoder, words = stage.flow, stage.decoder, stage.words
    flow.arrow(2, "tgt_in", tgt_in, words, end=0)
    flow.operation(0, (2, 2), "decoder.embedding", "", parameters(decoder.embedding))
    tgt_emb = decoder.read(tgt_in)
    reader = stage.at + (stage.sizes.order == "before")
    flow.arrow(2, "tgt_emb", tgt_emb, f"{words} emb", start=0, end=reader)
    between = {"none": _plain, "before": _before, "after": _after}[stage.sizes.order]
    row, features, last = between(stage, tgt_emb, dec_state, enc_states)
    flow.arrow(2, "features", features, f"{words} {last}", start=row, end=row + 1)
    dense(flow, row + 1, 2, "decoder.combine, tanh", decoder.combine, features)
    combined = torch.tanh(decoder.combine(features))
    flow.arrow(2, "combined", combined, f"{words} emb", start=row + 1, end=row + 2)
    dense(flow, row + 2, 2, "decoder.output", decoder.output, combined)
    logits = decoder.output(combined)
    flow.arrow(2, "logits", logits, f"{words} tgt_vocab", start=row + 2)


def _plain(
    stage: Stage, tgt_emb: Tensor, dec_state: Tensor, enc_states: Tensor
) -> Features:
    """All words through the cell in one call; nobody reads the encoder's states."""
    if stage.keys_row is not None:
        stage.flow.arrow(0, "enc_states", enc_states, KEYS, start=stage.keys_row)
    states = _cell(stage, tgt_emb, dec_state)
    return stage.at, states, "hid"


def _after(
    stage: Stage, tgt_emb: Tensor, dec_state: Tensor, enc_states: Tensor
) -> Features:
    """The cell first; its new states ask, and what they find helps to write."""
    flow, words, at = stage.flow, stage.words, stage.at
    states = _cell(stage, tgt_emb, dec_state)
    flow.arrow(2, "states", states, f"{words} hid", start=at, end=at + 1)
    flow.arrow(0, "enc_states", enc_states, KEYS, start=stage.keys_row, end=at + 1)
    label = f"decoder.attention: {stage.sizes.score}"
    flow.operation(at + 1, (0, 2), label, "", *stage.attention_facts(states.shape[1]))
    context, weights = stage.decoder.attention(states, enc_states, stage.sizes.mask())
    flow.arrow(0, "context", context, f"{words} enc", start=at + 1, end=at + 2)
    flow.arrow(1, "weights", weights, f"{words} src_len", start=at + 1)
    flow.arrow(2, "states again", states, f"{words} hid", end=at + 2)
    flow.operation(at + 2, (0, 2), "torch.cat")
    return at + 2, torch.cat([context, states], dim=-1), "enc+hid"


def _before(
    stage: Stage, tgt_emb: Tensor, dec_state: Tensor, enc_states: Tensor
) -> Features:
    """The last state asks, and what it finds goes into the cell, step by step."""
    flow, decoder, at = stage.flow, stage.decoder, stage.at
    steps = tgt_emb.shape[1] if stage.words == "batch tgt_len" else 1
    times = f"{steps} times, once a step" if steps > 1 else ""
    first, last = stage.state.split()
    query = dec_state.unsqueeze(1)
    flow.arrow(0, "enc_states", enc_states, KEYS, start=stage.keys_row, end=at)
    flow.arrow(1, "query", query, f"{first} 1 {last}", start=stage.state_row, end=at)
    label = f"decoder.attention: {stage.sizes.score}"
    learnt, many = stage.attention_facts(1)
    flow.operation(at, (0, 1), label, times, learnt, steps * many)
    context, weights = decoder.attention(query, enc_states, stage.sizes.mask())
    flow.arrow(0, "context", context, "batch 1 enc", start=at, end=at + 1)
    flow.arrow(1, "weights", weights, "batch 1 src_len", start=at)
    flow.operation(at + 1, (0, 2), "squeeze(1), torch.cat", times)
    found = context.squeeze(1)
    cell_in = torch.cat([tgt_emb[:, 0], found], dim=-1)
    flow.arrow(2, "cell_in", cell_in, "batch emb+enc", start=at + 1, end=at + 2)
    flow.arrow(1, "dec_state", dec_state, "batch hid", end=at + 2)
    many = work(decoder.cell, steps * len(cell_in))
    facts = times, parameters(decoder.cell), many
    flow.operation(at + 2, (1, 2), "decoder.cell: nn.GRUCell", *facts)
    new = decoder.cell(cell_in, dec_state)
    flow.arrow(2, "new dec_state", new, "batch hid", start=at + 2, end=at + 3)
    flow.arrow(0, "context again, squeezed", found, "batch enc", end=at + 3)
    flow.operation(at + 3, (0, 2), "torch.stack of all steps, torch.cat")
    pair = [torch.stack([part] * steps, dim=1) for part in (found, new)]
    return at + 3, torch.cat(pair, dim=-1), "enc+hid"


def _cell(stage: Stage, tgt_emb: Tensor, dec_state: Tensor) -> Tensor:
    """One call of the recurrent layer for all words."""
    flow, rnn, at = stage.flow, stage.decoder.rnn, stage.at
    first, axes = dec_state.unsqueeze(0), f"1 {stage.state}"
    flow.arrow(1, "dec_state.unsqueeze(0)", first, axes, start=stage.state_row, end=at)
    many = work(rnn, tgt_emb.shape[0] * tgt_emb.shape[1])
    flow.operation(at, (1, 2), "decoder.rnn: nn.GRU", "", parameters(rnn), many)
    states, h_n = rnn(tgt_emb, first)
    flow.arrow(1, "h_n", h_n, "1 batch hid", start=at)
    return states
