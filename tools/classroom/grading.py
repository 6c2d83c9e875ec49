"""The nbgrader course: each notebook becomes an assignment of its own name.

The checks are those that the students have, but each fetches itself anew, whatever
became of the name `check` in what was handed in.
"""

import ast
import shutil
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.address import ROOT
from tools.classroom.student import mark_exercises, unfolded
from tools.exercise_cells import answer, by_number, parted, tags
from tools.notebooks import normalise
from tools.pages import flat_name

CONFIG = f"""\
# Written by `make grade`.
import sys

sys.path.insert(0, {str(ROOT)!r})
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "seq2seq-lesson"
# A learning platform's files, such as "Ada Byron_12_assignsubmission_file_02.ipynb".
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?P<student_id>[^/]+?)_\\d+_assignsubmission_file[_/](?P<file_id>[^/]+)"
)
c.FileNameCollectorPlugin.valid_ext = [".ipynb", ".html", ".pdf", ".py"]
c.ClearSolutions.code_stub = {{"python": ""}}  # each exercise brings its own stub
c.GenerateFeedback.exporter_class = "tools.classroom.feedback.Feedback"
"""
# nbgrader would give full marks to a check that returns no number.
GRADE = """\
import builtins
import sys

[sys.modules.pop(m) for m in [*sys.modules] if "seq2seq_lesson.exercises" in m]
{home}

graded = {check}
builtins.print(graded)
{points} * builtins.float(graded.points)"""
STUB_ENDS = "\n\n\n### BEGIN SOLUTION\n"


def home(book: NotebookNode, name: str) -> str:
    """The lines of a notebook that give a name its meaning, such as `check`.

    Raises
        ValueError: no cell imports the name, or assigns a call to it.
    """
    for cell in book.cells:
        try:
            nodes = ast.parse(cell.source if cell.cell_type == "code" else "").body
        except SyntaxError:  # a magic of IPython's
            continue
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if name == (alias.asname or alias.name):
                        return f"from {node.module} import {alias.name} as {name}"
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                return f"{home(book, root(node.value))}\n{ast.unparse(node)}"
    raise ValueError(f"no cell says what {name!r} is")


def root(call: ast.expr) -> str:
    """The name that a call such as `check.double(double)` begins with."""
    return ast.unparse(call).partition(".")[0]


def assignment(book: NotebookNode) -> NotebookNode:
    """The notebook as nbgrader's source: an exercise is worth a point for each star.

    Raises
        ValueError: an exercise lacks its stars, its attempt, its check or its solution.
    """
    book = deepcopy(book)
    mark_exercises(book)
    kinds = ("exercise-attempt", "exercise-check", "solution")
    attempts, checks, solutions = found = [by_number(book, kind) for kind in kinds]
    for number in {number for cells in found for number in cells}:
        if any(number not in cells for cells in found):
            raise ValueError(f"exercise {number} lacks one of {[*kinds]}")
        if not (points := checks[number].metadata.nbgrader.points):
            raise ValueError(f"exercise {number} lacks its stars")
        solution = answer(solutions[number].source)
        attempts[number].source += f"{STUB_ENDS}{solution}\n### END SOLUTION"
        before, check = parted(checks[number].source)
        place = home(book, root(ast.parse(check, mode="eval").body))
        grade = GRADE.format(home=place, check=check, points=points)
        checks[number].source = f"{before}\n{grade}".strip()
    book.cells = [cell for cell in book.cells if "solution" not in tags(cell)]
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = unfolded(cell.source)
    normalise(book)
    return book


def write_course(paths: list[Path], folder: Path) -> dict[str, Path]:
    """Write the course's settings and sources; what students handed in stays.

    The notebooks by the names of their assignments are returned.
    """
    shutil.rmtree(folder / "source", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nbgrader_config.py").write_text(CONFIG, "utf-8")
    found = {}
    for path in paths:
        name = flat_name(path)
        book = assignment(nbformat.read(path, as_version=4))
        if any("nbgrader" in cell.metadata for cell in book.cells):
            found[name] = path
            (folder / "source" / name).mkdir(parents=True)
            nbformat.write(book, folder / "source" / name / f"{name}.ipynb")
    return found
