"""An exercise as a notebook holds it: its cells run with one attempt or another.

WRONG = {"02-3": {"a phrase of the hint": "def src_mask(...): ...  # wrong so"}}

@pytest.mark.parametrize("number", WRONG)
def test_exercise(number):
    exercise_cells.behaves(number, WRONG[number])
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType

import matplotlib as mpl
import torch

from seq2seq_lesson.exercises import Verdict
from seq2seq_lesson.shapes import _checks as shapes
from seq2seq_lesson.shapes.rewriter import Rewriter
from tools.exercise_cells import answer, holder, source


def run(source: str, names: dict) -> object:
    """Run a cell; what its last expression is worth."""
    *before, last = ast.parse(source).body
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def with_checks(source: str) -> CodeType:
    """A cell's code as IPython would get it: its shape comments are checked."""
    tree = ast.parse(source)
    return compile(Rewriter(tree, source, 1).visit(tree), "cell", "exec")


@contextmanager
def untouched() -> Iterator[None]:
    """What cells declare and set is the notebook's: no axis, no style stays behind."""
    known = dict(shapes.known)
    with mpl.rc_context():
        yield
    shapes.known = known


def verdict(number: str, attempt: str, checked: bool = False) -> Verdict:
    """Run the notebook's imports and settings, an attempt, and the notebook's check.

    So a solution may use what the imports and settings give it, and nothing else; the
    shape comments are not checked, unless those of the attempt are asked for.
    """
    code = [cell.source for cell in holder(number).cells if cell.cell_type == "code"]
    settings = next(i for i, source in enumerate(code) if "\naxes(" in source)
    names: dict = {"__name__": "__main__"}
    with untouched():
        for text in code[1 : settings + 1]:
            exec(text, names)
        exec(with_checks(attempt) if checked else attempt, names)
    torch.rand(1)  # so that a check which seeds does not meet its own seed again
    seed = torch.get_rng_state()
    on, shapes.on = shapes.on, shapes.on or checked
    told = run(source(number, "exercise-check"), names)
    shapes.on = on
    assert torch.equal(seed, torch.get_rng_state()), "the check disturbed the seed"
    return told


def behaves(number: str, wrong: dict[str, str]) -> None:
    """The stub, the solution and wrong attempts, by a phrase of the hint of each."""
    stub = verdict(number, source(number, "exercise-attempt"))
    assert stub.points == 0, stub
    assert stub.message.startswith("Not tried yet: "), stub
    right = verdict(number, answer(source(number, "solution")))
    assert right.points == 1, right
    assert right.message.startswith("Right: "), right
    assert len(wrong) >= 2
    for phrase, attempt in wrong.items():
        told = verdict(number, attempt)
        assert told.points < 1, (attempt, told)
        assert phrase in told.message, (attempt, told)
        others = [other for other in wrong if other != phrase]
        assert not any(other in told.message for other in others), (attempt, told)
