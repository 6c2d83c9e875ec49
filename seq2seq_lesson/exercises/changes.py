"""The checks of exercises 5.3 and 5.4: other weights in place of a model's own.

Source
    ours
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seq2seq_lesson import interventions
from seq2seq_lesson.exercises import Verdict, against, judge, lend
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.translation import translate

AXES = "(batch, tgt_len, src_len)"


def _draw(rng: random.Random) -> dict[str, Any]:
    """What a change is handed: rows of weights, 0 at padding, the mask, the step."""
    batch, tgt_len, src_len = rng.sample(range(2, 7), 3)
    lengths = [src_len, *(rng.randint(1, src_len) for _ in range(batch - 1))]
    src_mask = torch.arange(src_len) < torch.tensor(lengths).unsqueeze(1)
    scores = torch.randn(batch, tgt_len, src_len)
    weights = scores.masked_fill(~src_mask.unsqueeze(1), float("-inf")).softmax(dim=-1)
    return {"weights": weights, "src_mask": src_mask, "step": rng.randrange(4)}


def evenly(attempt: object) -> Verdict:
    """The same weight for each word, and none for padding (exercise 5.3)."""

    def untouched(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        return torch.full_like(weights, 1 / weights.shape[-1])

    todo = "it gives weight to padding. Mend it."
    if judge(attempt, _draw, against(untouched, AXES), todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")

    def shared(count: Callable) -> Callable:
        """Even weights over the mask, divided by a count of it, in every row."""
        return lambda weights, mask, step: (
            (mask / count(mask)).unsqueeze(1).expand_as(weights)
        )

    def words(mask: Tensor) -> Tensor:
        return mask.sum(dim=1, keepdim=True)  # (batch, 1)

    mistakes = {
        "padding has no weight now; but what do the rows of a short sentence sum to?": (
            shared(lambda mask: mask.shape[1])
        ),
        "the count is right, but padding gets its share as well.": (
            lambda weights, mask, step: (
                torch.ones_like(weights) / words(mask).unsqueeze(1)
            )
        ),
        "each sentence has words of its own: do not count those of the whole batch.": (
            shared(torch.sum)
        ),
        "`dim=0` counts sentences; the words of a sentence lie along `dim=1`.": (
            shared(lambda mask: mask.sum(dim=0))
        ),
        "that counts the words written; a row sums to 1 over the words read.": (
            lambda weights, mask, step: (
                (mask / (mask * weights.shape[1])).unsqueeze(1).expand_as(weights)
            )
        ),
        "whom does the mask hide? True is a real token.": (
            lambda weights, mask, step: shared(words)(weights, ~mask, step)
        ),
        "those are still the model's own weights.": (
            lambda weights, mask, step: weights
        ),
        "right, but once a sentence; every written word wants its row: `expand_as`.": (
            lambda weights, mask, step: (mask / words(mask)).unsqueeze(1)
        ),
        "the axis of the written words is missing: `unsqueeze(1)`, then `expand_as`.": (
            lambda weights, mask, step: mask / words(mask)
        ),
        "the axis of the written words is the middle one: `unsqueeze(1)`.": (
            lambda weights, mask, step: mask.unsqueeze(2).expand_as(weights)
        ),
        "if it is the sizes: the mask is (batch, src_len) and lacks the axis of the "
        "written words, `unsqueeze(1)`.": lambda weights, mask, step: weights * mask,
    }
    todo = f"return the same weight for every word and 0 for padding, {AXES}."
    fault = against(interventions.uniform, AXES)
    return judge(attempt, _draw, fault, todo=todo, mistakes=mistakes)


def first_word(attempt: Any) -> Verdict:
    """All weight to the first word that was read (exercise 5.4)."""

    def oracle(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        return torch.eye(weights.shape[-1])[0].expand_as(weights)

    def put(place: Any, over: Callable = torch.zeros_like) -> Callable:
        def change(weights, src_mask, step):
            changed = over(weights)  # (batch, tgt_len, src_len)
            changed[place] = 1
            return changed

        return change

    mistakes = {
        "the other words keep their weights, so a row sums to more than 1.": (
            put((..., 0), torch.clone)
        ),
        "every word has weight 1 there; a row sums to 1.": put(..., torch.ones_like),
        "the first word keeps what it had: it gets all of the row, 1.": (
            lambda weights, mask, step: weights * oracle(weights, mask, step)
        ),
        "that is the first written word's row; the first read word has a column.": (
            put((slice(None), 0))
        ),
        "that is the row of the first written word alone: mend every row.": (
            put((slice(None), 0, 0))
        ),
        "that is the first sentence of the batch.": put(0),
        "that is the first sentence of the batch alone: mend them all.": (
            put((0, slice(None), 0))
        ),
        "that is the second column: Python counts from 0.": put((..., 1)),
        "that is the last column, where <eos> or padding stands.": put((..., -1)),
    }
    todo = f"return weights {AXES}, all of them on the first word."
    verdict = judge(attempt, _draw, against(oracle, AXES), todo=todo, mistakes=mistakes)

    def change(weights: Tensor, *told: Any) -> Tensor:
        return attempt(weights, *told).to(weights)  # the check takes float64 as well

    def use() -> str:
        model, *vocabularies = load_pretrained("general-after")
        asked = ["elles ne mangent pas .", "nous dessinons un petit chat ."]
        with interventions.intervened(model, change):
            written = translate(model, asked, *vocabularies)
        begun = " and ".join(f"{' '.join(t.words[:4])!r}" for t in written)
        return f"With it a trained model begins its translations {begun}."

    return lend(verdict, use)
