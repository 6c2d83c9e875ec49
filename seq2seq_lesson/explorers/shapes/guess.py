"""Guess first: read the shape that a learner types, judge it, hint before answering."""

from __future__ import annotations

import re
from collections import Counter
from difflib import get_close_matches

from seq2seq_lesson.drawing import shorten
from seq2seq_lesson.explorers.shapes.running import ELSEWHERE, Run, Seen, run
from seq2seq_lesson.shapes.comments import ShapeError, measure, parse

LONGEST = 200  # letters; no shape needs more
HINT = "Type one entry an axis, as names or numbers, such as (batch, 1, 2*enc_hid)."
WHY = {
    "emb": "Each word id was replaced by a row of emb numbers; nothing else moved.",
    "enc_states": "One state a word; those of two directions stand side by side.",
    "states": "One state for each word that was read.",
    "h_n": "One last state for each layer and direction, and the batch in the middle, "
    "whatever batch_first says.",
    "packed": "Packing lays the real words of all sentences in a row, no padding.",
    "query_proj": "An axis of size 1 makes room for the source words.",
    "keys_proj": "An axis of size 1 makes room for the target words.",
    "scores": "One number for each pair of a target word and a source word.",
    "weights": "Shaped like the scores: one number for each pair of words.",
    "context": "A mean of source states for each query: src_len is summed away.",
    "features": "What was joined stands side by side in the last axis.",
    "logits": "One score for each word that the target language has.",
    "loss": "A mean over all words is a single number.",
}


def read_guess(text: str, names: dict[str, int]) -> tuple[str, ...]:
    """A guess's axes, by the grammar of the shape comments.

    Raises
        ValueError: it is too long, or an axis is neither a name nor a number, or a
            product or sum of them.
    """
    if len(text) > LONGEST:
        raise ValueError(f"That is {len(text):,} letters, too long for a shape. {HINT}")
    inner = re.sub(r"^\s*(torch\.Size)?\s*[(\[]+|[)\]]+\s*$", "", text.strip())
    inner = re.sub(r"(?<=\w)\s*×\s*(?=\w)|(?<=\d)\s*x\s*(?=\d)|\s+x\s+", ",", inner)
    inner = re.sub(r"\s*([*+])\s*", r"\1", inner)
    parts = [part for part in re.split(r"\s*,\s*|\s+", inner.strip()) if part]
    for word in re.findall(r"[^\d\W]\w*", inner):
        if word not in names:
            near = get_close_matches(word[:40], names, 1)
            raise ValueError(
                f"“{shorten(word, 30)}” is no axis here. "
                + (f"Did you mean {near[0]}? " if near else HINT + " ")
                + f"The names: {', '.join(names)}."
            )
    try:
        return parse(f"({','.join(parts)},)" if parts else "()").axes
    except (ShapeError, AttributeError):
        raise ValueError(f"“{shorten(text, 30)}” is no shape. {HINT}") from None


def judge(text: str, asked: Seen, now: Run, source: str) -> str:
    """What is amiss with a guess, without the answer; nothing if it is right.

    Raises
        ValueError: as `read_guess`.
    """
    here, there = dict(now.sizes), dict(run(source, ELSEWHERE).sizes)
    guess = read_guess(text, here)
    if len(guess) != len(asked.axes):
        few = "few" if len(guess) < len(asked.axes) else "many"
        return f"Too {few} axes: {len(guess)}."
    values = [measure(axis, here) for axis in guess]
    wrong = [n for n, value in enumerate(values) if value != asked.sizes[n]]
    if len(wrong) > 1 and Counter(values) == Counter(asked.sizes):
        return "The axes are right, their order is not."
    if wrong:
        return f"Axis {wrong[0]} (counted from 0) is not {guess[wrong[0]]}."
    for entry, axis in zip(guess, asked.axes, strict=True):
        named = not re.search(r"\d", entry) and not axis.isdigit()
        if named and measure(entry, there) != measure(axis, there):
            return f"{entry} is as large here, by chance, and means something else."
    return ""


def why(name: str) -> str:
    """The reason for a tensor's shape, if there is one to tell."""
    return WHY.get(name) or next((WHY[w] for w in WHY if name.endswith(f"_{w}")), "")
