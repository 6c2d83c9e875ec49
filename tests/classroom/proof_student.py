"""The students' archive at work: unpacked, the wheel installed, every notebook run."""

import subprocess
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest
import torch

from tests.colab import add_kernel
from tests.test_notebooks import CAPSTONE, NAMES
from tools.address import ROOT
from tools.classroom.student import NAME
from tools.exercise_cells import tags
from tools.notebooks import execute

ARCHIVE = ROOT / "build" / "student" / f"{NAME}.zip"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder as README.txt leaves it: (the notebooks' folder, its interpreter).

    All packages but the lesson's own are those of this interpreter.
    """
    home = tmp_path_factory.mktemp("desk")
    with zipfile.ZipFile(ARCHIVE) as packed:
        packed.extractall(home)
    venv.create(home / "venv", symlinks=True)
    (packages,) = (home / "venv").glob("lib/python*/site-packages")
    here = Path(torch.__file__).parents[1]
    (packages / "others.pth").write_text(f"{here}\n")
    python = home / "venv" / "bin" / "python"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        found = "import importlib.util as u; print(u.find_spec('seq2seq_lesson'))"
        said = subprocess.check_output([python, "-c", found], cwd=home, text=True)
        assert said.strip() == "None", "the lesson is there before it is installed"
        (wheel,) = (home / NAME).glob("*.whl")
        command = [python, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
        # The checkout's own installation, which pip sees but Python does not, stays.
        subprocess.run([*command, "--ignore-installed", wheel], check=True)
        command = [python, "-m", "pip", "install", "-q", "--no-index", "--dry-run"]
        subprocess.run(
            [*command, "-r", "requirements.txt"], cwd=home / NAME, check=True
        )
        patch.setenv("JUPYTER_PATH", "")  # what add_kernel sets is put back
        add_kernel(str(python), str(home / "kernels"))
        yield home / NAME


@pytest.mark.parametrize("name", [*NAMES, CAPSTONE.stem])
def test_each_notebook_runs_with_no_exercise_done(desk, name):
    book = nbformat.read(desk / f"{name}.ipynb", as_version=4)
    where = "import seq2seq_lesson; print(seq2seq_lesson.__file__)"
    book.cells.append(nbformat.v4.new_code_cell(where))
    assert execute(book, desk) == "ok"
    assert str(desk.parent / "venv") in book.cells[-1].outputs[0].text
    checks = [c for c in book.cells if "exercise-check" in tags(c)]
    assert len(checks) >= 4
    for check in checks:
        assert "Not tried yet" in check.outputs[-1].data["text/plain"]
