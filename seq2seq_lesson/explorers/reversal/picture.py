"""The picture of the reversal playground: a map beside the course of the training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from seq2seq_lesson.drawing import Box, Drawing, Item, Line, Text
from seq2seq_lesson.explorers.attention.picture import in_words, panel, size
from seq2seq_lesson.explorers.sentences import fitted
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
    notes: Sequence[str],
) -> Drawing:
    """The map of the chosen stage; to its right, all stages as bars."""
    answer = answers[chosen]
    sizes = [size(other) for other in answers]
    wide, high = (max(numbers) for numbers in zip(*sizes, strict=True))
    links, wrong = anti_diagonal(answer), mistakes(answer)
    items = panel(answer, 8, 4, labels[chosen], links, wrong)
    items += _course(answers, labels, chosen, wide + GAP)
    said = f"{notes[0]} {in_words(answer)}."
    width, height = wide + GAP + CHART, max(high, HIGH + 180) + 8
    title = "Reading backwards"
    return Drawing(width, height, title, said, tuple(items), tuple(notes))


def _course(
    answers: Sequence[Translation], labels: Sequence[str], chosen: int, x: float
) -> list[Item]:
    """For these letters, at each stage: letters in place, weight where it should be."""
    rows = {"letters in place": correct, "weight on the anti-diagonal": share}
    items: list[Item] = []
    one = (CHART - 60) / len(answers)
    for place, (name, measure) in enumerate(rows.items()):
        top = 4 + (HIGH + 12) * place
        base = top + HIGH - 10
        items.append(Text(x, top + 10, name, bold=True))
        items.append(Line(((x, base), (x + one * len(answers), base)), "faint", 1))
        for n, answer in enumerate(answers):
            value, here = measure(answer), n == chosen
            tall = max((HIGH - 62) * value, 1)
            role = "mark" if here else "quiet"
            left, width = x + one * n + one * 0.12, one * 0.76
            items.append(Box(left, base - tall, width, tall, role=role, radius=1))
            if here or one > 44:
                number, above = f"{value:.0%}", base - tall - 11
                items.append(
                    Text(left + width / 2, above, number, "middle", size=13, bold=here)
                )
    below = 4 + 2 * (HIGH + 12) - 8
    middle = x + one * (chosen + 0.5)
    label = fitted(labels[chosen], 200, 14)
    anchor = "middle" if 90 < middle - x < CHART - 150 else "start"
    if anchor == "start" and middle - x > 90:
        anchor = "end"
    items.append(Text(middle, below + 12, label, anchor, size=15, bold=True))
    return items
