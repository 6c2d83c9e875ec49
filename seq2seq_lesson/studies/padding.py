"""More padding than a batch needs, to see what a loss makes of it."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor
from torch.nn import functional as F

from seq2seq_lesson.batches import Batch
from seq2seq_lesson.vocabulary import PAD


def wider(batch: Batch, columns: int) -> Batch:
    """The same sentences with some more columns of PAD behind the targets."""
    both = batch.tgt_in, batch.tgt_out
    tgt_in, tgt_out = (F.pad(ids, (0, columns), value=PAD) for ids in both)
    return replace(batch, tgt_in=tgt_in, tgt_out=tgt_out)


def mean_losses(logits: Tensor, tgt_out: Tensor) -> tuple[Tensor, Tensor]:
    """The mean loss of the real tokens, and that of the pads.

    Shapes
        logits:  (batch, tgt_len, tgt_vocab) float
        tgt_out: (batch, tgt_len) long
        return:  (), () float, nats per token, per pad
    """
    rows, true_ids = logits.flatten(0, 1), tgt_out.flatten()
    each = F.cross_entropy(rows, true_ids, reduction="none")  # (batch*tgt_len,)
    real = true_ids != PAD  # (batch*tgt_len,)
    return each[real].mean(), each[~real].mean()
