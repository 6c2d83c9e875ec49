"""The class at a glance says what the saved notebooks say, and runs nothing."""

import ast
import os
import re
from html import unescape

import nbformat
import pytest
from nbformat import v4

from seq2seq_lesson.exercises.exit_form import QUESTIONS
from tests.classroom import example
from tests.exercise_cells import run
from tests.test_notebooks import CAPSTONE, NAMES, PATHS
from tools.classroom import progress
from tools.classroom.student import student_copy
from tools.exercise_cells import by_number

STUBS = dict.fromkeys(("double", "negate"), "lambda number: ...")
FORM = "from seq2seq_lesson.exercises.exit_form import exit_form\n\n"


def saved(form="", **attempts):
    """A copy as a student saves it: the checks of some attempts have run."""
    book = student_copy(example.book())
    checks = by_number(book, "exercise-check").values()
    for count, (name, check) in enumerate(zip(STUBS, checks, strict=True), start=1):
        if name in attempts:
            source = f"{example.CHECK}\n{name} = {attempts[name]}\n{check.source}"
            data = {"text/plain": repr(run(source, {}))}
            check.outputs = [v4.new_output("execute_result", data)]
            check.execution_count = count
    book.cells.insert(2, v4.new_markdown_cell("## 1. What is <this>?"))
    book.cells.append(v4.new_code_cell(FORM + (form or 'exit_form(learned="")')))
    return book


@pytest.fixture
def folder(tmp_path):
    """Four students, one of them twice, and a file that nobody can read."""

    def save(way, book, when=2):
        path = tmp_path / way
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, path)
        os.utime(path, (when, when))

    half = "lambda number: -number if number % 2 else 0"
    ada = saved(
        'exit_form(learned="signs", unclear="<b>why</b>", minutes=12)',
        double="lambda number: 2 * number",
        negate=half,
    )
    save("ada/work/00_example.ipynb", ada)
    save("ada/00_example.ipynb", saved(double="lambda number: 7"), when=1)
    save("bob/00_example.ipynb", saved("exit_form(minutes=20)", double="lambda n: n"))
    save("cem/00_example.ipynb", saved('exit_form(learned="a', **STUBS))
    save("dee.ipynb", saved(double="lambda n: n"))
    save("eve/other.ipynb", v4.new_notebook())
    save("eve/.ipynb_checkpoints/00_example.ipynb", saved())
    (tmp_path / "bob" / "notes.ipynb").write_text("<html>")
    return tmp_path


def lines(html, heading):
    """The rows of the table below a heading, each a list of texts."""
    part = html.split(f"<h2>{heading}</h2>")[1].split("<h2>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part, re.S)[1:]
    cells = [re.findall(r"<td>(.*?)</td>", row, re.S) for row in rows]
    return [[unescape(re.sub("<[^>]*>", "", c)).strip() for c in row] for row in cells]


def test_who_is_where(folder):
    html = progress.glance(*progress.look(folder))
    place = "00_example: 1. What is <this>?"
    assert lines(html, "Who is where") == [
        ["ada", place, "✓", "7/20"],
        ["bob", place, "0/20", "·"],
        ["cem", place, "·", "·"],
        ["dee", place.replace("00_example", "dee"), "0/20", "·"],
    ]
    assert "With number = " in html  # the sentence, under the pointer


def test_what_stops_many_and_which_hint_is_met_most(folder):
    html = progress.glance(*progress.look(folder))
    assert lines(html, "Which exercise stops many") == [
        ["0.1", "2", "1", "1"],
        ["0.2", "1", "0", "3"],
    ]
    assert lines(html, "Which hint is met most") == [
        ["2", "0.1", "Once more than once."],
        ["1", "0.2", "(no hint fitted)"],
    ]


def test_the_last_minute(folder):
    html = progress.glance(*progress.look(folder))
    assert "3 forms; minutes: 12 to 20, half of them at most 16." in html
    assert lines(html, "The last minute") == [
        ["ada", "<b>why</b>", "signs"],
        ["bob", "", ""],
        ["cem", FORM + 'exit_form(learned="a', ""],
    ]
    assert "<b>why" not in html


def test_a_file_that_cannot_be_read_is_named(folder):
    students, unread = progress.look(folder)
    assert students.keys() == {"ada", "bob", "cem", "dee"}
    assert unread == ["bob/notes.ipynb: the file is a web page, not a notebook"]


def test_nobody_is_lost(tmp_path):
    lost = saved()
    for cell in lost.cells:
        cell.metadata.pop("tags", None)
    books = {"j.doe/00_example": saved(), "j.smith/00_example": saved()}
    books |= {"k.may/02_encoder_dissection": lost}
    for way, book in books.items():
        (tmp_path / way).parent.mkdir()
        nbformat.write(book, tmp_path / f"{way}.ipynb")
    students, unread = progress.look(tmp_path)
    assert {name: one.place for name, one in students.items()} == {
        "j.doe": "00_example",
        "j.smith": "00_example",
    }
    assert unread == [
        "k.may/02_encoder_dissection.ipynb: no cell in it is marked as a check"
    ]


def test_the_hint_of_a_dictionary_ends_where_the_rest_begins():
    told = "Not yet: 1 of 3 are right. a is not 2. Hint: Think. Still open: b."
    assert progress.HINT.search(told)[1] == "Think."


@pytest.mark.parametrize("path", [*PATHS, CAPSTONE], ids=[*NAMES, CAPSTONE.stem])
def test_it_closes_each_notebook_and_its_answers_can_be_read(path):
    book = nbformat.read(path, as_version=4)
    *_, last = (cell for cell in book.cells if cell.cell_type == "code")
    call = ast.parse(last.source).body[-1].value
    assert call.func.id == "exit_form"
    assert {keyword.arg for keyword in call.keywords} == {*QUESTIONS}
    assert progress.form(book) == {}
    last.source = last.source.replace('unclear=""', 'unclear="bmm"')
    assert progress.form(book) == {"unclear": "bmm"}
