"""Notebook 02's exercises: stub, solution and usual mistakes, each with its hint."""

import pytest

from tests import exercise_cells
from tools.exercise_cells import numbers

NEVER = """
def never_resets(gru):
    {change}
    return gru
"""
CHANGED = """with torch.no_grad():
        gru.{what}"""
BLOCK = "[gru.hidden_size : 2 * gru.hidden_size]"
OWN_LAST = """
def own_last(states, lengths):
    rows = torch.arange(len(lengths))
    return states[{places}]
"""
TURN_ROUND = """
def turn_round(emb, lengths):
    turned = emb.clone()
    for row, n in enumerate(lengths.tolist()):
        {line}
    return turned
"""

WRONG = {
    "02-1": {
        "deals the numbers out anew": (
            "def turn(emb):\n    return emb.reshape(emb.shape[1], emb.shape[0], -1)"
        ),
        "wrong axes are swapped": "def turn(emb):\n    return emb.transpose(1, 2)",
        "turn all axes round": "def turn(emb):\n    return emb.permute(2, 1, 0)",
        "These are the notebook's sizes": (
            "def turn(emb):\n    return emb.reshape(src_len, batch, 5)"
        ),
    },
    "02-2": {
        "do to the bias": "def same_for_both(n):\n    return torch.full((n,), 0.5)",
        "differs from unit": "def same_for_both(n):\n    return torch.arange(n) / n",
        "wanted a tensor (enc_hid,)": "def same_for_both(n):\n    return 1.0",
    },
    "02-3": {
        "rows of other blocks": NEVER.format(
            change=CHANGED.format(what=f"bias_ih_l0{BLOCK} = 100")
        ),
        "want a large positive bias": NEVER.format(
            change=CHANGED.format(what="bias_ih_l0[: gru.hidden_size] = 1")
        ),
        "no number has changed": NEVER.format(change="gru.reset = 1"),
        "under `with torch.no_grad()": NEVER.format(
            change="gru.bias_ih_l0[: gru.hidden_size] = 100"
        ),
        "came a tensor": "def never_resets(gru):\n    return gru.bias_ih_l0",
        "came GRU": "def never_resets(gru):\n    return nn.GRU(5, gru.hidden_size)",
    },
    "02-4": {
        "zeros after their end": OWN_LAST.format(places=":, -1"),
        "at place 2": OWN_LAST.format(places="rows, lengths"),
        "last word but one": OWN_LAST.format(places="rows, lengths - 2"),
        "Rows first": OWN_LAST.format(places="lengths - 1, rows"),
        "is the notebook's": OWN_LAST.format(places="torch.arange(batch), lengths - 1"),
        "A single index": OWN_LAST.format(places="lengths - 1"),
        "Give the rows as well": OWN_LAST.format(places=":, lengths - 1"),
    },
    "02-5": {
        "come to the front": "def turn_round(emb, lengths):\n    return emb.flip(1)",
        "have changed places": "def turn_round(emb, lengths):\n    return emb.flip(0)",
        "stand zeros": """
def turn_round(emb, lengths):
    turned = torch.zeros_like(emb)
    for row, n in enumerate(lengths.tolist()):
        turned[row, :n] = emb[row, :n].flip(0)
    return turned
""",
        "Nothing has moved": TURN_ROUND.format(line="turned[row, :n].flip(0)"),
        "Only the first sentence": TURN_ROUND.format(
            line="turned[row, :n] = emb[row, :n].flip(0)\n        return turned"
        ),
        "last word has stayed": TURN_ROUND.format(
            line="turned[row, : n - 1] = emb[row, : n - 1].flip(0)"
        ),
        "One padding was turned": TURN_ROUND.format(
            line="turned[row, : n + 1] = emb[row, : n + 1].flip(0)"
        ),
        "own numbers": TURN_ROUND.format(line="turned[row, :n] = emb[row, :n].flip(1)"),
        "no step of -1": TURN_ROUND.format(line="turned[row] = emb[row, n - 1 :: -1]"),
        "has place n - 1": TURN_ROUND.format(
            line="for t in range(n): turned[row, t] = emb[row, n - t]"
        ),
    },
    "02-6": {
        "Two directions stand side by side": "shapes = dict(outputs=(4, 7, 8))",
        "The batch is in the middle": "shapes = dict(h_n=(4, 6, 8))",
        "An entry for every layer": (
            "shapes = dict(outputs=(4, 7, 16), h_n=(6, 4, 8), c_n=(3, 4, 8))"
        ),
        "do not lie side by side": "shapes = dict(h_n=(3, 4, 16))",
        "Only the top layer": "shapes = dict(outputs=(4, 7, 48))",
        "without quotation marks": "shapes = dict(outputs='(4, 7, 16)')",
        "A GRU has three blocks": "shapes = dict(weight_ih_l1=(24, 16))",
        "does not read words": "shapes = dict(weight_ih_l1=[32, 5])",
        "reads both directions": "shapes = dict(weight_ih_l1=(32, 8))",
        "unit for unit": "shapes = dict(h_n=(6, 4, 8), c_n=None) | {'c_n': (4, 8)}",
    },
}


def test_every_exercise_is_tested():
    assert numbers("02") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_stub_solution_and_each_mistake_get_their_own_answer(number):
    exercise_cells.behaves(number, WRONG[number])


@pytest.mark.parametrize("bias", [10, 100, float("inf")])
def test_a_reset_gate_as_good_as_open_is_accepted(bias):
    line = f"bias_hh_l0[: gru.hidden_size].fill_({bias!r})".replace("inf", "torch.inf")
    attempt = NEVER.format(change=CHANGED.format(what=line))
    assert exercise_cells.verdict("02-3", attempt).points == 1
