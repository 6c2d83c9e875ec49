"""How two answers differ, told in a sentence.

Source
    ours
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxtuple = 10


@dataclass(frozen=True)
class Raised:
    """An error instead of an answer."""

    error: Exception


def difference(came: Any, wanted: Any, axes: str = "") -> str:
    """Say in a sentence how two answers differ; "" if they do not.

    `axes` names the axes of a tensor, such as "(batch, 1, src_len)", or of several:
    "(batch, src_len); (batch,)". Two errors are alike if they are of one type.
    """
    if isinstance(came, Raised) or isinstance(wanted, Raised):
        errors = [type(getattr(answer, "error", None)) for answer in (came, wanted)]
        return "" if errors[0] is errors[1] else describe(came)
    if isinstance(wanted, Tensor):
        return _tensors_differ(came, wanted, axes)
    if isinstance(wanted, tuple) and any(isinstance(w, Tensor | float) for w in wanted):
        if not isinstance(came, tuple | list) or len(came) != len(wanted):
            return f"came {describe(came)}, wanted {len(wanted)} values."
        names = axes.split("; ") if axes else [""] * len(wanted)
        for i, parts in enumerate(zip(came, wanted, names, strict=True), start=1):
            if told := difference(*parts):
                return f"value {i} of {len(wanted)}: {told}"
        return ""
    if isinstance(wanted, tuple) and isinstance(came, list):
        came = tuple(came)
    if isinstance(wanted, float) and isinstance(came, int | float):
        same = math.isclose(came, wanted, rel_tol=1e-4, abs_tol=1e-6)
    else:
        same = isinstance(came, type(wanted)) and bool(came == wanted)
    return "" if same else f"came {describe(came)}, wanted {describe(wanted)}."


def _tensors_differ(came: Any, wanted: Tensor, axes: str) -> str:
    if not isinstance(came, Tensor):
        return f"came {describe(came)}, wanted a tensor {axes}".rstrip() + "."
    came, wanted = came.detach().cpu(), wanted.detach().cpu()
    named = f" = {axes}" if axes else ""
    if came.shape != wanted.shape:
        shapes = f"came the shape {tuple(came.shape)}, wanted {tuple(wanted.shape)}"
        return f"{shapes}{named}."
    if _kind(came) != _kind(wanted):
        return f"came {_kind(came)}, wanted {_kind(wanted)} {axes}".rstrip() + "."
    close = torch.isclose(came.double(), wanted.double(), 1e-4, 1e-5, equal_nan=True)
    if bool(close.all()):
        return ""
    place = tuple((~close).nonzero()[0].tolist())
    values = f"came {_number(came[place])}, wanted {_number(wanted[place])}"
    return f"the shape {tuple(came.shape)}{named} is right, but at {place} {values}."


def describe(value: object) -> str:
    """A value in a few words: a tensor's shape and kind, else the beginning of it."""
    if isinstance(value, Raised):
        text = f"{value.error}".strip().replace("\n", " ")
        return f"your function raised {type(value.error).__name__}: {text[:200]}."
    if isinstance(value, Tensor):
        if value.ndim == 1 and value.numel() <= 10 and not value.is_floating_point():
            return f"{value.tolist()}"
        return f"a tensor {tuple(value.shape)} of {_kind(value)}"
    if isinstance(value, nn.Module | torch.optim.Optimizer):
        return type(value).__name__
    if isinstance(value, tuple | list) and any(isinstance(v, Tensor) for v in value):
        return f"({', '.join(map(describe, value))})"
    text = _SHORT.repr(float(f"{value:.6g}") if isinstance(value, float) else value)
    return text if len(text) <= 120 else f"{text[:116]} ..."


def _kind(tensor: Tensor) -> str:
    if tensor.is_floating_point():
        return "floats"
    return "bools" if tensor.dtype == torch.bool else "whole numbers"


def _number(value: Tensor) -> str:
    return f"{value.item():.4g}" if value.is_floating_point() else f"{value.item()}"
