"""What two processes make of a gradient; one's own CPU is enough for two.

Each starts anew and imports what it is to do, so that must stand in a file.
"""

import multiprocessing
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from seq2seq_lesson.batches import Example, collate
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.seq2seq import Seq2Seq, sequence_loss


class Deal(NamedTuple):
    """Which pairs each process reads, and whether each loss counts by its words."""

    shares: tuple[list[Example], list[Example]]
    by_words: bool = False


def model() -> Seq2Seq:
    """The same in every process, in evaluation mode: no dropout."""
    return load_pretrained("general-after")[0]


def gradient(part: nn.Module) -> Tensor:
    """The gradients of all parameters in one row."""
    found = [p.grad.flatten() for p in part.parameters() if p.grad is not None]
    return torch.cat(found)  # (parameters,)


def alone(examples: Sequence[Example]) -> Tensor:
    """The gradient that a single process gets of all the pairs."""
    batch, reader = collate(examples), model()
    sequence_loss(reader(batch), batch.tgt_out).backward()
    return gradient(reader)


def shared(reader: nn.Module, examples: Sequence[Example], by_words: bool) -> Tensor:
    """What one process makes of its pairs; PyTorch averages the gradients over all."""
    batch = collate(examples)
    loss = sequence_loss(reader(batch), batch.tgt_out)  # (); the mean over our words
    if by_words:
        words = torch.tensor(batch.tokens)  # ()
        distributed.all_reduce(words)  # from here on those of all processes
        loss = loss * batch.tokens / words * distributed.get_world_size()
    loss.backward()
    return gradient(reader)


def work(rank: int, deals: Sequence[Deal], meeting: Path) -> list[np.ndarray]:
    """One process's part in all the deals; they meet at a file."""
    torch.set_num_threads(1)
    store = distributed.FileStore(str(meeting), 2)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    found = []
    for shares, by_words in deals:
        reader = DistributedDataParallel(model())
        found.append(shared(reader, shares[rank], by_words).numpy())
    distributed.destroy_process_group()
    return found


def together(deals: Sequence[Deal]) -> list[Tensor]:
    """The gradient that two processes get of each deal.

    Shapes
        return: of each deal (parameters,) float
    """
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(2, spawn) as pool,
    ):
        meeting = Path(folder, "meeting")
        first, second = pool.map(work, (0, 1), [deals] * 2, [meeting] * 2)
    for one, other in zip(first, second, strict=True):
        assert (one == other).all(), "both take the same step"
    return [torch.from_numpy(one) for one in first]
