"""Where a flow's boxes, arrows and shapes stand in its drawing."""

from __future__ import annotations

from dataclasses import replace

from seq2seq_lesson.drawing import Box, Drawing, Item, Line, Text, chips, text_width
from seq2seq_lesson.explorers.shape_flow import Arrow, Flow, Operation, amount

TALL, GAP, ALLEY = 46, 66, 26  # a box; the room between two rows; between two columns
NARROW = 230  # the least a column takes
EDGE, STEM = 14, 30  # left margin; from a column's left edge to its arrow


def lay_out(
    flow: Flow,
    title: str,
    notes: tuple[str, ...],
    hidden: tuple[Arrow, ...] = (),
    asked: Arrow | None = None,
) -> Drawing:
    """Draw a flow; `hidden` arrows do not tell their shape, `asked` is marked."""
    tops, lefts = _tops(flow), _lefts(flow)
    items: list[Item] = []
    for arrow in flow.arrows:
        items += _arrow(arrow, tops, lefts, arrow in hidden, arrow == asked)
    for operation in flow.operations:
        failed = bool(flow.error) and operation is flow.operations[-1]
        items += _operation(operation, tops, lefts, failed)
    bottom, bill = tops[-1] + 16, _bill(flow, hidden)
    items.append(Text(EDGE, bottom, bill, size=14, role="faint"))
    at = EDGE
    for role in ("batch", "lengths", "features", "vocabulary"):
        wide = text_width(role, 12, mono=True) + 12
        items.append(Box(at, bottom + 16, wide, 20, role, role, 12, mono=True))
        at += wide + 6
    wide = max(lefts[-1], text_width(bill, 14), 640) + EDGE
    words = _in_words(flow, hidden)
    return Drawing(wide, bottom + 44, title, words, tuple(items), notes)


def _lefts(flow: Flow) -> list[float]:
    """Where each column begins, and last, where the drawing ends."""
    columns = max(operation.columns[1] for operation in flow.operations) + 1
    columns = max([columns, *(arrow.column + 1 for arrow in flow.arrows)])
    lefts = [float(EDGE)]
    for column in range(columns):
        wide = [STEM + 12 + _label_width(a) for a in flow.arrows if a.column == column]
        own = [o for o in flow.operations if o.columns == (column, column)]
        wide += [text_width(_facts(operation), 12) + 12 for operation in own]
        # A column may stay empty, and then takes no room.
        room = max([NARROW, *wide]) + ALLEY if wide or not flow.arrows else 0
        lefts.append(lefts[-1] + room)
    return lefts


def _label_width(arrow: Arrow) -> float:
    """How much room an arrow's shape and bytes take."""
    _, wide = chips(0, 0, arrow.axes, arrow.sizes)
    return max(
        wide + 8 + text_width(amount(arrow.bytes, "B"), 12),
        text_width(arrow.name, 14, mono=True),
    )


def _tops(flow: Flow) -> list[float]:
    """Where each row's boxes begin, and last, where the drawing ends.

    The room above a row is doubled where one tensor leaves and another enters.
    """
    rows = max(operation.row for operation in flow.operations) + 1
    tops, y = [], 0.0
    for row in range(rows + 1):
        leaving, entering = set(), set()
        for arrow in flow.arrows:
            if arrow.start == row - 1 and arrow.start is not None:
                leaving.add((arrow.column, arrow.end is None))
            elif arrow.start is None and arrow.end == row:
                entering.add((arrow.column, True))
        y += 2 * GAP - 8 if leaving & entering else GAP if leaving | entering else 8
        tops.append(y)
        y += TALL
    return tops


def _arrow(
    arrow: Arrow, tops: list[float], lefts: list[float], hidden: bool, asked: bool
) -> list[Item]:
    """One arrow with its name, its shape and its bytes."""
    x = lefts[arrow.column] + STEM
    if arrow.start is None:
        below = tops[arrow.end]
        above, middle = below - GAP + 10, below - 30
    else:
        above = tops[arrow.start] + TALL
        below = tops[arrow.end] if arrow.end is not None else above + GAP - 12
        middle = above + GAP - 40
    style = {"role": "mark", "width": 3} if asked else {}
    row, wide = chips(x + 12, middle + 12, arrow.axes, arrow.sizes, hidden)
    if asked and hidden:
        row = tuple(replace(chip, role="mark") for chip in row)
    items = [
        Line(((x, above), (x, below)), arrow=True, **style),
        Text(x + 12, middle - 11, arrow.name, size=14, bold=True, mono=True),
        *row,
    ]
    if not hidden:
        size = amount(arrow.bytes, "B")
        items.append(Text(x + wide + 20, middle + 12, size, size=12, role="faint"))
    return items


def _operation(
    operation: Operation, tops: list[float], lefts: list[float], failed: bool
) -> list[Item]:
    """One box with its name, and below it what it does, holds and costs."""
    first, last = operation.columns
    x, y = lefts[first], tops[operation.row]
    wide = lefts[last + 1] - ALLEY - x
    facts = _facts(operation)
    box = Box(x, y, wide, TALL, role="wrong" if failed else "quiet", dashed=failed)
    name = y + (14 if facts else TALL / 2)
    return [
        box,
        Text(x + wide / 2, name, operation.label, "middle", bold=True),
        Text(x + wide / 2, y + 33, facts, "middle", "faint", 12),
    ]


def _facts(operation: Operation) -> str:
    """What an operation does, holds and costs."""
    facts = [operation.detail] if operation.detail else []
    if operation.parameters:
        facts.append(f"{amount(operation.parameters)} parameters")
    if operation.work:
        facts.append(f"{amount(operation.work)} multiply-adds")
    return " · ".join(facts)


def _bill(flow: Flow, hidden: tuple[Arrow, ...]) -> str:
    """What it all costs, in one line; it would betray what is to be guessed."""
    if hidden:
        return "The costs are told when the shapes are."
    if flow.error:
        return "Nothing came out."
    numbers = sum(operation.parameters for operation in flow.operations)
    many = sum(operation.work for operation in flow.operations)
    made = sum(arrow.bytes for arrow in flow.made)
    parts = [f"{amount(made, 'B')} of tensors made"]
    if numbers:
        parts = [f"{amount(numbers)} parameters ({amount(4 * numbers, 'B')})", *parts]
    if many:
        parts = [*parts, f"{amount(many)} multiply-adds"]
    cards = (4 * numbers + made) / 80e9
    end = f" That would fill {cards:,.0f} GPUs of 80 GB." if cards > 1.5 else ""
    return f"In all: {', '.join(parts)}.{end}"


def _in_words(flow: Flow, hidden: tuple[Arrow, ...]) -> str:
    """The same for those who do not see it."""
    lines = []
    for arrow in flow.arrows:
        shape = "of a shape to be guessed" if arrow in hidden else arrow.shape
        ends = {"from": arrow.start, "into": arrow.end}
        way = [
            f" {word} {operation.label}"
            for word, row in ends.items()
            for operation in flow.operations
            if operation.row == row
            and operation.columns[0] <= arrow.column <= operation.columns[1]
        ]
        lines.append(f"{arrow.name} {shape}{''.join(way)}")
    return "; ".join(lines) + ". " + _bill(flow, hidden)
