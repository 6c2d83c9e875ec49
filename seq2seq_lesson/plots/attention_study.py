"""More figures of notebook 05: measured over seeds, and which word is needed."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor

from seq2seq_lesson.palette import BLUE, HEAT, VERMILION
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


def need_map(
    needs: Tensor, source_words: Sequence[str], target_words: Sequence[str], ax: Axes
) -> Axes:
    """Draw what each written word loses when a word read is hidden.

    Shapes
        needs: (tgt_words, src_words) float, in nats; below 0 is drawn as 0
    """
    image = ax.imshow(needs.clamp(min=0).cpu().numpy(), vmin=0, cmap=HEAT)
    ax.set_xticks(range(len(source_words)), source_words, rotation=45, ha="left")
    ax.set_yticks(range(len(target_words)), target_words)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel("source (hidden)")
    ax.set_ylabel("target (written)")
    ax.figure.colorbar(image, ax=ax, label="loss of log-probability (nats)")
    return ax
