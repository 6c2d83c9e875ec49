"""Write the notebooks as a student gets them: no solutions, no outputs.

Attempts and checks carry nbgrader's ids, so what is handed in can be graded (`make
grade`), and Jupyter neither deletes them nor lets a check be changed by accident.

`make student` fills build/student/; with ZIP=1 also an archive that holds the package
as a wheel and a README.txt, for a room without a network. PUSH=origin makes the copies
the next commit of that remote's branch `student`, which nbgitpuller can pull.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from copy import deepcopy
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor
from nbformat import NotebookNode, v4

from tools.address import ROOT
from tools.exercise_cells import number_of, tags

NAME = "seq2seq-lesson-student"
DETAILS = re.compile(r"\n*<details>.*?</details>", re.S)
README = """\
Seq2seq, dissected: the students' copy

The notebooks without solutions and outputs, and the package they use. Python 3.11 or
newer must be there.

1. Unpack this archive and open a terminal in its folder.
2. Give the lesson a place of its own, and enter it.
     Linux, macOS:  python3 -m venv .venv
                    . .venv/bin/activate
     Windows:       py -m venv .venv
                    .venv\\Scripts\\activate
3. python -m pip install -r requirements.txt
4. jupyter lab {check}
   The cell of this notebook says in a sentence what is missing.

Without a network, on a computer that has all that requirements.txt lists, leave step 2
out, and in step 3 say: python -m pip install --no-index --no-deps {wheel}

In each exercise, write into the cell below the question, run it, then run the cell
after it: that one says what is right and what is not yet. Each notebook runs from top
to bottom even where no exercise has been done.

To hand one in, save it and send the file itself, under its own name (.ipynb).
"""
REQUIREMENTS = """\
# PyTorch for processors; for an NVIDIA card, ten times as large, delete the next line.
--extra-index-url https://download.pytorch.org/whl/cpu
{needed}
./{wheel}
"""
CHECK = "00_check_this_computer.ipynb"
READY = """\
# Is this computer ready?

Click on the cell below and press Shift+Enter: it says in a sentence what is missing.
"""


def unfolded(prose: str) -> str:
    """The prose without the answers that are folded away in it."""
    return DETAILS.sub("", prose)


def mark(cell: NotebookNode, **details: object) -> None:
    """Give an attempt, or a check with its points, nbgrader's metadata."""
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


def mark_exercises(book: NotebookNode) -> None:
    """Mark all attempts and checks; an exercise is worth a point for each star."""
    stars = 0
    for cell in book.cells:
        if "exercise" in tags(cell):
            stars = cell.source.count("★")
        elif "exercise-attempt" in tags(cell):
            mark(cell)
        elif "exercise-check" in tags(cell):
            mark(cell, points=stars)


def student_copy(book: NotebookNode) -> NotebookNode:
    """The notebook without solutions, in cells or folded away in prose, and outputs."""
    book = deepcopy(book)
    for step in (
        TagRemovePreprocessor(remove_cell_tags={"solution"}),
        ClearOutputPreprocessor(),
    ):
        book, _ = step.preprocess(book, {})
    mark_exercises(book)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = unfolded(cell.source)
        cell.metadata.get("jupyter", {}).pop("outputs_hidden", None)  # none is there
        if "nbgrader" in cell.metadata:
            cell.metadata.deletable = False
            cell.metadata.editable = cell.metadata.nbgrader.solution
    return book


def setup_check() -> NotebookNode:
    """The notebook that a student opens first: is the computer ready?"""
    source = Path(__file__).with_name("setup_check.py").read_text("utf-8")
    hidden = {"cellView": "form", "jupyter": {"source_hidden": True}}
    cells = [
        v4.new_markdown_cell(READY, id="ready"),
        v4.new_code_cell(source.rstrip(), id="check", metadata=hidden),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def build_wheel(folder: Path) -> Path:
    """Build the package's wheel in `folder`, from a clean copy, without a network."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, scratch)
        ignored = shutil.ignore_patterns("__pycache__")
        package = "seq2seq_lesson"
        shutil.copytree(ROOT / package, Path(scratch, package), ignore=ignored)
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-index"]
        command += ["--no-deps", "--no-build-isolation", "-w", str(folder), scratch]
        subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def write_archive(folder: Path) -> Path:
    """Put the folder's notebooks, a wheel and how to install them into one archive."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["lab"][:1]]
    archive = folder / f"{NAME}.zip"
    with (
        tempfile.TemporaryDirectory() as scratch,
        zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        wheel = build_wheel(Path(scratch))
        for name, text in {
            "README.txt": README,
            "requirements.txt": REQUIREMENTS,
        }.items():
            told = text.format(check=CHECK, needed="\n".join(needed), wheel=wheel.name)
            packed.writestr(f"{NAME}/{name}", told)
        for path in sorted(folder.rglob("*.ipynb")):
            packed.write(path, f"{NAME}/{path.relative_to(folder).as_posix()}")
        for path in (wheel, ROOT / "LICENSE"):
            packed.write(path, f"{NAME}/{path.name}")
    return archive


def push(folder: Path, remote: str) -> None:
    """Make the folder the next commit of the remote's branch `student`.

    Its history goes on, so that a learner's changes can be merged with it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        place = {"GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": f"{scratch}/index"}

        def git(*words: str) -> str:
            command = ["git", "-c", "user.name=students", "-c", "user.email=", *words]
            return subprocess.run(
                command,
                cwd=folder,
                env=os.environ | place,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout.strip()

        git("add", "--all", "--force", ".")
        tree = git("write-tree")
        parents = []
        if git("ls-remote", remote, "refs/heads/student"):
            git("fetch", "-q", remote, "refs/heads/student")
            parents = ["-p", "FETCH_HEAD"]
        if not parents or tree != git("rev-parse", "FETCH_HEAD^{tree}"):
            commit = git("commit-tree", tree, *parents, "-m", "Students' copies")
            git("push", "-q", remote, f"{commit}:refs/heads/student")


def write_copies(paths: list[Path], folder: Path) -> None:
    """Write the students' copies of the notebooks into a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in paths:
        deeper = path.parent.name == "deeper"
        copy = folder / ("deeper" if deeper else "") / path.name
        copy.parent.mkdir(exist_ok=True)
        nbformat.write(student_copy(nbformat.read(path, as_version=4)), copy)
    nbformat.write(setup_check(), folder / CHECK)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--zip", action="store_true", help="write the archive, too")
    parser.add_argument("--push", metavar="REMOTE", help="update its branch student")
    arguments = parser.parse_args()
    folder = ROOT / "build" / "student"
    write_copies(arguments.notebooks, folder)
    print(f"students' copies: {folder}")
    if arguments.push:
        push(folder, arguments.push)
    if arguments.zip:
        archive = write_archive(folder)
        size = archive.stat().st_size / 1e6
        print(f"archive: {archive} ({size:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
