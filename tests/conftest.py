"""Set-up that all tests share."""

import matplotlib as mpl
import torch

mpl.use("Agg")
torch.set_num_threads(2)
