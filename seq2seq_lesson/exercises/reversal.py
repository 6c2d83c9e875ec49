"""The checks of notebook 06's exercises 6.1 to 6.3: writers and their marks.

Source
    ours
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from seq2seq_lesson.exercises import Fault, Verdict, against, judge, judge_parts
from seq2seq_lesson.exercises.comparing import difference
from seq2seq_lesson.tutorials import ReversalPlainDecoder, published_reversal_loop
from seq2seq_lesson.vocabulary import SOS

EOS_LETTER = "<eos>"


def memoryless(answers: object) -> Verdict:
    """What the best writer without a memory gets right (exercise 6.1)."""
    return judge_parts(
        answers,
        {string: _followers_guessed(string) for string in ("abcd", "aaaa", "abba")},
        todo="write a number of symbols, from 0 to 5, for each `...`.",
        hints={
            "abcd": "draw an arrow from each symbol to the next: does one fork?",
            "aaaa": "of all arrows that leave the same letter, one kind can be right.",
            "abba": "of the arrows that leave the a only one can be right; the b?",
        },
        mistakes={
            "Count both ends: the first letter, behind `<sos>`, and `<eos>`.": {
                "abcd": 4,
                "aaaa": 3,
                "abba": 2,
            },
            "It has no memory, so behind the same letter it must write the same "
            "symbol every time; and `<eos>` too comes behind a letter.": {
                "aaaa": 5,
                "abba": 5,
            },
            "Behind the a comes once a letter, once `<eos>`: one of them is lost.": {
                "abba": 4,
            },
        },
    )


def _followers_guessed(string: str) -> int:
    followers = defaultdict(Counter)
    for previous, symbol in pairwise(["<sos>", *reversed(string), EOS_LETTER]):
        followers[previous][symbol] += 1
    return sum(max(counts.values()) for counts in followers.values())


def honest_loop(attempt: object) -> Verdict:
    """A loop that feeds the truth in evaluation too (exercise 6.2)."""

    def draw(rng: random.Random) -> dict:
        batch, tgt_len, hid, tgt_vocab = rng.sample(range(4, 9), 4)
        decoder = ReversalPlainDecoder(tgt_vocab, hid).train(rng.random() < 0.5)
        for weight in decoder.parameters():
            nn.init.normal_(weight)  # large: other letters, other answers
        return {
            "decoder": decoder,
            "enc_state": torch.randn(batch, hid),
            "tgt_out": torch.randint(1, tgt_vocab, (batch, tgt_len)),
        }

    right = partial(published_reversal_loop, carry_state=True)
    todo = "in evaluation it forgives each mistake at once. Find the line and mend it."
    untouched = against(partial(_feeding, lambda training: True))
    if judge(attempt, draw, untouched, todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")

    def fault(answer: object, decoder: nn.Module, *rest: Tensor) -> str:
        with torch.no_grad():
            wanted = right(decoder, *rest)
        told = difference(answer, wanted, "(batch, tgt_len, tgt_vocab)")
        mode = "training" if decoder.training else "evaluation"
        return told and f"in {mode}, {told}"

    return judge(
        attempt,
        draw,
        fault,
        todo=todo,
        mistakes={
            "In training the true letter was right; only in evaluation is there "
            "nobody to know it.": partial(_feeding, lambda training: False),
            "The two modes have changed places: `decoder.training` is True while the "
            "decoder learns.": partial(_feeding, lambda training: not training),
            "This is section 3's loop: the state must be carried on as well.": (
                published_reversal_loop
            ),
        },
    )


def _feeding(
    truth: Callable[[bool], bool], decoder: nn.Module, enc_state: Tensor, target: Tensor
) -> Tensor:
    """The loop, its state carried; `truth` says in which mode the truth is fed."""
    word, dec_state, steps = torch.full_like(target[:, 0], SOS), enc_state, []
    for true_word in target.unbind(dim=1):
        logits, dec_state = decoder(word, dec_state)
        steps.append(logits)
        word = true_word if truth(decoder.training) else logits.argmax(dim=-1)
    return torch.stack(steps, dim=1)  # (batch, tgt_len, tgt_vocab)


def above_guessing(attempt: object) -> Verdict:
    """A scale from the guesser to the perfect writer (exercise 6.3)."""

    def draw(rng: random.Random) -> dict:
        seeds, epochs = rng.randint(6, 7), rng.randint(8, 12)
        scores = torch.rand(seeds, epochs)  # (seeds, epochs)
        return {"scores": scores, "guess": round(rng.uniform(0.2, 0.7), 2)}

    def mark(score: Tensor, guess: float) -> Tensor:
        return (score - guess) / (1 - guess)  # ()

    def late(scores: Tensor) -> Tensor:
        return scores[:, -5:].mean()  # ()

    mistakes = {
        "On your scale a guesser has 0, but what does a perfect writer have? 1 minus "
        "the guess: divide by that.": lambda scores, guess: late(scores) - guess,
        "Try a score of 1 on paper: your scale does not end at 1. Divide by how far a "
        "guesser is from perfect.": lambda scores, guess: late(scores) / guess - 1,
        "Divide by what *could* be gained over guessing, not by the score.": (
            lambda scores, guess: 1 - guess / late(scores)
        ),
        "The scale is right, but the mean was to run over the last five epochs, as in "
        "the table.": lambda scores, guess: mark(scores.mean(), guess),
        "That takes rows, which are seeds. The last five *columns* are epochs.": (
            lambda scores, guess: mark(scores[-5:].mean(), guess)
        ),
    }
    return judge(
        attempt,
        draw,
        against_number(lambda scores, guess: mark(late(scores), guess), mistakes),
        todo="return one number, the mark: 0 for a guesser, 1 for a perfect writer.",
    )


def against_number(oracle: Callable, mistakes: Mapping[str, Callable]) -> Fault:
    """Find fault with one number, a float or a tensor; a mistake's own gives a hint."""

    def fault(answer: object, *arguments: object) -> str:
        if isinstance(answer, Tensor) and answer.numel() == 1:
            answer = answer.item()
        told = difference(answer, float(oracle(*arguments)))
        for hint, mistake in mistakes.items():
            if told and not difference(answer, float(mistake(*arguments))):
                return f"{told} Hint: {hint}"
        return told

    return fault
