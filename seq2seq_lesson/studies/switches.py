"""What train, eval, no_grad and inference_mode change in a forward pass."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from seq2seq_lesson.batches import Batch
from seq2seq_lesson.seq2seq import Seq2Seq


def two_runs(
    model: Seq2Seq, batch: Batch, context: Callable[[], AbstractContextManager]
) -> tuple[bool, int]:
    """Whether two forward passes give the same, and what the first keeps.

    Counted are the numbers of all tensors that autograd saves for `backward`; a tensor
    that two steps save counts twice.
    """
    kept = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with context():
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            first = model(batch)
        return torch.equal(first, model(batch)), sum(kept)
