"""Is a true shape true for every size, or by accident? Three grades.

    for_every_size(score, query=query, keys=keys, max_len=10)

    true here              at the sizes of the example
    true at other sizes    run again at sizes that all differ, on the meta device, whose
                           tensors have shapes and no numbers
    true for every size    run with symbols for sizes: what PyTorch has to assume on the
                           way, its guards, are the provisos

An axis that no other size suits is fixed by the function's own tensors, or an accident:
most often it has to be equal to another axis that is of its size here. A symbol stands
for sizes from 2 up; of each axis the size 1 is tried, too, and where nothing is proved,
an odd and an even one.
"""

from __future__ import annotations

import builtins
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from seq2seq_lesson.runtime import own_random_numbers, pick_device
from seq2seq_lesson.shapes import comments
from seq2seq_lesson.shapes.comments import ShapeError
from seq2seq_lesson.shapes.rewriter import HOME

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)
MOST = 200  # up to here a size that breaks a proviso is looked for
_META = torch.device("meta")
_SHAPE = re.compile(r"(?:packed )?\((?:[^()]|\([^()]*\))*\)")
Sizes = dict[str, Any]  # of each axis a whole number, or a symbol for one
Breaks = dict[str, str]  # such as "src_len = 11" and what happens there


@dataclass(frozen=True, repr=False)
class Grade:
    """What is known of a function's shapes; shown as a sentence in axis names.

    Args
        level: "false here", "true here", "true at other sizes", "true for every size"
        accidents: what happens to be equal here, and has to be: "tgt_len = src_len"
        provisos: what PyTorch had to assume, such as "src_len <= max_len"
        breaks: sizes at which it breaks, such as "src_len = 11", and what happens there
        fixed: what its own tensors fix, parameters among them: "hid = 8"
        why: why the level is no higher
    """

    level: str
    accidents: tuple[str, ...] = ()
    provisos: tuple[str, ...] = ()
    breaks: Breaks = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    why: str = ""

    def __repr__(self) -> str:
        text = self.level.capitalize()
        if self.breaks and self.level == "true at other sizes":
            text += f", but not at {' or '.join(self.breaks)}"
        if self.accidents:
            text += f" because {' and '.join(self.accidents)}"
        if self.provisos:
            text += f", provided {' and '.join(self.provisos)}"
        text += f": {self.why}." if self.why else "."
        for sizes, reason in self.breaks.items():
            text += f" At {sizes} it breaks: {reason}."
        if self.fixed:
            text += f" Its own tensors fix {' and '.join(self.fixed)}."
        text = re.sub(r"(?<=[?!])\.", "", text)
        whole = re.sub(r" (\S?[=<>+]) ", "\xa0\\1\xa0", text)  # such as src_len = 5
        lines = textwrap.wrap(whole, 88, break_on_hyphens=False, break_long_words=False)
        return "\n".join(lines).replace("\xa0", " ")


def for_every_size(function: Callable, /, **given: Any) -> Grade:
    """Grade the shapes that a function promises, in its docstring and in its comments.

    The docstring tells the axes: lines such as `keys: (batch, src_len, enc)`, and for
    what it returns `return: (batch, tgt_len)` or names of their own. A module's are in
    the docstring of its `forward`, its class or its file. The function is run often.

    Args
        function: a function, a method or a module
        given: what it takes, by keyword. A number that it does not take is the size of
            an axis, or gives one of the function's own numbers its name: max_len=10.
    Raises
        ValueError: the docstring tells no shapes; an argument is unknown or missing, or
            its shape is another one.
    """
    promise = _Promise(function, given)
    with own_random_numbers(pick_device()):
        return _graded(promise)


def _graded(promise: _Promise) -> Grade:
    here = promise.sizes
    try:
        copies = {name: tensor.clone() for name, tensor in promise.tensors.items()}
        promise.keep(here, copies)
    except ShapeError as error:
        return Grade("false here", why=_reason(error))
    if reason := promise.broken(here):
        why = f"without numbers it does not run, so no other size was tried ({reason})"
        return Grade("true here", why=why)
    point, tied = _moved(promise)
    alone = [axes[0] for axes in tied if len(axes) == 1]
    own = [axis for axis in alone if promise.fixes(axis)]
    sums = [
        (a, b)
        for a, b in combinations(sorted(own), 2)
        if not promise.broken({a: here[a] + 1, b: here[b] - 1})
    ]
    alone = [axis for axis in own if not any(axis in pair for pair in sums)]
    fixed = tuple(f"{axis} = {here[axis]}" for axis in alone)
    fixed += tuple(f"{a} + {b} = {here[a] + here[b]}" for a, b in sums)
    if accidents := [axes for axes in tied if axes[0] not in own]:
        breaks: Breaks = {}
        for axes in accidents:
            breaks |= promise.breaks(axes[-1], PRIMES)
            axes += [f"{here[axes[0]]}"] if len(axes) == 1 else []
        texts = tuple(map(" = ".join, accidents))
        return Grade("true here", texts, breaks=breaks, fixed=fixed)
    free = [axis for axis in promise.free if axis not in own]
    if not free:
        return Grade("true here", fixed=fixed, why="no size can be another one")
    guards, why = _proved(promise, point, free)
    provisos, breaks = _provided(promise, guards, free)
    if why:
        for axis in free:
            breaks |= promise.breaks(axis, [here[axis] + 1, here[axis] + 2])
        return Grade("true at other sizes", breaks=breaks, fixed=fixed, why=why)
    return Grade("true for every size", (), provisos, breaks, fixed)


def _moved(promise: _Promise) -> tuple[Sizes, list[list[str]]]:
    """Other sizes that all differ, and which axes have none or only the same one."""
    here, point, tied = promise.sizes, dict(promise.sizes), []
    left = list(promise.free)
    while left:
        axis, *others = left
        new = {*range(2, PRIMES[-1])} - {*here.values(), *point.values()}
        near = sorted(new, key=lambda n: (n not in PRIMES, abs(n - here[axis])))
        twins = [other for other in others if here[other] == here[axis]]
        groups = [[axis], *([axis, twin] for twin in twins), [axis, *twins]]
        tries = [(axes, dict.fromkeys(axes, size)) for axes in groups for size in near]
        good = (pair for pair in tries if not promise.broken(point | pair[1]))
        axes, few = next(good, ([axis], {}))
        point |= few
        tied += [axes] if len(axes) > 1 or not few else []
        left = [other for other in others if other not in axes]
    return point, tied


def _proved(
    promise: _Promise, point: Sizes, free: list[str]
) -> tuple[list[_Guard], str]:
    """What one run with symbols assumed, or why it proves nothing."""
    try:
        guards = _assumed(promise, point, free)
    except ImportError:
        return [], "this PyTorch knows no symbols for sizes"
    except Exception as error:
        return [], f"it does not run with symbols for sizes ({_reason(error)})"
    if stuck := {axis for guard in guards if guard.is_number for axis in guard.axes}:
        axes = " and ".join(axis for axis in free if axis in stuck)
        return [], (
            "there is no proof for every one, since PyTorch wants a number for "
            f"{axes}, as in a recurrent layer or a loop"
        )
    if missed := [guard.text for guard in guards if not guard.holds(promise.sizes)]:
        return [], f"it takes another way where {' and '.join(missed)}"
    return guards, ""


def _provided(
    promise: _Promise, guards: list[_Guard], free: list[str]
) -> tuple[tuple[str, ...], Breaks]:
    """What has to hold, in few words, and sizes that break it."""
    provisos = [guard.text for guard in guards if len(guard.axes) > 1]
    breaks: Breaks = {}
    for axis in free:
        about = [guard for guard in guards if axis in guard.axes]
        off = {
            n: [guard for guard in about if not guard.holds(promise.sizes | {axis: n})]
            for n in range(2, MOST)
        }
        bad = [n for n in off if off[n]]
        breaks |= promise.breaks(axis, [1, *bad[:4]])
        texts = [guard.text for guard in about if len(guard.axes) == 1]
        if promise.broken({axis: 1}):
            plain = bad == [*range(2, len(bad) + 2)] and len(texts) == len(about)
            plain &= all(any(guard in off[n] for n in bad) for guard in about)
            texts = [f"{axis} >= {len(bad) + 2}"] if plain else [*texts, f"{axis} >= 2"]
        provisos += texts
    return tuple(provisos), breaks


def _assumed(promise: _Promise, point: Sizes, free: list[str]) -> list[_Guard]:
    """The guards of one run with symbols; all of PyTorch's private parts stand here."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental import symbolic_shapes as symbols
    from torch.utils._sympy.functions import FloorDiv

    environment = symbols.ShapeEnv()
    mode = FakeTensorMode(shape_env=environment, allow_non_fake_inputs=True)
    free_size = [symbols.DimDynamic.DYNAMIC]
    context: Any = symbols.StatelessSymbolicContext(free_size)
    sizes, names = dict(point), {}
    for axis in free:
        like = torch.empty(point[axis], device=_META)
        sizes[axis] = mode.from_tensor(like, symbolic_context=context).shape[0]
        symbol = sizes[axis].node.expr
        names[symbol] = symbol.func(axis, integer=True, positive=True)
    with mode:
        promise.try_out(sizes)
    found = dict.fromkeys(guard.expr.xreplace(names) for guard in environment.guards)
    most = [g for g in found if getattr(g, "rel_op", "") == "<="]
    halved = [g for g in most if isinstance(g.lhs, FloorDiv)]
    sure = [g for g in halved if (g.rhs - g.lhs.args[0] / g.lhs.args[1]).is_nonnegative]
    return [_Guard(g, promise) for g in found if g not in sure]  # src_len//2 <= src_len


class _Guard:
    """Something that PyTorch assumed of the sizes on its way through a function."""

    def __init__(self, expression: Any, promise: _Promise) -> None:
        self.expression, self.text = expression, f"{expression}"
        self.axes = {f"{symbol}": symbol for symbol in expression.free_symbols}
        sides = [f"{side}" for side in expression.args]
        sign = getattr(expression, "rel_op", "")
        self.is_number = sign == "==" and sides[1].isdigit() and "Mod" not in self.text
        if sign:
            self.text = f" {sign} ".join(promise.numbers.get(s, s) for s in sides)

    def holds(self, sizes: Sizes) -> bool:
        """Is it true of these sizes?"""
        values = {symbol: sizes[axis] for axis, symbol in self.axes.items()}
        try:
            return bool(self.expression.subs(values))
        except ZeroDivisionError:
            return False


class _Promise:
    """A function, the shapes it promises, and an example of what it takes."""

    def __init__(self, function: Callable, given: dict[str, Any]) -> None:
        self.function, self.given, self.away = function, given, _Away()
        self.tensors = {n: t for n, t in given.items() if isinstance(t, Tensor)}
        self.sizes: Sizes = {n: v for n, v in given.items() if type(v) is int}
        self.found: dict[tuple, str] = {}
        takes = inspect.signature(getattr(function, "forward", function)).parameters
        self.takes = {n: p for n, p in takes.items() if p.kind is not p.VAR_KEYWORD}
        self.name = getattr(function, "__name__", type(function).__name__)
        self._read_docstring()
        self._refuse_arguments()
        own = self.sizes.keys() - self.takes.keys()
        self.numbers = {f"{self.sizes[name]}": name for name in own}
        try:
            told = [(name, self.shapes[name]) for name in self.tensors]
            _held(told, [*self.tensors.values()], self.sizes)
        except ShapeError as error:
            why = f"its docstring promises other shapes: {_reason(error)}"
            raise ValueError(f"{self.name}: {why}") from None
        texts = [*self.shapes.values(), *(comment for _, comment, _ in self.returns)]
        self.free = [n for n in self.sizes if n in comments.words(f"{texts}") - own]

    def _read_docstring(self) -> None:
        """Which shapes are told for its arguments, and which for what it returns."""
        call = getattr(self.function, "func", self.function)  # of a partial one
        texts = [call.__doc__]
        if isinstance(self.function, nn.Module):
            call = type(self.function)
            texts = [self.function.forward.__doc__, call.__doc__]
        if not inspect.ismethod(call):  # the file speaks of functions and modules
            texts.append(getattr(sys.modules.get(call.__module__), "__doc__", ""))
        why = (
            "its docstring tells no shapes; write `Shapes` there and below it `keys: "
            "(batch, src_len, enc)` for each tensor it takes and `return: (batch, "
            "tgt_len)` for what it returns"
        )
        for text in texts:
            self.shapes: dict[str, str] = {}
            self.returns: list[tuple[str, str, bool]] = []
            for name, found, none in _told(text or ""):
                if name not in self.takes or name in self.shapes:
                    self.returns += [(name, shape, none) for shape in found]
                elif found:
                    self.shapes[name] = found[0]
            if self.shapes and self.returns:
                return
            if self.shapes:
                why = "the Shapes lack `return`"
            elif strange := [name for name, *_ in self.returns if name != "return"]:
                why = f"the Shapes name `{strange[0]}`, which it does not take"
        raise ValueError(f"{self.name}: {why}")

    def _refuse_arguments(self) -> None:
        takes = ", ".join(self.takes)
        for name, value in self.given.items():
            if name not in self.takes and type(value) is not int:
                raise ValueError(f"{self.name}: it takes {takes}, and no {name}")
            if name in self.tensors and name not in self.shapes:
                raise ValueError(f"{self.name}: its docstring tells no shape of {name}")
        needed = [
            n for n, p in self.takes.items() if p.default is p.empty or not self.tensors
        ]
        if missing := [n for n in needed if n not in self.given]:
            raise ValueError(f"{self.name}: give {', '.join(missing)} by keyword, too")

    def keep(self, sizes: Sizes, tensors: dict[str, Tensor]) -> None:
        """Call the function, and hold what it says and returns against its shapes."""
        others = {n: sizes.get(n, v) for n, v in self.given.items() if n in self.takes}
        with _holding(sizes):
            returned = self.function(**others | tensors)
        parts = [*returned] if isinstance(returned, tuple) else [returned]
        told = [
            (name, "None" if none and parts[i : i + 1] == [None] else comment)
            for i, (name, comment, none) in enumerate(self.returns)
        ]
        _held(told, parts, dict(sizes))

    def try_out(self, sizes: Sizes) -> None:
        """Keep it at these sizes, with tensors that have no numbers."""
        tensors = {}
        for name, example in self.tensors.items():
            axes = comments.parse(self.shapes[name]).axes
            shape = [comments.measure(axis, sizes) for axis in axes]
            tensors[name] = torch.zeros(shape, dtype=example.dtype, device=_META)
            tensors[name].requires_grad_(example.requires_grad)
        with _META, self.away:
            self.keep(sizes, tensors)

    def broken(self, few: Sizes) -> str:
        """What happens at other sizes on the meta device; "" if all promises hold."""
        sizes = self.sizes | few
        key = tuple(sizes.items())
        if key not in self.found:
            self.found[key] = ""
            try:
                self.try_out(sizes)
            except Exception as error:
                self.found[key] = _reason(error)
        return self.found[key]

    def breaks(self, axis: str, sizes: Iterable[int]) -> Breaks:
        """The first of some sizes of an axis that breaks it, and what happens."""
        for size in sizes:
            if reason := self.broken({axis: size}):
                return {f"{axis} = {size}": reason}
        return {}

    def fixes(self, axis: str) -> bool:
        """Is it the function's own tensors that allow an axis no other size?"""
        other = next(size for size in PRIMES if size not in self.sizes.values())
        sizes, self.away.refused = self.sizes | {axis: other}, False
        try:
            self.try_out(sizes)
        except Exception as error:
            own = self.away.refused or self.sizes[axis] in self.away.met
            return own and not isinstance(error, ShapeError)
        return False


class _Away(TorchFunctionMode):
    """Takes to the meta device whatever a function meets; notes the sizes of that."""

    def __init__(self) -> None:
        super().__init__()
        self.met: set[int] = set()
        self.refused = False  # did a tensor from outside stand in what failed last?

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        self.foreign = False
        args, kwargs = tree_map(self._taken, (args, kwargs or {}))
        try:
            return (
                args[0] if func in (Tensor.cpu, Tensor.cuda) else func(*args, **kwargs)
            )
        except Exception:
            self.refused = self.foreign
            raise

    def _taken(self, value: Any) -> Any:
        told = isinstance(value, str) and value.startswith(("cpu", "cuda"))
        if told or isinstance(value, torch.device):
            return _META
        if isinstance(value, Tensor) and value.device != _META:
            self.foreign = True
            self.met |= {*value.shape}
            grad = value.requires_grad
            return torch.empty(  # not value.to: a tensor may be a subclass's
                value.shape, dtype=value.dtype, device=_META, requires_grad=grad
            )
        return value


def _held(told: list[tuple[str, str]], parts: list, sizes: Sizes) -> None:
    """Hold one value, or several, against their shapes."""
    names, shapes = zip(*told, strict=True)
    with suppress(comments.Traced):  # symbols came, and no known axis is promised
        if len(told) == len(parts) == 1:
            comments.check(shapes[0], names[0], parts[0], sizes)
        else:
            comments.check(", ".join(shapes), names, tuple(parts), sizes)


@contextmanager
def _holding(sizes: Sizes) -> Iterator[None]:
    """Hold the comments inside functions of the notebook to the axes of one run."""
    checks = getattr(builtins, HOME)
    before = checks.known, checks.declared, checks.cells, checks.on
    checks.known, checks.declared = checks.known | sizes, checks.declared | sizes.keys()
    checks.cells, checks.on = [], True
    try:
        yield
    finally:
        checks.known, checks.declared, checks.cells, checks.on = before


def _told(docstring: str) -> Iterator[tuple[str, list[str], bool]]:
    """Of each name in a docstring the shapes told, and whether it may be None."""
    section = docstring.split("Shapes\n")[-1]
    section = re.split(r"\n\s*(?:Args|Raises|Source)\b", section)[0]
    for names, told in re.findall(r"^[ \t]+(\w[\w, ]*):[ \t]+(.*)", section, re.M):
        shapes = []
        for part in _SHAPE.findall(told):
            with suppress(ShapeError):
                comments.parse(part)
                shapes.append(part)
        for name in names.split(", "):
            yield name, shapes, "None" in comments.words(told)


def _reason(error: Exception) -> str:
    """An error in one line."""
    lines = f"{error}".strip().split("\n")
    told = re.split(r"(?<=[.!]) ", lines[0])[0]
    if isinstance(error, ShapeError) and len(lines) > 1:
        told = f"{lines[0]}: {lines[-1].strip()}"
    told = textwrap.shorten(f"{type(error).__name__}: {told}", 150, placeholder=" …")
    return told.rstrip(". ")
