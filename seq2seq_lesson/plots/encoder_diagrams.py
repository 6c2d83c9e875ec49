"""Notebook 02's diagrams: the unrolled encoder, and one GRU step in colours."""

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Rectangle
from torch import Tensor

from seq2seq_lesson.drawing import Point
from seq2seq_lesson.plots import lettered
from seq2seq_lesson.plots.encoder import COLOURS, GATES, STATES, TEXT, new_axes


def _arrow(
    ax: Axes,
    start: Point,
    end: Point,
    label: str = "",
    offset: Point = (0.0, 0.0),
    colour: str = "0.3",
) -> None:
    style = {
        "arrowstyle": "-|>",
        "color": colour,
        "lw": 1.8,
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 15,
    }
    ax.annotate("", xy=end, xytext=start, arrowprops=style)
    x, y = (start[0] + end[0]) / 2 + offset[0], (start[1] + end[1]) / 2 + offset[1]
    ax.text(x, y, label, ha="center", va="center", fontsize=TEXT, color=colour)


def _box(ax: Axes, x: float, y: float, label: str, colour: str) -> None:
    style = {"boxstyle": "round,pad=0.3", "fc": colour, "ec": "0.3"}
    ax.text(
        x,
        y,
        label,
        color="white",
        bbox=style,
        ha="center",
        va="center",
        fontsize=TEXT,
    )


def _strip(
    ax: Axes, vector: Tensor, x: float, y: float, label: str, scale: ScalarMappable
) -> None:
    """A vector as a column of coloured cells centred on (x, y), named above."""
    values = vector.detach().cpu().tolist()
    height = 0.2
    top = y + len(values) * height / 2
    for i, value in enumerate(values):
        corner, face = (x - 0.2, top - (i + 1) * height), scale.to_rgba(value)
        ax.add_patch(Rectangle(corner, 0.4, height, fc=face, ec="0.5", lw=0.4))
    text = f"{label}\n{tuple(vector.shape)}"
    ax.text(x, top + 0.06, text, ha="center", fontsize=TEXT)


def unrolled_encoder(
    words: Sequence[str],
    src_ids: Tensor,
    src_emb: Tensor,
    enc_states: Tensor,
    h_n: Tensor,
    ax: Axes | None = None,
    cell: str = "GRU",
) -> Axes:
    """Draw a one-directional encoder once a word, with the shape on every arrow.

    Shapes
        src_ids:    (batch, src_len) long
        src_emb:    (batch, src_len, emb) float
        enc_states: (batch, src_len, enc) float
        h_n:        (1, batch, enc_hid) float
    Args
        words: one batch row's words, written below
    """
    ax = new_axes(ax, 10.2, 5.2, blank=True)
    blue, orange, green = COLOURS[0], lettered(COLOURS[5]), lettered(COLOURS[2])
    last = str(tuple(h_n.shape))
    write = partial(ax.text, fontsize=TEXT, va="center")
    for y, tensor, name, colour in (
        (0.95, src_ids, "src_ids", "0.3"),
        (2.2, src_emb, "src_emb", "0.3"),
        (3.95, enc_states, "enc_states", green),
    ):
        label = f"{name}\n{tuple(tensor.shape)}"
        write(-0.75, y, label, color=colour, ha="right")
    _arrow(ax, (-1, 3.05), (-0.4, 3.05), colour=orange)
    write(-1.05, 3.05, f"zeros\n{last}", color=orange, ha="right")
    for step, word in zip(range(src_emb.shape[1]), words, strict=True):
        x = 1.45 * step
        state = str(tuple(enc_states[:, step].shape))
        write(x, 0.35, word, ha="center", weight="bold")
        ids = str(tuple(src_ids[:, step].shape))
        _arrow(ax, (x, 0.6), (x, 1.28), ids, (0.3, 0))
        _box(ax, x, 1.5, "embedding", blue)
        vectors = str(tuple(src_emb[:, step].shape))
        _arrow(ax, (x, 1.74), (x, 2.8), vectors, (0.36, -0.05))
        _box(ax, x, 3.05, cell, orange)
        _arrow(ax, (x, 3.3), (x, 4.3), state, (0.36, 0.15), green)
        if step < src_emb.shape[1] - 1:
            _arrow(ax, (x + 0.4, 3.05), (x + 1.05, 3.05), state, (0, -0.25), orange)
    end = 1.45 * (src_emb.shape[1] - 1)
    _arrow(ax, (end + 0.4, 3.05), (end + 1, 3.05), colour=orange)
    write(end + 1.05, 3.05, f"h_n\n{last}", color=orange, ha="left")
    ax.set(xlim=(-2, end + 1.95), ylim=(0.1, 4.5))
    return ax


def gru_step(
    word_emb: Tensor,
    old_state: Tensor,
    reset: Tensor,
    update: Tensor,
    candidate: Tensor,
    new_state: Tensor,
    ax: Axes | None = None,
) -> Axes:
    """Draw one step of a GRU for one sentence: live numbers as colours, and arrows.

    Dark arrows carry what becomes the new state. Grey ones make the gates and carry
    them to where, in a circle, a gate multiplies what passes.

    Shapes
        word_emb: (emb,) float; drawn clipped to -1 to 1
        others:   (enc_hid,) float; the gates from 0 to 1, the states from -1 to 1
    """
    ax = new_axes(ax, 8, 5.3, blank=True)
    grey = "0.45"
    _strip(ax, old_state, 0.6, 4.9, "old state $h_{t-1}$", STATES)
    _strip(ax, word_emb, 0.6, 0.7, "word $x_t$", STATES)
    _strip(ax, reset, 3.2, 1.4, "reset gate $r_t$", GATES)
    _strip(ax, update, 3.2, 4.4, "update gate $z_t$", GATES)
    _strip(ax, candidate, 6.4, 1.1, "candidate $n_t$", STATES)
    _strip(ax, new_state, 9.0, 3.7, "new state $h_t$", STATES)
    ax.plot(1.9, 2.5, "o", color=grey, markersize=9)
    for start in ((0.85, 4.15), (0.85, 1.1)):
        _arrow(ax, start, (1.88, 2.5), colour=grey)
    for end in ((2.97, 4.1), (2.97, 1.8)):
        _arrow(ax, (1.92, 2.5), end, colour=grey)
    keep, consult, write = (7.2, 6), (4.6, 2.7), (7.7, 2.4)  # where a gate multiplies
    _arrow(ax, (3.43, 4.7), (7.05, 5.9), "$z_t$", (0, 0.25), grey)
    _arrow(ax, (3.43, 4.1), (7.55, 2.5), "$1 - z_t$", (0.2, 0.3), grey)
    _arrow(ax, (3.43, 1.9), (4.48, 2.58), "$r_t$", (0.2, -0.2), grey)
    _arrow(ax, (0.85, 5.6), (7, 6), "the old state", (-1.4, 0.22))
    asked = "$W_{hn}h_{t-1} + b_{hn}$"
    _arrow(ax, (0.85, 4.5), (4.4, 2.76), asked, (0.4, -0.7))
    _arrow(ax, (0.85, 0.25), (6.17, 0.4), "$W_{in}x_t + b_{in}$", (-0.9, -0.28))
    text = r"$r_t \odot (W_{hn}h_{t-1} + b_{hn})$"
    _arrow(ax, (4.72, 2.6), (6.17, 1.6), text, (-0.55, -0.75))
    _arrow(ax, (6.63, 1.5), (7.57, 2.27))
    _arrow(ax, (7.35, 5.9), (8.77, 4.2), r"$z_t \odot h_{t-1}$", (0.6, 0.3))
    _arrow(ax, (7.83, 2.52), (8.77, 3.2), r"$(1 - z_t) \odot n_t$", (0.75, -0.35))
    for x, y in (keep, consult, write):
        ax.plot(x, y, "o", color="white", mec="0.3", markersize=18, zorder=3)
        ax.text(x, y, "×", ha="center", va="center", fontsize=TEXT + 2, zorder=4)
    bars = ((0.73, GATES, "gates"), (0.88, STATES, "states, word"))
    for left, scale, label in bars:
        inset = ax.inset_axes((left, 0.05, 0.11, 0.03))
        ends = scale.get_clim()
        ax.figure.colorbar(scale, cax=inset, orientation="horizontal", ticks=ends)
        inset.set_title(label, fontsize=TEXT)
    ax.set(xlim=(-0.2, 9.8), ylim=(-0.2, 6.5))
    return ax
