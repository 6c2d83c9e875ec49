"""The exit form asks three questions and repeats what was answered."""

import ast

import nbformat
import pytest

from seq2seq_lesson.exercises.exit_form import QUESTIONS, exit_form
from tests.test_notebooks import CAPSTONE, NAMES, PATHS
from tools.classroom.progress import form


def test_it_asks_and_repeats(capsys):
    exit_form()
    asked = capsys.readouterr().out
    assert len(QUESTIONS) == 3
    assert all(question in asked for question in QUESTIONS.values())
    assert "One minute" in asked
    exit_form(unclear="bmm", minutes=80)
    told = capsys.readouterr().out
    assert told.startswith("Thank you.")
    assert "bmm" in told
    assert "80" in told


@pytest.mark.parametrize("path", [*PATHS, CAPSTONE], ids=[*NAMES, CAPSTONE.stem])
def test_it_closes_each_notebook_and_its_answers_can_be_read(path):
    book = nbformat.read(path, as_version=4)
    *_, last = (cell for cell in book.cells if cell.cell_type == "code")
    call = ast.parse(last.source).body[-1].value
    assert call.func.id == "exit_form"
    assert {keyword.arg for keyword in call.keywords} == {*QUESTIONS}
    assert form(book) == {}
    last.source = last.source.replace('unclear=""', 'unclear="bmm"')
    assert form(book) == {"unclear": "bmm"}
