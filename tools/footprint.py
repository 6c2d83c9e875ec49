"""Print what a classroom machine needs: import seconds, memory of a kernel.

`make footprint`; README's notes for teachers quote its figures.
"""

import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = {
    "import torch": "import torch",
    "import seq2seq_lesson": "import torch, seq2seq_lesson",
    "... and its model and training": "import torch, seq2seq_lesson.training",
}
MEMORY = """
import pathlib, re
status = pathlib.Path("/proc/self/status").read_text()
print(int(re.search(r"VmRSS:\\s+(\\d+)", status)[1]) // 1024)
"""


def import_seconds(statement: str, repeats: int = 5) -> float:
    """Median seconds of a fresh interpreter's `statement`."""
    code = (
        f"import time; t = time.perf_counter(); {statement}; "
        "print(time.perf_counter() - t)"
    )
    command = [sys.executable, "-c", code]
    runs = [
        float(
            subprocess.run(command, capture_output=True, text=True, check=True).stdout
        )
        for _ in range(repeats)
    ]
    return statistics.median(runs)


def kernel_megabytes(path: Path) -> int:
    """Resident memory of a kernel that has run the notebook (Linux)."""
    book = nbformat.read(path, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell(MEMORY))
    NotebookClient(book, kernel_name="python3", store_widget_state=False).execute()
    return int(book.cells[-1].outputs[0].text)


def main() -> None:
    for name, statement in IMPORTS.items():
        print(f"{name:32}{import_seconds(statement):6.2f} s")
    path = ROOT / "notebooks" / "02_encoder_dissection.ipynb"
    print(f"{'kernel after notebook 02':32}{kernel_megabytes(path):6} MB")


if __name__ == "__main__":
    main()
