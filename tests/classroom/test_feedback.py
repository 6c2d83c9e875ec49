"""A page of feedback shows the exercises, what came out and the points; it is small."""

import re

import pytest
from nbformat import v4

from tests.classroom import example
from tools.classroom import feedback, grading
from tools.exercise_cells import by_number

RESOURCES = {"nbgrader": {"student": "Zoë <i>", "notebook": "00", "score": 2.5}}
RESOURCES["nbgrader"]["max_score"] = 4


@pytest.fixture
def graded():
    """A notebook as nbgrader has graded it, with its points in the cells."""
    book = grading.assignment(example.book())
    for check in by_number(book, "exercise-check").values():
        check.metadata.nbgrader.score = 0.5
        check.outputs = [
            v4.new_output("stream", text="Not yet: x."),
            v4.new_output("execute_result", {"text/plain": "0.5"}, execution_count=1),
        ]
    return book


def html(book):
    return feedback.Feedback().from_notebook_node(book, RESOURCES)[0]


def test_exercises_their_points_and_nothing_else(graded):
    graded.cells[2].source += " Let $x_1$ be it."
    page = html(graded)
    assert "Zoë &lt;i&gt;: 2.5 of 4 points" in page
    assert "0.5 of 3 points." in page
    assert "Not yet: x." in page
    assert ">negate</span>" in page  # the attempt, and the check as students have it
    assert "builtins" not in page
    assert "A first paragraph" not in page
    assert "<math" in page
    assert not re.search("<script|<link|@import", page)


def test_an_error_of_a_check_is_a_sentence(graded):
    check = by_number(graded, "exercise-check")["00-1"]
    lines = ["File /home/teacher/secret.py", "NameError: no double"]
    error = {"ename": "NameError", "evalue": "no double", "traceback": lines}
    check.outputs = [v4.new_output("error", **error)]
    page = html(graded)
    assert "NameError: no double" in page
    assert "secret" not in page


def test_a_page_stays_small_whatever_was_printed(graded):
    for cell in by_number(graded, "exercise-attempt").values():
        cell.source += "\n# " + "x" * 10**6
        cell.outputs = [
            v4.new_output("stream", text="line\n" * 10**6),
            v4.new_output("display_data", {"image/png": "A" * 10**6}),
            *(
                v4.new_output("display_data", {"text/plain": "b" * 999})
                for _ in "x" * 99
            ),
            v4.new_output("error", ename="E", evalue="", traceback=["t" * 10**6]),
        ]
    page = html(graded)
    assert len(page) < 150_000
    assert "more characters" in page
    assert "too large for a page" in page


def test_a_comment_of_the_teacher_is_shown(graded):
    by_number(graded, "exercise-attempt")["00-1"].metadata.nbgrader.comment = "Neat."
    assert "Neat." in html(graded)
