"""The map that every notebook opens with: the whole network, and "you are here"."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from seq2seq_lesson.plots.encoder import COLOURS, new_axes

Place = tuple[float, float, float, float]  # left, bottom, width, height
Spot = tuple[float, float]

BLUE, ORANGE, GREEN, PINK = COLOURS[:4]
GREY, SIZE = "#444444", 14  # in points: it is shown smaller than it is drawn
WIDE, TALL, HIGH = 8.6, 4.78, 4.95  # in inches, as every place below
PARTS: dict[str, tuple[Place, str, Spot]] = {  # its place, its title, and where that is
    "data": ((0.1, 0.1, 8.4, 0.92), "01 data", (0.22, 0.78)),
    "encoder": ((0.1, 1.22, 4.05, 1.26), "02 encoder", (0.22, 2.28)),
    "decoder": ((4.45, 1.22, 4.05, 1.26), "03 decoder", (4.57, 2.28)),
    "attention": ((0.1, 2.64, 8.4, 0.74), "03, 05\nattention", (0.22, 3.09)),
    "training": ((0.1, 3.54, 8.4, 1.12), "04 training", (0.22, 4.4)),
}
ALL: Place = (0.02, 0.02, 8.56, 4.72)
WHOLE = ("reversal", "all")
ALSO = {"decoder": ("attention",)}  # what a notebook is about besides
READ = {1.85: ("je", 4), 2.65: ("suis", 7), 3.45: ("las", 9)}  # by their place
WRITTEN = {6.25: ("<sos>", 1, "i"), 7.05: ("i", 5, "am"), 7.85: ("am", 8, "tired")}


def network_map(here: str, ax: Axes | None = None) -> Axes:
    """Draw the whole network, from words to loss, and mark where the reader is.

    On the left the encoder reads, on the right the decoder writes; between them go the
    last state and what attention looks up. Above, the loss compares the scores of each
    next word (logits) with the true one.

    Args
        here: "data", "encoder", "decoder", "training" or "attention"; "reversal" and
            "all" are the whole; the decoder's notebook is about attention, too
    Raises
        ValueError: the network has no such part.
    """
    if here not in (*PARTS, *WHOLE):
        names = ", ".join([*PARTS, *WHOLE])
        raise ValueError(f"here: got {here!r}, wanted one of {names}")
    ax = new_axes(ax, WIDE, HIGH, blank=True)
    ax.figure.set_facecolor("white")  # on a dark page, too
    for name, (place, title, spot) in PARTS.items():
        marked = name == here or name in ALSO.get(here, ())
        _part(ax, place, "#FFF1CC" if marked else "#F6F6F6", marked)
        _text(ax, *spot, title, ha="left", weight="bold")
    _read(ax)
    _write(ax)
    if here in WHOLE:
        _part(ax, ALL, "none", True)
    left, bottom, *_ = PARTS[here][0] if here in PARTS else ALL
    flag = {"fc": "black", "ec": "black", "boxstyle": "round,pad=0.2"}
    white = {"color": "white", "weight": "bold", "zorder": 9}
    _text(ax, left + 0.74, bottom, "you are here", bbox=flag, **white)
    ax.set(xlim=(0, WIDE), ylim=(TALL - HIGH, TALL), aspect="equal")
    return ax


def _read(ax: Axes) -> None:
    """The encoder's side: words, ids, vectors, states."""
    for x, (word, number) in READ.items():
        _feed(ax, x, word, number)
        _box(ax, x, 2.02, "GRU", BLUE, 0.27)
        _arrow(ax, (x, 2.2), (x, 2.83), BLUE)
    first, second, third = READ
    _box(ax, second, 1.46, "embedding", PINK, 1.0)
    for start, end in ((first, second), (second, third), (third, min(WRITTEN))):
        _arrow(ax, (start + 0.27, 2.02), (end - 0.27, 2.02), BLUE)
    _text(ax, 5.0, 1.8, "last state")
    _text(ax, 4.85, 0.8, "ids")
    _text(ax, 4.85, 0.3, "words")


def _write(ax: Axes) -> None:
    """The decoder's side: words, ids, vectors, states, and what becomes of them."""
    for x, (word, number, true) in WRITTEN.items():
        _feed(ax, x, word, number)
        _box(ax, x, 2.02, "GRU", GREEN, 0.27)
        _arrow(ax, (x, 2.2), (x, 2.83), GREEN)
        _arrow(ax, (x, 3.19), (x, 3.66), GREEN)
        _text(ax, x, 4.36, true, style="italic")
    first, second, third = WRITTEN
    for start, end in ((first, second), (second, third)):
        _arrow(ax, (start + 0.27, 2.02), (end - 0.27, 2.02), GREEN)
    _box(ax, second, 1.46, "embedding", PINK, 1.0)
    _box(ax, 5.05, 3.01, "weights of the encoder's states → context", ORANGE, 3.25)
    _box(ax, second, 3.84, "logits", GREY, 1.1)
    _box(ax, 3.45, 4.1, "loss", GREY, 0.45)
    _arrow(ax, (second - 1.1, 3.84), (3.9, 4.02))
    _arrow(ax, (4.75, 4.36), (3.9, 4.18))
    _text(ax, 5.3, 4.36, "true words")
    _arrow(ax, (3.0, 4.1), (2.4, 4.1))
    _text(ax, 1.8, 4.1, "gradients")


def _feed(ax: Axes, x: float, word: str, number: int) -> None:
    """A word becomes its id, the id goes up into the embedding and on to a cell."""
    _text(ax, x, 0.3, word, style="italic")
    _text(ax, x, 0.8, str(number))
    _arrow(ax, (x, 0.43), (x, 0.67))
    _arrow(ax, (x, 0.92), (x, 1.28))
    _arrow(ax, (x, 1.64), (x, 1.84), PINK)


def _part(ax: Axes, place: Place, face: str, here: bool) -> None:
    """The frame of one part; thick where the reader is."""
    left, bottom, width, height = place
    frame = FancyBboxPatch(
        (left, bottom),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.08",
        fc=face,
        ec="black" if here else "0.6",
        lw=3 if here else 1,
        zorder=1,
    )
    ax.add_patch(frame)


def _box(ax: Axes, x: float, y: float, text: str, colour: str, half: float) -> None:
    low = (x - half, y - 0.18)
    ax.add_patch(
        Rectangle(low, 2 * half, 0.36, fc="white", ec=colour, lw=2.2, zorder=3)
    )
    _text(ax, x, y, text)


def _text(ax: Axes, x: float, y: float, text: str, **style: Any) -> None:
    usual: dict[str, Any] = {
        "ha": "center",
        "va": "center",
        "fontsize": SIZE,
        "zorder": 4,
    }
    ax.text(x, y, text, **usual | style)


def _arrow(ax: Axes, start: Spot, end: Spot, colour: str = GREY) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.8}
    style |= {"shrinkA": 0, "shrinkB": 0, "mutation_scale": 12}
    ax.annotate("", xy=end, xytext=start, arrowprops=style, zorder=2)
