"""Checked shape comments: what stands behind a line is held against its tensors.

    axes(batch=2, src_len=5, att=8)    # once, in the settings cell
    keys_proj = W_k(enc_states)        # (batch, src_len, att)

From the next cell on, a true cell ends with a table of what was seen, and a false
comment raises `ShapeError`. A bracket that names no declared axis, number or product
and does not fit, or has no tensor before it, is a remark: it stops nothing, and a line
below the cell tells it. Only `.shape` and `.dtype` are read; no tensor is kept.
How a comment is written and judged is in `comments.py`, how its check gets into
the code in `rewriter.py`; this file ties both to IPython.
"""

import ast
import builtins
import html
import re
import sys
from collections.abc import Collection, Mapping
from functools import partial
from keyword import iskeyword
from tokenize import TokenError
from types import FrameType, SimpleNamespace
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence

from seq2seq_lesson.palette import tint
from seq2seq_lesson.shapes import comments
from seq2seq_lesson.shapes.comments import Seen, ShapeError
from seq2seq_lesson.shapes.rewriter import (
    ASIDE,
    COMPILING,
    HOME,
    ON,
    Rewriter,
    shape_comments,
)

__all__ = ["ShapeError", "axes", "show_tables"]

_CLOCKS = {"perf_counter", "process_time", "monotonic", "timeit", "median_seconds"}
_CLOCKS |= {"perf_counter_ns", "process_time_ns", "monotonic_ns", "time_ns"}
_TOLD = {
    "timed": "This cell is being timed, so its shape comments were not checked.",
    "remark": "Taken as remarks, not checked: {}. A shape names an axis of axes(...), "
    "a number or a product and stands behind a tensor, as in # (batch, 2*hid).",
    "trace": "Not checked inside a trace (torch.compile, jit, fx or export): {}.",
    "text": "Not checked, because exec runs it as a text: {}.",
    "unread": "This cell could not be read, so its shape comments were not checked: "
    "{}.",
}


def axes(**sizes: int | None) -> None:
    """Declare axes, and check the shape comments of every later cell.

    An axis that is None, or never declared, is bound at first sight and must then agree
    within one call of a function, one turn of a loop, or one cell's top level.

    Raises
        ValueError: a name is no plain word; a size is no whole number from 1 up; or
            the first cell to call this has shape comments, which nothing would check.
    """
    for name, size in sizes.items():
        if not name.isidentifier() or iskeyword(name):
            raise ValueError(f"axes: {name!r} is no axis; use a word such as src_len")
        if size is not None and (type(size) is not int or size < 1):
            raise ValueError(f"axes: {name}={size!r}; give a whole number >= 1 or None")
    checks, ipython = getattr(builtins, HOME), sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell and shell is not checks.shell:
        for line, comment in _shapes_in(shell.user_ns.get("In", [""])[-1], sizes):
            raise ValueError(
                f"axes: nothing would check {comment} in line {line}, because "
                "checks begin with the next cell; give axes(...) a cell of its own"
            )
        checks.install(shell)
    checks.known = checks.known | sizes
    checks.declared |= sizes.keys()


def show_tables(on: bool) -> None:
    """Switch the tables below the cells on or off; the checks go on either way."""
    getattr(builtins, HOME).tables = on


def _shapes_in(source: str, declared: Collection[str]) -> list[tuple[int, str]]:
    """The comments of a text that must be shapes: line and text."""
    try:
        found = [*shape_comments(source, declared)]
    except (TokenError, SyntaxError):  # a magic that is no Python
        return []
    return [
        (line, text) for line, text, _ in found if comments.promises(text, declared)
    ]


class _Row:
    """What one line has made in a cell, and when it need not be judged again."""

    def __init__(self, seen: list[Seen]) -> None:
        self.count, self.seen = 0, seen
        self.low = self.high = [part.came.axes if part.came else () for part in seen]
        self.like: list[tuple[Any, Any, Any]] = []  # of each: kind, shape, dtype

    def add(self, seen: list[Seen], value: Any, *state: Any) -> None:
        """One more run: the range of all sizes, the newest, and what made it true."""
        came, self.seen, self.count = _Row(seen).low, seen, self.count + 1
        self.low = [tuple(map(min, *pair)) for pair in zip(self.low, came, strict=True)]
        self.high = [tuple(map(max, *p)) for p in zip(self.high, came, strict=True)]
        parts, self.kind = _parts(value), type(value)
        self.like, (self.known, before, self.new) = [], state
        if all(type(part) in (torch.Tensor, torch.nn.Parameter) for part in parts):
            self.like = [(type(part), part.shape, part.dtype) for part in parts]
            self.before = [(axis, before.get(axis)) for axis in self.new]

    def again(self, value: Any, known: Any, bound: dict[str, int]) -> bool:
        """Did a value like this one pass when all it depends on was the same?"""
        if type(value) is not self.kind or self.known is not known or not self.like:
            return False
        parts = _parts(value)
        if len(parts) != len(self.like):
            return False
        for part, (kind, shape, dtype) in zip(parts, self.like, strict=True):
            if type(part) is not kind or part.shape != shape or part.dtype is not dtype:
                return False
        for axis, size in self.before:
            if bound.get(axis) != size:
                return False
        return True


def _parts(value: Any) -> tuple:
    if type(value) is tuple:
        return value
    return (value.data if type(value) is PackedSequence else value,)


class _Checks:
    """All that lasts, and what IPython calls around a cell."""

    error = ShapeError

    def __init__(self) -> None:
        self.known: Mapping[str, int | None] = {}
        self.declared: set[str] = set()
        self.cells: list[Any] = []  # the running one is last; `%%capture` nests them
        self.scopes: dict[tuple, dict[str, int]] = {}  # what is bound, by call and loop
        self.count, self.tables = 0, True
        self.shell: Any = None  # IPython's, from the first `axes` on
        self.source = ""

    @property
    def on(self) -> bool:
        """The switch, a truth value of its own, which `torch.compile` folds."""
        return getattr(builtins, ON)

    @on.setter
    def on(self, on: bool) -> None:
        if on and not self.on:
            self.scopes.clear()  # calls may have come and gone unseen
        setattr(builtins, ON, on)

    def turn(self, key: Any, depth: int) -> None:
        """Begin a cell, a call, known by its frame, or a turn of a loop in it."""
        key = id(sys._getframe(1)) if key is None else key
        self.scopes[key, depth] = dict(self.scopes.get((key, depth - 1), ()))

    def hold(self, site: tuple, value: Any, frame: FrameType | None = None) -> Any:
        """Hold a value against the comment of its line, and hand it on."""
        key, depth = site[4]
        key = id(frame or sys._getframe(1)) if key is None else key
        bound = self.scopes.setdefault((key, depth), {})
        row = self.cells[-1].rows.get(site) if self.cells else None
        if row and not torch.jit.is_tracing() and row.again(value, self.known, bound):
            bound.update(row.new)
            row.count += 1
        else:
            self.judge(site, value, bound)
        return value

    def judge(self, site: tuple, value: Any, bound: dict[str, int]) -> None:
        """Raise, tell or write down what a comment and its value make of each other."""
        place, comment, names, header, _ = site
        before, known = dict(bound), {n: size for n, size in self.known.items() if size}
        sizes = bound | known
        try:
            if torch.compiler.is_compiling() or torch.jit.is_tracing():
                raise comments.Traced
            seen = comments.check(comment, names, value, sizes)
        except comments.Traced:
            return self.tell("trace", place)
        except ShapeError as problem:
            if comments.promises(comment, self.declared) and comments.shaped(value):
                raise ShapeError(f"{header}\n{problem}") from None
            return self.tell("remark", place, f" # {comment}")
        named = comments.words(comment) & sizes.keys() - known.keys()
        bound.update(new := {name: sizes[name] for name in named})
        if self.cells:
            row = self.cells[-1].rows.setdefault(site, _Row(seen))
            row.add(seen, value, self.known, before, new)

    def tell(self, kind: str, place: tuple, text: str = "") -> None:
        """Let the running cell tell, in one line of that kind, what was not checked."""
        for cell in self.cells[-1:]:
            number, function, line, within = place
            at = f"line {line}" if number == cell.number else f"{function}:{within}"
            cell.told.setdefault(kind, {})[at + text] = None

    def install(self, shell: Any) -> None:
        """Register with IPython; the hooks look the checks up, to survive a reload."""

        def hook(name: str) -> Any:
            return lambda *args: getattr(getattr(builtins, HOME), name)(*args)

        self.shell, self.text_hook = shell, hook("read")
        self.tree_hook = SimpleNamespace(visit=hook("visit"))
        self.attach()
        for event in ("pre_run_cell", "post_run_cell"):
            shell.events.register(event, hook(event))

    def attach(self) -> bool:
        """Enter IPython's transformers; False if we stood there already."""
        trees, texts = self.shell.ast_transformers, self.shell.input_transformers_post
        missing = self.tree_hook not in trees or self.text_hook not in texts
        trees[:] = [self.tree_hook, *(t for t in trees if t is not self.tree_hook)]
        texts[:] = [*(t for t in texts if t is not self.text_hook), self.text_hook]
        return missing

    def read(self, lines: list[str]) -> list[str]:
        """Keep the text that IPython is about to parse: trees have no comments."""
        self.source = "".join(lines)
        return lines

    def pre_run_cell(self, info: object) -> None:
        """Begin a cell."""
        if not self.cells:
            self.scopes.clear()
        self.count, self.on = self.count + 1, True
        self.cells.append(_cell(self.count))
        if self.attach():
            print("Something had switched the shape checks off; they are on again.")

    def visit(self, tree: ast.Module) -> ast.Module:
        """Place the checks in a cell's tree; one that cannot be read runs as it is."""
        if not self.cells:  # a silent request of the notebook's front end
            return tree
        cell = self.cells[-1]
        try:
            own = ast.parse(self.source)
            nodes = list(ast.walk(tree))
            named = {getattr(n, "id", getattr(n, "attr", None)) for n in nodes}
            cell.timed |= bool(named & _CLOCKS) or any(map(_reads_clock, nodes))
            self.on = not cell.timed
            same = ast.dump(tree, True, True) == ast.dump(own, True, True)
            if not same and not cell.timed:
                raise RuntimeError("another tool rewrote it; run it again")
            source = self.source if same else ""
            rewriter = Rewriter(own, source, cell.number, self.declared)
            texts = [t for n in nodes if type(t := getattr(n, "value", 0)) is str]
            unread = [c for text in texts for _, c in _shapes_in(text, self.declared)]
            if cell.timed and (unread or rewriter.comments):
                cell.told["timed"] = {}
            elif unread and "exec" in named:
                cell.told["text"] = {f"# {comment}": None for comment in unread}
            for line, comment in rewriter.remarks:
                self.tell("remark", (cell.number, "", line, line), f" # {comment}")
            return tree if cell.timed else rewriter.visit(own)
        except ShapeError as problem:
            return ast.parse(f"raise {HOME}.error({f'{problem}'!r})")
        except Exception as problem:
            if _shapes_in(self.source, self.declared):
                cell.told["unread"] = {f"{problem}": None}
            return tree

    def post_run_cell(self, result: Any) -> None:
        """End a cell, below its own output."""
        if not self.cells:  # it was the one that called `axes` first
            return
        from IPython.display import display

        cell = self.cells.pop()
        self.on = not (self.cells and self.cells[-1].timed)
        rows = _folded(cell.rows, cell.number)
        if self.tables and rows and result and result.success:
            display(_table(rows), raw=True)
        for kind, what in cell.told.items():
            note = _TOLD[kind].format(", ".join(what))
            display({"text/plain": note}, raw=True)


def _cell(number: int) -> SimpleNamespace:
    return SimpleNamespace(number=number, rows={}, timed=False, told={})


def _reads_clock(node: ast.AST) -> bool:
    """Is it a call that times something? Then nothing of ours may run in its cell."""
    match node:
        case ast.Call(ast.Name("time") | ast.Attribute(ast.Name("time"), "time")):
            return True
        case ast.Call(
            ast.Attribute(attr="run_line_magic" | "run_cell_magic"), [what, *_]
        ):
            return getattr(what, "value", None) in ("time", "timeit", "prun")
    return False


def _folded(rows: dict, cell: int) -> list[tuple]:
    """What a cell's table has to tell: of each row its place, name, sizes and tensor.

    `_` and tensors without axes tell nothing. A function of an earlier cell was told
    there, line by line; here its last line stands for all, mostly what it returns.
    """
    told: dict[tuple, tuple] = {}
    lines: dict[tuple, set[int]] = {}
    parts = [
        (site[0], row.count, *part)
        for site, row in rows.items()
        for part in zip(row.low, row.high, row.seen, strict=True)
    ]
    for (number, function, line, within), count, low, high, seen in parts:
        name = seen.name
        if name == "_" or (seen.came and not seen.came.axes):
            continue
        here = number == cell
        key = (number, function, *((line, name) if here else ()))
        place = f"{line}" if here else f"{function}:{within}"
        name = name if len(name) <= 40 else f"{name[:39]}…"
        lines.setdefault(key, set()).add(line)
        name += f", +{n} lines" if (n := len(lines[key]) - 1) else ""
        place += f" ×{count}" if count > 1 else ""
        told[key] = place, name, low, high, seen
    return list(told.values())


def _table(rows: list[tuple]) -> dict[str, str]:
    """What a cell has shown, as aligned text and as HTML."""
    plain = [["line", "name", "sizes", "axes", "dtype"]]
    page = "".join(f'<th style="text-align: left">{word}</th>' for word in plain[0])
    for place, name, low, high, seen in rows:
        sizes = [a if a == b else f"{a}–{b}" for a, b in zip(low, high, strict=True)]
        shape = seen.promised and seen.promised._replace(axes=tuple(sizes))
        plain.append([place, name, f"{shape}", f"{seen.promised}", seen.dtype])
        texts = [html.escape(text) for text in plain[-1]]
        tip = html.escape(f" in {name} {shape}")
        tinted = partial(_tinted, tip)
        texts[3] = re.sub(r"\b(?!packed\b|None\b)[^\W\d]\w*", tinted, texts[3])
        page += "</tr><tr>"
        page += "".join(f'<td style="text-align: left">{text}</td>' for text in texts)
    widths = [max(map(len, column)) for column in zip(*plain, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in plain]
    style = "font-family: monospace; color: currentColor; white-space: nowrap"
    axes = dict.fromkeys(re.findall('class="(axis-[^"]+)"', page))
    touch = "".join(
        f".shapes:has(.{axis}:hover) span:not(.{axis}){{opacity:.2}}" for axis in axes
    )
    table = f'<table style="{style}" class="shapes"><tr>{page}</tr></table>'
    table += f"<style>{touch}</style>" * bool(touch)
    return {"text/plain": "\n".join(lines), "text/html": table}


def _tinted(tip: str, axis: re.Match) -> str:
    """An axis on the colour of its family; pointed at, it stays and the others fade."""
    word, style = axis[0], f"background: {tint(axis[0])}"
    says = f'class="axis-{word}" title="{word}{tip}"'
    return f'<span {says} style="{style}">{word}</span>'


def _aside(place: tuple) -> bool:
    """Called by `torch.compile` while it reads a line whose check it leaves out."""
    getattr(builtins, HOME).tell("trace", place)
    return False


_checks = _Checks()
vars(_checks).update(vars(getattr(builtins, HOME, _checks)))  # a reload takes over
vars(_aside)["_dynamo_marked_constant"] = True  # as torch.compiler's own decorator
setattr(builtins, HOME, _checks)
setattr(builtins, ON, getattr(builtins, ON, False))
setattr(builtins, COMPILING, torch.compiler.is_dynamo_compiling)
setattr(builtins, ASIDE, _aside)
