"""A few sentences seen often, or many seen now and then: how do others fare?"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from seq2seq_lesson.batches import Example, collate
from seq2seq_lesson.runtime import own_random_numbers
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, evaluating, sequence_loss
from seq2seq_lesson.training import Recipe, fit

ROUND, ROUNDS, SEEDS = 320, 16, (1, 2, 3)  # ROUND: sentences drawn for one round
TRAINED_ON, VALIDATION = "trained on", "validation"
Score = Callable[[Seq2Seq], float]


class Run(NamedTuple):
    """What one training showed.

    losses: on the sentences trained on and on the validation ones, a number a round
    early:  the score of the weights after the round of the lowest validation loss
    late:   the score of the last weights; without a score both are nan
    """

    losses: dict[str, list[float]]
    early: float = math.nan
    late: float = math.nan


def loss_on(model: Seq2Seq, examples: Sequence[Example]) -> float:
    """The loss in nats per target token, without dropout and without a graph."""
    batch = collate(examples).to(next(model.parameters()).device)
    with evaluating(model):
        return sequence_loss(model(batch), batch.tgt_out).item()


def losses_on(**examples: Sequence[Example]) -> Callable[[Seq2Seq], dict[str, float]]:
    """What `fit` may ask after a round: the loss on each of some sets, by its name."""
    return lambda model: {name: loss_on(model, some) for name, some in examples.items()}


def trained(
    config: ModelConfig,
    pool: Sequence[Example],
    unseen: Sequence[Example],
    seed: int,
    device: torch.device | str = "cpu",
    score: Score = lambda model: math.nan,
) -> Run:
    """Train on sentences drawn from a pool; the losses on it, and on other sentences.

    Pools of all sizes give as many sentences, and the rate runs through the same cycle;
    the model's first numbers depend on the seed alone. Of a large pool 100 sentences
    are watched.

    Args
        score: says how good a model is, for instance its BLEU
    Raises
        ValueError: the pool or the unseen sentences are empty.
    """
    if not pool or not unseen:
        raise ValueError(
            f"pool and unseen: got {len(pool)} and {len(unseen)} examples, wanted at "
            "least one of each: look at the filter that they come from"
        )
    with own_random_numbers(torch.device(device)):
        torch.manual_seed(seed)
        model = Seq2Seq(config).to(device)

    def draw(rng: random.Random) -> list[Example]:
        return rng.choices(pool, k=ROUND)

    def watch(model: Seq2Seq) -> dict[str, float]:
        losses = {TRAINED_ON: loss_on(model, pool[:100])}
        losses[VALIDATION] = loss_on(model, unseen)
        if losses[VALIDATION] < lowest[0]:
            lowest[:] = losses[VALIDATION], copy.deepcopy(model.state_dict())
        return losses

    lowest: list = [float("inf"), model.state_dict()]
    recipe = Recipe(ROUNDS, peak_rate=6e-3, seed=seed)
    history = fit(model, draw, recipe, validate=watch, progress=False)
    names = TRAINED_ON, VALIDATION
    losses = {name: [row[name] for row in history] for name in names}
    late = score(model)
    model.load_state_dict(lowest[1])
    return Run(losses, score(model), late)


def runs(
    config: ModelConfig,
    examples: Sequence[Example],
    size: int,
    unseen: Sequence[Example],
    device: torch.device | str = "cpu",
    score: Score = lambda model: math.nan,
) -> list[Run]:
    """`trained` for each of SEEDS; each draws a pool of `size` examples of its own."""
    pools = {seed: random.Random(seed).sample(examples, size) for seed in SEEDS}
    return [
        trained(config, pool, unseen, seed, device, score)
        for seed, pool in pools.items()
    ]


def tell(found: Sequence[Run], size: int) -> dict[str, list[float]]:
    """Print where losses ended, least to most of the runs, with a pool's size.

    A score, if there is one, is BLEU. Return for each run, in lists: `risen`, by how
    much its validation loss has risen since it was lowest, `gained`, by how much BLEU
    has since, and `bleu`, at the end.
    """
    print(f"{size:,} sentences, least to most of {len(found)} runs:")
    rows = {name: [run.losses[name][-1] for run in found] for name in found[0].losses}
    late = [run.late for run in found]
    lows = [min(run.losses[VALIDATION]) for run in found]
    risen = [end - low for end, low in zip(rows[VALIDATION], lows, strict=True)]
    rows["  risen since its lowest"] = risen
    for name, ends in rows.items():
        print(f"  {name:25}{min(ends):.2f} to {max(ends):.2f}")
    early = [run.early for run in found]
    scores = {"BLEU at the lowest": early, "BLEU at the end": late}
    for name, some in scores.items():
        if not math.isnan(some[0]):
            print(f"  {name:25}{min(some):.0f} to {max(some):.0f}")
    gained = [end - low for end, low in zip(late, early, strict=True)]
    return {"risen": risen, "gained": gained, "bleu": late}
