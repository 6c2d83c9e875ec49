"""The figures of notebook 03: how the decoder's data flows, and what it can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter
from torch import Tensor

from seq2seq_lesson.plots.attention import attention_map

BLUE, ORANGE, GREEN, GREY, PINK = "#0072B2", "#E69F00", "#009E73", "#555555", "#CC79A7"
AXES = {
    "enc_states": ("batch", "src_len", "enc"),
    "word_emb": ("batch", "emb"),
    "context": ("batch", "enc"),
    "dec_state": ("batch", "hid"),
    "logits": ("batch", "tgt_vocab"),
}
BOXES = {  # the tensor that comes out -> the box it comes out of
    "word_emb": ("embedding", PINK),
    "context": ("attention", ORANGE),
    "dec_state": ("GRU cell", GREEN),
    "logits": ("write", GREY),
}
BETWEEN, WIDE, TALL = 5.0, 0.8, 0.3  # from step to step; half a box's sides


def _labels(path: Mapping[str, Tensor]) -> dict[str, str]:
    """Name and live size of each tensor, after checking that they belong together."""
    sizes: dict[str, int] = {}
    labels = {}
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
        inside = ", ".join(f"{axis} {sizes[axis]}" for axis in AXES[name])
        labels[name] = f"{name}\n({inside})"
    return labels


def _arrow(ax: Axes, corners, label: str = "", dx=0.12, dy=0.0, ha="left") -> None:
    """Draw an arrow along its corners, its label beside the middle of the last leg."""
    xs, ys = zip(*corners, strict=True)
    ax.plot(xs[:-1], ys[:-1], color=GREY, lw=1, zorder=1, solid_capstyle="butt")
    style = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", xy=corners[-1], xytext=corners[-2], arrowprops=style, zorder=1)
    x, y = (xs[0] + xs[1]) / 2 + dx, (ys[0] + ys[1]) / 2 + dy
    ax.text(x, y, label, ha=ha, va="center", fontsize=7, linespacing=0.95)


def _box(ax: Axes, x: float, low: float, high: float, text: str, colour: str) -> None:
    style = {"fc": "white", "ec": colour, "lw": 2, "zorder": 3}
    corner = (x - WIDE, low - TALL)
    ax.add_patch(Rectangle(corner, 2 * WIDE, high - low + 2 * TALL, **style))
    ax.text(x, (low + high) / 2, text, ha="center", va="center", fontsize=9, zorder=4)


def decoder_flow(
    path: Mapping[str, Tensor],
    words_in: Sequence[str],
    words_out: Sequence[str],
    ax: Axes | None = None,
) -> Axes:
    """Draw the decoder, unrolled over the words it reads, sizes on its arrows.

    The order of the tensors in `path` is the order in which one step computed them;
    boxes stand in that order, from bottom to top. `context` before `dec_state`:
    attention before the cell. After it: attention after. Absent: no attention.

    Shapes
        path:   `enc_states` (batch, src_len, enc) and, of one step, `word_emb`
            (batch, emb), `context` (batch, enc), `dec_state` (batch, hid) and
            `logits` (batch, tgt_vocab), each with the size it has
        return: the axes drawn on
    Raises
        ValueError: a tensor is unknown or has another number of axes, two tensors
            disagree on an axis, or the words read and written differ in number.
    """
    if len(words_in) != len(words_out):
        raise ValueError(
            f"words_in: got {len(words_in)}, but {len(words_out)} words_out: pass one "
            "word read and one word written for each step"
        )
    labels = _labels(path)
    order = [name for name in path if name in BOXES]
    height = {name: 1.5 * row for row, name in enumerate(order)}
    before = "context" in order and order.index("context") < order.index("dec_state")
    top, cell = height["logits"], height["dec_state"]
    end = BETWEEN * (len(words_in) - 1)
    if ax is None:
        size = (2.8 + 1.95 * len(words_in), 1.5 + 0.95 * len(order))
        _, ax = plt.subplots(figsize=size, layout="constrained")
    bus = height.get("context", cell)
    _box(ax, -BETWEEN, min(bus, cell), max(bus, cell), "encoder", BLUE)
    if "context" in order:
        ax.plot([-BETWEEN, end], [bus, bus], color=BLUE, lw=1.5, zorder=0)
        text = {"ha": "center", "va": "center", "fontsize": 7}
        ax.text(-BETWEEN / 2, bus - 0.3, labels["enc_states"], **text)
    for step, words in enumerate(zip(words_in, words_out, strict=True)):
        x = BETWEEN * step
        for name in order:
            _box(ax, x, height[name], height[name], *BOXES[name])
        ax.text(x, -1.1, words[0], ha="center", va="center", style="italic")
        ax.text(x, top + 1.45, words[1], ha="center", va="center", style="italic")
        _arrow(ax, [(x, -0.9), (x, -TALL)])
        _arrow(ax, [(x, top + TALL), (x, top + 1.2)], labels["logits"])
        left, right, came_from = x - WIDE, x + WIDE, (x - BETWEEN + WIDE, cell)
        state = [came_from, (left, cell)]
        _arrow(ax, state, labels["dec_state"], 0.6 * (step > 0), 0.3, "center")
        for below, above in pairwise(order):
            leg = [(x, height[below] + TALL), (x, height[above] - TALL)]
            if not (before and below == "word_emb"):  # attention never sees the word
                _arrow(ax, leg, labels[below])
        if before:
            side, up = left - 0.3, cell - 0.17
            around = [(left, 0), (side, 0), (side, up), (left, up)]
            _arrow(ax, around, labels["word_emb"], 0, -0.35, "right")
            side, low = right + 1.35, bus + 0.12
            _arrow(ax, [(right, low), (side, low), (side, top), (right, top)])
            _arrow(ax, [came_from, (left, bus + 0.12)])
        elif "context" in order:
            side, low = right + 1.35, cell + 0.12
            _arrow(ax, [(right, low), (side, low), (side, top), (right, top)])
    ax.set_xlim(-BETWEEN - 1.1, end + 2.6)
    ax.set_ylim(-1.5, top + 1.9)
    ax.axis("off")
    return ax


def exact_by_length(
    shares: Mapping[str, Mapping[int, float]], ax: Axes | None = None
) -> Axes:
    """Draw how many sentences each model gets right, over the source's length.

    Shapes
        shares: model name -> {source length in tokens: share, 0 to 1}
        return: the axes drawn on
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
    styles = zip((BLUE, ORANGE, GREEN, GREY), "os^D", strict=True)
    for name, (colour, marker) in zip(shares, styles, strict=False):
        by_length = shares[name]
        lengths = sorted(by_length)
        heights = [by_length[length] for length in lengths]
        ax.plot(lengths, heights, color=colour, marker=marker, label=name)
        ax.set_xticks(lengths)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("source length (tokens, without end of sentence)")
    ax.set_ylabel("share exactly right")
    ax.legend()
    return ax


def weights_by_treatment(
    weights: Mapping[str, Tensor], source_words: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw one step's weights, a row for each thing done to the encoder's states.

    Shapes
        weights: treatment -> (src_len,) float, sums to 1
        return:  the axes drawn on
    """
    rows = torch.stack([*weights.values()])
    ax = attention_map(rows, source_words, list(weights), ax)
    ax.set_ylabel("encoder's states")
    ax.set_xlabel("position read")
    return ax


def aligned_positions(
    alignments: Sequence[Sequence[tuple[int, int]]], ax: Axes | None = None
) -> Axes:
    """Draw which source position explains which target position, over a corpus.

    Shapes
        alignments: per sentence, pairs (source position, target position), from 0
        return:     the axes drawn on; each row sums to 1
    """
    pairs = np.array([pair for alignment in alignments for pair in alignment])
    source, target = pairs.T
    counts = np.zeros((target.max() + 1, source.max() + 1))
    np.add.at(counts, (target, source), 1)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    if ax is None:
        _, ax = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
    image = ax.imshow(shares, vmin=0, vmax=1, cmap="cividis")
    ax.figure.colorbar(image, ax=ax, label="share of links (each row sums to 1)")
    ax.set_xlabel("position in the source")
    ax.set_ylabel("position in the target")
    return ax


def dot_variance(
    sizes: Sequence[int], plain: Sequence[float], scaled: Sequence[float], ax=None
) -> Axes:
    """Draw the measured variance of dot products, plain and divided by √size.

    Shapes
        sizes, plain, scaled: one entry for each size of the vectors
        return: the axes drawn on
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    ax.loglog(sizes, plain, "o-", color=ORANGE, label="q · k")
    ax.loglog(sizes, scaled, "s-", color=BLUE, label="q · k / √size")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("size of the two vectors")
    ax.set_ylabel("variance of their product")
    ax.legend()
    return ax
