"""Notebook 06's exercises: stub, solution and usual mistakes, each with its hint."""

import pytest
import torch

from seq2seq_lesson.exercises import notebook_06
from tests import exercise_cells
from tools.exercise_cells import numbers

LOOP = """
def honest_loop(decoder, enc_state, tgt_out):
    word = torch.full_like(tgt_out[:, 0], SOS)
    dec_state, steps = enc_state, []
    for step in range(tgt_out.shape[1]):
        logits, {state} = decoder(word, dec_state)
        steps.append(logits)
        word = {word}
    return torch.stack(steps, dim=1)
"""
TRUTH, OWN = "tgt_out[:, step]", "logits.argmax(dim=-1)"
OWN_TOO = "logits[..., 2:].argmax(-1) + 2"
HONEST = f"{TRUTH} if decoder.training else {OWN}"
MARK = """
def above_guessing(scores, guess):
    score = scores{part}.mean()
    return {mark}
"""
FAIR = "(score - guess) / (1 - guess)"
LATE = MARK.replace("{part}", "[:, -5:]")
SHARE = """
def right_share(weights, src_lengths):
    found = []
    for matrix, n in zip(weights, src_lengths.tolist(), strict=True):
        found.append({found})
    return {mean}
"""
INNER = "matrix[: n - 1, : n - 1]"
TURNED, ALL = f"{INNER}.flip(1).diagonal()", "torch.cat(found).mean()"
SLIDE = """
def see_the_last_look(looked, filters):
    wide = {wide}
    return {found}
"""
MET = "wide.unfold(1, 5, 1) @ filters.T"
PADDED = "nn.functional.pad(looked, (2, 2))"
LOOK_BACK = """
def see_the_last_look(looked, filters):
    batch, src_len = looked.shape
    found = torch.zeros(batch, src_len, len(filters))
    for j in range(src_len):
        for k in range(5):
            if j + k - 2 < src_len:
                found[:, j] += looked[:, j + k - 2, None] * filters[:, k]
    return found
"""
MOVE = """
def moving_filter(shift):
    numbers = torch.zeros(5)
    numbers[{place}] = 1
    return numbers
"""

WRONG = {
    "06-1": {
        "Count both ends": "most_right = dict(abcd=4, aaaa=3, abba=2)",
        "the same symbol every time": "most_right = dict(abcd=5, aaaa=5, abba=5)",
        "one of them is lost": "most_right = dict(abcd=5, aaaa=4, abba=4)",
        "do two arrows leave": "most_right = dict(abcd=1, aaaa=1, abba=1)",
        "can be right together": "most_right = dict(abcd=5, aaaa=1, abba=3)",
        "the b?": "most_right = dict(abcd=5, aaaa=4, abba=1)",
        "without quotation marks": "most_right = dict(abcd='5', aaaa='4', abba='3')",
        "Still open: aaaa, abba.": "most_right = dict(abcd=5)",
    },
    "06-2": {
        "nobody to know it": LOOP.format(state="dec_state", word=OWN),
        "changed places": LOOP.format(
            state="dec_state", word=f"{OWN} if decoder.training else {TRUTH}"
        ),
        "section 2's loop": LOOP.format(state="new_state", word=HONEST),
        "gradients may be on or off": LOOP.format(
            state="dec_state", word=f"{TRUTH} if torch.is_grad_enabled() else {OWN}"
        ),
        "the same word at every step": LOOP.format(
            state="dec_state", word=f"{TRUTH} if decoder.training else word"
        ),
        "one number in the whole batch": LOOP.format(
            state="dec_state", word=f"{TRUTH} if decoder.training else logits.argmax()"
        ),
        "Axis 0 of the logits": LOOP.format(
            state="dec_state", word=f"{TRUTH} if decoder.training else logits.argmax(0)"
        ),
        "must be ids": LOOP.format(
            state="dec_state", word=f"{TRUTH} if decoder.training else logits"
        ),
        "writes into `tgt_out`": LOOP.format(state="dec_state", word=TRUTH).replace(
            "        word = tgt_out",
            f"        if not decoder.training:\n            {TRUTH} = {OWN}\n"
            "        word = tgt_out",
        ),
        "raised NameError": LOOP.format(state="dec_state", word="letter"),
    },
    "06-3": {
        "what does a perfect writer have?": LATE.format(mark="score.item() - guess"),
        "does not end at 1": LATE.format(mark="(score - guess) / guess"),
        "not by the score": LATE.format(mark="(score - guess) / score"),
        "the score itself": LATE.format(mark="score"),
        "and `1 - guess` too": LATE.format(mark="(score - guess) / 1 - guess"),
        "the whole difference": LATE.format(mark="score - guess / (1 - guess)"),
        "in per cent": LATE.format(mark=f"100 * {FAIR}"),
        "1, not 100": LATE.format(mark="(score - guess) / (100 - guess)"),
        "a mark below 0": LATE.format(mark=f"max(0, {FAIR})"),
        "Right but rounded": LATE.format(mark=f"round(({FAIR}).item(), 2)"),
        "leaves the last epoch out": MARK.format(part="[:, -5:-1]", mark=FAIR),
        "the last epoch alone": MARK.format(part="[:, -1]", mark=FAIR),
        "the first five epochs": MARK.format(part="[:, :5]", mark=FAIR),
        "take the baseline's score away": LATE.format(mark="score / guess"),
        "a mark for each seed": (
            "def above_guessing(scores, guess):\n"
            "    return (scores[:, -5:].mean(1) - guess) / (1 - guess)"
        ),
        "over the last five epochs": MARK.format(part="", mark=FAIR),
        "That takes rows": MARK.format(part="[-5:]", mark=FAIR),
        "came 2.0,": "def above_guessing(scores, guess):\n    return 2.0",
    },
    "06-4": {
        "padding comes first": (
            "def right_share(weights, src_lengths):\n"
            "    return weights.flip(2).diagonal(dim1=1, dim2=2).mean()"
        ),
        "is no letter": SHARE.format(
            found="matrix[:n, :n].flip(1).diagonal()", mean=ALL
        ),
        "the mean of the strings' means": SHARE.format(
            found=f"{INNER}.flip(1).diagonal().mean()",
            mean="torch.stack(found).mean()",
        ),
        "at the end of the batch": (
            "def right_share(weights, src_lengths):\n"
            "    cut = weights[:, :-1, :-1].flip(2)\n"
            "    return cut.diagonal(dim1=1, dim2=2).mean()"
        ),
        "the end of the padded row": SHARE.format(
            found="matrix.flip(1)[: n - 1, : n - 1].diagonal()", mean=ALL
        ),
        "one letter too many": SHARE.format(
            found="matrix[: n - 2, : n - 2].flip(1).diagonal()", mean=ALL
        ),
        "The last letter written": SHARE.format(
            found=f"{INNER}.flip(1).diagonal()[:-1]", mean=ALL
        ),
        "too far right": SHARE.format(
            found="matrix[: n - 1, 1:n].flip(1).diagonal()", mean=ALL
        ),
        "Two things": SHARE.format(
            found="matrix[:n, :n].flip(1).diagonal().mean()",
            mean="torch.stack(found).mean()",
        ),
        "runs over the strings": (
            "def right_share(weights, src_lengths):\n"
            "    return weights.flip(1).diagonal().mean()"
        ),
        "the first string alone": SHARE.format(found=TURNED, mean="found[0].mean()"),
        "That is the sum": SHARE.format(found=TURNED, mean="torch.cat(found).sum()"),
        "not of strings": SHARE.format(
            found=TURNED,
            mean="torch.cat(found).sum() / len(weights)",
        ),
        "every `<eos>` counts too": SHARE.format(
            found=TURNED,
            mean="torch.cat(found).sum() / src_lengths.sum()",
        ),
        "how often the brightest": SHARE.format(
            found="(matrix.argmax(1)[: n - 1] == n - 2 - torch.arange(n - 1)).float()",
            mean=ALL,
        ),
        "the plain diagonal": SHARE.format(found=f"{INNER}.diagonal()", mean=ALL),
        "came 0.5,": ("def right_share(weights, src_lengths):\n    return 0.5"),
    },
    "06-5": {
        "Axis 1 holds the filters": SLIDE.format(
            wide=PADDED, found="(wide.unfold(1, 5, 1) @ filters.T).transpose(1, 2)"
        ),
        "turned round": SLIDE.format(
            wide=PADDED, found="wide.unfold(1, 5, 1) @ filters.flip(1).T"
        ),
        "lack neighbours": SLIDE.format(wide="looked", found=MET),
        "too few": SLIDE.format(wide="nn.functional.pad(looked, (1, 1))", found=MET),
        "stand on the left": SLIDE.format(
            wide="nn.functional.pad(looked, (4, 0))", found=MET
        ),
        "stand on the right": SLIDE.format(
            wide="nn.functional.pad(looked, (0, 4))", found=MET
        ),
        "Those are the windows": SLIDE.format(
            wide=PADDED, found="wide.unfold(1, 5, 1)"
        ),
        "fits behind the windows": SLIDE.format(
            wide=PADDED, found="wide.unfold(1, 5, 1) @ filters"
        ),
        "not their sum": SLIDE.format(
            wide=PADDED, found="wide.unfold(1, 5, 1) @ filters.T / 5"
        ),
        "A negative place": LOOK_BACK,
        "is not the last": SLIDE.format(
            wide="torch.stack([looked.roll(2 - k, 1) for k in range(5)], -1)",
            found="wide @ filters.T",
        ),
    },
    "06-6": {
        "moves the look the other way": MOVE.format(place="2 + shift"),
        "whatever `shift` says": MOVE.format(place="2"),
        "its middle is 2": MOVE.format(place="3 - shift"),
        "The sign is right": MOVE.format(place="-shift"),
        "A look that stays": MOVE.format(place="shift"),
        "wanted a tensor (5,)": "def moving_filter(shift):\n    return [0, 0, 0, 1, 0]",
    },
}


def test_every_exercise_is_tested():
    assert numbers("06") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_stub_solution_and_each_mistake_get_their_own_answer(number):
    exercise_cells.behaves(number, WRONG[number])


RIGHT_TOO = {
    "06-1": "most_right = dict(abcd=5.0, aaaa=4.0, abba=3.0)",
    "06-2": LOOP.format(
        state="dec_state", word=f"{TRUTH} if decoder.training else {OWN_TOO}"
    ),
    "06-3": (
        "import numpy as np\ndef above_guessing(scores, guess):\n"
        "    return (np.mean(scores.numpy()[:, -5:]) - guess) / (1 - guess)"
    ),
    "06-5": LOOK_BACK.replace("if j", "if 0 <= j"),
}


@pytest.mark.parametrize("number", RIGHT_TOO)
def test_another_right_answer_is_right_too(number):
    told = exercise_cells.verdict(number, RIGHT_TOO[number])
    assert told.points == 1, told


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_filter_that_moves_all_looks_alike_is_right_for_one_shift_only(shift):
    numbers = torch.nn.functional.one_hot(torch.tensor(2 - shift), 5)  # (5)
    told = notebook_06.moving_filter(lambda shift: numbers)
    assert 0 < told.points < 1
