"""Write an nbgrader course from the notebooks' exercises to build/nbgrader.

Each notebook becomes an assignment of its own name: `make grading`, then in
build/nbgrader `nbgrader generate_assignment`, `autograde` and `generate_feedback`.
"""

import shutil
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.address import ROOT
from tools.classroom.student import unfolded
from tools.exercise_cells import answer, number_of, parted, tags
from tools.notebooks import normalise
from tools.pages import flat_name

CONFIG = """\
# Written by `make grading`.
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "seq2seq-lesson"
c.ClearSolutions.code_stub = {"python": ""}  # each exercise brings its own stub
c.Execute.timeout = 600  # seconds a cell may take
"""
# What the student wrote may warn, and nbgrader gives nothing to a check that does;
# one that returned no number would get full marks.
GRADE = """\
import contextlib
import sys

with contextlib.redirect_stderr(sys.stdout):
    graded = {check}
print(graded)
{points} * float(graded.points)"""
STUB_ENDS = "\n\n\n### BEGIN SOLUTION\n"


def mark(cell: NotebookNode, **details: object) -> None:
    """Give a cell nbgrader's metadata."""
    kind = "check" if "points" in details else "answer"
    cell.metadata.nbgrader = NotebookNode(
        schema_version=3,
        grade_id=f"{kind}-{number_of(cell)}",
        solution=kind == "answer",
        grade=kind == "check",
        locked=kind == "check",
        task=False,
        **details,
    )


def assignment(book: NotebookNode) -> NotebookNode:
    """The notebook as nbgrader's source: an exercise is worth a point for each star.

    Raises
        ValueError: an exercise lacks its stars, its attempt, its check or its solution.
    """
    book = deepcopy(book)
    found = {kind: {} for kind in ("exercise-attempt", "exercise-check", "solution")}
    points, stars = {}, 0
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = unfolded(cell.source)
        if "exercise" in tags(cell):
            stars = cell.source.count("★")
        for kind in found.keys() & set(tags(cell)):
            found[kind][number_of(cell)] = cell
            points[number_of(cell)] = stars
    attempts, checks, solutions = found.values()
    for number, worth in points.items():
        if not worth or any(number not in cells for cells in found.values()):
            raise ValueError(f"exercise {number} lacks its stars or one of {[*found]}")
        solution = answer(solutions[number].source)
        attempts[number].source += f"{STUB_ENDS}{solution}\n### END SOLUTION"
        mark(attempts[number])
        before, check = parted(checks[number].source)
        grade = GRADE.format(check=check, points=worth)
        checks[number].source = f"{before}\n{grade}".strip()
        mark(checks[number], points=worth)
    book.cells = [cell for cell in book.cells if "solution" not in tags(cell)]
    normalise(book)
    return book


def write_course(paths: list[Path], folder: Path) -> None:
    """Write the course's settings and sources; what students handed in stays."""
    shutil.rmtree(folder / "source", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nbgrader_config.py").write_text(CONFIG, "utf-8")
    for path in paths:
        name = flat_name(path)
        book = assignment(nbformat.read(path, as_version=4))
        if any("nbgrader" in cell.metadata for cell in book.cells):
            (folder / "source" / name).mkdir(parents=True)
            nbformat.write(book, folder / "source" / name / f"{name}.ipynb")


if __name__ == "__main__":
    write_course([Path(path) for path in sys.argv[1:]], ROOT / "build" / "nbgrader")
    print(f"nbgrader's course: {ROOT / 'build' / 'nbgrader'}")
