"""One GRU step, what its state is moved by, and what reaches its weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def step(gru: nn.GRU, word: Tensor, state: Tensor) -> Tensor:
    """The next state; the GRU wants a batch, here of one sentence of one word.

    Shapes
        word:   (emb,) float
        state:  (hid,) float
        return: (hid,) float, between -1 and 1
    """
    _, h_n = gru(word.view(1, 1, -1), state.view(1, 1, -1))
    return h_n.flatten()  # (hid,)


def states(gru: nn.GRU, inputs: Tensor, first: Tensor) -> list[Tensor]:
    """The state before the first word and after each; `backward` keeps their gradients.

    Shapes
        inputs: (tgt_len, emb) float
        first:  (hid,) float
        return: tgt_len + 1 times (hid,) float
    """
    found = [first]
    for word in inputs:
        state = step(gru, word, found[-1])  # (hid,)
        state.retain_grad()
        found.append(state)
    return found


def slopes(gru: nn.GRU, word: Tensor, state: Tensor) -> Tensor:
    """How much each number of the next state moves with each of this one.

    Shapes
        return: (hid, hid) float, rows: the next state, columns: this one
    """
    slope = torch.autograd.functional.jacobian
    return slope(lambda old: step(gru, word, old), state)  # (hid, hid)


def shares(gru: nn.GRU, inputs: Tensor, states: Sequence[Tensor]) -> Tensor:
    """What each word's step alone gives to the gradient of the matrix for old states.

    Words and old states are cut off from what made them, so that nothing goes further
    back; what arrives at each new state is its `grad`.

    Shapes
        inputs: (tgt_len, emb) float
        states: tgt_len + 1 times (hid,) float, the one before the first word first
        return: (tgt_len, 3*hid, hid) float
    """
    matrix, found = gru.get_parameter("weight_hh_l0"), list[Tensor]()
    for word, old, new in zip(inputs, states[:-1], states[1:], strict=True):
        alone = step(gru, word.detach(), old.detach())  # (hid,)
        found += torch.autograd.grad(alone, matrix, new.grad)
    return torch.stack(found)  # (tgt_len, 3*hid, hid)
