"""One more figure of notebook 05: what was measured over seeds."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor

from seq2seq_lesson.palette import BLUE, VERMILION
from seq2seq_lesson.plots import with_styles

COLOURS = (BLUE, VERMILION)
MARKERS = ("o", "x")


def seed_dots(
    series: Mapping[str, Mapping[str, Tensor]], label: str, ax: Axes | None = None
) -> Axes:
    """Draw a line for each model and on it a dot for each seed.

    Shapes
        series: what the dots mean, at most two -> model -> (seeds, 1) float
    Args
        label: what is measured, for the horizontal axis
    Raises
        ValueError: the dots mean more than two things.
    """
    styled = with_styles(series, list(zip(COLOURS, MARKERS, strict=True)))
    models = list(dict.fromkeys(name for found in series.values() for name in found))
    if ax is None:
        height = 1 + 0.34 * len(models)
        _, ax = plt.subplots(figsize=(7, height), layout="constrained")
    for n, (meaning, found, (colour, marker)) in enumerate(styled):
        offset = 0.15 * (2 * n - len(series) + 1)
        for model, values in found.items():
            seeds = values.flatten().tolist()
            ax.scatter(
                seeds,
                [models.index(model) + offset] * len(seeds),
                color=colour,
                marker=marker,
                label=meaning if model == next(iter(found)) else None,
            )
    ax.set_yticks(range(len(models)), models)
    ax.invert_yaxis()
    ax.grid(axis="y", alpha=0.3)
    ax.set_xlim(left=0)
    ax.set_xlabel(label)
    ax.set_ylabel("model")
    ax.legend()
    return ax
