"""The checks of notebook 04's exercises: what happens in one training step?

Source
    ours
"""

from __future__ import annotations

import copy
import itertools
import math
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seq2seq_lesson.batches import collate
from seq2seq_lesson.exercises import Verdict, against, judge
from seq2seq_lesson.exercises.comparing import difference
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, sequence_loss
from seq2seq_lesson.vocabulary import EOS, PAD, SOS


def right_word(attempt: object) -> Verdict:
    """A word's loss, and its slope in the right word's logit. (exercise 4.1)"""

    def draw(rng: random.Random) -> dict[str, float]:
        return {"share": rng.uniform(0.05, 0.95)}

    def oracle(share: float) -> tuple[float, float]:
        others = torch.full((7,), (1 - share) / 7)
        shares = torch.cat([torch.tensor([share]), others])  # (8,)
        logits = shares.log().requires_grad_()  # (8,)
        loss = F.cross_entropy(logits, torch.tensor(0))  # ()
        loss.backward()
        return loss.item(), logits.grad[0].item()

    todo = "return the loss in nats and its slope, two numbers made of `share` alone."
    slope = "a slope is negative where raising the logit lowers the loss."
    mistakes = {
        "a nat is counted with the natural logarithm: math.log.": (
            lambda share: (-math.log2(share), share - 1)
        ),
        "the loss is minus the logarithm, and never negative.": (
            lambda share: (math.log(share), share - 1)
        ),
        "the loss is right; " + slope: lambda share: (-math.log(share), 1 - share),
        "-1 / share is the slope in the share. The text has the one in the logit: "
        "softmax minus one-hot.": lambda share: (-math.log(share), -1 / share),
    }
    return judge(attempt, draw, against(oracle), todo=todo, mistakes=mistakes)


def in_portions(attempt: object) -> Verdict:
    """The gradient of many words from small portions of them. (exercise 4.2)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        words, emb = rng.sample(range(4, 9), 2)
        sizes = rng.sample(range(1, 9), rng.randint(2, 4))
        portions = [tuple(torch.randint(words, (2, size))) for size in sizes]
        model = nn.Sequential(nn.Embedding(words, emb), nn.Linear(emb, words))
        return {"model": model, "portions": portions}

    def gradients(model, portions, scale, keep=True):
        tokens = sum(len(true_ids) for _, true_ids in portions)
        for word_ids, true_ids in portions:
            if not keep:
                model.zero_grad()
            loss = F.cross_entropy(model(word_ids), true_ids)  # ()
            (loss * scale(len(true_ids), tokens, len(portions))).backward()
        return tuple(p.grad for p in model.parameters())

    def oracle(model, portions):
        word_ids, true_ids = map(torch.cat, zip(*portions, strict=True))
        loss = F.cross_entropy(model(word_ids), true_ids)  # ()
        return torch.autograd.grad(loss, list(model.parameters()))

    def wrong(scale, keep=True) -> Callable:
        return partial(gradients, scale=scale, keep=keep)

    todo = "so far the portions' means add up. Make them the mean over all words."
    untouched = against(wrong(lambda size, tokens, n: 1))
    if judge(attempt, draw, untouched, todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")
    mean = "a mean of means gives a portion of few words as much say as one of many."
    mistakes = {
        mean: wrong(lambda size, tokens, n: 1 / n),
        "these are the sums over words: divide by the number of all words.": (
            wrong(lambda size, tokens, n: size)
        ),
        "zero_grad between the portions forgets all but the last.": (
            wrong(lambda size, tokens, n: size / tokens, keep=False)
        ),
    }
    return judge(attempt, draw, against(oracle), todo=todo, mistakes=mistakes)


def run_epoch(attempt: object) -> Verdict:
    """A loop over the batches with four mistakes to mend. (exercise 4.3)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        def ids() -> list[int]:
            return [*(rng.randint(4, 11) for _ in range(rng.randint(1, 6))), EOS]

        groups = [[(ids(), ids()) for _ in range(size)] for size in (2, 4, 3)]
        model = Seq2Seq(ModelConfig(12, 12, emb=6, enc_hid=3, hid=5, dropout=0.0))
        optimizer = torch.optim.SGD(model.parameters(), lr=rng.uniform(0.2, 0.5))
        return {"model": model, "groups": groups, "optimizer": optimizer}

    def having(*faults: str) -> Callable:
        def epoch(model, groups, optimizer):
            model, optimizer = copy.deepcopy((model, optimizer))
            nats, tokens = 0, 0
            for group in groups:
                batch = collate(group)
                logits = model(batch)  # (batch, tgt_len, tgt_vocab)
                loss = sequence_loss(logits, batch.tgt_out)  # ()
                if "padding" in faults:
                    loss = F.cross_entropy(
                        logits.flatten(0, 1), batch.tgt_out.flatten()
                    )
                if "gradients" not in faults:
                    optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                size = 1 if "mean" in faults else batch.tokens
                nats += (loss if "graphs" in faults else loss.item()) * size
                tokens += size
            return nats / tokens

        return epoch

    hints = {
        "padding": "padding still counts in the loss (section 6).",
        "gradients": "each step adds to the gradients of those before (section 5).",
        "graphs": "the total is a tensor that remembers every graph (section 2): take "
        "the number out of it.",
        "mean": "a small batch has as much say in the mean as a large one: weigh each "
        "by its tokens.",
    }
    todo = "it holds four mistakes, none of which raises an error. Find and mend them."
    if judge(attempt, draw, against(having(*hints)), todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")
    left = itertools.chain(*(itertools.combinations(hints, n) for n in (1, 2, 3)))
    mistakes = {" And ".join(hints[n] for n in some): having(*some) for some in left}
    return judge(attempt, draw, against(having()), todo=todo, mistakes=mistakes)


def teacher_input(attempt: object) -> Verdict:
    """What the decoder reads under teacher forcing. (exercise 4.4)"""

    def draw(rng: random.Random) -> dict[str, Tensor]:
        batch, longest = rng.sample(range(2, 9), 2)
        rows = [rng.sample(range(4, 20), rng.randint(0, longest)) for _ in range(batch)]
        return {"tgt_out": collate([([EOS], [*row, EOS]) for row in rows]).tgt_out}

    def shifted(tgt_out: Tensor, first: int = SOS) -> Tensor:
        return torch.cat([torch.full_like(tgt_out[:, :1], first), tgt_out[:, :-1]], 1)

    def fault(answer: Any, tgt_out: Tensor) -> str:
        wanted = shifted(tgt_out)
        if isinstance(answer, Tensor) and answer.shape == tgt_out.shape:
            behind = tgt_out == PAD  # where nothing is wanted, anything may be read
            answer, wanted = (ids.masked_fill(behind, PAD) for ids in (answer, wanted))
        return difference(answer, wanted, "(batch, tgt_len)")

    todo = "return tgt_in, (batch, tgt_len): the words the decoder reads."
    mistakes = {
        "this is the answer itself: a decoder that reads the word it should write "
        "learns to copy, and nothing else.": lambda tgt_out: tgt_out,
        "the shift goes the other way: each word is read one place after it was "
        "written.": lambda t: torch.cat([t[:, 1:], torch.zeros_like(t[:, :1])], dim=1),
        "a sentence begins with <sos>.": partial(shifted, first=PAD),
        "a sentence begins with <sos>; <eos> ends it.": partial(shifted, first=EOS),
        "one column too many: behind the last word nothing is left to write.": (
            lambda tgt_out: F.pad(tgt_out, (1, 0), value=SOS)
        ),
    }
    return judge(attempt, draw, fault, todo=todo, mistakes=mistakes)


def own_words_loss(attempt: object) -> Verdict:
    """The loss of a decoder that stops where it likes. (exercise 4.5)"""

    def draw(rng: random.Random) -> dict[str, Tensor]:
        tgt_len, tgt_vocab = rng.randint(3, 8), rng.randint(9, 14)
        log_probs = torch.randn(tgt_len, tgt_vocab).log_softmax(dim=1)
        log_probs[rng.randrange(tgt_len), EOS] = -0.01  # here it gives up
        return {"log_probs": log_probs, "tgt_ids": torch.randint(4, 9, (tgt_len,))}

    def paid(log_probs, tgt_ids, spread=False, late=False, early=False):
        ended = (log_probs.argmax(dim=1) == EOS).tolist()
        turns = len(ended) if late or not any(ended) else ended.index(True) + 1 - early
        nats = -log_probs[range(turns), tgt_ids[:turns]].sum().item()
        return nats / (len(ended) if spread else max(turns, 1))

    todo = "make it return the nats per word that was paid for."
    if judge(attempt, draw, against(partial(paid, spread=True)), todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")
    mistakes = {
        "the decoder stopped at its own <eos>: nothing was written behind it, so "
        "nothing is to be paid for there.": partial(paid, late=True),
        "the turn that wrote <eos> is paid for as well.": partial(paid, early=True),
    }
    return judge(attempt, draw, against(paid), todo=todo, mistakes=mistakes)


def shortened(attempt: object) -> Verdict:
    """Gradients shortened together. (exercise 4.6)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        sizes = [(3, 4), (5,), (2, 3, 2)][: rng.randint(2, 3)]
        gradients = [rng.uniform(0.2, 2) * torch.randn(size) for size in sizes]
        return {"gradients": gradients, "limit": rng.uniform(0.5, 6)}

    def oracle(gradients: list[Tensor], limit: float) -> tuple[Tensor, ...]:
        parts = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
        for part, gradient in zip(parts, gradients, strict=True):
            part.grad = gradient.clone()
        nn.utils.clip_grad_norm_(parts, limit)
        return tuple(part.grad for part in parts)

    def each(change: Callable) -> Callable:
        def change_all(gradients: list[Tensor], limit: float) -> tuple[Tensor, ...]:
            length = torch.cat([gradient.flatten() for gradient in gradients]).norm()
            return tuple(change(gradient, limit, length) for gradient in gradients)

        return change_all

    todo = "return the gradients, shortened so that together they are `limit` long."
    mistakes = {
        "each was measured by itself. There is one length, over all of them, so that "
        "their proportions stay.": each(
            lambda g, limit, _: g * min(1, limit / g.norm())
        ),
        "cutting off each number turns the gradient into another direction: multiply "
        "all by one factor.": each(lambda g, limit, _: g.clamp(-limit, limit)),
        "what is shorter than the limit stays as it is.": each(
            lambda g, limit, length: g * limit / length
        ),
        "a length is the root of the sum of squares.": each(
            lambda g, limit, length: g * min(1, limit / length**2)
        ),
    }
    return judge(attempt, draw, against(oracle), todo=todo, mistakes=mistakes)
