"""`make attention-study`: where every score looks, over seeds, and whether it matters.

Experiments, each with models named score-order:
    mask       trained and tested in batches of mixed lengths, as one should
    no mask    the same, but nothing keeps the attention from padding
    no bridge  as mask, but the decoder starts from zeros: what it knows of the source
               it must have found by attention
    half even  as mask, but every other batch, by a coin, is read with even weights;
               `studies.explaining` measures what becomes of them
    first row  with a bridge or without: does a word stay when its own row is spoilt?
    exchanged  which state tells the decoder a colour: its adjective's or its noun's?
All test sentences are read in one batch, so that padding has its part in them.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seq2seq_lesson import tasks
from seq2seq_lesson.batches import Example, collate
from seq2seq_lesson.batches import shuffled as in_any_order
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
from seq2seq_lesson.metrics import alignment_scores, hard_alignment
from seq2seq_lesson.runtime import seed_everything
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.training import Recipe, evaluate, train_epoch
from seq2seq_lesson.translation import Translation, translate, translate_forced
from seq2seq_lesson.vocabulary import Vocabulary

RECIPE = Recipe(epochs=6, batch_size=64, peak_rate=8e-3, weight_decay=0.1)
SCORES = ("position", "dot", "general", "concat", "additive")
ORDERS = ("after", "before")
THRESHOLDS = (10, 25, 40)  # in percent
SOME = 200  # test pairs, where all would take too long
PROBED = 300  # test sentences whose first or fourth row is spoilt
COLOURS = {"black", "white", "red", "blue", "green", "gray", "yellow", "brown"}


class Material(NamedTuple):
    """What all trainings of the study share: the bundled corpus, split and encoded."""

    src_vocabulary: Vocabulary
    tgt_vocabulary: Vocabulary
    examples: list[Example]
    test: list[SentencePair]
    references: dict[str, list[str]]

    @property
    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        return self.src_vocabulary, self.tgt_vocabulary


@cache
def bundled() -> Material:
    task = tasks.bundled()
    assert not callable(task.examples), "its examples are the same in every epoch"
    return Material(*task.vocabularies, [*task.examples], task.test, task.references)


class Unmasked(nn.Module):
    """Attention that takes padding for words."""

    def __init__(self, own: nn.Module | Tensor) -> None:
        super().__init__()
        assert isinstance(own, nn.Module), "torch's types say no more of an attribute"
        self.own = own

    def forward(
        self, query: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        all_real = torch.ones_like(src_mask)  # (batch, src_len)
        context, weights = self.own(
            query, enc_states, all_real
        )  # (batch, tgt_len, enc), (batch, tgt_len, src_len)
        return context, weights


def at_times_even(rng: random.Random) -> Change:
    """Even weights for a whole batch, or its own: a coin falls as it begins."""
    fell = [False]

    def change(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        if step == 0:
            fell[0] = rng.random() < 0.5
        return uniform(weights, src_mask, step) if fell[0] else weights

    return change


def trained(
    score: str,
    order: str,
    experiment: str,
    seed: int,
    watch: Callable[[Seq2Seq], object] = lambda model: None,
) -> Seq2Seq:
    """A model of the study: each batch holds sentences of any length.

    `watch` is shown the model before the first epoch and after each.
    """
    task = bundled()
    seed_everything(seed)
    sizes = tasks.SMALL | {"score": score, "order": order}
    model = Seq2Seq(
        ModelConfig(len(task.src_vocabulary), len(task.tgt_vocabulary), **sizes)
    )
    if experiment == "no mask":
        model.decoder.attention = Unmasked(model.decoder.attention)
    if experiment == "no bridge":
        for parameter in model.bridge.parameters():
            nn.init.zeros_(parameter).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        model.parameters(), weight_decay=RECIPE.weight_decay, fused=True
    )
    rng = random.Random(seed)
    watch(model)
    for epoch in range(RECIPE.epochs):
        batches = in_any_order(task.examples, RECIPE.batch_size, rng)
        half = intervened(model, at_times_even(rng))
        with half if experiment == "half even" else nullcontext():
            train_epoch(model, batches, optimizer, RECIPE, epoch)
        watch(model)
    return model.eval()


def links_of(
    translations: list[Translation], threshold: float | None = None
) -> set[tuple[int, int, int]]:
    """The links of many sentences, (sentence, source, target)."""
    return {
        (n, source, target)
        for n, translation in enumerate(translations)
        if translation.word_weights is not None
        for source, target in hard_alignment(translation.word_weights, threshold)
    }


def places(translations: list[Translation]) -> dict[tuple[int, int], int]:
    """Where a word is written: 1 first, 3 last (the full stop), 2 between."""
    found = {}
    for n, translation in enumerate(translations):
        last = len(translation.words) - 2  # before "<eos>"
        for target in range(last + 1):
            found[n, target] = 1 if target == 0 else 3 if target == last else 2
    return found


def looks(model: Seq2Seq) -> Iterator[tuple[str, int, float]]:
    """How far the attention agrees with the known alignment of the test sentences.

    aer, precision and recall are of one link a written word, or none where EOS is
    brightest; "aer over" of all links above a threshold, at 10, 25 or 40 percent; "aer
    shifted" is with each row given to the word `at` places later; "found" is the recall
    of the first (1), middle (2) and last (3) written words; "on padding" is the mean
    weight that padding got.
    """
    task = bundled()
    truth = {
        (n, source, target)
        for n, pair in enumerate(task.test)
        for source, target in pair.alignment or ()
    }
    forced = translate_forced(
        model, task.test, *task.vocabularies, batch_size=len(task.test)
    )
    links = links_of(forced)
    for measure, value in alignment_scores(links, truth)._asdict().items():
        yield measure, 0, value
    for percent in THRESHOLDS:
        over = links_of(forced, percent / 100)
        yield "aer over", percent, alignment_scores(over, truth).aer
    for shift in (-1, 0, 1):
        moved = {(n, source, target + shift) for n, source, target in links}
        yield "aer shifted", shift, alignment_scores(moved, truth).aer
    place = places(forced)
    for at in (1, 2, 3):
        there = {link for link in truth if place[link[0], link[2]] == at}
        yield "found", at, len(links & there) / len(there)
    rows = [found.weights for found in forced if found.weights is not None]
    on_words = torch.cat([weights.sum(dim=1) for weights in rows])
    yield "on padding", 0, float(1 - on_words.mean())


def matters(model: Seq2Seq) -> Iterator[tuple[str, int, float]]:
    """How well it translates with its own weights, and with others in their place."""
    task = bundled()
    seen, some = split(prepare(read_pairs("bundled"))).valid, task.test[:SOME]
    changes = {
        "identity": identity,
        "hardened": hardened,
        "position": position_only(translate_forced(model, seen, *task.vocabularies)),
        "uniform": uniform,
        "shuffled": shuffled(0),
    }
    for name, change in changes.items():
        with intervened(model, change):
            figures = evaluate(model, some, *task.vocabularies, task.references)
        yield f"exact {name}", 0, figures["exact"]
        yield f"bleu {name}", 0, figures["bleu"]


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Spearman's: do two lists of numbers put the same places first?

    Numbers that are equal share the mean of their ranks.

    Shapes
        first, second: (rows, places) float
        return:        (rows,) float, -1 to 1; nan where a row's numbers are all equal
    Source
        Spearman, American Journal of Psychology 15(1), 1904
    """
    centred = []
    for numbers in (first, second):
        below = (numbers.unsqueeze(-1) > numbers.unsqueeze(-2)).sum(dim=-1)
        above = (numbers.unsqueeze(-1) < numbers.unsqueeze(-2)).sum(dim=-1)
        centred.append((below - above).float())  # twice the rank, its mean at 0
    both = (centred[0] * centred[1]).sum(dim=-1)  # (rows,)
    squares = [(ranks**2).sum(dim=-1) for ranks in centred]
    return both / (squares[0] * squares[1]).sqrt()  # (rows,)


def explains(model: Seq2Seq) -> Iterator[tuple[str, int, float]]:
    """Does the weight of a source word say how much a written word needs it?

    "found needed" is the recall of true links without whose source word the written one
    becomes at least e times less likely (1 nat), "found idle" of those where it loses
    less than a tenth of that; "share idle" is how many links are such. "rank" is the
    mean over sentences of the rank correlation of weight and need.
    """
    task = bundled()
    some = [pair for pair in task.test if len(pair.source.split()) > 2][:SOME]
    forced = translate_forced(model, some, *task.vocabularies)
    links = links_of(forced)
    found: dict[str, list[bool]] = {"needed": [], "idle": []}
    ranks, true_links = [], 0
    for n, (pair, translation) in enumerate(zip(some, forced, strict=True)):
        need = needs(model, pair, *task.vocabularies)
        weights = translation.word_weights
        assert weights is not None, "all models of this study have attention"
        ranks.append(rank_correlation(weights, need).nanmean())
        for source, target in pair.alignment or ():
            true_links += 1
            loss = float(need[target, source])
            kind = "needed" if loss > 1 else "idle" if loss < 0.1 else "between"
            found.setdefault(kind, []).append((n, source, target) in links)
    for kind in ("needed", "idle"):
        yield f"found {kind}", 0, sum(found[kind]) / max(1, len(found[kind]))
    yield "share idle", 0, len(found["idle"]) / true_links
    yield "rank", 0, float(torch.stack(ranks).mean())


def second_word(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
    """All weight to the second word, which no source lacks: EOS counts."""
    column = torch.ones_like(weights[..., :1], dtype=torch.long)  # (batch, tgt_len, 1)
    return torch.zeros_like(weights).scatter(-1, column, 1)  # (batch, tgt_len, src_len)


def only_at(row: int, change: Change) -> Change:
    """A change of one row alone, where words are written one by one."""

    def changed(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        return change(weights, src_mask, step) if step == row else weights

    return changed


def same_words(model: Seq2Seq, row: int, change: Change) -> int:
    """In how many of `PROBED` sentences is the word of a row the same, its row changed?

    Whatever is written behind it is not looked at.
    """
    task = bundled()
    sources = [pair.source for pair in task.test[:PROBED]]
    own = translate(model, sources, *task.vocabularies)
    with intervened(model, only_at(row, change)):
        spoilt = translate(model, sources, *task.vocabularies)
    here = slice(row, row + 1)
    pairs = zip(own, spoilt, strict=True)
    return sum(a.words[here] == b.words[here] for a, b in pairs)


def first_row(
    score: str, order: str, experiment: str, seed: int
) -> Iterator[tuple[str, int, float]]:
    """How many words stay with their own row spoilt, `at` row 0 or 3, as shares."""
    model = trained(score, order, experiment, seed)
    for row in (0, 3):
        changes = {"even": uniform, "shuffled": shuffled(0), "second": second_word}
        for name, change in changes.items():
            yield f"same {name}", row, same_words(model, row, change) / PROBED


EXCHANGED = ("nothing", "adjective", "noun", "all but noun", "first state", "all")


def exchanged(model: Seq2Seq) -> Iterator[tuple[str, int, float]]:
    """How often *red* is written for another colour, `at` one of `EXCHANGED`.

    A test sentence is read twice, the second time with *rouge* for its adjective of
    colour. The decoder gets the states of the first reading but for those exchanged:
    the adjective's, that of the noun before it, all words' but the noun's, the
    decoder's first state alone, or all and that.
    """
    task = bundled()
    written: list[list[bool]] = [[] for _ in EXCHANGED]
    device = next(model.parameters()).device
    red = task.tgt_vocabulary.encode("red")[0]
    for pair, target, adjective in coloured(task.test):
        if pair.target.split()[target] == "red":
            continue
        read = pair.source.split()
        read[adjective] = "rouge"
        other = SentencePair(" ".join(read), pair.target)
        batch = collate(encode_pairs([pair, other], *task.vocabularies)).to(device)
        with torch.no_grad():
            (own, new), first = model.encode(batch.src_ids, batch.src_lengths)
            swapped = own.repeat(len(EXCHANGED), 1, 1)  # (batch, src_len, enc)
            swapped[1, adjective] = new[adjective]
            swapped[2, adjective - 1] = new[adjective - 1]
            swapped[3], swapped[5] = new, new
            swapped[3, adjective - 1] = own[adjective - 1]
            states = first[[0, 0, 0, 0, 1, 1]]  # (batch, hid)
            known = batch.tgt_in[:1].expand(len(EXCHANGED), -1)  # (batch, tgt_len)
            mask = batch.src_mask[:1].expand(len(EXCHANGED), -1)  # (batch, src_len)
            logits, _, _ = model.decoder(known, states, swapped, mask)
        for at, likeliest in enumerate(logits[:, target].argmax(dim=-1).tolist()):
            written[at].append(likeliest == red)
    for at, hits in enumerate(written):
        yield "red", at, sum(hits) / len(hits)


def coloured(pairs: list[SentencePair]) -> Iterator[tuple[SentencePair, int, int]]:
    """Each word of colour with its places: in the target, and of its adjective."""
    for pair in pairs:
        for source, target in pair.alignment or ():
            if pair.target.split()[target] in COLOURS:
                yield pair, target, source


def exchanges(score: str, order: str, seed: int) -> Iterator[tuple[str, int, float]]:
    """`exchanged` of one training."""
    yield from exchanged(trained(score, order, "mask", seed))


def findings(
    score: str, order: str, experiment: str, seed: int
) -> Iterator[tuple[str, int, float]]:
    """All that is measured of one training."""
    model = trained(score, order, experiment, seed)
    yield from looks(model)
    if experiment == "mask":
        yield from matters(model)
        yield from explains(model)


EXPERIMENTS = {
    "mask": [(score, order) for score in SCORES for order in ORDERS],
    "no bridge": [("general", "after"), ("additive", "before")],
    "no mask": [(score, order) for score in SCORES for order in ORDERS],
}
RUNS = {
    (experiment, f"{score}-{order}"): partial(findings, score, order, experiment)
    for experiment, models in EXPERIMENTS.items()
    for score, order in models
}
RUNS |= {
    ("first row", "general-after"): partial(first_row, "general", "after", "mask"),
    ("first row", "additive-before"): partial(first_row, "additive", "before", "mask"),
    ("first row", "additive-before, no bridge"): partial(
        first_row, "additive", "before", "no bridge"
    ),
}
RUNS |= {
    ("exchanged", f"{score}-after"): partial(exchanges, score, "after")
    for score in ("position", "general")
}
