"""The figures of notebook 01: from sentences to batches of ids."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle
from torch import Tensor

from seq2seq_lesson.palette import BLUE, ORANGE
from seq2seq_lesson.plots import with_styles
from seq2seq_lesson.plots.fonts import legible
from seq2seq_lesson.vocabulary import EOS, PAD, SOS

WORD, EDGE, EMPTY = "#9ecae1", "#fdae6b", "#d9d9d9"  # a word, SOS or EOS, PAD


def _colour(token: int) -> str:
    return {PAD: EMPTY, SOS: EDGE, EOS: EDGE}.get(token, WORD)


def sentence_steps(
    text: str, tokens: Sequence[str], ids: Sequence[int], ax: Axes | None = None
) -> Axes:
    """Draw a sentence three times: as typed, as tokens, as the ids a network reads.

    Raises
        ValueError: there are not as many tokens as ids.
    """
    if len(tokens) != len(ids):
        raise ValueError(
            f"tokens: got {len(tokens)} of them for {len(ids)} ids, wanted as many: "
            "put <eos> behind the words"
        )
    if ax is None:
        size = (1.5 + 0.9 * len(ids), 2.4)
        _, ax = plt.subplots(figsize=size, layout="constrained")
    whole = Rectangle((-0.48, -0.4), len(ids) - 0.04, 0.8, fc="none", ec="#888888")
    ax.add_patch(whole)
    ax.text((len(ids) - 1) / 2, 0, text, ha="center", va="center", size=13)
    for column, (token, number) in enumerate(zip(tokens, ids, strict=True)):
        for row, label in ((1, token), (2, str(number))):
            box = Rectangle((column - 0.48, row - 0.4), 0.96, 0.8, fc=_colour(number))
            ax.add_patch(box)
            ax.text(column, row, label, ha="center", va="center")
    ax.set(xlim=(-0.6, len(ids) - 0.4), ylim=(2.6, -0.6))
    ax.set(xlabel="position in the sentence", ylabel="form")
    ax.set_xticks(range(len(ids)))
    ax.set_yticks(range(3), ["as typed", "tokens", "ids"])
    ax.spines[:].set_visible(False)
    return legible(ax)


def funnel(stages: Mapping[str, int], ax: Axes | None = None) -> Axes:
    """Draw how many sentence pairs each stage leaves and takes, the first on top."""
    if ax is None:
        size = (7, 0.8 + 0.45 * len(stages))
        _, ax = plt.subplots(figsize=size, layout="constrained")
    counts = list(stages.values())
    bars = ax.barh(list(stages), counts, color=BLUE)
    before = [counts[0], *counts[:-1]]
    ends = [
        f"{count:,}" + (f"  (−{last - count:,})" if last > count else "")
        for last, count in zip(before, counts, strict=True)
    ]
    ax.bar_label(bars, ends, padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.25)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(xlabel="sentence pairs left", ylabel="stage")
    return ax


def largest_loss(stages: Mapping[str, int]) -> str:
    """Name the stage that takes the most away of what the one before it left."""
    losses = {
        name: before - left for (_, before), (name, left) in pairwise(stages.items())
    }
    return max(losses, key=lambda name: losses[name])


def rank_curve(counts: Mapping[str, Sequence[int]], ax: Axes | None = None) -> Axes:
    """Draw each language's word counts, the commonest word first, both axes in powers.

    Args
        counts: for each label how often each word occurs, in any order, in tokens
    Raises
        ValueError: there are more than two languages.
    """
    styled = with_styles(counts, (BLUE, ORANGE))
    if ax is None:
        _, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
    for label, values, colour in styled:
        ranks = range(1, len(values) + 1)
        ax.plot(ranks, sorted(values, reverse=True), label=label, color=colour, lw=2)
    ax.set(xscale="log", yscale="log")
    ax.set(xlabel="rank of the word (1 = commonest)", ylabel="times it occurs")
    ax.legend()
    return ax


def batch_blocks(
    ids: Tensor, words: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a batch as blocks: a row a sentence, PAD in grey.

    Shapes
        ids: (batch, src_len) long, or (batch, tgt_len)
    Args
        words: the vocabulary's words, to write each into its block; none: bare blocks
    """
    rows, columns = ids.shape
    if ax is None:
        size = (1 + 0.86 * columns, 1.2 + 0.6 * rows) if words else (4, 3.2)
        _, ax = plt.subplots(figsize=size, layout="constrained")
    for row, sentence in enumerate(ids.tolist()):
        for column, number in enumerate(sentence):
            corner = (column - 0.5, row - 0.5)
            ax.add_patch(Rectangle(corner, 1, 1, fc=_colour(number), ec="white"))
            if words:
                word = words[number]
                points = min(12, 78 / len(word))  # a long word in small letters
                label = f"{word}\n{number}"
                ax.text(column, row, label, ha="center", va="center", size=points)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    ax.set(xlabel="position in the sentence", ylabel="sentence of the batch")
    ax.set_xticks(range(columns))
    if words:
        ax.set_yticks(range(rows))
    present = {int(number) for number in ids.unique()}
    edges = {SOS: "<sos>", EOS: "<eos>"}
    named = " or ".join(name for number, name in edges.items() if number in present)
    kinds = {"word": WORD, named: EDGE, "<pad>": EMPTY}
    handles = [Patch(fc=colour, label=kind) for kind, colour in kinds.items() if kind]
    ax.legend(handles=handles, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    ax.spines[:].set_visible(False)
    return legible(ax)


def padding_waste(
    shares: Mapping[str, tuple[float, float]], ax: Axes | None = None
) -> Axes:
    """Draw which share of all positions is PAD, per way of making batches.

    Args
        shares: for each label the source's and the target's share, from 0 to 1
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
    for side, (name, colour) in enumerate((("source", BLUE), ("target", ORANGE))):
        heights = [100 * pair[side] for pair in shares.values()]
        places = [place + 0.4 * side - 0.2 for place in range(len(shares))]
        bars = ax.bar(places, heights, width=0.38, color=colour, label=name)
        ax.bar_label(bars, fmt="%.0f %%")
    ax.set_xticks(range(len(shares)), list(shares))
    ax.margins(y=0.15)
    ax.set(xlabel="how batches are made", ylabel="positions that are PAD (%)")
    ax.legend()
    return ax
