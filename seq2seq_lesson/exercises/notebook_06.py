"""The checks of notebook 06's exercises 6.1 to 6.3: writers and their marks.

Source
    ours
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from seq2seq_lesson.exercises import Verdict, against, judge, judge_parts, keeping
from seq2seq_lesson.exercises.comparing import difference
from seq2seq_lesson.tutorials import ReversalPlainDecoder, published_reversal_loop
from seq2seq_lesson.vocabulary import EOS, SOS

EOS_LETTER = "<eos>"


def memoryless(answers: object) -> Verdict:
    """What the best writer without a memory gets right (exercise 6.1)."""
    return judge_parts(
        answers,
        {string: _followers_guessed(string) for string in ("abcd", "aaaa", "abba")},
        todo="write a number of symbols, from 0 to 5, for each `...`.",
        hints={
            "abcd": "Write `<sos>` and the five symbols in a row, an arrow from each "
            "to the next: do two arrows leave one letter for two symbols?",
            "aaaa": "`<sos>` has one arrow. Of those that leave the a, all that go to "
            "the same symbol can be right together.",
            "abba": "Of the arrows that leave the a only one can be right; the b?",
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
        with torch.no_grad():
            decoder.output.weight[:EOS], decoder.output.bias[:EOS] = 0, -20
            # PAD and SOS never win, so that `best_words` is right too
        return {
            "decoder": decoder,
            "enc_state": torch.randn(batch, hid),
            "tgt_out": torch.randint(1, tgt_vocab, (batch, tgt_len)),
        }

    right = partial(published_reversal_loop, carry_state=True)
    todo = "in evaluation it forgives each mistake at once. Find the line and mend it."
    untouched = against(_loop_feeding(_true, _true))
    if judge(attempt, draw, untouched, todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")

    def fault(answer: object, decoder: nn.Module, *rest: Tensor) -> str:
        with torch.no_grad():
            wanted = right(decoder, *rest)
        told = difference(answer, wanted, "(batch, tgt_len, tgt_vocab)")
        mode = "training" if decoder.training else "evaluation"
        return told and f"in {mode}, {told}"

    verdict = judge(
        attempt,
        draw,
        fault,
        todo=todo,
        mistakes={
            "In training the true letter was right; only in evaluation is there "
            "nobody to know it. (`decoder.training` asks for the mode, "
            "`decoder.eval()` changes it.)": _loop_feeding(_own, _own),
            "The two modes have changed places: `decoder.training` is True while the "
            "decoder learns.": _loop_feeding(_own, _true),
            "In evaluation it feeds the same word at every step; wanted is the letter "
            "that it has just written.": (
                _loop_feeding(_true, lambda true, logits, fed: fed)
            ),
            "`argmax()` without an axis finds one number in the whole batch; wanted is "
            "the likeliest symbol of each row, over the last axis.": (
                _loop_feeding(_true, lambda true, logits, fed: logits.argmax())
            ),
            "Axis 0 of the logits is the batch; the symbols are on the last.": (
                _loop_feeding(_true, lambda true, logits, fed: logits.argmax(dim=0))
            ),
            "What is fed must be ids, one whole number for each string: the argmax of "
            "the logits.": _loop_feeding(_true, lambda true, logits, fed: logits),
            "This is section 3's loop: the state must be carried on as well.": (
                published_reversal_loop
            ),
        },
    )
    told = "the logits are right, but the loop writes into `tgt_out`, and every letter "
    told += "would then be called right. Leave it alone."
    return keeping(verdict, attempt, draw, 2, told)


def _true(true: Tensor, logits: Tensor, fed: Tensor) -> Tensor:
    return true


def _own(true: Tensor, logits: Tensor, fed: Tensor) -> Tensor:
    return logits.argmax(dim=-1)


def _loop_feeding(learning: Callable, testing: Callable) -> Callable:
    """A loop, its state carried, and what it feeds next in training and evaluation."""

    def loop(decoder: nn.Module, enc_state: Tensor, target: Tensor) -> Tensor:
        feed = learning if decoder.training else testing
        word, dec_state, steps = torch.full_like(target[:, 0], SOS), enc_state, []
        for true in target.unbind(dim=1):
            logits, dec_state = decoder(word, dec_state)
            steps.append(logits)
            word = feed(true, logits, word)
        return torch.stack(steps, dim=1)  # (batch, tgt_len, tgt_vocab)

    return loop


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
        "That is the score itself, on which a guesser has more than 0.": (
            lambda scores, guess: late(scores)
        ),
        "On your scale a guesser has 0, but what does a perfect writer have? 1 minus "
        "the guess: divide by that.": lambda scores, guess: late(scores) - guess,
        "Try a score of 1 on paper: your scale does not end at 1. Divide by how far a "
        "guesser is from perfect.": lambda scores, guess: late(scores) / guess - 1,
        "Divide by what *could* be gained over guessing, not by the score.": (
            lambda scores, guess: 1 - guess / late(scores)
        ),
        "`/` goes before `-`: put the difference in brackets, and `1 - guess` too.": (
            lambda scores, guess: late(scores) - guess / 1 - guess
        ),
        "`/` goes before `-`: put the whole difference in brackets.": (
            lambda scores, guess: late(scores) - guess / (1 - guess)
        ),
        "That is in per cent; a perfect writer was to have 1.": (
            lambda scores, guess: 100 * mark(late(scores), guess)
        ),
        "`guess` is a share, as the scores are: perfect is 1, not 100.": (
            lambda scores, guess: (late(scores) - guess) / (100 - guess)
        ),
        "Who does worse than a guesser has a mark below 0: leave it so.": (
            lambda scores, guess: mark(late(scores), guess).clamp(min=0)
        ),
        "Right but rounded: return the number as it is.": (
            lambda scores, guess: round(mark(late(scores), guess).item(), 2)
        ),
        "The scale is right, but the mean was to run over the last five epochs, as in "
        "the table.": lambda scores, guess: mark(scores.mean(), guess),
        "The scale is right, but `-5:-1` leaves the last epoch out; `-5:` goes to the "
        "end.": lambda scores, guess: mark(scores[:, -5:-1].mean(), guess),
        "The scale is right, but that is the last epoch alone, not the last five.": (
            lambda scores, guess: mark(scores[:, -1].mean(), guess)
        ),
        "The scale is right, but those are the first five epochs, not the last.": (
            lambda scores, guess: mark(scores[:, :5].mean(), guess)
        ),
        "That takes rows, which are seeds. The last five *columns* are epochs.": (
            lambda scores, guess: mark(scores[-5:].mean(), guess)
        ),
    }
    return judge(
        attempt,
        draw,
        against(lambda scores, guess: mark(late(scores), guess)),
        todo="return one number, the mark: 0 for a guesser, 1 for a perfect writer.",
        mistakes=mistakes,
    )
