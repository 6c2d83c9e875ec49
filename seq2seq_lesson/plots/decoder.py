"""The other figures of notebook 03: what a decoder can hold, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from torch import Tensor

from seq2seq_lesson.palette import BLUE, GREEN, HEAT, ORANGE, PINK
from seq2seq_lesson.plots import with_styles
from seq2seq_lesson.plots.attention import attention_map

GREY = "#555555"


def exact_by_length(
    shares: Mapping[str, Mapping[int, float]], ax: Axes | None = None
) -> Axes:
    """Draw how many sentences each model gets right, over the source's length.

    Args
        shares: model name -> {source length in tokens: share, 0 to 1}
    Raises
        ValueError: there are more than five models.
    """
    styles = zip((BLUE, ORANGE, GREEN, GREY, PINK), "os^Dv", strict=True)
    styled = with_styles(shares, list(styles))
    if ax is None:
        _, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
    for name, by_length, (colour, marker) in styled:
        lengths = sorted(by_length)
        heights = [by_length[length] for length in lengths]
        (line,) = ax.plot(lengths, heights, color=colour, marker=marker, label=name)
        if colour == BLUE:  # hollow and on top: seen even where it lies on another
            line.set(linestyle="--", fillstyle="none", ms=9, mew=1.6, zorder=3)
    ax.set_xticks(sorted({length for found in shares.values() for length in found}))
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("source length (tokens, without end of sentence)")
    ax.set_ylabel("share exactly right")
    ax.legend(loc="lower left")
    return ax


def weights_by_treatment(
    weights: Mapping[str, Tensor],
    source_words: Sequence[str],
    ax: Axes | None = None,
    *,
    highest: float = 1.0,
    colour_bar: bool = True,
) -> Axes:
    """Draw one step's weights, a row for each thing done to the encoder's states.

    Shapes
        weights: treatment -> (src_len,) float, sums to 1
    Args
        highest: where the colour scale ends; small weights need a shorter one
    """
    rows = torch.stack([*weights.values()])
    ax = attention_map(rows, source_words, list(weights), ax, colour_bar)
    ax.images[0].set_clim(0, highest)
    for row in range(1, len(rows)):  # rows that are equal must not melt together
        ax.axhline(row - 0.5, color="white", lw=4)
    ax.set_ylabel("encoder's states")
    ax.set_xlabel("position read")
    return ax


def aligned_positions(
    alignments: Sequence[Sequence[tuple[int, int]]], ax: Axes | None = None
) -> Axes:
    """Draw which source position explains which target position, over a corpus.

    Each row sums to 1.

    Args
        alignments: per sentence, pairs (source position, target position), from 0
    """
    pairs = np.array([pair for alignment in alignments for pair in alignment])
    source, target = pairs.T
    counts = np.zeros((target.max() + 1, source.max() + 1))
    np.add.at(counts, (target, source), 1)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    if ax is None:
        _, ax = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
    image = ax.imshow(shares, vmin=0, vmax=1, cmap=HEAT)
    ax.figure.colorbar(image, ax=ax, label="share of links (each row sums to 1)")
    ax.xaxis.tick_top()  # as in every other map: rows are written, columns read
    ax.xaxis.set_label_position("top")
    ax.set_xlabel("position in the source (read)")
    ax.set_ylabel("position in the target (written)")
    return ax


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
