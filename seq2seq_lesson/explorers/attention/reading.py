"""What the attention explorer knows of a sentence: who wrote what, looking where."""

from __future__ import annotations

from functools import lru_cache

from seq2seq_lesson.corpus import SentencePair, prepare, read_pairs, split
from seq2seq_lesson.explorers.sentences import loaded
from seq2seq_lesson.interventions import (
    Change,
    hardened,
    intervened,
    position_only,
    shuffled,
    uniform,
)
from seq2seq_lesson.translation import Translation, translate, translate_forced

Links = frozenset[tuple[int, int]]  # pairs of place read and place written, from 0

LEARNED = "as learned"
CHANGES = {  # what the list shows, and what it does to the weights
    LEARNED: "",
    "uniform": "every word read gets the same weight",
    "shuffled": "the weights of each row are dealt to other words",
    "hardened": "the largest weight of each row takes all",
    "position only": "the mean weights of other sentences of the same length",
}


@lru_cache(maxsize=256)
def reading(name: str, change: str, sentence: str) -> Translation:
    """How a trained model translates, with its own weights or with changed ones.

    A model without attention has none to change, so nothing is changed.
    """
    model, *vocabularies = loaded(name)
    if change == LEARNED or model.config.order == "none":
        return translate(model, [sentence], *vocabularies)[0]
    with intervened(model, _change(name, change)):
        return translate(model, [sentence], *vocabularies)[0]


def _change(name: str, change: str) -> Change:
    """The intervention of that name; the same cards are dealt each time."""
    if change == "shuffled":
        return shuffled(seed=0)
    if change == "position only":
        return _places(name)
    return {"uniform": uniform, "hardened": hardened}[change]


@lru_cache(maxsize=8)
def _places(name: str) -> Change:
    """Where this model looks on average, by place alone, on unseen sentences."""
    model, *vocabularies = loaded(name)
    unseen = split(_bundled()).test
    return position_only(translate_forced(model, unseen, *vocabularies))


@lru_cache(maxsize=1)
def _bundled() -> list[SentencePair]:
    return prepare(read_pairs("bundled"))


@lru_cache(maxsize=1)
def _alignments() -> dict[tuple[str, str], Links]:
    return {(p.source, p.target): frozenset(p.alignment or ()) for p in _bundled()}


def known_links(translation: Translation) -> Links | None:
    """Which word made which, if the bundled corpus holds this very translation."""
    source = " ".join(translation.source_words[:-1])
    return _alignments().get((source, translation.text))


def found(translation: Translation, links: Links) -> tuple[int, int]:
    """How many written words look most at a word they were made of; of how many."""
    assert translation.weights is not None, "a model without attention looks nowhere"
    written = {place for _, place in links}
    most = translation.weights[:, :-1].argmax(dim=1).tolist()
    return sum((most[place], place) in links for place in written), len(written)
