"""Run each notebook alone, as Colab would: an empty folder, Colab's versions.

The first cell installs the package from this checkout's last commit instead of the
repository's address; nothing else differs. With the same versions the
checkout's checks of all exercises then meet wrong answers.

    python -m tests.colab PYTHON NOTEBOOK...
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.address import ROOT, ref, slug, version
from tools.notebooks import KERNELSPEC, execute

ADDRESS = f"git+https://github.com/{slug()}@{ref(version())}"
INSTALL_LIMIT = 60  # seconds


def installed(python: str) -> set[str]:
    """What pip finds there, as `name==version` lines."""
    command = [python, "-m", "pip", "list", "--format=freeze"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(listed.stdout.split())


def remove(python: str, lines: set[str]) -> None:
    """Uninstall packages, given as `name==version` lines."""
    if names := [line.split("==")[0] for line in lines]:
        command = [python, "-m", "pip", "uninstall", "-q", "-y", *names]
        subprocess.run(command, check=True)


def add_kernel(python: str, folder: str) -> None:
    """Let Jupyter know Colab's interpreter as the kernel "python3"."""
    spec = Path(folder, "kernels", "python3", "kernel.json")
    spec.parent.mkdir(parents=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({**KERNELSPEC, "argv": argv}))
    os.environ["JUPYTER_PATH"] = folder


def install_seconds(book: NotebookNode) -> float:
    """How long the first code cell took, by the kernel's own time stamps."""
    cell = next(cell for cell in book.cells if cell.cell_type == "code")
    start, end = (
        datetime.fromisoformat(cell.metadata.execution[key].replace("Z", "+00:00"))
        for key in ("iopub.execute_input", "shell.execute_reply")
    )
    return (end - start).total_seconds()


def run_as_on_colab(path: Path, python: str, baseline: set[str]) -> str:
    """Run one notebook; return "ok" or what went wrong."""
    remove(python, installed(python) - baseline)
    book = nbformat.read(path, as_version=4)
    first = next(cell for cell in book.cells if cell.cell_type == "code")
    if ADDRESS not in first.source:
        return f"failed: the first cell does not install from {ADDRESS}"
    first.source = first.source.replace(ADDRESS, f"git+{ROOT.as_uri()}")
    with tempfile.TemporaryDirectory() as folder:
        result = execute(book, Path(folder))
    if result != "ok":
        return result
    if changed := baseline - installed(python):
        return f"failed: the install replaced {', '.join(sorted(changed))}"
    if (seconds := install_seconds(book)) > INSTALL_LIMIT:
        return f"failed: the install took {seconds:.0f} s"
    return f"ok, install {seconds:.0f} s"


def meet_wrong_answers(python: str) -> str:
    """Meet every check with its stub, its solution and wrong answers."""
    tests = sorted(map(str, ROOT.glob("tests/exercises/test_*.py")))
    command = [python, "-m", "pytest", "-q", "--disable-warnings", *tests]
    return "failed" if subprocess.run(command, cwd=ROOT).returncode else "ok"


def main(python: str, *paths: str) -> int:
    baseline = installed(python)
    failed = False
    with tempfile.TemporaryDirectory() as kernels:
        add_kernel(python, kernels)
        for path in map(Path, paths):
            print(f"  {path.stem} ...", end=" ", flush=True)
            start = time.perf_counter()
            result = run_as_on_colab(path, python, baseline)
            print(f"{result}, {time.perf_counter() - start:.0f} s in all", flush=True)
            failed |= not result.startswith("ok")
    result = meet_wrong_answers(python)
    print(f"  the checks of all exercises: {result}")
    failed |= result != "ok"
    remove(python, installed(python) - baseline)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
