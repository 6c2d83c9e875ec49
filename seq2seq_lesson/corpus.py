"""Where sentence pairs come from, and what is done to them before any model.

A pair is read as it was written (`read_pairs`), cleaned, filtered and freed of
duplicates (`prepare`), and laid into three parts by its source sentence (`split`).
The direction is always the model's: French is read, English is written.
"""

import os
import random
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from seq2seq_lesson.batches import Example
from seq2seq_lesson.corpora.cleaning import cleaning, tell_losses
from seq2seq_lesson.corpora.cleaning import normalise as normalise  # the article's
from seq2seq_lesson.corpora.files import columns, decode, unpacked
from seq2seq_lesson.corpora.tatoeba import tatoeba_text
from seq2seq_lesson.runtime import without_collector
from seq2seq_lesson.vocabulary import Vocabulary, refuse_string

TUTORIAL_PREFIXES = (
    "i am ", "i m ", "he is", "he s ", "she is", "she s",
    "you are", "you re ", "we are", "we re ", "they are", "they re ",
)  # fmt: skip
"""As published: six lack the space that would close them, so "she s" keeps *she smiled*
and "he is" keeps *he isn t*."""

CLOSED_PREFIXES = tuple(prefix.strip() + " " for prefix in TUTORIAL_PREFIXES)


class SentencePair(NamedTuple):
    """A sentence and its translation.

    The alignment's links are (source token, target token), counted from 0 in the
    *cleaned* sentences; None where nobody knows which word made which. `clean` names
    the cleaning that the pair is to have, or has had (see `cleaning.py`).
    """

    source: str
    target: str
    alignment: tuple[tuple[int, int], ...] | None = None
    clean: str = "article"


@dataclass(frozen=True)
class Split:
    """Three parts that share no source sentence."""

    train: list[SentencePair]
    valid: list[SentencePair]
    test: list[SentencePair]


def choose(name: str) -> str:
    """Name the corpus to read: $SEQ2SEQ_LESSON_CORPUS, or `name` from now on."""
    return os.environ.setdefault("SEQ2SEQ_LESSON_CORPUS", name)


def read_pairs(name: str | Path | None = None) -> list[SentencePair]:
    """Read a corpus as it was written, neither cleaned nor filtered.

    `name` is "bundled", "tatoeba" or the path of a text of your own, one
    `source<TAB>target` a line, plain or packed (.gz, .zip); None takes
    $SEQ2SEQ_LESSON_CORPUS, or "bundled". Your own is to be cleaned as "words".

    Raises ValueError: no such file, not UTF-8, no line at all, or one that is no pair.
    """
    name = name or os.environ.get("SEQ2SEQ_LESSON_CORPUS") or "bundled"
    if name == "bundled":
        bundled = resources.files("seq2seq_lesson.corpora") / "eng-fra-small.tsv"
        rows = columns(bundled.read_text(encoding="utf-8").split("\n"), bundled.name)
        return [SentencePair(fr, en, _french_first(links)) for en, fr, links in rows]
    if name == "tatoeba":
        rows = columns(tatoeba_text().split("\n"), "fra.txt")
        return [SentencePair(french, english) for english, french, *_ in rows]
    path = Path(name).absolute()
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "was not found"
        raise ValueError(
            f"the corpus {str(name)!r} {problem} at {path}: give 'bundled', "
            "'tatoeba' or the path of a text with one source<TAB>target pair a line."
        )
    rows = columns(decode(unpacked(path), path), str(path))
    pairs, layout = [], ""
    with without_collector():
        for source, target, *more in rows:
            pairs.append(SentencePair(source, target, clean="words"))
            layout = layout or (more[0][:5] if more else "")
    if layout == "CC-BY":
        warnings.warn(
            f"{path} is laid out as manythings.org ships it, English first, so English "
            "is read and the other language written: swap the first two columns if "
            "you want the other direction",
            stacklevel=2,
        )
    return pairs


def _french_first(links: str) -> tuple[tuple[int, int], ...]:
    """Turn the file's English-French links round, into the direction of the model."""
    pairs = (link.split("-") for link in links.split())
    return tuple(sorted((int(french), int(english)) for english, french in pairs))


def keep(
    pair: SentencePair,
    prefixes: Sequence[str] = CLOSED_PREFIXES,
    max_words: int = 10,
) -> bool:
    """Say whether a cleaned pair passes the article's filter.

    Kept: fewer than `max_words` tokens (and at least one) on either side, and a target
    that starts with one of the prefixes. The prefix "" keeps every target.
    """
    refuse_string("prefixes", prefixes)
    lengths = len(pair.source.split()), len(pair.target.split())
    fits = 0 < min(lengths) and max(lengths) < max_words
    return fits and pair.target.startswith(tuple(prefixes))


def prepare(
    pairs: Iterable[SentencePair],
    prefixes: Sequence[str] | None = None,
    max_words: int | None = None,
    clean: str | None = None,
) -> list[SentencePair]:
    """Clean, filter, and drop what is a duplicate after cleaning.

    Args
        prefixes, max_words: of the filter (see `keep`); None: the article's where the
            cleaning is the article's, else every target and fewer than 30 tokens
        clean: a name of `CLEANINGS`; None: as the first pair says

    Raises ValueError: nothing is left, or the cleaning loses most of the letters.
    """
    pairs = list(pairs)
    name = clean or (pairs[0].clean if pairs else "article")
    cleaned = cleaning(name)
    as_article = name == "article"
    if prefixes is None:
        prefixes = CLOSED_PREFIXES if as_article else ("",)
    if max_words is None:
        max_words = 10 if as_article else 30
    tell_losses("source", [pair.source for pair in pairs], name)
    tell_losses("target", [pair.target for pair in pairs], name)
    kept: dict[SentencePair, tuple[tuple[int, int], ...] | None] = {}
    shortest = 0
    with without_collector():
        for source, target, alignment, _ in pairs:
            pair = SentencePair(cleaned(source), cleaned(target), None, name)
            if keep(pair, prefixes, max_words):
                kept.setdefault(pair, alignment)
            elif not kept and (longer := max(len(side.split()) for side in pair[:2])):
                shortest = min(shortest or longer, longer)
    if not kept:
        raise ValueError(
            f"none of {len(pairs)} pairs has fewer than {max_words} tokens a side "
            f"(the shortest has {shortest}) and a target that starts with one of "
            f"{tuple(prefixes)}: give other prefixes, ('',) keeps every target, or a "
            "larger max_words."
        )
    return [
        p if links is None else p._replace(alignment=links) for p, links in kept.items()
    ]


def known_translations(pairs: Iterable[SentencePair]) -> dict[str, list[str]]:
    """Collect all distinct targets of each source, in order of appearance."""
    known: dict[str, list[str]] = {}
    for pair in pairs:
        targets = known.setdefault(pair.source, [])
        if pair.target not in targets:
            targets.append(pair.target)
    return known


def split(
    pairs: Sequence[SentencePair], seed: int = 0, valid: float = 0.1, test: float = 0.1
) -> Split:
    """Lay pairs into three parts so that all translations of a source stay together.

    `valid` and `test` are shares of the distinct sources.

    Raises ValueError: the shares leave one of the three parts without a source.
    """
    sources = list(dict.fromkeys(pair.source for pair in pairs))
    random.Random(seed).shuffle(sources)
    first = round(test * len(sources))
    second = first + round(valid * len(sources))
    if not 0 < first < second < len(sources):
        raise ValueError(
            f"valid={valid} and test={test} of {len(sources)} distinct sources leave a "
            "part empty: give more pairs, or shares above 0 that sum to less than 1."
        )
    part = {s: "test" if i < first else "valid" for i, s in enumerate(sources[:second])}
    parts: dict[str, list[SentencePair]] = {"train": [], "valid": [], "test": []}
    for pair in pairs:
        parts[part.get(pair.source, "train")].append(pair)
    return Split(**parts)


def vocabularies(
    pairs: Sequence[SentencePair], min_count: int = 1
) -> tuple[Vocabulary, Vocabulary]:
    """The words of both sides, those seen fewer times left out."""
    clean = pairs[0].clean
    return (
        Vocabulary.from_sentences((pair.source for pair in pairs), min_count, clean),
        Vocabulary.from_sentences((pair.target for pair in pairs), min_count, clean),
    )


def encode_pairs(
    pairs: Sequence[SentencePair],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
) -> list[Example]:
    """Turn words into ids, on both sides.

    Raises ValueError: the pairs are cleaned in another way than the vocabularies.
    """
    found, wanted = {pair.clean for pair in pairs}, src_vocabulary.clean
    if found | {tgt_vocabulary.clean} != {wanted}:
        raise ValueError(
            f"pairs: cleaned as {', '.join(sorted(found))}, the vocabularies' words as "
            f"{wanted} and {tgt_vocabulary.clean}: make them by `vocabularies(pairs)`"
        )
    source, target = src_vocabulary.encode, tgt_vocabulary.encode
    with without_collector():
        return [(source(pair.source), target(pair.target)) for pair in pairs]
