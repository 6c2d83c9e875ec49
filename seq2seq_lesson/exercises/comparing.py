"""How two answers differ, told in a sentence."""

from __future__ import annotations

import math
import re
import reprlib
import textwrap
from dataclasses import dataclass, is_dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class _Short(reprlib.Repr):
    """Long values cut; of tensors the shape and kind, of large modules the class."""

    def repr_float(self, value: float, level: int) -> str:
        return repr(float(f"{value:.6g}"))

    def repr_list(self, value: list, level: int) -> str:
        if value and is_dataclass(value[0]):
            return f"a list of {len(value)} {type(value[0]).__name__}"
        return super().repr_list(value, level)

    def repr_instance(self, value: object, level: int) -> str:
        if isinstance(value, Tensor):
            few = value.ndim == 1 and value.numel() <= 10
            if few and not value.is_floating_point():
                return f"{value.tolist()}"
            return f"a tensor {tuple(value.shape)} of {_kind(value)}"
        if isinstance(value, nn.Module | torch.optim.Optimizer):
            whole = repr(value)
            short = len(whole) <= 60 and "\n" not in whole
            return whole if short else type(value).__name__
        return super().repr_instance(value, level)


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxtuple = 10


@dataclass(frozen=True)
class Raised:
    """An error instead of an answer."""

    error: Exception | SystemExit


def difference(came: Any, wanted: Any, axes: str = "") -> str:
    """Say in a sentence how two answers differ; "" if they do not.

    `axes` names the axes of a tensor, such as "(batch, 1, src_len)", or of several:
    "(batch, src_len); (batch,)". Two errors are alike if they say the same of one type,
    whatever the numbers. A number may come from NumPy, or as a tensor without a graph.
    """
    if isinstance(came, Raised) or isinstance(wanted, Raised):
        said = [re.sub(r"\d+", "", describe(answer)) for answer in (came, wanted)]
        return "" if said[0] == said[1] else describe(came)
    if not (isinstance(came, Tensor) and isinstance(wanted, Tensor)):
        came, wanted = _plain(came), _plain(wanted)
    if isinstance(wanted, Tensor):
        return _tensors_differ(came, wanted, axes)
    if isinstance(wanted, tuple) and any(isinstance(w, Tensor | float) for w in wanted):
        if isinstance(came, Tensor | np.ndarray) and came.ndim == 1:
            came = list(came)
        if not isinstance(came, tuple | list) or len(came) != len(wanted):
            return f"came {describe(came)}, wanted {len(wanted)} values."
        names = axes.split("; ") if axes else [""] * len(wanted)
        for i, parts in enumerate(zip(came, wanted, names, strict=True), start=1):
            if told := difference(*parts):
                return f"value {i} of {len(wanted)}: {told}"
        return ""
    if isinstance(wanted, tuple | list) and isinstance(came, tuple | list):
        came = type(wanted)(came)
    if isinstance(wanted, float) and isinstance(came, Real):
        same = math.isclose(came, wanted, rel_tol=1e-4, abs_tol=1e-6)
    else:
        kinds = (int, float) if isinstance(wanted, int) else type(wanted)
        same = isinstance(came, kinds) and bool(came == wanted)
    if same:
        return ""
    kind = describe(wanted)
    if isinstance(wanted, int | float) and isinstance(came, Tensor):
        one = came.numel() == 1
        kind = f"{kind}: `.item()` takes the number out" if one else "one number"
    return f"came {describe(came)}, wanted {kind}."


def _tensors_differ(came: Any, wanted: Tensor, axes: str) -> str:
    if not isinstance(came, Tensor):
        return f"came {describe(came)}, wanted a tensor {axes}".rstrip() + "."
    came, wanted = came.detach().cpu(), wanted.detach().cpu()
    named = f" = {axes}" if axes else ""
    if came.ndim > 0 == wanted.ndim:
        return f"came {describe(came)}, wanted one number."
    if came.shape != wanted.shape:
        shapes = f"came the shape {tuple(came.shape)}, wanted {tuple(wanted.shape)}"
        return f"{shapes}{named}."
    if _kind(came) != _kind(wanted):
        return f"came {_kind(came)}, wanted {_kind(wanted)} {axes}".rstrip() + "."
    exact = torch.complex128 if came.is_complex() else torch.float64
    close = torch.isclose(came.to(exact), wanted.to(exact), 1e-4, 1e-5, equal_nan=True)
    if bool(close.all()):
        return ""
    place = tuple((~close).nonzero()[0].tolist())
    pair = came[place].item(), wanted[place].item()
    told = [f"{n:.4g}" if isinstance(n, float) else f"{n}" for n in pair]
    if told[0] == told[1]:
        told = [f"{n:.8g}" for n in pair]
    values = f"came {told[0]}, wanted {told[1]}."
    right = f"the shape {tuple(came.shape)}{named} is right, but at {place} "
    return f"{right if place else ''}{values}"


def describe(value: object) -> str:
    """A value in a few words: a tensor's shape and kind, else the beginning of it."""
    try:
        if isinstance(value, Raised):
            text = textwrap.shorten(f"{value.error}", 300, placeholder=" ...")
            said = f"your function raised {type(value.error).__name__}: {text}"
            return f"{said.rstrip('. :')}."
        text = _SHORT.repr(value)
    except Exception:  # 5,000 digits, a tensor without data, a __str__ that fails
        return f"an object of the class {type(value).__name__}"
    return text if len(text) <= 120 else f"{text[:116]} ..."


def _plain(value: Any) -> Any:
    """The number in a tensor () or a scalar of NumPy's; a tensor in a graph stays."""
    tensor = isinstance(value, Tensor) and value.ndim == 0 and not value.requires_grad
    return value.item() if tensor or isinstance(value, np.generic) else value


def _kind(tensor: Tensor) -> str:
    if tensor.is_floating_point():
        return "floats"
    if tensor.is_complex():
        return "complex numbers"
    return "bools" if tensor.dtype == torch.bool else "whole numbers"
