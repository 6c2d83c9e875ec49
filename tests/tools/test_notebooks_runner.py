"""The deeper notebooks are run, read, handed out and graded beside the main ones."""

import nbformat
import pytest
from nbformat import v4

from tests.classroom import example
from tools import exercise_cells, notebooks
from tools.classroom import grading, student
from tools.pages import markdown_to_html


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A main notebook and its deeper companion, under the same name."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(exercise_cells, "ROOT", tmp_path)
    exercise_cells.books.cache_clear()
    main = tmp_path / "notebooks" / "00_small.ipynb"
    deeper = main.parent / "deeper" / main.name
    deeper.parent.mkdir(parents=True)
    links = "[on](deeper/00_small.ipynb) [back](../00_small.ipynb) [home](https://a.b)"
    for path, title in ((main, "Why?"), (deeper, "Why, deeper")):
        cells = [v4.new_markdown_cell(f"# {title}\n\n{links}"), v4.new_code_cell("6*7")]
        nbformat.write(v4.new_notebook(cells=cells), path)
    yield [main, deeper]
    exercise_cells.books.cache_clear()


def test_run_writes_a_page_each_and_a_front_page_for_both_kinds(
    shelf, monkeypatch, capsys
):
    monkeypatch.setenv("JOBS", "2")
    assert notebooks.run(shelf) == 0
    said = capsys.readouterr().out
    for number, name in (
        ("1 of 2: ", "00_small ok"),
        ("2 of 2: ", "deeper-00_small ok"),
    ):
        assert number in said
        assert name in said
    build = shelf[0].parents[1] / "build" / "site"
    index = (build / "index.html").read_text("utf-8")
    main, _, deeper = index.partition('<h2 id="deeper">')
    assert 'href="00_small.html">Why?</a>' in main
    assert 'href="deeper-00_small.html">Why, deeper</a>' in deeper
    page = (build / "00_small.html").read_text("utf-8")
    assert '<a href="deeper-00_small.html">on</a>' in page
    assert '<a href="https://a.b">home</a>' in page
    page = (build / "deeper-00_small.html").read_text("utf-8")
    assert '<a href="00_small.html">back</a>' in page
    assert '<a href="00_small.html">Before: Why?</a>' in page
    assert "42" in page


def test_store_leaves_one_that_fails_as_it_was(shelf):
    bad = v4.new_notebook(cells=[v4.new_code_cell("1 / 0")])
    nbformat.write(bad, shelf[1])
    before = shelf[1].read_text("utf-8")
    assert notebooks.store(shelf)
    assert shelf[1].read_text("utf-8") == before
    book = nbformat.read(shelf[0], as_version=4)
    assert book.cells[1].outputs[0].data["text/plain"] == "42"


def test_links_among_the_deeper_ones_stay_there():
    html = markdown_to_html("[x](02_b.ipynb)", deeper=True)
    assert 'href="deeper-02_b.html"' in html
    assert 'href="02_b.html"' in markdown_to_html("[x](02_b.ipynb)")


@pytest.mark.parametrize(("cores", "wanted"), [(1, 1), (3, 3), (64, 4), (None, 1)])
def test_as_many_at_a_time_as_there_are_cores_and_four_at_most(
    cores, wanted, monkeypatch
):
    monkeypatch.delenv("JOBS", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert notebooks.jobs() == wanted
    monkeypatch.setenv("JOBS", "7")
    assert notebooks.jobs() == 7


@pytest.mark.parametrize("text", ["0", "two", "-1"])
def test_jobs_that_are_no_number_are_refused(text, monkeypatch):
    monkeypatch.setenv("JOBS", text)
    with pytest.raises(SystemExit, match="give a whole number from 1 up"):
        notebooks.jobs()


def test_copies_and_assignments_keep_the_two_apart(shelf, tmp_path):
    nbformat.write(example.book(), shelf[1])
    student.write_copies(shelf, tmp_path / "student")
    copies = sorted((tmp_path / "student").rglob("*.ipynb"))
    places = [path.parent.name for path in copies if path.name != student.CHECK]
    assert places == ["student", "deeper"]
    grading.write_course(shelf, tmp_path / "course")
    (made,) = (tmp_path / "course" / "source").rglob("*.ipynb")  # one has exercises
    assert made.parent.name == made.stem == "deeper-00_small"


def test_an_exercise_is_found_in_either(shelf):
    nbformat.write(example.book(), shelf[1])
    assert exercise_cells.numbers("00") == ["00-1", "00-2"]
    assert exercise_cells.source("00-2", "exercise-check") == "check.negate(negate)"
