"""Notebook 03's drawing of a decoder step by step, sizes on every arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from seq2seq_lesson.palette import BLUE, GREEN, ORANGE, PINK

GREY = "#555555"
AXES = {
    "enc_states": ("batch", "src_len", "enc"),
    "word_emb": ("batch", "emb"),
    "context": ("batch", "enc"),
    "dec_state": ("batch", "hid"),
    "logits": ("batch", "tgt_vocab"),
}
# All in inches. From the left: attention's column, the column of words and cells.
WIDE, TALL, ASIDE = 0.61, 0.22, 0.26  # half a box's sides; half the way between arrows
ACROSS, ONWARD, ALONE = 1.65, 1.55, 2.45  # column to column, on to the next step
UNROLLED = (1.42, 1.36, 2.3)  # the same where labels are names alone
WORD, EMBEDDING, CELL, LOOK = 0.0, 0.85, 2.1, 3.2  # heights of what stands there


def _labels(path: Mapping[str, Tensor]) -> dict[str, str]:
    """The live sizes of each tensor, after checking that they belong together."""
    sizes: dict[str, int] = {}
    for name, tensor in path.items():
        if name not in AXES or tensor.dim() != len(AXES[name]):
            raise ValueError(
                f"path: got {name} of size {tuple(tensor.shape)}, wanted one step's "
                f"tensors out of {AXES}: cut the tensor to one step"
            )
        for axis, size in zip(AXES[name], tensor.shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise ValueError(
                    f"path: {axis} is {sizes[axis]} in one tensor, {size} in {name}: "
                    "pass the tensors of one and the same step"
                )
    shapes = {name: AXES[name] for name in path} | {"word id": ("batch",)}
    return {
        name: "(" + ",\n".join(f"{axis} {sizes[axis]}" for axis in axes) + ")"
        for name, axes in shapes.items()
    }


class _Flow:
    """The pen: boxes, and arrows with their names.

    Of one step each arrow has its name and its size; over several steps names stand
    alone, each once, and larger.
    """

    def __init__(self, ax: Axes, shapes: Mapping[str, str], brief: bool) -> None:
        self.ax, self.shapes, self.brief = ax, shapes, brief
        self.size = 14.8 if brief else 12
        self.said: set[str] = set()

    def box(self, x: float, low: float, high: float, text: str, colour: str) -> None:
        box = Rectangle(
            (x - WIDE, low - TALL),
            2 * WIDE,
            high - low + 2 * TALL,
            fc="white",
            ec=colour,
            lw=2.2,
            zorder=3,
        )
        self.ax.add_patch(box)
        middle = (low + high) / 2
        size = self.size
        self.ax.text(x, middle, text, ha="center", va="center", fontsize=size, zorder=4)

    def word(self, x: float, y: float, text: str) -> None:
        self.ax.text(x, y, text, ha="center", va="center", fontsize=15, style="italic")

    def arrow(
        self,
        corners: Sequence[tuple[float, float]],
        name: str,
        colour: str,
        x: float,
        y: float,
        ha: Literal["left", "right"] = "left",
        tensor: str = "",
    ) -> None:
        """Draw an arrow along its corners, what names it at (`x`, `y`)."""
        xs, ys = zip(*corners, strict=True)
        self.ax.plot(
            xs[:-1], ys[:-1], color=colour, lw=1.6, zorder=1, solid_capstyle="butt"
        )
        style = {
            "arrowstyle": "-|>",
            "color": colour,
            "lw": 1.6,
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": 13,
        }
        self.ax.annotate("", xy=corners[-1], xytext=corners[-2], arrowprops=style)
        label = name if self.brief else f"{name}\n{self.shapes[tensor or name]}"
        if not (self.brief and name in self.said):
            text = self.ax.text(x, y, label, ha=ha, va="center", fontsize=self.size)
            text.set_linespacing(0.95)
        self.said.add(name)

    def joint(self, x: float, y: float, colour: str) -> None:
        """A dot where one line becomes two."""
        self.ax.plot([x], [y], "o", color=colour, ms=5, zorder=2)


def _attend_before(flow: _Flow, x: float, look: float, write: float, old: str) -> None:
    """The old state asks; the context goes into the cell and to the words."""
    flow.joint(look, CELL, GREEN)
    up = [(look, CELL), (look, LOOK - TALL)]
    flow.arrow(up, old, GREEN, look - 0.07, CELL + 0.47, "right", "dec_state")
    edge, side = look + WIDE, x - ASIDE
    flow.joint(side, LOOK, ORANGE)
    for end, y in ((CELL + TALL, CELL + 0.62), (write - TALL, LOOK + 0.54)):
        way = [(edge, LOOK), (side, LOOK), (side, end)]
        flow.arrow(way, "context", ORANGE, side - 0.07, y, "right")


def _attend_after(flow: _Flow, x: float, look: float, write: float, new: str) -> None:
    """The new state asks; the context goes to the words and nowhere else."""
    side = x - ASIDE
    up = [(side, CELL + TALL), (side, LOOK), (look + WIDE, LOOK)]
    flow.arrow(up, new, GREEN, side - 0.07, CELL + 0.62, "right", "dec_state")
    side = look + ASIDE
    way = [(side, LOOK + TALL), (side, write), (x - WIDE, write)]
    flow.arrow(way, "context", ORANGE, side + 0.07, LOOK + 0.55)


def decoder_flow(
    path: Mapping[str, Tensor],
    words_in: Sequence[str],
    words_out: Sequence[str],
    ax: Axes | None = None,
) -> Axes:
    """Draw the decoder: one step with all sizes, or unrolled over the words it reads.

    The order of the tensors in `path` is the order in which one step computed them.
    `context` before `dec_state`: the old state asks, attention comes before the cell.
    After it: the new state asks. Absent: no attention. Over several steps the states
    are numbered, step i turns state_i into state_i+1, and each name stands there once.

    Shapes
        path: `enc_states` (batch, src_len, enc) and, of one step, `word_emb`
            (batch, emb), `context` (batch, enc), `dec_state` (batch, hid) and
            `logits` (batch, tgt_vocab), each with the size it has
    Raises
        ValueError: a tensor is unknown or has another number of axes, two tensors
            disagree on an axis, or the words read and written differ in number.
    """
    if len(words_in) != len(words_out):
        raise ValueError(
            f"words_in: got {len(words_in)}, but {len(words_out)} words_out: pass one "
            "word read and one word written for each step"
        )
    shapes = _labels(path)
    names, attends = list(path), "context" in path
    write = LOOK + 1.1 if attends else LOOK + 0.1
    out, bus = write + 1.05, write + 1.5
    brief = len(words_in) > 1
    across, onward, alone = UNROLLED if brief else (ACROSS, ONWARD, ALONE)
    step = across + onward if attends else alone
    encoder = -across - onward if attends else -alone
    left, right = encoder - WIDE - 0.1, step * (len(words_in) - 1) + 1.5
    high = (bus if attends else out) + 0.35
    if ax is None:
        size = (right - left, high + 0.25)
        ax = plt.figure(figsize=size).add_axes((0, 0, 1, 1))
    flow = _Flow(ax, shapes, brief)
    flow.box(encoder, CELL, bus if attends else CELL, "encoder", BLUE)
    states = ["old state", "new state"]
    if brief:
        states = [f"state_{number}" for number in range(len(words_in) + 1)]
    for number, (read, written) in enumerate(zip(words_in, words_out, strict=True)):
        x, old, new = step * number, states[number], states[number + 1]
        look, side = x - across, x + (ASIDE if attends else 0)
        flow.word(x, WORD, read)
        flow.word(x, out, written)
        flow.box(x, EMBEDDING, EMBEDDING, "embedding", PINK)
        flow.box(x, CELL, CELL, "GRU cell", GREEN)
        flow.box(x, write, write, "write", GREY)
        up = [(x, WORD + 0.17), (x, EMBEDDING - TALL)]
        flow.arrow(up, "word id", GREY, x + 0.09, 0.4)
        up = [(x, EMBEDDING + TALL), (x, CELL - TALL)]
        if attends:
            flow.arrow(up, "word_emb", PINK, x + 0.09, 1.45)
        else:
            flow.arrow(up, "word_emb", PINK, x - 0.07, 1.4, "right")
        came = x - step + WIDE if number else encoder + WIDE
        way, y = [(came, CELL), (x - WIDE, CELL)], CELL - (0.2 if brief else 0.38)
        start = (look if attends and not brief else came) + 0.12
        flow.arrow(way, old, GREEN, start, y, tensor="dec_state")
        up, y = [(side, CELL + TALL), (side, write - TALL)], write - 0.63
        place = (x + WIDE + 0.09, CELL - 0.2) if brief else (side + 0.09, y)
        flow.arrow(up, new, GREEN, *place, tensor="dec_state")
        up = [(x, write + TALL), (x, out - 0.17)]
        flow.arrow(up, "logits", GREY, x + 0.09, write + 0.54)
        if attends:
            flow.box(look, LOOK, LOOK, "attention", ORANGE)
            down = look - ASIDE
            way = [(encoder + WIDE, bus), (down, bus), (down, LOOK + TALL)]
            flow.arrow(way, "enc_states", BLUE, down + 0.09, write + 0.62)
            if names.index("context") < names.index("dec_state"):
                _attend_before(flow, x, look, write, old)
            else:
                _attend_after(flow, x, look, write, new)
    way = [(x + WIDE, CELL), (right - 0.1, CELL)]
    y = CELL + 0.38 if attends else CELL - (0.2 if brief else 0.38)
    flow.arrow(way, new, GREEN, x + WIDE + 0.09, y, tensor="dec_state")
    ax.set_xlim(left, right)
    ax.set_ylim(-0.25, high)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax
