"""The frame of a main notebook: one sitting, and evidence in every cell of code.

Words are counted by `split()` over all Markdown; lines of code are the lines with text
in them of the cells that the learner reads.
"""

import ast
import re

import nbformat
import pytest
from nbformat import v4

from tests.test_notebooks import CAPSTONE, PATHS
from tools.exercise_cells import tags

MOST = {"words": 2400, "cells": 42, "lines": 320, "exercises": 4}
MOST |= {"exercise minutes": 30, "minutes": 90, "import lines": 12}
HERE = {  # what the map marks in each notebook
    "01": "data",
    "02": "encoder",
    "03": "decoder",
    "04": "training",
    "05": "attention",
    "06": "reversal",
}


def lines(source):
    return [line for line in source.splitlines() if line.strip()]


def is_read(cell):
    """Whether the learner reads a cell as part of the path."""
    aside = [t for t in tags(cell) if re.match(r"setup$|exercise|solution", t)]
    return cell.cell_type == "code" and not aside


def counted(book):
    """What the frame limits, by its name."""
    prose = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    read = [cell for cell in book.cells if is_read(cell)]
    asked = [cell.source for cell in book.cells if "exercise" in tags(cell)]
    given = [int(re.search(r"\((\d+) minutes", text)[1]) for text in asked]
    stated = re.search(r"(\d+) minutes", book.cells[0].source)
    imports = [
        c.source for c in book.cells if c.cell_type == "code" and imports_only(c)
    ]
    return {
        "words": sum(len(text.split()) for text in prose),
        "cells": len(read),
        "lines": sum(len(lines(cell.source)) for cell in read),
        "exercises": len(asked),
        "exercise minutes": sum(given),
        "minutes": int(stated[1]) if stated else 10**6,
        "import lines": max((len(lines(text)) for text in imports), default=0),
    }


def sitting(counts):
    """Human minutes: 180 words a minute, 6 s a line, exercises, 15 to guess, play."""
    reading = counts["words"] / 180 + counts["lines"] / 10
    return reading + counts["exercise minutes"] + 15


def statements(cell):
    try:
        return ast.parse(cell.source).body
    except SyntaxError:  # a magic of IPython's
        return []


def imports_only(cell):
    body = statements(cell)
    return bool(body) and all(isinstance(n, ast.Import | ast.ImportFrom) for n in body)


def shows(cell):
    """Whether a cell shows something: a picture, or more than a bare "ok"."""
    outputs = [out for out in cell.outputs if out.output_type != "error" or out.ename]
    pictures = any("image/png" in out.get("data", {}) for out in outputs)
    texts = [
        out.get("text") or out.get("data", {}).get("text/plain") or out.get("ename", "")
        for out in outputs
    ]
    said = " ".join(texts).strip().strip(".!'\"").lower()
    return pictures or said not in ("", "ok", "true", "none", "done")


def is_for_the_next(cell, after):
    """Whether a cell only defines what the next one uses."""
    kinds = ast.FunctionDef | ast.ClassDef
    body = statements(cell)
    used = {getattr(n, "id", None) for n in ast.walk(ast.parse(after.source))}
    return bool(body) and all(isinstance(n, kinds) and n.name in used for n in body)


def mute(book):
    """The cells of code that show nothing and need to."""
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    return [
        cell.source
        for cell, after in zip(code, [*code[1:], None], strict=True)
        if not {"setup", "exercise-attempt"} & set(tags(cell))
        and not shows(cell)
        and not (after and is_for_the_next(cell, after))
    ]


def faults(book, here):
    """What keeps a notebook out of the frame, each in a few words."""
    counts = counted(book)
    found = [
        f"{name}: {counts[name]}, at most {most}"
        for name, most in MOST.items()
        if counts[name] > most
    ]
    predictions = sum("prediction" in tags(cell) for cell in book.cells)
    if predictions != 3:
        found.append(f"predictions: {predictions}, wanted 3")
    if abs(counts["minutes"] - sitting(counts)) > 5:
        found.append(f"minutes: {counts['minutes']}, counted {sitting(counts):.0f}")
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    found += [
        f"untagged imports: {c.source}" for c in code if is_read(c) * imports_only(c)
    ]
    found += [f"mute: {source}" for source in mute(book)]
    maps = [cell.source for cell in code[:5] if "network_map(" in cell.source]
    if len(maps) != 1 or f'network_map("{here}")' not in maps[0]:
        found.append(f"no network_map({here!r}) among the first five cells")
    return found


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_main_notebooks_are_in_the_frame(path):
    assert not faults(nbformat.read(path, as_version=4), HERE[path.stem[:2]])


def test_the_capstone_has_three_sittings_a_map_and_no_mute_cell():
    book = nbformat.read(CAPSTONE, as_version=4)
    text = "\n".join(cell.source for cell in book.cells)
    stated = re.findall(r"^\*Stages? .*, about (\d+) minutes", text, re.M)
    assert len(stated) == len(re.findall("^## Sitting", text, re.M)) == 3
    assert max(map(int, stated)) <= 60
    assert sum(map(int, stated)) >= counted(book)["exercise minutes"] + 30
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert 'network_map("all")' in code[4].source + code[5].source
    assert mute(book) == []
    assert counted(book)["import lines"] <= MOST["import lines"]
    assert not [c.source for c in code if is_read(c) and imports_only(c)]


def code(source, *names, said="7"):
    shown = [v4.new_output("stream", text=said)] if said else []
    return v4.new_code_cell(source, outputs=shown, metadata={"tags": [*names]})


def prose(source, *names):
    return v4.new_markdown_cell(source, metadata={"tags": [*names]})


def framed():
    """A small notebook that keeps to the frame."""
    exercise = "**Exercise 1.1 · Build (9 minutes, ★).** Write it."
    return v4.new_notebook(
        cells=[
            prose("# Why?\n\nAbout 30 minutes of yours."),
            code("import os\nimport re", "setup", said=""),
            code('network_map("data")'),
            *[code(f"guess_{n} = predict()", "prediction") for n in range(3)],
            code("def double(x):\n    return 2 * x", said=""),
            code("double(3)"),
            prose(exercise, "exercise"),
            code("...", "exercise-attempt", "exercise:01-1", said=""),
            code("check()", "exercise-check", "exercise:01-1"),
            code("x = 1\n" * 400 + "check()", "solution", "exercise:01-1"),
            prose("word " * 800),
        ]
    )


def test_what_keeps_to_the_frame_has_no_fault():
    assert faults(framed(), "data") == []
    counts = counted(framed())
    assert (counts["cells"], counts["lines"], counts["exercises"]) == (6, 7, 1)


BREAKS = {
    "words: 2816, at most 2400": prose("word " * 2000),
    "cells: 49, at most 42": [code("7")] * 43,
    "lines: 328, at most 320": code("7\n\n" * 321),
    "exercises: 5, at most 4": [prose("(1 minutes, ★)", "exercise")] * 4,
    "exercise minutes: 39, at most 30": prose("(30 minutes, ★)", "exercise"),
    "import lines: 13, at most 12": code("import os\n" * 13, "setup", said=""),
    "predictions: 4, wanted 3": code("predict()", "prediction"),
    "minutes: 30, counted 39": prose("word " * 1800),
    "untagged imports: import sys": code("import sys"),
    "mute: x = 1": code("x = 1", said=""),
    "mute: assert True": code("assert True", said=" ok.\n"),
    "mute: def f(): ...": [code("def f(): ...", said=""), code("g()")],
}


@pytest.mark.parametrize("fault", BREAKS)
def test_what_breaks_the_frame_is_named(fault):
    book, more = framed(), BREAKS[fault]
    book.cells += more if isinstance(more, list) else [more]
    assert fault in [found.partition("\n")[0] for found in faults(book, "data")]


def test_minutes_and_the_map_are_wanted():
    assert faults(framed(), "encoder") == [
        "no network_map('encoder') among the first five cells"
    ]
    book = framed()
    book.cells[0].source = "# Why?\n\nAbout 95 minutes."
    assert "minutes: 95, at most 90" in faults(book, "data")
    book.cells[0].source = "# Why?"
    assert [fault[:15] for fault in faults(book, "data")] == ["minutes: 100000"] * 2
