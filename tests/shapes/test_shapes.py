"""Checked shape comments: grammar, binding, statements, messages, and real cells."""

import ast
import builtins
import gc
import importlib
import os
import sys
import timeit
import weakref
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbclient import NotebookClient
from torch.nn.utils.rnn import pack_padded_sequence
from traitlets.config import Config

import seq2seq_lesson
from seq2seq_lesson import shapes
from seq2seq_lesson.shapes.comments import Shape, ShapeError, parse
from seq2seq_lesson.shapes.rewriter import HOME, Rewriter

BOOKS = sorted(Path(__file__).parents[2].glob("notebooks/**/*.ipynb"))
SIZES = {"batch": 2, "src_len": 5, "hid": 3, "enc": 7, "att": 8, "one": 1}


@pytest.fixture(autouse=True)
def checks(monkeypatch):
    """The checks as a fresh session has them, put back afterwards.

    So is all that a reload replaces: the module, its checks and the builtin.
    """
    checks = getattr(builtins, HOME)
    monkeypatch.setattr(builtins, HOME, checks)
    monkeypatch.setattr(shapes, "_checks", checks)
    monkeypatch.setattr(seq2seq_lesson, "shapes", shapes)
    monkeypatch.setitem(sys.modules, shapes.__name__, shapes)
    before = dict(vars(checks))
    # `n` and `m` were declared once, without a size
    fresh = {"known": {}, "declared": {"n", "m"}, "cells": [], "scopes": {}}
    vars(checks).update(fresh, tables=True, shell=None)
    checks.on = False
    yield checks
    checks.on = False
    vars(checks).update(before)


def run(source: str, on: bool = True, space: dict | None = None, **names) -> list:
    """Run a source with its comments checked; (line, name, sizes) of each row."""
    tree = ast.parse(source)
    checks = getattr(builtins, HOME)
    rewriter = Rewriter(tree, source, 1, checks.declared)
    code = compile(rewriter.visit(tree), "<cell>", "exec")
    checks.last = cell = shapes._cell(1)
    checks.cells, checks.on = [cell], on
    space = {} if space is None else space
    space.update(names, zeros=torch.zeros, torch=torch)
    try:
        exec(code, space)
    finally:
        checks.cells, checks.on = [], False
    return [
        (site[0][2], seen.name, low if low == high else (low, high))
        for site, row in cell.rows.items()
        for low, high, seen in zip(row.low, row.high, row.seen, strict=True)
    ]


def fails(source: str, **names) -> str:
    with pytest.raises(ShapeError) as caught:
        run(source, **names)
    return str(caught.value)


# Grammar


@pytest.mark.parametrize(
    ("comment", "promise"),
    [
        ("(batch, src_len)", Shape(("batch", "src_len"))),
        ("( batch , 1,17 )", Shape(("batch", "1", "17"))),
        ("(batch, 2*hid, emb + hid)", Shape(("batch", "2*hid", "emb + hid"))),
        ("(enc // 2, hid - 1)", Shape(("enc // 2", "hid - 1"))),
        ("(2*(emb + hid), batch)", Shape(("2*(emb + hid)", "batch"))),
        ("(batch, (emb + hid)*2)", Shape(("batch", "(emb + hid)*2"))),
        ("()", Shape(())),
        ("(batch)", Shape(("batch",))),
        ("(batch,)", Shape(("batch",))),
        ("(emb + hid)", Shape(("emb + hid",))),
        ("None", None),
        ("packed (tokens, emb)", Shape(("tokens", "emb"), True)),
        ("packed(tokens)", Shape(("tokens",), True)),
        ("(batch), (hid)", [Shape(("batch",)), Shape(("hid",))]),
        ("(batch, hid), None", [Shape(("batch", "hid")), None]),
        ("(), ()", [Shape(()), Shape(())]),
        ("((batch), (hid))", [Shape(("batch",)), Shape(("hid",))]),
        ("(a), ((b, c), (d))", [Shape(("a",)), [Shape(("b", "c")), Shape(("d",))]]),
        ("((a, b),)", [Shape(("a", "b"))]),
        ("packed (t, e), (b)", [Shape(("t", "e"), True), Shape(("b",))]),
        ("(batch); any text (at all)", Shape(("batch",))),
        ("(batch)  # noqa: E501", Shape(("batch",))),
    ],
)
def test_grammar_reads(comment, promise):
    assert parse(comment) == promise


@pytest.mark.parametrize(
    "comment",
    [
        "(batch hid)",
        "(batch, hid) the last state",
        "(batch, hid",
        "(batch, scr_len",
        "(1.5, hid)",
        "(True, hid)",
        "(-1, hid)",
        "(hid / 2)",
        "(hid ** 2)",
        "(hid.size)",
        "(f(hid), emb)",
        "(hid[0])",
        "(*hid,)",
        "(batch) + hid",
        "(batch)*2",
        "(batch, hid), emb",
        "((batch, hid), emb)",
        "(..., hid)",
        "('batch')",
        "(batch := 2)",
        "(2, 5 places",
        "(3*steps, see above",
        "packed (batch, e=2)",
        "None (batch, hid)",
        "(batch×2)",
        "（batch，hid",
        "shape: (batch, hid",
    ],
)
def test_a_malformed_shape_stops_the_cell_and_says_how(comment):
    shapes.axes(batch=2, hid=3)
    assert "line 2" in (text := fails(f"x = 1\nx = zeros(2)  # {comment}"))
    assert "is no shape: write axes as in # (batch, 2*hid), and other text" in text
    assert f"---->  2 x = zeros(2)  # {comment}" in text


HELD = (
    """(batch)|(batch,)|(src_len, batch)|(batch, scr_len)|(batc, src_len)|(batch, 4)
(4)|(2, 3)|(1, batch)|(3, 5)|(7,)|(4, batch)|()|None|((batch), (hid))|None, (batch)
(batch), (hid)|(batch, hid), None|(2*batch)|(hid*steps, 3)|(2*3)|(steps*heads)
(batch + hid)|(hid // 2, 1)|(batch - 1)|(batch + unknown)|packed (batch, hid)
packed (tokens, emb)|(batch, hid); text|(batch, hid)  # noqa: E501|[batch, hid]
[batch, 4]|shape: (batch, hid)|shape (batch)|Shape = [batch, hid]|shape: (2, 9)
（batch, hid）|（batch，hid）|(batch，hid); （text）|[hid, scr_len]|（2＊hid）
(batch, hid, batch, hid)|( batch , hid )|(batch,hid,1)|(layers*directions, batch, 1)
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def test_forty_shapes_are_held():
    """All are false of this tensor, and so is `never` of no word that is declared."""
    shapes.axes(batch=2, hid=3, src_len=5)
    assert len(set(HELD)) >= 40
    for comment in HELD:
        text = fails(f"x = v  # {comment}", v=torch.zeros(6, 11))
        assert text.startswith(f"line 1\n---->  1 x = v  # {comment}\n"), comment


@pytest.mark.parametrize("comment", ["(scr_len, bacth)", "(rows)", "packed (t, e)"])
def test_other_words_are_held_while_they_fit(comment):
    value = torch.zeros(4, 6) if "bacth" in comment else torch.zeros(4)
    if "packed" in comment:
        value = pack_padded_sequence(torch.zeros(2, 5, 3), torch.tensor([5, 4]), True)
    assert run(f"x = v  # {comment}", v=value)
    source = "x = zeros(4)  # (rows)\ny = zeros(6)  # (rows)"
    assert told(source) == ["line 2 # (rows)"]


REMARKS = r"""lr = 0.01  # (default)
limit = 5  # None means no limit
x = zeros(2, 3)  # (default)
x = zeros(2, 3)  # (see above)
x = zeros(2, 3)  # (normalised; see section 2)
x = zeros(2, 3)  # (my answer)
x = zeros(2, 3)  # (well-known)
x = zeros(2, 3)  # (eq. 6)
x = zeros(2, 3)  # (as in 2017, section 3)
x = zeros(2, 3)  # (batch first)
x = zeros(2, 3)  # (1) look the words up
x = zeros(2, 3)  # (x)ormalised, then scaled
x = zeros(2, 3)  # (not yet used) :-(
x = zeros(2, 3)  # (
x = zeros(2, 3)  # (optional), (later)
x = zeros(2, 3)  # packed sequences are quick
x = zeros(2, 3)  # None of these
x = zeros(2, 3)  # packed
x = zeros(2, 3)  # [1] Bahdanau et al.
x = zeros(2, 3)  # [0.0, 0.0]
x = zeros(2, 3)  # [3, 4]
x = zeros(2, 3)  # [see above]
x = zeros(2, 3)  # shape as above
x = zeros(2, 3)  # shape: as (batch, hid)
x = zeros(2, 3)  # （默认值）
layer = torch.nn.Linear(3, 4)  # (batch, 4)
net = torch.nn.GRU(3, 4, batch_first=True)  # (batch first)
net = torch.nn.Sequential(\n    torch.nn.Linear(3, 4),  # (batch, 4)\n)
x = zeros(\n    2,  # (batch)\n    3,  # (hid)\n)
count = len([1, 2])  # (batch)
mean = zeros(2).mean().item()  # ()
point = 1, 2  # (x, y)
size = 2, 3  # (batch, hid)
name = f"{1}"  # (batch, hid)
steps = 4  # (batch, see below)
sure = True  # (hid, wrong
state = None  # (batch, hid)
table = {}  # (batch)
rate = lambda step: 1 / step  # (batch, step)
def f(x):  # (my answer)\n    return x
def f(x):  # (batch, hid)\n    return x
class A:  # (batch)\n    pass
import math  # (optional)
if True:  # (batch, hid)\n    pass
for i in range(2):  # (twice)\n    pass
while False:  # (1) never\n    pass
with torch.no_grad():  # (batch)\n    pass
def f(\n    x,  # (batch)\n    y=0.01,  # (default)\n):\n    return x
assert True  # (batch)
x = zeros(2); import os  # (batch, 3)
# (a remark in brackets, on a line of its own)
# (batch, hid) on a line of its own, with text
# (1) first\nx = zeros(2)
# (default)\nx = zeros(2)
x = zeros(2)\n# (batch, 4)
""".strip().split("\n")


@pytest.mark.parametrize("source", REMARKS)
def test_fifty_remarks_stop_nothing(source):
    shapes.axes(batch=2, hid=3)
    run(source.replace(r"\n", "\n"))


def told(source: str, **names) -> list[str]:
    """What a cell tells of its remarks, those of its statements and of its calls."""
    tree, declared = ast.parse(source), getattr(builtins, HOME).declared
    run(source, **names)
    still = [
        f"line {line} # {text}"
        for line, text in Rewriter(tree, source, 1, declared).remarks
    ]
    return [*still, *getattr(builtins, HOME).last.told.get("remark", ())]


# Binding


def test_a_declared_size_is_held():
    shapes.axes(**SIZES)
    assert run("x = zeros(2, 5)  # (batch, src_len)") == [(1, "x", (2, 5))]
    assert "should be 2, came 4" in fails("x = zeros(4)  # (batch)")


def test_an_unknown_axis_binds_at_first_sight_and_must_then_agree():
    shapes.axes(tgt_len=None)
    for axis in ("tgt_len", "never_declared"):
        assert run(f"x = zeros(4)  # ({axis})\ny = zeros(4)  # ({axis})")
    text = fails("x = zeros(4)  # (tgt_len)\ny = zeros(6)  # (tgt_len)")
    assert "dim=0 (tgt_len) should be 4, came 6" in text
    assert run("x = zeros(6)  # (tgt_len)")  # another cell, another size


def test_a_size_given_up_is_bound_anew():
    shapes.axes(batch=2)
    source = "x = zeros(2)  # (batch)\naxes(batch=None)\ny = zeros(4)  # (batch)"
    assert run(source, axes=shapes.axes)


def test_an_axis_twice_in_one_shape_must_agree():
    assert run("x = zeros(4, 4)  # (n, n)")
    assert "dim=1 (n) should be 4, came 6" in fails("x = zeros(4, 6)  # (n, n)")


def test_a_size_declared_later_wins_over_what_was_bound():
    text = fails(
        "x = zeros(4)  # (n)\naxes(n=6)\ny = zeros(6)  # (n)\nz = zeros(4)  # (n)",
        axes=shapes.axes,
    )
    assert "line 4" in text


def test_a_later_call_replaces_sizes_and_keeps_the_others():
    shapes.axes(batch=2, hid=3)
    shapes.axes(batch=4)
    assert run("x = zeros(4, 3)  # (batch, hid)")
    assert fails("x = zeros(2, 3)  # (batch, hid)")
    shapes.axes(hid=None)
    assert run("x = zeros(4, 9)  # (batch, hid)")


def test_a_turn_of_a_loop_drops_what_it_bound_and_sees_what_is_outside():
    assert run("for n in (4, 6):\n    x = zeros(n)  # (size)") == [
        (2, "x", ((4,), (6,)))
    ]
    assert run(
        "i = 0\nwhile i < 3:\n    i += 1\n    x = zeros(i + 1)  # (n)\n"
        "else:\n    x = zeros(9)  # (n)\ny = zeros(7)  # (n)"
    )
    outside = "a = zeros(4)  # (n)\nfor n in (4, 6):\n    x = zeros(n)  # (n)"
    assert "line 3" in fails(outside)
    inside = "for n in (4, 6):\n    x = zeros(n)  # (n)\n    y = zeros(4)  # (n)"
    assert "line 3" in fails(inside)
    nested = (
        "for n in (4, 6):\n    x = zeros(n)  # (n)\n"
        "    for m in (1, 2):\n        y = zeros(m, {})  # (m, n)\n"
        "    z = zeros(8, n)  # (m, n)"
    )
    assert run(nested.format("n"))
    assert "line 4" in fails(nested.format("4"))


def test_one_call_of_a_function_is_one_scope():
    source = (
        "def f(n, m):\n    x = zeros(n)  # (n)\n"
        "    def g():\n        y = zeros(9)  # (n)\n    g()\n"
        "    return zeros(m)  # (n)\n"
        "a = zeros(5)  # (n)\n"
    )
    assert run(source + "f(4, 4)\nf(6, 6)")
    text = fails(source + "f(4, 4)\nf(4, 6)")
    assert "f, line 6" in text


def test_sums_are_solved_for_one_unknown():
    shapes.axes(**SIZES)
    assert run("x = zeros(14, 10)  # (2*n, n + hid)\ny = zeros(7)  # (n)")
    assert run("x = zeros(9, 4)  # (n + m, n)\ny = zeros(5)  # (m)")  # words first
    assert run("x = zeros(4)  # (enc - n)\ny = zeros(3)  # (n)")
    assert run("x = zeros(6)  # (n + n)\ny = zeros(3)  # (n)")
    assert run("x = zeros(3)  # (enc // 2)")
    assert "no size of n makes 2*n equal to 9" in fails("x = zeros(9)  # (2*n)")
    assert "no size of n makes n + hid" in fails("x = zeros(3)  # (n + hid)")
    for hard in ("n + m", "n * n", "n // 2", "hid // n", "0 * n"):
        text = fails(f"x = zeros(9)  # ({hard})")
        assert "cannot be solved: give axes(...) the size of" in text
    assert "should be 14, came 9" in fails("x = zeros(9)  # (2*enc)")
    assert "should be hid // (one - 1)" in fails("x = zeros(9)  # (hid // (one - 1),)")


def test_a_false_comment_binds_nothing():
    shapes.axes(**SIZES)
    assert run(
        "try:\n    x = zeros(4, 9)  # (n, hid)\nexcept Exception:\n    pass\n"
        "y = zeros(6)  # (n)"
    )


# Statements: each kind is checked when true and caught when false


class Box:
    """Something with an attribute, a context, and items that count their uses."""

    uses = 0
    value = None

    def __enter__(self):
        return self.value

    def __exit__(self, *_):
        pass

    async def __aenter__(self):
        return self.value

    async def __aexit__(self, *_):
        pass

    def __setitem__(self, key, value):
        self.uses += 1

    def __getitem__(self, key):
        raise AssertionError("a check must not read an item again")


STATEMENTS = {
    "name": "x = v  # (b, h)",
    "last of a chain": "x = y = v  # (b, h)",
    "annotated": "x: torch.Tensor = v  # (b, h)",
    "augmented": "x = v\nx *= 2  # (b, h)",
    "attribute": "box.value = v  # (b, h)",
    "augmented attribute": "box.value = v\nbox.value += 1  # (b, h)",
    "item": "box[0] = v  # (b, h)",
    "tuple": "x, y = v, None  # (b, h), None",
    "nested tuple": "x, (y, z) = None, (v, v)  # None, ((b, h), (b, h))",
    "list": "[x, y] = iter([v, v])  # (b, h), (b, h)",
    "starred": "x, *y = v, v, v  # (b, h), ((b, h), (b, h))",
    "tuple with an item": "x, box[0] = None, v  # None, (b, h)",
    "one name for a tuple": "x = v, v  # (b, h), (b, h)",
    "expression": "v  # (b, h)",
    "expression with a walrus": "(x := v)  # (b, h)",
    "shape itself": "v.shape  # (b, h)",
    "return": "def f():\n    return v  # (b, h)\nf()",
    "return of several": "def f():\n    return v, 2 * v  # (b, h), (b, h)\nf()",
    "yield": "def f():\n    yield v  # (b, h)\nlist(f())",
    "for": "for x in [v]:  # (b, h)\n    pass",
    "for with a tuple": "for i, x in [(None, v)]:  # None, (b, h)\n    pass",
    "with": "with box as x:  # (b, h)\n    pass",
    "with two": "with box as x, box as y:  # (b, h), (b, h)\n    pass",
    "several lines": "x = (\n    v\n    + v\n)  # (b, h)",
    "after a semicolon": "y = 1; x = v  # (b, h)",
    "one-line loop": "for x in [v]: y = x  # (b, h)",
    "in if": "if True:\n    x = v  # (b, h)",
    "in else": "if False:\n    pass\nelse:\n    x = v  # (b, h)",
    "in elif": "if False:\n    pass\nelif True:\n    x = v  # (b, h)",
    "in try": "try:\n    x = v  # (b, h)\nfinally:\n    pass",
    "in except": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    x = v  # (b, h)",
    "in finally": "try:\n    pass\nfinally:\n    x = v  # (b, h)",
    "in match": "match 1:\n    case 1:\n        x = v  # (b, h)",
    "in for": "for _ in range(2):\n    x = v  # (b, h)",
    "in the else of for": "for _ in []:\n    pass\nelse:\n    x = v  # (b, h)",
    "in while": "while True:\n    x = v  # (b, h)\n    break",
    "in with": "with torch.no_grad():\n    x = v  # (b, h)",
    "in a function": "def f():\n    'doc'\n    x = v  # (b, h)\nf()",
    "in a class": "class A:\n    'doc'\n    x = v  # (b, h)",
    "in a method": "class A:\n    def f(self):\n        self.x = v  # (b, h)\nA().f()",
    "in a loop in a function": "def f():\n  while True:\n    return v  # (b, h)\nf()",
    "in a function in a loop": "for _ in [1]:\n  def f():\n    v  # (b, h)\n  f()",
    "in a coroutine": (
        "import asyncio\nasync def f():\n"
        "    x = await asyncio.sleep(0, v)  # (b, h)\nasyncio.run(f())"
    ),
    "async for": (
        "import asyncio\nasync def gen():\n    yield v\nasync def f():\n"
        "    async for x in gen():  # (b, h)\n        pass\nasyncio.run(f())"
    ),
    "async with": (
        "import asyncio\nasync def f():\n"
        "    async with box as x:  # (b, h)\n        pass\nasyncio.run(f())"
    ),
    "after __future__": "from __future__ import annotations\nx = v  # (b, h)",
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_every_statement_is_checked(kind):
    shapes.axes(b=2, h=3)
    source = STATEMENTS[kind]
    line = next(i for i, text in enumerate(source.split("\n"), 1) if "# " in text)
    box, false_box = Box(), Box()
    box.value, false_box.value = torch.zeros(2, 3), torch.zeros(3, 2)
    rows = run(source, v=box.value, box=box)
    assert {row[0] for row in rows} == {line}
    assert (2, 3) in {row[2] for row in rows}
    text = fails(source, v=false_box.value, box=false_box)
    assert f"line {line}\n" in text
    assert f"----> {line:2} " in text


@pytest.mark.parametrize("kind", STATEMENTS)
@pytest.mark.parametrize("on", [True, False])
def test_a_check_changes_nothing(kind, on):
    """Law: a program leaves the same names, tensors and uses of items behind."""
    shapes.axes(b=2, h=3)
    left = []
    for checked in (False, True):
        box, v = Box(), torch.ones(2, 3)
        box.value = v
        space = {"v": v, "box": box, "zeros": torch.zeros, "torch": torch}
        if checked:
            assert bool(run(STATEMENTS[kind], on, space)) == on
        else:
            exec(STATEMENTS[kind], space)
        names = {*space}
        tensors = {n: t.tolist() for n, t in space.items() if torch.is_tensor(t)}
        left.append((names, tensors, box.uses, box.value.tolist()))
    assert left[0] == left[1]


UNCHECKED = {
    "def": "def f(x):  # (batch)\n    pass",
    "class": "class A:  # (batch)\n    pass",
    "if": "if True:  # (batch)\n    pass",
    "else": "if True:\n    pass\nelse:  # (batch)\n    pass",
    "else of for": "for x in [1]:\n    pass\nelse:  # (batch)\n    pass",
    "while": "while False:  # (batch)\n    pass",
    "try": "try:  # (batch)\n    pass\nfinally:\n    pass",
    "except": "try:\n    pass\nexcept Exception:  # (batch)\n    pass",
    "match": "match 1:  # (batch)\n    case _:\n        pass",
    "case": "match 1:\n    case _:  # (batch)\n        pass",
    "with without as": "with box:  # (batch)\n    pass",
    "import": "import torch  # (batch)",
    "pass": "pass  # (batch)",
    "del": "x = 1\ndel x  # (batch)",
    "assert": "assert True  # (batch)",
    "bare return": "def f():\n    return  # (batch)",
    "bare yield": "def f():\n    yield  # (batch)",
    "bare annotation": "class A:\n    x: int  # (batch)",
    "augmented item": "box[0] += 1  # (batch)",
    "for over an item": "for box[0] in [1]:  # (batch)\n    pass",
    "last of two": "x = zeros(2); import os  # (batch)",
    "within a statement": "x = zeros(\n    2,  # (batch)\n)",
    "within the head of a for": "for x in [  # (batch)\n    1]:\n    pass",
    "within brackets of a def": "def f(\n    x,  # (batch)\n):\n    pass",
    "own line": "x = zeros(2)\n# (batch)",
    "own line, None": "# None\nx = zeros(2)",
    "own line in a statement": "x = zeros(\n    # (batch); text\n    2)",
}


@pytest.mark.parametrize("kind", UNCHECKED)
def test_a_shape_where_no_value_is_made_is_told(kind):
    shapes.axes(batch=2)
    source = UNCHECKED[kind]
    line = next(i for i, text in enumerate(source.split("\n"), 1) if "# " in text)
    [(at, comment)] = Rewriter(ast.parse(source), source, 1, {"batch"}).remarks
    assert (at, comment) == (line, source.split("# ")[1].split("\n")[0])


# What a false comment says


def message(value, comment: str) -> str:
    shapes.axes(**SIZES)
    return fails(f"x = v  # {comment}", v=value)


def test_a_wrong_size_names_the_axis_it_belongs_to():
    assert message(torch.zeros(2, 5, 8), "(batch, src_len, enc)") == (
        "line 1\n"
        "---->  1 x = v  # (batch, src_len, enc)\n"
        "x\n"
        "  came      (2, 5, 8) = (batch, src_len, att)\n"
        "  promised  (batch, src_len, enc) = (2, 5, 7)\n"
        "  dim=2 (enc) should be 7, came 8, the size of att"
    )


def test_two_wrong_sizes_and_a_nameless_one():
    text = message(torch.zeros(4, 5, 6), "(batch, src_len, 2*hid + 1)")
    assert "came      (4, 5, 6) = (4, src_len, 6)" in text
    assert "promised  (batch, src_len, 2*hid + 1) = (2, 5, 7)" in text
    assert "dim=0 (batch) should be 2, came 4; dim=2 (2*hid + 1) should be 7" in text
    assert "= (4, 2*hid + 1)" in message(torch.zeros(4, 7), "(batch, 2*hid + 1)")


def test_one_size_of_two_axes_names_both():
    shapes.axes(emb=8)
    assert "came 8, the size of emb or att" in message(torch.zeros(8), "(hid)")


def test_a_size_of_one_gets_no_name():
    assert "came      (1) = (1)" in message(torch.zeros(1), "(hid)")


def test_swapped_axes_are_called_so():
    text = message(torch.zeros(5, 2, 7), "(batch, src_len, enc)")
    assert "came      (5, 2, 7) = (src_len, batch, enc)" in text
    assert "same sizes in another order" in text


def test_too_many_axes():
    text = message(torch.zeros(2, 1, 5), "(batch, src_len)")
    assert "came      (2, 1, 5) = (batch, 1, src_len)" in text
    assert "3 axes came, 2 were promised: squeeze or unsqueeze" in text
    text = message(torch.zeros(2, 5), "(batch, new, other)")
    assert "promised  (batch, new, other) = (2, new, other)" in text
    assert "2 axes came, 3 were promised" in text
    assert "squeeze" not in text
    assert "1 axes came, 0 were promised" in message(torch.zeros(2), "()")


def test_none_packed_and_other_things():
    packed = pack_padded_sequence(torch.zeros(2, 5, 3), torch.tensor([5, 4]), True)
    shapes.axes(**SIZES)
    assert run("x = p  # packed (tokens, hid)", p=packed) == [(1, "x", (9, 3))]
    assert "a packed sequence came, a tensor was promised" in message(
        packed, "(n, hid)"
    )
    assert "a tensor came, a packed" in message(torch.zeros(9, 3), "packed (n, hid)")
    assert "came      packed (9, 3)" in message(packed, "packed (n, enc)")
    assert "None came, a tensor was promised" in message(None, "(batch, hid)")
    assert "None came, a tensor was promised" in message(None, "()")
    text = message(torch.zeros(2, 3), "None")
    assert "came      (2, 3) = (batch, hid)\n  promised  None\n" in text
    assert "a tensor came, None was promised" in text
    for value in (1.5, {}, [1, 2], torch.nn.Linear(2, 3), zip, "text", ()):
        assert told("x = v  # (batch, hid)", v=value) == ["line 1 # (batch, hid)"]


def test_the_number_of_values():
    one, shape = torch.zeros(2), "(batch)"
    assert "a tuple of 2 came, one shape was promised" in message((one, one), shape)
    assert "a list of 1 came, 2 shapes were" in message([one], f"{shape}, {shape}")
    assert "one value came, 2 shapes were" in message(one, f"{shape}, {shape}")
    assert "as in # (batch, hid), (batch, emb)" in message((one, one), shape)


def test_an_error_shows_all_lines_of_a_statement_and_its_function():
    shapes.axes(**SIZES)
    source = "class A:\n  def f(self):\n    x = zeros(\n        2)  # (hid)\nA().f()"
    assert fails(source).startswith(
        "A.f, line 4\n       3     x = zeros(\n---->  4         2)  # (hid)\nx\n"
    )


def test_a_file_is_named():
    tree = ast.parse(source := "x = f()  # (batch")
    with pytest.raises(ShapeError, match=r"^model\.py, line 1\n"):
        Rewriter(tree, source, "model.py")


# Bad names and sizes


@pytest.mark.parametrize("name", ["src len", "2d", "class", "", "a-b", "None"])
def test_a_bad_name_is_refused(name):
    with pytest.raises(ValueError, match="is no axis; use a word such as src_len"):
        shapes.axes(**{name: 2})


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", True, torch.tensor(2)])
def test_a_bad_size_is_refused(size, checks):
    with pytest.raises(ValueError, match="give a whole number >= 1 or None"):
        shapes.axes(batch=4, hid=size)
    assert checks.known == {}


# Laws


def test_lines_of_other_errors_stay():
    source = "x = zeros(2)  # (n)\n\nfor i in [1]:\n    y = x  # (n)\n    1 / 0"
    with pytest.raises(ZeroDivisionError) as caught:
        run(source)
    assert caught.traceback[-1].lineno + 1 == 5


@pytest.mark.parametrize("last", ["y = zeros(3)", "zeros(3)", "v[0] = zeros(3)"])
def test_a_traceback_leads_to_the_line_of_a_false_comment(last):
    with pytest.raises(ShapeError) as caught:
        run(f"x = zeros(2)  # (n)\n\n{last}  # (n)", v=[0])
    lines = [e.lineno + 1 for e in caught.traceback if f"{e.path}".endswith("<cell>")]
    assert lines == [3]


def test_no_tensor_is_kept():
    space = {}
    source = (
        "def f():\n    x = zeros(4, 6)  # (n, m)\n    x  # (n, m)\n"
        "    for y in [x]:  # (n, m)\n        return y  # (n, m)\n"
        "z = f()  # (n, m)\nbox = [0]\nbox[0] = z  # (n, m)"
    )
    assert len(run(source, space=space)) == 6
    watch = weakref.ref(space.pop("z"))
    del space["box"]
    gc.collect()
    assert watch() is None


def test_a_switched_off_function_costs_one_look_at_the_switch(checks, monkeypatch):
    space = {}
    run(
        "def f(v):\n    for _ in [1]:\n        x = v  # (n)\n    return v  # (n)",
        space=space,
    )
    monkeypatch.setitem(vars(checks), "turn", None)  # calling it would raise
    checks.on = False
    assert space["f"](3) == 3


def test_a_reload_takes_over_axes_and_functions(checks):
    space = {}
    shapes.axes(batch=2)
    shapes.show_tables(False)
    run("def f(v):\n    return v  # (batch)", space=space)
    importlib.reload(shapes)
    new = getattr(builtins, HOME)
    assert new is not checks
    assert (new.known, new.tables) == ({"batch": 2}, False)
    assert run("f(zeros(2))  # (batch)", f=space["f"])
    assert fails("f(zeros(3))", f=space["f"])


def test_outside_ipython_axes_only_declares(checks, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    shapes.axes(batch=2)
    assert checks.known == {"batch": 2}
    assert checks.shell is None


# Real cells


class Notebook:
    """An IPython in which the axes are declared and cells can be run."""

    def __init__(self, declare: bool = True) -> None:
        InteractiveShell.clear_instance()
        config = Config()
        config.HistoryManager.enabled = False
        self.shell = InteractiveShell.instance(config=config)
        self.run(
            "import torch, time\nfrom torch import nn, zeros\n"
            "from seq2seq_lesson.shapes import axes, show_tables, ShapeError"
        )
        if declare:
            self.run("axes(batch=2, src_len=5, hid=3, src_vocab=9)")

    def run(self, code: str, **options) -> SimpleNamespace:
        with capture_output() as seen:
            result = self.shell.run_cell(code, store_history=True, **options)
        tables = [output.data for output in seen.outputs if "text/html" in output.data]
        notes = [o.data["text/plain"] for o in seen.outputs if o.data not in tables]
        return SimpleNamespace(
            error=result.error_in_exec or result.error_before_exec,
            out=seen.stdout,
            table=tables[-1]["text/plain"] if tables else None,
            html=tables[-1]["text/html"] if tables else None,
            note="\n".join(notes),
        )


@pytest.fixture
def notebook(ipython):
    return Notebook()


def test_a_true_cell_ends_with_a_table(notebook):
    seen = notebook.run(
        "x = zeros(2, 5, 3)  # (batch, src_len, hid)\n"
        "rnn = nn.LSTM(3, 4, batch_first=True)\n"
        "out, (h, c) = rnn(x)  # (batch, src_len, n), ((1, batch, n), (1, batch, n))\n"
        "p = nn.utils.rnn.pack_sequence([zeros(2, 3)])  # packed (tokens, hid)\n"
        "x.sum(0).long(), None  # (src_len, hid), None"
    )
    assert seen.error is None
    assert seen.table == (
        "line  name             sizes          axes                   dtype\n"
        "1     x                (2, 5, 3)      (batch, src_len, hid)  float32\n"
        "3     out              (2, 5, 4)      (batch, src_len, n)    float32\n"
        "3     h                (1, 2, 4)      (1, batch, n)          float32\n"
        "3     c                (1, 2, 4)      (1, batch, n)          float32\n"
        "4     p                packed (2, 3)  packed (tokens, hid)   float32\n"
        "5     x.sum(0).long()  (5, 3)         (src_len, hid)         int64\n"
        "5     None             None           None"
    )


def test_a_cell_without_shape_comments_has_no_table(notebook):
    seen = notebook.run("x = zeros(2)  # plain")
    assert (seen.table, seen.note, seen.error) == (None, "", None)


def test_a_line_that_runs_often_has_one_row_with_a_range(notebook):
    seen = notebook.run(
        "for n in range(5, 10):\n    x = zeros(2, n)  # (batch, tgt_len)\n"
        "def f():\n    return zeros(3)  # (hid)\n"
        "y = f()  # (hid)"
    )
    assert seen.table == (
        "line  name      sizes     axes              dtype\n"
        "2 ×5  x         (2, 5–9)  (batch, tgt_len)  float32\n"
        "4     zeros(3)  (3)       (hid)             float32\n"
        "5     y         (3)       (hid)             float32"
    )


def test_a_function_of_an_earlier_cell_is_one_row_that_names_its_own_last_line(
    notebook,
):
    notebook.run(
        "a = zeros(2)  # (batch)\n\n\n"
        "class Net:\n    def forward(self, n):\n"
        "        first = zeros(2)  # (batch)\n"
        "        first, again = first, first  # (batch), (batch)\n"
        "        long_name = zeros(n)  # (tgt_len)\n        return long_name"
    )
    seen = notebook.run(
        "y = Net().forward(4)  # (tgt_len)\nz = Net().forward(6)\nw = y  # (tgt_len)"
    )
    assert seen.table == (
        "line              name                 sizes  axes       dtype\n"
        "Net.forward:4 ×2  long_name, +2 lines  (4–6)  (tgt_len)  float32\n"
        "1                 y                    (4)    (tgt_len)  float32\n"
        "3                 w                    (4)    (tgt_len)  float32"
    )


def test_a_function_of_an_earlier_cell_with_one_comment_names_it_alone(notebook):
    notebook.run("x = 1\n\n@torch.no_grad()\ndef f():\n    return zeros(3)  # (hid)")
    assert notebook.run("y = f()").table.splitlines()[1].split() == [
        "f:2",
        "zeros(3)",
        "(3)",
        "(hid)",
        "float32",
    ]


def test_a_function_within_a_function_counts_its_own_lines(notebook):
    notebook.run(
        "def f():\n    def g():\n        x = zeros(3)  # (hid)\n        return x\n"
        "    y = g()  # (hid)\n    return y"
    )
    rows = notebook.run("z = f()").table.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["f.g:2", "f:5"]


def test_scalars_and_names_that_nobody_reads_have_no_row(notebook):
    cell = "loss = zeros(())  # ()\n_ = zeros(2)  # (batch)\n"
    assert notebook.run(cell).table is None
    seen = notebook.run(f"{cell}x, _ = zeros(2, 3)  # (hid), (hid)\nNone  # None")
    assert [row.split()[:2] for row in seen.table.splitlines()[1:]] == [
        ["3", "x"],
        ["4", "None"],
    ]
    assert isinstance(notebook.run("_ = zeros(3)  # (batch)").error, ShapeError)


def test_no_cell_of_the_table_wraps(notebook):
    html = notebook.run("x = zeros(2)  # (batch)").html
    assert html.startswith('<table style="')
    assert "white-space: nowrap" in html.partition(">")[0]


def test_html_is_escaped_and_coloured_by_family(notebook):
    seen = notebook.run(
        "x = zeros(2, 5)\n(x<1)&(x == x)  # (batch, src_len)\n"
        "y = zeros(2, 9, 3, 4)  # (batch, src_vocab, hid, 4)\n"
        "p = nn.utils.rnn.pack_sequence([zeros(2, 3)])  # packed (tokens, hid)"
    )
    assert "(x &lt; 1) &amp; (x == x)" in seen.html
    assert "x < 1" in seen.table
    tints = {
        axis: seen.html.split(f'">{axis}<')[0].rsplit("rgba", 1)[1]
        for axis in ("batch", "src_len", "src_vocab", "hid", "tokens")
    }
    assert len(set(tints.values())) == 4
    assert tints["tokens"] == tints["src_len"]
    assert ", 4)</td>" in seen.html
    assert ">packed (<span" in seen.html
    assert "#" not in seen.html  # no fixed colour: text takes the theme's
    assert seen.html.count("<tr>") == seen.html.count("</tr>") == 4
    assert seen.html.count("<td") == seen.html.count("</td>") == 15


def test_an_axis_pointed_at_stays_while_the_others_fade(notebook):
    html = notebook.run("x = zeros(2, 5)  # (batch, src_len)").html
    assert 'class="axis-batch" title="batch in x (2, 5)"' in html
    assert ".shapes:has(.axis-batch:hover) span:not(.axis-batch){opacity:.2}" in html
    assert "<style>" not in notebook.run("x = zeros(2)  # (2)").html


def test_a_long_expression_is_cut_in_the_table(notebook):
    seen = notebook.run("zeros(2) + 1000000 + 1000000 + 1000000 + 100000  # (batch)")
    assert "zeros(2) + 1000000 + 1000000 + 1000000 …  (2)" in seen.table


def test_tables_can_be_switched_off_while_checks_go_on(notebook):
    assert notebook.run("show_tables(False)\nx = zeros(2)  # (batch)").table is None
    assert notebook.run("x = zeros(2)  # (batch)").table is None
    assert isinstance(notebook.run("x = zeros(3)  # (batch)").error, ShapeError)
    assert notebook.run("show_tables(True)\nx = zeros(2)  # (batch)").table


def test_a_false_cell_shows_a_short_error_and_no_table(notebook):
    notebook.run("def f(n):\n    x = zeros(n)  # (hid)\n    return x")
    for code, start in {
        "y = zeros(2)  # (batch)\nx = zeros(3,\n)  # (batch)": (
            "ShapeError in line 3\n       2 x = zeros(3,\n---->  3 )  # (batch)\nx\n"
        ),
        "f(4)": "ShapeError in f, line 2\n---->  2     x = zeros(n)  # (hid)\nx\n",
        "x = 1\ny = x + 2  # (batch": (
            "ShapeError in line 2\n---->  2 y = x + 2  # (batch\n`(batch` is no shape"
        ),
    }.items():
        seen = notebook.run(code)
        assert isinstance(seen.error, ShapeError)
        assert seen.out.startswith(start)
        assert seen.table is None
        assert "Traceback" not in seen.out
        assert ".py" not in seen.out


def test_a_cell_that_cannot_be_checked_does_not_run(notebook):
    notebook.run("kept = 1\nkept = zeros(2)  # (batch")
    assert "kept" not in notebook.shell.user_ns


def test_an_error_can_be_caught_and_read(notebook):
    seen = notebook.run(
        "try:\n    x = zeros(3)  # (batch)\n"
        "except ShapeError as error:\n    print(str(error).split('\\n')[-1].strip())\n"
        "y = zeros(2)  # (batch)"
    )
    assert seen.out == "dim=0 (batch) should be 2, came 3, the size of hid\n"
    assert seen.table.endswith("5     y     (2)    (batch)  float32")


def test_line_numbers_are_those_that_ipython_shows(notebook):
    seen = notebook.run("\n\n%who_ls\nx = zeros(2)  # (batch)")  # it drops blank lines
    assert seen.table.split("\n")[1].startswith("2 ")


def test_top_level_await_is_checked(notebook):
    code = "import asyncio\nx = await asyncio.sleep(0, zeros({}))  # (batch)"
    assert notebook.run(code.format(2)).table
    assert isinstance(notebook.run(code.format(3)).error, ShapeError)
    code = "await asyncio.sleep(0, zeros({}))  # (batch)"
    assert notebook.run(code.format(2)).table
    assert isinstance(notebook.run(code.format(3)).error, ShapeError)


def test_bindings_end_with_the_cell(notebook):
    assert notebook.run("x = zeros(4)  # (new)").error is None
    assert notebook.run("x = zeros(6)  # (new)").error is None


FALSE = "x = zeros(9)  # (batch)"


def checked(notebook: Notebook) -> bool:
    """Are checks on, once only, without a word, and off in between and when timed?"""
    true = notebook.run(
        "def f(n):\n    return zeros(n)  # (batch)\nx = f(2)  # (batch)"
    )
    assert (true.table.count("\n"), true.out) == (2, "")
    assert notebook.run("t = time.time(), f(9)").error is None
    with pytest.raises(ShapeError):
        notebook.shell.user_ns["f"](9)  # as a widget's callback would, between cells
    return isinstance(notebook.run(FALSE).error, ShapeError)


def test_checks_survive_errors_of_every_kind(notebook, monkeypatch):
    for code in (
        FALSE,
        "x = zeros(2)  # (",
        "1 / 0",
        "def",
        "%nosuchmagic",
        "pass  # ()",
    ):
        notebook.run(code)
    assert checked(notebook)

    def bug(self, node):
        raise RuntimeError("a bug of ours")

    with monkeypatch.context() as patch:
        patch.setattr(Rewriter, "visit", bug)
        seen = notebook.run("kept = zeros(9)  # (batch)")
    assert seen.error is None
    assert seen.note == (
        "This cell could not be read, so its shape comments were not checked: "
        "a bug of ours."
    )
    assert notebook.shell.user_ns["kept"].shape == (9,)
    assert checked(notebook)


def test_checks_come_back_and_say_so(notebook):
    notebook.shell.ast_transformers.clear()
    seen = notebook.run(FALSE)
    assert "switched the shape checks off; they are on again" in seen.out
    assert isinstance(seen.error, ShapeError)
    assert checked(notebook)
    notebook.shell.input_transformers_post.clear()
    seen = notebook.run("x = zeros(8)  # (batch)")
    assert (seen.error, seen.table) == (None, None)
    assert seen.note.endswith("another tool rewrote it; run it again.")
    assert checked(notebook)


def test_other_tools_may_rewrite_cells_before_but_not_behind_our_back(notebook):
    class Doubler(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.Constant(node.value * 2) if node.value == 4 else node

    notebook.shell.ast_transformers.append(Doubler())
    notebook.shell.input_transformers_post.append(
        lambda lines: [line.replace("TWO", "2") for line in lines]
    )
    seen = notebook.run("x = zeros(TWO)  # (batch)")  # the newcomer stood behind us
    assert (seen.error, seen.table) == (None, None)
    assert seen.note.endswith("another tool rewrote it; run it again.")
    assert checked(notebook)
    assert notebook.run("x = zeros(TWO, 4)  # (batch, 8)").error is None


TIMED_NOTE = "This cell is being timed, so its shape comments were not checked."
TIMED = {
    "%time": f"%time y = 1\n{FALSE}",
    "%timeit": f"%timeit -n1 -r1 f()\n{FALSE}",
    "%%time": f"%%time\n{FALSE}",
    "%%timeit": f"%%timeit -n1 -r1 y = zeros(3)  # (batch)\npass\n{FALSE}",
    "assigned %timeit": f"t = %timeit -o -n1 -r1 f()\n{FALSE}",
    "perf_counter": f"t = time.perf_counter()\n{FALSE}",
    "perf_counter_ns": f"t = time.perf_counter_ns()\n{FALSE}",
    "process_time": f"from time import process_time\nt = process_time()\n{FALSE}",
    "monotonic": f"t = time.monotonic()\n{FALSE}",
    "time.time": f"t = time.time()\n{FALSE}",
    "time": f"from time import time as now, time\nt = time()\nimport time\n{FALSE}",
    "timeit": f"import timeit\ntimeit.timeit(f, number=1)\n{FALSE}",
    "with a cell within": f"t = time.time()\nget_ipython().run_cell('1')\n{FALSE}",
    "median_seconds": f"median_seconds = f\nmedian_seconds()\n{FALSE}",
}


@pytest.mark.parametrize("kind", TIMED)
def test_a_timed_cell_is_left_alone_and_says_so(notebook, kind, checks, monkeypatch):
    notebook.run("def f():\n    return zeros(9)  # (batch)")
    with monkeypatch.context() as patch:
        patch.setitem(vars(checks), "turn", None)  # calling it would raise
        seen = notebook.run(f"{TIMED[kind]}\nf()" if kind[0] != "%" else TIMED[kind])
    assert seen.error is None
    assert seen.table is None
    assert seen.note == TIMED_NOTE
    assert isinstance(notebook.run("f()").error, ShapeError)
    assert checked(notebook)


def test_a_timed_cell_without_shape_comments_says_nothing(notebook):
    assert notebook.run("t = time.perf_counter()").note == ""


def test_a_timed_cell_still_refuses_what_cannot_be_read(notebook):
    for code in ("t = time.time()\nx = t + 1  # (batch", "%%time\nx = t  # (batch"):
        assert "`(batch` is no shape" in notebook.run(code).out


def test_a_clock_only_imported_or_another_time_is_no_timing(notebook):
    for code in (
        "from time import perf_counter\nimport timeit, time",
        "time.sleep(0)",
        "steps = {'time': 1}\n%who_ls",
        "time_steps = 2",
    ):
        assert isinstance(notebook.run(f"{code}\n{FALSE}").error, ShapeError), code


def test_the_first_cell_may_not_carry_shape_comments(notebook):
    fresh = Notebook(declare=False)
    getattr(builtins, HOME).known.clear()
    seen = fresh.run(f"axes(batch=2)\n\n{FALSE}")
    assert isinstance(seen.error, ValueError)
    assert "line 3" in str(seen.error)
    assert "give axes(...) a cell of its own" in str(seen.error)
    assert getattr(builtins, HOME).known == {}
    assert fresh.run(FALSE).error is None  # it was refused, so nothing has begun
    assert fresh.run("import time\naxes(batch=2)").out == ""
    assert fresh.run(f"axes(hid=3)\n{FALSE}").error  # from then on it is checked
    assert checked(fresh)


def test_axes_again_and_a_reload_leave_one_of_each(notebook):
    hooks = notebook.shell.events.callbacks
    for code in (
        "axes(batch=2)\naxes(batch=2)",
        "import importlib, seq2seq_lesson.shapes as s\nimportlib.reload(s)",
        "import sys\ndel sys.modules['seq2seq_lesson.shapes']",
        "from seq2seq_lesson.shapes import axes\naxes(batch=2)",
    ):
        assert notebook.run(code).error is None
        assert checked(notebook)
        assert len(notebook.shell.ast_transformers) == 1
        assert len(notebook.shell.input_transformers_post) == 1
        ours = [f for f in hooks["post_run_cell"] if "install" in f"{f}"]
        assert len(ours) <= 1


def test_autoreload_is_survived(notebook):
    notebook.run("%load_ext autoreload\n%autoreload 2")
    assert checked(notebook)
    path = shapes.__file__
    later = os.stat(path).st_mtime + 2
    os.utime(path, (later, later))
    try:
        assert checked(notebook)
    finally:
        os.utime(path, (later - 2, later - 2))


def test_a_cell_within_a_cell(notebook):
    seen = notebook.run("%%capture caught\nx = zeros(2)  # (batch)")
    assert seen.table is None
    assert checked(notebook)
    seen = notebook.run(
        "x = zeros(2)  # (batch)\nget_ipython().run_cell('y = zeros(3)  # (hid)')\n"
        "def f():\n    return zeros(3)  # (hid)\nz = f()"
    )
    assert [line.split()[1] for line in seen.table.split("\n")] == [
        "name",
        "x",
        "zeros(3)",
    ]


def test_silent_requests_and_empty_cells_pass(notebook):
    assert notebook.run(FALSE, silent=True).error is None
    assert len(notebook.shell.ast_transformers) == 1
    assert notebook.run("").error is None
    assert checked(notebook)


def test_remarks_are_told_in_one_line_below_the_cell(notebook):
    seen = notebook.run(
        "rate = 0.01  # (default)\nx = zeros(2, 3)  # (normalised)\n"
        "def f(x):  # (my answer)\n    return x  # (as it was)\ny = f(x)\n"
        "z = zeros(2)  # (batch)"
    )
    assert (seen.error, seen.table.count("\n")) == (None, 1)
    assert seen.note == (
        "Taken as remarks, not checked: line 1 # (default), line 3 # (my answer), "
        "line 4 # (as it was), line 2 # (normalised). A shape names an axis of "
        "axes(...), a number or a product and stands behind a tensor, as in "
        "# (batch, 2*hid)."
    )
    notebook.run("axes(normalised=None)")
    assert isinstance(notebook.run("x = zeros(2, 3)  # (normalised)").error, ShapeError)


def test_a_remark_in_the_first_cell_stops_nothing(notebook):
    fresh = Notebook(declare=False)
    assert fresh.run("axes(batch=2)\nlr = 0.01  # (default)").error is None


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_no_notebook_has_a_remark_where_a_shape_would_be_checked(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            source = TransformerManager().transform_cell(cell.source)
            assert not Rewriter(ast.parse(source), source, 1).remarks, cell.source


TRACED = """def f(x):
    y = x * 2  # (batch, hid)
    for i in range(2):
        y = y + i  # (batch, hid)
    return y, y  # (batch, hid), (batch, hid)

class Net(nn.Module):
    def forward(self, x):
        for _ in range(2):
            x = x + 1  # (batch, hid)
        return x @ x.T  # (batch, batch)
"""
TRACES = {
    "compile": "torch.compile(f, backend='eager', fullgraph=True)(x)",
    "compile, aot": "torch.compile(Net(), backend='aot_eager', fullgraph=True)(x)",
    "export": "torch.export.export(Net(), (x,), strict=True)",
    "export, not strict": "torch.export.export(Net(), (x,), strict=False)",
    "export, any batch": (
        "torch.export.export(Net(), (x,), dynamic_shapes=[{0: torch.export.Dim('b')}])"
    ),
    "jit.trace": "torch.jit.trace(Net(), x, check_trace=False)",
    "fx": "torch.fx.symbolic_trace(f)",
    "fx, a module": "torch.fx.symbolic_trace(Net())",
    "make_fx": (
        "from torch.fx.experimental.proxy_tensor import make_fx\n"
        "make_fx(f, tracing_mode='symbolic')(x)"
    ),
}


@pytest.mark.parametrize("how", TRACES)
@pytest.mark.filterwarnings("ignore")
def test_in_a_trace_checks_step_aside_and_say_so(notebook, how):
    notebook.run(TRACED)
    for x in ("zeros(2, 3)", "zeros(4, 3)"):  # nothing of it is held, true or false
        seen = notebook.run(f"torch._dynamo.reset()\nx = {x}\n{TRACES[how]}")
        assert (seen.error, seen.table) == (None, None)
        start = "Not checked inside a trace (torch.compile, jit, fx or export): "
        lines = "f:2, f:4, f:5." if "(f" in TRACES[how] else "forward:3, Net.forward:4."
        assert seen.note.startswith(start)
        assert seen.note.endswith(lines)
    assert isinstance(notebook.run("f(x)").error, ShapeError)


def test_torch_script_reads_the_source(notebook):
    notebook.run(TRACED)
    assert notebook.run("y = torch.jit.script(Net())(zeros(2, 3))").error is None


def test_a_compiled_function_holds_no_check_and_depends_on_none(notebook):
    notebook.run(TRACED)
    seen = notebook.run(
        "guards, graphs = [], []\n"
        "def all_of(entries):\n"
        "    guards.extend((g.guard_type, g.name) for g in entries)\n"
        "    return [True] * len(entries)\n"
        "def backend(graph, _):\n    graphs.append(graph)\n    return graph\n"
        "g = torch.compile(f, backend=backend, fullgraph=True,\n"
        "    options={'guard_filter_fn': all_of})\n"
        "y = g(zeros(2, 3))"
    )
    assert seen.error is None
    space = notebook.shell.user_ns
    ours = [(kind, name) for kind, name in space["guards"] if "seq2seq" in name]
    assert {kind for kind, _ in ours} == {"CLOSURE_MATCH"}  # that two functions stay
    assert len(ours) == 2
    calls = [n for n in space["graphs"][0].graph.nodes if n.op == "call_function"]
    assert len(calls) == 3  # one times, two plus
    notebook.run("axes(att=8)\nz = zeros(2)  # (batch)")
    assert notebook.run("y = g(zeros(2, 3)); t = time.time()").note == ""
    assert len(space["graphs"]) == 1  # it was never compiled again


def test_what_runs_between_cells_is_checked(notebook):
    notebook.run(
        "import asyncio\nasync def later(n):\n    await asyncio.sleep(0)\n"
        "    return zeros(n)  # (batch)"
    )
    notebook.run("loop = asyncio.new_event_loop()\ntask = loop.create_task(later(9))")
    space = notebook.shell.user_ns
    with pytest.raises(ShapeError, match="later, line 4"):
        space["loop"].run_until_complete(space["task"])
    space["loop"].close()


def test_exec_and_the_profiler_are_told(notebook):
    seen = notebook.run("exec('x = zeros(9)  # (batch)')\ny = zeros(2)  # (batch)")
    assert seen.note == "Not checked, because exec runs it as a text: # (batch)."
    assert seen.table
    assert notebook.run("exec('x = 1  # (default)')").note == ""
    notebook.run("def f(n):\n    return zeros(n)  # (batch)")
    for code in (f"%%prun -q\n{FALSE}", f"%prun -q f(9)\n{FALSE}"):
        seen = notebook.run(code)
        assert seen.error is None
        assert seen.note == TIMED_NOTE
    assert checked(notebook)


def test_a_debugger_begins_at_the_line_itself(notebook, monkeypatch):
    asked = iter(["p n, y.shape", "u", "p 'above', k", "q"])
    monkeypatch.setattr("builtins.input", lambda *_: next(asked))
    notebook.run(
        "def f(n):\n    y = zeros(n)\n    y = y + 1  # (batch)\n"
        "    return y\ndef g(k):\n    return f(k + 1)"
    )
    assert isinstance(notebook.run("g(8)").error, ShapeError)
    seen = notebook.run("%debug")
    assert "(9, torch.Size([9]))" in seen.out
    assert "('above', 8)" in seen.out


def test_no_name_is_added(notebook):
    seen = notebook.run(
        "def f():\n    for x in [zeros(2)]:\n        x  # (batch)\n"
        "    return {*locals()}\nprint(f())\ny = zeros(2)  # (batch)\n"
        "print([name for name in dir() if 'shapes' in name or 'seq2seq' in name])"
    )
    assert seen.out == "{'x'}\n[]\n"


DEEP = {
    "elif": "if x == 0:\n    y = 0\n"
    + "".join(f"elif x == {i}:\n    y = {i}\n" for i in range(1, 400)),
    "calls": "y = ''" + ".strip()" * 300,
    "sum": "y = " + " + ".join("x" * 400),
}


@pytest.mark.parametrize("kind", DEEP)
def test_a_cell_too_deep_to_be_read_runs(notebook, kind):
    notebook.run("x = 399")
    seen = notebook.run(DEEP[kind])
    assert (seen.error, seen.note) == (None, "")
    assert "y" in notebook.shell.user_ns
    seen = notebook.run(f"{DEEP[kind]}\nz = zeros(9)  # (batch)")
    told = seen.note.startswith("This cell could not be read")
    assert told or isinstance(seen.error, ShapeError)


def test_placing_takes_a_time_that_grows_with_the_lines():
    def seconds(lines: int) -> float:
        source = "x = zeros(2)  # (batch)\n" * lines
        return min(
            timeit.repeat(
                lambda: Rewriter(tree := ast.parse(source), source, 1).visit(tree),
                number=1,
                repeat=3,
            )
        )

    assert seconds(1600) < 9 * seconds(400)


def test_a_real_kernel_shows_output_then_table_then_a_short_error():
    cells = [
        "from torch import zeros\nfrom seq2seq_lesson.shapes import *\naxes(batch=2)",
        "print('text')\nx = zeros(2)  # (batch)\nx  # (batch)",
        FALSE,
    ]
    book = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
    NotebookClient(book, allow_errors=True, kernel_name="python3").execute()
    first, second, third = (cell.outputs for cell in book.cells)
    assert first == []
    assert [o.output_type for o in second] == [
        "stream",
        "execute_result",
        "display_data",
    ]
    assert second[2].data["text/plain"].startswith("line  name  sizes")
    [error] = third
    assert (error.ename, error.traceback[0]) == ("ShapeError", "ShapeError in line 1")
    assert "/" not in "".join(error.traceback)
