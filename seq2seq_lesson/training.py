"""Training: one step, the epochs around it, and what is measured on the way."""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from seq2seq_lesson import metrics
from seq2seq_lesson.batches import Example, bucketed, collate
from seq2seq_lesson.checkpoints import load_into, read_checkpoint, save_checkpoint
from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.runtime import own_random_numbers
from seq2seq_lesson.seq2seq import Seq2Seq, sequence_loss
from seq2seq_lesson.translation import translate
from seq2seq_lesson.vocabulary import Vocabulary

FreshExamples = Callable[[random.Random], Sequence[Example]]


@dataclass(frozen=True)
class Recipe:
    """How to train: all that decides the result, but for the model and the examples.

    Args
        peak_rate: AdamW's learning rate where it is highest, see `one_cycle`
        clip:      the longest gradient allowed, its 2-norm over all parameters
        own_words: 0 to 1, how often the decoder is fed its own last word in training
    """

    epochs: int
    batch_size: int = 32
    peak_rate: float = 2e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    own_words: float = 0.0
    seed: int = 0


def one_cycle(progress: float) -> float:
    """The learning rate's share of its peak: 30 % of the training up, the rest down.

    From 0.04 at progress 0 to 1 at the peak and to 0 at progress 1, in half cosines.

    Raises ValueError: progress is not a share from 0 to 1.
    Source: Smith and Topin, arXiv:1708.07120, in the form of PyTorch's `OneCycleLR`.
    """
    if not 0 <= progress <= 1:
        raise ValueError(
            f"progress: got {progress}, wanted a share from 0 to 1: an epoch's number, "
            "counted from 0, stays below recipe.epochs"
        )
    if progress < 0.3:
        return 0.52 - 0.48 * math.cos(math.pi * progress / 0.3)
    return 0.5 + 0.5 * math.cos(math.pi * (progress - 0.3) / 0.7)


def place() -> tuple[int, int]:
    """Which of the processes that train together this is, from 0, and their number."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def over_ranks(nats: float, words: int) -> list[float]:
    """Both summed over the processes that train together."""
    sums = torch.tensor([nats, words], dtype=torch.float64)  # (2,)
    if place()[1] > 1:
        distributed.all_reduce(sums)
    return sums.tolist()


def train_epoch(
    model: Seq2Seq,
    batches: Sequence[Sequence[Example]],
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    epoch: int,
    on_step: Callable[[float], object] = lambda share: None,
) -> float:
    """Take a step for each batch; the mean loss on the way, in nats per target token.

    Processes that train together (see train.py) share each batch out, and a step is the
    one that a single process would take, but for the dropout that each draws.

    Args
        epoch:   how many epochs went before
        on_step: is told after each step which share of the epoch it was
    Raises ValueError: there is no batch, or a loss not finite (its step is not taken).
    """
    if not batches:
        raise ValueError(
            "batches: got none, wanted at least one: look at the filter or the file "
            "that the examples come from"
        )
    device = next(model.parameters()).device
    model.train()
    rank, ranks = place()
    run = DistributedDataParallel(model) if ranks > 1 else model
    nats, tokens = 0.0, 0.0
    for step, examples in enumerate(batches):
        progress = (epoch + step / len(batches)) / recipe.epochs
        for group in optimizer.param_groups:
            group["lr"] = recipe.peak_rate * one_cycle(progress)
        ours = examples[rank::ranks]
        batch = collate(ours or examples[:1]).to(device)
        logits = run(batch, own_words=recipe.own_words)  # (batch, tgt_len, tgt_vocab)
        loss = sequence_loss(logits, batch.tgt_out)
        words = batch.tokens if ours else 0
        more_nats, more_tokens = over_ranks(loss.item() * words, words)
        if not math.isfinite(more_nats):
            raise ValueError(
                f"loss: got {more_nats / more_tokens} in epoch {epoch + 1}, step "
                f"{step + 1}, wanted a finite number: lower the recipe's peak_rate and "
                "begin anew"
            )
        nats += more_nats
        tokens += more_tokens
        # PyTorch will take the ranks' mean: so each word counts alike, wherever it is
        loss = loss * (words * ranks / more_tokens)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        on_step(1 / len(batches))
    return nats / tokens


def fit(
    model: Seq2Seq,
    train_examples: Sequence[Example] | FreshExamples,
    recipe: Recipe,
    *,
    validate: Callable[[Seq2Seq], dict[str, float]] | None = None,
    checkpoint: str | Path | None = None,
    vocabularies: tuple[Vocabulary, Vocabulary] | None = None,
    resume: bool = False,
    on_epoch: Callable[[list[dict[str, float]]], object] | None = None,
    progress: bool = True,
) -> list[dict[str, float]]:
    """Train a model in place; it is left in evaluation mode.

    An epoch's random numbers (order, dropout) come from the recipe's seed and the
    epoch's number alone, so training resumed from a checkpoint goes on bit for bit, on
    the CPU, as if it had never stopped; the caller's are left as they were.
    `KeyboardInterrupt` (the stop button) ends it and keeps what has been learnt. Of
    processes that train together the first alone validates and writes the checkpoint.

    Return the figures, a dict per epoch: epoch (from 1), loss (nats per target token),
    seconds (validation apart), and what `validate` returns.

    Args
        train_examples: a list for all epochs, or a function that draws an epoch's
                        examples with the random.Random it is given
        checkpoint:     written after each epoch; wants vocabularies too
        resume:         go on from the checkpoint if there is one
        on_epoch:       called after each epoch with the figures so far
    Raises ValueError: there is no example; a loss is not finite (the checkpoint is then
        that of the epoch before); the checkpoint is damaged, or of another training.
    Source: Loshchilov and Hutter, arXiv:1711.05101 (AdamW)
    """
    if (resume or checkpoint) and not (checkpoint and vocabularies):
        raise ValueError(
            "checkpoint and vocabularies: got one or none of them, wanted both to save "
            "or to resume: give the path and (src_vocabulary, tgt_vocabulary)"
        )
    optimizer = torch.optim.AdamW(
        model.parameters(), weight_decay=recipe.weight_decay, fused=True
    )
    history: list[dict[str, float]] = []
    rank, _ = place()
    if checkpoint and vocabularies and resume and Path(checkpoint).exists():
        state = read_checkpoint(checkpoint)["training_state"]
        if state is None or state["recipe"] != asdict(recipe):
            raise ValueError(
                f"checkpoint: {checkpoint} was not trained with {recipe}: "
                "take the recipe that it was begun with, or give another path"
            )
        load_into(checkpoint, model, *vocabularies)
        optimizer.load_state_dict(state["optimizer"])
        history = state["history"]
    bar = tqdm(
        total=recipe.epochs,
        initial=len(history),
        disable=not progress or rank > 0,
        bar_format="{percentage:3.0f}% |{bar:25}| {elapsed} < {remaining} {postfix}",
    )
    try:
        with own_random_numbers(next(model.parameters()).device):
            for epoch in range(len(history), recipe.epochs):
                began = time.perf_counter()
                rng = random.Random(f"seed {recipe.seed}, epoch {epoch}")
                torch.manual_seed(rng.getrandbits(63) + rank)
                drawn = (
                    train_examples(rng) if callable(train_examples) else train_examples
                )
                batches = bucketed(drawn, recipe.batch_size, rng)
                loss = train_epoch(model, batches, optimizer, recipe, epoch, bar.update)
                figures = {"epoch": epoch + 1, "loss": loss}
                figures["seconds"] = time.perf_counter() - began
                if validate and rank == 0:
                    figures |= {name: float(n) for name, n in validate(model).items()}
                history.append(figures)
                bar.n = epoch + 1
                said = (f"{name} {number:.4g}" for name, number in figures.items())
                bar.set_postfix_str(", ".join(said))
                if checkpoint and vocabularies and rank == 0:
                    state = {
                        "recipe": asdict(recipe),
                        "optimizer": optimizer.state_dict(),
                        "history": history,
                    }
                    save_checkpoint(checkpoint, model, *vocabularies, state)
                if on_epoch:
                    on_epoch(history)
    except KeyboardInterrupt:
        bar.set_postfix_str(f"stopped in epoch {len(history) + 1}")
    finally:
        bar.close()
        model.eval()
    return history


def evaluate(
    model: Seq2Seq,
    pairs: Sequence[SentencePair],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    references: dict[str, list[str]],
) -> dict[str, float]:
    """Translate each source of the pairs once and hold it against all it may mean.

    Return bleu, 0 to 100, and exact and edit (accuracy), 0 to 1. The references are
    what `known_translations` gives.

    Raises ValueError: there is no pair, or a source without references.
    """
    sources = list(dict.fromkeys(pair.source for pair in pairs))
    found = translate(model, sources, src_vocabulary, tgt_vocabulary)
    hypotheses = [translation.text for translation in found]
    known = [references.get(source, []) for source in sources]
    return {
        "bleu": metrics.bleu(hypotheses, known),
        "exact": metrics.exact_match(hypotheses, known),
        "edit": metrics.edit_accuracy(hypotheses, known),
    }
