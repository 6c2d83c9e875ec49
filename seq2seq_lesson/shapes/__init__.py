"""Checked shape comments: what stands behind a line is held against its tensors.

    axes(batch=2, src_len=5, att=8)    # once, in the settings cell
    keys_proj = W_k(enc_states)        # (batch, src_len, att)

From the next cell on, a true cell ends with a table of what was seen, and a false
comment raises `ShapeError`. Only `.shape` and `.dtype` are read; no tensor is kept.
How a comment is written and judged is in `comments.py`, how its check gets into
the code in `rewriter.py`; this file ties both to IPython.
"""

import ast
import builtins
import html
import re
import sys
from keyword import iskeyword
from types import SimpleNamespace
from typing import Any

from seq2seq_lesson.palette import tint
from seq2seq_lesson.shapes.comments import ShapeError, check
from seq2seq_lesson.shapes.rewriter import HOME, Rewriter, shape_comments

__all__ = ["ShapeError", "axes", "show_tables"]

_CLOCKS = {"perf_counter", "process_time", "monotonic", "timeit", "median_seconds"}
_CLOCKS |= {"perf_counter_ns", "process_time_ns", "monotonic_ns", "time_ns"}
_CLOCK_CALL = re.compile(
    r"time(\.time)?\(|get_ipython\(\)\.run_(line|cell)_magic\('time(it)?'"
)


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
        for line, *_ in shape_comments(shell.user_ns["In"][-1]):
            raise ValueError(
                f"axes: nothing would check the shape comment in line {line}, because "
                "checks begin with the next cell; give axes(...) a cell of its own"
            )
        checks.install(shell)
    checks.known.update(sizes)


def show_tables(on: bool) -> None:
    """Switch the tables below the cells on or off; the checks go on either way."""
    getattr(builtins, HOME).tables = on


class _Scope:
    """What is bound so far in one call, one turn, or one cell's top level."""

    def __init__(self, checks: "_Checks", bound: dict[str, int]) -> None:
        self.checks, self.bound = checks, bound

    def turn(self) -> "_Scope":
        return _Scope(self.checks, self.bound)

    def hold(self, site: tuple, value: object) -> object:
        """Hold a value against the comment of its line, and hand it on."""
        place, comment, names, header = site
        known = {name: size for name, size in self.checks.known.items() if size}
        sizes = self.bound | known
        try:
            tensors = check(comment, names, value, sizes)
        except ShapeError as problem:
            raise ShapeError(f"{header}\n{problem}") from None
        self.bound = {name: sizes[name] for name in sizes.keys() - known.keys()}
        for seen in tensors if self.checks.cells else ():
            rows, came = self.checks.cells[-1].rows, seen.came.axes if seen.came else ()
            low, high, count, _ = rows.get((place, seen.name), (came, came, 0, seen))
            low, high = tuple(map(min, low, came)), tuple(map(max, high, came))
            rows[place, seen.name] = low, high, count + 1, seen
        return value


class _Checks:
    """All that lasts, and what IPython calls around a cell."""

    error = ShapeError

    def __init__(self) -> None:
        self.known: dict[str, int | None] = {}
        self.cells: list[Any] = []  # the running one is last; `%%capture` nests them
        self.count, self.on, self.tables = 0, False, True
        self.shell: Any = None  # IPython's, from the first `axes` on
        self.source = ""

    def scope(self) -> _Scope:
        return _Scope(self, {})

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
        self.count, self.on = self.count + 1, True
        cell = SimpleNamespace(number=self.count, rows={}, timed=False, unchecked=False)
        self.cells.append(cell)
        if self.attach():
            print("Something had switched the shape checks off; they are on again.")

    def visit(self, tree: ast.Module) -> ast.Module:
        """Place the checks in a cell's tree; if that fails, failing is all it does."""
        if not self.cells:  # a silent request of the notebook's front end
            return tree
        cell = self.cells[-1]
        try:
            cell.timed |= _reads_clock(tree)
            self.on = not cell.timed
            text_tree = ast.parse(self.source)
            own = ast.dump(tree, True, True) == ast.dump(text_tree, True, True)
            if not own and not cell.timed:
                raise ShapeError(
                    "this cell, whose text and code differ because another tool "
                    "rewrites cells: run it again, or switch that tool off"
                )
            rewriter = Rewriter(tree, self.source if own else "", cell.number)
            cell.unchecked |= cell.timed and bool(rewriter.comments)
            return tree if cell.timed else rewriter.visit(tree)
        except Exception as problem:
            clear = isinstance(problem, ShapeError)
            text = f"{problem}" if clear else f"this cell, before it ran\n{problem!r}"
            return ast.parse(f"raise {HOME}.error({text!r})")

    def post_run_cell(self, result: Any) -> None:
        """End a cell, below its own output."""
        if not self.cells:  # it was the one that called `axes` first
            return
        from IPython.display import display

        cell = self.cells.pop()
        self.on = bool(self.cells) and not self.cells[-1].timed
        if cell.unchecked:
            note = "This cell is being timed, so its shape comments were not checked."
            display({"text/plain": note}, raw=True)
        rows = _folded(cell.rows, cell.number)
        if self.tables and rows and result and result.success:
            display(_table(rows), raw=True)


def _reads_clock(tree: ast.AST) -> bool:
    """Does a cell time something? Then nothing of ours may run in it."""
    nodes = list(ast.walk(tree))
    words = {getattr(node, "id", getattr(node, "attr", None)) for node in nodes}
    calls = [ast.unparse(node) for node in nodes if isinstance(node, ast.Call)]
    return bool(words & _CLOCKS) or any(map(_CLOCK_CALL.match, calls))


def _folded(rows: dict, cell: int) -> list[tuple]:
    """What a cell's table has to tell: of each row its place, name, sizes and tensor.

    `_` and tensors without axes tell nothing. A function of an earlier cell was told
    there, line by line; here its last line stands for all, mostly what it returns.
    """
    told: dict[tuple, tuple] = {}
    lines: dict[tuple, set[int]] = {}
    for ((number, function, line, within), name), row in rows.items():
        low, high, count, seen = row
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
        texts[3] = re.sub(r"\b(?!packed\b|None\b)[^\W\d]\w*", _tinted, texts[3])
        page += "</tr><tr>"
        page += "".join(f'<td style="text-align: left">{text}</td>' for text in texts)
    widths = [max(map(len, column)) for column in zip(*plain, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in plain]
    style = "font-family: monospace; color: currentColor; white-space: nowrap"
    table = f'<table style="{style}"><tr>{page}</tr></table>'
    return {"text/plain": "\n".join(lines), "text/html": table}


def _tinted(axis: re.Match) -> str:
    """An axis on the colour of its family."""
    return f'<span style="background: {tint(axis[0])}">{axis[0]}</span>'


_checks = _Checks()
vars(_checks).update(vars(getattr(builtins, HOME, _checks)))  # a reload takes over
setattr(builtins, HOME, _checks)
