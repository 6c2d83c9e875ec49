"""The students' copies: no solution, no output, and an archive with the package."""

import zipfile

import nbformat
import pytest
from nbformat import v4

from tests.classroom import example
from tests.test_notebooks import CAPSTONE, NAMES, PATHS
from tools.classroom import student
from tools.exercise_cells import tags
from tools.notebooks import execute


def test_solutions_and_outputs_are_gone_and_all_else_is_there():
    book = example.book()
    book.cells[1].outputs = [v4.new_output("stream", text="seen")]
    book.cells[1].execution_count = 1
    copy = student.student_copy(book)
    kept = [cell for cell in book.cells if "solution" not in tags(cell)]
    assert [cell.id for cell in copy.cells] == [cell.id for cell in kept]
    assert [c.source for c in copy.cells[:-1]] == [c.source for c in kept[:-1]]
    assert copy.cells[1].outputs == []
    assert copy.cells[1].execution_count is None
    assert book.cells[1].outputs  # the original is as it was


def test_answers_folded_away_in_prose_are_gone():
    copy = student.student_copy(example.book())
    assert copy.cells[-1].source == "## Exercises\n\nThink: why?\n\nAnd so on."


def test_attempts_and_checks_carry_the_ids_that_grading_looks_for():
    copy = student.student_copy(example.book())
    marked = [cell for cell in copy.cells if "nbgrader" in cell.metadata]
    assert [cell.metadata.nbgrader.grade_id for cell in marked] == [
        *("answer-00-1", "check-00-1", "answer-00-2", "check-00-2")
    ]
    checks = [cell for cell in marked if "exercise-check" in tags(cell)]
    assert [cell.metadata.nbgrader.points for cell in checks] == [1, 3]
    assert [cell.metadata.editable for cell in marked] == [True, False] * 2
    assert not any(cell.metadata.deletable for cell in marked)


@pytest.mark.parametrize("path", [*PATHS, CAPSTONE], ids=[*NAMES, CAPSTONE.stem])
def test_each_notebook_can_be_handed_out(path):
    book = nbformat.read(path, as_version=4)
    copy = student.student_copy(book)
    text = nbformat.writes(copy)
    assert "<details>" not in text
    assert "@title Solution" not in text
    assert not any(cell.get("outputs") for cell in copy.cells)
    wanted = [c.source for c in book.cells if "exercise-attempt" in tags(c)]
    assert [c.source for c in copy.cells if "exercise-attempt" in tags(c)] == wanted
    nbformat.validate(copy)


def test_the_archive_holds_notebooks_wheel_and_what_to_do(tmp_path):
    student.write_copies(PATHS, tmp_path / "student")
    archive = student.write_archive(tmp_path / "student")
    with zipfile.ZipFile(archive) as packed:
        names = {name.partition("/")[2] for name in packed.namelist()}
        readme = packed.read(f"{student.NAME}/README.txt").decode()
        required = packed.read(f"{student.NAME}/requirements.txt").decode().splitlines()
        (wheel,) = (name for name in names if name.endswith(".whl"))
        with packed.open(f"{student.NAME}/{wheel}") as file:
            inside = zipfile.ZipFile(file).namelist()
    texts = {"README.txt", "requirements.txt", "LICENSE"}
    assert names == {*texts, wheel, student.CHECK, *(path.name for path in PATHS)}
    assert f"--no-deps {wheel}" in readme
    assert "install -r requirements.txt" in readme
    assert f"jupyter lab {student.CHECK}" in readme
    assert required[1] == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert {"torch>=2.4", "jupyterlab>=4.2", f"./{wheel}"} <= set(required)
    assert "seq2seq_lesson/corpora/eng-fra-small.tsv" in inside
    assert any(name.endswith(".pt") for name in inside)


def test_the_first_notebook_checks_the_computer_and_knows_python(tmp_path):
    student.write_copies([], tmp_path / "student")
    book = nbformat.read(tmp_path / "student" / student.CHECK, as_version=4)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    assert execute(book, tmp_path) == "ok"
    (said,) = book.cells[1].outputs
    assert said.text == f"All is there: open {NAMES[0]}.ipynb.\n"
