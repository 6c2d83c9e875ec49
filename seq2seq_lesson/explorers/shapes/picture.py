"""The picture of what each line made: its tensors as rows of chips, an axis each."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Collection
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
    quiz: bool = False,
) -> Drawing:
    """Draw a run; what has another shape than `before` is marked.

    Args
        secret: tensors that do not tell their shape; `asked` is marked
        quiz:   show the code, without its comments, as nobody sees it elsewhere
    """
    rows = [(seen.name[:22], 14) for line in now.lines for seen in line.made]
    rows += [(part.name[:24], 14) for line in now.lines for part in line.parts]
    column = LEFT + max([0, *(text_width(*row, True) for row in rows)]) + 12
    was = _shapes(before) if before else {}
    count = Counter[str]()
    items: list[Item] = []
    told: list[str] = []
    widest, y = 0.0, 14.0

    def write(name: str, size: int, role: str = "ink", bold: bool = False) -> None:
        items.append(Text(LEFT, y, name, size=size, bold=bold, mono=True, role=role))

    for line in now.lines:
        items.append(Text(8, y, str(line.number), size=13, role="faint", mono=True))
        waits = line.state == "waiting"
        if quiz or waits or not (line.made or line.said):
            code = ("not run: " if waits else "") + shorten(line.code, 66)
            write(code, 13, "faint")
            told.append(code)
            y += 24
        hide = any(seen in secret for seen in line.made)
        end = column + (_chips(0, 0, line.made[0])[1] if line.made else 0)
        for part in () if hide else line.parts:
            wide = _chips(0, 0, part)[1]
            at = max(end - wide, column) if line.made else column
            write(shorten(part.name, 24), 13, "faint")
            items += _row(at, y, part)
            marks = [f"axis {n} {mark}" for n, mark in part.notes]
            told.append(f"{part.name} {part.shape} {', '.join(marks)}".strip())
            widest = max(widest, at + wide)
            y += ROW - 2
        for seen in line.made:
            old = was.get((seen.name, count[seen.name]), seen.sizes)
            count[seen.name] += 1
            role = "mark" if seen == asked else "ink"
            write(shorten(seen.name, 22), 14, role, bold=True)
            if seen in secret:
                row, wide = _chips(column, y, seen, hidden=True)
                items += [replace(chip, role=role) for chip in row]
                told.append(f"{seen.name} of a shape to be guessed")
            else:
                wide = _chips(0, 0, seen)[1]
                same = len(old) == len(seen.sizes)
                pairs = enumerate(seen.sizes)
                changed = [n for n, size in pairs if not same or old[n] != size]
                items += _row(column, y, seen, changed)
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
    words = f"{'; '.join(told)}."
    wide = max(WIDE, widest + 10)
    return Drawing(wide, y, title, words, tuple(items), notes, above)


def _shapes(run: Run) -> dict[tuple[str, int], tuple[int, ...]]:
    """Every tensor's shape, by its name and how often that stood before."""
    count, shapes = Counter[str](), {}
    for seen in (seen for line in run.lines for seen in line.made):
        shapes[seen.name, count[seen.name]] = seen.sizes
        count[seen.name] += 1
    return shapes


def _chips(
    x: float, y: float, seen: Seen, hidden: bool = False
) -> tuple[list[Box], float]:
    """The chips of a tensor; an axis that is stretched says from what to what."""
    marks = dict(seen.notes)
    labels = [
        (f"1{marks[n]}",) * 2 if marks.get(n, "").startswith("→") else pair
        for n, pair in enumerate(zip(seen.axes, seen.sizes, strict=True))
    ]
    row, wide = chips(
        x, y, tuple(a for a, _ in labels), tuple(n for _, n in labels), hidden
    )
    return [chip for chip in row if isinstance(chip, Box)], wide


def _row(x: float, y: float, seen: Seen, changed: Collection[int] = ()) -> list[Item]:
    """A tensor's chips; what is wrong, summed, stretched or changed shows by shape."""
    marks = dict(seen.notes)
    items: list[Item] = []
    for place, chip in enumerate(_chips(x, y, seen)[0]):
        mark = marks.get(place, "")
        middle, right = chip.y + chip.height / 2, chip.x + chip.width
        if mark == "wrong":
            chip = replace(chip, role="wrong", dashed=True, bold=True)
        elif mark.startswith("→"):
            chip = replace(chip, role="quiet", dashed=True)
        items.append(chip)
        if mark == "summed":
            items.append(Line(((chip.x + 3, middle), (right - 3, middle)), "wrong", 2))
        if place in changed:
            below = chip.y + chip.height + 2
            items.append(Line(((chip.x + 2, below), (right - 2, below)), "mark", 3))
    return items
