"""The other figures of notebook 03: what a decoder can hold, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from torch import Tensor

from seq2seq_lesson.palette import BLUE, GREEN, INK, ORANGE, PINK
from seq2seq_lesson.plots import with_styles
from seq2seq_lesson.plots.attention import attention_map

GREY = "#555555"


def vectors(
    query: Tensor,
    keys: Tensor,
    weights: Tensor,
    context: Tensor,
    ax: Axes | None = None,
) -> Axes:
    """Draw a query, the keys that it is compared with, and their weighted mean.

    A key's arrow is as thick as its weight, which stands beside its name.

    Shapes
        query, context: (2,) float
        keys:           (src_len, 2) float
        weights:        (src_len,) float, sums to 1
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7.4, 4.6), layout="constrained")
    shares = weights.detach().tolist()
    drawn = [("query", query, ORANGE, 3.0, "--")]
    drawn += [
        (f"key {n}: {share:.0%}", key, BLUE, 1.5 + 6 * share, "-")
        for n, (key, share) in enumerate(zip(keys, shares, strict=True))
    ]
    drawn += [("context", context, INK, 3.0, ":")]
    for name, vector, colour, width, line in drawn:
        x, y = vector.detach().tolist()
        style = {"arrowstyle": "-|>", "color": colour, "lw": width, "zorder": 3}
        style |= {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 20}
        start = (0, 0)
        if line != "-":  # the shaft alone is broken, the head is whole
            start = (0.96 * x, 0.96 * y)
            ax.plot([0, start[0]], [0, start[1]], line, c=colour, lw=width, zorder=2)
        ax.annotate("", xy=(x, y), xytext=start, arrowprops=style)
        to_the, aside = ("right", -0.04) if x < 0 else ("left", 0.08)
        if name == "context":  # its arrow lies among the others
            to_the, aside = "center", 0.06
        box = {"fc": "white", "ec": "none", "pad": 1, "alpha": 0.8}
        text = ax.text(x + aside, y + 0.14, name, ha=to_the, va="center", bbox=box)
        text.set(color=INK, fontsize=14)
    points = [vector.detach().tolist() for _, vector, *_ in drawn] + [[0, 0]]
    left, low = (min(values) for values in zip(*points, strict=True))
    right, high = (max(values) for values in zip(*points, strict=True))
    ax.set_xlim(left - 1.0, right + 0.8)
    ax.set_ylim(low - 0.4, high + 0.4)
    ax.axhline(0, color=GREY, lw=0.8, zorder=0)
    ax.axvline(0, color=GREY, lw=0.8, zorder=0)
    ax.set_aspect("equal")
    ax.set_xlabel("first number")
    ax.set_ylabel("second number")
    return ax


def exact_by_length(
    counts: Mapping[str, Mapping[int, tuple[int, int]]],
    ax: Axes | None = None,
    fewest: int = 1,
) -> Axes:
    """Draw how many sentences each model gets right, over the source's length.

    Args
        counts: model name -> {source length in tokens: (right ones, sentences)}
        fewest: lengths with fewer sentences are left out
    Raises
        ValueError: there are more than five models.
    """
    styles = zip((BLUE, ORANGE, GREEN, GREY, PINK), "os^Dv", strict=True)
    styled = with_styles(counts, list(styles))
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    sizes: dict[int, int] = {}
    for name, by_length, (colour, marker) in styled:
        kept = {n: c for n, c in sorted(by_length.items()) if c[1] >= fewest}
        sizes |= {length: size for length, (_, size) in kept.items()}
        heights = [right / size for right, size in kept.values()]
        (line,) = ax.plot([*kept], heights, color=colour, marker=marker, label=name)
        line.set(lw=2.5, ms=9)
        if colour == BLUE:  # hollow and on top: seen even where it lies on another
            line.set(linestyle="--", fillstyle="none", ms=11, mew=2, zorder=3)
    ticks = [f"{length}\n({sizes[length]})" for length in sorted(sizes)]
    ax.set_xticks(sorted(sizes), ticks)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("source length in tokens (sentences)")
    ax.set_ylabel("share exactly right")
    ax.legend(loc="lower left")
    return ax


def weights_by_treatment(scores: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """Draw one step's weights: a panel for each score, a row for each treatment.

    Each weight stands there in per cent. The scale ends at a half, so that small
    weights differ in colour, too.

    Shapes
        scores: score -> treatment -> (positions,) float, sums to 1
    """
    panels = {title: torch.stack([*rows.values()]) for title, rows in scores.items()}
    figure, axs = plt.subplots(
        len(panels), 1, figsize=(8, 2.6 * len(panels)), layout="constrained"
    )
    for ax, (title, rows) in zip(np.atleast_1d(axs), panels.items(), strict=True):
        positions = [str(position) for position in range(rows.shape[1])]
        attention_map(rows, positions, [*scores[title]], ax, colour_bar=False)
        ax.images[0].set_clim(0, 0.5)
        for (row, column), share in np.ndenumerate(rows.detach().cpu().numpy()):
            colour = INK if share > 0.28 else "white"
            text = f"{100 * share:.0f}"
            ax.text(column, row, text, ha="center", va="center", color=colour)
        for row in range(1, len(rows)):  # rows that are equal must not melt together
            ax.axhline(row - 0.5, color="white", lw=4)
        ax.set_xticks(range(len(positions)), positions, rotation=0, ha="center")
        ax.set_xlabel("")  # positions, and weights in per cent: for the title
        ax.set_ylabel("")
        ax.set_title(f"{title}: weights of positions 0 to {positions[-1]}, per cent")
    return figure


def dot_variance(
    sizes: Sequence[int],
    plain: Sequence[float],
    scaled: Sequence[float],
    ax: Axes | None = None,
) -> Axes:
    """Draw the measured variance of dot products, plain and divided by √size.

    Args
        sizes, plain, scaled: one entry for each size of the vectors
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
