"""What a split lets through from training to test, and what that adds to a score."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import torch

from seq2seq_lesson.corpus import (
    SentencePair,
    encode_pairs,
    known_translations,
    vocabularies,
)
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.tasks import Sizes
from seq2seq_lesson.training import Recipe, fit
from seq2seq_lesson.translation import translate

SIZES: Sizes = {"emb": 32, "enc_hid": 32, "hid": 64}
BATCH = 64


class Memory(NamedTuple):
    """How many leaked test sentences a model gets right, and their number.

    Shapes
        seen: right by a model that had them in training
        new:  right by its twin that had other pairs in their place
    """

    seen: int
    new: int
    leaked: int


def split_by_pair(
    pairs: Sequence[SentencePair], seed: int
) -> tuple[list[SentencePair], list[SentencePair]]:
    """Shuffle the pairs: a tenth of them is the test, eight tenths are for training."""
    order = random.Random(seed).sample(list(pairs), len(pairs))
    tenth = len(order) // 10
    return order[2 * tenth :], order[:tenth]


def memory(
    train: Sequence[SentencePair],
    test: Sequence[SentencePair],
    size: int,
    epochs: int,
    seed: int,
) -> Memory:
    """Train twins on `size` pairs; only one of them reads the leaked test sentences.

    Both have the same vocabularies, first numbers, epochs and number of pairs. A
    translation is right if it equals any known one. Always on the CPU.

    Raises
        ValueError: no test sentence stands in training, or `size` has no room.
    """
    asked = {pair.source for pair in test}
    leaks = [pair for pair in train if pair.source in asked]
    rest = [pair for pair in train if pair.source not in asked]
    if not leaks or not len(leaks) < size <= len(rest):
        raise ValueError(
            f"size: got {size}, wanted more than the {len(leaks)} pairs that leak, at "
            f"least one, and no more than the {len(rest)} others"
        )
    rest = random.Random(seed).sample(rest, size)
    known = known_translations([*train, *test])
    leaked = sorted({pair.source for pair in leaks})
    seen, new = (
        sum(text in known[source] for source, text in zip(leaked, texts, strict=True))
        for texts in (
            _translated(group, [*leaks, *rest], leaked, epochs, seed)
            for group in ([*leaks, *rest[len(leaks) :]], rest)
        )
    )
    return Memory(seen, new, len(leaked))


def _translated(
    train: Sequence[SentencePair],
    words: Sequence[SentencePair],
    sources: Sequence[str],
    epochs: int,
    seed: int,
) -> list[str]:
    """What a small model, trained on the pairs, makes of the sources."""
    src, tgt = vocabularies(words)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Seq2Seq(ModelConfig(len(src), len(tgt), **SIZES))
        recipe = Recipe(epochs=epochs, batch_size=BATCH, peak_rate=1e-2, seed=seed)
        fit(model, encode_pairs(train, src, tgt), recipe, progress=False)
    return [made.text for made in translate(model, sources, src, tgt)]


def neighbours(source: str) -> set[tuple]:
    """A sentence with one word cut out, in each place: what neighbours share."""
    words = source.split()
    return {(i, *words[:i], *words[i + 1 :]) for i in range(len(words))}


def neighbour_answers(
    train: Sequence[SentencePair], sources: Sequence[str]
) -> dict[str, str]:
    """Answer with the translation of a training sentence that differs in one word.

    Shapes
        return: source -> a target, for the sources that have such a neighbour
    """
    memory: dict[tuple, str] = {}
    for pair in train:
        for gap in sorted(neighbours(pair.source)):
            memory.setdefault(gap, pair.target)
    found = {}
    for source in sources:
        gaps = [gap for gap in sorted(neighbours(source)) if gap in memory]
        if gaps:
            found[source] = memory[gaps[0]]
    return found
