"""All that a reader can set in the shape explorer, and tensors of those sizes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import torch
from torch import Tensor, nn

from seq2seq_lesson.seq2seq import ModelConfig


@dataclass(frozen=True)
class Sizes:
    """What to run and how large; pairwise different at first, so that a swap shows.

    mistake: "none", "transposed", "hidden" or "batch"
    device:  the meta device, where tensors have shapes and no numbers
    """

    piece: str = "encoder"
    cell: str = "gru"
    score: str = "additive"
    order: str = "after"
    mistake: str = "none"
    batch: int = 4
    src_len: int = 7
    shortest: int = 3
    tgt_len: int = 3
    emb: int = 5
    enc_hid: int = 8
    layers: int = 1
    both: bool = True
    batch_first: bool = True
    hid: int = 10
    att: int = 9
    src_vocab: int = 15
    tgt_vocab: int = 13
    max_len: int = 32
    device: torch.device = field(default_factory=lambda: torch.device("meta"))

    @classmethod
    def of(cls, settings: dict[str, object]) -> Sizes:
        """Take from an explorer's settings what is meant here."""
        known = {name.name for name in fields(cls)}
        return cls(**{key: settings[key] for key in settings.keys() & known})

    @property
    def directions(self) -> int:
        return 2 if self.both else 1

    @property
    def enc(self) -> int:
        return self.directions * self.enc_hid

    @property
    def lengths(self) -> list[int]:
        """One length a sentence, from the longest evenly down to the shortest."""
        low = min(self.shortest, self.src_len)
        down = torch.linspace(self.src_len, low, self.batch).round()
        return down.long().tolist()

    @property
    def named(self) -> dict[str, int]:
        """Every axis and its size."""
        names = "batch src_len tgt_len emb enc_hid enc hid att layers directions"
        names += " src_vocab tgt_vocab max_len"
        own = {name: getattr(self, name) for name in names.split()}
        return own | {"tokens": sum(self.lengths)}

    @property
    def config(self) -> ModelConfig:
        """The whole network of these sizes."""
        names = (
            "src_vocab tgt_vocab emb enc_hid hid att cell layers order score max_len"
        )
        chosen = {name: getattr(self, name) for name in names.split()}
        return ModelConfig(**chosen, bidirectional=self.both, tied=False, dropout=0.0)

    def floats(self, *shape: int) -> Tensor:
        return torch.zeros(shape, device=self.device)

    def ids(self, *shape: int) -> Tensor:
        return torch.zeros(shape, dtype=torch.long, device=self.device)

    def mask(self) -> Tensor:
        """Every token is real: a mask's shape is all that matters here."""
        shape = (self.batch, self.src_len)
        return torch.ones(shape, dtype=torch.bool, device=self.device)


def parameters(module: nn.Module) -> int:
    """How many numbers a module learns."""
    return sum(parameter.numel() for parameter in module.parameters())


def work(module: nn.Module, positions: int) -> int:
    """Multiply-adds of a dense or recurrent layer: every weight once a position."""
    weights = (p.numel() for p in module.parameters() if p.dim() == 2)
    return positions * sum(weights)
