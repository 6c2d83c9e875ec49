"""Notebook 02's figures; sizes and colours come from the tensors handed in."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from seq2seq_lesson.palette import (
    BLUE,
    GREEN,
    HEAT,
    ORANGE,
    PINK,
    SKY,
    VERMILION,
    YELLOW,
)
from seq2seq_lesson.vocabulary import refuse_string

COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, YELLOW)
GATES = ScalarMappable(Normalize(0, 1), HEAT)
STATES = ScalarMappable(Normalize(-1, 1), "PuOr")
TEXT = 12  # in points; legible from the back of a classroom


def new_axes(ax: Axes | None, width: float, height: float, blank: bool = False) -> Axes:
    """The axes given, or new ones of this size in inches; `blank` hides the frame."""
    if ax is None:
        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    if blank:
        ax.set_axis_off()
    return ax


def _block(
    ax: Axes, x: float, y: float, word: str, row: int | None, corner: str = ""
) -> None:
    """A word in the colour of its sentence; padding (row None) is hollow."""
    face, line, ink = to_rgba("white"), ":", "0.5"
    if row is not None:
        face, line, ink = to_rgba(COLOURS[row % len(COLOURS)], 0.35), "-", "black"
    ax.add_patch(Rectangle((x, y), 0.94, 0.9, fc=face, ec="0.3", ls=line))
    ax.text(
        x + 0.47, y + 0.58, word, color=ink, ha="center", va="center", fontsize=TEXT
    )
    ax.text(x + 0.04, y + 0.05, corner, ha="left", va="top", fontsize=10.5)


def gate_map(
    values: Tensor,
    words: Sequence[str],
    title: str,
    ax: Axes | None = None,
    signed: bool = False,
) -> Axes:
    """Draw what every unit did at every word: a column a word, a row a unit.

    Shapes
        values: (src_len, enc_hid) float; gates from 0 to 1, states (`signed`) -1 to 1
    """
    ax = new_axes(ax, 1.2 + 0.4 * len(words), 4)
    scale = STATES if signed else GATES
    image = ax.imshow(
        values.detach().cpu().T.numpy(),
        aspect="auto",
        clim=scale.get_clim(),
        cmap=scale.cmap,
        interpolation="nearest",
    )
    ax.set_xticks(range(len(values)), words, rotation=45, ha="right")
    ax.set(title=title, yticks=[], xlabel="read", ylabel=f"unit (of {values.shape[1]})")
    ax.figure.colorbar(image, ax=ax, location="bottom", shrink=0.7)
    return ax


def _aside(ax: Axes, y: float, text: str, weight: str = "normal") -> None:
    """What a row of blocks is, on its left."""
    ax.text(-0.15, y, text, ha="right", va="center", fontsize=TEXT, weight=weight)


def padded_blocks(rows: Sequence[Sequence[str]], ax: Axes | None = None) -> Axes:
    """Draw a padded batch: a row and a colour a sentence, padding hollow.

    Raises
        ValueError: a row is a sentence in place of its words.
    """
    for words in rows:
        refuse_string("rows", words, "split each sentence into words")
    longest = max(map(len, rows))
    ax = new_axes(ax, 1.05 * longest + 1.6, 0.6 * len(rows) + 0.2, blank=True)
    for row, words in enumerate(rows):
        _aside(ax, row + 0.5, f"sentence {row}")
        for step, word in enumerate(words):
            _block(ax, step, row, word, row)
        for step in range(len(words), longest):
            _block(ax, step, row, "<pad>", None)
    ax.set(xlim=(-1.5, longest + 0.1), ylim=(len(rows) + 0.1, -0.2))
    return ax


def packed_blocks(
    packed: PackedSequence, rows: Sequence[Sequence[str]], ax: Axes | None = None
) -> Axes:
    """Draw what a packed sequence holds: its order, its stretches, its batch sizes.

    Each column is the stretch of `data` that one step of a layer reads; the number in
    a block's corner is its row of `data`.

    Raises
        ValueError: the sentences do not hold as many words as `packed`.
    """
    if sum(map(len, rows)) != len(packed.data):
        raise ValueError(
            f"rows: got {sum(map(len, rows))} words, wanted {len(packed.data)}, those "
            "that were packed: pass the same sentences, <eos> included, without <pad>."
        )
    sizes = packed.batch_sizes.tolist()
    sorted_ = packed.sorted_indices
    order = list(range(len(rows))) if sorted_ is None else sorted_.tolist()
    ax = new_axes(ax, 1.05 * len(sizes) + 1.6, 0.6 * len(rows) + 0.6, blank=True)
    for line, row in enumerate(order):
        _aside(ax, line + 0.5, f"sentence {row}")
    place = 0
    for step, size in enumerate(sizes):
        for line, row in enumerate(order[:size]):
            _block(ax, step, line, rows[row][step], row, str(place))
            place += 1
        ax.text(
            step + 0.47,
            len(rows) + 0.3,
            str(size),
            ha="center",
            va="center",
            fontsize=TEXT,
            weight="bold",
        )
    _aside(ax, len(rows) + 0.3, "batch_sizes", weight="bold")
    ax.set(xlim=(-1.5, len(sizes) + 0.1), ylim=(len(rows) + 0.6, -0.2))
    return ax


def curves(
    lines: Mapping[str, Tensor],
    xlabel: str,
    ylabel: str,
    ax: Axes | None = None,
    log: bool = False,
    first: int = 0,
) -> Axes:
    """Draw a line for each name, its points from position `first` on.

    Of several runs their mean is drawn, and a band from the least to the most.

    Shapes
        lines: each (steps,) or (runs, steps) float
    Args
        log: shares, drawn in per cent on a logarithmic axis
    """
    ax = new_axes(ax, 6, 3.6)
    styles = ("-o", "--s", "-.^", ":D", "-v")
    for index, (name, line) in enumerate(lines.items()):
        runs = line.detach().cpu().reshape(-1, line.shape[-1])
        colour, kind = COLOURS[index % len(COLOURS)], styles[index % len(styles)]
        positions = range(first, first + runs.shape[1])
        mean = runs.mean(dim=0).tolist()
        ax.plot(positions, mean, kind, label=name, color=colour, markersize=5, lw=2)
        if len(runs) > 1:
            least, most = runs.amin(dim=0).tolist(), runs.amax(dim=0).tolist()
            ax.fill_between(positions, least, most, color=colour, alpha=0.2)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    if log:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def gradients_back(
    lines: Mapping[str, Tensor], steps: Sequence[int], ax: Axes | None = None
) -> Axes:
    """Draw how much of a gradient is left after so many steps, from 1 to nearly none.

    Of several runs their geometric mean is drawn, and a band from the least to the
    most. Where nothing is left the line ends.

    Shapes
        lines:  each (runs, steps) float, above 0 or 0
        return: the axes drawn on
    """
    ax = new_axes(ax, 7, 4)
    styles = ("-o", "--s", "-.^", ":D", "-v")
    for index, (name, runs) in enumerate(lines.items()):
        middle = runs.log().mean(dim=0).exp().tolist()
        colour = COLOURS[index % len(COLOURS)]
        ax.plot(steps, middle, styles[index % len(styles)], label=name, color=colour)
        least, most = runs.amin(dim=0).tolist(), runs.amax(dim=0).tolist()
        ax.fill_between(steps, least, most, color=colour, alpha=0.2)
    ax.set(xlabel="time steps back", ylabel="share of the gradient left", yscale="log")
    ax.set_ylim(1e-28, 9)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax
