"""What a student handed in, read and made ready to be graded.

Whatever was done to it is told in words. Cells are known by their tags; a check also by
its text, where tags were lost.
"""

import warnings
from collections import Counter, defaultdict
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4
from nbformat.reader import NotJSONError
from nbformat.validator import normalize

from tools.classroom.student import mark, student_copy
from tools.exercise_cells import by_number, number_of, shown, tags
from tools.notebooks import KERNELSPEC

UNSEEN = {"timestamp.txt", ".DS_Store"}  # a server's own, and a system's


def read(folder: Path, name: str) -> tuple[NotebookNode, list[str]]:
    """The notebook of a submission's folder, and what was amiss with its name.

    Raises
        ValueError: there is none, or none that can be read; the sentence says why.
    """
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    files = [p for p in files if p.parent.name != ".ipynb_checkpoints"]
    names = ", ".join(path.name for path in files if path.name not in UNSEEN)
    books = [path for path in files if path.suffix == ".ipynb"]
    stem = name.removeprefix("deeper-")  # students have those in a folder
    named = [path for path in books if path.name.startswith((name, stem))]
    if not named and len(books) != 1:
        raise ValueError(
            f"no notebook called {name} is there, but {names or 'nothing'}"
        )
    newest = max(named or books, key=lambda path: path.stat().st_mtime)
    told = [] if newest.stem in (name, stem) else [f"its name was {newest.name}"]
    if len(named) > 1:
        told.append(f"{newest.name} was the newest of {len(named)}")
    return parse(newest.read_bytes()), told


def parse(data: bytes) -> NotebookNode:
    """The notebook that a file holds.

    Raises
        ValueError: it holds none; the sentence says what came instead.
    """
    text = data.decode("utf-8-sig", errors="replace").strip()
    if not text:
        raise ValueError("the file is empty")
    if text.startswith("<"):
        raise ValueError("the file is a web page, not a notebook")
    try:
        with warnings.catch_warnings(action="ignore"):  # ids are made, or made anew
            book = nbformat.reads(text, as_version=4)
            book.nbformat_minor = 5  # whose cells have ids
            _, book = normalize(book, strip_invalid_metadata=True)
    except NotJSONError:
        raise ValueError("the file breaks off, or is no notebook") from None
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:200]
        raise ValueError(f"the file is no notebook that can be read ({told})") from None
    return book


def repair(book: NotebookNode, ours: NotebookNode, source: NotebookNode) -> list[str]:
    """Make a submission gradable, in place: our checks, each once, after its attempts.

    Args
        ours:   the notebook as it lies in the repository
        source: the same as nbgrader's source, with the checks that give points
    Raises
        ValueError: none of our exercises is in it.
    """
    given = student_copy(ours)
    plain = {n: c.source.strip() for n, c in by_number(given, "exercise-check").items()}
    kept: list[NotebookNode] = []
    done: defaultdict[str, list[str]] = defaultdict(list)  # to which exercises
    place: dict[str, int] = {}  # of each check, in what is kept
    seen: Counter[tuple[str, str]] = Counter()
    attempts = {}
    for cell in book.cells:
        cell.metadata.pop("nbgrader", None)
        kind, number = known(cell, plain)
        seen[kind, number] += 1
        if kind == "solution":
            continue
        if kind == "exercise-check":
            place[number] = len(kept)
            if cell.source.strip() == plain[number]:
                continue
            done["check changed"].append(shown(number))
            cell.metadata.tags = ["exercise-attempt", f"exercise:{number}"]
        if kind:
            if cell.cell_type != "code":
                done["cell made code again"].append(shown(number))
                metadata = cell.metadata
                cell = v4.new_code_cell(cell.source, id=cell.id, metadata=metadata)
            attempts[number] = cell
            place[number] = len(kept) + 1
        kept.append(cell)
    if not place:
        raise ValueError("it holds none of this notebook's exercises")
    for number in plain:
        for kind, words in {"check": "check", "attempt": "cell to write in"}.items():
            if (times := seen[f"exercise-{kind}", number]) != 1:
                count = f"there {times} times" if times else "missing"
                done[f"{words} {count}"].append(shown(number))
        if number in attempts:
            mark(attempts[number])
    checks = by_number(source, "exercise-check")
    last = max(place.values())  # what comes after the last check is not run
    book.cells = []
    for n in range(last + 1):
        for number in [m for m in plain if place.get(m, last) == n]:
            check = deepcopy(checks[number])
            book.cells.append(v4.new_code_cell(check.source, metadata=check.metadata))
        book.cells += kept[n : n + 1] if n < last else []
    book.metadata = NotebookNode(kernelspec=KERNELSPEC)
    told = [f"{what}: {', '.join(numbers)}" for what, numbers in done.items()]
    if any(kind == "solution" for kind, _ in seen):
        told.append("our solutions left out")
    return told + set_up(book, given)


def known(cell: NotebookNode, plain: dict[str, str]) -> tuple[str, str]:
    """Which cell of which exercise a cell is: two empty strings if it is none."""
    for kind in ("solution", "exercise-check", "exercise-attempt"):
        if kind in tags(cell) and any(f"exercise:{n}" in tags(cell) for n in plain):
            return kind, number_of(cell)
    same = [n for n, text in plain.items() if text == cell.source.strip()]
    return ("exercise-check", same[0]) if same else ("", "")


def set_up(book: NotebookNode, given: NotebookNode) -> list[str]:
    """Put our imports and settings where a notebook has lost or changed its own."""
    place, changed = 0, 0
    for ours in [cell for cell in given.cells if "setup" in tags(cell)]:
        same = [n for n, c in enumerate(book.cells) if c.source == ours.source]
        close = [n for n, c in enumerate(book.cells) if c.id == ours.id]
        place = ([*same, *close] or [place])[0]
        if not same:
            metadata = {"tags": ["setup"]}
            book.cells.insert(place, v4.new_code_cell(ours.source, metadata=metadata))
            changed += 1
        place += 1
    return [f"imports or settings: {changed} cells of ours"] if changed else []
