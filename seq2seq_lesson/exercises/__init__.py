"""Exercises that answer back: an attempt in, points and a sentence that helps out.

    def src_mask(attempt) -> Verdict:
        return judge(attempt, draw, against(oracle, "(batch, src_len)"), todo="...")

`judge` tries a function on random cases, `judge_parts` a dictionary of predictions.
Both answer whatever is written, and leave the notebook's random numbers alone.

Source
    ours
"""

from __future__ import annotations

import builtins
import copy
import random
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from seq2seq_lesson.exercises.comparing import Raised, describe, difference
from seq2seq_lesson.shape_rewriter import HOME

CASES = 20
Fault = Callable[..., str]  # an answer and the arguments; "" if the answer is right


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check says of an attempt; shown as its message.

    Shapes
        points: 0 to 1, the share of the cases that were right
    """

    points: float
    message: str

    def __repr__(self) -> str:
        return textwrap.fill(self.message, 88, break_on_hyphens=False)


def judge(
    attempt: object,
    draw: Callable[[random.Random], dict[str, Any]],
    fault: Fault,
    *,
    todo: str,
    mistakes: Mapping[str, Callable] | None = None,
) -> Verdict:
    """Call a learner's function on random cases and say what is wrong, if anything is.

    `draw` makes the arguments of one case, by name and in order; PyTorch's random
    numbers are seeded while it runs. `fault` sees each answer with the case's arguments
    (see `against`). `todo` says in a sentence what is to be written. `mistakes` are
    wrong functions by their hints: the first one that answers *every* wrong case as the
    learner did gives its hint; one that raises is like an attempt that raises the same.
    """
    if attempt is ... or attempt is None:
        return Verdict(0.0, f"Not tried yet: {todo}")
    if not callable(attempt):
        return Verdict(0.0, f"Not yet: got {describe(attempt)}, wanted a function.")
    wrong = []  # of each wrong case the arguments, the answer and its fault
    with apart():
        rng = random.Random(0)
        for _ in range(CASES):
            arguments = draw(rng)
            answer = _call(attempt, arguments)
            if answer is ... or _is_left_open(answer):
                return Verdict(0.0, f"Not tried yet: {todo}")
            if sentence := _examine(fault, answer, *arguments.values()):
                wrong.append((arguments, answer, sentence))
        hint = next(_hints(mistakes or {}, wrong), "")
    if not wrong:
        return Verdict(1.0, f"Right: all {CASES} random cases.")
    if len(wrong) == CASES and all(answer is None for _, answer, _ in wrong):
        forgotten = (
            "" if _is_stub(attempt) else " It returned None: no `return` was met."
        )
        return Verdict(0.0, f"Not tried yet: {todo}{forgotten}")
    right = CASES - len(wrong)
    arguments, _, sentence = wrong[0]
    given = ", ".join(f"{name} = {describe(v)}" for name, v in arguments.items())
    message = f"Not yet: {right} of {CASES} random cases are right. With {given}: "
    message += sentence + (f" Hint: {hint}" if hint else "")
    return Verdict(right / CASES, message)


def judge_parts(
    answers: object,
    wanted: Mapping[str, Any],
    *,
    todo: str,
    hints: Mapping[str, str],
    mistakes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Verdict:
    """Hold a dictionary of predictions against what was computed.

    The right value is never told. The first wrong part gets the hint of the mistake
    that holds the same value for it, or else the part's own of `hints`.
    """
    if answers is ... or answers is None:
        return Verdict(0.0, f"Not tried yet: {todo}")
    if not isinstance(answers, Mapping):
        keys = ", ".join(map(repr, wanted))
        what = f"got {describe(answers)}, wanted a dictionary with the keys {keys}."
        return Verdict(0.0, f"Not yet: {what}")
    parts = {part: answers.get(part, ...) for part in wanted}
    still_open = [part for part, came in parts.items() if came is ... or came is None]
    if len(still_open) == len(wanted):
        return Verdict(0.0, f"Not tried yet: {todo}")
    wrong = [
        part
        for part in wanted
        if part not in still_open and not _alike(parts[part], wanted[part])
    ]
    right = len(wanted) - len(wrong) - len(still_open)
    if right == len(wanted):
        return Verdict(1.0, f"Right: all {right}, as computed just now.")
    message = f"Not yet: {right} of {len(wanted)} are right."
    if wrong:
        part, came = wrong[0], parts[wrong[0]]
        told = [
            hint
            for hint, values in (mistakes or {}).items()
            if part in values and _alike(came, values[part])
        ]
        message += f" {part} is not {describe(came)}."
        message += f" Hint: {(told or [hints[part]])[0]}"
    if still_open:
        message += f" Still open: {', '.join(still_open)}."
    return Verdict(right / len(wanted), message)


def against(oracle: Callable, axes: str = "") -> Fault:
    """Find fault by comparing with a function that is right; `axes` as `difference`."""

    def fault(answer: object, *arguments: object) -> str:
        return difference(answer, oracle(*arguments), axes)

    return fault


def _call(function: Callable, arguments: dict[str, Any]) -> Any:
    """Call with copies, so that nobody changes another's arguments."""
    try:
        return function(*copy.deepcopy(list(arguments.values())))
    except Exception as error:
        return Raised(error)


def _is_left_open(answer: object) -> bool:
    return isinstance(answer, Raised) and isinstance(answer.error, NotImplementedError)


def _is_stub(attempt: Callable) -> bool:
    """Does the function use no name and make none, as one whose body is `...`?"""
    code = getattr(attempt, "__code__", None)
    return bool(code) and not code.co_names and code.co_nlocals == code.co_argcount


def _examine(fault: Fault, answer: Any, *arguments: Any) -> str:
    if isinstance(answer, Raised):
        return describe(answer)
    try:
        return fault(answer, *arguments)
    except Exception as error:
        what = f"came {describe(answer)}, which could not be examined"
        return f"{what} ({type(error).__name__}: {error})."


def _hints(mistakes: Mapping[str, Callable], wrong: list) -> Iterator[str]:
    for hint, mistake in mistakes.items():
        if wrong and all(
            _alike(answer, _call(mistake, arguments)) for arguments, answer, _ in wrong
        ):
            yield hint


def _alike(came: Any, other: Any) -> bool:
    try:
        return not difference(came, other)
    except Exception:  # what was written cannot be compared with anything
        return False


@contextmanager
def apart() -> Iterator[None]:
    """Seed the random numbers and forget the declared axes; put all back at the end."""
    checks = getattr(builtins, HOME, None)  # no `axes` yet, no checks
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    known = checks.known if checks else {}
    random.seed(0)
    np.random.seed(0)
    torch.default_generator.manual_seed(0)
    if checks:
        checks.known = {}  # a comment in the attempt may meet other sizes here
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if checks:
            checks.known = known
