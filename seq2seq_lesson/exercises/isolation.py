"""Where an attempt may do what it likes, and the notebook goes on as before."""

from __future__ import annotations

import builtins
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from seq2seq_lesson.runtime import own_random_numbers, pick_device
from seq2seq_lesson.shapes.rewriter import HOME

# What the axes of an argument are called, by its name; all through the lesson.
AXES = {
    "src_emb": ("batch", "src_len", "emb"),
    "enc_states": ("batch", "src_len", "enc"),
    "keys": ("batch", "src_len", "enc"),
    "src_lengths": ("batch",),
    "src_mask": ("batch", "src_len"),
    "tgt_in": ("batch", "tgt_len"),
    "tgt_out": ("batch", "tgt_len"),
    "query": ("batch", "tgt_len", "hid"),
    "weights": ("batch", "tgt_len", "src_len"),
    "context": ("batch", "tgt_len", "enc"),
    "dec_state": ("batch", "hid"),
    "enc_state": ("batch", "hid"),
    "W_q": ("att", "hid"),
    "W_k": ("att", "enc"),
    "v": ("att",),
    "log_probs": ("tgt_len", "tgt_vocab"),
    "tgt_ids": ("tgt_len",),
    "looked": ("batch", "src_len"),
}


@contextmanager
def apart() -> Iterator[None]:
    """Seed the random numbers and forget the declared axes; put all back at the end.

    The device's random numbers are put back too, and so are PyTorch's switches for
    gradients and for the usual dtype.
    """
    checks = getattr(builtins, HOME, None)  # no `axes` yet, no checks
    states = random.getstate(), np.random.get_state()
    gradients, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    known = checks.known if checks else {}
    random.seed(0)
    np.random.seed(0)
    if checks:
        checks.known = {}  # a comment in the attempt may meet other sizes here
    try:
        with own_random_numbers(pick_device()):
            torch.manual_seed(0)
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_grad_enabled(gradients)
        torch.set_default_dtype(dtype)
        if checks:
            checks.known = known


@contextmanager
def bound(arguments: Mapping[str, object]) -> Iterator[None]:
    """Hold shape comments to the axes of one case: those its tensors are known to have.

    Else the first comment of an attempt would give the axes their sizes, true or false.
    A whole number that bears an axis's name, such as `enc_hid`, is its size.
    """
    checks = getattr(builtins, HOME, None)
    before = checks.known if checks else {}
    words = {word for axes in AXES.values() for word in axes} | {"enc_hid"}
    sizes: dict[str, set[int]] = {}
    for name, value in arguments.items():
        if isinstance(value, Tensor) and value.ndim == len(AXES.get(name, ())):
            for axis, size in zip(AXES[name], value.shape, strict=True):
                sizes.setdefault(axis, set()).add(size)
        elif name in words and isinstance(value, int):
            sizes.setdefault(name, set()).add(value)
    if checks:
        agreed = {axis: min(found) for axis, found in sizes.items() if len(found) == 1}
        checks.known = before | agreed
    try:
        yield
    finally:
        if checks:
            checks.known = before


@contextmanager
def unbound(*axes: str) -> Iterator[None]:
    """Shape comments may meet these axes in any size: a part is tried with several."""
    checks = getattr(builtins, HOME, None)
    before = checks.known if checks else {}
    if checks:
        checks.known = {axis: n for axis, n in before.items() if axis not in axes}
    try:
        yield
    finally:
        if checks:
            checks.known = before
