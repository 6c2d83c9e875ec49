"""The figures of notebook 05: attention over the words that are read."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from seq2seq_lesson.palette import HEAT
from seq2seq_lesson.translation import Translation
from seq2seq_lesson.vocabulary import refuse_string

SCALE = "attention weight (each row sums to 1)"


def attention_map(
    weights: Tensor,
    source_words: Sequence[str],
    target_words: Sequence[str],
    ax: Axes | None = None,
    colour_bar: bool = True,
) -> Axes:
    """Draw one sentence's attention: a row a written word, a column a word read.

    Shapes
        weights: (tgt_len, src_len) float, rows sum to 1; columns past the last
            source word (padding) and rows past the last target word are cut
    Raises
        ValueError: fewer rows or columns than words, or a sentence in place of words.
    """
    refuse_string("source_words", source_words, "split the sentence into words")
    refuse_string("target_words", target_words, "split the sentence into words")
    rows, columns = len(target_words), len(source_words)
    if weights.shape[0] < rows or weights.shape[1] < columns:
        raise ValueError(
            f"weights of size {tuple(weights.shape)} are too few for {rows} written "
            f"and {columns} read words: pass one row a target word and one column a "
            "source word."
        )
    if ax is None:
        _, ax = plt.subplots(
            figsize=(1.6 + 0.5 * columns, 1.2 + 0.42 * rows), layout="constrained"
        )
    image = ax.imshow(
        weights[:rows, :columns].detach().cpu().numpy(), vmin=0, vmax=1, cmap=HEAT
    )
    ax.set_xticks(range(columns), source_words, rotation=45, ha="left")
    ax.set_yticks(range(rows), target_words)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel("source (read)")
    ax.set_ylabel("target (written)")
    if colour_bar:
        ax.figure.colorbar(image, ax=ax, label=SCALE)
    return ax


def attention_panels(
    translations: Sequence[Translation], titles: Sequence[str], columns: int = 3
) -> Figure:
    """Draw several sentences' attention side by side, all on one scale.

    Args
        titles: one a translation; each translation has weights
    """
    rows = -(-len(translations) // columns)
    longest = max(len(found.words) for found in translations)
    # A row of three is shown smaller than it is drawn.
    with plt.rc_context({"font.size": 14}):
        figure, grid = plt.subplots(
            rows,
            columns,
            figsize=(3.6 * columns + 0.8, (1.3 + 0.28 * longest) * rows),
            layout="constrained",
            squeeze=False,
        )
        for ax in grid.flat[len(translations) :]:
            ax.remove()
        drawn = grid.flat[: len(translations)]
        for ax, found, title in zip(drawn, translations, titles, strict=True):
            assert found.weights is not None, "a model without attention has no map"
            attention_map(
                found.weights, found.source_words, found.words, ax, colour_bar=False
            )
            ax.set_title(title)
        for ax in drawn[columns:]:
            ax.set_xlabel("")
        for n, ax in enumerate(drawn):
            if n % columns:
                ax.set_ylabel("")
        image = drawn[0].images[0]
        figure.colorbar(image, ax=list(drawn), label=SCALE, shrink=0.8 / rows)
    return figure
