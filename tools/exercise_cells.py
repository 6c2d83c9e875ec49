"""An exercise as a notebook holds it: its cells, found by their tags."""

import ast
from functools import cache

import nbformat

from tools.address import ROOT


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


@cache
def books(notebook: str) -> list:
    """A main notebook, by its number, and its deeper companion if there is one."""
    folder = ROOT / "notebooks"
    (path,) = folder.glob(f"{notebook}_*.ipynb")
    paths = [path, *folder.glob(f"deeper/{notebook}_*.ipynb")]
    return [nbformat.read(path, as_version=4) for path in paths]


def book(notebook: str):
    """A main notebook, by its number."""
    return books(notebook)[0]


def numbers(notebook: str) -> list[str]:
    """The numbers of a notebook's exercises, such as "02-3"; the deeper ones last."""
    cells = [cell for found in books(notebook) for cell in found.cells]
    return [number_of(cell) for cell in cells if "exercise-check" in tags(cell)]


def holder(number: str):
    """The notebook, main or deeper, that holds an exercise."""
    tag = f"exercise:{number}"
    found = [b for b in books(number[:2]) if any(tag in tags(c) for c in b.cells)]
    assert len(found) == 1, f"{len(found)} notebooks hold {number}"
    return found[0]


def number_of(cell) -> str:
    (tag,) = (tag for tag in tags(cell) if tag.startswith("exercise:"))
    return tag.removeprefix("exercise:")


def shown(number: str) -> str:
    """An exercise's number as its text has it, such as 2.3 for 02-3."""
    return number.removeprefix("0").replace("-", ".")


def by_number(book, tag: str) -> dict:
    """The cells with a tag, by the number of their exercise."""
    return {number_of(cell): cell for cell in book.cells if tag in tags(cell)}


def source(number: str, kind: str) -> str:
    """The source of an exercise's one cell of a kind, such as "solution"."""
    wanted = {kind, f"exercise:{number}"}
    cells = [c for c in holder(number).cells if wanted <= set(tags(c))]
    assert len(cells) == 1, f"{number} has {len(cells)} cells tagged {kind}"
    return cells[0].source


def parted(source: str) -> tuple[str, str]:
    """Part a cell's code from the check that is its last expression.

    Raises
        ValueError: the cell does not end with an expression.
    """
    *_, last = [None, *ast.parse(source).body]
    if not isinstance(last, ast.Expr):
        raise ValueError(f"a check as the last expression was wanted in:\n{source}")
    before = "\n".join(source.splitlines()[: last.lineno - 1])
    return before.strip(), ast.get_source_segment(source, last.value)


def answer(solution: str) -> str:
    """A solution's own lines: without its title and its check."""
    lines = parted(solution)[0].splitlines()
    return "\n".join(line for line in lines if "# @title" not in line).strip()
