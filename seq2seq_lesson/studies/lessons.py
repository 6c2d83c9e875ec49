"""What notebook 04's translator is trained on, and how."""

from __future__ import annotations

from typing import NamedTuple

from seq2seq_lesson import corpus
from seq2seq_lesson.batches import Example
from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.training import Recipe
from seq2seq_lesson.vocabulary import Vocabulary

CURVES = {
    "loss": "training, mean over the round",
    "after": "training, after the round",
    "validation": "validation, after the round",
}
MOST = 256  # validation pairs
FLOORS = {"bundled": 95, "tatoeba": 56}  # the BLEU that a corpus's translator reaches


class Material(NamedTuple):
    """A corpus, cleaned and split; of the validation pairs at most MOST, from all over.

    words_of: the two vocabularies, of words that the training part holds twice
    train:    the training pairs as ids
    watched:  some of these, for a second curve
    held_out: the validation pairs
    unseen:   the same as ids
    test:     the test pairs
    meant:    all known translations of each source
    """

    words_of: tuple[Vocabulary, Vocabulary]
    train: list[Example]
    watched: list[Example]
    held_out: list[SentencePair]
    unseen: list[Example]
    test: list[SentencePair]
    meant: dict[str, list[str]]

    def batch(self, n: int) -> list[Example]:
        """32 training sentences from all over the corpus, other ones for each n."""
        step = max(1, len(self.train) // 32)
        return self.train[n % step :: step][:32]


def material() -> Material:
    """The corpus that is chosen (see `corpus.choose`), ready to train on."""
    pairs = corpus.prepare(corpus.read_pairs())
    parts = corpus.split(pairs)
    words_of = corpus.vocabularies(parts.train, min_count=2)
    gap = 1 + len(parts.valid) // MOST
    held_out = parts.valid[::gap]
    train = corpus.encode_pairs(parts.train, *words_of)
    return Material(
        words_of=words_of,
        train=train,
        watched=train[:: 9 * gap],
        held_out=held_out,
        unseen=corpus.encode_pairs(held_out, *words_of),
        test=parts.test,
        meant=corpus.known_translations(pairs),
    )


def recipe(seed: int) -> Recipe:
    """15 rounds for the bundled corpus, 60 for a larger one."""
    rounds = 15 if corpus.choose("bundled") == "bundled" else 60
    return Recipe(rounds, peak_rate=6e-3, weight_decay=0.1, seed=seed)


def floor() -> int:
    """A BLEU that the trained translator passes; 0 for a corpus of the reader's own."""
    return FLOORS.get(corpus.choose("bundled"), 0)
