"""What a check adds to a line, in microseconds: `python -m tests.shapes.overhead`."""

import ast
import builtins
import timeit

import torch
from torch.nn.utils.rnn import pack_padded_sequence

from seq2seq_lesson import shapes
from seq2seq_lesson.shapes.rewriter import HOME, Rewriter

TURNS = 200
SIZES = {"batch": 2, "src_len": 5, "hid": 3, "enc": 7, "att": 8, "tgt_len": None}
SPACE = {
    "x": torch.zeros(2, 3),
    "W": torch.zeros(3, 8),
    "emb": torch.zeros(2, 5, 3),
    "many": torch.zeros(2, 5, 7, 8),
    "gru": (torch.zeros(2, 5, 3), torch.zeros(4, 2, 7)),
    "packed": pack_padded_sequence(torch.zeros(2, 5, 3), torch.tensor([5, 4]), True),
}
LINES = {
    "a product of matrices": "z = x @ W  # (batch, att)",
    "four axes": "z = many  # (batch, src_len, enc, att)",
    "an expression": "emb  # (batch, src_len, hid)",
    "a new axis": "z = emb  # (batch, tgt_len, hid)",
    "a number, a product": "z = many  # (2, src_len, enc, 2*4)",
    "a sum with a new axis": "z = many  # (batch, src_len, enc, n + 3)",
    "two values": "z, h = gru  # (batch, src_len, hid), (4, batch, enc)",
    "packed": "z = packed  # packed (tokens, hid)",
}


def loop(line: str, checked: bool) -> float:
    """The best time of a turn of a loop around the line, in microseconds."""
    text = line if checked else line.partition("#")[0]
    source = f"def f():\n    for _ in range({TURNS}):\n        {text}"
    tree = Rewriter(tree := ast.parse(source), source, 1).visit(tree)
    space = dict(SPACE)
    exec(compile(tree, "<line>", "exec"), space)
    return min(timeit.repeat(space["f"], number=1, repeat=41)) / TURNS * 1e6


def main() -> None:
    torch.set_num_threads(1)
    shapes.axes(**SIZES)
    checks = getattr(builtins, HOME)
    print(f"{'microseconds':24} plain  checks on  checks off")
    for name, line in LINES.items():
        checks.cells, checks.on = [shapes._cell(1)], True
        plain, on = loop(line, False), loop(line, True)
        checks.on = False
        off = loop(line, True)
        print(f"{name:24}{plain:6.2f}    {on - plain:+6.2f}      {off - plain:+6.2f}")


if __name__ == "__main__":
    main()
