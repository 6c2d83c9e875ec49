"""The figures of notebook 06: what can be learned of reading backwards."""

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from seq2seq_lesson.palette import BLACK, BLUE, GREEN, ORANGE, PINK, VERMILION
from seq2seq_lesson.plots import with_styles
from seq2seq_lesson.plots.attention import attention_map
from seq2seq_lesson.translation import EOS_WORD, Translation

# Line styles tell them apart in grey, too: the colour and the line.
STYLES = (
    (BLUE, "-"),
    (VERMILION, "--"),
    (GREEN, "-."),
    (BLACK, ":"),
    (PINK, (0, (6, 1))),
    (ORANGE, (0, (3, 1, 1, 1))),
)
WRONG = VERMILION
GREY = "#444444"
LENGTH_ONLY = "length only"


def learning_band(
    curves: Mapping[str, Tensor],
    levels: Mapping[str, float] | None = None,
    metric: str = "edit accuracy",
    ax: Axes | None = None,
) -> Axes:
    """Draw a score over the epochs: a line for the mean, a band from worst to best run.

    Shapes
        curves: for each model (runs, epochs) float, 0 to 1
    Args
        levels: what writers without training score, a thin line across for each, its
                name above; of several the first one's name stands below
    Raises
        ValueError: there are more than six curves.
    """
    styled = with_styles(curves, STYLES)
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
    for name, scores, (colour, line) in styled:
        epochs = range(1, scores.shape[1] + 1)
        percent = (100 * scores).cpu().numpy()
        mean, low, high = percent.mean(0), percent.min(0), percent.max(0)
        ax.plot(epochs, mean, label=name, color=colour, linestyle=line, linewidth=2)
        ax.fill_between(epochs, low, high, color=colour, alpha=0.2, lw=0)
    for n, (name, level) in enumerate((levels or {}).items()):
        ax.axhline(100 * level, color=GREY, lw=1.5, ls=(0, (1, 2)))
        alone = len(levels or {}) == 1
        above = 1 if n or alone else -1.5  # per cent
        side = "bottom" if n or alone else "top"
        ax.text(epochs[-1], 100 * level + above, name, ha="right", va=side, color=GREY)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel=f"{metric}, per cent", ylim=(0, 103))
    ax.grid(axis="y", alpha=0.3)
    ax.legend(loc="best")
    return ax


def score_by_length(
    lengths: Sequence[int],
    scores: Mapping[str, Tensor],
    trained: tuple[int, int],
    blind: Sequence[float] = (),
    ax: Axes | None = None,
    metric: str = "edit accuracy",
) -> Axes:
    """Draw each model's mean score against the strings' length, trained ones shaded.

    Shapes
        scores: for each model (runs, lengths) float, 0 to 1; a band from worst to best
    Args
        blind:   for each length what a writer scores who knows the length only
        trained: the shortest and the longest string met in training, in letters
    Raises
        ValueError: there are more than six models.
    """
    styled = with_styles(scores, STYLES)
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 4.2), layout="constrained")
    shortest, longest = trained
    ax.axvspan(shortest - 0.5, longest + 0.5, color="#dddddd", label="trained on")
    for name, runs, (colour, line) in styled:
        percent = (100 * runs).cpu().numpy()
        ax.plot(
            lengths,
            percent.mean(0),
            label=name,
            color=colour,
            linestyle=line,
            marker="o",
            ms=4,
        )
        low, high = percent.min(0), percent.max(0)
        ax.fill_between(lengths, low, high, color=colour, alpha=0.2, lw=0)
    if blind:
        level = [100 * score for score in blind]
        ax.plot(lengths, level, color=GREY, ls=(0, (1, 2)), lw=2, label=LENGTH_ONLY)
    ax.set(xlabel="letters in the string", ylabel=f"{metric}, per cent")
    ax.set(ylim=(0, 103), xticks=list(lengths))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def steps_by_length(
    lengths: Sequence[int], steps: Mapping[str, Tensor], ax: Axes | None = None
) -> Axes:
    """Draw how many steps of training each length took: a dot a run, a line between.

    Shapes
        steps: for each model (runs, lengths) float, infinite where a run gave up first;
               the line goes through the middle run and ends where that one gave up
    Raises
        ValueError: there are more than six models.
    """
    styled = with_styles(steps, STYLES)
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for name, runs, (colour, line) in styled:
        runs = runs.cpu()
        middle = runs.median(0).values.numpy()
        ax.plot(lengths, middle, label=name, color=colour, linestyle=line, lw=2)
        for run in runs.numpy():
            ax.plot(lengths, run, "o", ms=4, color=colour, alpha=0.6)
    ax.set(xlabel="letters in the string", ylabel="steps for 95 per cent")
    ax.set(yscale="log", xticks=list(lengths))
    found = {n for runs in steps.values() for n in runs.flatten().tolist()}
    ax.set_yticks(sorted(n for n in found if math.isfinite(n)))
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y", alpha=0.3)
    ax.legend(loc="best")
    return ax


def marked_map(
    translation: Translation,
    wanted: Sequence[str],
    ax: Axes | None = None,
    colour_bar: bool = True,
) -> Axes:
    """Draw one string's attention and mark each written letter that is not the wanted.

    Raises
        ValueError: the translation has no weights (a model without attention).
    """
    if translation.weights is None:
        raise ValueError(
            "translation has no weights to draw: take a model with attention"
        )
    words = translation.words
    both = list(zip_longest(words, [*wanted, EOS_WORD]))[: len(words)]
    right = [word == wish for word, wish in both]
    labels = [word if word == wish else f"✗ {word}" for word, wish in both]
    source = translation.source_words
    ax = attention_map(translation.weights, source, labels, ax, colour_bar)
    for tick, ok in zip(ax.get_yticklabels(), right, strict=True):
        tick.set_color("black" if ok else WRONG)
    return ax
