"""Draw README's picture from the live things: a shape table, an attention map.

`make picture` writes .github/picture.png.
"""

import io
from contextlib import redirect_stdout

import matplotlib as mpl
from IPython.core.interactiveshell import InteractiveShell

from seq2seq_lesson.plots.attention import attention_map
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.translation import translate
from tools.address import ROOT

mpl.use("Agg")
SENTENCE = "il achete mon grand chat noir ."
SETTINGS = """\
import torch
from torch import nn
from seq2seq_lesson.shapes import axes
axes(batch=2, src_len=5, enc=7, hid=6, att=8)
"""
CELL = """\
enc_states = torch.rand(2, 5, 7)        # (batch, src_len, enc)
dec_state = torch.rand(2, 6)            # (batch, hid)
W_q, W_k, v = nn.Linear(6, 8), nn.Linear(7, 8), nn.Linear(8, 1)

query_proj = W_q(dec_state).unsqueeze(1)                    # (batch, 1, att)
keys_proj = W_k(enc_states)                                 # (batch, src_len, att)
scores = v(torch.tanh(query_proj + keys_proj)).squeeze(-1)  # (batch, src_len)
"""


def table_below(cell: str) -> str:
    """Run the cell in IPython and return the text that appears below it."""
    shell = InteractiveShell.instance()
    shell.run_cell(SETTINGS, store_history=True)
    with redirect_stdout(io.StringIO()) as said:
        shell.run_cell(cell, store_history=True).raise_error()
    return said.getvalue().strip()


def main() -> None:
    import matplotlib.pyplot as plt

    figure, (code, heat) = plt.subplots(
        1, 2, figsize=(13, 5), width_ratios=[7.3, 5], layout="constrained"
    )
    code.set_axis_off()
    text = {"family": "monospace", "fontsize": 9.5, "va": "top"}
    box = {"facecolor": "#f4f4f4", "edgecolor": "#cccccc", "boxstyle": "round,pad=0.8"}
    code.text(0.02, 0.9, CELL.strip(), bbox=box, **text)
    code.text(0.02, 0.5, table_below(CELL), **text)
    model, *vocabularies = load_pretrained("general-after")
    found = translate(model, [SENTENCE], *vocabularies)[0]
    attention_map(found.weights, found.source_words, found.words, heat)
    figure.savefig(ROOT / ".github" / "picture.png", dpi=110)


if __name__ == "__main__":
    main()
