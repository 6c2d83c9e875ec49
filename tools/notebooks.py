"""Execute the notebooks: `run` writes the site to build/, `store` keeps the outputs."""

import argparse
import base64
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from PIL import Image

from tools.pages import flat_name
from tools.site import write_site

ROOT = Path(__file__).resolve().parents[1]
KEPT = ("tags", "jupyter", "slideshow", "nbgrader", "cellView", "claim")
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def execute(
    book: NotebookNode, folder: Path, arguments: Sequence[str] = (), **options: object
) -> str:
    """Run all cells in a fresh kernel in `folder`; return "ok" or what went wrong.

    `arguments` and `options` go to the kernel and to its start.
    """
    client = NotebookClient(
        book,
        timeout=None,
        kernel_name="python3",
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=40", *arguments],  # errors only
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(**options)
    except CellExecutionError as error:
        return f"failed: {error.ename}: {error.evalue.partition(chr(10))[0]}"
    except DeadKernelError:
        return "failed: the kernel died (out of memory?)"
    return "ok"


def normalise(book: NotebookNode) -> None:
    """Keep of the metadata and outputs only what is the same on every machine."""
    book.metadata = NotebookNode(
        kernelspec=KERNELSPEC, language_info={"name": "python"}
    )
    for cell in book.cells:
        cell.metadata = NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in KEPT}
        )
        fold(cell)
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                output.traceback = own_frames(output.traceback)
            if "data" in output:
                output.data.pop("application/vnd.jupyter.widget-view+json", None)
                if "image/png" in output.data:
                    output.data["image/png"] = with_palette(output.data["image/png"])


def fold(cell: NotebookNode) -> None:
    """Put out of sight what gives an answer away, and code that nobody need read.

    JupyterLab reads `jupyter.outputs_hidden` and `jupyter.source_hidden`, Colab
    `collapsed` and `cellView`.
    """
    if cell.cell_type != "code":
        return
    shown = dict(cell.metadata.get("jupyter", {}))
    shown.pop("outputs_hidden", None)
    tags = set(cell.metadata.get("tags", []))
    if tags & {"answer", "solution"}:
        shown["outputs_hidden"] = cell.metadata.collapsed = True
    if tags & {"setup", "prediction"}:
        shown["source_hidden"] = True
        cell.metadata.cellView = "form"
    if shown:
        cell.metadata.jupyter = NotebookNode(shown)
    else:
        cell.metadata.pop("jupyter", None)


def with_palette(png: str) -> str:
    """The same picture in 256 colours: pages stay small."""
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    if picture.mode == "P":
        return png
    smaller = io.BytesIO()
    palette = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    palette.save(smaller, "png", optimize=True)
    return base64.b64encode(smaller.getvalue()).decode()


def own_frames(traceback: list[str]) -> list[str]:
    """Drop from a stored traceback the frames of files on this machine."""
    return [part for part in traceback if not re.search(r"File .*[/\\~]", part)]


def jobs() -> int:
    """How many notebooks run at a time: JOBS, or else a core each, four at most.

    Raises
        SystemExit: JOBS is no whole number from 1 up.
    """
    text = os.environ.get("JOBS") or str(min(4, os.cpu_count() or 1))
    if not text.isdecimal() or int(text) < 1:
        sys.exit(f"JOBS={text}: give a whole number from 1 up, or leave it out")
    return int(text)


def executed(path: Path, folder: Path | None) -> tuple[NotebookNode, str, float]:
    """Run a copy of a notebook in a folder, or else in an empty one of its own."""
    book = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as empty:
        start = time.perf_counter()
        result = execute(book, folder or Path(empty))
    return book, result, time.perf_counter() - start


def all_executed(
    paths: list[Path], beside: bool
) -> Iterator[tuple[Path, NotebookNode, str, float]]:
    """Each notebook as it is done, its result and seconds, and a line that says so.

    `beside`: run in the folder where it lies, not in an empty one.
    """
    with ThreadPoolExecutor(jobs()) as pool:
        runs = {
            pool.submit(executed, path, path.parent if beside else None): path
            for path in paths
        }
        for done, future in enumerate(as_completed(runs), start=1):
            path, (book, result, seconds) = runs[future], future.result()
            place = f"{done} of {len(paths)}"
            print(f"  {place}: {flat_name(path)} {result}, {seconds:.0f} s", flush=True)
            yield path, book, result, seconds


def run(paths: list[Path]) -> int:
    """Execute copies of the notebooks, write the site to build/, print a table."""
    books, found = {}, {}
    for path, book, result, seconds in all_executed(paths, beside=False):
        normalise(book)
        books[flat_name(path)] = book
        found[flat_name(path)] = seconds, result
    folder = ROOT / "build" / "site"
    names = [flat_name(path) for path in paths]
    write_site({name: books[name] for name in names}, folder)
    print(f"\n{'notebook':34}{'seconds':>8}{'cells':>7}  result")
    for name in names:
        seconds, result = found[name]
        cells = sum(cell.cell_type == "code" for cell in books[name].cells)
        print(f"{name:34}{seconds:>8.0f}{cells:>7}  {result}")
    print(f"\npages: {folder / 'index.html'}")
    return any(result != "ok" for _, result in found.values())


def store(paths: list[Path]) -> int:
    """Execute the notebooks and write them back with their outputs, or not at all."""
    failed = False
    for path, book, result, _ in all_executed(paths, beside=True):
        if result == "ok":
            normalise(book)
            unfinished = path.with_suffix(".part")
            nbformat.write(book, unfinished)
            unfinished.replace(path)
        failed |= result != "ok"
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["run", "store"])
    parser.add_argument("notebooks", nargs="+", type=Path)
    arguments = parser.parse_args()
    os.environ.setdefault("SEQ2SEQ_LESSON_CORPUS", "bundled")
    # Explorers then show a picture and no widget; on a page they live without a kernel.
    os.environ["SEQ2SEQ_LESSON_TEST"] = {"run": "page", "store": "1"}[arguments.command]
    commands = {"run": run, "store": store}
    return commands[arguments.command](arguments.notebooks)


if __name__ == "__main__":
    sys.exit(main())
