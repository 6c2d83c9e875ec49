"""The picture of the reversal playground: a map beside the course of the training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from seq2seq_lesson.drawing import Box, Drawing, Item, Line, Part, Text
from seq2seq_lesson.explorers.attention.picture import in_words, panel, size
from seq2seq_lesson.explorers.sentences import fitted, room
from seq2seq_lesson.translation import Translation

CHART, HIGH = 430, 150  # width and height of the bars
GAP = 40


def anti_diagonal(answer: Translation) -> set[tuple[int, int]]:
    """The known links: the letter written first was read last."""
    letters = len(answer.source_words) - 1
    rows = min(letters, len(answer.words))
    return {(letters - 1 - place, place) for place in range(rows)}


def share(answer: Translation) -> float:
    """How much of the letters' weight lies on the anti-diagonal, from 0 to 1."""
    letters = len(answer.source_words) - 1
    assert answer.weights is not None, "the playground refuses models without attention"
    weights = answer.weights.tolist()
    return sum(weights[place][read] for read, place in anti_diagonal(answer)) / letters


def mistakes(answer: Translation) -> set[int]:
    """The places written that hold a wrong letter, or end too early or too late."""
    *letters, end = answer.source_words
    pairs = enumerate(zip_longest(answer.words, [*letters[::-1], end]))
    return {place for place, (written, wanted) in pairs if written != wanted}


def correct(answer: Translation) -> float:
    """How many of the letters stand where they should, from 0 to 1."""
    letters = len(answer.source_words) - 1
    return 1 - sum(place < letters for place in mistakes(answer)) / letters


def training_picture(
    answers: Sequence[Translation],
    labels: Sequence[str],
    chosen: int,
    above: Sequence[str],
) -> Drawing:
    """The map of the chosen stage; to its right, all stages as bars."""
    answer = answers[chosen]
    sizes = [size(other) for other in answers]
    wide, high = (max(numbers) for numbers in zip(*sizes, strict=True))
    links, wrong = anti_diagonal(answer), mistakes(answer)
    items = panel(answer, 8, 4, labels[chosen], links, wrong)
    items += _course(answers, labels, chosen, wide + GAP)
    said = f"{above[0]} {in_words(answer)}."
    width, height = wide + GAP + CHART, max(high, 2 * HIGH + 36) + 8
    title = "Reading backwards"
    return Drawing(width, height, title, said, tuple(items), above=tuple(above))


def _course(
    answers: Sequence[Translation], labels: Sequence[str], chosen: int, x: float
) -> list[Item]:
    """For these letters, at each stage: letters in place, weight where it should be.

    A stage's bars belong together, and say its name and their numbers.
    """
    rows = {"letters in place": correct, "weight on the anti-diagonal": share}
    measured = [[measure(answer) for measure in rows.values()] for answer in answers]
    one = (CHART - 60) / len(answers)
    tops = [4 + (HIGH + 12) * place for place in range(len(rows))]
    items: list[Item] = []
    for top, name in zip(tops, rows, strict=True):
        base = top + HIGH - 10
        items.append(Text(x, top + 10, name, bold=True))
        items.append(Line(((x, base), (x + one * len(answers), base)), "faint", 1))
    for n, (label, values) in enumerate(zip(labels, measured, strict=True)):
        says = f"{label}: " + ", ".join(
            f"{value:.0%} {name}" for value, name in zip(values, rows, strict=True)
        )
        here, middle = n == chosen, x + one * (n + 0.5)
        always: list[Item] = []
        waiting: list[Item] = []
        (always if here else waiting).append(_label(label, x, middle))
        for top, value in zip(tops, values, strict=True):
            tall = max((HIGH - 62) * value, 1)
            left, base = x + one * (n + 0.12), top + HIGH - 10
            role = "mark" if here else "quiet"
            always.append(Box(left, base - tall, one * 0.76, tall, role=role, radius=1))
            percent = f"{value:.0%}"
            number = Text(middle, base - tall - 12, percent, "middle", bold=here)
            (always if here or one > 44 else waiting).append(number)
        items.append(Part(tuple(always), says, (f"stage {n}",), tuple(waiting)))
    return items


def _label(label: str, x: float, middle: float) -> Text:
    """A stage's name below its bars, where it is not cut at either end."""
    shown = fitted(label, 260, 15)
    half = room(shown, 15) / 2
    at = min(max(middle, x + half), x + CHART - half)
    return Text(at, 2 * (HIGH + 12) + 8, shown, "middle", bold=True)
