"""Exercises that answer back: an attempt in, points and a sentence that helps out.

    def src_mask(attempt) -> Verdict:
        return judge(attempt, draw, against(oracle, "(batch, src_len)"), todo="...")

`judge` tries a function on random cases, `judge_parts` a dictionary of predictions.
Both answer whatever is written, and leave the notebook's random numbers alone.
"""

from __future__ import annotations

import copy
import dis
import io
import random
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from typing import Any

import torch

from seq2seq_lesson.exercises.comparing import Raised, describe, difference
from seq2seq_lesson.exercises.isolation import apart, bound

CASES = 20
FORGOTTEN = "It returned None: no `return` was met, and `print` hands nothing on."
SAME = "your answer is the same every time: does it use its arguments?"
Fault = Callable[..., str]  # an answer and the arguments; "" if the answer is right


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check says of an attempt; shown as its message.

    Args
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
    otherwise: str = "",
) -> Verdict:
    """Call a learner's function on random cases and say what is wrong, if anything is.

    `draw` makes the arguments of one case, by name and in order; PyTorch's random
    numbers are seeded while it runs. `fault` sees each answer with the case's arguments
    (see `against`). `todo` says in a sentence what is to be written. `mistakes` are
    wrong functions by their hints: the first one that answers *every* wrong case as the
    learner did gives its hint; one that raises is like an attempt that raises the same.
    `otherwise` is the hint of an attempt that answers like none and raises nothing.
    """
    if attempt is ... or attempt is None:
        return Verdict(0.0, f"Not tried yet: {todo}")
    if not callable(attempt):
        return Verdict(0.0, f"Not yet: got {describe(attempt)}, wanted a function.")
    wrong = []  # of each wrong case the arguments, the answer and its fault
    with apart():
        rng = random.Random(0)
        for case in range(CASES):
            arguments = draw(rng)
            # what the attempt prints is shown once, not for each case
            quiet = redirect_stdout(io.StringIO()) if case else nullcontext()
            with quiet, bound(arguments):
                answer = _call(attempt, arguments)
            if answer is ... or _is_left_open(answer):
                return Verdict(0.0, f"Not tried yet: {todo}")
            if sentence := _examine(fault, answer, *arguments.values()):
                wrong.append((arguments, answer, sentence))
        hint = next(_hints(mistakes or {}, wrong), "")
        answers = [answer for _, answer, _ in wrong]
        if not hint and len(wrong) == CASES and _is_one(answers):
            hint = SAME
        elif not hint and not any(isinstance(a, Raised) for a in answers):
            hint = otherwise
    if not wrong:
        return Verdict(1.0, f"Right: all {CASES} random cases.")
    if len(wrong) == CASES and all(answer is None for _, answer, _ in wrong):
        if _is_stub(attempt):
            return Verdict(0.0, f"Not tried yet: {todo}")
        return Verdict(0.0, f"Not yet: {todo} {FORGOTTEN}")
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
    unknown = [key for key in answers if key not in wanted]
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
        if isinstance(came, str) and not isinstance(wanted[part], str):
            kind = "number" if isinstance(wanted[part], int | float) else "shape"
            told = [f"A {kind} is wanted, without quotation marks."]
        message += f" {part} is not {describe(came)}."
        message += f" Hint: {(told or [hints[part]])[0]}"
    if still_open:
        message += f" Still open: {', '.join(still_open)}."
    if unknown:
        message += f" None of the keys: {', '.join(map(describe, unknown))}."
    return Verdict(right / len(wanted), message)


def untouched(
    attempt: Any,
    draw: Callable[[random.Random], dict[str, Any]],
    given: Callable,
    names: Collection[str],
) -> bool:
    """Whether a repair was not begun: it answers as what was given, in no more names.

    Args
        given: does what the function does that the exercise gives
        names: what that function looks up; an attempt that looks up another name was
               begun, even if it answers alike
    """
    code = getattr(attempt, "__code__", None)
    if code is not None and not set(code.co_names) <= set(names):
        return False
    return judge(attempt, draw, against(given), todo="").points == 1


def keeping(
    verdict: Verdict, attempt: Callable, draw: Callable, place: int, told: str
) -> Verdict:
    """Halve the points of a right attempt that changes its argument at a place."""

    def after(*given: Any) -> Any:
        attempt(*given)
        return given[place]

    if verdict.points < 1:
        return verdict
    kept = judge(after, draw, against(lambda *given: given[place]), todo="")
    return verdict if kept.points == 1 else Verdict(0.5, f"Not yet: {told}")


def lend(verdict: Verdict, use: Callable[[], str]) -> Verdict:
    """Let a trained model use a right attempt; the sentence says what came of it."""
    if verdict.points < 1:
        return verdict
    with apart(), torch.no_grad():
        said = _call(use, {})
    if isinstance(said, Raised):
        said = f"Lent to a trained model, {describe(said)}"
    return Verdict(verdict.points, f"{verdict.message} {said}")


def against(oracle: Callable, axes: str = "") -> Fault:
    """Find fault by comparing with a function that is right; `axes` as `difference`."""

    def fault(answer: object, *arguments: object) -> str:
        return difference(answer, oracle(*arguments), axes)

    return fault


def _call(function: Callable, arguments: dict[str, Any]) -> Any:
    """Call with copies, so that nobody changes another's arguments."""
    try:
        return function(*copy.deepcopy(list(arguments.values())))
    except (Exception, SystemExit) as error:
        return Raised(error)


def _is_left_open(answer: object) -> bool:
    """A stub raises NotImplementedError without a word; PyTorch's own names a dtype."""
    error = answer.error if isinstance(answer, Raised) else None
    return isinstance(error, NotImplementedError) and not error.args


def _is_stub(attempt: Callable) -> bool:
    """Does the function touch no name, not even its arguments, like a body of `...`?"""
    code = getattr(attempt, "__code__", None)
    if code is None:
        return False
    touched = (step.opname for step in dis.get_instructions(code))
    return not code.co_names and not any("FAST" in op for op in touched)


def _examine(fault: Fault, answer: Any, *arguments: Any) -> str:
    if isinstance(answer, Raised):
        return describe(answer)
    try:
        return fault(answer, *arguments)
    except Exception as error:
        what = f"came {describe(answer)}, which could not be examined"
        return f"{what} ({type(error).__name__}: {f'{error}'[:200]})."


def _is_one(answers: list) -> bool:
    """Are all answers the same, and none an error?"""
    first, *others = answers
    return not isinstance(first, Raised) and all(_alike(o, first) for o in others)


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
