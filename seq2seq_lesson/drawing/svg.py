"""A drawing for a live page: SVG that follows the page's theme and size of text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from html import escape
from math import hypot

from seq2seq_lesson.drawing import (
    BARE,
    LETTERS,
    Arc,
    Box,
    Cell,
    Drawing,
    Item,
    Line,
    Part,
    Point,
    Text,
    lines_of,
)
from seq2seq_lesson.palette import ROLES, heat

SANS = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
MONO = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
Numbers = Mapping[str, str]  # the class of each name that parts have


def to_html(drawing: Drawing) -> str:
    """The drawing as SVG, its sentences around it; all text is escaped.

    Text takes the page's own colour (`currentColor`), so light and dark pages both show
    it, and the picture grows with the page's letters and shrinks to the room there is;
    below three quarters of its size, or letters of 11 pixels, it scrolls.
    What a part does when it is pointed at is CSS alone, so it lives without a kernel.
    """
    above, below = (notes_to_html(*notes) for notes in (drawing.above, drawing.notes))
    return f"{above}{_box(replace(drawing, above=(), notes=()))}{below}"


@lru_cache(maxsize=8)
def _box(drawing: Drawing) -> str:
    """The picture alone, in its box; a page has one under several sentences."""
    parts = [i for i in (*drawing.items, *drawing.beside) if isinstance(i, Part)]
    names = dict.fromkeys(name for part in parts for name in part.names)
    numbers: Numbers = {name: f"n{number}" for number, name in enumerate(names)}
    style = _touch(numbers.values()) if parts else ""
    named = (
        f'class="touch" role="{"group" if parts else "img"}" '
        f'aria-label="{escape(f"{drawing.title}. {drawing.description}")}"'
    )
    reached = "" if parts else ' tabindex="0"'  # or the keyboard could not scroll
    if drawing.beside:
        both = (drawing.items, drawing.beside)
        pictures = "".join(_svg(drawing, items, "", numbers) for items in both)
        box = f'{named}{reached} style="overflow-x:auto;display:flex;flex-wrap:wrap"'
        pictures = style + pictures
    else:
        eye = f' data-eye="{_n(drawing.eye / drawing.width)}"' * (drawing.eye > 0)
        box = f'style="overflow-x:auto"{reached}{eye}'
        pictures = _svg(drawing, drawing.items, named, numbers, style)
    return f"<div {box}>{pictures}</div>"


def _svg(
    drawing: Drawing,
    items: Iterable[Item],
    named: str,
    numbers: Numbers,
    style: str = "",
) -> str:
    """One picture; where there is no room beside another it stands below."""
    body = "".join(mark for item in items for mark in _marks(item, numbers))
    letters = map(float, re.findall(r'font-size="([^"]+)"', body))
    least = max(0.75, 11 / min(letters, default=15)) * drawing.width
    width, height, most = _n(drawing.width), _n(drawing.height), drawing.width / 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'{named} width="100%" style="display:block;flex:1 1 {_n(0.75 * most)}em;'
        f'max-width:{_n(most)}em;min-width:{_n(least)}px;height:auto" '
        f'font-family="{SANS}" fill="currentColor">{style}{body}</svg>'
    )


def _touch(names: Iterable[str]) -> str:
    """The style that lets what belongs to the part pointed at stay, and fades the rest.

    No rule names a drawing, so several drawings on a page need not know of each other;
    what fades is the weaker rule, as the style of a later drawing with fewer names says
    it again.
    """
    pointed = ":is(:hover,:focus)"
    rules = [
        ".touch .part{transition:opacity .12s}",
        ".touch .part:focus-visible{outline:2px solid;outline-offset:1px}",
        ".touch .numbers{visibility:hidden;pointer-events:none}",
        "@media(prefers-reduced-motion){.touch .part{transition:none}}",
        f":where(.touch:has(.part{pointed})) .part{{opacity:.2}}",  # weaker than names
        *(
            f".touch:has(.{name}{pointed}) .{name}{{opacity:1}}"
            f".touch:has(.{name}{pointed}) .{name} .numbers{{visibility:visible}}"
            for name in names
        ),
    ]
    return f"<style>{''.join(rules)}</style>"


def notes_to_html(*notes: str) -> str:
    """Sentences as paragraphs that wrap, read aloud when they change."""
    style = "margin:.35em 0;line-height:1.45;white-space:normal;overflow-wrap:anywhere"
    lines = "".join(f'<p style="{style}">{escape(note)}</p>' for note in notes)
    return f'<div role="status" style="max-width:62em">{lines}</div>' if notes else ""


def _marks(item: Item, numbers: Numbers) -> Iterator[str]:
    """The SVG elements of one item; `numbers` has a class for each name of a part."""
    match item:
        case Part():
            belongs = " ".join(numbers[name] for name in item.names)
            yield _part(item, belongs)
        case Box():
            colour = _colour(item.role)
            yield (
                f'<rect x="{_n(item.x)}" y="{_n(item.y)}" width="{_n(item.width)}" '
                f'height="{_n(item.height)}" rx="{_n(item.radius)}" fill="{colour}" '
                f'fill-opacity=".22" stroke="{colour}" stroke-width="1.6"'
                f"{_dashes(item)}/>"
            )
            for line in lines_of(item):
                yield from _marks(line, numbers)
        case Text():
            weight = ' font-weight="600"' if item.bold else ""
            font = f' font-family="{MONO}"' if item.mono else ""
            yield (
                f'<text x="{_n(item.x)}" y="{_n(item.y + item.size * 0.35)}" '
                f'font-size="{_n(item.size)}" text-anchor="{item.anchor}"'
                f"{weight}{font}{_lettering(item.role)}>{escape(item.text)}</text>"
            )
        case Line():
            points, paint = item.points, _paint("stroke", item.role)
            if item.arrow:
                tip, left, right = arrow_head(points[-2], points[-1], item.width)
                points = (*points[:-1], middle(left, right))
                corners = " ".join(_pair(point) for point in (tip, left, right))
                yield f'<polygon points="{corners}"{_paint("fill", item.role)}/>'
            yield (
                f'<polyline points="{" ".join(map(_pair, points))}" fill="none" '
                f'stroke-width="{_n(item.width)}"{paint}{_dashes(item)}/>'
            )
        case Arc():
            (x1, y1), (x2, y2) = item.start, item.end
            rise = item.bulge * 4 / 3
            bow = " ".join(map(_pair, [(x1, y1 - rise), (x2, y2 - rise), item.end]))
            yield (
                f'<path d="M{_pair(item.start)}C{bow}" fill="none" '
                f'stroke="{_colour(item.role)}" stroke-width="{_n(item.width)}" '
                f'stroke-opacity="{_n(item.strength)}"{_dashes(item)}/>'
            )
        case Cell():
            field = (
                f'<rect x="{_n(item.x)}" y="{_n(item.y)}" width="{_n(item.width)}" '
                f'height="{_n(item.height)}" fill="{heat(item.value)}"'
            )
            if item.frame:
                yield f'{field} stroke="#fff" stroke-width="5"/>'
                field += f' stroke="#000" stroke-width="2"{_dashes(item)}'
            yield f"{field}/>"


@lru_cache(maxsize=128)
def _part(part: Part, belongs: str) -> str:
    """A part's elements; a page has the same part in many frames that follow."""
    shown, waiting = (
        "".join(mark for item in items for mark in _marks(item, {}))
        for items in (part.items, part.numbers)
    )
    hidden = f'<g class="numbers">{waiting}</g>' if part.numbers else ""
    return (
        f'<g class="part {belongs}" tabindex="0" role="img">'
        f"<title>{escape(part.says)}</title>{shown}{hidden}</g>"
    )


def arrow_head(before: Point, tip: Point, width: float) -> tuple[Point, Point, Point]:
    """The three corners of an arrow's head: its tip, and left and right of the line."""
    across, down = tip[0] - before[0], tip[1] - before[1]
    length = hypot(across, down) or 1
    along, aside = 5 + 2.2 * width, 2.5 + 1.2 * width
    x, y = tip[0] - along * across / length, tip[1] - along * down / length
    step = aside * down / length, aside * across / length
    return tip, (x - step[0], y + step[1]), (x + step[0], y - step[1])


def middle(one: Point, other: Point) -> Point:
    """Half way between two points."""
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _dashes(item: Box | Line | Arc | Cell) -> str:
    dashed = item.frame == "dashed" if isinstance(item, Cell) else item.dashed
    return ' stroke-dasharray="5 4"' if dashed else ""


def _colour(role: str) -> str:
    return ROLES.get(role, "currentColor")


def _paint(what: str, role: str) -> str:
    """The attributes that colour a line or a text."""
    opacity = f' {what}-opacity=".72"' if role == "faint" else ""
    return f' {what}="{_colour(role)}"{opacity}'


def _lettering(role: str) -> str:
    """As `_paint` for letters, which need more contrast: a role's colour, mixed."""
    if role not in ROLES or role in BARE:
        return _paint("fill", role)
    share = f"{LETTERS:.0%}"
    return f' fill="color-mix(in srgb, {ROLES[role]} {share}, currentColor)"'


def _n(number: float) -> str:
    """A number without needless digits."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _pair(point: Point) -> str:
    return f"{_n(point[0])},{_n(point[1])}"
