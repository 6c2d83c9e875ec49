"""The picture of what each line made: its tensors as rows of chips, an axis each."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace

from seq2seq_lesson.drawing import (
    Box,
    Drawing,
    Item,
    Line,
    Text,
    chips,
    shorten,
    text_width,
)
from seq2seq_lesson.explorers.shapes.running import Run, Seen

ROW, LEFT, WIDE = 29, 34, 620  # a row's height; where names begin; the least width
LETTERS = 74  # to a line of what is said


def picture(
    title: str,
    now: Run,
    before: Run | None = None,
    *,
    above: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    secret: Collection[Seen] = (),
    asked: Seen | None = None,
) -> Drawing:
    """Draw a run; what has another shape than `before` is marked.

    Args
        secret: tensors that do not tell their shape; `asked` is marked, and the code is
                shown without its comments
    """
    parts = [part for line in now.lines for part in line.parts]
    names = [f"{seen.name:.22}" for seen in now.made] + [f"{p.name:.24}" for p in parts]
    column = LEFT + 12 + max((text_width(name, 14, True) for name in names), default=0)
    was = dict(_shapes(before)) if before else {}
    counted = _shapes(now)
    items: list[Item] = []
    told: list[str] = []
    widest, y = 0.0, 14.0

    def write(name: str, size: int, role: str = "ink", bold: bool = False) -> None:
        items.append(Text(LEFT, y, name, size=size, bold=bold, mono=True, role=role))

    for line in now.lines:
        items.append(Text(8, y, str(line.number), size=13, role="faint", mono=True))
        waits = line.state == "waiting"
        if asked or waits or not (line.made or line.said):
            code = ("not run: " if waits else "") + shorten(line.code, 66)
            write(code, 13, "faint")
            told.append(code)
            y += 24
        end = column + (_row(0, 0, line.made[0])[1] if line.made else 0)
        for part in () if {*secret} & {*line.made} else line.parts:
            wide = _row(0, 0, part)[1]
            row, wide = _row(max(end - wide, column), y, part)
            write(shorten(part.name, 24), 13, "faint")
            items += row
            marks = [f"axis {n} {mark}" for n, mark in part.notes]
            told.append(f"{part.name} {part.shape} {', '.join(marks)}".strip())
            widest = max(widest, column + wide)
            y += ROW - 2
        for seen in line.made:
            key, _ = next(counted)
            old = was.get(key, seen.sizes)
            role = "mark" if seen == asked else "ink"
            write(shorten(seen.name, 22), 14, role, bold=True)
            row, wide = _row(column, y, seen, old, seen in secret, role)
            items += row
            if seen in secret:
                told.append(f"{seen.name} of a shape to be guessed")
            else:
                facts = f"{seen.bytes:,} B"
                if old != seen.sizes:
                    facts += f" · was ({', '.join(map(str, old))})"
                at = column + wide + 9
                items.append(Text(at, y, facts, size=12, role="faint"))
                wide += 12 + text_width(facts, 12)
                told.append(f"{seen.name} {seen.shape}")
            widest = max(widest, column + wide)
            y += ROW
        bad = line.state in ("false", "refused")
        for said in line.said:
            told.append(said)
            for text in textwrap.wrap(("✗ " if bad else "") + said, LETTERS):
                items.append(Text(LEFT, y - 2, text, size=13, bold=bad))
                y += 19
            y += 5
    wide = max(WIDE, widest + 10)
    return Drawing(wide, y, title, f"{'; '.join(told)}.", tuple(items), notes, above)


def _shapes(run: Run) -> Iterator[tuple[tuple[str, int], tuple[int, ...]]]:
    """Every tensor's shape, by its name and how often that stood before."""
    count = Counter[str]()
    for seen in run.made:
        yield (seen.name, count[seen.name]), seen.sizes
        count[seen.name] += 1


def _row(
    x: float,
    y: float,
    seen: Seen,
    old: tuple[int, ...] | None = None,
    hidden: bool = False,
    role: str = "ink",
) -> tuple[list[Item], float]:
    """A tensor's chips; what is wrong, summed, stretched or changed shows by shape."""
    marks, old = dict(seen.notes), seen.sizes if old is None else old
    stretched = {n: f"1{mark}" for n, mark in marks.items() if mark.startswith("→")}
    axes = [stretched.get(n, axis) for n, axis in enumerate(seen.axes)]
    sizes = [stretched.get(n, size) for n, size in enumerate(seen.sizes)]
    row, wide = chips(x, y, tuple(axes), tuple(sizes), hidden)
    if hidden:
        return [replace(chip, role=role) for chip in row], wide
    items: list[Item] = []
    for place, chip in enumerate(row):
        assert isinstance(chip, Box)
        middle, right = chip.y + chip.height / 2, chip.x + chip.width
        if marks.get(place) == "wrong":
            chip = replace(chip, role="wrong", dashed=True, bold=True)
        elif place in stretched:
            chip = replace(chip, role="quiet", dashed=True)
        items.append(chip)
        if marks.get(place) == "summed":
            items.append(Line(((chip.x + 3, middle), (right - 3, middle)), "wrong", 2))
        own = slice(place, place + 1)
        if len(old) != len(seen.sizes) or old[own] != seen.sizes[own]:
            below = chip.y + chip.height + 2
            items.append(Line(((chip.x + 2, below), (right - 2, below)), "mark", 3))
    return items, wide
