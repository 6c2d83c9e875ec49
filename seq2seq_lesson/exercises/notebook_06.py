"""The checks of notebook 06's exercises: can it learn to read backwards?"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq_lesson.exercises import (
    Verdict,
    against,
    judge,
    judge_parts,
    keeping,
    untouched,
)
from seq2seq_lesson.exercises.comparing import describe, difference
from seq2seq_lesson.studies.reversal_models import (
    ReversalPlainDecoder,
    published_reversal_loop,
)
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
    followers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for previous, symbol in pairwise(["<sos>", *reversed(string), EOS_LETTER]):
        followers[previous][symbol] += 1
    return sum(max(counts.values()) for counts in followers.values())


def honest_loop(attempt: Any) -> Verdict:
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
    todo = "find the line and mend it."
    names = {"torch", "full_like", "SOS", "range", "shape", "append", "stack"}
    if untouched(attempt, draw, _loop_feeding(_true, _true), names):
        return Verdict(0.0, f"Not tried yet: {todo}")

    def fault(answer: object, decoder: ReversalPlainDecoder, *rest: Tensor) -> str:
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
            "In evaluation it still feeds the true letter. `decoder.training` tells "
            "the mode; gradients may be on or off in either.": (
                _loop_feeding(_true, _true)
            ),
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
            "This is section 2's loop: the state must be carried on as well.": (
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
    """A scale from the baseline to the perfect writer (exercise 6.3)."""

    def draw(rng: random.Random) -> dict:
        seeds, epochs = rng.randint(6, 7), rng.randint(8, 12)
        scores = torch.rand(seeds, epochs)  # (seeds, epochs)
        return {"scores": scores, "guess": round(rng.uniform(0.2, 0.7), 2)}

    def mark(score: Tensor, guess: float) -> Tensor:
        return (score - guess) / (1 - guess)

    def late(scores: Tensor) -> Tensor:
        return scores[:, -5:].mean()  # ()

    mistakes = {
        "That is the score itself, on which the baseline has more than 0.": (
            lambda scores, guess: late(scores)
        ),
        "On your scale the baseline has 0, but what does a perfect writer have? 1 "
        "minus the guess: divide by that.": lambda scores, guess: late(scores) - guess,
        "On that scale the baseline has 1 and a perfect writer 1 / guess: take the "
        "baseline's score away before you divide.": (
            lambda scores, guess: late(scores) / guess
        ),
        "That is a mark for each seed; one number was wanted, the mean over the seeds "
        "too.": lambda scores, guess: mark(scores[:, -5:].mean(1), guess),
        "Try a score of 1 on paper: your scale does not end at 1. Divide by how far "
        "the baseline is from perfect.": lambda scores, guess: late(scores) / guess - 1,
        "Divide by what *could* be gained over the baseline, not by the score.": (
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
        "Who does worse than the baseline has a mark below 0: leave it so.": (
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
        todo="return one number, the mark: 0 for the baseline, 1 for a perfect writer.",
        mistakes=mistakes,
    )


def right_share(attempt: object) -> Verdict:
    """The weight on the anti-diagonals of a padded batch (exercise 6.4)."""

    def draw(rng: random.Random) -> dict:
        lengths = rng.sample(range(2, 9), rng.randint(2, 5))  # <eos> counted
        longest = max(lengths)
        src_lengths = torch.tensor(lengths)  # (batch,)
        real = torch.arange(longest) < src_lengths[:, None, None]
        scores = 2 * torch.randn(len(lengths), longest, longest)
        scores = scores.masked_fill(~real, float("-inf"))  # (batch, tgt_len, src_len)
        return {"weights": scores.softmax(dim=-1), "src_lengths": src_lengths}

    def turned(matrix: Tensor, n: int) -> Tensor:
        return matrix[:n, :n].flip(1).diagonal()  # (letters)

    def found(
        weights: Tensor, src_lengths: Tensor, cut: int = 1, pick: Callable = turned
    ) -> list[Tensor]:
        sizes = [length - cut for length in src_lengths.tolist()]
        return [pick(matrix, n) for matrix, n in zip(weights, sizes, strict=True)]

    def share(*given: Any) -> Tensor:
        return torch.cat(found(*given)).mean()  # ()

    mistakes = {
        "Turned round as a whole, a short string's padding comes first: cut each "
        "string out before you flip it.": (
            lambda weights, n: weights.flip(2).diagonal(dim1=1, dim2=2).mean()
        ),
        "Only the longest string has its `<eos>` at the end of the batch: cut each "
        "string out by its own length.": (
            lambda weights, n: (
                weights[:, :-1, :-1].flip(2).diagonal(dim1=1, dim2=2).mean()
            )
        ),
        "Counted from the end of the padded row: a string ends where its own length "
        "says.": lambda weights, n: share(
            weights, n, 1, lambda matrix, k: matrix.flip(1)[:k, :k].diagonal()
        ),
        "`<eos>` counts in `src_lengths` and is no letter: a string of n letters has "
        "the length n + 1.": lambda weights, n: share(weights, n, 0),
        "That cuts one letter too many: only `<eos>` is none.": (
            lambda weights, n: share(weights, n, 2)
        ),
        "The last letter written is missing: `range(n)` ends with n - 1 already.": (
            lambda weights, n: torch.cat([p[:-1] for p in found(weights, n)]).mean()
        ),
        "One place too far right: the first letter written was read at n - 1.": (
            lambda weights, n: share(
                weights, n, 1, lambda matrix, k: turned(matrix[:, 1:], k)
            )
        ),
        "That is the plain diagonal, on which a *copying* model would look.": (
            lambda weights, n: share(
                weights, n, 1, lambda matrix, k: matrix[:k, :k].diagonal()
            )
        ),
        "That is the mean of the strings' means. Each letter was to count the same, "
        "whichever string it stands in.": lambda weights, n: torch.stack(
            [part.mean() for part in found(weights, n)]
        ).mean(),
        "Two things: cut off the row and the column of `<eos>`, and let each letter "
        "count the same, not each string.": (
            lambda weights, n: torch.stack(
                [part.mean() for part in found(weights, n, 0)]
            ).mean()
        ),
        "On the batch, `flip(1)` turns `tgt_len` round and `.diagonal()` runs over the "
        "strings: take each string's matrix in a loop, or name the axes, as in "
        "`flip(2)` and `diagonal(dim1=1, dim2=2)`.": (
            lambda weights, n: weights.flip(1).diagonal().mean()
        ),
        "That is the first string alone: is a `return` inside the loop?": (
            lambda weights, n: found(weights, n)[0].mean()
        ),
        "That is the sum: divide it by the number of letters.": (
            lambda weights, n: torch.cat(found(weights, n)).sum()
        ),
        "The sum is right; divide it by the number of letters, not of strings.": (
            lambda weights, n: torch.cat(found(weights, n)).sum() / len(n)
        ),
        "The sum is right, but in what you divide by, every `<eos>` counts too.": (
            lambda weights, n: torch.cat(found(weights, n)).sum() / n.sum()
        ),
        "That counts how often the brightest square is the right one; wanted is the "
        "weight that lies there.": lambda weights, n: share(
            nn.functional.one_hot(weights.argmax(-1), weights.shape[-1]).float(), n
        ),
    }
    return judge(
        attempt,
        draw,
        against(share),
        todo="return the share, a tensor () or a number from 0 to 1.",
        mistakes=mistakes,
    )


def see_the_last_look(attempt: object) -> Verdict:
    """Chorowski's filters over the last weights (exercise 6.5)."""

    def draw(rng: random.Random) -> dict:
        batch, src_len, filters = rng.sample([2, 3, 4, 6, 7, 8], 3)
        looked = torch.randn(batch, src_len).softmax(dim=-1)  # (batch, src_len)
        return {"looked": looked, "filters": torch.randn(filters, 5)}

    def slide(looked: Tensor, filters: Tensor) -> Tensor:
        wide = nn.functional.pad(looked[:, None], (2, 2))
        return nn.functional.conv1d(wide, filters[:, None]).transpose(1, 2)

    def windows(looked: Tensor, left: int, right: int) -> Tensor:
        return nn.functional.pad(looked, (left, right)).unfold(1, 5, 1)

    return judge(
        attempt,
        draw,
        against(slide, "(batch, src_len, filters)"),
        todo="return what the filters find, (batch, src_len, filters).",
        mistakes={
            "Axis 1 holds the filters: `U` reads them from the last axis.": (
                lambda looked, filters: slide(looked, filters).transpose(1, 2)
            ),
            "The filter is turned round: its number 0 belongs to the place two to "
            "the left.": lambda looked, filters: slide(looked, filters.flip(1)),
            "The first and the last places lack neighbours and fell out: put two "
            "zeros at both ends first.": (
                lambda looked, filters: windows(looked, 0, 0) @ filters.T
            ),
            "One zero at each end is too few: the window of the first place begins two "
            "to its left.": lambda looked, filters: windows(looked, 1, 1) @ filters.T,
            "All four zeros stand on the left, so the windows end at their place; it "
            "is their middle.": lambda looked, filters: (
                windows(looked, 4, 0) @ filters.T
            ),
            "All four zeros stand on the right, so the windows begin at their place; "
            "it is their middle.": lambda looked, filters: (
                windows(looked, 0, 4) @ filters.T
            ),
            "Those are the windows. Each filter times each window, added up, is one "
            "number.": lambda looked, filters: windows(looked, 2, 2),
            "`filters` is (filters, 5): transposed, as `filters.T`, it fits behind the "
            "windows.": lambda looked, filters: windows(looked, 2, 2) @ filters,
            "That is the mean of the five products, not their sum.": (
                lambda looked, filters: slide(looked, filters) / 5
            ),
            "A negative place counts from the end: left of the first stand zeros.": (
                lambda looked, filters: (
                    windows(torch.cat([looked[:, -2:], looked], 1), 0, 2) @ filters.T
                )
            ),
            "The place left of the first is not the last: beyond the ends stand "
            "zeros.": lambda looked, filters: (
                torch.stack([looked.roll(2 - k, 1) for k in range(5)], -1) @ filters.T
            ),
        },
    )


def moving_filter(attempt: object) -> Verdict:
    """The five numbers that move a look by some places (exercise 6.6)."""

    def draw(rng: random.Random) -> dict:
        return {"shift": rng.randint(-2, 2)}

    def one_at(place: int) -> Tensor:
        return nn.functional.one_hot(torch.tensor(place), 5).float()  # (5,)

    def fault(answer: object, shift: int) -> str:
        if not isinstance(answer, Tensor) or answer.shape != (5,):
            return f"came {describe(answer)}, wanted a tensor (5,)."
        wide = nn.functional.pad(one_at(2), (2, 2))  # (9,); the last look at place 4
        came = wide.unfold(0, 5, 1) @ answer.float()  # (5,); found at places 2 to 6
        if torch.allclose(came, one_at(2 + shift), atol=1e-5):
            return ""
        found = ", ".join(f"{number:.3g}" for number in came.tolist())
        wanted = [int(number) for number in one_at(2 + shift)]
        return (
            "of five places the last look was at the middle one; the filter finds "
            f"[{found}], wanted {wanted}."
        )

    return judge(
        attempt,
        draw,
        fault,
        todo="return the five numbers of the filter, a tensor (5,).",
        mistakes={
            "It moves the look the other way. To find 1 one place left of the look, "
            "a place must see what lies to its *right*.": (
                lambda shift: one_at(2 + shift)
            ),
            "It finds the last look where it was, whatever `shift` says.": (
                lambda shift: one_at(2)
            ),
            "The filter's places count from 0 to 4, and its middle is 2, not 3.": (
                lambda shift: torch.eye(5)[3 - shift]
            ),
            "The sign is right; now begin at the filter's middle, its number 2.": (
                lambda shift: torch.eye(5)[-shift]
            ),
            "A look that stays has its 1 in the filter's middle, number 2: begin "
            "there.": lambda shift: torch.eye(5)[shift],
        },
    )
