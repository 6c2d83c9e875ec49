"""One attention step in numbers: drag a score, and weights and context follow.

    attention_step()

as the last line of a cell shows it.
"""

from __future__ import annotations

from itertools import accumulate
from math import exp, inf

from seq2seq_lesson.drawing import Box, Drawing, Item, Line, Part, Point, Text
from seq2seq_lesson.explorers.controls import switch, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings

QUERY = (2, 1)
KEYS = ((1, 0), (0, 1), (-1, 2))  # values, too
LAST = len(KEYS) - 1
ROW, TOP, BAR = 58, 84, 90  # of a key; where the keys begin; a bar of weight 1
COLUMNS = {  # where each begins
    "key": 8,
    "query · key": 156,
    "score": 302,
    "e^score": 360,
    "weight": 440,
    "weight × key": 586,
}
PLANE, UNIT = 830, 78  # the plane's x of 0, and pixels to 1


def attention_step() -> Explorer:
    """Three keys, a slider for the score of each, and a mask for the last."""
    scores = {
        f"score {n}": whole(f"score {n}", score, -4, 4, f"The score of key {n}")
        for n, score in enumerate(products())
    }
    mask = switch(f"mask key {LAST}", False, "Treat the last place as padding")
    return Explorer(
        draw,
        {**scores, "mask": mask},
        page={**dict.fromkeys(scores, (-2, 0, 1, 2, 4)), "mask": (False, True)},
    )


def products() -> list[int]:
    """The scores as computed: query · key."""
    return [sum(q * k for q, k in zip(QUERY, key, strict=True)) for key in KEYS]


def step(settings: Settings) -> tuple[list[float], list[float], list[Point]]:
    """The scores, their softmax, and each weight times its key."""
    scores: list[float] = [settings[f"score {n}"] for n in range(len(KEYS))]
    if settings["mask"]:
        scores[LAST] = -inf
    grown = [exp(score) for score in scores]
    weights = [number / sum(grown) for number in grown]
    shares = [(w * x, w * y) for w, (x, y) in zip(weights, KEYS, strict=True)]
    return scores, weights, shares


def draw(settings: Settings) -> Drawing:
    """A row a key, from its score to its share of the context; their sum as arrows."""
    scores, weights, shares = step(settings)
    ends = list(accumulate(shares, _add, initial=(0.0, 0.0)))
    total, context = sum(map(exp, scores)), _pair(ends[-1])
    base = TOP + ROW * len(KEYS)
    items: list[Item] = [
        Text(8, 20, f"query {_pair(QUERY, 0)}", bold=True),
        *(Text(x, TOP - 26, name, role="faint") for name, x in COLUMNS.items()),
        *_plane(base),
    ]
    for n, (weight, share) in enumerate(zip(weights, shares, strict=True)):
        row = _row(n, scores[n], weight, share, total)
        arrow = Line((_at(ends[n], base), _at(ends[n + 1], base)), "mark", 2.6, True)
        x, y = _at(KEYS[n], base)
        key = Line((_at((0, 0), base), (x, y)), "quiet", 1.4, True, dashed=True)
        name = Text(x + 8, y - 10 if KEYS[n][1] else y + 16, f"key {n}")
        row_items = (*row, key, name, *([arrow] if weight > 0.005 else []))
        division = Text(
            COLUMNS["weight"], _middle(n) + 19, f"{exp(scores[n]):.2f} / {total:.2f}"
        )
        says = f"key {n}: weight {weight:.2f}, times key {_pair(share)}"
        items.append(Part(row_items, says, (f"key {n}",), (division,)))
    items.append(_sum(total, context, _at((0, 0), base), _at(ends[-1], base), base))
    mean = ", ".join(f"{weight:.2f} of key {n}" for n, weight in enumerate(weights))
    said = f"Context {context}: {mean}."
    notes = [said, *_changed(settings)]
    title = "One attention step"
    return Drawing(1000, base + 62, title, said, tuple(items), tuple(notes))


def _row(
    n: int, score: float, weight: float, share: Point, total: float
) -> tuple[Item, ...]:
    """One key's numbers, left to right."""
    y, masked = _middle(n), score == -inf
    terms = " + ".join(f"{q}·{_whole(k)}" for q, k in zip(QUERY, KEYS[n], strict=True))
    product = products()[n]
    own = score == product  # nobody has dragged it
    shown = "−∞" if masked else _whole(int(score))
    bar, x = COLUMNS["weight"], COLUMNS["score"]
    return (
        Box(8, y - 15, 62, 30, f"key {n}", dashed=masked),
        Text(78, y, _pair(KEYS[n], 0), mono=True),
        Text(COLUMNS["query · key"], y, f"{terms} = {_whole(product)}", mono=True),
        Box(x, y - 15, 44, 30, shown, "quiet" if own else "mark", dashed=not own),
        Text(COLUMNS["e^score"], y, f"{exp(score):.2f}", mono=True),
        Box(bar, y - 10, max(BAR * weight, 1), 20, role="mark", radius=1),
        Text(bar + BAR * weight + 8, y, f"{weight:.2f}", mono=True),
        Text(COLUMNS["weight × key"], y, _pair(share), mono=True),
    )


def _sum(total: float, context: str, start: Point, end: Point, base: float) -> Part:
    """The last line: what the columns add up to, and the context as an arrow."""
    y = base + 28
    items: tuple[Item, ...] = (
        Line(((8, base + 4), (724, base + 4)), "faint", 1),
        Text(8, y, "sum", bold=True),
        Text(COLUMNS["e^score"], y, f"{total:.2f}", mono=True),
        Text(COLUMNS["weight"], y, "1.00", mono=True),
        Text(COLUMNS["weight × key"], y, context, bold=True, mono=True),
        Text(COLUMNS["weight × key"], y + 22, "= context", bold=True),
        Line((start, end), "ink", 3, True),
    )
    return Part(items, f"context {context}: the sum of weight × key", ("context",))


def _plane(base: float) -> list[Item]:
    """Two axes through 0."""
    left, right = _at((-1.2, 0), base), _at((1.6, 0), base)
    low, high = _at((0, -0.25), base), _at((0, 2.2), base)
    return [Line((left, right), "faint", 1), Line((low, high), "faint", 1)]


def _changed(settings: Settings) -> list[str]:
    """A sentence for what differs from the scores as computed."""
    notes = [
        f"Key {n}: you set its score to {_whole(settings[f'score {n}'])}, "
        f"where query · key is {_whole(product)}."
        for n, product in enumerate(products())
        if settings[f"score {n}"] != product and not (n == LAST and settings["mask"])
    ]
    if settings["mask"]:
        notes.append(f"Key {LAST} is masked: its score is −∞, and e to that is 0.")
    return notes


def _at(point: Point, base: float) -> Point:
    """Where a point of the plane lies in the picture."""
    return PLANE + UNIT * point[0], base - UNIT * point[1]


def _middle(n: int) -> float:
    return TOP + ROW * n + ROW / 2 - 8


def _add(one: Point, other: Point) -> Point:
    return one[0] + other[0], one[1] + other[1]


def _whole(number: int) -> str:
    return str(number).replace("-", "−")


def _pair(vector: Point, places: int = 2) -> str:
    """A vector as it is written, without a minus before zero."""
    numbers = (f"{round(n, places) + 0.0:.{places}f}" for n in vector)
    return f"({', '.join(numbers)})".replace("-", "−")
