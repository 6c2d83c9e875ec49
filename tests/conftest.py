"""Set-up that all tests share: no window for pictures, one thread (small tensors)."""

import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

mpl.use("Agg")
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def ipython(monkeypatch, tmp_path):
    """Whoever asks for IPython gets a new one, and leaves nothing behind."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    main, path = sys.modules["__main__"], sys.path[:]
    yield
    InteractiveShell.clear_instance()
    sys.modules["__main__"], sys.path[:] = main, path
