"""nbgrader's whole round on a notebook: four students hand in and get their points."""

import ast
import os
import subprocess
import sys
from html import escape
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from tests.test_notebooks import PATHS
from tools.classroom import grading
from tools.exercise_cells import answer as solution_of
from tools.exercise_cells import by_number, number_of, tags

BOOK = PATHS[0]
NAME = BOOK.stem
RIGHT = "{answer}"
# A right function that warns: nbgrader itself would give it nothing.
WARNS = """\
{answer}


def warning(solved):
    import warnings

    def careful(*given):
        warnings.warn("careful")
        return solved(*given)

    return careful


{name} = warning({name})"""
# A function that is right every other time.
HALF = """\
{answer}


def every_other_time(solved):
    turn = iter(range(1_000_000))
    return lambda *given: solved(*given) if next(turn) % 2 else None


{name} = every_other_time({name})"""
WRONG = "{name} = lambda *given: 7"


def cells(path, tag):
    return by_number(nbformat.read(path, as_version=4), tag)


def nbgrader(folder, *arguments):
    """Run nbgrader's command line in the course, as a teacher would."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it calls alembic
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments, NAME],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def asked_for(stub):
    """The name that a stub defines last."""
    last = ast.parse(stub).body[-1]
    return last.name if hasattr(last, "name") else last.targets[0].id


def hand_in(folder, student, form):
    """Put a submission there: the released notebook, each answer by its exercise."""
    book = nbformat.read(folder / "release" / NAME / BOOK.name, as_version=4)
    solutions = cells(BOOK, "solution")
    for cell in book.cells:
        if "exercise-attempt" in tags(cell):
            number, name = number_of(cell), asked_for(cell.source)
            answer = solution_of(solutions[number].source)
            cell.source = form(number).format(answer=answer, name=name) or cell.source
    home = folder / "submitted" / student / NAME
    home.mkdir(parents=True)
    nbformat.write(book, home / BOOK.name)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The course after the round."""
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    grading.write_course([BOOK], folder)
    nbgrader(folder, "generate_assignment")
    hand_in(folder, "right", lambda number: WARNS if number in functions() else RIGHT)
    hand_in(folder, "half", lambda number: HALF if number in functions() else "")
    hand_in(folder, "wrong", lambda number: WRONG)
    hand_in(folder, "empty", lambda number: "")
    nbgrader(folder, "autograde")
    nbgrader(folder, "generate_feedback")
    return folder


def functions():
    """The exercises that want a function."""
    attempts = cells(BOOK, "exercise-attempt")
    return {n for n, cell in attempts.items() if "def " in cell.source}


def points(course, student):
    """What the gradebook says: (points, most) of each exercise."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        (notebook,) = gradebook.find_submission(NAME, student).notebooks
        return {
            grade.name.removeprefix("check-"): (grade.auto_score, grade.max_score)
            for grade in notebook.grades
        }


def test_the_release_holds_our_stubs_and_no_answer(course):
    attempts = cells(BOOK, "exercise-attempt")
    released = cells(course / "release" / NAME / BOOK.name, "exercise-attempt")
    assert len(attempts) >= 4
    for number, cell in released.items():
        assert cell.source.strip() == attempts[number].source.strip()
    text = (course / "release" / NAME / BOOK.name).read_text("utf-8")
    assert "SOLUTION" not in text
    assert "@title Solution" not in text
    assert "<details>" not in text


def test_right_gets_everything_even_where_it_warns(course):
    exercises = cells(BOOK, "exercise-attempt").keys()
    assert points(course, "right").keys() == exercises
    assert all(got == most for got, most in points(course, "right").values())


def test_half_right_gets_a_part(course):
    found = points(course, "half")
    assert functions()
    for number, (got, most) in found.items():
        assert (0 < got < most) if number in functions() else got == 0


@pytest.mark.parametrize("student", ["wrong", "empty"])
def test_wrong_and_empty_get_nothing(course, student):
    assert {got for got, _ in points(course, student).values()} == {0}


@pytest.mark.parametrize("student", ["right", "half", "wrong", "empty"])
def test_each_check_returned_a_number_and_said_why(course, student):
    graded = cells(course / "autograded" / student / NAME / BOOK.name, "exercise-check")
    page = (course / "feedback" / student / NAME / f"{NAME}.html").read_text("utf-8")
    heard = []
    for cell in graded.values():
        (result,) = (o for o in cell.outputs if o.output_type == "execute_result")
        assert 0 <= float(result.data["text/plain"]) <= 3
        assert not [o for o in cell.outputs if o.get("name") == "stderr"]
        said = next(o.text for o in cell.outputs if o.get("name") == "stdout")
        assert escape(said.splitlines()[-1], quote=False) in page
        heard.append("careful" in said)
    assert any(heard) == (student == "right")
