"""The notebooks' exercises as nbgrader wants them: points from the same checks."""

import sys
from unittest.mock import patch

import nbformat
import pytest

import seq2seq_lesson
from seq2seq_lesson.exercises import notebook_01
from tests.classroom import example
from tests.exercise_cells import run
from tests.test_notebooks import CAPSTONE, NAMES, PATHS
from tools.classroom import grading
from tools.exercise_cells import by_number as cells
from tools.exercise_cells import parted


@pytest.fixture(autouse=True)
def same_modules(monkeypatch):
    """A check that fetches itself anew does so for its test alone."""
    monkeypatch.setattr(seq2seq_lesson, "exercises", seq2seq_lesson.exercises)
    with patch.dict(sys.modules):
        yield


@pytest.fixture
def made():
    return grading.assignment(example.book())


def test_an_attempt_keeps_its_stub_and_holds_the_answer_between_the_marks(made):
    cell = cells(made, "exercise-attempt")["00-1"]
    stub, _, solution = cell.source.partition("### BEGIN SOLUTION\n")
    assert stub.strip() == "def double(number):\n    ...  # yours"
    answer, end, rest = solution.partition("### END SOLUTION")
    assert answer.strip() == "def double(number):\n    return 2 * number"
    assert end
    assert not rest
    assert cell.metadata.nbgrader.solution
    assert not cell.metadata.nbgrader.grade


def test_a_check_is_locked_and_worth_the_stars(made):
    marks = {n: c.metadata.nbgrader for n, c in cells(made, "exercise-check").items()}
    assert {n: mark.points for n, mark in marks.items()} == {"00-1": 1, "00-2": 3}
    assert all(mark.grade and mark.locked for mark in marks.values())
    ids = [c.metadata.nbgrader.grade_id for c in made.cells if "nbgrader" in c.metadata]
    assert len(ids) == len(set(ids)) == 4


@pytest.mark.parametrize(
    ("attempt", "worth"),
    [
        ("negate = lambda number: -number", 3.0),
        ("negate = lambda number: -number if number % 2 else 0", 1.05),
        ("negate = lambda number: 1 / 0", 0.0),
        ("negate = 7", 0.0),
        ("def negate(number):\n    ...", 0.0),
    ],
)
def test_a_check_is_worth_a_number_whatever_is_written(made, attempt, worth):
    check = cells(made, "exercise-check")["00-2"].source
    result = run(f"{example.CHECK}\n{attempt}\n{check}", {})
    assert isinstance(result, float)
    assert result == pytest.approx(worth)


@pytest.mark.parametrize(
    ("scratch", "worth"),
    [
        ("check = 7", 3.0),
        ("print = float = sys = None", 3.0),
        ("class check:\n    negate = lambda attempt: 7", 0.0),
    ],
)
def test_a_check_is_itself_whatever_its_names_have_become(made, scratch, worth):
    attempt = f"negate = lambda number: {'-' if worth else ''}number"
    check = cells(made, "exercise-check")["00-2"].source
    assert run(f"{example.CHECK}\n{attempt}\n{scratch}\n{check}", {}) == worth


def test_a_check_comes_fresh_from_its_file(monkeypatch):
    monkeypatch.setattr(notebook_01, "shift", notebook_01.shift)  # for others, later
    made = grading.assignment(nbformat.read(PATHS[0], as_version=4))
    check = cells(made, "exercise-check")["01-4"].source
    fake = "check.shift = lambda attempt: Verdict(1.0, 'Right')"
    imports = "from seq2seq_lesson.exercises import Verdict, notebook_01 as check"
    assert run(f"{imports}\n{fake}\nshift = 7\n{check}", {}) == 0


def test_no_solution_is_left_outside_the_marks(made):
    assert not cells(made, "solution")
    assert "Because." not in nbformat.writes(made)


@pytest.mark.parametrize("missing", ["exercise-attempt", "exercise-check", "solution"])
def test_an_exercise_that_lacks_a_cell_is_refused(missing):
    book = example.book()
    book.cells.remove(cells(book, missing)["00-2"])
    with pytest.raises(ValueError, match="exercise 00-2 lacks"):
        grading.assignment(book)


def test_an_exercise_without_stars_is_refused():
    book = example.book()
    for cell in book.cells:
        cell.source = cell.source.replace("★★★", "hard")
    with pytest.raises(ValueError, match="exercise 00-2 lacks its stars"):
        grading.assignment(book)


def test_a_course_written_again_keeps_what_was_handed_in_and_its_points(tmp_path):
    grading.write_course(PATHS[:1], tmp_path)
    handed_in = tmp_path / "submitted" / "ada" / NAMES[0]
    handed_in.mkdir(parents=True)
    (tmp_path / "gradebook.db").touch()
    grading.write_course(PATHS[1:2], tmp_path)
    assert handed_in.exists()
    assert (tmp_path / "gradebook.db").exists()
    assert [path.name for path in (tmp_path / "source").iterdir()] == [NAMES[1]]


def test_a_check_that_is_no_expression_is_refused():
    with pytest.raises(ValueError, match="as the last expression"):
        parted("verdict = check.double(double)")


@pytest.mark.parametrize("path", [*PATHS, CAPSTONE], ids=[*NAMES, CAPSTONE.stem])
def test_each_notebook_makes_an_assignment(path):
    made = grading.assignment(nbformat.read(path, as_version=4))
    checks = cells(made, "exercise-check")
    assert len(checks) >= 4
    for cell in checks.values():
        assert cell.source.endswith(" * builtins.float(graded.points)")
    nbformat.validate(made)
