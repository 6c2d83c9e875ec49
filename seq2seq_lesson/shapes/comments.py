"""What a shape comment says, and whether it is true of a value.

These are all its forms:

    # (batch, 1, 2*hid, emb + hid)    one tensor: words, numbers, + - * // of them
    # ()                              a tensor without axes
    # (batch, hid), ((1), (1))        a tuple, and a tuple in it; (1) means (1,)
    # packed (tokens, emb)            the data of a PackedSequence
    # None
    # (batch, hid); the last state    behind the semicolon stands what you like
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.nn.utils.rnn import PackedSequence

_SUM: tuple[type[ast.AST], ...] = (ast.Name, ast.Constant, ast.Load, ast.BinOp)
_SUM += (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)


class ShapeError(Exception):
    """A shape comment that is false, out of place, or cannot be read."""

    def _render_traceback_(self) -> list[str]:
        return f"ShapeError in {self}".split("\n")  # all that a notebook shows


class Shape(NamedTuple):
    """One tensor's axes: as words, numbers and sums in a comment, else as sizes."""

    axes: tuple[Any, ...]
    packed: bool = False

    def __str__(self) -> str:
        return f"{'packed ' * self.packed}({', '.join(map(str, self.axes))})"


class Seen(NamedTuple):
    """One tensor that a comment speaks of: what was promised and what came."""

    name: str
    promised: Shape | None
    came: Shape | None
    dtype: str


@cache
def parse(comment: str) -> Any:
    """Read a comment: a `Shape`, None, or a list of these for several values.

    Raises
        ShapeError: it is none of them.
    """
    text = re.sub(r"\s*([(),*/+-])\s*", r"\1", comment.partition(";")[0].strip())
    # A lone axis in brackets gets its comma, unless the brackets belong to a sum.
    text = re.sub(r"(?<![*/+-])\(([^(),]+)\)(?![*/+-])", r"(\1,)", text)
    try:
        return _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        how = "write axes as in # (batch, 2*hid), and other text behind a semicolon"
        raise ShapeError(f"`{comment}` is no shape: {how}") from None


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Call(func=ast.Name(id="packed"), args=parts, keywords=[]):
            return Shape(tuple(map(_axis, parts)), packed=True)
        case ast.Tuple(elts=[ast.Tuple() | ast.Call() | ast.Constant(value=None), *_]):
            return [_value(part) for part in node.elts]
        case ast.Tuple(elts=parts):
            return Shape(tuple(map(_axis, parts)))
    raise SyntaxError


def _axis(node: ast.expr) -> str:
    for part in ast.walk(node):
        if not isinstance(part, _SUM) or type(getattr(part, "value", 0)) is not int:
            raise SyntaxError
    return ast.unparse(node).replace(" * ", "*")


def check(comment: str, name: Any, value: Any, sizes: dict[str, int]) -> list[Seen]:
    """Hold a value against a comment; new axes are bound by entering `sizes`.

    Raises
        ShapeError: what came, what was promised, and where they part.
    """
    tensors = list(_tensors(parse(comment), name, value))
    for _, promised, came, _ in tensors:  # the plain words first: sums build on them
        if promised and came and len(promised.axes) == len(came.axes):
            for axis, size in zip(promised.axes, came.axes, strict=True):
                if axis.isidentifier():
                    sizes.setdefault(axis, size)
    for seen in tensors:
        _judge(seen, sizes)
    return tensors


def _tensors(promise: Any, name: Any, value: Any) -> Iterator[Seen]:
    packed = isinstance(value, PackedSequence)
    data = value.data if packed else value
    several = isinstance(data, list | tuple) and not isinstance(data, torch.Size)
    listed = isinstance(promise, list)
    if several != listed or (several and len(data) != len(promise)):
        came = f"a {type(data).__name__} of {len(data)}" if several else "one value"
        wanted = f"{len(promise)} shapes were" if listed else "one shape was"
        how = "write one for each value, as in # (batch, hid), (batch, emb)"
        raise ShapeError(f"{came} came, {wanted} promised: {how}")
    if several:
        named = isinstance(name, tuple) and len(name) == len(data)
        for i, (part, item) in enumerate(zip(promise, data, strict=True)):
            yield from _tensors(part, name[i] if named else f"{name}[{i}]", item)
    elif data is None:
        yield Seen(name, promise, None, "")
    elif isinstance(data, torch.Size):
        yield Seen(name, promise, Shape(tuple(data)), "Size")
    elif hasattr(data, "shape"):
        dtype = str(getattr(data, "dtype", "")).removeprefix("torch.")
        yield Seen(name, promise, Shape(tuple(data.shape), packed), dtype)
    else:
        raise ShapeError(f"a {type(data).__name__} came, which has no shape")


def _measure(axis: str, sizes: dict[str, int]) -> Any:
    """The size of an axis, or the axis as it stands where that is unknown."""
    try:
        return eval(axis, {"__builtins__": {}}, sizes)  # `parse` lets only sums through
    except (NameError, ZeroDivisionError):
        return axis


def _solve(axis: str, size: int, sizes: dict[str, int]) -> Any:
    """What an axis should measure; one unknown word in it is found from `size`."""
    if axis in sizes:
        return sizes[axis]
    unknown = sorted({*re.findall(r"[^\W\d]\w*", axis)} - sizes.keys())
    for word in unknown:
        zero, one, far = (_measure(axis, sizes | {word: x}) for x in (0, 1, 10**6))
        if "//" in axis or one == zero or far - zero != 10**6 * (one - zero):
            # Several are unknown, or the sum is not linear in this one.
            advice = f"give axes(...) the size of {' and '.join(unknown)}"
            raise ShapeError(f"{axis} cannot be solved: {advice}")
        sizes[word], rest = divmod(size - zero, one - zero)
        if rest or sizes[word] < 1:
            raise ShapeError(f"no size of {word} makes {axis} equal to {size}")
    return _measure(axis, sizes)


def _judge(seen: Seen, sizes: dict[str, int]) -> None:
    """Raise what came, what was promised and where they part, unless they agree."""
    axes, came = (part.axes if part else () for part in (seen.promised, seen.came))
    if level := len(axes) == len(came):
        wanted = [_solve(axis, n, sizes) for axis, n in zip(axes, came, strict=True)]
    else:
        wanted = [_measure(axis, sizes) for axis in axes]
    kinds = [part and part.packed for part in (seen.came, seen.promised)]
    if wanted == [*came] and kinds[0] == kinds[1]:
        return
    called = [" or ".join(w for w in sizes if sizes[w] == n > 1) for n in came]
    right = [level and n == wanted[i] for i, n in enumerate(came)]
    words = [axes[i] if right[i] else called[i] or n for i, n in enumerate(came)]
    if kinds[0] != kinds[1]:
        kind = {None: "None", False: "a tensor", True: "a packed sequence"}
        slip = f"{kind[kinds[0]]} came, {kind[kinds[1]]} was promised"
    elif not level:
        slip = f"{len(came)} axes came, {len(axes)} were promised"
        if [n for n in came if n != 1] == [n for n in wanted if n != 1]:
            slip += ": squeeze or unsqueeze an axis of size 1"
    elif sorted(map(str, came)) == sorted(map(str, wanted)):
        slip = "the same sizes in another order: is it transposed?"
    else:
        slip = "; ".join(
            f"dim={i} ({axes[i]}) should be {wanted[i]}, came {n}"
            + (f", the size of {called[i]}" if called[i] else "")
            for i, n in enumerate(came)
            if not right[i]
        )
    raise ShapeError(
        f"{seen.name}\n"
        f"  came      {seen.came} = {Shape(tuple(words))}\n"
        f"  promised  {seen.promised} = {Shape(tuple(wanted))}\n"
        f"  {slip}".replace("None = ()", "None")
    )
