"""The pieces of the network, run on PyTorch's meta device to see their shapes.

Every operation is the real one, of PyTorch or of this package. On the meta device it
makes no numbers and needs no memory, so any size will do.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from seq2seq_lesson.encoder import CELLS
from seq2seq_lesson.explorers.shape_attention import attention
from seq2seq_lesson.explorers.shape_decoder import decoder_step, whole_network
from seq2seq_lesson.explorers.shape_flow import Flow
from seq2seq_lesson.explorers.shape_sizes import Sizes, parameters, work

CHEAP = 64  # no axis longer than that


def trace(sizes: Sizes) -> Flow:
    """Run the chosen piece, and note what went where.

    What PyTorch or the package refuses is kept as the error of the last operation. The
    meta device words some refusals in its own way; where real tensors are cheap, they
    are asked as well, so that a reader finds the words that a notebook would show.
    """
    flow = _run(sizes)
    if flow.error and max(sizes.named.values()) <= CHEAP:
        return _run(replace(sizes, device=torch.device("cpu")))
    return flow


def _run(sizes: Sizes) -> Flow:
    flow = Flow()
    try:
        with torch.no_grad():
            PIECES[sizes.piece](flow, sizes)
    except RuntimeError as refusal:
        flow.error, flow.judge = str(refusal).strip(), "PyTorch"
    except ValueError as refusal:
        flow.error, flow.judge = str(refusal).strip(), "this package"
    return flow


def embedding(flow: Flow, sizes: Sizes) -> None:
    """Word ids become rows of a matrix."""
    src_ids = sizes.ids(sizes.batch, sizes.src_len)
    flow.arrow(0, "src_ids", src_ids, "batch src_len", end=0)
    with sizes.device:
        layer = nn.Embedding(sizes.src_vocab, sizes.emb)
    detail = f"src_vocab {sizes.src_vocab:,} rows of emb {sizes.emb:,}"
    flow.operation(0, (0, 0), "nn.Embedding", detail, parameters(layer))
    flow.arrow(0, "src_emb", layer(src_ids), "batch src_len emb", start=0)


def encoder(flow: Flow, sizes: Sizes) -> None:
    """A recurrent layer over all words, with a first state."""
    wrong = sizes.mistake
    src_emb, order = _words(sizes, sizes.emb)
    flow.arrow(0, "src_emb", src_emb, f"{order} emb", end=0)
    first = sizes.floats(
        sizes.layers * sizes.directions,
        sizes.batch + (wrong == "batch"),
        sizes.enc_hid + (wrong == "hidden"),
    )
    axes = {"batch": "batch+1 enc_hid", "hidden": "batch enc_hid+1"}
    named = axes.get(wrong, "batch enc_hid")
    flow.arrow(1, "first state", first, f"layers*directions {named}", end=0)
    rnn = _layer(sizes)
    label, many = f"nn.{type(rnn).__name__}", sizes.batch * sizes.src_len
    detail = f"batch_first={sizes.batch_first}"
    flow.operation(0, (0, 1), label, detail, parameters(rnn), work(rnn, many))
    state = (first, torch.zeros_like(first)) if sizes.cell == "lstm" else first
    enc_states, last = rnn(src_emb, state)
    flow.arrow(0, "enc_states", enc_states, f"{order} enc", start=0)
    _last_state(flow, last, 0)


def packing(flow: Flow, sizes: Sizes) -> None:
    """Padding is left out on the way in and put back on the way out."""
    wrong = sizes.mistake
    src_emb, order = _words(sizes, sizes.emb + (wrong == "hidden"))
    emb = "emb+1" if wrong == "hidden" else "emb"
    others = sizes.lengths[-1:] if wrong == "batch" else []
    src_lengths = torch.tensor(sizes.lengths + others)
    rows = "batch+1" if wrong == "batch" else "batch"
    flow.arrow(0, "src_emb", src_emb, f"{order} {emb}", end=0)
    flow.arrow(1, "src_lengths", src_lengths, rows, end=0)
    detail = f"{sizes.lengths[0]} words down to {sizes.lengths[-1]}"
    flow.operation(0, (0, 1), "pack_padded_sequence", detail)
    packed = pack_padded_sequence(src_emb, src_lengths, sizes.batch_first)
    flow.arrow(0, "packed.data", packed.data, f"tokens {emb}", start=0, end=1)
    flow.arrow(1, "packed.batch_sizes", packed.batch_sizes, "src_len", start=0, end=1)
    rnn = _layer(sizes)
    label, many = f"nn.{type(rnn).__name__}", len(packed.data)
    flow.operation(1, (0, 1), label, "", parameters(rnn), work(rnn, many))
    states, last = rnn(packed)
    flow.arrow(0, "states.data", states.data, "tokens enc", start=1, end=2)
    _last_state(flow, last, 1)
    flow.operation(2, (0, 0), "pad_packed_sequence", "zeros where padding was")
    enc_states, _ = pad_packed_sequence(
        PackedSequence(states.data, states.batch_sizes), sizes.batch_first
    )
    flow.arrow(0, "enc_states", enc_states, f"{order} enc", start=2)


def _words(sizes: Sizes, emb: int) -> tuple[Tensor, str]:
    """Embedded words, and the names of their first two axes."""
    if sizes.batch_first == (sizes.mistake == "transposed"):
        return sizes.floats(sizes.src_len, sizes.batch, emb), "src_len batch"
    return sizes.floats(sizes.batch, sizes.src_len, emb), "batch src_len"


def _layer(sizes: Sizes) -> nn.RNNBase:
    """The encoder's recurrent layer."""
    options = {"batch_first": sizes.batch_first, "bidirectional": sizes.both}
    with sizes.device:
        return CELLS[sizes.cell](sizes.emb, sizes.enc_hid, sizes.layers, **options)


def _last_state(flow: Flow, last: Tensor | tuple[Tensor, Tensor], row: int) -> None:
    name, h_n = ("h_n, and c_n", last[0]) if isinstance(last, tuple) else ("h_n", last)
    flow.arrow(1, name, h_n, "layers*directions batch enc_hid", start=row)


PIECES = {
    "embedding": embedding,
    "encoder": encoder,
    "packing": packing,
    "attention": attention,
    "decoder step": decoder_step,
    "whole network": whole_network,
}
