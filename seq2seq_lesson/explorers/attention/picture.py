"""Attention as a picture: bands from word to word, and the heat map below them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate

from seq2seq_lesson.drawing import Arc, Box, Cell, Item, Text
from seq2seq_lesson.explorers.sentences import fitted, room
from seq2seq_lesson.translation import EOS_WORD, Translation

ROW, BANDS = 25, 92  # heights: of a row of the map, of the room for the bands
LETTERS = 14  # size of the words
LEFT, RIGHT, HIGH = 108, 44, 182  # room for names, for numbers, and above the map
FAINTEST = 0.02  # a weight below that gets no band
Links = Collection[tuple[int, int]]  # pairs of place read and place written, from 0
Spans = list[tuple[float, float]]  # where each word begins, and how wide it is


def spans(words: list[str]) -> Spans:
    """A place for each word in a row, as wide as the word wants."""
    widths = [min(max(room(word, LETTERS) + 14, 32), 110) for word in words]
    return list(zip(accumulate(widths, initial=0), widths, strict=False))


def size(translation: Translation) -> tuple[float, float]:
    """Width and height of `panel`."""
    rows = 0 if translation.weights is None else len(translation.words)
    ends = [sum(spans(w)[-1]) for w in (translation.source_words, translation.words)]
    return LEFT + max(ends) + RIGHT, HIGH + ROW * rows


def panel(
    translation: Translation,
    x: float,
    y: float,
    title: str,
    links: Links = (),
    wrong: Collection[int] = (),
) -> list[Item]:
    """One sentence: what was written above, what was read below, its map underneath.

    Args
        links: the known alignment, (place read, place written); laid over the map and
               the bands: green where the row's largest weight lies, red where it fails
        wrong: the places written that are mistakes
    """
    x0, above, below = x + LEFT, y + 30, y + 56 + BANDS
    read, written = spans(translation.source_words), spans(translation.words)
    items: list[Item] = [Text(x, y + 10, title, bold=True)]
    if translation.weights is None:
        said = "no attention: nothing is looked at while it writes"
        items.append(Text(x0 + 4, above + 27 + BANDS / 2, said, role="faint"))
    else:
        weights = translation.weights.tolist()
        items += _bands(weights, read, written, x0, above + 27, below, links)
        items += _map(weights, read, translation.words, x, y + HIGH, links, wrong)
    names = {"written": above + 14, "read": below + 14}
    items += [Text(x0 - 10, at, name, "end", "faint", 14) for name, at in names.items()]
    for t, (start, wide) in enumerate(written):
        word, bad = translation.words[t], t in wrong
        items.append(_word(word, x0 + start, above, wide, wrong=bad, bold=bad))
    for s, (start, wide) in enumerate(read):
        word = translation.source_words[s]
        strange = word in translation.unknown
        items.append(
            _word(word, x0 + start, below, wide, wrong=strange, dashed=strange)
        )
    return items


def _word(
    word: str,
    x: float,
    y: float,
    width: float,
    wrong: bool,
    bold: bool = False,
    dashed: bool = False,
) -> Box:
    role, shown = "wrong" if wrong else "quiet", fitted(word, width - 8, LETTERS)
    return Box(x + 1, y, width - 2, 27, shown, role, LETTERS, bold=bold, dashed=dashed)


def _bands(
    weights: list[list[float]],
    read: Spans,
    written: Spans,
    x0: float,
    top: float,
    base: float,
    links: Links,
) -> list[Item]:
    """From each written word to what it looked at, as thick as the weight is large."""
    items: list[Item] = []
    looked_for = {place for _, place in links}
    for t, row in enumerate(weights):
        most = row.index(max(row))
        for s, weight in enumerate(row):
            if weight < FAINTEST:
                continue
            role = "right" if (s, t) in links else "mark"
            if role == "mark" and t in looked_for and s == most:
                role = "wrong"
            start = x0 + written[t][0] + written[t][1] / 2, top
            end = x0 + read[s][0] + read[s][1] / 2, base
            strength = 0.15 + 0.85 * weight
            items.append(Arc(start, end, 0, role, 1 + 7 * weight, strength))
    return items


def _map(
    weights: list[list[float]],
    columns: Spans,
    words: list[str],
    x: float,
    top: float,
    links: Links,
    wrong: Collection[int],
) -> list[Item]:
    """The heat map: a row a written word, a column a word read."""
    items: list[Item] = []
    framed: list[Item] = []  # drawn last, or the neighbours would cover the frames
    x0 = x + LEFT
    for t, row in enumerate(weights):
        y, most, bad = top + ROW * t, max(row), t in wrong
        word, role = fitted(words[t], LEFT - 14, LETTERS), "wrong" if bad else "ink"
        items.append(Text(x0 - 10, y + ROW / 2, word, "end", role, LETTERS, bad))
        for s, ((start, wide), weight) in enumerate(zip(columns, row, strict=True)):
            # a little too large: no seams show between neighbours
            items.append(Cell(x0 + start, y, wide + 0.4, ROW + 0.4, weight))
            if (s, t) in links:
                frame = "solid" if weight == most else "dashed"
                left = x0 + start + 2
                framed.append(Cell(left, y + 2, wide - 4, ROW - 4, weight, frame))
        end = x0 + sum(columns[-1]) + 8
        items.append(Text(end, y + ROW / 2, f"{most:.2f}", size=13, mono=True))
    return items + framed


def in_words(translation: Translation) -> str:
    """The picture for those who do not see it: where each written word looks most."""
    if translation.weights is None:
        return f"“{translation.text}”, written without attention"
    most = translation.weights.argmax(dim=1).tolist()
    pairs = zip(translation.words, most, strict=True)
    return "Looks most: " + ", ".join(
        f"{word} at {fitted(translation.source_words[n], 200, 15)}"
        for word, n in pairs
        if word != EOS_WORD
    )
