"""Sentences of several lengths in one rectangle: padding, lengths, masks, batches.

The one place that checks lengths: what comes later may rely on them.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seq2seq_lesson.vocabulary import PAD, SOS

Example = tuple[list[int], list[int]]  # source ids and target ids, each ending in EOS


def pad_ids(sequences: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Stack sequences of ids into a rectangle, PAD behind the shorter ones.

    Shapes
        return: ids (batch, longest) long, lengths (batch,) long, on the CPU, in tokens
    Raises ValueError: there is no sequence, or one is empty.
    """
    empty = sum(not row for row in sequences)
    if not sequences or empty:
        raise ValueError(
            f"sequences: got {len(sequences)}, {empty} of them empty, wanted at least "
            "one and none empty: leave empty sentences out"
        )
    lengths = torch.tensor([len(row) for row in sequences])  # (batch,)
    longest = int(lengths.max())
    padded = [row + [PAD] * (longest - len(row)) for row in sequences]
    ids = torch.tensor(padded)  # (batch, longest)
    return ids, lengths


def check_lengths(lengths: object, rows: int | None = None) -> None:
    """Refuse what is no tensor of lengths on the CPU, one a row if `rows` are told."""
    came = f"a {type(lengths).__name__}"
    if isinstance(lengths, Tensor):
        came = f"{tuple(lengths.shape)}, {lengths.dtype} on {lengths.device}"
        shaped = lengths.dim() == 1 and len(lengths) == (rows or len(lengths) or 1)
        if shaped and lengths.dtype in (torch.int64, torch.int32) and lengths.is_cpu:
            return
    raise ValueError(
        f"lengths: got {came}, wanted a tensor of shape ({rows or 'batch'},) of whole "
        "numbers on the CPU, one for each sentence: take the lengths that `pad_ids` "
        "returns, and leave them there"
    )


def mask_from_lengths(
    lengths: Tensor, longest: int, device: torch.device | str | None = None
) -> Tensor:
    """Say of each position whether it holds a real token.

    Shapes
        lengths: (batch,) long, on the CPU, in tokens
        return:  (batch, longest) bool, True = real token
    Raises ValueError: these are no lengths, or one is below 1 or above `longest`.
    """
    check_lengths(lengths)
    if lengths.min() < 1 or lengths.max() > longest:
        raise ValueError(
            f"lengths: got {lengths.tolist()}, wanted each from 1 to {longest}, "
            "the number of columns: count the tokens of each sentence, EOS included"
        )
    positions = torch.arange(longest)  # (longest,)
    mask = positions < lengths.unsqueeze(1)  # (batch, longest)
    return mask.to(device)


@dataclass(frozen=True)
class Batch:
    """Some sentence pairs, ready for the model.

    Shapes
        src_ids:     (batch, src_len) long
        src_lengths: (batch,) long, in tokens; stays on the CPU, where packing wants it
        src_mask:    (batch, src_len) bool, True = real token
        tgt_in:      (batch, tgt_len) long, begins with SOS: what the decoder reads
        tgt_out:     (batch, tgt_len) long, ends with EOS: what it should write
    """

    src_ids: Tensor
    src_lengths: Tensor
    src_mask: Tensor
    tgt_in: Tensor
    tgt_out: Tensor

    @property
    def tokens(self) -> int:
        """How many target tokens there are, EOS counted and PAD not."""
        return int((self.tgt_out != PAD).sum())

    def to(self, device: torch.device | str) -> "Batch":
        """Move everything but the lengths."""
        moved = {name: tensor.to(device) for name, tensor in vars(self).items()}
        return replace(self, **moved | {"src_lengths": self.src_lengths})


def collate(examples: Sequence[Example]) -> Batch:
    """Put examples into one batch; the row order is kept."""
    sources = [source for source, _ in examples]
    targets = [target for _, target in examples]
    shifted = [[SOS, *target[:-1]] for target in targets]
    src_ids, src_lengths = pad_ids(sources)  # (batch, src_len), (batch,)
    tgt_in, _ = pad_ids(shifted)  # (batch, tgt_len), (batch,)
    tgt_out, _ = pad_ids(targets)  # (batch, tgt_len), (batch,)
    src_mask = mask_from_lengths(src_lengths, src_ids.shape[1])  # (batch, src_len)
    return Batch(src_ids, src_lengths, src_mask, tgt_in, tgt_out)


def shuffled(
    examples: Sequence[Example], batch_size: int, rng: random.Random
) -> list[list[Example]]:
    """Cut the shuffled examples into groups; the last may be smaller."""
    order = rng.sample(examples, len(examples))
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def bucketed(
    examples: Sequence[Example], batch_size: int, rng: random.Random
) -> list[list[Example]]:
    """Cut the examples into groups of equal source length, nothing to pad there.

    Shuffled inside each length and among the groups; smaller last groups are kept.
    """
    buckets: dict[int, list[Example]] = defaultdict(list)
    for example in examples:
        buckets[len(example[0])].append(example)
    groups: list[list[Example]] = []
    for bucket in buckets.values():
        groups += shuffled(bucket, batch_size, rng)
    rng.shuffle(groups)
    return groups
