"""Do the weights tell what a written word needs? `make attention-study`

Experiments, each with models named score-order:
    needs      the map, a ruler, the grammar and the gradient, each asked which source
               word a written word needs most; negations; the adversary; other weights
    half even  the same of a model that was trained to do without its own weights
    negations  nine trainings, asked only what hiding does to negations; `at` is the
               training's seed
    aimed      can a row's brightest cell be another, if the adversary asks no more?
    two models how far the maps of two trainings are apart: another seed; concat and
               additive, which can compute the same

A word *needs* a source word as much as its log-probability falls when that is hidden.
The classes by its largest need, in `at`: 0 all, 1 needed (above 1 nat, so that it gets
at least e times less likely), 2 between, 3 idle (below 0.1 nat). "even rows" and "even
moved" have the same bounds for another loss: what it costs a word that its row be even.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq_lesson.corpus import (
    SentencePair,
    encode_pairs,
    prepare,
    read_pairs,
    split,
)
from seq2seq_lesson.interventions import (
    Change,
    hardened,
    identity,
    intervened,
    needs,
    position_only,
    shuffled,
    uniform,
)
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.studies import Finding, read_study, span, values
from seq2seq_lesson.studies.adversary import (
    ROOM,
    Maps,
    adversary,
    aimed,
    apart,
    total_variation,
)
from seq2seq_lesson.studies.attention import bundled, trained
from seq2seq_lesson.studies.gradient_map import gradient_map
from seq2seq_lesson.training import evaluate
from seq2seq_lesson.translation import (
    Translation,
    log_probs,
    translate,
    translate_forced,
)
from seq2seq_lesson.vocabulary import SPECIALS, UNK, Vocabulary

CLASSES = ("all", "needed", "between", "idle")
NEEDED, IDLE = 1.0, 0.1  # nats
SHORT, FULL = ("re", "s", "m"), ("are", "is", "am")
SENTENCES = 200  # of the test, with more than three words
OPPOSED = 60  # of them for the adversary
AIMED = {  # the weight that goes to one other cell; so much probability may move
    "words stay": (0.51, 1.0),
    "little moves": (0.51, ROOM),
    "all weight": (1.0, 1.0),
}
POINTERS = ("map", "gradient", "ruler", "grammar")


class Word(NamedTuple):
    """What points where for one written word; hits are of the most needed word.

    Shapes
        kind: 1 needed, 2 between, 3 idle
    """

    kind: int
    hits: dict[str, bool]


def kind_of(largest: float) -> int:
    """The class of a written word by its largest need, in nats."""
    return 1 if largest > NEEDED else 3 if largest < IDLE else 2


def some_pairs(count: int = SENTENCES) -> list[SentencePair]:
    """Test pairs of the bundled corpus with more than three words to read."""
    return [p for p in bundled().test if len(p.source.split()) > 3][:count]


def pointed(
    model: Seq2Seq,
    pairs: Sequence[SentencePair],
    vocabularies: tuple[Vocabulary, Vocabulary],
    gradient: bool = True,
) -> list[Word]:
    """Which of `POINTERS` points at the word that each written word needs most?

    The ruler points at the word in the same place; the grammar hits if any of its links
    does. The targets are written as they stand; EOS takes no part.
    """
    found = []
    forced = translate_forced(model, pairs, *vocabularies)
    for pair, translation in zip(pairs, forced, strict=True):
        largest, most = needs(model, pair, *vocabularies).max(dim=1)
        assert translation.word_weights is not None, "a model with attention is wanted"
        at = {"map": translation.word_weights.argmax(dim=1).tolist()}
        if gradient:
            slopes = gradient_map(model, pair, *vocabularies)
            at["gradient"] = slopes.argmax(dim=1).tolist()
        for row, (nats, word) in enumerate(
            zip(largest.tolist(), most.tolist(), strict=True)
        ):
            hits = {name: places[row] == word for name, places in at.items()}
            hits["ruler"] = row == word
            hits["grammar"] = (word, row) in (pair.alignment or ())
            found.append(Word(kind_of(nats), hits))
    return found


def shares(words: Sequence[Word]) -> Iterator[tuple[str, int, float]]:
    """Of the words of each class: how many there are, and what each pointer hits."""
    for at in range(len(CLASSES)):
        there = [word for word in words if at in (0, word.kind)]
        yield "share", at, len(there) / len(words)
        for name in there[0].hits if there else ():
            yield name, at, sum(word.hits[name] for word in there) / len(there)


class Negation(NamedTuple):
    """A test pair with *re*, *s* or *m* before *not*, and where its words stand."""

    pair: SentencePair
    short: int  # the place of re, s or m in the target
    pas: int  # that of pas in the source


def negations() -> list[Negation]:
    """The negations of the test part whose verb of being is written short."""
    found = []
    for pair in bundled().test:
        read, written = pair.source.split(), pair.target.split()
        for n, (word, after) in enumerate(pairwise(written)):
            if word in SHORT and after == "not" and "pas" in read:
                found.append(Negation(pair, n, read.index("pas")))
    return found


def forms(pairs: Sequence[SentencePair]) -> dict[str, tuple[int, int]]:
    """How many sentences have *are*, *is* or *am* whole: with *not*, and without it.

    Shapes
        return: (full, all) for each; all are those with a short or a full form
    """
    found = {"with not": [0, 0], "without not": [0, 0]}
    for written in (set(pair.target.split()) for pair in pairs):
        kind = "with not" if "not" in written else "without not"
        found[kind][0] += bool(written & set(FULL))
        found[kind][1] += bool(written & {*SHORT, *FULL})
    return {kind: (full, total) for kind, (full, total) in found.items()}


def looks_at_pas(
    model: Seq2Seq,
    cases: Sequence[Negation],
    vocabularies: tuple[Vocabulary, Vocabulary],
) -> int:
    """In how many negations the row of *re*, *s* or *m* is brightest at *pas*."""
    forced = translate_forced(model, [case.pair for case in cases], *vocabularies)
    looks = 0
    for case, translation in zip(cases, forced, strict=True):
        assert translation.word_weights is not None, "a model with attention is wanted"
        looks += int(translation.word_weights[case.short].argmax()) == case.pas
    return looks


class Hidden(NamedTuple):
    """What a hidden word does to *re*, *s* or *m*, over some negations.

    Shapes
        nats: (negations) float, by how much its log-probability falls
        full: in how many of them *are*, *is* or *am* is written in its place
    """

    nats: Tensor
    full: int


def places(case: Negation) -> dict[str, int]:
    """Where the four words of a French negation stand."""
    read = case.pair.source.split()
    before = max(n for n in range(case.pas) if read[n] in ("ne", "n"))
    return {"subject": before - 1, "ne": before, "verb": case.pas - 1, "pas": case.pas}


def hide(
    model: Seq2Seq,
    cases: Sequence[Negation],
    vocabularies: tuple[Vocabulary, Vocabulary],
    word: str,
) -> Hidden:
    """Hide one of the words that `places` names behind <unk>, in every case."""
    nats, sentences = [], []
    for case in cases:
        place = places(case)[word]
        nats.append(needs(model, case.pair, *vocabularies)[case.short, place])
        read = case.pair.source.split()
        read[place] = SPECIALS[UNK]
        sentences.append(" ".join(read))
    written = translate(model, sentences, *vocabularies)
    pairs = zip(cases, written, strict=True)
    full = sum(t.words[c.short : c.short + 1][-1] in FULL for c, t in pairs)
    return Hidden(torch.stack(nats), full)


def negated(
    model: Seq2Seq, vocabularies: tuple[Vocabulary, Vocabulary]
) -> Iterator[tuple[str, int, float]]:
    """Where *re*, *s* and *m* look, what they need, what hiding does to them.

    "re looks" and "re needs" are shares of the negations, "re nats" means and "re full"
    shares, `at` the place of the hidden word: 0 pas, 1 verb, 2 ne, 3 subject.
    """
    cases = negations()
    most = 0
    for case in cases:
        row = needs(model, case.pair, *vocabularies)[case.short]  # (src_words)
        most += int(row.argmax()) == case.pas
    yield "re looks", 0, looks_at_pas(model, cases, vocabularies) / len(cases)
    yield "re needs", 0, most / len(cases)
    for at, word in enumerate(("pas", "verb", "ne", "subject")):
        hidden = hide(model, cases, vocabularies, word)
        yield "re nats", at, float(hidden.nats.mean())
        yield "re full", at, hidden.full / len(cases)


def own_pairs(
    model: Seq2Seq,
    sources: Sequence[str],
    vocabularies: tuple[Vocabulary, Vocabulary],
) -> list[SentencePair]:
    """Each source with what the model makes of it."""
    found = translate(model, sources, *vocabularies)
    return [SentencePair(s, t.text) for s, t in zip(sources, found, strict=True)]


def even_costs(
    model: Seq2Seq,
    pair: SentencePair,
    vocabularies: tuple[Vocabulary, Vocabulary],
) -> Tensor:
    """By how much each written word's log-probability falls if the rows are even.

    The target is written as it stands. A decoder that asks after its step uses a row
    for that row's word alone, so that each number is the price of that one row.

    Shapes
        return: (tgt_words,) float, in nats, without EOS
    """
    examples = encode_pairs([pair], *vocabularies)
    own = log_probs(model, examples)  # (1, tgt_len)
    with intervened(model, uniform):
        even = log_probs(model, examples)  # (1, tgt_len)
    return (own - even)[0, :-1]


def moved(maps: Sequence[Maps], losses: Sequence[Tensor]) -> list[tuple[int, int]]:
    """In how many of a class's rows is the adversary's brightest cell another?

    Of the kept sentences; the row of EOS has no class and no part.

    Shapes
        losses: for each sentence (tgt_words,) float, in nats; they class its rows
        return: (moved, all) for each of `CLASSES`
    """
    rows = [[0, 0] for _ in CLASSES]
    for found, nats in zip(maps, losses, strict=True):
        if found.kept:
            other = (found.own.argmax(dim=1) != found.other.argmax(dim=1)).tolist()
            for loss, changed in zip(nats.tolist(), other, strict=False):
                for at in (0, kind_of(loss)):
                    rows[at][0] += changed
                    rows[at][1] += 1
    return [(changed, total) for changed, total in rows]


def opposed(
    model: Seq2Seq, vocabularies: tuple[Vocabulary, Vocabulary]
) -> Iterator[tuple[str, int, float]]:
    """What an adversary finds: sentences kept, how far apart, where the cells moved.

    "moved" has its classes by the largest need, "even moved" by what an even row
    costs, where there is such a row; "even rows" is the share of rows in each.
    """
    sources = [pair.source for pair in some_pairs(OPPOSED)]
    pairs = own_pairs(model, sources, vocabularies)
    maps = adversary(model, pairs, *vocabularies, steps=200)
    kept, far, _ = apart(maps)
    yield "kept", 0, kept
    yield "apart", 0, far
    largest = [needs(model, p, *vocabularies).max(dim=1).values for p in pairs]
    for at, (changed, total) in enumerate(moved(maps, largest)):
        yield "moved", at, changed / total
    by_cost = moved(maps, [even_costs(model, p, vocabularies) for p in pairs])
    for at, (changed, total) in enumerate(by_cost):
        yield "even rows", at, total / by_cost[0][1]
        if total:
            yield "even moved", at, changed / total


def diverted(
    model: Seq2Seq, vocabularies: tuple[Vocabulary, Vocabulary]
) -> dict[str, list[tuple[int, int]]]:
    """How many rows can be aimed at another cell, in each way of `AIMED`.

    Shapes
        return: (moved, all) for each of `CLASSES`, by what an even row costs
    """
    sources = [pair.source for pair in some_pairs(OPPOSED)]
    pairs = own_pairs(model, sources, vocabularies)
    losses = [even_costs(model, pair, vocabularies) for pair in pairs]
    return {
        name: moved([aimed(model, p, *vocabularies, *way) for p in pairs], losses)
        for name, way in AIMED.items()
    }


def changes(
    model: Seq2Seq, vocabularies: tuple[Vocabulary, Vocabulary]
) -> dict[str, Change]:
    """Other weights in the place of the model's own, by name; "identity" are its own.

    "position" is what its rows look at on average, over the validation part.
    """
    seen = split(prepare(read_pairs("bundled"))).valid
    return {
        "identity": identity,
        "hardened": hardened,
        "position": position_only(translate_forced(model, seen, *vocabularies)),
        "uniform": uniform,
        "shuffled": shuffled(0),
    }


def changed(
    model: Seq2Seq, vocabularies: tuple[Vocabulary, Vocabulary]
) -> Iterator[tuple[str, int, float]]:
    """How many sentences it translates exactly with other weights than its own."""
    task = bundled()
    for name, change in changes(model, vocabularies).items():
        with intervened(model, change):
            figures = evaluate(model, some_pairs(), *vocabularies, task.references)
        yield f"exact {name}", 0, figures["exact"]


@cache
def kept_model(score: str, order: str, experiment: str, seed: int) -> Seq2Seq:
    """Several runs ask for the same training."""
    return trained(score, order, experiment, seed)


def explained(
    score: str, order: str, experiment: str, seed: int
) -> Iterator[tuple[str, int, float]]:
    """All that is measured of one training."""
    model, told = kept_model(score, order, experiment, seed), bundled().vocabularies
    yield from shares(pointed(model, some_pairs(), told))
    yield from negated(model, told)
    yield from opposed(model, told)
    yield from changed(model, told)


def differing(
    first: Sequence[Translation], second: Sequence[Translation]
) -> tuple[float, float]:
    """The mean total variation of two models' rows; the share of brightest cells moved.

    Both wrote the same words.
    """
    rows = [
        (a.weights, b.weights)
        for a, b in zip(first, second, strict=True)
        if a.weights is not None and b.weights is not None
    ]
    far = torch.cat([total_variation(a, b) for a, b in rows])
    other = torch.cat([a.argmax(dim=1) != b.argmax(dim=1) for a, b in rows])
    return float(far.mean()), float(other.float().mean())


def compared(
    first: tuple[str, str], second: tuple[str, str], shift: int, seed: int
) -> Iterator[tuple[str, int, float]]:
    """Two trainings' maps of the same test pairs; the second has another seed.

    "moved" is of all rows, "word moved" without those of EOS: all (0), of words that
    need one in both models (1), that are idle in one at least (3), the others (2).
    """
    told, pairs = bundled().vocabularies, some_pairs()
    one = kept_model(*first, "mask", seed)
    other = kept_model(*second, "mask", (seed + shift) % 3)
    maps = [translate_forced(model, pairs, *told) for model in (one, other)]
    far, cells = differing(*maps)
    yield "apart", 0, far
    yield "moved", 0, cells
    pseudo = [
        Maps(a.weights, b.weights, kept=True)
        for a, b in zip(*maps, strict=True)
        if a.weights is not None and b.weights is not None
    ]
    losses = [
        torch.minimum(*(needs(m, p, *told).max(dim=1).values for m in (one, other)))
        for p in pairs
    ]
    for at, (changed, total) in enumerate(moved(pseudo, losses)):
        yield "word moved", at, changed / total


def nine(score: str, order: str, seed: int) -> Iterator[tuple[str, int, float]]:
    """What `negated` says of three trainings, those of this seed and two more."""
    cases, told = negations(), bundled().vocabularies
    for at in (seed, seed + 3, seed + 6):
        model = kept_model(score, order, "mask", at)
        yield "re looks", at, looks_at_pas(model, cases, told) / len(cases)
        for word in ("pas", "verb", "ne", "subject"):
            full = hide(model, cases, told, word).full
            yield f"re full, {word}", at, full / len(cases)


def aimed_at(score: str, order: str, seed: int) -> Iterator[tuple[str, int, float]]:
    """The shares of `diverted`."""
    model = kept_model(score, order, "mask", seed)
    for name, rows in diverted(model, bundled().vocabularies).items():
        yield from ((name, at, n / total) for at, (n, total) in enumerate(rows))


GENERAL, ADDITIVE = ("general", "after"), ("additive", "after")
MODELS = (GENERAL, ADDITIVE, ("position", "after"), ("additive", "before"))
Run = Callable[[int], Iterable[tuple[str, int, float]]]
RUNS: dict[tuple[str, str], Run] = {
    ("needs", "-".join(model)): partial(explained, *model, "mask") for model in MODELS
}
RUNS |= {
    ("half even", "general-after"): partial(explained, *GENERAL, "half even"),
    ("negations", "general-after"): partial(nine, *GENERAL),
    ("aimed", "general-after"): partial(aimed_at, *GENERAL),
    ("two models", "another seed"): partial(compared, GENERAL, GENERAL, 1),
    ("two models", "concat and additive"): partial(
        compared, ("concat", "after"), ADDITIVE, 0
    ),
}


def over_seeds(
    experiment: str,
    model: str,
    measure: str,
    at: int | slice = 0,
    percent: bool = True,
) -> str:
    """The least and the most of a measure over the seeds, such as "90 to 93 %"."""
    seeds = values(_table(), experiment, measure)[model][:, at]  # a row a seed
    if not percent:
        return f"{seeds.min():.2f} to {seeds.max():.2f}"
    return span(seeds)


def remixed(rates: str, mix: str, model: str = "general-after") -> str:
    """How many rows would move: each class as in one experiment, as many as in another.

    The classes are those of what an even row costs. With the same experiment twice it
    is what was measured of all rows.
    """
    moves = values(_table(), rates, "even moved")[model][:, 1:]  # (seeds, classes)
    rows = values(_table(), mix, "even rows")[model][:, 1:]  # (seeds, classes)
    return span((moves * rows).sum(dim=1))


def won(experiment: str, first: str, second: str, at: int = 0) -> dict[str, int]:
    """In how many trainings of each model one measure is above another."""
    one, other = (values(_table(), experiment, name) for name in (first, second))
    return {name: int((one[name] > other[name])[:, at].sum()) for name in one}


@cache
def _table() -> list[Finding]:
    return read_study("explaining")
