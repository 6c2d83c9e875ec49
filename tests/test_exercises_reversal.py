"""Notebook 06's exercises: stub, solution and usual mistakes, each with its hint."""

import exercise_cells
import pytest
import torch

from seq2seq_lesson.exercises import looking

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
HONEST = f"{TRUTH} if decoder.training else {OWN}"
MARK = """
def above_guessing(scores, guess):
    score = scores{part}.mean()
    return {mark}
"""
FAIR = "(score - guess) / (1 - guess)"
SHARE = """
def right_share(weights, src_lengths):
    found = []
    for matrix, n in zip(weights, src_lengths.tolist(), strict=True):
        found.append({found})
    return {mean}
"""
INNER = "matrix[: n - 1, : n - 1]"
SLIDE = """
def see_the_last_look(looked, filters):
    wide = {wide}
    return {found}
"""
PADDED = "nn.functional.pad(looked, (2, 2))"
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
        "does one fork?": "most_right = dict(abcd=1, aaaa=1, abba=1)",
        "Still open: aaaa, abba.": "most_right = dict(abcd=5)",
    },
    "06-2": {
        "nobody to know it": LOOP.format(state="dec_state", word=OWN),
        "changed places": LOOP.format(
            state="dec_state", word=f"{OWN} if decoder.training else {TRUTH}"
        ),
        "section 3's loop": LOOP.format(state="new_state", word=HONEST),
        "raised NameError": LOOP.format(state="dec_state", word="letter"),
    },
    "06-3": {
        "what does a perfect writer have?": MARK.format(
            part="[:, -5:]", mark="score.item() - guess"
        ),
        "does not end at 1": MARK.format(
            part="[:, -5:]", mark="(score - guess) / guess"
        ),
        "not by the score": MARK.format(
            part="[:, -5:]", mark="(score - guess) / score"
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
            found="matrix[:n, :n].flip(1).diagonal()", mean="torch.cat(found).mean()"
        ),
        "the mean of the strings' means": SHARE.format(
            found=f"{INNER}.flip(1).diagonal().mean()",
            mean="torch.stack(found).mean()",
        ),
        "the plain diagonal": SHARE.format(
            found=f"{INNER}.diagonal()", mean="torch.cat(found).mean()"
        ),
        "came 0.5,": ("def right_share(weights, src_lengths):\n    return 0.5"),
    },
    "06-5": {
        "Axis 1 holds the filters": SLIDE.format(
            wide=PADDED, found="(wide.unfold(1, 5, 1) @ filters.T).transpose(1, 2)"
        ),
        "turned round": SLIDE.format(
            wide=PADDED, found="wide.unfold(1, 5, 1) @ filters.flip(1).T"
        ),
        "lack neighbours": SLIDE.format(
            wide="looked", found="wide.unfold(1, 5, 1) @ filters.T"
        ),
        "is not the last": SLIDE.format(
            wide="torch.stack([looked.roll(2 - k, 1) for k in range(5)], -1)",
            found="wide @ filters.T",
        ),
    },
    "06-6": {
        "moves the look the other way": MOVE.format(place="2 + shift"),
        "whatever `shift` says": MOVE.format(place="2"),
        "its middle is 2": MOVE.format(place="(3 - shift) % 5"),
        "wanted a tensor (5,)": "def moving_filter(shift):\n    return [0, 0, 0, 1, 0]",
    },
}


def test_every_exercise_is_tested():
    assert exercise_cells.numbers("06") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_stub_solution_and_each_mistake_get_their_own_answer(number):
    exercise_cells.behaves(number, WRONG[number])


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_filter_that_moves_all_looks_alike_is_right_for_one_shift_only(shift):
    numbers = torch.nn.functional.one_hot(torch.tensor(2 - shift), 5)  # (5)
    told = looking.moving_filter(lambda shift: numbers)
    assert 0 < told.points < 1
