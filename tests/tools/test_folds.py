"""What answers a question is not in sight before it has been asked."""

import nbformat
import pytest
from nbformat import v4

from tests.test_notebooks import CAPSTONE, DEEPER, PATHS
from tools.classroom import student
from tools.exercise_cells import tags
from tools.notebooks import normalise
from tools.pages import flat_name, write_page

HIDDEN = {"collapsed": True, "jupyter": {"outputs_hidden": True}}


def code(*names, **metadata):
    shown = [v4.new_output("stream", text="forty-two")]
    metadata["tags"] = [*names]
    return v4.new_code_cell("6 * 7", outputs=shown, metadata=metadata)


def folds(cell):
    """What hides a cell's outputs, in JupyterLab and on Colab."""
    jupyter = cell.metadata.get("jupyter", {})
    return jupyter.get("outputs_hidden"), cell.metadata.get("collapsed")


def test_a_stored_notebook_folds_answers_and_solutions_and_nothing_else():
    source = {"jupyter": {"source_hidden": True}}
    once = v4.new_notebook(cells=[code("answer"), code("solution", **source), code()])
    once.cells += [code(**HIDDEN), v4.new_markdown_cell("so", metadata=HIDDEN)]
    normalise(once)
    stored = nbformat.reads(nbformat.writes(once), as_version=4)
    normalise(stored)
    for book in (once, stored):
        shown = [folds(cell) for cell in book.cells[:4]]
        assert shown == [(True, True), (True, True), (None, None), (None, None)]
        assert book.cells[1].metadata.jupyter.source_hidden
        assert "jupyter" not in book.cells[3].metadata
    nbformat.validate(once)


def test_a_page_folds_the_output_of_an_answer_and_shows_no_solutions(tmp_path):
    title = v4.new_markdown_cell("# Why?")
    cells = [title, code("answer"), code("solution"), code()]
    write_page(v4.new_notebook(cells=cells), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    before, folded, rest = (
        page.split('<details class="answer">')[0],
        *page.split('<details class="answer">')[1].split("</details>", 1),
    )
    assert "forty-two" not in before
    assert folded.count("forty-two") == 1
    assert rest.count("forty-two") == 1  # the cell that answers nothing
    assert "<details open" not in page


def test_a_students_copy_has_nothing_to_hide_and_hides_nothing():
    book = v4.new_notebook(cells=[code("answer")])
    normalise(book)
    (cell,) = student.student_copy(book).cells
    assert cell.outputs == []
    assert folds(cell) == (None, None)


def test_code_that_nobody_need_read_is_folded_and_its_output_is_not(tmp_path):
    title = v4.new_markdown_cell("# Why?")
    book = v4.new_notebook(cells=[title, code("setup"), code("prediction"), code()])
    normalise(book)
    for cell in book.cells[1:3]:
        assert cell.metadata.jupyter == {"source_hidden": True}
        assert cell.metadata.cellView == "form"
    assert "cellView" not in book.cells[3].metadata
    write_page(book, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    _, setup, question = page.split('<details class="plumbing">')
    for text in (setup, question):
        inside, after = text.split("</details>", 1)
        assert "forty-two" not in inside
        assert "forty-two" in after
    assert question.count('class="input_area"') == 2  # the last cell's is in sight


@pytest.mark.parametrize("path", [*PATHS, CAPSTONE, *DEEPER], ids=flat_name)
def test_answers_solutions_and_plumbing_are_folded_in_the_notebooks(path):
    cells = [
        cell
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]
    for cell in cells:
        if ".answer(" in cell.source:
            assert "answer" in tags(cell), cell.source
        wanted = bool({"answer", "solution"} & set(tags(cell)))
        assert folds(cell) == ((True, True) if wanted else (None, None))
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        named = {"setup", "prediction", "solution"} & set(tags(cell))
        assert hidden == bool(named), cell.source
