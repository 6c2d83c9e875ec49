"""What a trained encoder owes to the state from which it starts.

Source
    ours; the question is article A's
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from seq2seq_lesson.batches import Batch
from seq2seq_lesson.seq2seq import Seq2Seq, sequence_loss
from seq2seq_lesson.studies.swaps import padded
from seq2seq_lesson.vocabulary import Vocabulary


@contextmanager
def started_from(model: Seq2Seq, start: Tensor) -> Iterator[None]:
    """While this lasts, the encoder starts every sentence from this state.

    Shapes
        start: (directions, enc_hid) float
    """

    def put_in(layer: nn.Module, inputs: tuple) -> tuple:
        features = inputs[0]
        rows = len(features)  # nothing is packed: all sentences are equally long
        return features, start.unsqueeze(1).expand(-1, rows, -1).contiguous()

    hook = model.encoder.rnn.register_forward_pre_hook(put_in)
    try:
        yield
    finally:
        hook.remove()


def random_start(model: Seq2Seq, seed: int) -> Tensor:
    """Numbers between -1 and 1, drawn on the CPU.

    Shapes
        return: (directions, enc_hid) float, on the model's device
    """
    generator = torch.Generator().manual_seed(seed)
    size = (1 + model.config.bidirectional, model.config.enc_hid)
    drawn = torch.rand(size, generator=generator) * 2 - 1  # (directions, enc_hid)
    return drawn.to(next(model.parameters()).device)


@torch.no_grad()
def left(model: Seq2Seq, src_ids: Tensor, start: Tensor) -> Tensor:
    """Of a first state's difference from zeros, how much is left after each word.

    Looks at the forward direction, at sentences of one length.

    Shapes
        src_ids: (batch, src_len) long
        return:  (src_len,) float, the mean over the sentences; 1 is all of it
    """
    device = next(model.parameters()).device
    lengths = torch.full((len(src_ids),), src_ids.shape[1])  # (batch,)
    zeros, _ = model.encoder(src_ids.to(device), lengths)
    with started_from(model, start):
        there, _ = model.encoder(src_ids.to(device), lengths)
    forward = slice(0, model.config.enc_hid)
    apart = (there - zeros)[..., forward].norm(dim=-1).mean(dim=0)  # (src_len,)
    return (apart / start[0].norm()).cpu()


def translate_from(
    model: Seq2Seq,
    sentences: Sequence[str],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    start: Tensor,
) -> list[str]:
    """Translate sentences of one length, the encoder started from a state.

    Shapes
        start: (directions, enc_hid) float
    """
    ids, lengths = padded(sentences, src_vocabulary, 0)
    with started_from(model, start):
        written, _ = model.greedy(ids.to(start.device), lengths, max_len=20)
    return [" ".join(tgt_vocabulary.decode(row)) for row in written.tolist()]


def learn_start(
    model: Seq2Seq, batch: Batch, steps: int = 25
) -> tuple[Tensor, float, float]:
    """Let the first state alone learn; all weights stay as they are.

    Shapes
        return: (directions, enc_hid) float; the loss from zeros and from what was
                learned, in nats per target token
    """
    first = torch.zeros_like(random_start(model, 0))  # (directions, enc_hid)
    first.requires_grad_()
    optimizer = torch.optim.Adam([first], lr=0.05)
    layers = [m for m in model.modules() if isinstance(m, nn.RNNBase)]
    for layer in layers:
        layer.train()  # cuDNN's backward through a recurrent layer wants it
    losses = []
    with started_from(model, first):
        for _ in range(steps + 1):
            optimizer.zero_grad()
            loss = sequence_loss(model(batch), batch.tgt_out)
            loss.backward()
            losses.append(loss.item())
            if len(losses) <= steps:
                optimizer.step()
    model.zero_grad(set_to_none=True)
    for layer in layers:
        layer.eval()
    return first.detach(), losses[0], losses[-1]
