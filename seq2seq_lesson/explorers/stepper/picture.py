"""The picture of one decoding step: what is read, changed, looked at and chosen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

from seq2seq_lesson.drawing import Arc, Box, Cell, Drawing, Item, Line, Part, Text
from seq2seq_lesson.explorers.sentences import Spans, fitted, spans
from seq2seq_lesson.explorers.stepper.steps import SHOWN, Step
from seq2seq_lesson.vocabulary import EOS, SPECIALS

LEFT, LEAST = 116, 560  # where the rows begin; the least width of the picture
GAP = 16  # between the four parts
PHONE = 396  # as much as a phone shows without scrolling
FAINTEST = -4  # the bars begin at ten to the power of it, a hundredth of a per cent


@lru_cache(maxsize=8)  # a page has a picture under several notes
def step_picture(
    steps: tuple[Step, ...],
    number: int,
    source: tuple[str, ...],
    unknown: frozenset[str],
    order: str,
    noun: str = "word",
    hidden: bool = False,
) -> Drawing:
    """One step in four parts, in the order in which the model takes them.

    Of later steps nothing is shown.

    Args
        number: of the step, from 1
        source: the words read, without "<eos>"
        order:  "after", "before" or "none", where the attention stands
        noun:   what the model reads and writes, a "word" or a "letter"
        hidden: whether what this step writes is still to be guessed
    """
    step, y = steps[number - 1], 6.0
    states = step.before.tolist(), step.after.tolist()
    read = [*source, SPECIALS[EOS]]
    columns = spans(read, 52, 96)
    width = max(LEAST, LEFT + sum(columns[-1]) + 8)
    parts = {
        f"read a {noun}": lambda y: _sentence(steps, number, y),
        "change the state (dark −1, bright +1; its change: dark 0, bright 1)": (
            lambda y: _state(*map(tuple, states), width, y)
        ),
        "look at the source (softmax turns scores into weights)": (
            lambda y: _look(step, number, read, unknown, columns, noun, y)
        ),
        f"choose a {noun}"
        + " (from line to line ten times as likely)" * (not hidden): (
            lambda y: _choose(step, hidden, width, y)
        ),
    }
    names = [*parts]
    if order == "before":
        names[1:3] = names[2], names[1]
    if order == "none":
        del names[2]
    items: list[Item] = []
    for place, name in enumerate(names, start=1):
        title, _, aside = name.partition(" (")
        head = f"{place}  {title}"
        items.append(Text(8, y + 12, head, size=16, bold=True))
        if aside:
            y += 19
            items.append(Text(28, y + 12, aside.strip(")"), role="faint"))
        drawn, height = parts[name](y + 30)
        items += drawn
        y += 30 + height + GAP
    said = _in_words(steps, number, read, noun, hidden)
    title, height = f"Decoding, one {noun} at a time", y - GAP + 6
    eye = 0.0
    if step.weights is not None:
        eye = LEFT + sum(columns[int(step.weights.argmax())])
    return Drawing(width, height, title, said, tuple(items), above=(said,), eye=eye)


def _in_words(
    steps: tuple[Step, ...], number: int, read: list[str], noun: str, hidden: bool
) -> str:
    """The step as a sentence; a step that is hidden ends in a question."""
    step = steps[number - 1]
    told = f"Step {number}: it reads “{step.read}”"
    if step.weights is not None:
        most = int(step.weights.argmax())
        word = fitted(read[most], 200, 15)
        told += f", looks most at “{word}” ({step.weights[most]:.0%})"
    if hidden:
        offered = (f"{n} “{word}”" for n, word in enumerate(choices(step), start=1))
        return f"{told}. Which {noun} does it write: {', '.join(offered)}?"
    by = "is made to write" if step.forced else "writes"
    so_far = " ".join(step.wrote for step in steps[:number])
    return f"{told}, {by} “{step.wrote}” ({share(step.chance)}). So far: “{so_far}”."


def share(chance: float) -> str:
    """A probability, to a tenth of a per cent; a small one to a hundredth."""
    if chance < 10**FAINTEST:
        return "< 0.01%"
    return f"{chance:.1%}" if chance >= 0.001 else f"{chance:.2%}"


def _sentence(
    steps: tuple[Step, ...], number: int, y: float
) -> tuple[list[Item], float]:
    """What was written before this step; its last word is the one that is read now."""
    items: list[Item] = []
    x, line = 28.0, y
    for place in range(number):
        before = steps[place - 1] if place else None
        word = before.wrote if before else steps[0].read
        wide = max(36, 9 * len(word) + 18)
        if x + wide > PHONE:
            x, line = 28.0, line + 36
        now = place == number - 1
        role = "mark" if now else "batch" if before and before.forced else "quiet"
        if before is None:
            says = f"{word}: every sentence begins from it"
        else:
            by = "yours" if before.forced else "its own"
            says = f"step {place} wrote {word}, {by} ({share(before.chance)})"
        box = Box(x, line, wide, 30, word, role, bold=now)
        items.append(Part((box,), f"{says}; read now" if now else says, (says,)))
        x += wide + 6
    return items, line - y + 30


@lru_cache(maxsize=4)  # a page has a step at several temperatures
def _state(
    before: tuple[float, ...], after: tuple[float, ...], width: float, y: float
) -> tuple[list[Item], float]:
    """The state's numbers as two strips, and how far each of them moved."""
    one = (width - LEFT - 8) / len(before)
    items: list[Item] = [
        Text(LEFT - 10, y + 8 + 20 * place, name, "end", "faint")
        for place, name in enumerate(("before", "after", "change"))
    ]
    length = f"length of the change: {math.dist(before, after):.1f}"
    for n, (old, new) in enumerate(zip(before, after, strict=True)):
        values = (old + 1) / 2, (new + 1) / 2, min(abs(new - old), 1)
        cells = tuple(
            Cell(LEFT + one * n, y + 20 * place, one + 0.4, 16, value)
            for place, value in enumerate(values)
        )
        says = f"number {n + 1}: {_signed(old, 2)} → {_signed(new, 2)}"
        number = Text(width - 8, y + 72, says, "end", mono=True)
        items.append(Part(cells, says, (f"state {n + 1}",), (number,)))
    items.append(Text(LEFT, y + 72, length))
    return items, 82


def _signed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _look(
    step: Step,
    number: int,
    read: list[str],
    unknown: frozenset[str],
    columns: Spans,
    noun: str,
    y: float,
) -> tuple[list[Item], float]:
    """Arcs from the asking step to what it looks at; scores, and their weights."""
    row, asks = y + 76, (8.0, 100.0)  # where the asking box begins; its width
    assert step.weights is not None, "without attention this part is left out"
    assert step.scores is not None, "weights come of scores"
    weights, scores = step.weights.tolist(), step.scores.tolist()
    names = tuple(f"source {n + 1}" for n in range(len(read)))
    items: list[Item] = []
    tips = [
        f"{word}: score {_signed(score, 1)}, weight {weight:.1%}"
        for word, score, weight in zip(read, scores, weights, strict=True)
    ]
    start = asks[0] + asks[1] / 2, row
    longest = LEFT + sum(columns[-1]) - start[0]
    for n, (weight, (left, wide)) in enumerate(zip(weights, columns, strict=True)):
        if weight < 0.005:  # an arc that nobody would see
            continue
        x = LEFT + left + wide / 2
        bulge = 22 + 46 * (x - start[0]) / longest
        arc = Arc((x, row), start, bulge, "mark", 1 + 8 * weight, 0.2 + 0.8 * weight)
        items.append(Part((arc,), tips[n], (names[n],)))
    box = Box(asks[0], row, asks[1], 34, f"step {number} asks", "mark", bold=True)
    items.append(Part((box,), f"step {number} asks all that was read", names))
    labels = {"score": 54, "weight": 126}
    items += [
        Text(LEFT - 10, row + at, name, "end", "faint") for name, at in labels.items()
    ]
    for n, (word, (left, wide)) in enumerate(zip(read, columns, strict=True)):
        x = LEFT + left
        strange = word in unknown
        role = "wrong" if strange else "quiet"
        shown = fitted(word, wide - 10, 15)
        middle = x + wide / 2
        said = (
            Box(x + 2, row, wide - 4, 34, shown, role, dashed=strange),
            Text(middle, row + 54, _signed(scores[n], 1), "middle", mono=True),
            *_bar(x + 6, row + 70, wide - 12, 40, weights[n]),
            Text(middle, row + 126, f"{weights[n]:.0%}", "middle", mono=True),
        )
        items.append(Part(said, tips[n], (names[n],)))
    return items, 76 + 136


def _bar(
    x: float, top: float, width: float, height: float, part: float
) -> Iterator[Item]:
    """A column on a base line, as high as the part of the whole is large."""
    base, tall = top + height, part * height
    if tall >= 1:
        yield Box(x, base - tall, width, tall, role="mark", radius=1)
    yield Line(((x, base), (x + width, base)), "faint", 1)


def _choose(
    step: Step, hidden: bool, width: float, y: float
) -> tuple[list[Item], float]:
    """The likeliest words, each with its share and a bar on a scale of powers of ten.

    A forced word that is none of them stands below. Hidden, the words stand in
    alphabetical order with their numbers, to be guessed from.
    """
    if hidden:
        return _guesses(step, y)
    rows = [*step.likeliest]
    if step.wrote not in dict(rows):
        rows.append((step.wrote, step.chance))
    told, left = LEFT + 82, LEFT + 182  # where shares end, and bars begin
    longest = width - left - 24
    bottom = y + 26 * (SHOWN + 1)
    items: list[Item] = []
    for power in range(FAINTEST, 1):
        x = left + longest * (1 - power / FAINTEST)
        items.append(Line(((x, y), (x, bottom)), "faint", 0.6, dashed=True))
        items.append(Text(x, bottom + 12, f"{100 * 10.0**power:g}%", "middle", "faint"))
    for place, (word, chance) in enumerate(rows):
        middle, chosen = y + 13 + 26 * place, word == step.wrote
        role = ("batch" if step.forced else "mark") if chosen else "quiet"
        long = max(longest * (1 - math.log10(max(chance, 1e-9)) / FAINTEST), 4)
        mark = "◀ yours" if step.forced else "◀ written"
        bar = (
            Text(LEFT + 4, middle, fitted(word, 100, 15), "end", bold=chosen),
            Text(told, middle, share(chance), "end", bold=chosen, mono=True),
            Text(told + 8, middle, mark if chosen else "", bold=True),
            Box(left, middle - 9, long, 18, role=role, radius=1.5),
        )
        items.append(Part(bar, f"{word}: {share(chance)}", (f"choice {place + 1}",)))
    return items, bottom - y + 22


def _guesses(step: Step, y: float) -> tuple[list[Item], float]:
    """What can be guessed: a number and a word in each row."""
    items: list[Item] = []
    for place, word in enumerate(choices(step)):
        middle = y + 13 + 26 * place
        items.append(Box(LEFT + 14, middle - 11, 24, 22, str(place + 1), mono=True))
        items.append(Text(LEFT + 50, middle, fitted(word, 300, 15)))
    return items, 26 * (SHOWN + 1) + 22


def choices(step: Step) -> list[str]:
    """The likeliest words in alphabetical order, which does not tell the likeliest."""
    return sorted(word for word, _ in step.likeliest)
