"""A few sentences seen often, or many seen now and then: how do others fare?"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch

from seq2seq_lesson.batches import Example, collate
from seq2seq_lesson.runtime import own_random_numbers
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, evaluating, sequence_loss
from seq2seq_lesson.training import Recipe, fit

ROUND, ROUNDS, SEEDS = 320, 16, (1, 2, 3)  # ROUND: sentences drawn for one round
TRAINED_ON, VALIDATION = "trained on", "validation"
Curves = dict[str, list[float]]


def loss_on(model: Seq2Seq, examples: Sequence[Example]) -> float:
    """The loss in nats per target token, without dropout and without a graph."""
    batch = collate(examples).to(next(model.parameters()).device)
    with evaluating(model):
        return sequence_loss(model(batch), batch.tgt_out).item()


def curves(
    config: ModelConfig,
    pool: Sequence[Example],
    unseen: Sequence[Example],
    seed: int,
    device: torch.device | str = "cpu",
) -> Curves:
    """Train on sentences drawn from a pool; the losses on it, and on other sentences.

    Pools of all sizes give as many sentences, and the rate runs through the same cycle;
    the model's first numbers depend on the seed alone. Of a large pool 100 sentences
    are watched. Return for both a list, a number a round.

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
        seen = loss_on(model, pool[:100])
        return {TRAINED_ON: seen, VALIDATION: loss_on(model, unseen)}

    recipe = Recipe(ROUNDS, peak_rate=6e-3, seed=seed)
    history = fit(model, draw, recipe, validate=watch, progress=False)
    return {name: [row[name] for row in history] for name in (TRAINED_ON, VALIDATION)}


def runs(
    config: ModelConfig,
    examples: Sequence[Example],
    size: int,
    unseen: Sequence[Example],
    device: torch.device | str = "cpu",
) -> list[Curves]:
    """`curves` for each of SEEDS; each draws a pool of `size` examples of its own."""
    return [
        curves(config, random.Random(seed).sample(examples, size), unseen, seed, device)
        for seed in SEEDS
    ]


def tell(found: Sequence[Curves], size: int) -> list[float]:
    """Print where the losses ended, least to most of the runs, with a pool of a size.

    Return by how much each run's validation loss has risen since it was lowest.
    """
    risen = [run[VALIDATION][-1] - min(run[VALIDATION]) for run in found]
    print(f"{size:,} sentences, least to most of {len(found)} runs:")
    rows = {name: [run[name][-1] for run in found] for name in found[0]}
    for name, ends in (rows | {"  risen since its lowest": risen}).items():
        print(f"  {name:25}{min(ends):.2f} to {max(ends):.2f}")
    return risen
