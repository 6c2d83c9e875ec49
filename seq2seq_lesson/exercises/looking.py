"""The checks of notebook 06's exercises 6.4 to 6.6: where a decoder looks.

Source
    ours
"""

from __future__ import annotations

import random

import torch
from torch import Tensor, nn

from seq2seq_lesson.exercises import Verdict, against, judge
from seq2seq_lesson.exercises.comparing import describe
from seq2seq_lesson.exercises.reversal import against_number


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

    def found(weights: Tensor, src_lengths: Tensor, cut: int = 1) -> list[Tensor]:
        sizes = [length - cut for length in src_lengths.tolist()]
        return [
            matrix[:n, :n].flip(1).diagonal()
            for matrix, n in zip(weights, sizes, strict=True)
        ]

    def share(weights: Tensor, src_lengths: Tensor, cut: int = 1) -> Tensor:
        return torch.cat(found(weights, src_lengths, cut)).mean()  # ()

    mistakes = {
        "Turned round as a whole, a short string's padding comes first: cut each "
        "string out before you flip it.": (
            lambda weights, n: weights.flip(2).diagonal(dim1=1, dim2=2).mean()
        ),
        "`<eos>` counts in `src_lengths` and is no letter: a string of n letters has "
        "the length n + 1.": lambda weights, n: share(weights, n, cut=0),
        "That is the mean of the strings' means. Each letter was to count the same, "
        "whichever string it stands in.": lambda weights, n: torch.stack(
            [part.mean() for part in found(weights, n)]
        ).mean(),
        "That is the plain diagonal, on which a *copying* model would look.": (
            lambda weights, n: torch.cat(
                [
                    m[: k - 1, : k - 1].diagonal()
                    for m, k in zip(weights, n, strict=True)
                ]
            ).mean()
        ),
    }
    return judge(
        attempt,
        draw,
        against_number(share, mistakes),
        todo="return the share, a tensor () or a number from 0 to 1.",
    )


def see_the_last_look(attempt: object) -> Verdict:
    """Chorowski's filters over the last weights (exercise 6.5)."""

    def draw(rng: random.Random) -> dict:
        batch, src_len, filters = rng.sample([2, 3, 4, 6, 7, 8], 3)
        looked = torch.randn(batch, src_len).softmax(dim=-1)  # (batch, src_len)
        return {"looked": looked, "filters": torch.randn(filters, 5)}

    def slide(looked: Tensor, filters: Tensor, mode: str = "constant") -> Tensor:
        wide = nn.functional.pad(looked[:, None], (2, 2), mode)
        return nn.functional.conv1d(wide, filters[:, None]).transpose(1, 2)

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
            "zeros at both ends first.": lambda looked, filters: (
                looked.unfold(1, 5, 1) @ filters.T
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
        found = [round(number, 2) for number in came.tolist()]
        wanted = [int(number) for number in one_at(2 + shift)]
        return (
            "the last look at the middle one of five places, the filter finds "
            f"{found} there, wanted {wanted}."
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
                lambda shift: one_at((3 - shift) % 5)
            ),
        },
    )
