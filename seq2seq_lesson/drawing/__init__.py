"""What a picture is made of: a list of simple items that know roles, not colours.

One list, two pens: `svg.to_html` for a live page, `png.to_png` for one without a
kernel. Lengths are in pixels of the picture at its natural size, y downwards; the
colours are those of `palette.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Point = tuple[float, float]

MONO_WIDTH = 0.61  # of one letter, as a part of the size of the letters
SANS_WIDTH = 0.56  # on average, on the safe side
BARE = {"black", "white"}  # roles whose letters keep their colour
LETTERS = 0.6  # of a role's colour in its letters; the rest is ink, for the contrast


@dataclass(frozen=True)
class Box:
    """A rectangle, its text in the middle; filled faintly with the role's colour."""

    x: float
    y: float
    width: float
    height: float
    text: str = ""
    role: str = "quiet"
    size: float = 15
    bold: bool = False
    mono: bool = False
    dashed: bool = False
    radius: float = 6


@dataclass(frozen=True)
class Text:
    """One line of text; `y` is the middle of its height."""

    x: float
    y: float
    text: str
    anchor: str = "start"  # or "middle", "end"
    role: str = "ink"
    size: float = 15
    bold: bool = False
    mono: bool = False


@dataclass(frozen=True)
class Line:
    """A line through points, with a head at its end if it is an arrow."""

    points: tuple[Point, ...]
    role: str = "ink"
    width: float = 1.8
    arrow: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Arc:
    """A bow from point to point, `bulge` above their line; `strength` from 0 to 1."""

    start: Point
    end: Point
    bulge: float
    role: str = "mark"
    width: float = 2
    strength: float = 1
    dashed: bool = False


@dataclass(frozen=True)
class Cell:
    """One field of a heat map, `value` from 0 to 1.

    A frame is black on white, so that it stands out from every colour of the map.
    """

    x: float
    y: float
    width: float
    height: float
    value: float
    frame: str = ""  # or "solid", "dashed"

    @property
    def over(self) -> str:
        """The role of a text that lies on the field: black, or white where it is dark.

        Its contrast is above 4.5 to 1 on every colour of the map.
        """
        return "black" if self.value > 0.46 else "white"


@dataclass(frozen=True)
class Part:
    """Items that a reader can point at, or reach by the keyboard.

    Then all parts that share one of its names stay as they are, the others fade, and
    the `numbers` of those that stay appear. `says` is its tip, and is read aloud.
    """

    items: tuple[Item, ...]
    says: str
    names: tuple[str, ...]
    numbers: tuple[Item, ...] = ()


Item = Box | Text | Line | Arc | Cell | Part


@dataclass(frozen=True)
class Drawing:
    """A picture, its name, what it shows in words, and sentences below and above it.

    `title` and `description` are read to those who do not see the picture. `notes`
    and `above` are wrapped; they may hold what a user typed (see `shorten`). `beside`
    is a second picture of the same size, which stands below where room is short; where
    that for one is short, it is scrolled as far as to `eye`, a place from the left.
    """

    width: float
    height: float
    title: str
    description: str
    items: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    beside: tuple[Item, ...] = ()
    eye: float = 0


def leaves(items: Iterable[Item]) -> Iterator[Item]:
    """All that is always seen, in the order in which it is drawn; parts are opened."""
    for item in items:
        yield from leaves(item.items) if isinstance(item, Part) else (item,)


def lines_of(box: Box) -> list[Text]:
    """The lines of a box's text, each in the middle of its width."""
    lines = box.text.split("\n") if box.text else []
    x = box.x + box.width / 2
    top = box.y + box.height / 2 - (len(lines) - 1) * box.size * 0.6
    return [
        Text(
            x,
            top + number * box.size * 1.2,
            line,
            "middle",
            size=box.size,
            bold=box.bold,
            mono=box.mono,
        )
        for number, line in enumerate(lines)
    ]


def text_width(text: str, size: float, mono: bool = False) -> float:
    """How wide a text will about be."""
    return len(text) * size * (MONO_WIDTH if mono else SANS_WIDTH)


def axis_label(axis: str, size: int | str) -> str:
    """An axis and its size, such as `batch 4`; an axis called "1" stands for itself."""
    return axis if axis == str(size) else f"{axis} {size:,}"


def shorten(text: str, limit: int = 60) -> str:
    """What a user typed: one line, no control codes, at most `limit` letters."""
    line = "".join(filter(str.isprintable, " ".join(text.split())))
    return line if len(line) <= limit else line[: limit - 1] + "…"
