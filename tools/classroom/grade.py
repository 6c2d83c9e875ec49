"""Grade all that was handed in: points, and a page of feedback, for each student.

`make grade` (COURSE=folder, or build/nbgrader): below that folder submissions lie in
submitted/STUDENT/NOTEBOOK/NOTEBOOK.ipynb. Each runs in a kernel of its own, as many at
a time as there are cores, and nbgrader keeps the points. None stops another; what could
not be graded is named with the reason, which is not a zero.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, ignore_patterns

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import CheckCellMetadata, Execute, SaveAutoGrades
from traitlets.config import PyFileConfigLoader

from tools.classroom import grading, submissions
from tools.exercise_cells import number_of, shown, tags
from tools.notebooks import jobs

SECONDS = 120  # that a cell may take
MEMORY = 4 << 30  # bytes that a kernel may take
KERNELS = {  # what the environment tells them
    "OMP_NUM_THREADS": "1",
    "SEQ2SEQ_LESSON_CORPUS": "bundled",  # whatever a student chose
    "SEQ2SEQ_LESSON_DEVICE": "cpu",
    "SEQ2SEQ_LESSON_TEST": "1",  # explorers show a picture, and no widget
}
LONGEST = 1_000_000  # characters of a cell's outputs that are kept
# What a kernel does first: `exit()` will not end it; too large a list is an error.
BEFORE = (
    "get_ipython().ask_exit = lambda: None",
    f"import resource as r; r.setrlimit(r.RLIMIT_DATA, ({MEMORY}, {MEMORY})); del r",
)


class Run(Execute):
    """nbgrader's execution of a notebook; it outlives a cell that ends the kernel.

    Such a cell, and one that takes all memory or cannot be stopped, is left out when
    the notebook runs again; `told` says so. A check without a number is an error, which
    gives no points.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(raise_on_iopub_timeout=False, coalesce_streams=True, **options)
        self.extra_arguments = [f"--IPKernelApp.exec_lines={line}" for line in BEFORE]
        self.extra_arguments.append("--log-level=40")  # errors only
        late = f"it took more than {self.timeout} s, and was stopped"
        self.error_on_timeout = dict(error("CellTimeoutError", late))
        self.told: list[str] = []
        self.left_out: set[int] = set()

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple:
        while True:
            try:
                return super().preprocess(nb, resources)
            except DeadKernelError:
                if self.at in self.left_out:
                    raise
                self.left_out.add(self.at)
                self.tell("could not be run to its end, and was left out")

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple:
        self.at, self.kept = index, 0
        if index in self.left_out:
            told = "the notebook could not be run with this cell"
            cell.outputs = [error("LeftOut", told)]
            return cell, resources
        cell, resources = super().preprocess_cell(cell, resources, index)
        outputs = cell.get("outputs", [])
        errors = {o.ename for o in outputs if o.output_type == "error"}
        if late := "CellTimeoutError" in errors:
            if "setup" in tags(cell):
                took = f"the imports took more than {self.timeout} s"
                raise ValueError(f"{took}: the machine has too much to do")
            self.tell(f"took more than {self.timeout} s, and was stopped")
        if "MemoryError" in errors or (late and self.is_stuck()):
            raise DeadKernelError(f"cell {index}")
        if "exercise-check" in tags(cell):
            for output in outputs:  # nbgrader gives nothing to a check that warns
                if output.get("name") == "stderr":
                    output.name = "stdout"
            if not {"error", "execute_result"} & {o.output_type for o in outputs}:
                outputs.append(error("NoResult", "the check returned nothing"))
        return cell, resources

    def tell(self, what: str) -> None:
        cell = self.nb.cells[self.at]
        kind = "check" if "exercise-check" in tags(cell) else "cell"
        name = f"“{cell.source.strip().partition(chr(10))[0][:40]}”"
        if "nbgrader" in cell.metadata:
            name = f"of {shown(number_of(cell))}"
        told = f"the {kind} {name} {what}"
        self.told += [told] * (told not in self.told)  # it may run again

    def is_stuck(self) -> bool:
        """Whether the kernel goes on with what it was told to stop."""
        cell, patience = self.nb.cells[self.at], self.timeout
        self.timeout = 10
        probe = self.execute_cell(v4.new_code_cell("pass"), self.at)
        self.nb.cells[self.at], self.timeout = cell, patience
        return bool(probe.outputs)

    def output(self, outs: list, msg: dict, *place: object) -> NotebookNode | None:
        """Keep an output, unless the cell has printed too much already."""
        if msg["msg_type"] in ("stream", "display_data"):
            self.kept += len(str(msg["content"]))
            if self.kept > LONGEST:
                return None
        return super().output(outs, msg, *place)


def error(name: str, said: str) -> NotebookNode:
    return v4.new_output("error", ename=name, evalue=said, traceback=[said])


@dataclass
class Graded:
    """What became of one submission.

    Args
        points: (got, most) of each exercise, by its number
        reason: why it could not be graded; "" if it was
        told:   what had to be repaired, or happened as it ran
    """

    student: str
    name: str
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    reason: str = ""
    told: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        got, most = (sum(pair) for pair in zip(*self.points.values(), strict=True))
        each = "  ".join(f"{n} {points:g}" for n, (points, _) in self.points.items())
        return f"{got:g} of {most:g}   {each}"


def run(one: Graded, ours: Path, course: Path, ran: Path, seconds: int) -> None:
    """Repair a submission and run it into the folder `ran`; note what happened."""
    started = time.perf_counter()
    folder, name = course / "submitted" / one.student / one.name, one.name
    try:
        book, one.told = submissions.read(folder, name)
        source = nbformat.read(course / "source" / name / f"{name}.ipynb", as_version=4)
        one.told += submissions.repair(book, nbformat.read(ours, as_version=4), source)
        home = ran / one.student / name
        copytree(folder, home, ignore=ignore_patterns("*.ipynb", ".ipynb_checkpoints"))
        runner = Run(timeout=seconds)
        runner.preprocess(book, {"metadata": {"path": str(home)}})
        one.told += runner.told
        nbformat.write(book, home / f"{name}.ipynb")
    except ValueError as refusal:
        one.reason = str(refusal)
    except Exception as error:  # whatever it was, it is this student's alone
        one.reason = f"{type(error).__name__}: {error}"[:300]
    one.seconds = time.perf_counter() - started


def nbgrader(course: Path, ran: Path) -> NbGraderAPI:
    """nbgrader in the course's folder; what it autogrades has run already."""
    c = PyFileConfigLoader("nbgrader_config.py", str(course)).load_config()
    c.CourseDirectory.root = str(course)
    c.CourseDirectory.submitted_directory = str(ran)
    c.Autograde.sanitize_preprocessors = [CheckCellMetadata]
    c.Autograde.autograde_preprocessors = [SaveAutoGrades]
    api = NbGraderAPI(config=c)
    api.log.propagate = False  # what it has to say is in the table
    programs = Path(sys.executable).parent  # nbgrader calls one that lies there
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    return api


def enter(one: Graded, api: NbGraderAPI) -> None:
    """Enter what came out into nbgrader's book, and write the student's page."""
    for step in (api.autograde, api.generate_feedback):
        done = step(one.name, one.student)
        if not done["success"]:
            one.reason = done.get("log", done["error"]).strip().splitlines()[-1]
            return
    with Gradebook(api.coursedir.db_url, api.coursedir.course_id) as book:
        (notebook,) = book.find_submission(one.name, one.student).notebooks
        grades = sorted(notebook.grades, key=lambda grade: grade.name)
        one.points = {
            shown(g.name.removeprefix("check-")): (g.score, g.max_score) for g in grades
        }


def handed_in(folder: Path, names: Collection[str]) -> list[Graded]:
    """All submissions, and all files that lie where none is looked for."""
    found = []
    for place in sorted(folder.glob("[!.]*")):
        for path in sorted(place.glob("[!.]*")) or [place]:
            one = Graded(place.name, path.name)
            if path.name not in names or not path.is_dir():
                one.name = "elsewhere"
                one.reason = f"submitted/{place.stem}/NOTEBOOK/ was looked for, and "
                one.reason += f"{path.relative_to(folder)} found"
            elif set("[]*?") & set(one.student):
                one.reason = "nbgrader takes no [, ], * or ? in a student's name"
            found.append(one)
    return found


def grade(paths: list[Path], course: Path, seconds: int = SECONDS) -> list[Graded]:
    """Grade all that lies in the course's `submitted`; what came of each."""
    found = grading.write_course([path.resolve() for path in paths], course)
    (course / "submitted").mkdir(exist_ok=True)
    all_of_them = handed_in(course / "submitted", found)
    to_run = [one for one in all_of_them if not one.reason]
    with tempfile.TemporaryDirectory() as ran, ThreadPoolExecutor(jobs()) as pool:
        api = nbgrader(course, Path(ran))
        for name in {one.name for one in to_run}:
            made = api.generate_assignment(name)
            if not made["success"]:
                raise RuntimeError(f"nbgrader refused {name}: {made['log']}")
        runs = {
            pool.submit(run, one, found[one.name], course, Path(ran), seconds): one
            for one in to_run
        }
        for done, future in enumerate(as_completed(runs), start=1):
            one = runs[future]
            future.result()
            if not one.reason:
                enter(one, api)
            place = f"{done} of {len(runs)}"
            print(f"  {place}: {one.student}, {one.seconds:.0f} s", flush=True)
    return all_of_them


def table(all_of_them: list[Graded]) -> str:
    """Who got what in each notebook, what was repaired, what could not be graded."""
    lines = []
    width = max(len(one.student) for one in all_of_them)
    for name in sorted({one.name for one in all_of_them}):
        rows = [one for one in all_of_them if one.name == name]
        graded = [one for one in rows if not one.reason]
        lines.append(f"\n{name}: {len(rows)} handed in, {len(graded)} graded")
        for one in rows:
            told = f"could not be graded because {one.reason}" if one.reason else one
            lines.append(f"  {one.student:{width}}  {told}")
            lines += [f"  {'':{width}}    {note}" for note in one.told]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("course", type=Path)
    parser.add_argument("notebooks", nargs="+", type=Path)
    arguments = parser.parse_args()
    course = arguments.course.absolute()
    os.environ.update(KERNELS)
    warnings.simplefilter("ignore")  # those of a notebook's form, and of a database
    started = time.perf_counter()
    graded = grade(arguments.notebooks, course)
    if not graded:
        print(f"Nothing is handed in: put it into {course}/submitted/STUDENT/NOTEBOOK/")
        return
    print(table(graded))
    seconds = time.perf_counter() - started
    print(f"\n{seconds:.0f} s, {seconds / len(graded):.1f} s a submission")
    print(f"points: {course / 'gradebook.db'}; pages: {course / 'feedback'}")


if __name__ == "__main__":
    main()
