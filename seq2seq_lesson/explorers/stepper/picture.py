"""The picture of one decoding step: what is read, changed, looked at and chosen."""

from __future__ import annotations

from collections.abc import Iterator

from seq2seq_lesson.drawing import Arc, Box, Cell, Drawing, Item, Line, Point, Text
from seq2seq_lesson.explorers.sentences import fitted, spread
from seq2seq_lesson.explorers.stepper.steps import SHOWN, Step, text
from seq2seq_lesson.vocabulary import EOS, SPECIALS

LEFT, WIDE = 252, 1080  # where the rows begin; the least width of the picture
GAP = 26  # between the four parts


def step_picture(
    steps: tuple[Step, ...],
    number: int,
    source: list[str],
    unknown: set[str],
    order: str,
    notes: tuple[str, ...],
) -> Drawing:
    """One step in four parts, in the order in which the model takes them.

    Args
        number: of the step, from 1
        source: the words read, without "<eos>"
        order:  "after", "before" or "none", where the attention stands
    """
    step, y = steps[number - 1], 10.0
    read = [*source, SPECIALS[EOS]]
    column = spread(read, 15, 46, 96)
    width = max(WIDE, LEFT + column * len(read) + 130)
    parts = {
        "read a word": lambda y: _sentence(steps, number, width, y),
        "change the state": lambda y: _state(step, y),
        "look at the source": lambda y: _look(step, number, read, unknown, column, y),
        "choose a word": lambda y: _choose(step, y),
    }
    names = [*parts]
    if order == "before":
        names[1:3] = names[2], names[1]
    if order == "none":
        names.remove("look at the source")
    items: list[Item] = []
    for place, name in enumerate(names, start=1):
        drawn, height = parts[name](y)
        items += [Text(8, y + 14, f"{place}  {name}", size=15, bold=True), *drawn]
        y += height + GAP
    said = _in_words(steps, number, read)
    title = "Decoding, one word at a time"
    return Drawing(width, y - GAP + 6, title, said, tuple(items), (said, *notes))


def _in_words(steps: tuple[Step, ...], number: int, read: list[str]) -> str:
    """The step as a sentence."""
    step = steps[number - 1]
    looks = ""
    if step.weights is not None:
        most = int(step.weights.argmax())
        word = fitted(read[most], 200, 15)
        looks = f"looks most at “{word}” ({step.weights[most]:.0%}), "
    by = "is made to write" if step.forced else "writes"
    return (
        f"Step {number} of {len(steps)}: it reads “{step.read}”, {looks}{by} "
        f"“{step.wrote}” ({_share(step.chance)}). "
        f"The whole sentence: “{text(steps)}”."
    )


def _share(chance: float) -> str:
    """A probability, to a tenth of a per cent."""
    return f"{chance:.1%}" if chance >= 0.001 else "< 0.1%"


def _sentence(
    steps: tuple[Step, ...], number: int, width: float, y: float
) -> tuple[list[Item], float]:
    """What was written so far, the word that is read now, and what will be written.

    A bracket leads from the word that is read to the one that is written.
    """
    items: list[Item] = []
    x, line = float(LEFT), y
    spots: list[Point] = []
    for place, word in enumerate([steps[0].read, *(step.wrote for step in steps)]):
        wide = max(36, 9 * len(word) + 18)
        if x + wide > width - 8:
            x, line = float(LEFT), line + 46
        forced = place > 0 and steps[place - 1].forced
        now, later = place == number - 1, place >= number
        role = "batch" if forced else "mark" if now else "quiet"
        items.append(Box(x, line, wide, 30, word, role, bold=now, dashed=later))
        spots.append((x + wide / 2, line + 30))
        x += wide + 6
    (x1, y1), (x2, y2) = spots[number - 1 : number + 1]
    if y1 == y2:
        path = ((x1, y1 + 1), (x1, y1 + 12), (x2, y1 + 12), (x2, y1 + 1))
        items.append(Line(path, "mark", arrow=True))
    return items, line - y + 42


def _state(step: Step, y: float) -> tuple[list[Item], float]:
    """The state's numbers as two strips, and how far each of them moved."""
    items: list[Item] = []
    moved = (step.after - step.before).abs()
    rows = {
        "before": (step.before + 1) / 2,
        "after": (step.after + 1) / 2,
        "change": moved.clamp(max=1),
    }
    one = (WIDE - LEFT - 160) / len(moved)
    for place, (name, values) in enumerate(rows.items()):
        top = y + 4 + 20 * place
        items.append(Text(LEFT - 10, top + 8, name, "end", "faint", 14))
        items += [
            Cell(LEFT + one * n, top, one + 0.4, 16, value)
            for n, value in enumerate(values.tolist())
        ]
    x = WIDE - 148
    items += [
        Text(x, y + 12, "dark −1, bright +1", role="faint", size=13),
        Text(x, y + 32, "(before and after)", role="faint", size=13),
        Text(x, y + 52, "dark 0, bright ≥ 1", role="faint", size=13),
        Text(x, y + 72, f"change: length {float(moved.norm()):.1f}", size=14),
    ]
    return items, 78


def _look(
    step: Step,
    number: int,
    read: list[str],
    unknown: set[str],
    column: float,
    y: float,
) -> tuple[list[Item], float]:
    """Arcs from the asking step to what it looks at; scores, and their weights."""
    row, end = y + 96, LEFT + column * len(read) + 14
    asks = (end + 50, row)
    assert step.weights is not None, "without attention this part is left out"
    assert step.scores is not None, "weights come of scores"
    weights, scores = step.weights.tolist(), step.scores.tolist()
    items: list[Item] = [*_arcs(weights, column, row, asks)]
    items.append(Box(end, row, 100, 34, f"step {number} asks", "mark", 14, bold=True))
    names = {"word read": 17, "score": 54, "weight": 96}
    items += [
        Text(LEFT - 10, row + at, name, "end", "faint", 14)
        for name, at in names.items()
    ]
    for n, word in enumerate(read):
        x = LEFT + column * n
        strange = word in unknown
        role = "wrong" if strange else "quiet"
        shown = fitted(word, column - 10, 15)
        items.append(Box(x + 2, row, column - 4, 34, shown, role, dashed=strange))
        size = 14 if column > 56 else 11
        middle = x + column / 2
        score = f"{scores[n]:.1f}".replace("-", "−")
        items.append(Text(middle, row + 54, score, "middle", size=size, mono=True))
        items += _bar(x + 6, row + 72, column - 12, 40, weights[n])
        share = f"{weights[n]:.0%}"
        items.append(Text(middle, row + 126, share, "middle", size=size, mono=True))
    items.append(Text(end, row + 54, "softmax turns", role="faint", size=14))
    items.append(Text(end, row + 74, "scores into", role="faint", size=14))
    items.append(Text(end, row + 94, "weights", role="faint", size=14))
    return items, 96 + 136


def _arcs(
    weights: list[float], column: float, row: float, asks: Point
) -> Iterator[Arc]:
    """Thick and strong where the weight is large; none where there is next to none."""
    longest = column * len(weights) + 30
    for n, weight in enumerate(weights):
        x = LEFT + column * (n + 0.5)
        bulge = 22 + 66 * (asks[0] - x) / longest
        if weight >= 0.005:
            strength = 0.2 + 0.8 * weight
            yield Arc((x, row), asks, bulge, "mark", 1 + 8 * weight, strength)


def _bar(
    x: float, top: float, width: float, height: float, share: float
) -> Iterator[Item]:
    """A column on a base line, as high as the share is large."""
    base, tall = top + height, share * height
    if tall >= 1:
        yield Box(x, base - tall, width, tall, role="mark", radius=1)
    yield Line(((x, base), (x + width, base)), "faint", 1)


def _choose(step: Step, y: float) -> tuple[list[Item], float]:
    """The likeliest words as bars; a forced word that is none of them stands below."""
    items: list[Item] = []
    rows = [*step.likeliest]
    if step.wrote not in dict(rows):
        rows.append((step.wrote, step.chance))
    longest = WIDE - LEFT - 130 - 110
    for place, (word, chance) in enumerate(rows):
        middle, chosen = y + 14 + 27 * place, word == step.wrote
        role = ("batch" if step.forced else "mark") if chosen else "quiet"
        label = fitted(word, 100, 15)
        items.append(Text(LEFT + 96, middle, label, "end", bold=chosen))
        long = max(longest * chance, 4)
        items.append(Box(LEFT + 106, middle - 10, long, 20, role=role, radius=1.5))
        share = _share(chance)
        items.append(Text(LEFT + 114 + long, middle, share, size=14, mono=True))
    if step.forced:
        items.append(Text(24, y + 38, "your word", role="faint", size=14))
    return items, 27 * (SHOWN + 1)
