"""The two tasks, the recipes, and the models that come along: which is what.

French to English on the bundled corpus, and reading strings backwards.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict

from seq2seq_lesson import corpus
from seq2seq_lesson.batches import Example
from seq2seq_lesson.reversal import (
    LETTERS,
    draw_strings,
    reversal_pairs,
    unseen_strings,
)
from seq2seq_lesson.training import FreshExamples, Recipe
from seq2seq_lesson.vocabulary import Vocabulary


@dataclass(frozen=True)
class Task:
    """What a model is trained on and what it is held against afterwards."""

    src_vocabulary: Vocabulary
    tgt_vocabulary: Vocabulary
    examples: Sequence[Example] | FreshExamples
    test: list[corpus.SentencePair]
    references: dict[str, list[str]]

    @property
    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        return self.src_vocabulary, self.tgt_vocabulary


def french(name: str) -> Task:
    """French to English, a corpus split as by default; "tatoeba" is downloaded."""
    pairs = corpus.prepare(corpus.read_pairs(name))
    parts = corpus.split(pairs)
    src, tgt = corpus.vocabularies(parts.train, min_count=2)
    examples = corpus.encode_pairs(parts.train, src, tgt)
    return Task(src, tgt, examples, parts.test, corpus.known_translations(pairs))


bundled, tatoeba = partial(french, "bundled"), partial(french, "tatoeba")


def reversal() -> Task:
    """Reading backwards, with fresh strings in every epoch."""
    letters, unseen = Vocabulary(LETTERS), unseen_strings()
    exclude = frozenset(unseen)

    def fresh(rng: random.Random) -> list[Example]:
        strings = draw_strings(6400, rng, exclude=exclude)
        return corpus.encode_pairs(reversal_pairs(strings), letters, letters)

    test = reversal_pairs(unseen)
    return Task(letters, letters, fresh, test, corpus.known_translations(test))


class Sizes(TypedDict, total=False):
    """What a recipe says of a `ModelConfig`."""

    emb: int
    enc_hid: int
    hid: int
    att: int
    order: str
    score: str


SMALL: Sizes = {"emb": 48, "enc_hid": 48, "hid": 96, "att": 48}
TRANSLATE = Recipe(epochs=14, batch_size=32, peak_rate=6e-3, weight_decay=0.1)
# With seed 0 the attention settles on the letter beside the right one, as exactly.
REVERSE = Recipe(epochs=10, batch_size=64, peak_rate=5e-3, seed=1)
REAL = Recipe(epochs=20, batch_size=32, peak_rate=4e-3, weight_decay=0.1)
BEFORE: Sizes = {"score": "additive", "order": "before"}
MODELS: dict[str, tuple[Callable[[], Task], Sizes, Recipe]] = {
    "position-after": (bundled, SMALL | {"score": "position"}, TRANSLATE),
    "dot-after": (bundled, SMALL | {"score": "dot"}, TRANSLATE),
    "general-after": (bundled, SMALL | {"score": "general"}, TRANSLATE),
    "concat-after": (bundled, SMALL | {"score": "concat"}, TRANSLATE),
    "additive-after": (bundled, SMALL | {"score": "additive"}, TRANSLATE),
    "additive-before": (bundled, SMALL | BEFORE, TRANSLATE),
    "tatoeba": (tatoeba, SMALL | {"score": "general"}, REAL),
    "plain": (bundled, SMALL | {"order": "none"}, TRANSLATE),
    "reversal-attention": (reversal, {"emb": 32, "enc_hid": 32, "hid": 64}, REVERSE),
}
