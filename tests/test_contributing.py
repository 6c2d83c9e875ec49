"""CONTRIBUTING.md and README name files, rooms and targets that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.M))
STUDIES = re.search(r"%-study,([\w ]+)", MAKEFILE)[1].split()
TARGETS |= {f"{name}-study" for name in STUDIES}
FILE = r"[\w.*/-]+(?:/|\.(?:py|md|css|ipynb|toml|cff|tsv))"


def without_blocks(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def lost(text):
    """The paths in a page that lead nowhere.

    In a table a name is looked for in the folders of its row and of its room, which a
    line in bold opens.
    """
    found, room = [], []
    for line in without_blocks(text).splitlines():
        named = re.findall(rf"`({FILE}|\.ci/run)`", line)
        folders = [name for name in named if name.endswith("/")]
        if line.startswith("| **"):
            room = folders
        elif not line.startswith("|"):
            room = []
        named += re.findall(r"\]\((?!https?:)([^)#]+)", line)
        for name in named:
            places = ["", *folders, *room]
            places += [outer + inner for outer in room for inner in folders]
            places += [outer + inner for outer in folders for inner in folders]
            if not any(list((ROOT / place).glob(name)) for place in places):
                found.append(name)
    return found


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md"])
def test_every_path_exists(page):
    assert lost((ROOT / page).read_text("utf-8")) == []


def test_a_lost_path_is_noticed():
    table = "| **of `tools/`** | |\n| decks | `classroom/`: `slides.py`; `gone.py` |"
    page = "See [us](NOWHERE.md), [it](LICENSE), `tools/away.py` and `corpus.py`."
    assert lost(table) == ["gone.py"]
    assert lost(f"{table}\n{page}") == [
        "gone.py",
        "tools/away.py",
        "corpus.py",
        "NOWHERE.md",
    ]


def test_every_room_is_on_the_map():
    folders = ["notebooks", "seq2seq_lesson", "tools", "tests"]
    rooms = [f"{folder}/" for folder in folders]
    for folder in folders[1:3]:
        for path in (ROOT / folder).iterdir():
            if path.is_dir() and any(path.glob("*.py")):
                rooms.append(f"{folder}/{path.name}/")
    core = [path.name for path in (ROOT / "seq2seq_lesson").glob("[!_]*.py")]
    assert [name for name in [*core, *rooms] if f"`{name}`" not in GUIDE] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md"])
def test_every_target_exists(page):
    named = re.findall(r"(?:^|`)make ([\w-]+)", (ROOT / page).read_text("utf-8"), re.M)
    assert named
    assert sorted(set(named) - TARGETS) == []


def test_every_proof_is_told():
    proofs = {name for name in TARGETS if name.startswith("test")}
    assert sorted(name for name in proofs if f"`make {name}`" not in GUIDE) == []
