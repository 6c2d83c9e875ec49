"""The house: a thin core, imports that point one way, a network that loads no files."""

import ast
import subprocess
import sys
from pathlib import Path

import seq2seq_lesson

PACKAGE = Path(seq2seq_lesson.__file__).parent
ROOT = Path(__file__).resolve().parents[1]
NETWORK = "batches encoder attention decoder seq2seq".split()
FLOORS = [  # a room may import from the floors below its own
    "vocabulary runtime palette",
    "batches corpora metrics tutorials shapes drawing",
    "encoder attention corpus",
    "decoder reversal",
    "seq2seq",
    "translation checkpoints",
    "training interventions pretrained",
    "tasks",
    "plots studies train",
    "explorers exercises",
    "tools",
]
FLOOR = {room: n for n, rooms in enumerate(FLOORS) for room in rooms.split()}
CORE = sorted(path.stem for path in PACKAGE.glob("*.py"))


def room(module):
    """The file of the core, or the folder, that a module of ours is in."""
    home, *rest = module.split(".")
    return rest[0] if home == "seq2seq_lesson" and rest else home


def imports(tree):
    """The modules of ours that a file imports, wherever in it."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "we import by full names"
            if node.module == "seq2seq_lesson":
                found += [f"seq2seq_lesson.{name.name}" for name in node.names]
            else:
                found.append(node.module)
    return {name for name in found if name.split(".")[0] in ("seq2seq_lesson", "tools")}


def loaded_by(modules, unwanted):
    """Which of the unwanted modules a fresh interpreter loads with these."""
    code = "import sys, " + ", ".join(f"seq2seq_lesson.{name}" for name in modules)
    code += f"\nprint(*(set(sys.modules) & {set(unwanted)}))"
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()


def test_the_core_is_thin():
    sizes = {
        name: len((PACKAGE / f"{name}.py").read_text("utf-8").splitlines())
        for name in CORE
    }
    assert sum(sizes.values()) <= 2560, sizes


def test_every_room_has_a_floor():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {*CORE, *folders, "tools"} - {"__init__"} == set(FLOOR)


def test_no_import_goes_up():
    wrong = []
    for home in (PACKAGE, ROOT / "tools"):
        for path in sorted(home.rglob("*.py")):
            parts = path.relative_to(home.parent).with_suffix("").parts
            ours = room(".".join(parts))
            for module in imports(ast.parse(path.read_text("utf-8"))):
                theirs = room(module)
                # the package itself, that is its version, belongs to the cellar
                if theirs not in (ours, "seq2seq_lesson"):
                    if FLOOR[theirs] >= FLOOR.get(ours, -1):
                        wrong.append(f"{'/'.join(parts)} imports {module}")
    assert not wrong


def test_the_network_loads_neither_a_corpus_nor_what_draws_or_downloads():
    unwanted = ["pooch", "matplotlib", "ipywidgets"]
    corpus = [f"seq2seq_lesson.{name}" for name in ("corpus", "tatoeba", "reversal")]
    assert loaded_by(NETWORK, unwanted + corpus) == []
    core = [name for name in CORE if name != "__init__"]
    assert loaded_by(core, unwanted) == []
    assert loaded_by(["corpus"], ["torch"]) == ["torch"]  # it does see what is loaded
