"""Where does each number land? Two ways to rearrange a tensor, cell by cell.

landing_explorer("t.view(src_len, batch, emb)", "t.transpose(0, 1)")
"""

from __future__ import annotations

import ast
from functools import partial
from itertools import product

import torch
from torch import Tensor

from seq2seq_lesson.drawing import Box, Drawing, Item, Text, shorten, text_width
from seq2seq_lesson.explorers.controls import choice, typed, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.shapes.running import refusal

OWN = "your own"
PAIRS = {
    "view or transpose": ("t.view(src_len, batch, emb)", "t.transpose(0, 1)"),
    "reshape or permute": ("t.reshape(emb, src_len, batch)", "t.permute(2, 1, 0)"),
    "flatten": ("t.flatten(0, 1)", "t.transpose(0, 1).flatten(0, 1)"),
    "one word or all": ("t[:1, :1].view(1, 1, -1)", "t.view(1, 1, -1)"),
}
COLOURS = ("batch", "lengths", "vocabulary", "features", "wrong")  # a sentence each
MOST = {"batch": 5, "src_len": 5, "emb": 4}
TALL, GAP, ALLEY = 24, 9, 44  # a cell; between blocks of rows; between tensors
ROOM = 1060


def landing_explorer(one: str = "", other: str = "") -> Explorer:
    """An explorer of two ways to rearrange `t`, of shape (batch, src_len, emb)."""
    first, second = PAIRS["view or transpose"]
    texts = {"one": one or first, "other": other or second}
    sizes = {"batch": 3, "src_len": 4, "emb": 2}
    tip = "Python; t, batch, src_len and emb are known; press Enter"
    controls = {
        "pair": choice("ways", _pair(texts), [OWN, *PAIRS], "two ways to compare"),
        "one": typed("one way", texts["one"], "t.view(…)", tip),
        "other": typed("the other", texts["other"], "t.transpose(…)", tip),
        **{
            axis: whole(axis, size, 1, MOST[axis], f"size of the axis {axis}")
            for axis, size in sizes.items()
        },
    }
    controls["one"].layout.width = controls["other"].layout.width = "26em"
    actions = {
        "pair": lambda s: dict(
            zip(("one", "other"), PAIRS.get(s["pair"], (s["one"], s["other"])))  # noqa: B905
        ),
        "one": lambda s: {"pair": _pair(s)},
        "other": lambda s: {"pair": _pair(s)},
    }
    some = {"batch": (1, 2, 3), "src_len": (2, 3, 4), "emb": (1, 2, 3)}
    page = {"pair": [*PAIRS], **some}
    return Explorer(draw_landing, controls, actions=actions, page=page)


def draw_landing(settings: Settings) -> Drawing:
    """The tensor, and where its numbers stand after either way."""
    sizes = {axis: settings[axis] for axis in MOST}
    t = torch.arange(settings["batch"] * settings["src_len"] * settings["emb"])
    t = t.view(*sizes.values())  # (batch, src_len, emb)
    results = [_evaluated(settings[way], t, sizes) for way in ("one", "other")]
    same = results[0].shape == results[1].shape
    moved = (results[0] != results[1]) if same else None
    items: list[Item] = []
    x, y, below = 8.0, 0.0, 0.0
    for name, value in (("t", t), *zip((settings["one"], settings["other"]), results)):  # noqa: B905
        block = partial(_block, shorten(name, 40), value, t, moved)
        if x > 8 and x + block(x, y)[1] > ROOM:
            x, y = 8.0, below + 18
        cells, wide, bottom = block(x, y)
        items += cells
        below = max(below, bottom)
        x += wide + ALLEY
    said = _said(results, moved, t)
    title = "Where does each number land?"
    return Drawing(ROOM, below + 6, title, said, tuple(items), (said,))


def _pair(texts: Settings) -> str:
    """The ready pair that stands in the boxes, if one does."""
    both = texts["one"].strip(), texts["other"].strip()
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
    """One tensor as rows of cells, its width and its end; all axes but one go down."""
    shape = tuple(value.shape) or (1,)
    grid = value.reshape(-1, shape[-1])
    places = [*product(*map(range, shape[:-1]))]
    marked = moved.reshape(grid.shape) if moved is not None and name != "t" else None
    label = max((text_width(f"{[*place]}", 12, True) for place in places), default=0)
    left, size = label + 6, min(32.0, (ROOM - label - 20) / shape[-1])
    title = f"{tuple(value.shape)}".replace(",)", ")")
    items: list[Item] = [
        Text(x, y + 12, name, size=14, bold=True, mono=True),
        Text(x, y + 32, title, size=13, mono=True),
    ]
    y += 46
    for row, place in enumerate(places):
        if row and len(place) > 1 and place[-1] == 0:
            y += GAP
        if place:
            items.append(Text(x, y + TALL / 2, f"{[*place]}", role="faint", size=12))
        for column, number in enumerate(grid[row].tolist()):
            sentence = number // (t.numel() // len(t))
            role = COLOURS[sentence] if 0 <= sentence < len(t) else "quiet"
            other = marked is not None and bool(marked[row, column])
            text = str(number)
            items.append(
                Box(x + left + column * size, y, size - 2, TALL - 2, text, role,
                    12, bold=other, mono=True, dashed=other, radius=3)
            )  # fmt: skip
        y += TALL
    wide = max(
        left + size * shape[-1], text_width(name, 14, True), text_width(title, 13, True)
    )
    return items, wide, y


def _said(results: list[Tensor], moved: Tensor | None, t: Tensor) -> str:
    """Same shape, other words?"""
    if moved is None:
        return "Two shapes, so a look at the shapes tells them apart."
    count = int(moved.sum())
    if not count:
        return "The same shape, and every number in the same place."
    return (
        f"The same shape, other words: {count} of {moved.numel()} numbers stand in "
        "another place (dashed), and nothing refuses either. Each colour is a sentence."
    )
