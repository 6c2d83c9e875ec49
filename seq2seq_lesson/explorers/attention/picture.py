"""Attention as a picture: bands from word to word, and the heat map below them."""

from __future__ import annotations

from collections.abc import Collection

from seq2seq_lesson.drawing import Arc, Box, Cell, Item, Part, Text, shorten, text_width
from seq2seq_lesson.explorers.sentences import Spans, fitted, spans
from seq2seq_lesson.translation import EOS_WORD, Translation

ROW, BANDS = 25, 92  # heights: of a row of the map, of the room for the bands
LETTERS = 15  # size of the words
LEFT, RIGHT, HIGH = 112, 72, 182  # room for names, for numbers, and above the map
LEGEND = {  # below the map: how a frame looks, and what it says
    "solid": "✓ belong together: largest weight",
    "dashed": "✗ belong together: not the largest",
}
FAINTEST = 0.02  # a weight below that gets no band
WIDE = max(text_width(said, LETTERS) for said in LEGEND.values()) - RIGHT
Links = Collection[tuple[int, int]]  # pairs of place read and place written, from 0


def size(translation: Translation) -> tuple[float, float]:
    """Width and height of `panel`."""
    rows = 0 if translation.weights is None else len(translation.words)
    ends = [sum(spans(w)[-1]) for w in (translation.source_words, translation.words)]
    return LEFT + max(*ends, WIDE) + RIGHT, HIGH + ROW * (rows + len(LEGEND)) + 12


def panel(
    translation: Translation,
    x: float,
    y: float,
    title: str,
    links: Links = (),
    wrong: Collection[int] = (),
    side: str = "",
) -> list[Item]:
    """One sentence: what was written above, what was read below, its map underneath.

    Args
        links: the known alignment, (place read, place written); laid over the map and
               the bands: solid where the row's largest weight lies, dashed where it
               fails
        wrong: the places written that are mistakes; dashed
        side:  a word that tells this panel's written words from another's; words read
               are the same in both
    """
    x0, above, below = x + LEFT, y + 30, y + 56 + BANDS
    read, written = spans(translation.source_words), spans(translation.words)
    weights = [] if translation.weights is None else translation.weights.tolist()
    items: list[Item] = [Text(x, y + 10, title, bold=True)]
    names = {"written": above + 14, "read": below + 14}
    items += [Text(x0 - 10, at, name, "end", "faint") for name, at in names.items()]
    if weights:
        items += _bands(translation, read, written, x0, above + 27, below, links, side)
        items += _scale(x, above + 27 + BANDS / 2)
        end = x0 + sum(read[-1]) + 8
        for at, said in ((5, "largest"), (22, "weight")):
            items.append(Text(end, below + at, said, role="faint"))
    else:
        said = "no attention: nothing is looked at while it writes"
        items.append(Text(x0 + 4, above + 27 + BANDS / 2, said, role="faint"))
    for t, (start, wide) in enumerate(written):
        word, bad = translation.words[t], t in wrong
        of_row: list[Item] = [_word(word, x0 + start, above, wide, bad)]
        says = f"{shorten(word, 24)}, written {t + 1}"
        if weights:
            of_row += _ends(
                weights[t], t, word, x, y + HIGH + ROW * t, read, links, bad
            )
            most = max(range(len(read)), key=weights[t].__getitem__)
            source = shorten(translation.source_words[most], 24)
            says += f": looks most at {source}, {weights[t][most]:.2f}"
        items.append(Part(tuple(of_row), says, (f"{side}written {t}",)))
    for s, (start, wide) in enumerate(read):
        word = translation.source_words[s]
        box = _word(word, x0 + start, below, wide, word in translation.unknown)
        items.append(Part((box,), f"{shorten(word, 24)}, read {s + 1}", (f"read {s}",)))
    if weights:
        items += _map(translation, read, x0, y + HIGH, links, side)
        if links:
            items += _legend(x0, y + HIGH + ROW * len(written) + 12)
    return items


def _word(word: str, x: float, y: float, width: float, wrong: bool) -> Box:
    role, shown = "wrong" if wrong else "quiet", fitted(word, width - 8, LETTERS)
    return Box(x + 1, y, width - 2, 27, shown, role, LETTERS, dashed=wrong)


def _ends(
    row: list[float],
    t: int,
    word: str,
    x: float,
    y: float,
    columns: Spans,
    links: Links,
    bad: bool,
) -> tuple[Item, Item]:
    """What stands left and right of a row: its word, its largest weight, ✓ or ✗."""
    x0, most = x + LEFT, max(row)
    places = [s for s, place in links if place == t]
    mark = " ✓" if any(row[s] == most for s in places) else " ✗" if places else ""
    shown, end = fitted(word, LEFT - 14, LETTERS), x0 + sum(columns[-1]) + 8
    return (
        Text(x0 - 10, y + ROW / 2, shown, "end", size=LETTERS, bold=bad),
        Text(end, y + ROW / 2, f"{most:.2f}{mark}", mono=True),
    )


def _scale(x: float, y: float) -> list[Item]:
    """What the colours of the map mean."""
    shades = [Cell(x + 20 + 8 * n, y + 2, 8.4, 14, n / 8) for n in range(9)]
    ends = Text(x + 4, y + 9, "0"), Text(x + 97, y + 9, "1")
    return [Text(x + 4, y - 12, "weight", role="faint"), *ends, *shades]


def _legend(x: float, y: float) -> list[Item]:
    """What the frames mean."""
    return [
        item
        for n, (frame, said) in enumerate(LEGEND.items())
        for item in (
            Cell(x - 42, y + ROW * n + 4, 30, ROW - 8, 0.5, frame),
            Text(x, y + ROW * (n + 0.5), said),
        )
    ]


def _bands(
    translation: Translation,
    read: Spans,
    written: Spans,
    x0: float,
    top: float,
    base: float,
    links: Links,
    side: str,
) -> list[Item]:
    """From each written word to what it looked at, as thick as the weight is large."""
    assert translation.weights is not None
    items: list[Item] = []
    looked_for = {place for _, place in links}
    for t, row in enumerate(translation.weights.tolist()):
        most = row.index(max(row))
        for s, weight in enumerate(row):
            if weight < FAINTEST:
                continue
            role = "right" if (s, t) in links else "mark"
            if role == "mark" and t in looked_for and s == most:
                role = "wrong"
            start = x0 + written[t][0] + written[t][1] / 2, top
            end = x0 + read[s][0] + read[s][1] / 2, base
            wide, strong, fails = 1 + 7 * weight, 0.15 + 0.85 * weight, role == "wrong"
            band = Arc(start, end, 0, role, wide, strong, fails)
            items.append(Part((band,), *_pair(translation, s, t, weight, side)))
    return items


def _pair(
    translation: Translation, s: int, t: int, weight: float, side: str
) -> tuple[str, tuple[str, str]]:
    """What a weight says when it is pointed at, and whose it is."""
    words = translation.words[t], translation.source_words[s]
    says = " looks at ".join(shorten(word, 24) for word in words)
    return f"{says}: {weight:.2f}", (f"{side}written {t}", f"read {s}")


def _map(
    translation: Translation,
    columns: Spans,
    x0: float,
    top: float,
    links: Links,
    side: str,
) -> list[Item]:
    """The heat map: a row a written word, a column a word read."""
    assert translation.weights is not None
    items: list[Item] = []
    for t, row in enumerate(translation.weights.tolist()):
        y = top + ROW * t
        for s, ((start, wide), weight) in enumerate(zip(columns, row, strict=True)):
            left = x0 + start
            # a little too large: no seams show between neighbours
            field: tuple[Cell, ...] = (Cell(left, y, wide + 0.4, ROW + 0.4, weight),)
            if (s, t) in links:
                frame = "solid" if weight == max(row) else "dashed"
                inner = Cell(left + 3, y + 3, wide - 6, ROW - 6, weight, frame)
                field = (*field, inner)
            shown = f"{weight:.2f}".strip("0").rstrip(".") or "0"
            role, middle = field[0].over, left + wide / 2
            number = Text(
                middle, y + ROW / 2, shown, "middle", role, LETTERS, mono=True
            )
            says, names = _pair(translation, s, t, weight, side)
            items.append(Part(field, says, names, (number,)))
    return items


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
