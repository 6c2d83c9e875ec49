"""What a shape comment says, and whether it is true of a value.

These are all its forms:

    # (batch, 1, 2*hid, emb + hid)    one tensor: words, numbers, + - * // of them
    # ()                              a tensor without axes
    # (batch, hid), ((1), (1))        a tuple, and a tuple in it; (1) means (1,)
    # packed (tokens, emb)            the data of a PackedSequence
    # None
    # (batch, hid); the last state    behind the semicolon stands what you like
    # shape: (batch, hid)             read like # [batch, hid] and （batch, hid）

A bracket that names a declared axis, a number or a product, or that is empty, is a
shape: it is held, and stops the cell when it cannot be read. One of other words is held
while it fits its tensor. All else is a remark and stops nothing: such words when they
do not fit, and any bracket behind a value without a shape, or where no value is made.
"""

import ast
import re
from collections.abc import Collection, Iterator
from functools import cache
from types import CodeType
from typing import Any, NamedTuple

import torch
from torch.fx import Proxy
from torch.nn.utils.rnn import PackedSequence

_SUM: tuple[type[ast.AST], ...] = (ast.Name, ast.Constant, ast.Load, ast.BinOp)
_SUM += (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)


class ShapeError(Exception):
    """A shape comment that is false, out of place, or cannot be read."""

    def _render_traceback_(self) -> list[str]:
        """All that a notebook shows; a debugger then begins at the line itself."""
        at = self.__traceback__
        while at and at.tb_next:
            if at.tb_next.tb_frame.f_globals.get("__name__", "").startswith(
                __package__
            ):
                at.tb_next = None
            at = at.tb_next
        return f"ShapeError in {self}".split("\n")


class Traced(Exception):
    """A tensor came whose sizes are no numbers: it stands for others, in a trace."""


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


def promises(comment: str, declared: Collection[str] | None) -> bool:
    """Is a comment a shape whatever came? None declares every word.

    A bracket that cannot be read is one if it holds what a shape would; `(batch first)`
    and `(1) embed the words` hold prose.
    """
    head, read = comment.partition(";")[0], True
    try:
        parse(comment)
    except ShapeError:
        head, read = head.partition(")")[0], False
    if declared is None or (read and not words(head) - {"None"}):
        return True
    if read and "packed" in words(head):
        return True
    for part in re.split(r"[(),]", head):
        named = words(part) & {*declared}
        if re.search(r"\w\s+\w", part):
            named = named if named == words(part) else frozenset()
        elif "*" in part or (part.strip().isdecimal() and (read or "," in head)):
            return True
        if named:
            return True
    return False


@cache
def words(text: str) -> frozenset[str]:
    """The words in a text, as far as an axis could be called so."""
    return frozenset(re.findall(r"[^\W\d]\w*", text))


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


def sizes_of(value: Any) -> tuple[Any, ...] | None:
    """The shape of one tensor, or whatever else has one; None if it has none."""
    try:
        shape = value if isinstance(value, torch.Size) else value.shape
    except (AttributeError, RuntimeError):  # the latter from a nested tensor
        return None
    return tuple(shape) if isinstance(shape, tuple) else None


def shaped(value: Any) -> bool:
    """Might a comment speak of it? Is it, or does it hold, a tensor or None?"""
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return any(map(shaped, getattr(value, "data", value)))
    return value is None or sizes_of(value) is not None


def check(comment: str, name: Any, value: Any, sizes: dict[str, int]) -> list[Seen]:
    """Hold a value against a comment; new axes are bound by entering `sizes`.

    Raises
        ShapeError: what came, what was promised, and where they part.
        Traced: a trace is running, in which the sizes are no numbers.
    """
    tensors = list(_tensors(parse(comment), name, value))
    kinds = {int, *(type(sizes[word]) for word in words(comment) & sizes.keys())}
    if any(type(n) not in kinds for part in tensors if part.came for n in part.came[0]):
        raise Traced
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
    shape = sizes_of(data)
    if isinstance(data, Proxy):
        raise Traced
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
    elif shape is not None:
        kind = "Size" if isinstance(data, torch.Size) else getattr(data, "dtype", "")
        yield Seen(
            name, promise, Shape(shape, packed), f"{kind}".removeprefix("torch.")
        )
    else:
        raise ShapeError(f"a {type(data).__name__} came, which has no shape")


@cache
def _sum(axis: str) -> CodeType:
    return compile(axis, "axis", "eval")  # `parse` lets only sums through


def measure(axis: str, sizes: dict[str, int]) -> Any:
    """The size of an axis, or the axis as it stands where that is unknown."""
    try:
        return eval(_sum(axis), {"__builtins__": {}}, sizes)
    except (NameError, ZeroDivisionError):
        return axis


def _solve(axis: str, size: int, sizes: dict[str, int]) -> Any:
    """What an axis should measure; one unknown word in it is found from `size`."""
    if axis in sizes:
        return sizes[axis]
    unknown = sorted(words(axis) - sizes.keys())
    for word in unknown:
        zero, one, far = (measure(axis, sizes | {word: x}) for x in (0, 1, 10**6))
        if "//" in axis or one == zero or far - zero != 10**6 * (one - zero):
            # Several are unknown, or the sum is not linear in this one.
            advice = f"give axes(...) the size of {' and '.join(unknown)}"
            raise ShapeError(f"{axis} cannot be solved: {advice}")
        sizes[word], rest = divmod(size - zero, one - zero)
        if rest or sizes[word] < 1:
            raise ShapeError(f"no size of {word} makes {axis} equal to {size}")
    return measure(axis, sizes)


def _judge(seen: Seen, sizes: dict[str, int]) -> None:
    """Raise what came, what was promised and where they part, unless they agree."""
    axes, came = (part.axes if part else () for part in (seen.promised, seen.came))
    if level := len(axes) == len(came):
        wanted = [_solve(axis, n, sizes) for axis, n in zip(axes, came, strict=True)]
    else:
        wanted = [measure(axis, sizes) for axis in axes]
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
