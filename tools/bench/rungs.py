"""How fast each rung of notebook 04's ladder is, and how near the machine's limit.

The rungs are not written again: a kernel runs the notebook up to its ladder, then
`in_notebook_04.py` measures what the notebook has defined.
"""

import json
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
LADDER = "ladder = {"


def rungs() -> dict:
    """Tokens per second, shares of the product rate, sentences per second."""
    path = ROOT / "notebooks" / "04_training_loop.ipynb"
    book = nbformat.read(path, as_version=4)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    (end,) = [n for n, cell in enumerate(cells) if LADDER in cell.source]
    text = Path(__file__).with_name("in_notebook_04.py").read_text("utf-8")
    last = nbformat.v4.new_code_cell(text)
    book.cells = [*cells[: end + 1], last]
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(book, timeout=None, resources=resources).execute()
    text = "".join(out.text for out in last.outputs if out.output_type == "stream")
    return json.loads(text.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(rungs(), indent=1))
