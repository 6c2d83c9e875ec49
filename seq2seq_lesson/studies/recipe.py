"""What does each part of notebook 04's recipe buy? `make recipe-study` trains it all.

Experiments, each a short training of the same model on a quarter of the sentences:
    one thing   one part of the recipe changed
    besides     four of these, with something mended that had changed besides
    output      the output layer tied or not, from three kinds of first numbers
    scale       tied and not tied, the output layer started from N(0, std²); and
                not tied, with the words that are read begun small instead
    longer      three of these, trained four times as long
    more seeds  the recipe and no clip, with three seeds more
    own words   how often the decoder is fed its own last word, in five schedules; and
                coins that feed it words drawn at random, never its own, or `<unk>`
    padding     batches of mixed lengths, their padding counted in the loss or left out
    clip        a smaller model, plain SGD: clipped, or slower, or slower at first
A seed draws the quarter, the first numbers, the order of the batches and the dropout.
"""

import math
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from seq2seq_lesson.batches import Batch, Example, bucketed, collate, shuffled
from seq2seq_lesson.corpus import (
    SentencePair,
    encode_pairs,
    prepare,
    read_pairs,
    split,
)
from seq2seq_lesson.runtime import seed_everything
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, evaluating, sequence_loss
from seq2seq_lesson.studies import SEEDS
from seq2seq_lesson.tasks import Task, bundled
from seq2seq_lesson.training import (
    Recipe,
    evaluate,
    fit,
    one_cycle,
    train_epoch,
)
from seq2seq_lesson.vocabulary import PAD, SPECIALS, UNK

RECIPE = Recipe(epochs=3, peak_rate=6e-3, weight_decay=0.1)
EMB = 256
WATCHED = 256  # validation pairs
DEFAULT = 1 / (3 * EMB) ** 0.5  # the std of nn.Linear's first numbers, 0.036
OURS = 4.8 / EMB**0.5  # the std of Seq2Seq's embeddings, 0.3


@cache
def material() -> tuple[Task, list[SentencePair]]:
    """The bundled corpus, and the validation pairs that are watched."""
    return bundled(), split(prepare(read_pairs("bundled"))).valid[:WATCHED]


def quarter(seed: int) -> list[Example]:
    """The sentences that a training of this seed gets."""
    examples = material()[0].examples
    assert not callable(examples), "its examples are the same in every epoch"
    return random.Random(seed).sample(list(examples), len(examples) // 4)


def leave(model: Seq2Seq) -> None:
    """Begin with the numbers that the model drew."""


def embeddings(std: float) -> Callable[[Seq2Seq], None]:
    """Begin with both embeddings from N(0, std²)."""

    def start(model: Seq2Seq) -> None:
        for part in (model.encoder, model.decoder):
            nn.init.normal_(part.embedding.weight, std=std)

    return start


def written(std: float) -> Callable[[Seq2Seq], None]:
    """Begin with an output layer from N(0, std²); tied, it is the embedding, too."""

    def start(model: Seq2Seq) -> None:
        nn.init.normal_(model.decoder.output.weight, std=std)

    return start


def copied(model: Seq2Seq) -> None:
    """Begin with an output layer that equals the embedding, as if it were tied."""
    with torch.no_grad():
        model.decoder.output.weight.copy_(model.decoder.embedding.weight)


def stretched(model: Seq2Seq) -> None:
    """Begin with PyTorch's own numbers in the output layer, all times one factor."""
    with torch.no_grad():
        model.decoder.output.weight.mul_(OURS / DEFAULT)


def read_small(model: Seq2Seq) -> None:
    """As `copied`, then the vectors of the words it reads as small as PyTorch's."""
    copied(model)
    with torch.no_grad():
        model.decoder.embedding.weight.mul_(DEFAULT / OURS)


@dataclass(frozen=True)
class Change:
    """What a training has other than the recipe: sizes, recipe, first numbers."""

    sizes: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    start: Callable[[Seq2Seq], None] = leave


UNTIED = {"tied": False}
SCALES = (0.036, 0.1, 0.3, 1.0)
CHANGES = {
    "one thing": {
        "the recipe": Change(),
        "embeddings from N(0, 1)": Change(start=embeddings(1.0)),
        "embeddings of 64 numbers": Change({"emb": 64}),
        "a third of the rate": Change(recipe={"peak_rate": 2e-3}),
        "batches of 128": Change(recipe={"batch_size": 128}),
        "one direction": Change({"bidirectional": False}),
        "no clip": Change(recipe={"clip": math.inf}),
        "no dropout": Change({"dropout": 0.0}),
        "no weight decay": Change(recipe={"weight_decay": 0.0}),
    },
    "besides": {
        "of 64 numbers, std 0.3": Change({"emb": 64}, start=embeddings(OURS)),
        "a third, three times as long": Change(recipe={"peak_rate": 2e-3, "epochs": 9}),
        "batches of 128, as many steps": Change(
            recipe={"batch_size": 128, "epochs": 12}
        ),
        "one direction, twice as wide": Change(
            {"bidirectional": False, "enc_hid": 128}
        ),
    },
    "output": {
        "tied": Change(),
        "not tied": Change(UNTIED),
        "not tied, the embedding's numbers": Change(UNTIED, start=copied),
        "not tied, PyTorch's, stretched": Change(UNTIED, start=stretched),
    },
    "scale": {
        f"{'tied' if tied else 'not tied'}, {std}": Change(
            {"tied": tied}, start=written(std)
        )
        for tied in (True, False)
        for std in SCALES
    }
    | {"not tied, read small": Change(UNTIED, start=read_small)},
    "longer": {
        "tied": Change(recipe={"epochs": 12}),
        "not tied": Change(UNTIED, {"epochs": 12}),
        "not tied, PyTorch's, stretched": Change(UNTIED, {"epochs": 12}, stretched),
    },
}
# The share of own words, by the share of the training that is done.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "the truth": lambda done: 0.0,
    "a fair coin": lambda done: 0.5,
    "linear": lambda done: done,
    # k = 12, and i runs from 0 to 100
    "inverse sigmoid": lambda done: 1 - 12 / (12 + math.exp(100 * done / 12)),
    "its own words": lambda done: 1.0,
}


def begun(change: Change, seed: int) -> Seq2Seq:
    """A model that nobody has trained yet."""
    src, tgt = material()[0].vocabularies
    seed_everything(seed)
    model = Seq2Seq(ModelConfig(len(src), len(tgt), **{"emb": EMB} | change.sizes))
    change.start(model)
    return model


def measured(model: Seq2Seq) -> Iterator[tuple[str, int, float]]:
    """BLEU of what it writes; its loss, fed the truth (0) and its own words (1)."""
    task, watched = material()
    yield (
        "bleu",
        0,
        evaluate(model, watched, *task.vocabularies, task.references)["bleu"],
    )
    batch = collate(encode_pairs(watched, *task.vocabularies))
    with evaluating(model):
        for share in (0, 1):
            logits = model(batch, own_words=share)
            yield "loss", share, sequence_loss(logits, batch.tgt_out).item()


def changed(change: Change, seed: int) -> Iterator[tuple[str, int, float]]:
    """Train with a change; "std" is of the output layer's numbers as it begins."""
    model = begun(change, seed)
    yield "std", 0, model.decoder.output.weight.std().item()
    recipe = replace(RECIPE, seed=seed, **change.recipe)
    fit(model, quarter(seed), recipe, progress=False)
    yield from measured(model)


def at_random(
    model: Seq2Seq, fed: tuple[Batch], share: float = 0.5
) -> tuple[Batch] | None:
    """Put words drawn at random before the decoder while it is trained.

    A hook of the model, called before it is: a share of the true words is replaced,
    each by any word of the vocabulary; marks such as `<sos>` stay.
    """
    if not model.training:
        return None
    ids = fed[0].tgt_in
    words = torch.randint_like(ids, len(SPECIALS), model.config.tgt_vocab)
    mixed = torch.rand(ids.shape, device=ids.device) < share
    mixed &= ids >= len(SPECIALS)
    return (replace(fed[0], tgt_in=torch.where(mixed, words, ids)),)


def left_out(model: Seq2Seq, fed: tuple[Batch]) -> tuple[Batch] | None:
    """As `at_random`, but with `<unk>` for each: a word is missing, none is wrong."""
    mixed = at_random(model, fed)
    if mixed is None:
        return None
    kept = mixed[0].tgt_in == fed[0].tgt_in
    return (replace(fed[0], tgt_in=fed[0].tgt_in.where(kept, UNK)),)


def scheduled(
    schedule: Callable[[float], float],
    seed: int,
    epochs: int = 6,
    hook: Callable[[Seq2Seq, tuple[Batch]], tuple[Batch] | None] | None = None,
) -> Iterator[tuple[str, int, float]]:
    """Train with a schedule, which sets the share of own words before each epoch.

    Args
        hook: changes what the model is given, see `at_random` and `left_out`
    """
    model, rng = begun(Change(), seed), random.Random(seed)
    if hook:
        model.register_forward_pre_hook(hook)
    optimizer = torch.optim.AdamW(
        model.parameters(), weight_decay=RECIPE.weight_decay, fused=True
    )
    for epoch in range(epochs):
        share = schedule(epoch / (epochs - 1))
        recipe = replace(RECIPE, epochs=epochs, own_words=share)
        batches = bucketed(quarter(seed), recipe.batch_size, rng)
        train_epoch(model, batches, optimizer, recipe, epoch)
    yield from measured(model.eval())


LOOKED = (0, 10, 20, 40, 100)  # the steps at which padding's share is measured


def padded(counted: bool, seed: int) -> Iterator[tuple[str, int, float]]:
    """Train in batches of mixed lengths.

    "told" is the loss of the last epoch, "pads" which share of a step's gradient, as it
    comes to the logits, is that of counted padding.
    """
    model, rng = begun(Change(), seed), random.Random(seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), weight_decay=RECIPE.weight_decay, fused=True
    )
    batches = [
        group
        for _ in range(RECIPE.epochs)
        for group in shuffled(quarter(seed), RECIPE.batch_size, rng)
    ]
    told = []
    model.train()
    for step, group in enumerate(batches):
        for parameters in optimizer.param_groups:
            parameters["lr"] = RECIPE.peak_rate * one_cycle(step / len(batches))
        batch = collate(group)
        logits = model(batch)
        loss = sequence_loss(logits, batch.tgt_out)
        if counted:
            loss = F.cross_entropy(logits.flatten(0, 1), batch.tgt_out.flatten())
        optimizer.zero_grad()
        logits.retain_grad()
        loss.backward()
        if counted and step in LOOKED and logits.grad is not None:
            sizes = logits.grad.abs().sum(dim=2)
            share = sizes[batch.tgt_out == PAD].sum() / sizes.sum()
            yield "pads", step, share.item()
        nn.utils.clip_grad_norm_(model.parameters(), RECIPE.clip)
        optimizer.step()
        told.append(loss.item())
    yield "told", 0, statistics.mean(told[-len(batches) // RECIPE.epochs :])
    yield from measured(model.eval())


def small_model(seed: int) -> Seq2Seq:
    """Reads in one direction, attends after the cell, no dropout."""
    src, tgt = material()[0].vocabularies
    torch.manual_seed(seed)
    config = ModelConfig(
        len(src), len(tgt), emb=48, enc_hid=96, hid=128, bidirectional=False, dropout=0
    )
    return Seq2Seq(config)


def descended(
    rate: float, clip: float, warm: int, seed: int, steps: int = 120
) -> Iterator[tuple[str, int, float]]:
    """Steps of plain SGD on a small model, 32 sentences each.

    "last" is the mean loss of the last twenty, "highest" the highest of all, "longest"
    the length of the longest gradient before the clip, "cut" how many were clipped,
    "until" the number of the last step, from 1, that was.

    Args
        warm: for so many steps the rate rises in a line from almost 0
    """
    model = small_model(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    examples = material()[0].examples
    assert not callable(examples), "its examples are the same in every epoch"
    losses, lengths = [], []
    for step, group in enumerate(shuffled(examples, 32, random.Random(seed))[:steps]):
        optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / (warm + 1))
        batch = collate(group)
        loss = sequence_loss(model(batch), batch.tgt_out)
        optimizer.zero_grad()
        loss.backward()
        length = nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
        lengths.append(length.item())
    yield "last", 0, statistics.mean(losses[-20:])
    yield "highest", 0, max(losses)
    yield "longest", 0, max(lengths)
    cut = [step for step, length in enumerate(lengths, start=1) if length > clip]
    yield "cut", 0, len(cut)
    yield "until", 0, max(cut, default=0)


WAYS = {  # rate, clip, steps to warm up
    "rate 2": (2.0, math.inf, 0),
    "rate 1": (1.0, math.inf, 0),
    "rate 0.7": (0.7, math.inf, 0),
    "rate 0.5": (0.5, math.inf, 0),
    "rate 2, clipped at 3": (2.0, 3.0, 0),
    "rate 2, clipped at 1": (2.0, 1.0, 0),
    "rate 1, clipped at 3": (1.0, 3.0, 0),
    "rate 2, warmed up over 20": (2.0, math.inf, 20),
    "rate 2, warmed up over 40": (2.0, math.inf, 40),
    "rate 2, warmed up over 60": (2.0, math.inf, 60),
}


def later(change: Change, seed: int) -> Iterator[tuple[str, int, float]]:
    """As `changed`, with seeds that no other experiment has."""
    return changed(change, seed + len(SEEDS))


RUNS: dict[tuple[str, str], Callable[[int], Iterator[tuple[str, int, float]]]] = {
    **{
        (experiment, name): partial(changed, change)
        for experiment, changes in CHANGES.items()
        for name, change in changes.items()
    },
    **{
        ("own words", name): partial(scheduled, schedule)
        for name, schedule in SCHEDULES.items()
    },
    **{
        ("own words", name): partial(scheduled, SCHEDULES["the truth"], hook=hook)
        for name, hook in {
            "random words": at_random,
            "words left out": left_out,
        }.items()
    },
    **{
        ("more seeds", name): partial(later, CHANGES["one thing"][name])
        for name in ("the recipe", "no clip")
    },
    ("padding", "left out"): partial(padded, False),
    ("padding", "counted"): partial(padded, True),
    **{("clip", name): partial(descended, *way) for name, way in WAYS.items()},
}
