"""The judge of exercises: what a learner may write, and what is said to it."""

import random
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from seq2seq_lesson.exercises import CASES, Verdict, against, judge, judge_parts
from seq2seq_lesson.exercises.comparing import Raised, describe, difference
from seq2seq_lesson.exercises.isolation import bound
from seq2seq_lesson.shapes import _checks as shapes
from tests import exercise_cells
from tools.exercise_cells import answer, numbers, source

DOUBLE = against(lambda numbers: 2 * numbers, "(places,)")
HINTS = {"Twice, not plus two.": lambda n: n + 2, "Text has no +.": lambda n: "x" + n}


def draw(rng):
    return {"numbers": torch.randint(0, 9, (rng.randint(2, 5),))}


def double(attempt):
    return judge(
        attempt, draw, DOUBLE, todo="return twice the numbers.", mistakes=HINTS
    )


def raises(numbers):
    raise KeyError("perhaps")


def left_open(numbers):
    raise NotImplementedError


def exit_():
    raise SystemExit


def stub(numbers): ...


def forgotten(numbers):
    twice = 2 * numbers  # noqa: F841


def doubles(numbers):
    numbers * 2


def changes_its_argument(numbers):
    numbers *= 2
    return numbers


class Odd:
    """What may not be compared with anything."""

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


def test_a_right_attempt_gets_full_points():
    for right in (lambda n: 2 * n, lambda n: n + n, changes_its_argument):
        verdict = double(right)
        assert verdict.points == 1
        assert verdict.message == f"Right: all {CASES} random cases."


@pytest.mark.parametrize("nothing", [..., None, stub, lambda n: ..., left_open])
def test_what_is_not_tried_yet_is_told_kindly(nothing):
    verdict = double(nothing)
    assert verdict == Verdict(0.0, "Not tried yet: return twice the numbers.")


def test_a_forgotten_return_is_named():
    told = "It returned None: no `return` was met, and `print` hands nothing on."
    for attempt in (forgotten, lambda n: print(n), doubles):
        verdict = double(attempt)
        assert verdict.message == f"Not yet: return twice the numbers. {told}"


def test_what_an_attempt_prints_is_shown_once(capsys):
    double(lambda n: print("here") or 2 * n)
    assert capsys.readouterr().out == "here\n"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (3, "got 3, wanted a function"),
        (raises, "your function raised KeyError: 'perhaps'"),
        (lambda: 1, "your function raised TypeError"),
        (lambda n: [], "came [], wanted a tensor (places,)"),
        (lambda n: (2 * n).float(), "came floats, wanted whole numbers (places,)"),
        (lambda n: (2 * n)[None], "wanted (5,) = (places,)"),
        (lambda n: Odd(), "wanted a tensor"),
        (lambda n: (2 * n).to_sparse(), "could not be examined"),
        (lambda n: (2 * n).to("meta"), "could not be examined"),
        (lambda n: 10**5000, "wanted a tensor"),
        (lambda n: [n] * 9999, "..., wanted a tensor"),
        (lambda n: exit_(), "your function raised SystemExit"),
        (lambda n: n.softmax(0), "your function raised NotImplementedError"),
        (lambda n: 2 * n + 1j, "came complex numbers"),
        (lambda n: n + 2, "Hint: Twice, not plus two."),
        (lambda n: "a" + n, "Hint: Text has no +."),
        (lambda n: torch.ones(9), "Hint: your answer is the same every time"),
    ],
)
def test_a_wrong_attempt_gets_a_sentence(wrong, told):
    verdict = double(wrong)
    assert verdict.points < 1
    assert verdict.message.startswith("Not yet: ")
    assert told in verdict.message, verdict


def test_half_right_gets_half_the_points_and_no_hint_that_explains_only_a_part():
    def sometimes(numbers):
        return 2 * numbers if len(numbers) > 3 else numbers + 2 * (len(numbers) == 3)

    verdict = double(sometimes)
    assert 0 < verdict.points < 1
    assert f"{round(verdict.points * CASES)} of {CASES} random cases" in verdict.message
    assert "Hint" not in verdict.message


def test_a_check_disturbs_neither_the_seed_nor_the_declared_axes(monkeypatch):
    monkeypatch.setattr(shapes, "known", {"batch": 3})

    def noisy(numbers):
        assert shapes.known == {}
        torch.rand(1), np.random.rand(), random.random()
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        return 2 * numbers

    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1], random.getstate()
    assert double(noisy).points == 1
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert random.getstate() == before[2]
    assert shapes.known == {"batch": 3}
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def test_a_check_says_the_same_each_time():
    torch.manual_seed(1)
    first = double(lambda n: n + 2)
    torch.manual_seed(2)
    assert double(lambda n: n + 2) == first


def test_the_sentence_of_a_fault_that_fails_itself():
    verdict = judge(lambda n: 3, draw, lambda answer, n: answer.words, todo="")
    assert "came 3, which could not be examined (AttributeError" in verdict.message


def test_a_verdict_is_shown_as_its_message_in_short_lines():
    lines = repr(Verdict(0.0, "many words " * 30)).split("\n")
    assert len(lines) > 2
    assert max(map(len, lines)) <= 88


PARTS = {"sum": 4, "shape": (2, 3)}


def parts(answers):
    return judge_parts(
        answers,
        PARTS,
        todo="two answers.",
        hints={"sum": "Add.", "shape": "Rows first."},
        mistakes={"Rows and columns!": {"shape": (3, 2)}},
    )


@pytest.mark.parametrize(
    ("answers", "points", "told"),
    [
        (..., 0, "Not tried yet: two answers."),
        ({"sum": ..., "shape": None}, 0, "Not tried yet: two answers."),
        ({"sum": 4, "shape": (2, 3)}, 1, "Right: all 2, as computed just now."),
        ({"sum": 4, "shape": [2, 3]}, 1, "Right: all 2"),
        ({"sum": 4}, 0.5, "1 of 2 are right. Still open: shape."),
        ({"sum": 5, "shape": (2, 3)}, 0.5, "sum is not 5. Hint: Add."),
        ({"sum": 4, "shape": (3, 2)}, 0.5, "shape is not (3, 2). Hint: Rows and"),
        ({"sum": Odd(), "shape": "(2, 3)"}, 0, "Hint: Add."),
        ({"sum": "4"}, 0, "Hint: A number is wanted, without quotation marks."),
        ({"sum": torch.ones(2)}, 0, "Hint: Add."),
        ({"sum": 4, "shapes": (2, 3)}, 0.5, "None of the keys: 'shapes'."),
        ([4, (2, 3)], 0, "wanted a dictionary with the keys 'sum', 'shape'"),
    ],
)
def test_predictions_get_points_by_the_part(answers, points, told):
    verdict = parts(answers)
    assert verdict.points == points
    assert told in verdict.message


def test_predictions_are_not_told_the_value():
    message = parts({"sum": 5, "shape": (2, 2)}).message
    assert "4" not in message
    assert "(2, 3)" not in message


@pytest.mark.parametrize(
    ("came", "wanted", "told"),
    [
        (torch.ones(2), torch.ones(2), ""),
        (torch.ones(2) + 1e-7, torch.ones(2), ""),
        (torch.ones(2, requires_grad=True), torch.ones(2), ""),
        (torch.ones(2, dtype=torch.float64), torch.ones(2), ""),
        (torch.tensor([1.0, torch.nan]), torch.tensor([1.0, torch.nan]), ""),
        (torch.tensor([1.0, 2.0]), torch.ones(2), "at (1,) came 2, wanted 1."),
        (torch.ones(2).bool(), torch.ones(2), "came bools, wanted floats."),
        (
            (torch.ones(1), torch.ones(2)),
            (torch.ones(1), torch.ones(1)),
            "value 2 of 2",
        ),
        (torch.ones(1), (torch.ones(1), torch.ones(1)), "wanted 2 values"),
        (0.1 + 0.2, 0.3, ""),
        (1, 1.0, ""),
        (Fraction(1, 3), 1 / 3, ""),
        (torch.ones(3), 1.0, "wanted one number."),
        (torch.tensor([1.0, 2.0]), (1.0, 2.0), ""),
        (1.0, 1, ""),
        (torch.tensor(1), 1, ""),
        (torch.ones((), requires_grad=True), torch.ones(()), ""),
        (1.0, torch.ones(()), ""),
        (np.float32(0.3), 0.3, ""),
        (torch.ones((), requires_grad=True), 1.0, "`.item()` takes"),
        ([1], (1,), ""),
        ((1,), [1], ""),
        (torch.tensor([1.0001]), torch.tensor([1.0005]), "came 1.0001, wanted 1.0005"),
        (torch.tensor(2.0), torch.tensor(3.0), "came 2, wanted 3."),
        (torch.ones(3), torch.tensor(3.0), "of floats, wanted one number."),
        (torch.tensor([True]), torch.tensor([False]), "came True, wanted False."),
        ("a", "b", "came 'a', wanted 'b'."),
        (Raised(KeyError("x 1")), Raised(KeyError("x 2")), ""),
        (Raised(KeyError("x")), Raised(KeyError("y")), "raised KeyError"),
        (Raised(KeyError()), 3, "your function raised KeyError"),
    ],
)
def test_how_two_answers_differ(came, wanted, told):
    sentence = difference(came, wanted)
    assert told in sentence
    assert bool(told) == bool(sentence)


def test_several_tensors_have_their_axes_named_one_by_one():
    wanted = torch.ones(2, 3), torch.ones(2)
    told = difference((torch.ones(2, 3), torch.ones(3)), wanted, "(a, b); (a,)")
    assert told == "value 2 of 2: came the shape (3,), wanted (2,) = (a,)."


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.tensor([3, 1]), "[3, 1]"),
        (torch.ones(2, 3), "a tensor (2, 3) of floats"),
        (nn.GRU(2, 3), "GRU(2, 3)"),
        (nn.Sequential(nn.Tanh(), nn.Tanh()), "Sequential"),
        (Raised(ValueError("so\n so.")), "your function raised ValueError: so so."),
        ([Verdict(1.0, "so")] * 20, "a list of 20 Verdict"),
        ((torch.ones(2), 1), "(a tensor (2,) of floats, 1)"),
        ("x" * 99, "'xxx"),
    ],
)
def test_a_value_in_a_few_words(value, words):
    assert describe(value).startswith(words)
    assert len(describe(value)) <= 60


@pytest.mark.parametrize(
    ("axes", "right"),
    [("batch, src_len, emb", False), ("src_len, batch, emb", True), ("a, b, c", True)],
)
def test_a_comment_in_an_attempt_is_held_to_the_axes_of_each_case(axes, right):
    attempt = "def turn(emb):\n    out = emb.transpose(0, 1)  # ({})\n    return out"
    told = exercise_cells.verdict("02-1", attempt.format(axes), checked=True)
    assert told.points == right
    assert ("ShapeError" in told.message) is not right
    assert "is it transposed?" in told.message or right


NUMBERS = [n for book in range(1, 7) for n in numbers(f"0{book}")]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_comments_of_each_solution_are_true_in_every_case(number):
    solution = answer(source(number, "solution"))
    told = exercise_cells.verdict(number, solution, checked=True)
    assert told.points == 1, told


def test_axes_are_those_of_the_arguments_and_end_with_the_case():
    arguments = {"src_emb": torch.zeros(2, 5, 3), "src_lengths": torch.tensor([4, 5])}
    arguments |= {"enc_hid": 9, "weights": torch.zeros(2, 5), "numbers": [7]}
    arguments |= {"query": torch.zeros(2, 1, 8), "dec_state": torch.zeros(2, 7)}
    before = dict(shapes.known)
    with bound(arguments):
        sizes = {"batch": 2, "src_len": 5, "emb": 3, "enc_hid": 9, "tgt_len": 1}
        assert shapes.known == before | sizes  # hid is 8 or 7, so it stays open
    assert shapes.known == before
