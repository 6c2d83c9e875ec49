"""The check of the beam searches that learners write in notebook 05."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from seq2seq_lesson.batches import pad_ids
from seq2seq_lesson.exercises import Verdict, apart, judge
from seq2seq_lesson.exercises.comparing import describe
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.runtime import pick_device
from seq2seq_lesson.seq2seq import Seq2Seq, evaluating
from seq2seq_lesson.studies.beam import Found, search
from seq2seq_lesson.translation import log_probs
from seq2seq_lesson.vocabulary import EOS, SOS, UNK

PATIENCE = 500  # calls of the decoder; 8 sentences of 31 words, one by one, want 248


def _kept_in_place(model: Seq2Seq, source: list[int], width: int) -> Found:
    """A usual variant: sentences that ended keep their places in the beam.

    So fewer and fewer of those that could still win go on.
    """
    src_ids, src_lengths = pad_ids([source])  # (1, src_len), (1,)
    src_ids = src_ids.to(next(model.parameters()).device)
    ended: list[tuple[list[int], float]] = []
    with evaluating(model):
        enc_states, state = model.encode(src_ids, src_lengths)
        mask = torch.ones_like(src_ids, dtype=torch.bool)  # (1, src_len)
        beam = [([SOS], 0.0, state)]
        for _ in range(model.config.max_len):
            grown: list[tuple[list[int], float, torch.Tensor]] = []
            for ids, total, old in beam:
                last = torch.tensor([ids[-1:]]).to(mask.device)  # (1, 1)
                logits, new, _ = model.decoder(last, old, enc_states, mask)
                sums = total + logits[0, 0].cpu().log_softmax(dim=-1)  # (tgt_vocab)
                sums[:EOS] = -math.inf
                top = sums.topk(min(width, len(sums) - EOS))
                for word, much in zip(
                    top.indices.tolist(), top.values.tolist(), strict=True
                ):
                    grown.append(([*ids, word], much, new))
            everyone = [*((ids, total, state) for ids, total in ended), *grown]
            everyone.sort(key=lambda found: -found[1])
            best = everyone[:width]
            ended = [(ids, total) for ids, total, _ in best if ids[-1] == EOS]
            beam = [found for found in best if found[0][-1] != EOS]
            if not beam:
                break
    if not ended:
        return None, -math.inf
    ids, total = max(ended, key=lambda found: found[1])
    return ids[1:], total


class _Watch:
    """A hook before each call of a decoder: is there an end of them?"""

    calls = 0

    def __call__(self, decoder: nn.Module, arguments: tuple) -> None:
        self.calls += 1
        if self.calls > PATIENCE:
            raise TimeoutError(
                "it writes without end: stop after `model.config.max_len` words"
            )


def my_beam_search(attempt: object) -> Verdict:
    """A learner's beam search, on sentences that make no sense (exercise 5.6).

    A trained model reads random French words and has much to be unsure about. It is
    made to like PAD and SOS, and EOS a little, so that forgetting them shows.
    """
    with apart():
        model, french, english = load_pretrained("general-after")
    model.decoder.output.bias.data[: EOS + 1] += torch.tensor([8.0, 8.0, 2.0])
    model = model.to(pick_device()).eval()

    def draw(rng: random.Random) -> dict[str, Any]:
        words = rng.sample(range(UNK + 1, len(french)), rng.randint(2, 5))
        width = rng.choice([1, 2, 4, 8])
        watched = copy.deepcopy(model)
        watched.decoder.register_forward_pre_hook(_Watch())
        return {"model": watched, "source": [*words, EOS], "width": width}

    def fault(answer: Any, model: Seq2Seq, source: list[int], width: int) -> str:
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            return f"came {describe(answer)}, wanted two values: ids, log-probability."
        if answer[0] is None:
            return "came None for the ids: your search ended no target."
        if isinstance(answer[0], float):
            return f"came {describe(answer)}, wanted the ids first."
        ids, total = [int(word) for word in answer[0]], float(answer[1])
        if ids.count(EOS) != 1 or ids[-1] != EOS or min(ids) < EOS:
            return f"came {ids}, wanted one EOS, {EOS}, at the end, and no PAD or SOS."
        text = " ".join(english.decode(ids))
        true = log_probs(model, [(source, ids)]).sum().item()
        if abs(total - true) > 1e-3:
            return f"{text!r} came with {total:.3f}, the model itself says {true:.3f}."
        wanted, most = search(model, source, width)
        best = " ".join(english.decode(wanted or []))
        if width == 1 and ids != wanted:
            return f"a beam of 1 is greedy and writes {best!r}; yours wrote {text!r}."
        if true < most - 1e-3:
            return f"came {text!r} with {true:.3f}, but {best!r} has {most:.3f}."
        return ""

    def scored(score: Callable[[float, int], float]) -> Callable:
        """The right ids, their log-probability made into something else."""

        def found(model: Seq2Seq, source: list[int], width: int) -> Found:
            ids, total = search(model, source, width)
            return ids, score(total, len(ids or []))

        return found

    mistakes: dict[str, Callable] = {
        "that is the likeliest word at each step: keep `width` of them.": (
            lambda model, source, width: search(model, source, 1)
        ),
        "a sentence's log-probability is a sum over its words, not the last word's.": (
            partial(search, wrong="last")
        ),
        "logits are not log-probabilities: log_softmax.": (
            partial(search, wrong="logits")
        ),
        "a half-written sentence goes on from its own state: reorder the states as the "
        "sentences were.": partial(search, wrong="state"),
        "if it is the sizes: with n half-written sentences the words are (n, 1), the "
        "states (n, hid) and the totals (n, 1); pick each one's own state for each "
        "step.": partial(search, wrong="sizes"),
        "bar PAD and SOS behind `log_softmax`: before it, it shares their probability "
        "out among the other words.": partial(search, wrong="barred"),
        "that is the probability; its logarithm is wanted.": (
            scored(lambda total, length: math.exp(total))
        ),
        "that is the mean over the words; their sum is wanted.": (
            scored(lambda total, length: total / length)
        ),
        "a sentence that ended keeps its place in your beam, and crowds out one that "
        "could still win: let it leave, and keep its score.": _kept_in_place,
        "the first sentence that ends need not be the likeliest: stop when nothing "
        "left can still win.": partial(search, wrong="first"),
    }
    todo = "return the ids, EOS last, and their log-probability."
    return judge(attempt, draw, fault, todo=todo, mistakes=mistakes)
