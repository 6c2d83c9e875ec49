"""The figures of notebook 04: losses that fall, and steps that get faster."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor

from seq2seq_lesson.palette import BLACK, BLUE, GREEN, ORANGE, PINK, VERMILION
from seq2seq_lesson.plots import with_styles

# Line styles tell them apart in grey, too: the colour, the line and its marker.
STYLES = (
    (BLUE, "-", "o"),
    (VERMILION, "--", "s"),
    (GREEN, "-.", "^"),
    (BLACK, ":", "D"),
    (PINK, (0, (6, 1)), "v"),
    (ORANGE, (0, (3, 1, 1, 1)), "x"),
)


def losses(
    curves: Mapping[str, Sequence[float]],
    places: Sequence[float] | None = None,
    place: str = "step",
    ax: Axes | None = None,
) -> Axes:
    """Draw losses against what they depend on: a labelled line for each.

    Args
        curves: for each label its losses, in nats per target token
        places: where they stand on the axis; None: 1, 2, 3 and so on
        place:  what the axis counts
    Raises
        ValueError: there are more than six curves.
    """
    styled = with_styles(curves, STYLES)
    if ax is None:
        _, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
    for label, values, (colour, line, marker) in styled:
        ax.plot(
            places or range(1, len(values) + 1),
            values,
            label=label,
            color=colour,
            linestyle=line,
            marker=marker,
            ms=3,
        )
    ax.set(xlabel=place, ylabel="loss, nats per target token")
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="x", integer=True)
    ax.grid(axis="y", alpha=0.3)
    if len(curves) > 1:
        ax.legend()
    return ax


def history(figures: Sequence[Mapping[str, float]], ax: Axes | None = None) -> Axes:
    """Draw a training: the loss on the left scale, held-out BLEU on the right one.

    An `ax` that already holds a training is wiped first, so that it can be redrawn
    while the training goes on.

    Args
        figures: what `fit` returns, a dict an epoch: epoch, loss (nats per target
                 token), bleu (0 to 100)
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    for other in [*ax.figure.axes]:
        if other is not ax and other.bbox.bounds == ax.bbox.bounds:
            other.remove()
    ax.clear()
    epochs = [figure["epoch"] for figure in figures]
    right = ax.twinx()
    for axes, key, label, (colour, line, marker) in (
        (ax, "loss", "training loss, nats per target token", STYLES[0]),
        (right, "bleu", "BLEU on validation sentences", STYLES[1]),
    ):
        heights = [figure[key] for figure in figures]
        axes.plot(epochs, heights, color=colour, linestyle=line, marker=marker, ms=4)
        axes.set_ylabel(label, color=colour)
    ax.set_ylim(bottom=0)
    right.set_ylim(0, 105)  # a marker at 100 is drawn whole
    ax.set(xlabel="epoch", xticks=epochs)
    return ax


def speeds(tokens_per_second: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw how fast each way is, the first on top, and how many times the first's."""
    if ax is None:
        size = (7.5, 0.9 + 0.5 * len(tokens_per_second))
        _, ax = plt.subplots(figsize=size, layout="constrained")
    values = list(tokens_per_second.values())
    bars = ax.barh(list(tokens_per_second), values, color=BLUE)
    labels = [f"{value:,.0f}  (×{value / values[0]:.3g})" for value in values]
    ax.bar_label(bars, labels, padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.4)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(xlabel="target tokens per second, forward and backward", ylabel="rung")
    return ax


def bleu_by_scale(
    scales: Sequence[float], curves: Mapping[str, Tensor], ax: Axes | None = None
) -> Axes:
    """Draw BLEU against the size of a layer's first numbers: a dot a training.

    Shapes
        curves: for each label (seeds, scales) float, 0 to 100; the line is their mean
    Raises
        ValueError: there are more than six curves.
    """
    styled = with_styles(curves, STYLES)
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
    for label, runs, (colour, line, marker) in styled:
        mean = runs.mean(dim=0).tolist()
        ax.plot(scales, mean, label=label, color=colour, linestyle=line, lw=2)
        for run in runs.tolist():
            ax.plot(scales, run, marker, color=colour, ms=6, alpha=0.7)
    ax.set_xscale("log")
    ax.set_xticks(scales, [f"{scale:g}" for scale in scales])
    ax.minorticks_off()
    ax.set(xlabel="standard deviation of the output layer's first numbers")
    ax.set(ylabel="BLEU on held-out pairs", ylim=(0, 105))
    ax.grid(axis="y", alpha=0.3)
    ax.legend()
    return ax
