"""The figures of notebook 04: losses that fall, gradients, steps that get faster."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.axes import Axes
from torch import Tensor

from seq2seq_lesson.palette import BLACK, BLUE, GREEN, ORANGE, PINK, VERMILION
from seq2seq_lesson.plots import lettered, with_styles
from seq2seq_lesson.plots.encoder import TEXT, new_axes

Rows = Sequence[Mapping[str, float]]

# Line styles tell them apart in grey, too: the colour, the line and its marker.
STYLES = (
    (BLUE, "-", "o"),
    (VERMILION, "--", "s"),
    (GREEN, "-.", "^"),
    (BLACK, ":", "D"),
    (PINK, (0, (6, 1)), "v"),
    (ORANGE, (0, (3, 1, 1, 1)), "x"),
)


def surprise(shares: Mapping[str, Mapping[str, float]], ax: Axes | None = None) -> Axes:
    """Draw minus log p, and on it the share that each right word was given.

    Of each model the words with the least and the largest share are named.

    Args
        shares: for each model, by its name, the words and their shares, above 0 to 1
    Raises
        ValueError: there are more than six models.
    """
    styled = with_styles(shares, STYLES)
    ax = new_axes(ax, 8, 4)
    places = [n / 500 for n in range(5, 501)]
    ax.plot(places, [-math.log(place) for place in places], color="0.6", lw=2)
    for name, words, (colour, _, marker) in styled:
        prices = [-math.log(share) for share in words.values()]
        look: dict[str, Any] = {"color": colour, "ms": 9, "ls": "none"}
        ax.plot([*words.values()], prices, marker, label=name, **look)
        ranked = sorted(words, key=words.__getitem__)
        for word in dict.fromkeys((ranked[0], ranked[-1])):
            share = words[word]
            aside = 0.12 if share < 0.5 else 0.0  # where its name is written
            ax.annotate(
                f'"{word}"',
                (share, -math.log(share)),
                xytext=(share + aside, -math.log(share) + 0.7),
                arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.8},
                ha="left" if aside else "center",
                va="center",
                color=lettered(colour),
                fontsize=TEXT + 1,
            )
    ax.set(xlabel="share p of the right word", ylabel="loss, - log p, nats")
    ax.set(xlim=(-0.02, 1.05), ylim=(-0.1, 4.7))
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def pushes(
    words: Sequence[str], gradient: Tensor, right: str, ax: Axes | None = None
) -> Axes:
    """Draw the gradient of each word's logit as a bar, the right word's name bold.

    Shapes
        gradient: (tgt_vocab,) float, between -1 and 1
    """
    ax = new_axes(ax, 8.5, 3.8)
    heights = gradient.detach().cpu().tolist()
    colours = [BLUE if height < 0 else VERMILION for height in heights]
    bars = ax.bar(list(words), heights, color=colours, ec="black")
    ax.bar_label(bars, [f"{height:.2f}" for height in heights], padding=2)
    ax.axhline(0, color="black", lw=1)
    ax.tick_params("x", rotation=40)
    for label in ax.get_xticklabels():
        label.set_fontweight("bold" if label.get_text() == right else "normal")
    ax.margins(y=0.2)
    ax.set(xlabel="word", ylabel="gradient of its logit")
    return ax


def chain(
    stations: Mapping[str, Tensor], slopes: Mapping[str, Tensor], ax: Axes | None = None
) -> Axes:
    """Draw one path from a number to the loss, and the slopes on the way back.

    Args
        stations: the numbers that the forward pass computes, by name, the loss last
        slopes:   of each step that leads from one to the next, by the step's name, how
            much its result moves with what came in
    Shapes
        all: () float
    Raises
        ValueError: there is not one slope between two stations.
    """
    if len(stations) - 1 != len(slopes):
        raise ValueError(
            f"slopes: got {len(slopes)}, wanted {len(stations) - 1}, one between every "
            "two stations"
        )
    ax = new_axes(ax, 1.85 * len(stations), 3.2, blank=True)
    centre: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": TEXT + 1}
    for n, (name, value) in enumerate(stations.items()):
        box = {"boxstyle": "round,pad=0.45", "fc": "white", "ec": BLACK, "lw": 1.5}
        ax.text(n, 0, f"{name}\n{value:.3f}", bbox=box, **centre)
    for n, (step, slope) in enumerate(slopes.items()):
        for y, start, end, colour in (
            (0.5, n + 0.05, n + 0.95, BLUE),
            (-0.5, n + 0.95, n + 0.05, VERMILION),
        ):
            arrow = {"arrowstyle": "-|>", "color": colour, "lw": 2.5}
            ax.annotate("", xy=(end, y), xytext=(start, y), arrowprops=arrow)
        ax.text(n + 0.5, 0.72, step, color=BLUE, **centre)
        ax.text(n + 0.5, -0.72, f"× {slope:.3f}", color=lettered(VERMILION), **centre)
    left: dict[str, Any] = {"ha": "left", "va": "center", "fontsize": TEXT}
    ax.text(-0.45, 1.08, "forward: numbers", color=BLUE, **left)
    product = f"backward: slopes, multiplied: {math.prod(slopes.values()):.4f}"
    ax.text(-0.45, -1.08, product, color=lettered(VERMILION), **left)
    ax.set(xlim=(-0.5, len(stations) - 0.5), ylim=(-1.25, 1.25))
    return ax


def between_states(slopes: Tensor, ax: Axes | None = None) -> Axes:
    """Draw how much each number of a new state moves with each of the old one.

    Shapes
        slopes: (hid, hid) float, rows: the new state, columns: the old one
    """
    ax = new_axes(ax, 8.5, 4.6)
    table = slopes.detach().cpu()
    most = table.abs().max().item()
    ax.imshow(table.numpy(), cmap="PuOr", vmin=-most, vmax=most, aspect="auto")
    for row, numbers in enumerate(table.tolist()):
        for column, number in enumerate(numbers):
            ink = "white" if abs(number) > 0.64 * most else "black"
            style: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
            said = f"{number:.2f}".replace("-0.00", "0.00")
            ax.text(column, row, said, fontsize=TEXT, **style)
    units = range(len(table))
    ax.set(xticks=units, yticks=units)
    ax.set(xlabel="number of the old state", ylabel="number of the new state")
    return ax


def rate(share: Callable[[float], float], ax: Axes | None = None) -> Axes:
    """Draw which share of its peak a learning rate has, over a whole training."""
    ax = new_axes(ax, 7.5, 3)
    places = [n / 100 for n in range(101)]
    ax.plot(places, [share(place) for place in places], color=BLUE, lw=2.5)
    ax.set(xlabel="share of the training that is done", ylabel="share of the peak rate")
    ax.grid(alpha=0.3)
    return ax


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
    ax = new_axes(ax, 7.5, 3.8)
    for label, values, (colour, line, marker) in styled:
        ax.plot(
            places or range(1, len(values) + 1),
            values,
            label=label,
            color=colour,
            linestyle=line,
            marker=marker,
            ms=4,
            lw=2,
        )
    ax.set(xlabel=place, ylabel="loss, nats per target token")
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="x", integer=True)
    ax.grid(axis="y", alpha=0.3)
    if len(curves) > 1:
        ax.legend()
    return ax


def live(names: Mapping[str, str]) -> Callable[[Rows], None]:
    """A figure that is drawn anew, in its place, each time it is given a training.

    Args
        names: which figures of a training to draw, each with its name in the legend
    """
    figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
    shown = display(figure, display_id=True)
    plt.close(figure)  # so that no cell draws it once more at its end

    def redraw(history: Rows) -> None:
        ax.clear()
        curves = {name: [row[key] for row in history] for key, name in names.items()}
        losses(curves, place="round", ax=ax)
        if shown:
            shown.update(figure)

    return redraw


def speeds(tokens_per_second: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw how fast each way is, the first on top, and how many times the one above."""
    ax = new_axes(ax, 8.5, 1.2 + 0.6 * len(tokens_per_second))
    values = list(tokens_per_second.values())
    bars = ax.barh(list(tokens_per_second), values, color=BLUE)
    steps = [f"  ({b / a:.3g} × the bar above)" for a, b in pairwise(values)]
    labels = [f"{v:,.0f}{step}" for v, step in zip(values, ["", *steps], strict=True)]
    ax.bar_label(bars, labels, padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.7)
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
