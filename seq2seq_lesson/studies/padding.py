"""More padding than a batch needs, to see what a loss makes of it."""

from __future__ import annotations

from dataclasses import replace

from torch.nn import functional as F

from seq2seq_lesson.batches import Batch
from seq2seq_lesson.vocabulary import PAD


def wider(batch: Batch, columns: int) -> Batch:
    """The same sentences with some more columns of PAD behind the targets."""
    both = batch.tgt_in, batch.tgt_out
    tgt_in, tgt_out = (F.pad(ids, (0, columns), value=PAD) for ids in both)
    return replace(batch, tgt_in=tgt_in, tgt_out=tgt_out)
