"""Set-up that all tests share: no window for pictures, one thread (small tensors)."""

import matplotlib as mpl
import torch

mpl.use("Agg")
torch.set_num_threads(1)
