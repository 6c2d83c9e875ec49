"""The checks of notebook 04's exercises: what happens in one training step?"""

from __future__ import annotations

import copy
import itertools
import math
import random
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seq2seq_lesson.batches import Example, collate
from seq2seq_lesson.exercises import Verdict, against, judge, keeping
from seq2seq_lesson.exercises.comparing import difference
from seq2seq_lesson.exercises.isolation import apart
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, sequence_loss
from seq2seq_lesson.vocabulary import EOS, PAD, SOS


def numbered(hints: Iterable[str]) -> str:
    """A hint as it is; each of several with its number."""
    told = [hint for hint in hints if hint]
    if len(told) < 2:
        return "".join(told)
    return " ".join(f"({n}) {hint}" for n, hint in enumerate(told, 1))


def right_word(attempt: object) -> Verdict:
    """A word's loss, and what one step does to one weight. (exercise 4.1)"""

    def draw(rng: random.Random) -> dict[str, float]:
        feature = rng.choice([-1, 1]) * rng.uniform(0.1, 0.9)
        given = {"share": rng.uniform(0.05, 0.95), "feature": feature}
        return given | {"weight": rng.uniform(-2, 2), "rate": rng.uniform(0.1, 0.6)}

    # Of each of the four numbers the right formula, then wrong ones by their hints.
    # Each later number is made of the one before, right or wrong.
    losses: dict[str, Callable] = {
        "": lambda share: -math.log(share),
        "a nat is counted with the natural logarithm: math.log.": (
            lambda share: -math.log2(share)
        ),
        "a nat is counted with the natural logarithm, math.log, not "
        "log10.": lambda share: -math.log10(share),
        "the loss is minus the logarithm, and never negative.": math.log,
    }
    logits: dict[str, Callable] = {
        "": lambda share: share - 1,
        "the gradient of the logit is negative where raising the logit lowers the "
        "loss.": lambda share: 1 - share,
        "-1 / share is the gradient in the share. The text has the one in the logit: "
        "softmax minus one-hot.": lambda share: -1 / share,
        "the gradient of the logit is softmax minus one-hot: subtract what is 1 at the "
        "right word.": lambda share: share,
        "share * (1 - share) is how the *share* moves with its logit. The loss is its "
        "logarithm: softmax minus one-hot.": lambda share: share * (1 - share),
        "share * (share - 1) still holds the slope of the softmax alone. In the loss "
        "the share cancels: softmax minus one-hot.": lambda share: share * (share - 1),
    }
    weights: dict[str, Callable] = {
        "": lambda to_logit, feature, weight: to_logit * feature,
        "a weight moves its logit by the feature: the gradient of the logit times the "
        "feature.": lambda to_logit, feature, weight: to_logit,
        "that is how the logit moves with the weight; the chain rule multiplies it by "
        "the gradient of the logit.": lambda to_logit, feature, weight: feature,
        "times `weight` is what goes on to the feature. What goes to the weight is "
        "multiplied by the feature.": lambda to_logit, feature, weight: (
            to_logit * weight
        ),
    }
    steps: dict[str, Callable] = {
        "": lambda weight, rate, to_weight: weight - rate * to_weight,
        "a step goes against the gradient: subtract.": (
            lambda weight, rate, to_weight: weight + rate * to_weight
        ),
        "the step is `rate` times the gradient.": (
            lambda weight, rate, to_weight: weight - to_weight
        ),
        "the last number is the new weight, not the way to it.": (
            lambda weight, rate, to_weight: -rate * to_weight
        ),
    }

    def made(loss: Callable, logit: Callable, to: Callable, step: Callable) -> Callable:
        def four(
            share: float, feature: float, weight: float, rate: float
        ) -> tuple[float, ...]:
            to_logit = logit(share)
            to_weight = to(to_logit, feature, weight)
            return loss(share), to_logit, to_weight, step(weight, rate, to_weight)

        return four

    ways = itertools.product(losses, logits, weights, steps)
    mistakes = {
        numbered(way): made(
            losses[way[0]], logits[way[1]], weights[way[2]], steps[way[3]]
        )
        for way in sorted(ways, key=lambda way: sum(map(bool, way)))
    }
    oracle = mistakes.pop("")
    swapped = "this is the right order: loss, gradient of the logit, gradient of the "
    mistakes[swapped + "weight, new weight."] = lambda *given: tuple(
        oracle(*given)[n] for n in (0, 2, 1, 3)
    )
    todo = "return loss, gradient of the logit, gradient of the weight, new weight."
    return judge(attempt, draw, against(oracle), todo=todo, mistakes=mistakes)


def in_portions(attempt: object) -> Verdict:
    """The gradient of many words from small portions of them. (exercise 4.2)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        words, emb = rng.sample(range(4, 9), 2)
        sizes = rng.sample(range(1, 9), rng.randint(2, 4))
        portions = [tuple(torch.randint(words, (2, size))) for size in sizes]
        model = nn.Sequential(nn.Embedding(words, emb), nn.Linear(emb, words))
        return {"model": model, "portions": portions}

    def scaled(scale: Callable, keep: bool = True) -> Callable:
        def gradients(
            model: nn.Module, portions: list[tuple[Tensor, Tensor]]
        ) -> tuple[Tensor | None, ...]:
            tokens = sum(len(true_ids) for _, true_ids in portions)
            for word_ids, true_ids in portions:
                if not keep:
                    model.zero_grad()
                loss = F.cross_entropy(model(word_ids), true_ids)  # ()
                (loss * scale(len(true_ids), tokens, len(portions))).backward()
            return tuple(p.grad for p in model.parameters())

        return gradients

    todo = "so far the portions' means add up. Make them the mean over all words."
    untouched = against(scaled(lambda size, tokens, n: 1))
    if judge(attempt, draw, untouched, todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")
    mean = "a mean of means gives a portion of few words as much say as one of many."
    mistakes = {
        mean: scaled(lambda size, tokens, n: 1 / n),
        "cross_entropy has divided by the words of its portion already: first make a "
        "sum of its mean.": scaled(lambda size, tokens, n: 1 / tokens),
        "these are the sums over words: divide by the number of all words, of all "
        "portions.": scaled(lambda size, tokens, n: size),
        "zero_grad between the portions forgets all but the last: before them is the "
        "place.": scaled(lambda size, tokens, n: size / tokens, keep=False),
    }
    mistakes |= {
        "the length of a pair is 2, its two rows. Its words are the length of one "
        "row.": scaled(lambda size, tokens, n: 1 / 2),
        "cross_entropy has divided by the words of its portion already, and now they "
        "divide twice: multiply by them, divide by all.": scaled(
            lambda size, tokens, n: 1 / size
        ),
        "times all words, divided by the portion's, is upside down.": (
            scaled(lambda size, tokens, n: tokens / size)
        ),
    }
    forgot = "zero_grad at the end forgets what has been added up."
    mistakes[forgot] = lambda model, portions: (None,) * len([*model.parameters()])
    mistakes[f"{forgot} Nothing is left to return."] = lambda model, portions: tuple(
        torch.zeros_like(p) for p in model.parameters()
    )
    right = against(scaled(lambda size, tokens, n: size / tokens))
    verdict = judge(attempt, draw, right, todo=todo, mistakes=mistakes)
    if verdict.points < 1:
        return verdict
    with apart():
        portions = [tuple(torch.randint(5, (2, 4))) for _ in range(8)]
        model = nn.Sequential(nn.Embedding(5, 6), nn.Linear(6, 5))
        own = most_kept(scaled(lambda size, tokens, n: 1), model, portions)
        most = most_kept(cast(Callable, attempt), model, portions)
    if most > 4 * own:
        told = "the gradients are right, but the graphs of all portions were in memory "
        told += "at once: call the model and `backward` for each portion."
        return Verdict(0.5, f"Not yet: {told}")
    return verdict


def most_kept(attempt: Callable, *given: Any) -> int:
    """How many numbers were kept for `backward` at one moment, weights apart."""
    alive: weakref.WeakSet[_Kept] = weakref.WeakSet()
    most = 0

    def keep(tensor: Tensor) -> _Kept:
        nonlocal most
        kept = _Kept(tensor.detach())  # itself, it would keep its own graph alive
        if not tensor.is_leaf or not tensor.requires_grad:
            alive.add(kept)
        most = max(most, sum(other.tensor.numel() for other in alive))
        return kept

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda kept: kept.tensor):
        attempt(*copy.deepcopy(given))
    return most


class _Kept:
    """A tensor that a graph holds; gone when the graph lets go of it."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class _Marked(torch.autograd.Function):
    """Hands its input on; the graph then holds a mark as long as it lives."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, marks: weakref.WeakSet[_Kept]) -> Tensor:
        ctx.mark = _Kept(logits.detach())
        marks.add(ctx.mark)
        return logits.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0], None


def most_graphs(attempt: Callable, model: nn.Module, *given: Any) -> int:
    """How many graphs of forward passes were alive at one moment."""
    marks: weakref.WeakSet[_Kept] = weakref.WeakSet()
    most = 0

    def mark(module: nn.Module, came: Any, logits: Tensor) -> Tensor:
        nonlocal most
        marked = _Marked.apply(logits, marks)
        most = max(most, len(marks))
        return marked

    model.register_forward_hook(mark)
    attempt(model, *given)
    return most


def run_epoch(attempt: object) -> Verdict:
    """A loop over the batches with two mistakes to mend. (exercise 4.3)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        def ids() -> list[int]:
            return [*(rng.randint(4, 11) for _ in range(rng.randint(1, 6))), EOS]

        groups = [[(ids(), ids()) for _ in range(size)] for size in (2, 4, 3)]
        model = Seq2Seq(ModelConfig(12, 12, emb=6, enc_hid=3, hid=5, dropout=0.0))
        optimizer = torch.optim.SGD(model.parameters(), lr=rng.uniform(0.2, 0.5))
        return {"model": model, "groups": groups, "optimizer": optimizer}

    def having(*faults: str) -> Callable:
        def epoch(
            model: Seq2Seq,
            groups: list[list[Example]],
            optimizer: torch.optim.Optimizer,
        ) -> Tensor | float:
            model, optimizer = copy.deepcopy((model, optimizer))
            nats: Tensor | float = 0
            tokens = 0
            for group in groups:
                batch = collate(group)
                logits = model(batch)  # (batch, tgt_len, tgt_vocab)
                loss = sequence_loss(logits, batch.tgt_out)  # ()
                if "padding" in faults:
                    loss = F.cross_entropy(logits.transpose(1, 2), batch.tgt_out)
                if "gradients" not in faults:
                    optimizer.zero_grad()
                loss.backward()
                if "still" not in faults:
                    optimizer.step()
                size = 1 if "mean" in faults else batch.tokens
                nats += (loss if "graphs" in faults else loss.item()) * size
                tokens += 1 if "groups" in faults else batch.tokens
            return nats / tokens

        return epoch

    hints = {
        "padding": "padding still counts in the loss (section 7).",
        "gradients": "each step adds to the gradients of those before (section 4).",
        "graphs": "a plain number is wanted: add up loss.item(), as section 1 does. A "
        "total of losses is a tensor, whose graph grows with every batch.",
        "mean": "each loss is the mean of its batch: weigh it by its tokens.",
        "groups": "at the end all tokens divide, not the number of batches.",
    }
    todo = "it holds two mistakes, neither of which raises an error. Mend both."
    stub = having("padding", "gradients")
    if judge(attempt, draw, against(stub), todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")
    hints["still"] = "no step moves the model: zero_grad, then backward, then step."
    left = itertools.chain(*(itertools.combinations(hints, n) for n in range(1, 6)))
    mistakes = {numbered(hints[n] for n in some): having(*some) for some in left}
    verdict = judge(attempt, draw, against(having()), todo=todo, mistakes=mistakes)
    if verdict.points < 1:
        return verdict
    loop = cast(Callable, attempt)
    with apart():
        case = draw(random.Random(0))
        model, groups, optimizer = case.values()
        most = most_graphs(loop, model, groups * 3, optimizer)
        mean = loop(model, groups, optimizer)
    if most > 4:
        told = "the number is right, but the total's graph grows with every batch: "
        told += "take each loss's own number, loss.item(), before it is added."
        return Verdict(0.5, f"Not yet: {told}")
    if isinstance(mean, Tensor):
        told = "the value is right, but it is still a tensor, and a plain number is "
        told += "wanted: loss.item() has one, .detach() has not."
        return Verdict(0.5, f"Not yet: {told}")
    return verdict


def teacher_input(attempt: Any) -> Verdict:
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
    join = "join side by side, with dim=1, parts of as many rows: <sos> must be a "
    join += "column, such as torch.full((len(tgt_out), 1), SOS)."
    mistakes: dict[str, Callable] = {
        "this is the answer itself: a decoder that reads the word it should write "
        "learns to copy, and nothing else.": lambda tgt_out: tgt_out,
        "the shift goes the wrong way: a word is to be read one place after it was "
        "written.": lambda tgt_out: F.pad(tgt_out[:, 1:], (0, 1), value=SOS),
        "the shift goes the wrong way: read is the word before, not the word after, "
        "and <sos> comes first.": lambda tgt_out: F.pad(tgt_out[:, 1:], (0, 1)),
        "the shift goes the wrong way: read is the word before, and the first thing "
        "read is <sos>.": lambda tgt_out: F.pad(tgt_out[:, 1:], (0, 1), value=EOS),
        "roll(1) brings the last column round to the front, where <sos> "
        "belongs.": lambda tgt_out: tgt_out.roll(1, dims=1),
        "roll(-1) turns the wrong way, and brings a word round to the end: read is the "
        "word before.": lambda tgt_out: tgt_out.roll(-1, dims=1),
        "the first word has made room for <sos>: keep it, and drop the last column "
        "instead.": lambda tgt_out: F.pad(tgt_out[:, 1:], (1, 0), value=SOS),
        "the sentences have moved, not the words: these lie along "
        "dim=1.": lambda tgt_out: F.pad(tgt_out[:-1], (0, 0, 1, 0), value=SOS),
        "a sentence begins with <sos>.": partial(shifted, first=PAD),
        "a sentence begins with <sos>; <eos> ends it.": partial(shifted, first=EOS),
        "<sos> must be a column, (batch, 1): cat joins tables with tables.": (
            lambda tgt_out: torch.cat([torch.tensor([SOS]), tgt_out[:, :-1]], 1)
        ),
        join: lambda tgt_out: torch.cat([torch.tensor([[SOS]]), tgt_out], 1),
        f"cat joins tables with tables: {join}": (
            lambda tgt_out: torch.cat([torch.tensor([SOS]), tgt_out])
        ),
        "one column too many: behind the last word nothing is left to "
        "write.": lambda tgt_out: F.pad(tgt_out, (1, 0), value=SOS),
    }
    verdict = judge(attempt, draw, fault, todo=todo, mistakes=mistakes)
    told = "the row is right, but made in tgt_out itself, which the loss still needs: "
    told += "change a copy, such as tgt_out.clone()."
    return keeping(verdict, attempt, draw, 0, told)


def own_words_loss(attempt: object) -> Verdict:
    """The loss of a decoder that stops where it likes. (exercise 4.5)"""

    def draw(rng: random.Random) -> dict[str, Tensor]:
        tgt_len, tgt_vocab = rng.randint(3, 8), rng.randint(9, 14)
        log_probs = torch.randn(tgt_len, tgt_vocab).log_softmax(dim=1)
        if rng.random() < 0.8:
            log_probs[rng.randrange(tgt_len), EOS] = -0.01  # here it gives up
        tgt_ids = torch.randint(4, 9, (tgt_len,))  # (tgt_len,)
        tgt_ids[-1] = EOS
        return {"log_probs": log_probs, "tgt_ids": tgt_ids}

    def turns_of(log_probs: Tensor) -> int:
        ended = (log_probs.argmax(dim=1) == EOS).tolist()
        return ended.index(True) + 1 if any(ended) else len(ended)

    def paid(
        log_probs: Tensor,
        tgt_ids: Tensor,
        spread: bool = False,
        late: bool = False,
        more: int = 0,
        sign: int = -1,
        own: bool = False,
    ) -> float:
        turns = len(log_probs) if late else turns_of(log_probs)
        words = log_probs.argmax(dim=1) if own else tgt_ids  # (tgt_len,)
        nats = sign * log_probs[range(turns), words[:turns]].sum().item()
        return nats / (len(log_probs) if spread else turns + more)

    def unpaid(
        log_probs: Tensor, tgt_ids: Tensor, none: float | None = None
    ) -> float | None:
        """The turn that wrote <eos> is neither paid for nor counted."""
        turns = turns_of(log_probs)
        turns -= int(log_probs[turns - 1].argmax() == EOS)
        if not turns and none is not None:
            return none
        return -log_probs[range(turns), tgt_ids[:turns]].sum().item() / turns

    def uncounted(log_probs: Tensor, tgt_ids: Tensor) -> float:
        """It is paid for, but not counted."""
        turns = turns_of(log_probs)
        counted = turns - int(log_probs[turns - 1].argmax() == EOS)
        return paid(log_probs, tgt_ids) * turns / counted

    def only_stopped(log_probs: Tensor, tgt_ids: Tensor) -> float | None:
        stops = bool((log_probs.argmax(dim=1) == EOS).any())
        return paid(log_probs, tgt_ids) if stops else None

    todo = "so far it divides by the whole target. Make it the nats per word paid for."
    if judge(attempt, draw, against(partial(paid, spread=True)), todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")
    mistakes: dict[str, Callable] = {
        "the decoder stopped at its own <eos>: nothing was written behind it, so "
        "nothing is to be paid for there.": partial(paid, late=True),
        "the turn that wrote <eos> is paid for as well.": unpaid,
        "the turn that wrote <eos> has its price: a decoder that stops at once has had "
        "one turn, not none.": partial(unpaid, none=0.0),
        "the turn that wrote <eos> is paid for: count it too.": uncounted,
        "this is the sum: divide it by the number of turns.": (
            lambda log_probs, tgt_ids: paid(log_probs, tgt_ids) * turns_of(log_probs)
        ),
        "a price is never negative: it is minus the logarithm.": partial(paid, sign=1),
        "what is paid is the price of the *true* word, whatever the decoder "
        "wrote.": partial(paid, own=True),
        "one turn too many is counted: before the first turn there is none.": partial(
            paid, more=1
        ),
        "where the decoder never writes <eos>, the loop ends by itself: return the "
        "number there, too.": only_stopped,
    }
    return judge(attempt, draw, against(paid), todo=todo, mistakes=mistakes)


def shortened(attempt: object) -> Verdict:
    """Gradients shortened together. (exercise 4.6)"""

    def row(gradients: list[Tensor]) -> Tensor:
        return torch.cat([gradient.flatten() for gradient in gradients])  # (numbers,)

    def draw(rng: random.Random) -> dict[str, Any]:
        sizes = [(3, 4), (5,), (2, 3, 2)][: rng.randint(2, 3)]
        gradients = [rng.uniform(0.2, 2) * torch.randn(size) for size in sizes]
        share = rng.choice((0.1, 0.6, 1.5)) * rng.uniform(0.8, 1.2)
        limit = share * row(gradients).norm().item()
        return {"gradients": gradients, "limit": limit}

    def each(change: Callable) -> Callable:
        def change_all(gradients: list[Tensor], limit: float) -> tuple[Tensor, ...]:
            length = row(gradients).norm()
            return tuple(change(gradient, limit, length) for gradient in gradients)

        return change_all

    def measured(length_of: Callable) -> Callable:
        def by_another_length(
            gradients: list[Tensor], limit: float
        ) -> tuple[Tensor, ...]:
            factor = min(1, limit / length_of(gradients))
            return tuple(gradient * factor for gradient in gradients)

        return by_another_length

    todo = "return the gradients, shortened so that together they are `limit` long."
    oracle = each(lambda g, limit, length: g * min(1, limit / length))
    root = "a length is the root of the sum of squares"
    mistakes: dict[str, Callable] = {
        "this is the list as it came: giving `g` a new value in a loop does not change "
        "the list.": each(lambda g, limit, length: g),
        "each was measured by itself. There is one length, over all of them, so that "
        "proportions stay.": each(lambda g, limit, _: g * min(1, limit / g.norm())),
        "cutting off each number turns the gradient into another direction: multiply "
        "all by one factor.": each(lambda g, limit, _: g.clamp(-limit, limit)),
        "what is shorter than the limit stays as it is.": each(
            lambda g, limit, length: g * limit / length
        ),
        f"{root}.": each(lambda g, limit, length: g * min(1, limit / length**2)),
        "divided by their length they are 1 long, not `limit`.": each(
            lambda g, limit, length: g / (length if length > limit else 1)
        ),
        f"{root}, not the sum of sizes.": measured(lambda all_: row(all_).abs().sum()),
        "lengths of parts do not add up to the length of the whole: their squares "
        "do.": measured(lambda all_: sum(g.norm() for g in all_)),
        "this is the length of the longest one: all have a part in the "
        "length.": measured(lambda all_: max(g.norm() for g in all_)),
        f"{root}, not of their mean.": measured(
            lambda all_: row(all_).square().mean().sqrt()
        ),
        "the factor is the wrong way up: what is twice too long is to be halved.": each(
            lambda g, limit, length: g * min(1, length / limit)
        ),
        "this lengthens what is short and leaves what is long.": each(
            lambda g, limit, length: g * max(1, limit / length)
        ),
        "the factor is limit over length, both without their squares.": each(
            lambda g, limit, length: g * min(1, (limit / length) ** 2)
        ),
        "the one row is for measuring: hand back each tensor in its own shape.": (
            lambda gradients, limit: row(oracle(gradients, limit))
        ),
    }
    verdict = judge(attempt, draw, against(oracle), todo=todo, mistakes=mistakes)
    if verdict.points < 1:
        return verdict

    def draw_zeros(rng: random.Random) -> dict[str, Any]:
        gradients = [torch.zeros_like(g) for g in draw(rng)["gradients"]]
        return {"gradients": gradients, "limit": rng.uniform(0.5, 2)}

    zeros = judge(attempt, draw_zeros, against(oracle), todo=todo)
    if zeros.points == 1:
        return verdict
    told = zeros.message.partition(" random cases are right. ")[2]
    hint = "the length is 0. Python refuses to divide by it; a tensor gives inf or nan."
    return Verdict(0.5, f"Not yet: right unless all numbers are 0. {told} Hint: {hint}")
