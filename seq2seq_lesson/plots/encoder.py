"""Notebook 02's figures; sizes and colours come from the tensors handed in."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

# Okabe and Ito's colours, told apart by colour-blind eyes too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
GATES = ScalarMappable(Normalize(0, 1), "cividis")
STATES = ScalarMappable(Normalize(-1, 1), "PuOr")
TEXT = 12  # in points; legible from the back of a classroom


def _axes(ax: Axes | None, width: float, height: float, blank: bool = False) -> Axes:
    """The axes given, or new ones of this size in inches; `blank` hides the frame."""
    if ax is None:
        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    if blank:
        ax.set_axis_off()
    return ax


def _arrow(ax: Axes, start, end, label="", offset=(0.0, 0.0), colour="0.3") -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.8, "shrinkA": 0}
    style |= {"shrinkB": 0, "mutation_scale": 15}
    ax.annotate("", xy=end, xytext=start, arrowprops=style)
    x, y = (start[0] + end[0]) / 2 + offset[0], (start[1] + end[1]) / 2 + offset[1]
    ax.text(x, y, label, ha="center", va="center", fontsize=TEXT, color=colour)


def _box(ax: Axes, x: float, y: float, label: str, colour: str) -> None:
    style = {"boxstyle": "round,pad=0.3", "fc": colour, "ec": "0.3"}
    place = {"ha": "center", "va": "center", "fontsize": TEXT}
    ax.text(x, y, label, color="white", bbox=style, **place)


def _strip(ax: Axes, vector: Tensor, x: float, y: float, label: str, scale) -> None:
    """A vector as a column of coloured cells centred on (x, y), named above."""
    values = vector.detach().cpu().tolist()
    height = 0.2
    top = y + len(values) * height / 2
    for i, value in enumerate(values):
        style = {"fc": scale.to_rgba(value), "ec": "0.5", "lw": 0.4}
        ax.add_patch(Rectangle((x - 0.2, top - (i + 1) * height), 0.4, height, **style))
    text = f"{label}\n{tuple(vector.shape)}"
    ax.text(x, top + 0.06, text, ha="center", fontsize=TEXT)


def _block(ax: Axes, x, y, word: str, row: int | None, corner: str = "") -> None:
    """A word in the colour of its sentence; padding (row None) is hollow."""
    hollow = row is None
    face = "white" if hollow else (*to_rgb(COLOURS[row % len(COLOURS)]), 0.35)
    line, ink = (":", "0.5") if hollow else ("-", "black")
    ax.add_patch(Rectangle((x, y), 0.94, 0.9, fc=face, ec="0.3", ls=line))
    place = {"ha": "center", "va": "center", "fontsize": TEXT}
    ax.text(x + 0.47, y + 0.56, word, color=ink, **place)
    ax.text(x + 0.04, y + 0.06, corner, ha="left", va="top", fontsize=8)


def unrolled_encoder(
    words: Sequence[str],
    src_ids: Tensor,
    src_emb: Tensor,
    enc_states: Tensor,
    h_n: Tensor,
    ax: Axes | None = None,
) -> Axes:
    """Draw a one-directional encoder once a word, with the shape on every arrow.

    Shapes
        words:      one batch row's words, written below
        src_ids:    (batch, src_len) long
        src_emb:    (batch, src_len, emb) float
        enc_states: (batch, src_len, enc) float
        h_n:        (1, batch, enc_hid) float
        return:     the axes drawn on
    """
    ax = _axes(ax, 10.2, 5.2, blank=True)
    blue, orange, green = COLOURS[0], COLOURS[5], COLOURS[2]
    last = str(tuple(h_n.shape))
    sides = {"size": TEXT, "ha": "right", "va": "center"}
    for y, tensor, name, colour in (
        (0.95, src_ids, "src_ids", "0.3"),
        (2.2, src_emb, "src_emb", "0.3"),
        (3.95, enc_states, "enc_states", green),
    ):
        label = f"{name}\n{tuple(tensor.shape)}"
        ax.text(-0.75, y, label, color=colour, **sides)
    _arrow(ax, (-1, 3.05), (-0.4, 3.05), colour=orange)
    ax.text(-1.05, 3.05, f"zeros\n{last}", color=orange, **sides)
    for step, word in zip(range(src_emb.shape[1]), words, strict=True):
        x = 1.45 * step
        state = str(tuple(enc_states[:, step].shape))
        text = {"ha": "center", "va": "center", "size": TEXT, "weight": "bold"}
        ax.text(x, 0.35, word, **text)
        ids = str(tuple(src_ids[:, step].shape))
        _arrow(ax, (x, 0.6), (x, 1.28), ids, (0.3, 0))
        _box(ax, x, 1.5, "embedding", blue)
        vectors = str(tuple(src_emb[:, step].shape))
        _arrow(ax, (x, 1.74), (x, 2.8), vectors, (0.36, -0.05))
        _box(ax, x, 3.05, "GRU", orange)
        _arrow(ax, (x, 3.3), (x, 4.3), state, (0.36, 0.15), green)
        if step < src_emb.shape[1] - 1:
            _arrow(ax, (x + 0.4, 3.05), (x + 1.05, 3.05), state, (0, -0.25), orange)
    end = 1.45 * (src_emb.shape[1] - 1)
    _arrow(ax, (end + 0.4, 3.05), (end + 1, 3.05), colour=orange)
    ax.text(end + 1.05, 3.05, f"h_n\n{last}", color=orange, **sides | {"ha": "left"})
    ax.set(xlim=(-2, end + 1.95), ylim=(0.1, 4.5))
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

    Dark arrows carry what becomes the new state; grey ones go to and from the gates.

    Shapes
        word_emb: (emb,) float; drawn clipped to -1 to 1
        others:   (enc_hid,) float; the gates from 0 to 1, the states from -1 to 1
        return:   the axes drawn on
    """
    ax = _axes(ax, 9.6, 6, blank=True)
    grey = "0.6"
    _strip(ax, old_state, 0.6, 4.4, "old state $h_{t-1}$", STATES)
    _strip(ax, word_emb, 0.6, 0.7, "word $x_t$", STATES)
    _strip(ax, reset, 3.6, 2, "reset gate $r_t$", GATES)
    _strip(ax, update, 3.6, 4.7, "update gate $z_t$", GATES)
    _strip(ax, candidate, 6.6, 1.6, "candidate $n_t$", STATES)
    _strip(ax, new_state, 8.8, 3.6, "new state $h_t$", STATES)
    ax.plot(1.9, 2.2, "o", color=grey, markersize=9)
    ax.text(1.9, 1.8, "both", ha="center", color="0.4", fontsize=TEXT)
    for start in ((0.85, 3.75), (0.85, 1.05)):
        _arrow(ax, start, (1.86, 2.2), colour=grey)
    for end in ((3.37, 4.2), (3.37, 1.8)):
        _arrow(ax, (1.94, 2.2), end, colour=grey)
    _arrow(ax, (0.85, 4.9), (3.37, 4.9), "the old state", (0, 0.22))
    _arrow(ax, (0.85, 4.2), (3.37, 2.45))
    _arrow(ax, (0.85, 0.45), (6.37, 1.1), "$W_{in}x_t + b_{in}$", (0, -0.25))
    text = r"$r_t \odot (W_{hn}h_{t-1} + b_{hn})$"
    _arrow(ax, (3.83, 1.9), (6.37, 1.9), text, (0, 0.22))
    _arrow(ax, (3.83, 5), (8.57, 4.1), r"$z_t \odot h_{t-1}$", (0.1, 0.32))
    _arrow(ax, (6.83, 1.7), (8.57, 3), r"$(1 - z_t) \odot n_t$", (0.75, -0.3))
    ax.plot(7.9, 2.5, "o", color=grey, markersize=9)
    _arrow(ax, (3.83, 4.4), (7.86, 2.53), "$1 - z_t$", (-0.5, 0.55), grey)
    bars = ((0.64, GATES, "gates"), (0.82, STATES, "states, word"))
    for left, scale, label in bars:
        inset = ax.inset_axes((left, 0.05, 0.14, 0.03))
        ends = scale.get_clim()
        ax.figure.colorbar(scale, cax=inset, orientation="horizontal", ticks=ends)
        inset.set_title(label, fontsize=TEXT - 1)
    ax.set(xlim=(-0.2, 9.6), ylim=(-0.1, 6.2))
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
    ax = _axes(ax, 1.05 * longest + 1.6, 0.6 * len(rows) + 0.2, blank=True)
    side = {"ha": "right", "va": "center", "fontsize": TEXT}
    for row, words in enumerate(rows):
        ax.text(-0.15, row + 0.5, f"sentence {row}", **side)
        for step in range(longest):
            real = step < len(words)
            _block(ax, step, row, *((words[step], row) if real else ("<pad>", None)))
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
    ax = _axes(ax, 1.05 * len(sizes) + 1.6, 0.6 * len(rows) + 0.6, blank=True)
    side = {"ha": "right", "va": "center", "fontsize": TEXT}
    for line, row in enumerate(order):
        ax.text(-0.15, line + 0.5, f"sentence {row}", **side)
    place = 0
    for step, size in enumerate(sizes):
        for line, row in enumerate(order[:size]):
            _block(ax, step, line, rows[row][step], row, str(place))
            place += 1
        middle = side | {"ha": "center", "weight": "bold"}
        ax.text(step + 0.47, len(rows) + 0.3, str(size), **middle)
    ax.text(-0.15, len(rows) + 0.3, "batch_sizes", weight="bold", **side)
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
        lines:  each (steps,) or (runs, steps) float
        log:    shares, drawn in per cent on a logarithmic axis
        return: the axes drawn on
    """
    ax = _axes(ax, 6, 3.6)
    styles = ("-o", "--s", "-.^", ":D", "-v")
    for index, (name, line) in enumerate(lines.items()):
        runs = line.detach().cpu().reshape(-1, line.shape[-1])
        style = {"color": COLOURS[index % len(COLOURS)], "markersize": 5, "lw": 2}
        positions = range(first, first + runs.shape[1])
        kind = styles[index % len(styles)]
        ax.plot(positions, runs.mean(dim=0).tolist(), kind, label=name, **style)
        if len(runs) > 1:
            least, most = runs.amin(dim=0).tolist(), runs.amax(dim=0).tolist()
            ax.fill_between(positions, least, most, color=style["color"], alpha=0.2)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    if log:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def seconds_bars(seconds: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw how long each way took, in milliseconds."""
    ax = _axes(ax, 8, 0.6 * len(seconds) + 0.9)
    bars = ax.barh(list(seconds), [1000 * value for value in seconds.values()])
    ax.bar_label(bars, fmt=" %.1f ms")
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.set_xlabel("milliseconds")
    return ax
