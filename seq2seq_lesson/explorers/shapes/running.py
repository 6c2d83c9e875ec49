"""A few lines of code, run at chosen sizes: what each line made, or who refused it.

Small sizes are asked with real tensors, so that the verdict is a notebook's own; large
ones on PyTorch's meta device, where a tensor has a shape and no numbers.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from itertools import zip_longest
from math import prod
from traceback import extract_tb
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import TorchFunctionMode

from seq2seq_lesson.drawing import axis_label
from seq2seq_lesson.shapes.comments import ShapeError, check, measure, parse, promises
from seq2seq_lesson.shapes.rewriter import shape_comments

AXES = {  # the size to begin with; pairwise different, so that a swap shows
    "batch": 4, "src_len": 7, "tgt_len": 3, "layers": 1, "directions": 2, "emb": 5,
    "enc_hid": 8, "enc": 16, "hid": 10, "att": 9, "src_vocab": 15, "tgt_vocab": 13,
    "max_len": 32,
}  # fmt: skip
MOST = dict.fromkeys(AXES, 4096) | dict.fromkeys(("src_len", "tgt_len", "max_len"), 100)
MOST |= {"layers": 4, "directions": 2}
PRIMES = (7, 11, 5, 3, 2, 13, 17, 29, 19, 23, 31, 37, 41)
ELSEWHERE = dict(zip(AXES, PRIMES, strict=True))  # where nothing fits by chance
CHEAP = 64  # no size longer than that: real tensors
IMPORTS = """\
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence
from torch.nn.utils.rnn import pad_packed_sequence
from seq2seq_lesson.attention import Attention
from seq2seq_lesson.attention import masked_softmax
from seq2seq_lesson.decoder import AttendAfter
from seq2seq_lesson.decoder import AttendBefore
from seq2seq_lesson.decoder import PlainDecoder
from seq2seq_lesson.encoder import Encoder
from seq2seq_lesson.seq2seq import ModelConfig
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.seq2seq import sequence_loss
from seq2seq_lesson.vocabulary import PAD
"""
NAMES: dict[str, Any] = {}  # what every line knows
exec(IMPORTS, NAMES)
Sizes = Mapping[str, int]


@dataclass(frozen=True)
class Seen:
    """A tensor in a line: its axes by name, or by number where nobody named them.

    notes: what is to be told of an axis, by its place: "wrong", "summed", "→ 4"
    """

    name: str
    axes: tuple[str, ...]
    sizes: tuple[int, ...]
    bytes: int = 0
    notes: tuple[tuple[int, str], ...] = ()

    @property
    def shape(self) -> str:
        """Axes and sizes in words, such as (batch 4, 1, emb 5)."""
        return f"({', '.join(map(axis_label, self.axes, self.sizes))})"


@dataclass(frozen=True)
class Line:
    """One statement: what it made, of what, and what there is to say of it.

    state: "true" (or nothing was promised), "false", "refused", or "waiting"
    """

    number: int
    code: str
    state: str = "true"
    made: tuple[Seen, ...] = ()
    parts: tuple[Seen, ...] = ()
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What came of a text: its lines, and every name that stands for a size."""

    lines: tuple[Line, ...]
    sizes: tuple[tuple[str, int], ...]

    @property
    def true(self) -> bool:
        return all(line.state == "true" for line in self.lines)

    @property
    def made(self) -> list[Seen]:
        """Every tensor that its lines made."""
        return [seen for line in self.lines for seen in line.made]


def axes_of(text: str) -> list[str]:
    """The axes that a text asks for, its own assignments left out."""
    words = set(re.findall(r"\b[^\W\d]\w*\b(?! *=[^=])", text))
    own = set(re.findall(r"(?m)^(\w+) = ", text))
    return [axis for axis in AXES if axis in words - own]


def run(text: str, sizes: Sizes) -> Run:
    """Run a text at these sizes, line by line, up to the first refusal."""
    return _run(text, tuple((axis, sizes[axis]) for axis in axes_of(text)))


def by_chance(text: str, sizes: Sizes) -> Line | None:
    """The line that fails at other sizes, if all are true at these."""
    lines = run(text, ELSEWHERE).lines if run(text, sizes).true else ()
    return next((line for line in lines if line.state != "true"), None)


def refusal(problem: Exception) -> str:
    """Whose refusal it is, and its words."""
    words = " ".join(str(getattr(problem, "msg", problem)).split())
    *_, last = extract_tb(problem.__traceback__)
    theirs = "/torch/" in last.filename or isinstance(
        problem, RuntimeError | IndexError
    )
    return f"{'PyTorch' if theirs else 'Python'} says: “{words[:300]}”"


@lru_cache(maxsize=64)
def _run(text: str, sizes: tuple[tuple[str, int], ...]) -> Run:
    try:
        statements = _statements(text)
    except Exception as problem:
        number = getattr(problem, "lineno", None) or 1
        code = "".join(text.splitlines()[number - 1 : number])
        said = (refusal(problem),)
        return Run((Line(number, code, "refused", said=said),), sizes)
    numbers = [n for _, n in sizes] + [*map(int, re.findall(r"\d{1,9}", text))]
    many = prod(sorted(n for _, n in sizes)[-4:])
    real = max(numbers, default=1) <= CHEAP and many <= CHEAP**4 // 4
    real = real and "**" not in text
    lines: list[Line] = []
    space = _Space(sizes)
    with (
        torch.random.fork_rng(devices=[]),
        torch.no_grad(),
        torch.device("cpu" if real else "meta"),
        nullcontext() if real else OneStep(),
        redirect_stdout(io.StringIO()),
    ):
        torch.default_generator.manual_seed(0)
        for node, code, comment in statements:
            if lines and lines[-1].state in ("refused", "waiting"):
                lines.append(Line(node.lineno, code, "waiting"))
            else:
                lines.append(space.step(node, code, comment))
    return Run(tuple(lines), tuple(space.sizes.items()))


@lru_cache(maxsize=16)
def _statements(text: str) -> list[tuple[ast.stmt, str, str]]:
    """Each statement, its code, and the comment that may be its shape.

    Raises
        SyntaxError: Python cannot read it, or it might never end.
    """
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            said = "a while might never end, and nothing here could stop it: use a for"
            raise SyntaxError(said, ("", node.lineno, 0, ""))
    comments = {line: comment for line, comment, *_ in shape_comments(text, AXES)}
    return [
        (node, ast.get_source_segment(text, node) or "", comments.get(last, ""))
        for node in tree.body
        if (last := node.end_lineno)
    ]


class OneStep(TorchFunctionMode):
    """On the meta device a recurrent layer takes one step, which stands for all.

    There the time that a step takes is PyTorch's own, and long; a shape needs one.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = getattr(function, "__name__", "")
        if name not in ("gru", "lstm", "rnn_tanh", "rnn_relu"):
            return function(*args, **(kwargs or {}))
        words = args[0]
        if isinstance(args[3], bool):  # not packed; the last argument: batch_first
            time = 1 if args[-1] and words.dim() == 3 else 0
            states, *last = function(words.narrow(time, 0, 1), *args[1:])
            shape = list(states.shape)
            shape[time] = words.shape[time]
            return states.expand(shape), *last
        first = int(args[1][0])
        states, *last = function(words[:first], args[1][:1], *args[2:])
        return states[:1].expand(len(words), -1), *last


class _Space:
    """The names of a text while it runs, and what was last seen of each."""

    def __init__(self, sizes: tuple[tuple[str, int], ...]) -> None:
        self.names = {**NAMES, **dict(sizes)}
        self.known: dict[str, Seen] = {}

    @property
    def sizes(self) -> dict[str, int]:
        """Every name that stands for a size."""
        return {k: n for k, n in self.names.items() if type(n) is int and n > 0}

    def step(self, node: ast.stmt, code: str, comment: str) -> Line:
        """Run one statement, and hold what it made against its comment."""
        line, parts = Line(node.lineno, code), self.operands(node)
        name: Any = ""
        value: object = None
        try:
            if isinstance(node, ast.Expr):
                name, value = ast.unparse(node.value), self.value(node.value)
            else:
                exec(compile(ast.Module([node], []), "<lines>", "exec"), self.names)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                to = node.targets[0] if isinstance(node, ast.Assign) else node.target
                name, value = _names(to), eval(ast.unparse(to), self.names)
        except Exception as problem:
            said, parts = self.refused(problem, parts or self.used(node))
            return replace(line, state="refused", parts=parts, said=said)
        sizes, shapes, state, said = self.sizes, None, "true", ()
        made = tuple(_made(name, value, sizes))
        if comment and (made or (value is None and comment.startswith("None"))):
            try:
                shapes = parse(comment)
                held = [one for one in check(comment, name, value, sizes) if one.came]
            except ShapeError as problem:
                if promises(comment, AXES):  # else it is a remark
                    slip = str(problem).splitlines()[-1].strip()
                    said = (f"Promised: {comment.partition(';')[0]}. {slip}.",)
                    state, made = "false", tuple(_marked(shapes, made, sizes))
            else:
                made = tuple(
                    replace(seen, axes=one.promised.axes) if one.promised else seen
                    for seen, one in zip(made, held, strict=True)
                )
                self.names = sizes | self.names
        if isinstance(value, nn.Module):
            many = sum(part.numel() for part in value.parameters())
            said = (f"{name}: {many:,} parameters",)
        if hasattr(node, "body"):
            said = ("Comments inside a block are checked in a cell, not here.",)
        self.known.update({seen.name: seen for seen in made})
        if not any(seen.notes for seen in parts) and len({p.sizes for p in parts}) < 2:
            parts = ()  # there is nothing to tell of them
        return replace(line, state=state, made=made, parts=parts, said=said)

    def value(self, node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "<lines>", "eval"), self.names)

    def seen(self, name: str, value: Tensor) -> Seen:
        """A tensor as it was last seen, if it was."""
        (seen,) = _made(name, value, self.sizes)
        old = self.known.get(name)
        return replace(old, notes=()) if old and old.sizes == seen.sizes else seen

    def used(self, node: ast.stmt) -> tuple[Seen, ...]:
        """Every tensor whose name stands in a statement."""
        names = {
            n.id: self.names.get(n.id) for n in ast.walk(node) if type(n) is ast.Name
        }
        tensors = {name: t for name, t in names.items() if isinstance(t, Tensor)}
        return tuple(map(self.seen, tensors, tensors.values()))

    def operands(self, node: ast.stmt) -> tuple[Seen, ...]:
        """What a statement joins, and which axes that sums away or stretches."""
        for part in () if hasattr(node, "body") else ast.walk(node):
            match part:
                case ast.BinOp(left, ast.MatMult(), right):
                    how, sides = "@", [left, right]
                case ast.BinOp(left, _, right) | ast.Compare(left, _, [right]):
                    how, sides = "", [left, right]
                case ast.Call(
                    ast.Attribute(attr="einsum"), [ast.Constant(str(how)), *sides]
                ):
                    pass
                case _:
                    continue
            try:
                values = [self.value(side) for side in sides]
            except Exception:  # it will be told when the statement itself is run
                continue
            if all(isinstance(value, Tensor) for value in values):
                seen = [*map(self.seen, map(ast.unparse, sides), values)]
                return tuple(_joined(how, seen))
        return ()

    def refused(
        self, problem: Exception, parts: tuple[Seen, ...]
    ) -> tuple[tuple[str, ...], tuple[Seen, ...]]:
        """A refusal, and where the shapes part, in axis names."""
        said = [refusal(problem)]
        if isinstance(problem, NameError):
            near = get_close_matches(str(problem.name), {**AXES, **self.names}, 1)
            said += [f"Did you mean {name}?" for name in near]
            said.append(f"The axes: {', '.join(AXES)}.")
        if pairs := _parting(said[0]):
            called = {n: axis for axis, n in reversed(self.sizes.items())}
            for seen in reversed(parts):
                called |= dict(zip(seen.sizes, seen.axes, strict=True))
            both = [[axis_label(called.get(n, f"{n}"), n) for n in p] for p in pairs]
            met = " and ".join(f"{one} meets {other}" for one, other in both)
            said.append(f"In axis names: {met}.")
            culprits = {n for pair in pairs for n in pair}
            parts = tuple(
                replace(
                    seen,
                    notes=tuple(
                        (i, "wrong") for i, n in enumerate(seen.sizes) if n in culprits
                    ),
                )
                for seen in parts
            )
        return tuple(said), parts


def _names(node: ast.expr) -> Any:
    """The targets of an assignment, as the checker wants them."""
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(map(_names, node.elts))
    return ast.unparse(node)


def _made(name: Any, value: object, sizes: Sizes) -> Iterator[Seen]:
    """The tensors in a value; an axis is called after the one size that it has."""
    value = value.data if isinstance(value, PackedSequence) else value
    if isinstance(value, Tensor | torch.Size):
        shape = tuple(value if isinstance(value, torch.Size) else value.shape)
        called = [[axis for axis in sizes if sizes[axis] == n > 1] for n in shape]
        axes = [a[0] if len(a) == 1 else f"{n}" for a, n in zip(called, shape)]  # noqa: B905
        yield Seen(str(name), tuple(axes), shape, getattr(value, "nbytes", 0))
    elif isinstance(value, tuple | list):
        several = isinstance(name, tuple) and len(name) == len(value)
        for i, part in enumerate(value):
            yield from _made(name[i] if several else f"{name}[{i}]", part, sizes)


def _marked(
    shapes: Any, made: tuple[Seen, ...], sizes: dict[str, int]
) -> Iterator[Seen]:
    """What came in the place of what was promised, the axes that differ marked."""
    several = shapes if isinstance(shapes, list) else [shapes] * len(made)
    for seen, shape in zip(made, several, strict=False):
        axes, notes = [*seen.axes], []
        level = shape and len(shape.axes) == len(axes)
        for place, size in enumerate(seen.sizes):
            if level and measure(shape.axes[place], sizes) == size:
                axes[place] = shape.axes[place]
            else:
                notes.append((place, "wrong"))
        yield replace(seen, axes=tuple(axes), notes=tuple(notes))


def _joined(how: str, parts: list[Seen]) -> Iterator[Seen]:
    """Mark the axes that `@` or an einsum sums away, or that any other stretches."""
    behind = zip_longest(*(seen.sizes[::-1] for seen in parts), fillvalue=1)
    most = [*map(max, behind)]
    inputs, arrow, output = how.replace(" ", "").partition("->")
    letters = dict(enumerate(inputs.split(",")))
    for number, seen in enumerate(parts):
        last, own = len(seen.sizes) - 1, enumerate(letters.get(number, ""))
        notes = [(i, "summed") for i, a in own if arrow and a not in output]
        if how == "@":
            notes = [(max(last - number, 0), "summed")]
        elif not how:
            pairs = [(i, most[last - i]) for i, n in enumerate(seen.sizes) if n == 1]
            notes = [(i, f"→ {n}") for i, n in pairs if n != 1]
        yield replace(seen, notes=tuple(notes))


def _parting(refusal: str) -> list[tuple[int, int]]:
    """The pairs of sizes at which the shapes in PyTorch's words part."""
    if inner := re.search(r"(?:x|, )(\d+)\]? (?:and|X) \[?(\d+)(?:x|, )", refusal):
        return [(int(inner[1]), int(inner[2]))]
    aside = r"(dimensions?|dim|number|argument|index|operand|at) #?-?\d+"
    refusal = re.sub(aside, "", refusal)
    found = re.findall(r"[\[(]\d+(?:, ?\d+)+[\])]|(?<![\w.\[(,-])\(?\d+\b", refusal)
    groups = [tuple(map(int, re.findall(r"\d+", part))) for part in found]
    lists = [group for group in groups if len(group) > 1]
    if len(lists) < 2:
        lists = [group for group in groups if len(group) == 1]
    if len(lists) < 2 or len(lists[0]) != len(lists[1]):
        return []
    return [pair for pair in zip(*lists[:2], strict=True) if pair[0] != pair[1]]
