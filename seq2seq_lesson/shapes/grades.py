"""Is a true shape true for every size, or by accident? Three grades.

    for_every_size(score, query=query, keys=keys, max_len=10)

    true here              at the sizes of the example
    true at other sizes    run again at sizes that all differ, on the meta device, whose
                           tensors have shapes and no numbers
    true for every size    run with symbols for sizes: what PyTorch has to assume on the
                           way, its guards, are the hidden assumptions

A guard counts if sizes that break it break the function or one of its shapes. Axes that
must be equal although they bear two names are an accident. A symbol stands for sizes
from 2 up; axes of size 1 are tried, one by one and together.
"""

from __future__ import annotations

import builtins
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, combinations, product
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from seq2seq_lesson.runtime import own_random_numbers, pick_device
from seq2seq_lesson.shapes.comments import Shape, ShapeError, check, parse, promises
from seq2seq_lesson.shapes.rewriter import HOME

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)
PATHS = 6  # ways through a function's branches; of one with more we prove nothing
_META = torch.device("meta")
SIGNS = {
    "Equality": "=",
    "Unequality": "!=",
    "LessThan": "<=",
    "GreaterThan": ">=",
    "StrictLessThan": "<",
    "StrictGreaterThan": ">",
}
SWAPPED = {"LessThan": "GreaterThan", "StrictLessThan": "StrictGreaterThan"}
SWAPPED |= {there: here for here, there in SWAPPED.items()}
_SHAPE = re.compile(r"(?:packed )?\((?:[^()]|\([^()]*\))*\)")
Sizes = dict[str, Any]  # of each axis a whole number, or a symbol for one
Breaks = dict[str, str]  # such as "src_len = 11" and what happens there


@dataclass(frozen=True, repr=False)
class Grade:
    """What is known of a function's shapes; shown as a sentence in axis names.

    Args
        level: "false here", "true here", "true at other sizes", "true for every size"
        accidents: what happens to be equal here, and has to be: "tgt_len = src_len"
        provisos: what else has to hold, such as "src_len <= max_len"
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
        promise.keep(here, copies, away=False)
    except ShapeError as error:
        return Grade("false here", why=_reason(error))
    if reason := promise.broken(here):
        why = f"without numbers it does not run, so no other size was tried ({reason})"
        return Grade("true here", why=why)
    met = set(promise.away.met)
    fixed = {
        axis: here[axis]
        for axis in promise.free
        if here[axis] in met and promise.refuses(here | {axis: _other(here)})
    }
    promise.numbers |= fixed
    free = [axis for axis in promise.free if axis not in fixed]
    if not free:
        return Grade("true here", fixed=_each(fixed), why="no size can be another one")
    search = _Search(promise, free)
    search.prove()
    search.try_out()
    return search.grade(_each(fixed))


class _Search:
    """What has to hold of the free axes, found by looking for sizes that break it."""

    def __init__(self, promise: _Promise, free: list[str]) -> None:
        self.promise, self.start = promise, dict(promise.sizes)
        self.breaks: dict[str, Sizes] = {}
        self.accidents: list[str] = []  # such as "src_len = 1"
        for axis in [axis for axis in free if self.start[axis] == 1]:
            other = self.start | {axis: _other(self.start)}
            if promise.broken(other):
                self.accidents.append(f"{axis} = 1")
                self.breaks[_told({axis: other[axis]})] = {axis: other[axis]}
            else:
                self.start = other
        self.free = [axis for axis in free if self.start[axis] > 1]
        self.ways: list[tuple[Sizes, list[_Guard]]] = []  # a run and what it assumed
        self.guards: list[_Guard] = []  # those that count
        self.ones: list[list[str]] = []  # axes that may not all be 1
        self.fixed: dict[_Guard, str] = {}  # such as "hid + enc = 20"
        self.moving = self.free  # the axes that may have any other size
        self.why, self.differing = "", 0

    def prove(self) -> None:
        """Follow each way through the function, until all sizes are accounted for."""
        point: Sizes | None = self.start
        try:
            while point and len(self.ways) < PATHS:
                guards = _assumed(self.promise, point, self.free)
                self.ways.append((point, guards))
                point = self._open()
                if point and (stuck := [g for g in guards if g.number]):
                    bound = {axis for guard in stuck for axis in guard.axes}
                    axes = " and ".join(axis for axis in self.free if axis in bound)
                    self.why = (
                        "there is no proof for every one, since PyTorch wants a number "
                        f"for {axes}, as in a recurrent layer or a loop"
                    )
                    return
        except ImportError:
            self.why = "this PyTorch knows no symbols for sizes"
        except Exception as error:
            self.why = f"it does not run with symbols for sizes ({_reason(error)})"
        if point and not self.why:
            self.why = f"it takes more than {PATHS} ways through its branches"

    def _open(self) -> Sizes | None:
        """Sizes that no way has led to, and at which it does not break."""
        for start, guards in self.ways:
            for guard in guards:
                for few in guard.others(start):
                    point = start | few
                    led = any(all(g.holds(point) for g in way) for _, way in self.ways)
                    if led or not self._allowed(point):
                        continue
                    if not self.promise.broken(point):
                        return point
                    self._blame(point)
        return None

    def _blame(self, point: Sizes) -> None:
        """Of the guards that these sizes break, let the plainest one count."""
        broken = [g for _, way in self.ways for g in way if not g.holds(point)]
        guard = min(broken, key=lambda g: (not g.is_equality, len(g.text)))
        self.guards.append(guard)
        self._name_twin(guard)
        if guard.number in self.promise.away.met and self.promise.refuses(point):
            one = guard.axes if len(guard.axes) == 1 else {}
            told = [f"{axis} = {self.start[axis]}" for axis in one]
            self.fixed[guard] = "".join(told) or guard.text
            self.moving = [axis for axis in self.moving if axis not in guard.axes]
        else:
            self._note(point)

    def _name_twin(self, guard: _Guard) -> None:
        """Where PyTorch says that batch = 4, is it src_len, also 4, that it must be?"""
        for twin in self.free:
            if guard.number == self.start[twin] and twin not in guard.axes:
                both = dict.fromkeys((*guard.axes, twin), _other(self.start))
                if not self.promise.broken(self.start | both):
                    guard.text = " = ".join(a for a in self.free if a in both)

    def _note(self, point: Sizes) -> list[str]:
        """Keep the fewest other sizes that break it; which axes they belong to."""
        few = {
            axis: point[axis] for axis in self.free if point[axis] != self.start[axis]
        }
        for axis in list(few):
            less = {other: size for other, size in few.items() if other != axis}
            if less and self.promise.broken(self.start | less):
                few = less
        if not any(set(few) >= set(old) for old in self.breaks.values()):
            self.breaks[_told(few)] = few
        return list(few)

    def try_out(self) -> None:
        """Run it at other sizes that all differ, then with axes of size 1."""
        for few in chain(self._primes(), self._with_ones()):
            point = self.start | few
            if self.promise.broken(point):
                axes = self._note(point)
                if all(point[axis] == 1 for axis in axes):
                    self.ones.append(axes)
                elif not self.why:
                    self.why = "sizes that its guards allow break it"
            elif 1 not in few.values():
                self.differing += 1

    def _primes(self) -> list[Sizes]:
        """Up to three settings that the guards allow."""
        free = [prime for prime in PRIMES if prime not in self.start.values()]
        found: list[Sizes] = []
        for turn in (0, 4, 1, *range(2, len(free))):
            primes = (free[turn:] + free[:turn])[:: -1 if turn % 2 else 1]
            few = dict(zip(self.moving, primes, strict=False))
            fits = len(few) == len(self.moving) and self._allowed(self.start | few)
            if fits and len(found) < 3:
                found.append(few)
        return found

    def _with_ones(self) -> Iterator[Sizes]:
        most = len(self.moving) if len(self.moving) < 6 else 1
        for count in range(1, most + 1):
            for axes in combinations(self.moving, count):
                few = dict.fromkeys(axes, 1)
                known = any({*ones} <= {*axes} for ones in self.ones)
                if self._allowed(self.start | few) and not known:
                    yield few

    def _allowed(self, point: Sizes) -> bool:
        return all(guard.holds(point) for guard in self.guards)

    def grade(self, fixed: tuple[str, ...]) -> Grade:
        """What was found."""
        start, broken = self.start, self.promise.broken
        breaks = {told: broken(start | few) for told, few in self.breaks.items()}
        fixed += tuple(self.fixed.values())
        if self.why:
            level = "true at other sizes" if self.differing else "true here"
            return Grade(level, breaks=breaks, fixed=fixed, why=self.why)
        guards = [guard for guard in self.guards if guard not in self.fixed]
        equal = [guard.text for guard in guards if guard.is_equality]
        accidents = (*dict.fromkeys(equal), *self.accidents)
        guards += [g for point, way in self.ways for g in way if not g.others(point)]
        provisos = _readable([guard for guard in guards if not guard.is_equality])
        level = "true here" if accidents else "true for every size"
        for axes in self.ones:
            told = " or ".join(f"{axis} >= 2" for axis in axes)
            if not any(f"{text} ".startswith(told[:-1]) for text in provisos):
                provisos.append(told)
        return Grade(level, accidents, tuple(provisos), breaks, fixed)


class _Promise:
    """A function, the shapes it promises, and an example of what it takes."""

    def __init__(self, function: Callable, given: dict[str, Any]) -> None:
        self.function, self.given = function, given
        self.call = getattr(function, "func", function)  # of a partial one
        module = isinstance(function, nn.Module)
        self.name = type(function).__name__ if module else _name(self.call)
        takes = inspect.signature(getattr(function, "forward", function)).parameters
        self.takes = {n: p for n, p in takes.items() if p.kind is not p.VAR_KEYWORD}
        self.tensors = {n: t for n, t in given.items() if isinstance(t, Tensor)}
        self._read_docstring()
        self._refuse_arguments()
        self.away = _Away()
        self.sizes: Sizes = {n: v for n, v in given.items() if type(v) is int}
        own = self.sizes.keys() - self.takes.keys()
        plain = {n: c for n, c in self.shapes.items() if n in self.tensors}
        for name in sorted(plain, key=lambda n: any(c in plain[n] for c in "*+-")):
            try:
                check(plain[name], name, self.tensors[name], self.sizes)
            except ShapeError as error:
                raise ValueError(
                    f"{self.name}: its docstring promises {plain[name]} for {name}: "
                    + f"{error}".split("\n")[-1].strip()
                ) from None
        words = set(re.findall(r"[^\W\d]\w*", " ".join(plain.values())))
        numbers = {n for n in self.sizes if n in self.takes and n in self.words}
        self.free = [axis for axis in self.sizes if axis in (words | numbers) - own]
        self.numbers = {name: self.sizes[name] for name in own}
        self.found: dict[tuple, str] = {}

    def _read_docstring(self) -> None:
        """Which shapes are told for its arguments, and which for what it returns."""
        kind = self.call
        texts = [self.call.__doc__]
        if isinstance(self.function, nn.Module):
            kind = type(self.function)
            texts = [self.function.forward.__doc__, kind.__doc__]
        if not inspect.ismethod(self.call):  # the file speaks of functions and modules
            texts.append(getattr(sys.modules.get(kind.__module__), "__doc__", ""))
        for text in texts:
            self.shapes: dict[str, str] = {}
            self.returns: list[tuple[str, str, bool]] = []
            for name, told in _lines(text or ""):
                comments = [part for part in _SHAPE.findall(told) if _reads(part)]
                if name in self.takes and name not in self.shapes and comments:
                    self.shapes[name] = comments[0]
                elif name not in self.takes or name in self.shapes:
                    missing = bool(re.search(r"\bNone\b", told))
                    self.returns += [(name, part, missing) for part in comments]
            if self.shapes and self.returns:
                break
        else:
            raise ValueError(
                f"{self.name}: its docstring tells no shapes; write `Shapes` there and "
                "below it `keys: (batch, src_len, enc)` for each tensor it takes and "
                "`return: (batch, tgt_len)` for what it returns"
            )
        told = " ".join([*self.shapes.values(), *(part for _, part, _ in self.returns)])
        self.words = set(re.findall(r"[^\W\d]\w*", told))

    def _refuse_arguments(self) -> None:
        takes = ", ".join(self.takes)
        for name, value in self.given.items():
            if name not in self.takes and type(value) is not int:
                raise ValueError(f"{self.name}: it takes {takes}, and no {name}")
            if name in self.tensors and name not in self.shapes:
                raise ValueError(
                    f"{self.name}: its docstring tells no shape for {name}"
                )
        needed = [n for n, p in self.takes.items() if p.default is p.empty]
        if missing := [n for n in needed if n not in self.given]:
            raise ValueError(f"{self.name}: give {', '.join(missing)} by keyword, too")

    def keep(self, sizes: Sizes, tensors: dict[str, Tensor], away: bool) -> None:
        """Call the function, and hold what it says and returns against its shapes."""
        others = {n: v for n, v in self.given.items() if n in self.takes}
        numbers = {n: sizes[n] for n in self.free if n in self.takes}
        sizes = dict(sizes)
        with _holding(sizes), ExitStack() as stack:
            if away:
                stack.enter_context(_META)
                stack.enter_context(self.away)
            returned = self.function(**others | tensors | numbers)
        parts = returned if isinstance(returned, tuple) else (returned,)
        told = [
            "None" if missing and i < len(parts) and parts[i] is None else comment
            for i, (_, comment, missing) in enumerate(self.returns)
        ]
        names = tuple(name for name, *_ in self.returns)
        several = len(told) > 1
        _held(", ".join(told), names if several else names[0], returned, sizes)

    def made(self, sizes: Sizes) -> dict[str, Tensor]:
        """Tensors of other sizes for the arguments, without numbers."""
        made = {}
        for name, example in self.tensors.items():
            axes = parse(self.shapes[name]).axes
            shape = [_measured(axis, sizes) for axis in axes]
            made[name] = torch.zeros(shape, dtype=example.dtype, device=_META)
            made[name].requires_grad_(example.requires_grad)
        return made

    def broken(self, sizes: Sizes) -> str:
        """What happens at other sizes on the meta device; "" if all promises hold."""
        key = tuple(sizes.items())
        if key not in self.found:
            self.found[key] = ""
            try:
                self.keep(sizes, self.made(sizes), away=True)
            except Exception as error:
                self.found[key] = _reason(error)
        return self.found[key]

    def refuses(self, sizes: Sizes) -> bool:
        """Does the function itself fail at other sizes, and not only a promise?"""
        reason = self.broken(sizes)
        return bool(reason) and not reason.startswith("ShapeError")


class _Away(TorchFunctionMode):
    """Takes to the meta device whatever a function meets; notes the sizes of that."""

    def __init__(self) -> None:
        super().__init__()
        self.met: set[int] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        args, kwargs = tree_map(self._taken, (args, kwargs or {}))
        if name in ("cpu", "cuda"):
            return args[0]
        if kwargs.get("device") is not None:
            kwargs["device"] = _META
        if name == "to" and isinstance(args[1], str):
            args = (args[0], _META, *args[2:])
        return func(*args, **kwargs)

    def _taken(self, value: Any) -> Any:
        if isinstance(value, torch.device):
            return _META
        if isinstance(value, Tensor) and value.device.type != "meta":
            self.met |= set(value.shape)
            grad = value.requires_grad
            return torch.empty(
                value.shape, dtype=value.dtype, device=_META, requires_grad=grad
            )
        return value


class _Guard:
    """Something that PyTorch assumed of the sizes on its way through a function."""

    def __init__(self, expression: Any, promise: _Promise) -> None:
        self.expression = expression
        axes = {str(symbol): symbol for symbol in expression.free_symbols}
        self.axes = {axis: axes[axis] for axis in promise.free if axis in axes}
        kind = type(expression).__name__
        sides = [str(side) for side in expression.args]
        order = [*self.axes]
        if sides[0].isdigit() or (
            {*sides} <= {*order} and order.index(sides[0]) > order.index(sides[-1])
        ):
            sides.reverse()
            kind = SWAPPED.get(kind, kind)
        self.is_equality = kind == "Equality" and not re.search("Mod|//", f"{sides}")
        self.number = int(sides[-1]) if self.is_equality and sides[-1].isdigit() else 0
        names = {str(size): name for name, size in promise.numbers.items()}
        sides = [names.get(side, side) for side in sides]
        self.text = f" {SIGNS[kind]} ".join(sides) if kind in SIGNS else str(expression)
        self.near: list[Sizes] | None = None

    def holds(self, point: Sizes) -> bool:
        """Is it true of these sizes?"""
        try:
            values = {symbol: point[axis] for axis, symbol in self.axes.items()}
            return bool(self.expression.subs(values))
        except ZeroDivisionError:
            return False

    def others(self, start: Sizes) -> list[Sizes]:
        """Sizes of its axes that break it, the nearest first; found once."""
        if self.near is None:
            numbers = {int(n) for n in re.findall(r"\d+", str(self.expression))}
            near = {n + d for n in numbers for d in (-1, 0, 1) if n + d > 1}
            near |= {*PRIMES[:5]}
            axes = [*self.axes][:3]
            choices = [[start[a], *sorted(near - {start[a]})] for a in axes]
            found = [dict(zip(axes, sizes, strict=True)) for sizes in product(*choices)]
            found.sort(key=lambda few: sum(n != start[a] for a, n in few.items()))
            far = ({axis: size} for axis in axes for size in range(2, 200))
            self.near = [few for few in found if not self.holds(start | few)]
            self.near = self.near or [f for f in far if not self.holds(start | f)]
        return self.near


def _readable(guards: list[_Guard]) -> list[str]:
    """Their texts; what several say of one axis in one, if it can be said simply."""
    texts = dict.fromkeys(guard.text for guard in guards)
    most = 50
    for axis in {axis: 0 for guard in guards for axis in guard.axes}:
        alone = [guard for guard in guards if [*guard.axes] == [axis]]
        plain = [re.fullmatch(rf"{axis} [<>]=? \w+", guard.text) for guard in alone]
        if not alone or (len(plain) == 1 and plain[0]):
            continue
        sizes = {n for n in range(2, most) if all(g.holds({axis: n}) for g in alone)}
        simple = {
            f"{axis} is divisible by {n}": range(n, most, n) for n in range(2, 13)
        }
        simple |= {f"{axis} >= {n}": range(n, most) for n in range(3, 20)}
        simple |= {f"{axis} <= {n}": range(2, n + 1) for n in range(2, 20)}
        if told := [text for text, those in simple.items() if sizes == {*those}]:
            texts = dict.fromkeys(t for t in texts if t not in {g.text for g in alone})
            texts[told[0]] = None
    return [*texts]


def _assumed(promise: _Promise, point: Sizes, free: list[str]) -> list[_Guard]:
    """The guards of one run with symbols; all of PyTorch's private parts stand here."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.experimental import symbolic_shapes as symbols

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
        promise.keep(sizes, promise.made(sizes), away=True)
    expressions = [guard.expr.xreplace(names) for guard in environment.guards]
    return [_Guard(expression, promise) for expression in expressions]


@contextmanager
def _holding(sizes: Sizes) -> Iterator[None]:
    """Hold the comments inside functions of the notebook to the axes of one run."""
    checks = getattr(builtins, HOME, None)
    if checks is None:
        yield
        return
    known = {axis: size for axis, size in checks.known.items() if size} | sizes

    def hold(site: tuple, value: Any, frame: Any = None) -> Any:
        _, comment, names, header, (key, depth) = site
        if not promises(comment, checks.declared | sizes.keys()):  # a remark
            return value
        key = id(frame or sys._getframe(1)) if key is None else key
        bound = checks.scopes.setdefault((key, depth), {})
        axes = bound | known
        try:
            _held(comment, names, value, axes)
        except ShapeError as problem:
            raise ShapeError(f"{header}\n{problem}") from None
        bound.update({axis: axes[axis] for axis in axes.keys() - known.keys()})
        return value

    before = {name: own for name, own in vars(checks).items() if name == "hold"}
    on, checks.on = checks.on, True
    vars(checks)["hold"] = hold
    try:
        yield
    finally:
        del checks.hold
        vars(checks).update(before)
        checks.on = on


def _held(comment: str, names: Any, value: Any, sizes: Sizes) -> None:
    """Hold a value against a comment, as `check` does, or with symbols for sizes."""
    if all(type(size) is int for size in sizes.values()):
        check(comment, names, value, sizes)
        return
    promised, parts = parse(comment), value  # of a form that fitted numbers already
    if not isinstance(promised, list):
        promised, parts = [promised], [value]
    for shape, part in zip(promised, parts, strict=True):
        for axis, size in zip(shape.axes if shape else (), _axes(part), strict=True):
            if axis.isidentifier() and axis not in sizes:
                sizes[axis] = size
    for shape, part in zip(promised, parts, strict=True):
        for axis, size in zip(shape.axes if shape else (), _axes(part), strict=True):
            if _measured(axis, sizes) != size:  # asked of symbols, it leaves a guard
                raise ShapeError(f"{axis} is another size")


def _axes(value: Any) -> Any:
    return () if value is None else getattr(value, "shape", value)


def _measured(axis: str, sizes: Sizes) -> Any:
    """The size of an axis; `parse` lets only sums of axes through."""
    return eval(axis, {"__builtins__": {}}, sizes)


def _lines(docstring: str) -> Iterator[tuple[str, str]]:
    """Each name that a docstring tells something of, with what it tells."""
    section = docstring.split("Shapes\n")[-1]
    section = re.split(r"\n\s*(?:Args|Raises|Source)\b", section)[0]
    for names, told in re.findall(r"^[ \t]+(\w[\w, ]*):[ \t]+(.*)", section, re.M):
        for name in names.split(", "):
            yield name, told


def _reads(comment: str) -> bool:
    try:
        return isinstance(parse(comment), Shape)
    except ShapeError:
        return False


def _name(function: Callable) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _other(sizes: Sizes) -> int:
    """A prime that is no size here."""
    return next(prime for prime in PRIMES if prime not in {*sizes.values()})


def _each(sizes: Sizes) -> tuple[str, ...]:
    return tuple(f"{axis} = {size}" for axis, size in sizes.items())


def _told(sizes: Sizes) -> str:
    return " and ".join(_each(sizes))


def _reason(error: Exception) -> str:
    """An error in one line."""
    lines = f"{error}".strip().split("\n")
    told = re.split(r"(?<=[.!]) ", lines[0])[0]
    if isinstance(error, ShapeError) and len(lines) > 1:
        told = f"{lines[0]}: {lines[-1].strip()}"
    told = textwrap.shorten(f"{type(error).__name__}: {told}", 150, placeholder=" …")
    return told.rstrip(". ")
