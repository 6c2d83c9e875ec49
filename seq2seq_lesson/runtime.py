"""Where the lesson runs: device, seeds, folders, clock."""

import gc
import os
import platform
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

DEVICES = ("auto", "cpu", "cuda", "mps")
OLDEST = {"torch": (2, 4), "numpy": (1, 26), "ipython": (7, 34), "ipywidgets": (7, 7)}


def pick_device(name: str | None = None) -> torch.device:
    """Take the named device; else $SEQ2SEQ_LESSON_DEVICE; else the best there is.

    Raises ValueError: the name is unknown, or this machine has no such device.
    """
    name = name or os.environ.get("SEQ2SEQ_LESSON_DEVICE") or "auto"
    if name not in DEVICES:
        raise ValueError(f"device: got {name!r}, wanted one of {', '.join(DEVICES)}")
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if cuda else "mps" if mps else "cpu"
    if not {"cpu": True, "cuda": cuda, "mps": mps}[name]:
        raise ValueError(
            f"device: got {name!r}, but PyTorch finds none here: take 'auto' or 'cpu'"
        )
    return torch.device(name)


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's random numbers, on all devices."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def own_random_numbers(device: torch.device) -> AbstractContextManager[None]:
    """What is seeded and drawn inside leaves PyTorch's generators as they were."""
    kind = device.type
    cards = 0 if kind == "cpu" else getattr(torch, kind).device_count()
    return torch.random.fork_rng(range(cards), device_type=kind)


@contextmanager
def without_collector() -> Iterator[None]:
    """Make millions of objects in half the time: nothing of them is garbage yet."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def where_am_i() -> str:
    """Say "test", "page" (which is made now), "colab", "jupyter" or "python"."""
    if os.environ.keys() & {"SEQ2SEQ_LESSON_TEST", "PYTEST_CURRENT_TEST"}:
        return "page" if os.environ.get("SEQ2SEQ_LESSON_TEST") == "page" else "test"
    return _front()


def _front() -> str:
    if "google.colab" in sys.modules:
        return "colab"
    return "jupyter" if "ipykernel" in sys.modules else "python"


def data_folder() -> Path:
    """Where downloads lie: $SEQ2SEQ_LESSON_DATA, or the user's cache; absolute."""
    folder = os.environ.get("SEQ2SEQ_LESSON_DATA")
    if not folder:
        import pooch  # only a download needs it

        folder = pooch.os_cache("seq2seq-lesson")
    return Path(folder).expanduser().absolute()


def environment_table() -> str:
    """List versions, device and corpus; the last lines say what is amiss, if any is."""
    rows, advice = [("Python", platform.python_version())], []
    for name, oldest in OLDEST.items():
        try:
            rows.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            rows.append((name, "missing"))
        # A missing package has no numbers and is older than any.
        if tuple(map(int, re.findall(r"\d+", rows[-1][1])[:2])) < oldest:
            advice.append(f"pip install '{name}>={'.'.join(map(str, oldest))}'")
    where, corpus = _front(), os.environ.get("SEQ2SEQ_LESSON_CORPUS") or "bundled"
    if where == "colab" and not dict(rows)["ipywidgets"].startswith("7."):
        advice.append("Colab shows no ipywidgets 8: pip install 'ipywidgets<8'")
    if corpus not in ("bundled", "tatoeba") and not Path(corpus).exists():
        advice.append(f"SEQ2SEQ_LESSON_CORPUS: there is no file {corpus!r}")
    try:
        device = str(pick_device())
    except ValueError as problem:
        device = "none"
        advice.append(f"SEQ2SEQ_LESSON_DEVICE: {problem}")
    rows += [("device", device), ("where", where), ("corpus", corpus)]
    rows += [("advice", line) for line in advice]
    return "\n".join(f"{name:<12}{value}" for name, value in rows)


def median_seconds(action: Callable[[], object], repeats: int = 5) -> float:
    """Time an action: one call to warm up, then the median of some, in seconds.

    What a GPU still has to do belongs to the call that asked for it.
    """
    action()
    times = []
    for _ in range(repeats):
        _finish()
        begin = time.perf_counter()
        action()
        _finish()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def _finish() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    elif torch.backends.mps.is_available():
        torch.mps.synchronize()
