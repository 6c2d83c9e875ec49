"""A drawing for a page without a kernel: a PNG, made without a browser.

GitHub removes SVG from a notebook's outputs, and printed pages cannot run a widget.
"""

from __future__ import annotations

import io
import textwrap

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path

from seq2seq_lesson.drawing import (
    BARE,
    LETTERS,
    Arc,
    Box,
    Cell,
    Drawing,
    Item,
    Line,
    Text,
    leaves,
    lines_of,
)
from seq2seq_lesson.drawing.svg import arrow_head, middle
from seq2seq_lesson.palette import INK, ROLES, heat

DOTS = 144  # to the inch, so that it stays sharp on a projector
PER_INCH = 96  # pixels of the drawing
LINE = 22  # pixels from one line of the notes to the next


def to_png(drawing: Drawing) -> bytes:
    """The drawing and its sentences, dark on white."""
    above, below = (
        [
            line
            for note in notes
            for line in textwrap.wrap(note, int(drawing.width / 8)) or [""]
        ]
        for notes in (drawing.above, drawing.notes)
    )
    top = LINE * len(above)
    pictures = drawing.height * (2 if drawing.beside else 1)
    height = pictures + LINE * len(below) + (LINE if below else 0) / 2
    size = (drawing.width / PER_INCH, (top + height) / PER_INCH)
    figure = Figure(figsize=size, dpi=DOTS)
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, drawing.width)
    ax.set_ylim(height, -top)
    ax.axis("off")
    notes = [
        Text(8, start + LINE * (number + 0.5), line, size=14)
        for start, lines in ((-top, above), (pictures, below))
        for number, line in enumerate(lines)
    ]
    for order, item in enumerate([*leaves(drawing.items), *notes]):
        _draw(ax, item, order)
    if drawing.beside:
        part = drawing.height / (top + height)
        under = figure.add_axes((0, 1 - (top / (top + height) + 2 * part), 1, part))
        under.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
        under.axis("off")
        for order, item in enumerate(leaves(drawing.beside)):
            _draw(under, item, order)
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor="white", metadata={"Software": None})
    return file.getvalue()


def _draw(ax: Axes, item: Item, order: int) -> None:
    """Put one item on the axes; later items cover earlier ones, as in SVG."""
    colour = ROLES.get(getattr(item, "role", ""), INK)
    dashes = (0, (3, 2.4)) if getattr(item, "dashed", False) else "-"
    match item:
        case Box():
            box = FancyBboxPatch(
                (item.x, item.y),
                item.width,
                item.height,
                boxstyle=f"round,pad=0,rounding_size={item.radius}",
                fc=(*_rgb(colour), 0.22),
                ec=colour,
                lw=_points(1.6),
                ls=dashes,
                zorder=order,
            )
            ax.add_patch(box)
            for line in lines_of(item):
                _draw(ax, line, order)
        case Text():
            ax.text(
                item.x,
                item.y,
                item.text,
                ha={"start": "left", "middle": "center", "end": "right"}[item.anchor],
                va="center_baseline",
                fontsize=_points(item.size),
                color=_lettering(item.role),
                alpha=0.72 if item.role == "faint" else 1,
                weight="bold" if item.bold else "normal",
                family="DejaVu Sans Mono" if item.mono else "DejaVu Sans",
                parse_math=False,
                zorder=order,
            )
        case Line():
            points = item.points
            alpha = 0.72 if item.role == "faint" else 1
            if item.arrow:
                tip, left, right = arrow_head(points[-2], points[-1], item.width)
                points = (*points[:-1], middle(left, right))
                corners = [tip, left, right]
                ax.add_patch(
                    Polygon(corners, fc=colour, ec="none", alpha=alpha, zorder=order)
                )
            xs, ys = zip(*points, strict=True)
            ax.plot(
                xs,
                ys,
                color=colour,
                lw=_points(item.width),
                ls=dashes,
                alpha=alpha,
                zorder=order,
            )
        case Arc():
            (x1, y1), (x2, y2) = item.start, item.end
            rise = item.bulge * 4 / 3
            corners = [(x1, y1), (x1, y1 - rise), (x2, y2 - rise), (x2, y2)]
            path = Path(corners, [Path.MOVETO, *[Path.CURVE4] * 3])
            bow = PathPatch(
                path,
                fc="none",
                ec=colour,
                lw=_points(item.width),
                alpha=item.strength,
                ls=dashes,
                zorder=order,
            )
            ax.add_patch(bow)
        case Cell():
            corner, fill = (item.x, item.y), heat(item.value)
            dashes = (0, (3, 2.4)) if item.frame == "dashed" else "-"
            strokes = [("white", 5, "-"), ("black", 2, dashes)] if item.frame else []
            for edge, wide, style in strokes or [("none", 0, "-")]:
                field = Rectangle(
                    corner,
                    item.width,
                    item.height,
                    fc=fill,
                    ec=edge,
                    lw=_points(wide),
                    ls=style,
                    zorder=order,
                )
                ax.add_patch(field)


def _points(pixels: float) -> float:
    """Matplotlib counts letters and lines in 1/72 inch."""
    return pixels * 72 / PER_INCH


def _lettering(role: str) -> tuple[float, ...]:
    """A role's colour in letters: as on a page, where the page's ink is this one."""
    share = 1 if role in BARE else LETTERS
    pairs = zip(_rgb(ROLES.get(role, INK)), _rgb(INK), strict=True)
    return tuple(share * own + (1 - share) * ink for own, ink in pairs)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
