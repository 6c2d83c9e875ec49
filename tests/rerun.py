"""Run each notebook, then all its cells again from the last to the first.

A name that means two things would show: a cell run again finds the wrong one, and
fails. `make test-rerun`
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tools.exercise_cells import tags
from tools.notebooks import jobs


def again(book: NotebookNode, folder: Path) -> list[str]:
    """The cells that fail when they are run again, each with its error.

    Raises
        CellExecutionError: one fails at its first run already.
    """
    client = NotebookClient(
        book,
        timeout=None,
        kernel_name="python3",
        store_widget_state=False,
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(folder)}},
    )
    wrong = []
    with client.setup_kernel():
        places = [n for n, cell in enumerate(book.cells) if cell.cell_type == "code"]
        for n in places:
            client.execute_cell(book.cells[n], n)
        client.allow_errors = True
        for n in reversed(places):
            cell = client.execute_cell(book.cells[n], n)
            errors = [out for out in cell.outputs if out.output_type == "error"]
            meant = "raises-exception" in tags(cell)
            if bool(errors) != meant:
                said = (
                    f"{errors[0].ename}: {errors[0].evalue}" if errors else "no error"
                )
                first = cell.source.partition("\n")[0]
                wrong.append(f"{first!r}: {said.partition(chr(10))[0]}")
    return wrong


def report(path: Path) -> tuple[Path, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        return path, again(nbformat.read(path, as_version=4), Path(folder))


def main(*names: str) -> int:
    """Run the notebooks again."""
    failed, paths = False, [Path(name) for name in names]
    with ThreadPoolExecutor(jobs()) as pool:
        for path, wrong in pool.map(report, paths):
            print(f"  {path.stem}: {len(wrong)} cells fail when run again", flush=True)
            print("".join(f"    {line}\n" for line in wrong), end="")
            failed |= bool(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
