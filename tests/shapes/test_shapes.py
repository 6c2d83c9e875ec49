"""Checked shape comments: grammar, binding, statements, messages, and real cells."""

import ast
import builtins
import gc
import importlib
import os
import sys
import weakref
from types import SimpleNamespace

import nbformat
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbclient import NotebookClient
from torch.nn.utils.rnn import pack_padded_sequence
from traitlets.config import Config

import seq2seq_lesson
from seq2seq_lesson import shapes
from seq2seq_lesson.shapes.comments import Shape, ShapeError, parse
from seq2seq_lesson.shapes.rewriter import HOME, Rewriter, shape_comments

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
    fresh = {"known": {}, "declared": set(), "cells": [], "scopes": {}}
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
    cell = shapes._cell(1)
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
        "(see above)",
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
        "(lambda: 2)",
        "packed",
        "packed tokens",
        "packed (t, e=2)",
        "packed sequences are quick",
        "None of these",
        "(",
        "(2)(3)",
        "(batch×2)",
    ],
)
def test_grammar_refuses_and_says_how(comment):
    with pytest.raises(ShapeError, match=r"no shape: write axes as in .* semicolon"):
        parse(comment)
    assert "line 2" in (text := fails(f"x = 1\nx = zeros(2)  # {comment}"))
    assert f"`{comment}`" in text
    assert f"---->  2 x = zeros(2)  # {comment}" in text


def test_only_what_starts_like_a_shape_is_read():
    source = """
x = zeros(9)  # a remark
x = zeros(9)  # eq. (6)
x = zeros(9)  # packedness
x = "# (batch)"
# (a remark in brackets, on a line of its own)
"""
    assert list(shape_comments(source)) == []
    assert run(source) == []


# Binding


def test_a_declared_size_is_held():
    shapes.axes(**SIZES)
    assert run("x = zeros(2, 5)  # (batch, src_len)") == [(1, "x", (2, 5))]
    assert "should be 2, came 4" in fails("x = zeros(4)  # (batch)")


def test_an_unknown_axis_binds_at_first_sight_and_must_then_agree():
    shapes.axes(tgt_len=None)
    for axis in ("tgt_len", "never_declared"):
        assert run(f"x = zeros(4)  # ({axis})\ny = zeros(4)  # ({axis})")
        text = fails(f"x = zeros(4)  # ({axis})\ny = zeros(6)  # ({axis})")
        assert f"dim=0 ({axis}) should be 4, came 6" in text
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
        names = {name for name in space if not name.startswith("__shapes_")}
        tensors = {n: t.tolist() for n, t in space.items() if torch.is_tensor(t)}
        left.append((names, tensors, box.uses, box.value.tolist()))
    assert left[0] == left[1]


REFUSED = {
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


@pytest.mark.parametrize("kind", REFUSED)
def test_out_of_place_is_refused_with_the_places_where_it_may_stand(kind):
    source = REFUSED[kind]
    line = next(i for i, text in enumerate(source.split("\n"), 1) if "# " in text)
    text = fails(source, box=Box())
    assert text.startswith(f"line {line}\n----> {line:2} ")
    assert "can only end an assignment, an expression, a return" in text
    assert "begin any other comment with a word" in text


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
    assert "a float came, which has no shape" in message(1.5, "()")
    assert "a dict came, which has no shape" in message({}, "(batch)")


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
    tree = ast.parse(source := "def f():  # (batch)\n    pass")
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
    monkeypatch.setitem(vars(checks), "scope", None)  # calling it would raise
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
def notebook(monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    main, path = sys.modules["__main__"], sys.path[:]
    yield Notebook()
    InteractiveShell.clear_instance()
    sys.modules["__main__"], sys.path[:] = main, path


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
        "x = 1\ny = 2  # (batch": (
            "ShapeError in line 2\n---->  2 y = 2  # (batch\n`(batch` is no shape"
        ),
    }.items():
        seen = notebook.run(code)
        assert isinstance(seen.error, ShapeError)
        assert seen.out.startswith(start)
        assert seen.table is None
        assert "Traceback" not in seen.out
        assert ".py" not in seen.out


def test_a_cell_that_cannot_be_checked_does_not_run(notebook):
    notebook.run("kept = 1\nkept = 2  # (batch")
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
    assert notebook.shell.user_ns["f"](9).shape == (9,)  # as a widget's callback would
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
        seen = notebook.run("kept = 3")
    assert isinstance(seen.error, ShapeError)
    assert "before it ran\nRuntimeError('a bug of ours')" in str(seen.error)
    assert "kept" not in notebook.shell.user_ns
    assert checked(notebook)


def test_checks_come_back_and_say_so(notebook):
    notebook.shell.ast_transformers.clear()
    seen = notebook.run(FALSE)
    assert "switched the shape checks off; they are on again" in seen.out
    assert isinstance(seen.error, ShapeError)
    assert checked(notebook)
    notebook.shell.input_transformers_post.clear()
    seen = notebook.run("x = zeros(8)  # (batch)")
    assert "text and code differ" in str(seen.error)
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
    assert "another tool rewrites cells: run it again" in str(seen.error)
    assert checked(notebook)
    assert notebook.run("x = zeros(TWO, 4)  # (batch, 8)").error is None


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
        patch.setitem(vars(checks), "scope", None)  # calling it would raise
        seen = notebook.run(f"{TIMED[kind]}\nf()" if kind[0] != "%" else TIMED[kind])
    assert seen.error is None
    assert seen.table is None
    assert "__shapes_0__" not in notebook.shell.user_ns  # the code was left as it was
    assert seen.note == (
        "This cell is being timed, so its shape comments were not checked."
    )
    assert isinstance(notebook.run("f()").error, ShapeError)
    assert checked(notebook)


def test_a_timed_cell_without_shape_comments_says_nothing(notebook):
    assert notebook.run("t = time.perf_counter()").note == ""


def test_a_timed_cell_still_refuses_what_cannot_be_read(notebook):
    for code in ("t = time.time()\nx = 1  # (batch", "%%time\nx = 1  # (batch"):
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
