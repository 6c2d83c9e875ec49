"""Where sentence pairs come from, and what is done to them before any model.

A pair is read as it was written (`read_pairs`), cleaned, filtered and freed of
duplicates (`prepare`), and laid into three parts by its source sentence (`split`).
The direction is always the model's: French is read, English is written.
"""

import os
import random
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from seq2seq_lesson.batches import Example
from seq2seq_lesson.corpora.tatoeba import decode, tatoeba_text
from seq2seq_lesson.vocabulary import Vocabulary, refuse_string

TUTORIAL_PREFIXES = (
    "i am ", "i m ", "he is", "he s ", "she is", "she s",
    "you are", "you re ", "we are", "we re ", "they are", "they re ",
)  # fmt: skip
"""As published: six lack the space that would close them, so "she s" keeps *she smiled*
and "he is" keeps *he isn t*."""

CLOSED_PREFIXES = tuple(prefix.strip() + " " for prefix in TUTORIAL_PREFIXES)


@dataclass(frozen=True)
class SentencePair:
    """A sentence and its translation.

    The alignment's links are (source token, target token), counted from 0 in the
    *normalised* sentences; None where nobody knows which word made which.
    """

    source: str
    target: str
    alignment: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True)
class Split:
    """Three parts that share no source sentence."""

    train: list[SentencePair]
    valid: list[SentencePair]
    test: list[SentencePair]


def normalise(text: str) -> str:
    """Reduce a sentence to the letters a-z and `.!?`, its tokens one space apart.

    All else becomes a space, accents are dropped. It is the cleaning of article A, less
    the spaces that it leaves at the ends.
    """
    text = text.lower()
    if not text.isascii():  # most English needs no accents removed
        text = unicodedata.normalize("NFD", text)
        text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    text = re.sub(r"([.!?])", r" \1", text)
    return re.sub(r"[^a-z.!?]+", " ", text).strip()


def choose(name: str) -> str:
    """Name the corpus to read: $SEQ2SEQ_LESSON_CORPUS, or `name` from now on."""
    return os.environ.setdefault("SEQ2SEQ_LESSON_CORPUS", name)


def read_pairs(name: str | Path | None = None) -> list[SentencePair]:
    """Read a corpus as it was written, neither normalised nor filtered.

    `name` is "bundled", "tatoeba" or the path of a text of your own, one
    `source<TAB>target` a line; None takes $SEQ2SEQ_LESSON_CORPUS, or "bundled".

    Raises ValueError: no such file, not UTF-8, no line at all, or one that is no pair.
    """
    name = name or os.environ.get("SEQ2SEQ_LESSON_CORPUS") or "bundled"
    if name == "bundled":
        bundled = resources.files("seq2seq_lesson.corpora") / "eng-fra-small.tsv"
        lines = _columns(bundled.read_text(encoding="utf-8"), bundled.name)
        return [SentencePair(fr, en, _french_first(links)) for en, fr, links in lines]
    if name == "tatoeba":
        lines = _columns(tatoeba_text(), "fra.txt")
        return [SentencePair(french, english) for english, french, *_ in lines]
    path = Path(name).absolute()
    if not path.is_file():
        raise ValueError(
            f"the corpus {str(name)!r} was not found at {path}: give 'bundled', "
            "'tatoeba' or the path of a text with one source<TAB>target pair a line."
        )
    lines = _columns(decode(path.read_bytes(), path), str(path))
    return [SentencePair(source, target) for source, target, *_ in lines]


def _columns(text: str, name: str) -> list[list[str]]:
    """Two or three columns a line; what stands in the third is the caller's matter."""
    rows = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        columns = line.split("\t")
        if len(columns) in (2, 3) and columns[0].strip() and columns[1].strip():
            rows.append(columns)
        elif line.strip():
            raise ValueError(
                f"line {number} of {name} is {line[:60]!r}, but a sentence, a tab and "
                "its translation were wanted (a third column may follow): mend or "
                "remove that line."
            )
    if not rows:
        raise ValueError(f"{name} holds no sentence pair: is it the right file?")
    return rows


def _french_first(links: str) -> tuple[tuple[int, int], ...]:
    """Turn the file's English-French links round, into the direction of the model."""
    pairs = (link.split("-") for link in links.split())
    return tuple(sorted((int(french), int(english)) for english, french in pairs))


def keep(
    pair: SentencePair,
    prefixes: Sequence[str] = CLOSED_PREFIXES,
    max_words: int = 10,
) -> bool:
    """Say whether a normalised pair passes the article's filter.

    Kept: fewer than `max_words` tokens (and at least one) on either side, and a target
    that starts with one of the prefixes. The prefix "" keeps every target.
    """
    refuse_string("prefixes", prefixes)
    lengths = len(pair.source.split()), len(pair.target.split())
    fits = 0 < min(lengths) and max(lengths) < max_words
    return fits and pair.target.startswith(tuple(prefixes))


def prepare(
    pairs: Iterable[SentencePair],
    prefixes: Sequence[str] = CLOSED_PREFIXES,
    max_words: int = 10,
) -> list[SentencePair]:
    """Normalise, filter, and drop what is a duplicate after normalising.

    Raises ValueError: nothing is left.
    """
    pairs = list(pairs)
    kept: dict[tuple[str, str], SentencePair] = {}
    for raw in pairs:
        pair = SentencePair(normalise(raw.source), normalise(raw.target), raw.alignment)
        if keep(pair, prefixes, max_words):
            kept.setdefault((pair.source, pair.target), pair)
    if not kept:
        raise ValueError(
            f"none of {len(pairs)} pairs has fewer than {max_words} tokens a side and "
            f"a target that starts with one of {tuple(prefixes)}: give other prefixes, "
            "('',) keeps every target, or a larger max_words."
        )
    return list(kept.values())


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


def encode_pairs(
    pairs: Sequence[SentencePair],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
) -> list[Example]:
    """Turn words into ids, on both sides."""
    source, target = src_vocabulary.encode, tgt_vocabulary.encode
    return [(source(pair.source), target(pair.target)) for pair in pairs]
