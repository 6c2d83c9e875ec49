"""A class hands in notebook 02, in every way that we have met: `make grade` at work.

Each line of `CLASS` is a student: what is done to a copy, the points that are fair, and
what the table has to say.
"""

import ast
import os
import re
from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook

from tests.test_notebooks import PATHS
from tools.classroom import grade
from tools.classroom.student import student_copy
from tools.exercise_cells import answer as solution_of
from tools.exercise_cells import by_number, tags

BOOK = PATHS[1]
NAME = BOOK.stem
SECONDS = 30  # that a cell may take here
OURS = nbformat.read(BOOK, as_version=4)
SOLUTIONS = by_number(OURS, "solution")
STUBS = by_number(OURS, "exercise-attempt")
CHECKS = by_number(OURS, "exercise-check")
STARS = {
    n: cell.metadata.nbgrader.points
    for n, cell in by_number(student_copy(OURS), "exercise-check").items()
}
ALL = sum(STARS.values())
FIRST, SECOND, *_ = STARS
WARNS = """\
{answer}


def warning(solved):
    import warnings

    def careful(*given):
        warnings.warn("careful")
        return solved(*given)

    return careful


{name} = warning({name})"""
EVERY_OTHER_TIME = """\
{answer}


def every_other_time(solved):
    turn = iter(range(1_000_000))
    return lambda *given: solved(*given) if next(turn) % 2 else None


{name} = every_other_time({name})"""


def asked_for(number: str) -> str:
    """The name that an exercise's stub defines."""
    last = ast.parse(STUBS[number].source).body[-1]
    return last.name if hasattr(last, "name") else last.targets[0].id


def copy(form: str = "{answer}") -> NotebookNode:
    """A student's copy, with an answer in the form to each exercise."""
    book = student_copy(OURS)
    for number, cell in by_number(book, "exercise-attempt").items():
        answer = solution_of(SOLUTIONS[number].source)
        cell.source = form.format(answer=answer, name=asked_for(number))
    return book


def before(number: str, source: str, form: str = "{answer}") -> NotebookNode:
    """A copy with answers, and a cell of the student's own before an exercise."""
    book = copy(form)
    place = book.cells.index(by_number(book, "exercise-attempt")[number])
    book.cells.insert(place, v4.new_code_cell(source))
    return book


def ending(line: str, number: str = FIRST) -> NotebookNode:
    """A copy with answers, of which one has a last line."""
    book = copy()
    by_number(book, "exercise-attempt")[number].source += f"\n\n\n{line}"
    return book


def calling(line: str) -> NotebookNode:
    """A copy with answers, but for a function that does something else."""
    book = copy()
    stub = by_number(book, "exercise-attempt")[FIRST]
    stub.source = f"def {asked_for(FIRST)}(*given):\n    {line}"
    return book


def without(*which: str) -> NotebookNode:
    """A copy with answers that has lost cells, by a tag."""
    book = copy()
    book.cells = [c for c in book.cells if not {*which} & {*tags(c)}]
    return book


def with_cells(change: Callable[[NotebookNode], None]) -> NotebookNode:
    """A copy with answers, in which something was done to each cell."""
    book = copy()
    for cell in book.cells:
        change(cell)
    return book


def copied(kind: str) -> NotebookNode:
    """A copy with answers; a cell is there twice, the first try was wrong."""
    book = copy()
    cell = by_number(book, kind)[FIRST]
    twice = nbformat.from_dict(cell)
    book.cells.insert(book.cells.index(cell) + 2, twice)
    if kind == "exercise-attempt":
        cell.source = f"{asked_for(FIRST)} = 7"
    return book


def as_prose(cell: NotebookNode) -> None:
    if {"exercise-attempt", f"exercise:{FIRST}"} <= {*tags(cell)}:
        cell.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]


def fake(cell: NotebookNode) -> None:
    if "exercise-check" in tags(cell):
        cell.source = "print('Right: all 20 random cases.')\n12.0"


def said_before(cell: NotebookNode) -> None:
    if "exercise-attempt" in tags(cell):
        cell.source = "..."
    if "exercise-check" in tags(cell):
        said = {"text/plain": "Right: all 20 random cases."}
        cell.outputs = [v4.new_output("execute_result", said)]


def as_colab(cell: NotebookNode) -> None:
    cell.metadata = NotebookNode(id=cell.pop("id"))


def text(book: NotebookNode, minor: int = 5) -> str:
    book.nbformat_minor = minor
    return nbformat.writes(book, version=nbformat.NO_CONVERT)


LOOP = "while True: __import__('time').sleep(1)"
STUCK = "while True:\n    try: __import__('time').sleep(1)\n    except: ..."
FAKE = "class check:\n    def __getattr__(self, name): return lambda given: self\n"
FAKE += "    points = 1\n\ncheck = check()"
REST = ALL - STARS[FIRST]
RIGHT = "Zoë O'Neil"
# of each student: the files, the points (None: not graded), what the table says
CLASS: dict[str, tuple[object, float | None, str]] = {
    RIGHT: (copy(), ALL, ""),
    "right and warns": (copy(WARNS), ALL, ""),
    "half": (copy(EVERY_OTHER_TIME), -1, ""),
    "not tried": (student_copy(OURS), 0, ""),
    "typing mistake": (ending("def broken(:"), REST, ""),
    "outputs that lie": (with_cells(said_before), 0, ""),
    "the whole notebook": (OURS, 0, "our solutions left out"),
    "renamed": ({"02 (1).ipynb": text(copy())}, ALL, r"its name was 02 \(1\).ipynb"),
    "from Colab": (text(with_cells(as_colab), 0), ALL, "write in missing: 2.1"),
    "copied attempt": (copied("exercise-attempt"), ALL, "there 2 times: 2.1"),
    "copied check": (copied("exercise-check"), ALL, "there 2 times: 2.1"),
    "lost check": (without("exercise-check"), ALL, "check missing: 2.1, 2.2"),
    "lost attempts": (without("exercise-attempt"), 0, "write in missing: 2.1"),
    "lost imports": (without("setup"), ALL, "imports or settings: 3"),
    "prose": (with_cells(as_prose), ALL, "cell made code again: 2.1"),
    "changed checks": (with_cells(fake), ALL, "check changed: 2.1, 2.2"),
    "scratch check": (before(FIRST, "check = float = print = 'mine'"), ALL, ""),
    "fake check": (before(FIRST, FAKE, "{name} = 7"), 0, ""),
    "exit": (ending("exit()"), ALL, ""),
    "os._exit": (
        calling("import os; os._exit(0)"),
        REST,
        "check of 2.1 could not be run to its end",
    ),
    "loop": (ending(LOOP), ALL, "cell of 2.1 took more than 30 s"),
    "loop in a function": (calling(LOOP), REST, "check of 2.1 took more"),
    "stuck": (before(SECOND, STUCK), ALL, "“while True:” could not be run to its end"),
    "million lines": (ending("for n in range(1_000_000): print(n)"), ALL, ".*"),
    "all memory": (before(FIRST, "x = [0]\nwhile True: x += x"), ALL, ".*"),
    "input": (before(FIRST, "input('Your name? ')"), ALL, ""),
    "truncated": (text(copy())[:20_000], None, "breaks off"),
    "empty": ("", None, "is empty"),
    "HTML": ("<!DOCTYPE html><html><body>02</body></html>", None, "web page"),
    "printed": ({f"{NAME}.html": "<html>"}, None, "is there, but 02_.*html"),
    "other notebook": (PATHS[0].read_text(), None, "none of this notebook's exer"),
    "two": ({"a.ipynb": "{}", "b.ipynb": "{}"}, None, "is there, but a.ipynb, b"),
    "name [1]": (copy(), None, "nbgrader takes no"),
}


@pytest.fixture(scope="module", autouse=True)
def kernels():
    """The environment that `make grade` gives its kernels, put back at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in grade.KERNELS.items():
            patch.setenv(name, value)
        patch.setenv("PATH", os.environ["PATH"])
        patch.setenv("JOBS", "3")  # some do nothing but wait
        yield


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The course's folder, and what became of each student."""
    course = tmp_path_factory.mktemp("course")
    for student, (files, *_) in CLASS.items():
        home = course / "submitted" / student / NAME
        home.mkdir(parents=True)
        if isinstance(files, NotebookNode):
            files = text(files)
        if isinstance(files, str):
            files = {f"{NAME}.ipynb": files}
        for name, content in files.items():
            (home / name).write_text(content, "utf-8")
    (course / "submitted" / "loose.ipynb").write_text("{}")
    (course / "submitted" / "nothing").mkdir()
    all_of_them = grade.grade([BOOK], course, SECONDS)
    print(grade.table(all_of_them))
    return course, {one.student: one for one in all_of_them}


def test_the_class_is_large_and_nobody_is_lost(graded):
    course, found = graded
    assert len(CLASS) >= 31
    assert found.keys() == {*CLASS, "loose.ipynb", "nothing"}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        kept = {one.student.id: one.score for one in book.assignment_submissions(NAME)}
    wanted = {name for name, (_, points, _) in CLASS.items() if points is not None}
    assert kept.keys() == wanted


@pytest.mark.parametrize("student", CLASS)
def test_each_verdict_is_fair_and_says_what_was_done(graded, student):
    one, (_, points, said) = graded[1][student], CLASS[student]
    told = " ".join([one.reason, *one.told])
    assert re.search(said, told) if said else told == "", told
    assert bool(one.reason) == (points is None), one.reason
    if student == "half":
        assert all(0 < got < most for got, most in one.points.values())
    elif points is not None:
        assert sum(got for got, _ in one.points.values()) == points
        assert {n: most for n, (_, most) in one.points.items()} == {
            grade.shown(n): stars for n, stars in STARS.items()
        }


def test_the_table_names_all_and_sets_no_reason_beside_a_zero(graded):
    told = grade.table([*graded[1].values()])
    for student, (_, points, said) in CLASS.items():
        (line,) = re.findall(rf"^  {re.escape(student)}  +(.*)", told, re.M)
        assert line.startswith("could not be graded because") == (points is None)
        assert points is not None or re.search(said, line)


@pytest.mark.parametrize("student", [s for s in CLASS if CLASS[s][1] is not None])
def test_a_page_holds_the_exercises_alone_and_is_small(graded, student):
    page = graded[0] / "feedback" / student / NAME / f"{NAME}.html"
    html = page.read_text("utf-8")
    assert page.stat().st_size < 300_000
    assert not re.search(r"<script|https?://(?!www.w3.org)[^\s\"]*\.(js|css)", html)
    assert "Sources" not in html
    assert re.search(r"of \d points", html)
    if student == RIGHT:
        assert "Right: all 20 random cases." in html
        for number in STARS:
            assert asked_for(number) in html, number


def test_a_busy_machine_gives_no_zero(tmp_path):
    home = tmp_path / "submitted" / RIGHT / NAME
    home.mkdir(parents=True)
    (home / f"{NAME}.ipynb").write_text(text(copy()), "utf-8")
    (one,) = grade.grade([BOOK], tmp_path, 1)
    assert (
        one.reason == "the imports took more than 1 s: the machine has too much to do"
    )


def test_a_second_try_is_taken_and_a_comment_kept(graded):
    course, _ = graded
    for home in (course / "submitted").iterdir():
        if home.name != "not tried":
            home.rename(course / f"was {home.name}")
    (again,) = (course / "submitted").rglob("*.ipynb")
    again.write_text(text(copy()), "utf-8")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        comment = book.find_comment(f"answer-{FIRST}", NAME, NAME, "not tried")
        comment.manual_comment = "Neat."
        book.db.commit()
    (one,) = grade.grade([BOOK], course, SECONDS)
    assert sum(got for got, _ in one.points.values()) == ALL
    page = course / "feedback" / "not tried" / NAME / f"{NAME}.html"
    assert "Neat." in page.read_text("utf-8")


def test_the_release_holds_our_stubs_and_no_answer(graded):
    release = graded[0] / "release" / NAME / f"{NAME}.ipynb"
    stubs = by_number(nbformat.read(release, 4), "exercise-attempt")
    for number, cell in stubs.items():
        assert cell.source.strip() == STUBS[number].source.strip()
    whole = release.read_text("utf-8")
    assert not re.search("SOLUTION|@title Solution|<details>", whole)
