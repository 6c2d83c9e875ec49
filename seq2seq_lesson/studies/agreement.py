"""Two ways to compute the same thing: equal values, equal gradients."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.testing import assert_close


def gradients(result: Tensor, into: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """What flows back from a fixed mixture of all numbers of `result`.

    Shapes
        result: any float
        return: as the tensors of `into`
    """
    mixture = torch.linspace(-1, 1, result.numel())  # (numbers,)
    mixed = (result * mixture.to(result).view_as(result)).sum()  # ()
    return torch.autograd.grad(mixed, list(into), retain_graph=True)


def agree(ours: Tensor, theirs: Tensor, into: Iterable[Tensor] = ()) -> None:
    """Say that two results are equal, and so is what flows back into some tensors.

    Shapes
        ours, theirs: the same, any float
    Raises
        AssertionError: they differ by more than rounding does.
    """
    into = list(into)
    assert_close(ours, theirs)
    said = f"{ours.numel()} numbers agree"
    if into:
        assert_close(gradients(ours, into), gradients(theirs, into))
        said += f", and so do the gradients into {len(into)} tensor" + "s" * (
            len(into) > 1
        )
    print(said)
