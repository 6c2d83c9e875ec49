"""The picture of what each line made: its tensors as rows of chips, an axis each."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Collection, Iterator

from seq2seq_lesson.drawing import (
    Box,
    Drawing,
    Item,
    Line,
    Part,
    Text,
    axis_label,
    shorten,
    text_width,
)
from seq2seq_lesson.explorers.shapes.running import Run, Seen
from seq2seq_lesson.palette import family
from seq2seq_lesson.shapes.comments import words

SIZE, ROW = 15, 31  # of all letters; a row's height
LEFT, WIDE = 36, 620  # where names begin; the least width


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

    Pointed at, a chip keeps its axis, wherever that is, and the rest of its tensor.

    Args
        secret: tensors that do not tell their shape; `asked` is marked, and the code is
                shown without its comments
    """
    rows = [seen for line in now.lines for seen in (*line.parts, *line.made)]
    names = {seen.name: shorten(seen.name, 22) for seen in rows}
    column = LEFT + 12 + max((_mono(name) for name in names.values()), default=0)
    known, was = {*dict(now.sizes), *names}, dict(_shapes(before)) if before else {}
    counted = _shapes(now)
    items: list[Item] = []
    told: list[str] = []
    widest, y = 0.0, 14.0

    def write(
        text: str,
        x: float = LEFT,
        role: str = "faint",
        bold: bool = False,
        mono: bool = False,
    ) -> Text:
        return Text(x, y, text, role=role, size=SIZE, bold=bold, mono=mono)

    def of_line(text: Text) -> Item:
        of = tuple(sorted(words(line.code) & known))
        return Part((text,), shorten(line.code, 300), of) if of else text

    for line in now.lines:
        items.append(write(str(line.number), 8, mono=True))
        waits = line.state == "waiting"
        if asked or waits or not (line.made or line.said):
            told.append(shorten("not run: " * waits + line.code, 62))
            items.append(of_line(write(told[-1], mono=True)))
            y += 24
        end = column + (_wide(line.made[0]) if line.made else 0)
        for part in () if {*secret} & {*line.made} else line.parts:
            at = max(end - _wide(part), column)
            items += [write(names[part.name], mono=True), *_chips(part, at, y)]
            marks = ", ".join(f"axis {n} {mark}" for n, mark in part.notes)
            told.append(f"{part.name} {part.shape} {marks}".strip())
            widest = max(widest, at + _wide(part))
            y += ROW - 2
        for seen in line.made:
            old = was.get(next(counted)[0], seen.sizes)
            items.append(write(names[seen.name], role="ink", bold=True, mono=True))
            if seen in secret:
                role = "mark" if seen == asked else "quiet"
                items.append(_chip(column, y, "?", role, dashed=seen == asked))
                told.append(f"{seen.name} of a shape to be guessed")
            else:
                items += _chips(seen, column, y, old)
                facts = f"{seen.bytes:,} B"
                if old != seen.sizes:
                    facts += f" · was ({', '.join(map(str, old))})"
                at = column + _wide(seen) + 9
                items.append(write(facts, at))
                widest = max(widest, at + text_width(facts, SIZE))
                told.append(f"{seen.name} {seen.shape}")
            y += ROW
        bad = line.state in ("false", "refused")
        for said in line.said:
            told.append(said)
            for text in textwrap.wrap(("✗ " if bad else "") + said, 64):
                items.append(of_line(write(text, role="ink", bold=bad)))
                y += 20
            y += 5
    wide = max(WIDE, widest + 10)
    return Drawing(wide, y, title, f"{'; '.join(told)}.", tuple(items), notes, above)


def _shapes(run: Run) -> Iterator[tuple[tuple[str, int], tuple[int, ...]]]:
    """Every tensor's shape, by its name and how often that stood before."""
    count = Counter[str]()
    for seen in run.made:
        yield (seen.name, count[seen.name]), seen.sizes
        count[seen.name] += 1


def _mono(text: str) -> float:
    return text_width(text, SIZE, mono=True)


def _labels(seen: Seen) -> list[str]:
    """What stands on its chips; an axis that is stretched tells so."""
    labels, notes = list(map(axis_label, seen.axes, seen.sizes)), dict(seen.notes)
    stretched = {n: f"1{mark}" for n, mark in notes.items() if mark.startswith("→")}
    return [stretched.get(n, label) for n, label in enumerate(labels)] or ["no axis"]


def _wide(seen: Seen) -> float:
    """How wide its row of chips is."""
    return sum(_mono(label) + 16 for label in _labels(seen)) - 4


def _chip(x: float, y: float, label: str, role: str, **looks: bool) -> Box:
    wide = _mono(label) + 12
    return Box(x, y - 12, wide, 24, label, role, SIZE, mono=True, radius=5, **looks)


def _chips(
    seen: Seen, x: float, y: float, old: tuple[int, ...] | None = None
) -> Iterator[Part]:
    """A tensor's chips; what is wrong, summed, stretched or changed shows by shape."""
    notes, old = dict(seen.notes), seen.sizes if old is None else old
    of = f"{seen.name} {seen.shape}" + f", {seen.bytes:,} B" * bool(seen.bytes)
    for place, label in enumerate(_labels(seen)):
        axis, note = "".join(seen.axes[place : place + 1]), notes.get(place, "")
        wrong, stretched = note == "wrong", note.startswith("→")
        role = family(axis) if words(axis) else "quiet"
        role = "wrong" if wrong else "quiet" if stretched else role
        chip = _chip(x, y, label, role, bold=wrong, dashed=wrong or stretched)
        items: list[Item] = [chip]
        if note == "summed":
            items.append(Line(((x + 3, y), (x + chip.width - 3, y)), "wrong", 2))
        if len(old) != len(seen.sizes) or old[place:][:1] != seen.sizes[place:][:1]:
            ends = (x + 2, y + 14), (x + chip.width - 2, y + 14)
            items.append(Line(ends, "mark", 3))
        names = sorted(words(axis)) or [axis or label]
        says = f"{label}{note and f' ({note})'}: axis {place} of {of}" if axis else of
        yield Part(tuple(items), says, (*names, seen.name))
        x += chip.width + 4
