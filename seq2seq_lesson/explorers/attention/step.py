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
ROW, TOP, BAR = 58, 84, 84  # of a key; where the keys begin; a bar of weight 1
WIDE = 396  # of each of the two pictures: a phone shows one without scrolling
COLUMNS = {"key": 8, "score": 184, "e^score": 236, "weight": 308}  # where each begins
PLANE, UNIT = 252, 78  # the plane's x of 0, and pixels to 1


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
    """A row a key: its score and weight; beside it its share, their sum as arrows."""
    scores, weights, shares = step(settings)
    ends = list(accumulate(shares, _add, initial=(0.0, 0.0)))
    total, context = sum(map(exp, scores)), _pair(ends[-1])
    base = TOP + ROW * len(KEYS)
    table: list[Item] = [
        Text(8, 20, f"query {_pair(QUERY, 0)}", bold=True),
        *(Text(x, TOP - 26, name, role="faint") for name, x in COLUMNS.items()),
    ]
    shared: list[Item] = [Text(8, TOP - 26, "weight × key", role="faint")]
    shared += _plane(base)
    for n, (weight, share) in enumerate(zip(weights, shares, strict=True)):
        says = f"key {n}: weight {weight:.2f}, times key {_pair(share)}"
        row = _row(n, scores[n], weight)
        division = f"{exp(scores[n]):.2f} / {total:.2f}"
        waits = Text(COLUMNS["weight"] - 8, _middle(n) + 24, division, "end")
        table.append(Part(row, says, (f"key {n}",), (waits,)))
        arrow = Line((_at(ends[n], base), _at(ends[n + 1], base)), "mark", 2.6, True)
        x, y = _at(KEYS[n], base)
        key = Line((_at((0, 0), base), (x, y)), "quiet", 1.4, True, dashed=True)
        name = Text(x + 8, y - 10 if KEYS[n][1] else y + 16, f"key {n}")
        times = Text(8, _middle(n), f"{weight:.2f} · {_pair(KEYS[n], 0)}", mono=True)
        made = Text(8, _middle(n) + 24, f"= {_pair(share)}", mono=True)
        arrows = (arrow,) if weight > 0.005 else ()
        of_key = (times, made, key, name, *arrows)
        shared.append(Part(of_key, says, (f"key {n}",)))
    y, says = base + 28, f"context {context}: the sum of weight × key"
    sums: tuple[Item, ...] = (
        Line(((8, base + 8), (WIDE - 4, base + 8)), "faint", 1),
        Text(8, y, "sum", bold=True),
        Text(COLUMNS["e^score"], y, f"{total:.2f}", mono=True),
        Text(COLUMNS["weight"], y, "1.00", mono=True),
    )
    result: tuple[Item, ...] = (
        Text(8, y, f"context {context}", bold=True),
        Line((_at((0, 0), base), _at(ends[-1], base)), "ink", 3, True),
    )
    table.append(Part(sums, says, ("context",)))
    shared.append(Part(result, says, ("context",)))
    mean = ", ".join(f"{weight:.2f} of key {n}" for n, weight in enumerate(weights))
    said = f"Context {context}: {mean}."
    notes = said, *_changed(settings)
    title, tall = "One attention step", base + 44
    return Drawing(WIDE, tall, title, said, tuple(table), notes, beside=tuple(shared))


def _row(n: int, score: float, weight: float) -> tuple[Item, ...]:
    """One key's numbers, left to right; what they come of stands below them."""
    y, masked = _middle(n), score == -inf
    terms = " + ".join(f"{q}·{_whole(k)}" for q, k in zip(QUERY, KEYS[n], strict=True))
    product = products()[n]
    own = score == product  # nobody has dragged it
    shown = "−∞" if masked else _whole(int(score))
    bar, x = COLUMNS["weight"], COLUMNS["score"]
    return (
        Box(8, y - 15, 62, 30, f"key {n}", dashed=masked),
        Text(78, y, _pair(KEYS[n], 0), mono=True),
        Text(78 - 14, y + 24, f"{terms} = {_whole(product)}", mono=True),
        Box(x, y - 15, 44, 30, shown, "quiet" if own else "mark", dashed=not own),
        Text(COLUMNS["e^score"], y, f"{exp(score):.2f}", mono=True),
        Text(bar, y, f"{weight:.2f}", mono=True),
        Box(bar, y + 14, max(BAR * weight, 1), 20, role="mark", radius=1),
    )


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
    return TOP + ROW * n + 10


def _add(one: Point, other: Point) -> Point:
    return one[0] + other[0], one[1] + other[1]


def _whole(number: int) -> str:
    return str(number).replace("-", "−")


def _pair(vector: Point, places: int = 2) -> str:
    """A vector as it is written, without a minus before zero."""
    numbers = (f"{round(n, places) + 0.0:.{places}f}" for n in vector)
    return f"({', '.join(numbers)})".replace("-", "−")
