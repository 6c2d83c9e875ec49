"""The figures of notebook 05: attention over the words that are read."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from seq2seq_lesson.palette import HEAT
from seq2seq_lesson.plots.fonts import legible
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
    return legible(ax)


def marked_words(found: Translation) -> list[str]:
    """The words that were read; those that the model does not know are said to be so.

    The model read `<unk>` in their place.
    """
    return [
        f"{word} = <unk>" if word in found.unknown else word
        for word in found.source_words
    ]


def translation_map(
    found: Translation, ax: Axes | None = None, colour_bar: bool = True
) -> Axes:
    """Draw a translation's attention; words that the model does not know are marked.

    Raises
        ValueError: the translation is of a model without attention.
    """
    if found.weights is None:
        raise ValueError(
            "found: got a translation without weights, wanted one with: take a model "
            "with attention (order 'before' or 'after')"
        )
    return attention_map(
        found.weights, marked_words(found), found.words, ax, colour_bar
    )


def attention_panels(
    translations: Sequence[Translation], titles: Sequence[str], columns: int = 2
) -> Figure:
    """Draw several sentences' attention side by side, all on one scale.

    Args
        titles: one a translation; each translation has weights
    """
    rows = -(-len(translations) // columns)
    wide = 1.5 + 0.42 * max(len(found.source_words) for found in translations)
    tall = 1.6 + 0.42 * max(len(found.words) for found in translations)
    # A row of several is shown smaller than it is drawn.
    with plt.rc_context({"font.size": 16}):
        figure, grid = plt.subplots(
            rows,
            columns,
            figsize=(wide * columns + 0.8, tall * rows),
            layout="constrained",
            squeeze=False,
        )
        for ax in grid.flat[len(translations) :]:
            ax.remove()
        drawn = grid.flat[: len(translations)]
        for ax, found, title in zip(drawn, translations, titles, strict=True):
            translation_map(found, ax, colour_bar=False)
            ax.set_title(title)
            legible(ax)
        for ax in drawn[columns:]:
            ax.set_xlabel("")
        for n, ax in enumerate(drawn):
            if n % columns:
                ax.set_ylabel("")
        image = drawn[0].images[0]
        figure.colorbar(image, ax=list(drawn), label="attention weight")
    return figure


def need_map(
    needs: Tensor,
    source_words: Sequence[str],
    target_words: Sequence[str],
    ax: Axes,
    label: str = "lost when hidden (nats)",
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
    ax.set_xlabel("source")
    ax.set_ylabel("target (written)")
    ax.figure.colorbar(image, ax=ax, label=label)
    return legible(ax)


def beside(
    panels: Mapping[str, Tensor],
    source_words: Sequence[str],
    target_words: Sequence[str],
) -> Figure:
    """Draw several matrices of one sentence side by side, each with its colour bar.

    Shapes
        panels: what the numbers are -> (tgt_words, src_words) float; what has "(nats)"
            in its name is drawn from 0 to its largest, weights from 0 to 1
    """
    wide = 1.9 + 0.55 * len(source_words)
    # The more panels, the smaller they are shown.
    with plt.rc_context({"font.size": 10 + 2 * len(panels)}):
        figure, row = plt.subplots(
            1,
            len(panels),
            figsize=(wide * len(panels), 1.5 + 0.45 * len(target_words)),
            layout="constrained",
            squeeze=False,
        )
        for ax, (name, numbers) in zip(row.flat, panels.items(), strict=True):
            if "(nats)" in name:
                need_map(numbers, source_words, target_words, ax, name)
            else:
                attention_map(numbers, source_words, target_words, ax, colour_bar=False)
                figure.colorbar(ax.images[0], ax=ax, label=name)
            ax.set_xlabel("")
            if ax is not row.flat[0]:
                ax.set_ylabel("")
    return figure
