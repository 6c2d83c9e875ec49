"""The notebooks that the browser opens: small ones, and the lesson's own."""

import ast
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

from seq2seq_lesson.explorers.attention import attention_explorer
from seq2seq_lesson.explorers.attention.step import attention_step
from seq2seq_lesson.explorers.explorer import Explorer
from seq2seq_lesson.explorers.reversal import reversal_playground
from seq2seq_lesson.explorers.shapes import shape_explorer
from seq2seq_lesson.explorers.shapes.landing import landing_explorer
from seq2seq_lesson.explorers.stepper import stepper
from seq2seq_lesson.explorers.stepper.beams import beam_tree
from tools.address import ROOT
from tools.notebooks import KERNELSPEC

LEARNERS = """\
import torch

from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.seq2seq import Seq2Seq

trained = load_pretrained("reversal-attention")[0]
torch.manual_seed(0)
first = Seq2Seq(trained.config).state_dict()
learners = []
for part in (0.0, 0.5, 0.7, 0.8, 0.9, 1.0):
    between = Seq2Seq(trained.config).eval()
    last = trained.state_dict()
    between.load_state_dict({k: first[k].lerp(last[k], part) for k in first})
    learners.append((f"{part:.0%} of the way", between))
"""
READER = """\
from seq2seq_lesson.pretrained import load_pretrained

reader = load_pretrained("general-after")
known = ["vous regardez des velos noirs .", "ce sont de vieilles avocates celebres ."]
"""
SMALL = {  # name -> (set-up, the explorer)
    "shape": ("", "shape_explorer()"),
    "landing": ("", "landing_explorer()"),
    "stepper": ("", "stepper()"),
    "attention": ("", "attention_explorer()"),
    "step": ("", "attention_step()"),
    "reversal": (LEARNERS, "reversal_playground(learners)"),
}
ON_PAGES = {**SMALL, "beams": (READER, "beam_tree(*reader, known)")}
FACTORIES = {
    "shape_explorer": shape_explorer,
    "landing_explorer": landing_explorer,
    "stepper": stepper,
    "attention_explorer": attention_explorer,
    "attention_step": attention_step,
    "reversal_playground": reversal_playground,
    "beam_tree": beam_tree,
}
GUESS = [
    "from seq2seq_lesson.exercises.prediction import predict\n"
    "guess = predict('Which one?', 'this one', 'that one')",
    "guess.answer('that one')",
]
THREADS = "import torch\n\ntorch.set_num_threads(1)\n"


def imports(call: str) -> str:
    """The line that imports the factory of an explorer."""
    name = call.partition("(")[0]
    return f"from {FACTORIES[name].__module__} import {name}\n"


def cells(name: str) -> list[str]:
    """The code of a small notebook: set-up, then the explorer."""
    setup, call = ON_PAGES[name]
    return [f"{imports(call)}{THREADS}{setup}", call]


def twin(name: str) -> Explorer:
    """The same explorer here, to say what the one in the browser must show."""
    setup, call = cells(name)
    space: dict = {}
    exec(setup, space)
    return eval(call, space)


def write_small(folder: Path, name: str) -> Path:
    """A notebook that holds nothing but one explorer."""
    book = v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    book.cells = [v4.new_code_cell(code) for code in cells(name)]
    path = folder / f"{name}.ipynb"
    nbformat.write(book, path)
    return path


def tagged(book: NotebookNode, tag: str) -> list[NotebookNode]:
    return [cell for cell in book.cells if tag in cell.metadata.get("tags", [])]


def lesson_explorers() -> list[tuple[Path, int]]:
    """Every cell of the lesson that is tagged as an explorer: (notebook, which one)."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    books = {path: nbformat.read(path, 4) for path in paths}
    return [
        (path, number)
        for path, book in books.items()
        for number in range(len(tagged(book, "explorer")))
    ]


def write_lesson(folder: Path, path: Path, number: int) -> tuple[Path, str]:
    """A copy with what one explorer needs: imports, settings, and the cells so tagged.

    The stored outputs stay, so that the live one must take their place; of the other
    explorers only what they import is left. With the copy comes the explorer's call.
    """
    book = nbformat.read(path, 4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    explorers = tagged(book, "explorer")
    needed = [*code[:3], *tagged(book, "explorer-needs"), *explorers[: number + 1]]
    for cell in explorers[:number]:
        cell.source = _split(cell.source)[0]
        cell.outputs = []
    book.cells = [cell for cell in book.cells if cell in needed]
    copy = folder / f"{path.stem}-{number + 1}.ipynb"
    nbformat.write(book, copy)
    return copy, _bare(_split(explorers[number].source)[1])


def _split(source: str) -> tuple[str, str]:
    """A cell's code in two: its last expression, and what stands before it."""
    last = ast.parse(source).body[-1]
    lines = source.splitlines()
    return "\n".join(lines[: last.lineno - 1]), "\n".join(lines[last.lineno - 1 :])


def _bare(call: str) -> str:
    """A factory's call without the module in front: `a.stepper()` -> `stepper()`."""
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call), call
    if isinstance(node.func, ast.Attribute):
        node.func = ast.Name(node.func.attr, ast.Load())
    return ast.unparse(node)


def twin_of(call: str) -> Explorer | None:
    """What the call makes here, if nothing but the lesson is needed for it."""
    node = ast.parse(call).body[0].value
    if any(isinstance(part, ast.Name) for one in node.args for part in ast.walk(one)):
        return None
    return eval(call, dict(FACTORIES))
