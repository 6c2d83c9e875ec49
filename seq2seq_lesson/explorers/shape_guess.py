"""Guess first: read the shape that a learner types, judge it, and explain a miss."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from math import prod

from seq2seq_lesson.drawing import shorten
from seq2seq_lesson.explorers.shape_flow import Arrow
from seq2seq_lesson.explorers.shape_sizes import Sizes

LONGEST = 200  # letters; no shape needs more
HINT = "Type one entry an axis, as names or numbers, such as (batch, 1, 2*enc_hid)."
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
WHY = {
    "src_emb": "Each word id was replaced by a row of emb numbers; nothing else moved.",
    "tgt_emb": "Each word id was replaced by a row of emb numbers; nothing else moved.",
    "enc_states": "One state a word; those of two directions stand side by side.",
    "h_n": "One last state for each layer and direction, and the batch in the middle, "
    "whatever batch_first says.",
    "packed.data": "Packing lays the real words of all sentences in a row, no padding.",
    "packed.batch_sizes": "For every step, how many sentences still go on.",
    "states.data": "One state for each real word, and no axis for sentences.",
    "query_proj": "An axis of size 1 makes room for the source words.",
    "keys_proj": "An axis of size 1 makes room for the target words.",
    "scores": "One number for each pair of a target word and a source word.",
    "weights": "Shaped like the scores: one number for each pair of words.",
    "context": "A mean of source states for each query: src_len is summed away.",
    "logits": "One score for each word that the target language has.",
}


@dataclass(frozen=True)
class Entry:
    """One axis of a guess: its text, and its value with two sets of sizes."""

    text: str
    value: int
    elsewhere: int | None  # with other sizes; None if the entry holds a number


def read_guess(text: str, sizes: Sizes) -> list[Entry]:
    """A guess's entries.

    Raises
        ValueError: it is too long, or an entry is neither a name nor a number, or a
            product or sum of them.
    """
    if len(text) > LONGEST:
        raise ValueError(f"That is {len(text):,} letters, too long for a shape. {HINT}")
    inner = re.sub(r"^\s*(torch\.Size)?\s*[(\[]+|[)\]]+\s*$", "", text.strip())
    inner = re.sub(r"\s*([*+])\s*", r"\1", inner.replace("×", ","))
    parts = re.split(r"\s*,\s*|\s+", inner.strip().strip(","))
    return [_entry(part, sizes) for part in parts if part]


def _entry(part: str, sizes: Sizes) -> Entry:
    """One axis: names and numbers, multiplied and added."""
    names = sizes.named
    elsewhere = dict(zip(names, PRIMES, strict=False))
    elsewhere["enc"] = elsewhere["directions"] * elsewhere["enc_hid"]
    terms = [term.split("*") for term in part.split("+")]
    for word in (word for term in terms for word in term):
        if not re.fullmatch(r"[0-9]{1,9}", word) and word not in names:
            near = get_close_matches(word, names, 1)
            raise ValueError(
                f"“{shorten(word, 30)}” is no axis here. "
                + (f"Did you mean {near[0]}? " if near else HINT + " ")
                + f"The names: {', '.join(names)}."
            )
    here = sum(prod(names.get(w) or int(w) for w in term) for term in terms)
    if re.search(r"[0-9]", part):
        return Entry(part, here, None)
    return Entry(part, here, sum(prod(elsewhere[w] for w in term) for term in terms))


def judge(text: str, asked: Arrow, sizes: Sizes) -> tuple[bool, str]:
    """Is it right, and what is there to say?

    Raises
        ValueError: as `read_guess`.
    """
    guess = read_guess(text, sizes)
    said = f"You said {shorten(text)}."
    truth = f"{asked.name} is {asked.shape}."
    why = WHY.get(asked.name, "")
    if len(guess) != len(asked.axes):
        return False, (
            f"Not yet. {said} That has {_count(len(guess))}, and {asked.name} has "
            f"{len(asked.axes)}: {asked.shape}. {why}"
        )
    wrong = [n for n, e in enumerate(guess) if e.value != asked.sizes[n]]
    if len(wrong) > 1 and sorted(e.value for e in guess) == sorted(asked.sizes):
        return False, f"Nearly: the axes are right, their order is not. {truth} {why}"
    if wrong:
        place, entry = wrong[0], guess[wrong[0]]
        return False, (
            f"Not yet. {said} Axis {place} (counted from 0) is not {entry.text} but "
            f"{asked.axes[place]}, {asked.sizes[place]:,}. {truth} {why}"
        )
    true = [_entry(axis, sizes) for axis in asked.axes]
    for entry, axis in zip(guess, true, strict=True):
        if None not in (entry.elsewhere, axis.elsewhere) and (
            entry.elsewhere != axis.elsewhere
        ):
            return False, (
                f"Right in size, by chance: {entry.text} and {axis.text} are both "
                f"{axis.value:,} here, and mean different things. {truth} {why}"
            )
    return True, f"Right: {truth} {why}"


def _count(axes: int) -> str:
    return "one axis" if axes == 1 else f"{axes} axes"
