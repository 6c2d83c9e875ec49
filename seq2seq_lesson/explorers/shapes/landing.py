"""Where does each number land? Two ways to rearrange a tensor, cell by cell."""

from __future__ import annotations

import ast
from functools import partial
from itertools import product
from math import prod

import torch
from torch import Tensor

from seq2seq_lesson.drawing import Box, Drawing, Item, Part, Text, shorten, text_width
from seq2seq_lesson.explorers.controls import choice, typed, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.shapes.running import refusal

OWN, WAYS = "your own", ("one", "other")
PAIRS = {
    "view or transpose": ("t.view(src_len, batch, emb)", "t.transpose(0, 1)"),
    "reshape or permute": ("t.reshape(emb, src_len, batch)", "t.permute(2, 1, 0)"),
    "flatten": ("t.flatten(0, 1)", "t.transpose(0, 1).flatten(0, 1)"),
    "one word or all": ("t[:1, :1].view(1, 1, -1)", "t.view(1, 1, -1)"),
}
COLOURS = ("batch", "lengths", "vocabulary", "features", "wrong")  # a sentence each
MOST = {"batch": 5, "src_len": 5, "emb": 4}
SIZE, CELL, TALL = 15, 32, 26  # letters; a cell
GAP, ALLEY = 9, 44  # between blocks of rows; between tensors
ROOM = 1060


def landing_explorer() -> Explorer:
    """An explorer of two ways to rearrange `t`, of shape (batch, src_len, emb)."""
    first, *_ = PAIRS
    tip = "Python; t, batch, src_len and emb are known; press Enter"
    sizes = {"batch": 3, "src_len": 4, "emb": 2}
    ways = {
        way: typed(label, text, "t.view(…)", tip)
        for way, label, text in zip(WAYS, ("one way", "the other"), PAIRS[first])  # noqa: B905
    }
    for box in ways.values():
        box.layout.width = "26em"
    controls = {
        "pair": choice("ways", first, [OWN, *PAIRS], "two ways to compare"),
        **ways,
        **{
            axis: whole(axis, size, 1, MOST[axis], f"size of the axis {axis}")
            for axis, size in sizes.items()
        },
    }
    actions = {
        "pair": lambda s: dict(zip(WAYS, PAIRS.get(s["pair"], ()))),  # noqa: B905
        **dict.fromkeys(WAYS, lambda s: {"pair": _pair(s)}),
    }
    some = {"batch": (1, 2, 3), "src_len": (2, 3, 4), "emb": (1, 2, 3)}
    page = {"pair": [*PAIRS], **some}
    return Explorer(draw_landing, controls, actions=actions, page=page)


def draw_landing(settings: Settings) -> Drawing:
    """The tensor, and where its numbers stand after either way."""
    sizes = {axis: settings[axis] for axis in MOST}
    t = torch.arange(prod(sizes.values())).view(*sizes.values())
    one, other = (_evaluated(settings[way], t, sizes) for way in WAYS)
    moved = one != other if one.shape == other.shape else None
    items: list[Item] = []
    x, y, below = 8.0, 0.0, 0.0
    for name, value, marks in (
        ("t", t, None),
        (settings["one"], one, moved),
        (settings["other"], other, moved),
    ):
        block = partial(_block, shorten(name, 40), value, t, marks)
        if x > 8 and x + block(x, y)[1] > ROOM:
            x, y = 8.0, below + 18
        cells, wide, bottom = block(x, y)
        items += cells
        below = max(below, bottom)
        x += wide + ALLEY
    said = _said(moved)
    title = "Where does each number land?"
    return Drawing(ROOM, below + 6, title, said, tuple(items), (said,))


def _pair(texts: Settings) -> str:
    """The ready pair that stands in the boxes, if one does."""
    both = tuple(texts[way].strip() for way in WAYS)
    return next((name for name, pair in PAIRS.items() if pair == both), OWN)


def _evaluated(text: str, t: Tensor, sizes: dict[str, int]) -> Tensor:
    """What a line makes of `t`.

    Raises
        ValueError: Python or PyTorch refuses it, or it makes no rearranged `t`.
    """
    try:
        ast.parse(text.strip(), mode="eval")
        value = eval(text.strip(), {"torch": torch, "t": t, **sizes})
    except Exception as problem:
        raise ValueError(f"{shorten(text, 40)}: {refusal(problem)}") from None
    whole_numbers = isinstance(value, Tensor) and value.dtype == torch.long
    fits = whole_numbers and 0 < value.numel() <= t.numel() and value.dim() <= 4
    if not fits or not 0 <= int(value.min()) <= int(value.max()) < t.numel():
        raise ValueError(
            f"{shorten(text, 40)} makes no tensor of up to four axes out of t's own "
            "numbers: write t.view(…), t.transpose(…) or the like"
        )
    return value


def _block(
    name: str, value: Tensor, t: Tensor, moved: Tensor | None, x: float, y: float
) -> tuple[list[Item], float, float]:
    """One tensor as rows of cells, its width and its end; all axes but one go down.

    Pointed at, a cell keeps its number in all three tensors.
    """
    *outer, last = value.shape or (1,)
    left = text_width(f"{outer}", SIZE) + 6 if outer else 0.0
    abreast = min(last, int((ROOM - left - 16) // CELL))  # the others go below
    marks = torch.zeros_like(value) if moved is None else moved
    title = f"{tuple(value.shape)}".replace(",)", ")")
    heads = [Text(x, y + 12, name, size=SIZE, bold=True, mono=True)]
    heads.append(Text(x, y + 32, title, size=SIZE, mono=True))
    items: list[Item] = [*heads]
    y += 46
    rows = value.reshape(-1, last).tolist(), marks.reshape(-1, last).tolist()
    for place, *row in zip(product(*map(range, outer)), *rows, strict=True):
        if any(place[:-1]) and place[-1] == 0:
            y += GAP
        if place:
            items.append(Text(x, y + 12, f"{[*place]}", role="faint", size=SIZE))
        for column, (number, other) in enumerate(zip(*row, strict=True)):
            down, across = divmod(column, abreast)
            sentence = number // (t.numel() // len(t))
            cell = Box(
                x + left + across * CELL, y + down * TALL, CELL - 2, TALL - 2,
                str(number), COLOURS[sentence], SIZE,
                bold=bool(other), mono=True, dashed=bool(other), radius=3,
            )  # fmt: skip
            says = f"{number}, of sentence {sentence}: at {[*place, column]} in {name}"
            items.append(Part((cell,), says, (f"number {number}",)))
        y += TALL * -(-last // abreast)
    wide = max(text_width(head.text, SIZE, mono=True) for head in heads)
    return items, max(wide, left + CELL * abreast), y


def _said(moved: Tensor | None) -> str:
    """Same shape, other words?"""
    if moved is None:
        return "Two shapes, so a look at the shapes tells them apart."
    if not moved.any():
        return "The same shape, and every number in the same place."
    return (
        f"The same shape, other words: {int(moved.sum())} of {moved.numel()} numbers "
        "stand in another place (dashed), and nothing refuses either. Each colour is a "
        "sentence."
    )
