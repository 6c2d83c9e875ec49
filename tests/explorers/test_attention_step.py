"""One attention step: its first state is notebook 03's, its numbers are PyTorch's."""

from itertools import product

import nbformat
import pytest
import torch

from seq2seq_lesson.drawing import Box, Line, Part, Text, leaves
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.explorers.attention.step import (
    KEYS,
    QUERY,
    attention_step,
    draw,
    step,
)
from tools.address import ROOT

FIRST = {"score 0": 2, "score 1": 1, "score 2": 0, "mask": False}


def texts(drawing):
    items = leaves((*drawing.items, *drawing.beside))
    return [i.text for i in items if isinstance(i, Text | Box) and i.text]


def test_the_first_state_is_the_notebook_s():
    path = ROOT / "notebooks" / "03_decoder_dissection.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    code = next(cell for cell in cells if cell.source.startswith("asks = "))
    space = {"torch": torch, "percent": str}
    exec(code.source, space)
    assert (space["asks"].tolist(), space["offers"].tolist()) == (
        [*QUERY],
        [[*key] for key in KEYS],
    )
    assert attention_step().settings == FIRST
    scores, weights, _ = step(FIRST)
    assert scores == space["three_scores"].tolist()
    assert weights == pytest.approx(space["shares"].tolist())
    printed = "".join(out.get("text", "") for out in code.outputs)
    context = "context {:.2f} {:.2f}".format(*space["mean"].tolist())
    assert context in printed
    assert "context (0.58, 0.42)" in texts(draw(FIRST))


@pytest.mark.parametrize("chosen", [*product((-4, 0, 3), repeat=3)])
@pytest.mark.parametrize("mask", [False, True])
def test_weights_and_context_are_pytorch_s(chosen, mask):
    settings = {f"score {n}": score for n, score in enumerate(chosen)} | {"mask": mask}
    scores = torch.tensor([*map(float, chosen)], dtype=torch.float64)
    last = torch.tensor([False, False, mask])
    wanted = scores.masked_fill(last, float("-inf")).softmax(dim=0)
    context = wanted @ torch.tensor(KEYS, dtype=torch.float64)
    _, weights, shares = step(settings)
    assert weights == pytest.approx(wanted.tolist())
    assert [sum(part) for part in zip(*shares, strict=True)] == pytest.approx(
        context.tolist()
    )
    drawing = draw(settings)
    shown = texts(drawing)
    assert {f"{weight:.2f}" for weight in weights} <= {*shown}
    assert ("−∞" in shown) == mask
    assert any("masked" in note for note in drawing.notes) == mask


def test_what_was_dragged_is_said_and_looks_different():
    explorer = attention_step()
    explorer.controls["score 1"].value = 4
    drawing = draw(explorer.settings)
    assert "Key 1: you set its score to 4, where query · key is 1." in drawing.notes
    boxes = [i for i in leaves(drawing.items) if isinstance(i, Box) and i.text == "4"]
    assert [box.dashed for box in boxes] == [True]
    assert not any(box.dashed for box in leaves(draw(FIRST).items)
                   if isinstance(box, Box))  # fmt: skip
    assert explorer.picture.value == to_html(drawing)


def test_arrows_add_up_head_to_tail_to_the_context():
    parts = [item for item in draw(FIRST).beside if isinstance(item, Part)]
    *keys, total = (
        [i.points for i in part.items if isinstance(i, Line) and i.arrow][-1]
        for part in parts
    )
    assert [key[1] for key in keys[:-1]] == [key[0] for key in keys[1:]]
    assert total == (keys[0][0], keys[-1][1])


def test_a_key_stays_in_both_pictures_and_its_division_waits():
    both = draw(FIRST).items, draw(FIRST).beside
    parts, beside = ([i for i in one if isinstance(i, Part)] for one in both)
    names = ["key 0", "key 1", "key 2", "context"]
    assert [part.names[0] for part in parts] == names
    assert [part.names for part in beside] == [part.names for part in parts]
    assert [number.text for number in parts[0].numbers] == ["7.39 / 11.11"]


def test_a_page_carries_every_state_that_it_offers():
    explorer = attention_step()
    frames = [*explorer.frames()]
    assert len({values for values, _ in frames}) == len(frames) == 5**3 * 2
    assert (2, 1, 0, False) in dict(frames)


def test_it_is_drawn_within_its_bounds_and_legibly():
    for settings in (FIRST, {**FIRST, "mask": True}, {**FIRST, "score 2": 4}):
        drawing = draw(settings)
        items = [*leaves((*drawing.items, *drawing.beside))]
        assert 0.75 * drawing.width <= 299  # whole on a phone
        points = [p for i in items if isinstance(i, Line) for p in i.points]
        points += [(i.x, i.y) for i in items if isinstance(i, Text | Box)]
        assert all(0 <= x <= drawing.width for x, _ in points)
        assert all(0 <= y <= drawing.height for _, y in points)
        assert min(i.size for i in items if isinstance(i, Text | Box)) >= 15
        assert to_png(drawing).startswith(b"\x89PNG")
