"""Where an attempt may do what it likes, and the notebook goes on as before.

Source
    ours
"""

from __future__ import annotations

import builtins
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from seq2seq_lesson.runtime import pick_device
from seq2seq_lesson.shapes.rewriter import HOME


@contextmanager
def apart() -> Iterator[None]:
    """Seed the random numbers and forget the declared axes; put all back at the end.

    The device's random numbers are put back too, and so are PyTorch's switches for
    gradients and for the usual dtype.
    """
    checks = getattr(builtins, HOME, None)  # no `axes` yet, no checks
    states = random.getstate(), np.random.get_state()
    kind = pick_device().type
    devices = [] if kind == "cpu" else [kind]  # beside the CPU
    gradients, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    known = checks.known if checks else {}
    random.seed(0)
    np.random.seed(0)
    if checks:
        checks.known = {}  # a comment in the attempt may meet other sizes here
    try:
        with torch.random.fork_rng(devices, device_type=kind):
            torch.manual_seed(0)
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_grad_enabled(gradients)
        torch.set_default_dtype(dtype)
        if checks:
            checks.known = known
