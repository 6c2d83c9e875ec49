"""What students hand in is read, and made gradable, whatever became of it."""

import json
import os

import nbformat
import pytest
from nbformat import v4

from tests.classroom import example
from tools.classroom import grading, student, submissions
from tools.exercise_cells import by_number, tags

NAME = "00_example"
OURS = example.book()
CHECKS = {n: c.source for n, c in by_number(OURS, "exercise-check").items()}


@pytest.fixture
def book():
    """A copy as a student has it."""
    return student.student_copy(OURS)


def repaired(book):
    """What was told of a repair; the sources that will run, in order."""
    source = grading.assignment(OURS)
    told = submissions.repair(book, OURS, source)
    checks = by_number(source, "exercise-check")
    names = {check.source: f"CHECK {number}" for number, check in checks.items()}
    nbformat.validate(book)
    return told, [names.get(cell.source, cell.source) for cell in book.cells]


def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_a_copy_as_it_should_be_needs_no_repair(book):
    told, sources = repaired(book)
    assert told == []
    assert [s for s in sources if s.startswith("CHECK")] == ["CHECK 00-1", "CHECK 00-2"]
    assert sources[-1] == "CHECK 00-2"  # the prose after it is not run
    marks = [c.metadata.nbgrader for c in book.cells if "nbgrader" in c.metadata]
    assert [mark.grade_id for mark in marks] == [
        "answer-00-1",
        "check-00-1",
        "answer-00-2",
        "check-00-2",
    ]


@pytest.mark.parametrize("pair", [True, False])
def test_a_copied_cell_is_judged_once_after_the_last_attempt(book, pair):
    attempt, check = (c for c in code(book) if "exercise:00-1" in tags(c))
    again = nbformat.from_dict(attempt)
    again.source = "double = lambda number: 2 * number"
    copy = nbformat.from_dict(check)
    again.id, copy.id = "again", "copy"
    book.cells += [again, copy] if pair else [again]
    told, sources = repaired(book)
    assert told == [
        *["check there 2 times: 0.1"] * pair,
        "cell to write in there 2 times: 0.1",
    ]
    assert sources.count("CHECK 00-1") == 1
    assert sources[sources.index(again.source) + 1] == "CHECK 00-1"
    assert len({cell.id for cell in book.cells}) == len(book.cells)


def test_a_changed_check_runs_and_ours_after_it(book):
    check = by_number(book, "exercise-check")["00-2"]
    check.source = "negate = lambda number: -number\nprint('Right')"
    told, sources = repaired(book)
    assert told == ["check changed: 0.2"]
    assert sources[-2:] == [check.source, "CHECK 00-2"]


@pytest.mark.parametrize("lost", ["exercise-check", "exercise-attempt", "both"])
def test_a_lost_cell_costs_no_other(book, lost):
    gone = ["exercise-check", "exercise-attempt"] if lost == "both" else [lost]
    book.cells = [
        cell
        for cell in book.cells
        if "exercise:00-1" not in tags(cell) or not {*gone} & {*tags(cell)}
    ]
    told, sources = repaired(book)
    assert "CHECK 00-1" in sources
    assert "CHECK 00-2" in sources
    words = {"exercise-check": "check", "exercise-attempt": "cell to write in"}
    assert told == [f"{words[kind]} missing: 0.1" for kind in gone]


def test_tags_that_were_lost_are_not_needed_by_a_check(book):
    for cell in book.cells:
        cell.metadata.pop("tags", None)
    _, sources = repaired(book)
    assert sources[-1] == "CHECK 00-2"


def test_our_solutions_are_no_attempts():
    told, sources = repaired(example.book())
    assert told == ["our solutions left out"]
    assert not any("Solution" in source for source in sources)


def test_a_cell_that_became_prose_is_code_again(book):
    attempt = by_number(book, "exercise-attempt")["00-1"]
    prose = v4.new_markdown_cell(attempt.source, metadata=attempt.metadata)
    book.cells[book.cells.index(attempt)] = prose
    told, _ = repaired(book)
    assert told == ["cell made code again: 0.1"]
    assert by_number(book, "exercise-attempt")["00-1"].cell_type == "code"


@pytest.mark.parametrize("ids", [True, False])
def test_imports_that_were_lost_or_changed_are_ours(book, ids):
    setup = code(book)[0]
    setup.source = "import os"
    if not ids:
        setup.id = "another"
    told, sources = repaired(book)
    assert told == ["imports or settings: 1 cells of ours"]
    assert sources.index(example.CHECK) < sources.index("import os")


def test_another_notebook_is_refused():
    book = v4.new_notebook(cells=[v4.new_code_cell("1 + 1")])
    with pytest.raises(ValueError, match="holds none of this notebook's exercises"):
        repaired(book)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\n<!doctype html><html></html>", "is a web page"),
        (b'{"cells": [{"cell_type": "co', "breaks off"),
        (b"%PDF-1.7", "breaks off, or is no notebook"),
        (b"[1, 2]", "is no notebook that can be read"),
        (b"PK\x03\x04\xff\xfe", "breaks off, or is no notebook"),
    ],
)
def test_a_file_that_is_no_notebook_is_named(data, reason):
    with pytest.raises(ValueError, match=reason):
        submissions.parse(data)


@pytest.mark.filterwarnings("error")
def test_a_notebook_with_copied_or_without_ids_is_read_and_says_nothing(book):
    for cell in book.cells[1:3]:
        cell.id = book.cells[0].id
    data = json.dumps(book).encode("utf-8-sig")
    assert len({cell.id for cell in submissions.parse(data).cells}) == len(book.cells)
    for cell in book.cells:
        del cell["id"]
    book.nbformat_minor = 0
    data = json.dumps(book).encode()
    assert all(cell.id for cell in submissions.parse(data).cells)


def write(book, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)


def test_a_lone_notebook_may_have_any_name(book, tmp_path):
    write(book, tmp_path / "mine (1).ipynb")
    write(book, tmp_path / ".ipynb_checkpoints" / f"{NAME}.ipynb")
    _, told = submissions.read(tmp_path, NAME)
    assert told == ["its name was mine (1).ipynb"]


def test_a_deeper_notebook_keeps_the_name_that_students_have(book, tmp_path):
    write(book, tmp_path / f"{NAME}.ipynb")
    assert submissions.read(tmp_path, f"deeper-{NAME}")[1] == []


def test_of_two_tries_the_newest_counts(book, tmp_path):
    for when, name in enumerate((NAME, f"{NAME} (1)", "scratch"), start=1):
        write(book, tmp_path / f"{name}.ipynb")
        os.utime(tmp_path / f"{name}.ipynb", (when, when))
    _, told = submissions.read(tmp_path, NAME)
    again = f"{NAME} (1).ipynb"
    assert told == [f"its name was {again}", f"{again} was the newest of 2"]


def test_a_folder_without_the_notebook_is_named(book, tmp_path):
    with pytest.raises(ValueError, match="is there, but nothing"):
        submissions.read(tmp_path, NAME)
    (tmp_path / f"{NAME}.html").write_text("<html>")
    (tmp_path / "timestamp.txt").write_text("2026-11-29")
    with pytest.raises(ValueError, match=f"is there, but {NAME}.html$"):
        submissions.read(tmp_path, NAME)
    for name in ("one", "two"):
        write(book, tmp_path / f"{name}.ipynb")
    with pytest.raises(ValueError, match="is there, but 00_example"):
        submissions.read(tmp_path, NAME)
