"""A few lines of code, run at chosen sizes: what each line made, or who refused it.

Small sizes are asked with real tensors, so that the verdict is a notebook's own; large
ones on PyTorch's meta device, where a tensor has a shape and no numbers.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.overrides import TorchFunctionMode

from seq2seq_lesson.attention import Attention, masked_softmax
from seq2seq_lesson.decoder import AttendAfter, AttendBefore, PlainDecoder
from seq2seq_lesson.encoder import Encoder
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, sequence_loss
from seq2seq_lesson.shapes.comments import ShapeError, check, parse
from seq2seq_lesson.vocabulary import PAD

AXES = {  # the size to begin with; pairwise different, so that a swap shows
    "batch": 4, "src_len": 7, "tgt_len": 3, "layers": 1, "directions": 2, "emb": 5,
    "enc_hid": 8, "enc": 16, "hid": 10, "att": 9, "src_vocab": 15, "tgt_vocab": 13,
    "max_len": 32,
}  # fmt: skip
MOST = dict.fromkeys(AXES, 4096) | dict.fromkeys(("src_len", "tgt_len", "max_len"), 100)
MOST |= {"layers": 4, "directions": 2}
ELSEWHERE = {  # primes, where nothing fits by chance
    "batch": 7, "src_len": 11, "tgt_len": 5, "layers": 3, "directions": 2, "emb": 13,
    "enc_hid": 17, "enc": 29, "hid": 19, "att": 23, "src_vocab": 31, "tgt_vocab": 37,
    "max_len": 41,
}  # fmt: skip
CHEAP = 64  # no size longer than that: real tensors
_OWN = (AttendAfter, AttendBefore, Attention, Encoder, ModelConfig, PlainDecoder)
PARTS: dict[str, Any] = {
    "PAD": PAD,
    **{part.__name__: part for part in (*_OWN, Seq2Seq, masked_softmax, sequence_loss)},
}
HELPERS = {
    "torch": torch, "nn": nn, "F": F, "pack_padded_sequence": pack_padded_sequence,
    "pad_packed_sequence": pad_packed_sequence,
}  # fmt: skip
Sizes = Mapping[str, int]


@dataclass(frozen=True)
class Seen:
    """A tensor in a line: its axes by name, or by number where nobody named them.

    notes: what is to be told of an axis, by its place: "wrong", "summed", "stretched"
    """

    name: str
    axes: tuple[str, ...]
    sizes: tuple[int, ...]
    bytes: int = 0
    notes: tuple[tuple[int, str], ...] = ()

    @property
    def shape(self) -> str:
        """Axes and sizes in words, such as (batch 4, 1, emb 5)."""
        pairs = zip(self.axes, self.sizes, strict=True)
        return f"({', '.join(a if a == str(n) else f'{a} {n:,}' for a, n in pairs)})"


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
    given: bool = False  # its shape stands in the code


@dataclass(frozen=True)
class Run:
    """What came of a text: its lines, and every name that stands for a size."""

    lines: tuple[Line, ...]
    sizes: tuple[tuple[str, int], ...]

    @property
    def true(self) -> bool:
        return all(line.state == "true" for line in self.lines)

    def shapes(self, name: str) -> list[tuple[int, ...]]:
        """Every shape that a tensor of this name has had."""
        made = (seen for line in self.lines for seen in line.made)
        return [seen.sizes for seen in made if seen.name == name]


def axes_of(text: str) -> list[str]:
    """The axes that a text asks for, its own assignments left out."""
    words = set(re.findall(r"\b[^\W\d]\w*\b(?! *=[^=])", text))
    own = set(re.findall(r"(?m)^(\w+) = ", text))
    return [axis for axis in AXES if axis in words - own]


def run(text: str, sizes: Sizes) -> Run:
    """Run a text at these sizes, line by line, up to the first refusal."""
    chosen = {axis: sizes[axis] for axis in axes_of(text)}
    return _run(text, tuple(chosen.items()))


def by_chance(text: str, sizes: Sizes) -> Line | None:
    """The line that fails at other sizes, if all are true at these."""
    if not run(text, sizes).true:
        return None
    lines = run(text, ELSEWHERE).lines
    return next((line for line in lines if line.state != "true"), None)


@lru_cache(maxsize=64)
def _run(text: str, sizes: tuple[tuple[str, int], ...]) -> Run:
    try:
        tree = ast.parse(text)
        comments = dict(_comments(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        said = f"Python says: “{getattr(problem, 'msg', problem)}”"
        number = getattr(problem, "lineno", None) or 1
        code = (text.splitlines() or [""])[min(number, text.count("\n") + 1) - 1]
        return Run((Line(number, code, "refused", said=(said,)),), sizes)
    numbers = [n for _, n in sizes]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            numbers.append(int(abs(min(node.value, 1e9))))
        numbers += [CHEAP + 1] * isinstance(node, ast.Pow)
    largest = prod(sorted(n for _, n in sizes)[-4:])
    real = max(numbers, default=1) <= CHEAP and largest <= CHEAP**4 // 4
    lines: list[Line] = []
    space: dict[str, Any] = {**HELPERS, **PARTS, **dict(sizes)}
    known: dict[str, Seen] = {}
    with (
        torch.random.fork_rng(devices=[]),
        torch.no_grad(),
        torch.device("cpu" if real else "meta"),
        nullcontext() if real else OneStep(),
        redirect_stdout(io.StringIO()),
    ):
        torch.manual_seed(0)
        for node in tree.body:
            code = ast.get_source_segment(text, node) or ""
            if lines and lines[-1].state in ("refused", "waiting"):
                lines.append(Line(node.lineno, code, "waiting"))
            else:
                comment = comments.get(node.end_lineno or 0)
                lines.append(_step(node, code, comment, space, known))
    return Run(tuple(lines), tuple(_sizes(space).items()))


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """What may be a shape comment, by its line."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comment = token.string.lstrip("#").strip()
            if re.match(r"\(|(packed|None)\b", comment):
                yield token.start[0], comment


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


def _step(
    node: ast.stmt,
    code: str,
    comment: str | None,
    space: dict[str, Any],
    known: dict[str, Seen],
) -> Line:
    """Run one statement, and hold what it made against its comment."""
    line = Line(node.lineno, code)
    kind, parts = _operands(node, space, known)
    names: Any = ""
    value: object = None
    try:
        if isinstance(node, ast.Expr):
            names, value = ast.unparse(node.value), _evaluated(node.value, space)
        else:
            exec(compile(ast.Module([node], []), "<lines>", "exec"), space)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                target = (
                    node.targets[0] if isinstance(node, ast.Assign) else node.target
                )
                names = _names(target)
                value = eval(ast.unparse(target), space)
    except Exception as refusal:
        said, culprits = _refusal(refusal, kind, parts, node, space, known)
        return replace(line, state="refused", parts=culprits, said=said)
    sizes = _sizes(space)
    made = tuple(_made(names, value, sizes))
    state, said = "true", ()
    if comment and (made or (value is None and comment.startswith("None"))):
        try:
            promised = [one for one in check(comment, names, value, sizes) if one.came]
        except ShapeError as problem:
            slip = str(problem).splitlines()[-1].strip()
            state, said = "false", (f"Promised: {comment.partition(';')[0]}. {slip}.",)
            made = tuple(_marked(comment, made, sizes))
        else:
            made = tuple(
                replace(seen, axes=tuple(map(str, one.promised.axes)))
                for seen, one in zip(made, promised, strict=True)
                if one.promised
            )
            space.update({a: n for a, n in sizes.items() if a not in space})
    if isinstance(value, nn.Module):
        many = sum(part.numel() for part in value.parameters())
        said = (*said, f"{names}: {many:,} parameters")
    if hasattr(node, "body"):
        said = ("Comments inside a block are checked in a cell, not here.",)
    known.update({seen.name: seen for seen in made})
    given = bool(re.search(r"= torch\.(zeros|ones|randint|linspace|arange)\(", code))
    parts = _told(kind, parts)
    return replace(line, state=state, made=made, parts=parts, said=said, given=given)


def _sizes(space: Mapping[str, Any]) -> dict[str, int]:
    """Every name that stands for a size."""
    return {k: n for k, n in space.items() if type(n) is int and n > 0}


def _evaluated(node: ast.expr, space: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "<lines>", "eval"), space)


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
        axes = [
            a[0] if len(a) == 1 else str(n) for a, n in zip(called, shape, strict=True)
        ]
        many = value.nbytes if isinstance(value, Tensor) else 0
        yield Seen(str(name), tuple(axes), shape, many)
    elif isinstance(value, tuple | list):
        several = isinstance(name, tuple) and len(name) == len(value)
        for i, part in enumerate(value):
            yield from _made(name[i] if several else f"{name}[{i}]", part, sizes)


def _marked(comment: str, made: tuple[Seen, ...], sizes: Sizes) -> Iterator[Seen]:
    """What came in the place of what was promised, the axes that differ marked."""
    try:
        promise = parse(comment)
    except ShapeError:
        promise = None
    promises = promise if isinstance(promise, list) else [promise] * len(made)
    for seen, shape in zip(made, promises, strict=False):
        axes, notes = list(seen.axes), []
        same = shape and len(shape.axes) == len(axes)
        for place, size in enumerate(seen.sizes):
            try:
                wanted = eval(shape.axes[place], {}, dict(sizes)) if same else None
            except (NameError, ZeroDivisionError):
                wanted = None
            if wanted == size:
                axes[place] = shape.axes[place]
            else:
                notes.append((place, "wrong"))
        yield replace(seen, axes=tuple(axes), notes=tuple(notes))


def _operands(
    node: ast.stmt, space: dict[str, Any], known: Mapping[str, Seen]
) -> tuple[str, tuple[Seen, ...]]:
    """What a statement joins: how ("@", an equation, "each" number), and what."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr):
        for part in ast.walk(node):
            match part:
                case ast.BinOp(left, ast.MatMult(), right):
                    kind, sides = "@", [left, right]
                case ast.BinOp(left, _, right) | ast.Compare(left, _, [right]):
                    kind, sides = "each", [left, right]
                case ast.Call(
                    ast.Attribute(attr="einsum"), [ast.Constant(how), *sides]
                ):
                    kind = str(how)
                case _:
                    continue
            try:
                values = [_evaluated(side, space) for side in sides]
            except Exception:  # it will be told when the statement itself is run
                continue
            if all(isinstance(value, Tensor) for value in values):
                return kind, tuple(
                    _known(ast.unparse(side), value, space, known)
                    for side, value in zip(sides, values, strict=True)
                )
    return "", ()


def _known(
    name: str, value: Tensor, space: Mapping[str, Any], known: Mapping[str, Seen]
) -> Seen:
    (seen,) = _made(name, value, _sizes(space))
    old = known.get(name)
    return replace(old, notes=()) if old and old.sizes == seen.sizes else seen


def _told(kind: str, parts: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """Which axes are summed away or stretched; nothing where there are none."""
    notes: list[list[tuple[int, str]]] = [[] for _ in parts]
    if kind == "@":
        for seen, own, place in zip(parts, notes, (-1, -2), strict=True):
            own.append((max(len(seen.axes) + place, 0), "summed"))
    elif "->" in kind:
        inputs, _, output = kind.replace(" ", "").partition("->")
        for letters, own in zip(inputs.split(","), notes, strict=False):
            gone = [place for place, a in enumerate(letters) if a not in output]
            own += [(place, "summed") for place in gone]
    elif kind == "each" and len({seen.sizes for seen in parts}) > 1:
        whole = torch.broadcast_shapes(*(seen.sizes for seen in parts))
        for seen, own in zip(parts, notes, strict=True):
            behind = whole[len(whole) - len(seen.sizes) :]
            pairs = enumerate(zip(seen.sizes, behind, strict=True))
            own += [(place, f"→ {m}") for place, (n, m) in pairs if n != m]
    else:
        return ()
    return tuple(
        replace(seen, notes=tuple(own)) for seen, own in zip(parts, notes, strict=True)
    )


def _refusal(
    problem: Exception,
    kind: str,
    parts: tuple[Seen, ...],
    node: ast.stmt,
    space: dict[str, Any],
    known: Mapping[str, Seen],
) -> tuple[tuple[str, ...], tuple[Seen, ...]]:
    """Whose refusal it is, and where the shapes part, in axis names."""
    text = " ".join(str(problem).split())
    trace = problem.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename if trace else ""
    ours = isinstance(problem, ValueError) and "seq2seq_lesson" in file
    own = isinstance(problem, RuntimeError | IndexError) or "/torch/" in file
    judge = "This package" if ours else "PyTorch" if own else "Python"
    said = [f"{judge} says: “{text[:300] or type(problem).__name__}”"]
    if isinstance(problem, NameError):
        near = get_close_matches(str(problem.name), {**AXES, **space}, 1)
        said += [f"Did you mean {name}?" for name in near]
        said.append(f"The axes: {', '.join(AXES)}.")
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & space.keys()
    tensors = {name: space[name] for name in sorted(used)}
    parts = parts or tuple(
        _known(name, value, space, known)
        for name, value in tensors.items()
        if isinstance(value, Tensor)
    )
    pairs = _parting(text)
    if kind == "each" and not pairs:
        backwards = zip(parts[0].sizes[::-1], parts[1].sizes[::-1], strict=False)
        pairs = [pair for pair in backwards if pair[0] != pair[1] and 1 not in pair]
    if pairs and not ours:
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
        called = {n: axis for axis, n in reversed(_sizes(space).items())}
        for seen in reversed(parts):
            called |= dict(zip(seen.sizes, seen.axes, strict=True))
        both = [[f"{called.get(n, '')} {n}".strip() for n in pair] for pair in pairs]
        met = " and ".join(f"{one} meets {other}" for one, other in both)
        said.append(f"In axis names: {met}.")
    return tuple(said), parts


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
