"""Notebook 02's exercises: stub, solution and usual mistakes, each with its hint."""

import exercise_cells
import pytest

NEVER = """
def never_resets(gru):
    {change}
    return gru
"""
CHANGED = """with torch.no_grad():
        gru.{what}"""
BLOCK = "[gru.hidden_size : 2 * gru.hidden_size]"

WRONG = {
    "02-1": {
        "deals the numbers out anew": (
            "def turn(emb):\n    return emb.reshape(emb.shape[1], emb.shape[0], -1)"
        ),
        "wrong axes are swapped": "def turn(emb):\n    return emb.transpose(1, 2)",
        "turn all axes round": "def turn(emb):\n    return emb.permute(2, 1, 0)",
        "your function raised RuntimeError": (
            "def turn(emb):\n    return emb.view(7, 4, 5)"
        ),
    },
    "02-2": {
        "do to the bias": "def same_for_both(n):\n    return torch.full((n,), 0.5)",
        "differs from unit": "def same_for_both(n):\n    return torch.arange(n) / n",
        "wanted a tensor (enc_hid,)": "def same_for_both(n):\n    return 1.0",
    },
    "02-3": {
        "rows of another block": NEVER.format(
            change=CHANGED.format(what=f"bias_ih_l0{BLOCK} = 100")
        ),
        "it wants a large bias": NEVER.format(
            change=CHANGED.format(what="bias_ih_l0[: gru.hidden_size] = 1")
        ),
        "no number of the layer": NEVER.format(change="gru.reset = 1"),
        "under `with torch.no_grad()": NEVER.format(
            change="gru.bias_ih_l0[: gru.hidden_size] = 100"
        ),
        "wanted an nn.GRU": "def never_resets(gru):\n    return gru.bias_ih_l0",
    },
    "02-4": {
        "zeros behind their end": (
            "def own_last(states, lengths):\n    return states[:, -1]"
        ),
        "at place 2": (
            "def own_last(states, lengths):\n"
            "    return states[torch.arange(len(lengths)), lengths]"
        ),
        "Give the rows as well": (
            "def own_last(states, lengths):\n    return states[:, lengths - 1]"
        ),
    },
    "02-5": {
        "come to the front": "def turn_round(emb, lengths):\n    return emb.flip(1)",
        "have changed places": "def turn_round(emb, lengths):\n    return emb.flip(0)",
        "stand zeros": """
def turn_round(emb, lengths):
    turned = torch.zeros_like(emb)
    for row, length in enumerate(lengths.tolist()):
        turned[row, :length] = emb[row, :length].flip(0)
    return turned
""",
    },
    "02-6": {
        "Two directions stand side by side": "shapes = dict(outputs=(4, 7, 8))",
        "The batch is in the middle": "shapes = dict(h_n=(4, 6, 8))",
        "An entry for every layer": (
            "shapes = dict(outputs=(4, 7, 16), h_n=(6, 4, 8), c_n=(3, 4, 8))"
        ),
        "do not lie side by side": "shapes = dict(h_n=(3, 4, 16))",
        "A GRU has three blocks": "shapes = dict(weight_ih_l1=(24, 16))",
        "does not read words": "shapes = dict(weight_ih_l1=[32, 5])",
        "reads both directions": "shapes = dict(weight_ih_l1=(32, 8))",
        "unit for unit": "shapes = dict(h_n=(6, 4, 8), c_n=None) | {'c_n': (4, 8)}",
    },
}


def test_every_exercise_is_tested():
    assert exercise_cells.numbers("02") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_stub_solution_and_each_mistake_get_their_own_answer(number):
    exercise_cells.behaves(number, WRONG[number])
