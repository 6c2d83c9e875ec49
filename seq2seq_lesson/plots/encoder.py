"""Notebook 02's figures; sizes and colours come from the tensors handed in."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.patches import Rectangle
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

# Okabe and Ito's colours, told apart by colour-blind eyes too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
GATES = ScalarMappable(Normalize(0, 1), "cividis")
STATES = ScalarMappable(Normalize(-1, 1), "PuOr")


def _axes(ax: Axes | None, width: float, height: float, blank: bool = False) -> Axes:
    """The axes given, or new ones of this size in inches; `blank` hides the frame."""
    if ax is None:
        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    if blank:
        ax.set_axis_off()
    return ax


def _arrow(ax: Axes, start, end, label="", offset=(0.0, 0.0), colour="0.3") -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.5, "shrinkA": 0}
    ax.annotate("", xy=end, xytext=start, arrowprops=style)
    x, y = (start[0] + end[0]) / 2 + offset[0], (start[1] + end[1]) / 2 + offset[1]
    ax.text(x, y, label, ha="center", va="center", fontsize=9, color=colour)


def _box(ax: Axes, x: float, y: float, label: str, colour: str) -> None:
    style = {"boxstyle": "round,pad=0.5", "fc": colour, "ec": "0.3"}
    place = {"ha": "center", "va": "center", "fontsize": 9}
    ax.text(x, y, label, color="white", bbox=style, **place)


def _strip(ax: Axes, vector: Tensor, x: float, y: float, label: str, scale) -> None:
    """A vector as a column of coloured cells centred on (x, y), named above."""
    values = vector.detach().cpu().tolist()
    height = 0.22
    top = y + len(values) * height / 2
    for i, value in enumerate(values):
        style = {"fc": scale.to_rgba(value), "ec": "0.5", "lw": 0.4}
        ax.add_patch(Rectangle((x - 0.2, top - (i + 1) * height), 0.4, height, **style))
    ax.text(x, top + 0.06, f"{label}\n{tuple(vector.shape)}", ha="center")


def _block(ax: Axes, x, y, word: str, row: int | None, corner: str = "") -> None:
    """A word in the colour of its sentence; padding (row None) is hollow."""
    hollow = row is None
    face = "white" if hollow else (*to_rgb(COLOURS[row % len(COLOURS)]), 0.35)
    line, ink = (":", "0.5") if hollow else ("-", "black")
    ax.add_patch(Rectangle((x, y), 0.94, 0.9, fc=face, ec="0.3", ls=line))
    ax.text(x + 0.47, y + 0.5, word, ha="center", va="center", color=ink, fontsize=9)
    ax.text(x + 0.04, y + 0.06, corner, ha="left", va="top", fontsize=6)


def unrolled_encoder(
    words: Sequence[str],
    src_emb: Tensor,
    enc_states: Tensor,
    h_n: Tensor,
    ax: Axes | None = None,
) -> Axes:
    """Draw a one-directional encoder once a word, with the shape on every arrow.

    Shapes
        src_emb:    (batch, src_len, emb) float
        enc_states: (batch, src_len, enc) float
        h_n:        (1, batch, enc_hid) float
        return:     the axes drawn on
    """
    batch, src_len, _ = src_emb.shape
    ax = _axes(ax, 1.3 * src_len + 1.9, 3.6, blank=True)
    blue, orange, green = COLOURS[0], COLOURS[5], COLOURS[2]
    last = str(tuple(h_n.shape))
    _arrow(ax, (-1.1, 2), (-0.4, 2), f"zeros\n{last}", (-0.15, 0.33), orange)
    for step, word in zip(range(src_len), words, strict=True):
        x = 1.5 * step
        state = str(tuple(enc_states[:, step].shape))
        ax.text(x, 0, word, ha="center", va="center", weight="bold")
        _arrow(ax, (x, 0.15), (x, 0.5), f"({batch},)", (0.33, 0))
        _box(ax, x, 0.75, "embedding", blue)
        _arrow(ax, (x, 1), (x, 1.75), str(tuple(src_emb[:, step].shape)), (0.4, 0))
        _box(ax, x, 2, "GRU", orange)
        _arrow(ax, (x, 2.25), (x, 2.85), state, (0.4, 0.05), green)
        if step < src_len - 1:
            _arrow(ax, (x + 0.4, 2), (x + 1.1, 2), state, (0, -0.17), orange)
    end = 1.5 * (src_len - 1)
    _arrow(ax, (end + 0.4, 2), (end + 1.1, 2), f"h_n\n{last}", (0.1, 0.33), orange)
    ax.text(end / 2, 3.05, f"enc_states {tuple(enc_states.shape)}", color=green)
    ax.text(end / 2, -0.5, f"src_emb {tuple(src_emb.shape)}")
    ax.set(xlim=(-1.9, end + 1.9), ylim=(-0.6, 3.3))
    return ax


def gru_step(
    word_emb: Tensor,
    old_state: Tensor,
    reset: Tensor,
    update: Tensor,
    candidate: Tensor,
    new_state: Tensor,
    ax: Axes | None = None,
) -> Axes:
    """Draw one step of a GRU for one sentence: live numbers as colours, and arrows.

    Shapes
        word_emb: (emb,) float
        others:   (enc_hid,) float; the gates from 0 to 1, the states from -1 to 1
        return:   the axes drawn on
    """
    ax = _axes(ax, 9, 4.8, blank=True)
    _strip(ax, old_state, 0, 4.7, "old state $h_{t-1}$", STATES)
    _strip(ax, word_emb, 0, 0.8, "word $x_t$", STATES)
    _strip(ax, reset, 3.5, 0.7, "reset gate $r_t$", GATES)
    _strip(ax, update, 3.5, 4.7, "update gate $z_t$", GATES)
    _strip(ax, candidate, 6, 2.3, "candidate $n_t$", STATES)
    _strip(ax, new_state, 8.6, 2.3, "new state $h_t$", STATES)
    ax.plot(1.6, 2.5, "o", color="0.65", markersize=9)
    for start in ((0.3, 4.1), (0.3, 1.1)):
        _arrow(ax, start, (1.55, 2.5), colour="0.65")
    ax.text(1.6, 2.85, "both", ha="center", color="0.4", fontsize=9)
    for end in ((3.2, 4.3), (5.7, 2.4), (3.2, 1.1)):
        _arrow(ax, (1.7, 2.5), end, colour="0.65")
    _arrow(ax, (0.3, 5), (3.2, 5), "the old state", (0, 0.2))
    _arrow(ax, (3.8, 5), (8.3, 2.9), r"$z_t \odot h_{t-1}$", (0.45, 0.4))
    text = "how much of\n$W_{hn}h_{t-1} + b_{hn}$\nto let in"
    _arrow(ax, (3.8, 0.8), (5.7, 1.9), text, (1.1, -0.35))
    _arrow(ax, (6.3, 2.3), (8.3, 2.3), r"$(1 - z_t) \odot n_t$", (0, -0.25))
    for left, scale, label in ((0.66, GATES, "gates"), (0.84, STATES, "the others")):
        inset = ax.inset_axes((left, 0.04, 0.13, 0.03))
        ends = scale.get_clim()
        ax.figure.colorbar(scale, cax=inset, orientation="horizontal", ticks=ends)
        inset.set_title(label, fontsize=8)
    ax.set(xlim=(-0.9, 9.5), ylim=(-0.3, 6.4))
    return ax


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
        return: the axes drawn on
    """
    ax = _axes(ax, 1.2 + 0.4 * len(words), 4)
    scale = STATES if signed else GATES
    style = {"clim": scale.get_clim(), "cmap": scale.cmap, "interpolation": "nearest"}
    image = ax.imshow(values.detach().cpu().T.numpy(), aspect="auto", **style)
    ax.set_xticks(range(len(values)), words, rotation=45, ha="right")
    ax.set(title=title, yticks=[], xlabel="read", ylabel=f"unit (of {values.shape[1]})")
    ax.figure.colorbar(image, ax=ax, location="bottom", shrink=0.7)
    return ax


def padded_blocks(rows: Sequence[Sequence[str]], ax: Axes | None = None) -> Axes:
    """Draw a padded batch: a row and a colour a sentence, padding hollow."""
    longest = max(map(len, rows))
    ax = _axes(ax, 0.95 * longest + 1.4, 0.45 * len(rows) + 0.3, blank=True)
    for row, words in enumerate(rows):
        ax.text(-0.15, row + 0.5, f"sentence {row}", ha="right", va="center")
        for step in range(longest):
            real = step < len(words)
            _block(ax, step, row, *((words[step], row) if real else ("<pad>", None)))
    ax.set(xlim=(-1.4, longest + 0.1), ylim=(len(rows) + 0.1, -0.2))
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
    ax = _axes(ax, 0.95 * len(sizes) + 1.4, 0.45 * len(rows) + 0.7, blank=True)
    for line, row in enumerate(order):
        ax.text(-0.15, line + 0.5, f"sentence {row}", ha="right", va="center")
    place = 0
    for step, size in enumerate(sizes):
        for line, row in enumerate(order[:size]):
            _block(ax, step, line, rows[row][step], row, str(place))
            place += 1
        ax.text(step + 0.5, len(rows) + 0.4, str(size), ha="center", weight="bold")
    ax.text(-0.15, len(rows) + 0.4, "batch_sizes", ha="right", weight="bold")
    ax.set(xlim=(-1.4, len(sizes) + 0.1), ylim=(len(rows) + 0.6, -0.2))
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

    Shapes
        lines:  each (steps,) float
        return: the axes drawn on
    """
    ax = _axes(ax, 5.2, 3.2)
    styles = ("-o", "--s", "-.^", ":D")
    for index, (name, line) in enumerate(lines.items()):
        values = line.detach().cpu().tolist()
        style = {"color": COLOURS[index % len(COLOURS)], "markersize": 4}
        positions = range(first, first + len(values))
        ax.plot(positions, values, styles[index % len(styles)], label=name, **style)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def seconds_bars(seconds: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw how long each way took, in milliseconds."""
    ax = _axes(ax, 6.5, 0.5 * len(seconds) + 0.9)
    bars = ax.barh(list(seconds), [1000 * value for value in seconds.values()])
    ax.bar_label(bars, fmt=" %.1f ms")
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.set_xlabel("milliseconds")
    return ax
