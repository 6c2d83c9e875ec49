"""The checks of notebook 05's exercises: what does attention look at?

Source
    ours
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq_lesson import interventions
from seq2seq_lesson.exercises import Verdict, against, apart, judge, judge_parts
from seq2seq_lesson.exercises.beam import log_probs
from seq2seq_lesson.metrics import Links, alignment_scores, hard_alignment
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.runtime import pick_device
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.translation import translate
from seq2seq_lesson.vocabulary import EOS, UNK

SLEEPING = {  # a row of weights over "elle ne dort pas" for each written word
    "she": (0.90, 0.05, 0.05, 0.00),
    "is": (0.10, 0.00, 0.30, 0.60),
    "not": (0.00, 0.40, 0.00, 0.60),
    "sleeping": (0.00, 0.00, 1.00, 0.00),
}
MADE = {(0, 0), (1, 2), (3, 2), (2, 1), (2, 3)}  # all true links: (source, target)


def scored_by_hand(answers: object) -> Verdict:
    """The links of a small map, and what they are worth (exercise 5.1)."""
    weights = torch.tensor(list(SLEEPING.values()))  # (4, 4)
    most, over = hard_alignment(weights), hard_alignment(weights, 0.25)
    wanted = {
        "links by argmax": len(most),
        "links over 0.25": len(over),
        "recall by argmax": alignment_scores(most, MADE).recall,
        "precision over 0.25": alignment_scores(over, MADE).precision,
        "AER over 0.25": alignment_scores(over, MADE).aer,
    }
    true = "That is the number of true links, whatever was drawn."
    return judge_parts(
        answers,
        wanted,
        todo="write a number or a fraction, such as 2 / 3, for each `...`.",
        hints={
            "links by argmax": "Argmax draws one link a row.",
            "links over 0.25": "Go through the rows: some have two such cells.",
            "recall by argmax": "Of the five true links, which did argmax draw?",
            "precision over 0.25": "Of all the links drawn, how many are true?",
            "AER over 0.25": "1 - 2 * (drawn and true) / (drawn + true), as counts.",
        },
        mistakes={
            true: {"links by argmax": 5, "links over 0.25": 5},
            "That is the precision: divide by the true links, not by those drawn.": {
                "recall by argmax": 3 / 4
            },
            "That is the recall: divide by the links drawn, not by the true ones.": {
                "precision over 0.25": 1.0
            },
            "Rounded too far: write the fraction.": {
                "precision over 0.25": 0.83,
                "AER over 0.25": 0.09,
            },
            "Still to be taken from 1: it is an error.": {"AER over 0.25": 10 / 11},
        },
    )


def score_maps(attempt: object) -> Verdict:
    """Many maps held against the truth at one threshold (exercise 5.2)."""

    def draw(rng: random.Random) -> dict[str, Any]:
        maps, truth = [], set()
        for n in range(rng.randint(2, 4)):
            rows, columns = rng.sample(range(2, 7), 2)
            maps.append((3 * torch.randn(rows, columns)).softmax(dim=-1))
            truth |= {(n, rng.randrange(columns), row) for row in range(rows)}
            truth |= {(n, *link) for link in hard_alignment(maps[-1], 0.7)}
        threshold = rng.choice([0.1, 0.25, 0.5])
        return {"maps": maps, "truth": truth, "threshold": threshold}

    def numbered(maps: list[Tensor], threshold: float | None) -> Links:
        links = (hard_alignment(weights, threshold) for weights in maps)
        return {(n, *link) for n, some in enumerate(links) for link in some}

    def oracle(maps, truth, threshold):
        return tuple(alignment_scores(numbered(maps, threshold), truth))

    def apart(maps, truth, threshold):
        true = [{(s, t) for m, s, t in truth if m == n} for n in range(len(maps))]
        each = [
            alignment_scores(hard_alignment(weights, threshold), links)
            for weights, links in zip(maps, true, strict=True)
        ]
        return tuple(sum(column) / len(each) for column in zip(*each, strict=True))

    def heaped(maps, truth, threshold):
        links = set().union(*(hard_alignment(weights, threshold) for weights in maps))
        return tuple(alignment_scores(links, {(s, t) for _, s, t in truth}))

    def unnumbered(maps, truth, threshold):
        links = set().union(*(hard_alignment(weights, threshold) for weights in maps))
        return tuple(alignment_scores(links, truth))

    mistakes = {
        "a mean of the sentences' scores lets a short one weigh as much as a long one; "
        "score all links at once.": apart,
        "links of different sentences fall together: keep the sentence's number.": (
            heaped
        ),
        "true links are (sentence, source, target): put the sentence's number in front "
        "of each of yours.": unnumbered,
        "that is argmax. Hand the threshold on.": (
            lambda maps, truth, threshold: oracle(maps, truth, None)
        ),
    }
    todo = "return precision, recall and AER of all the maps' links together."
    return judge(attempt, draw, against(oracle), todo=todo, mistakes=mistakes)


def _weights(rng: random.Random) -> dict[str, Any]:
    """What a change is handed: rows of weights, 0 at padding, the mask, the step."""
    batch, tgt_len, src_len = rng.sample(range(2, 7), 3)
    lengths = [src_len, *(rng.randint(1, src_len) for _ in range(batch - 1))]
    src_mask = torch.arange(src_len) < torch.tensor(lengths).unsqueeze(1)
    scores = torch.randn(batch, tgt_len, src_len)
    weights = scores.masked_fill(~src_mask.unsqueeze(1), float("-inf")).softmax(dim=-1)
    return {"weights": weights, "src_mask": src_mask, "step": rng.randrange(4)}


def evenly(attempt: object) -> Verdict:
    """The same weight for each word, and none for padding (exercise 5.3)."""

    def untouched(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        return torch.full_like(weights, 1 / weights.shape[-1])

    axes = "(batch, tgt_len, src_len)"
    todo = "it gives weight to padding. Mend it."
    if judge(attempt, _weights, against(untouched, axes), todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")
    mistakes = {
        "padding has no weight now; but what do the rows of a short sentence sum to?": (
            lambda weights, mask, step: untouched(weights, mask, step) * mask[:, None]
        ),
        "the mask is (batch, src_len): it lacks an axis for the words written.": (
            lambda weights, mask, step: weights * mask
        ),
        "each sentence has words of its own: do not count those of the whole batch.": (
            lambda weights, mask, step: (mask[:, None] / mask.sum()).expand_as(weights)
        ),
        "whom does the mask hide? True is a real token.": (
            lambda weights, mask, step: (~mask / (~mask).sum(dim=1, keepdim=True))[
                :, None
            ].expand_as(weights)
        ),
    }
    right = against(interventions.uniform, axes)
    return judge(attempt, _weights, right, todo=todo, mistakes=mistakes)


def first_word(attempt: Any) -> Verdict:
    """All weight to the first word that was read (exercise 5.4)."""

    def oracle(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        return torch.eye(weights.shape[-1])[0].expand_as(weights)

    def put(place: Any, over: Callable) -> Callable:
        def change(weights, src_mask, step):
            changed = over(weights)  # (batch, tgt_len, src_len)
            changed[place] = 1
            return changed

        return change

    first = (..., 0)
    mistakes = {
        "the other words keep their weights, so a row sums to more than 1.": (
            put(first, torch.clone)
        ),
        "that is the first written word's row; the first read word has a column.": (
            put((slice(None), 0), torch.zeros_like)
        ),
        "that is the first sentence of the batch.": put(0, torch.zeros_like),
        "that is the last column, where <eos> or padding stands.": (
            put((..., -1), torch.zeros_like)
        ),
    }
    todo = "return weights (batch, tgt_len, src_len), all of them on the first word."
    fault = against(oracle, "(batch, tgt_len, src_len)")
    verdict = judge(attempt, _weights, fault, todo=todo, mistakes=mistakes)
    if verdict.points < 1:
        return verdict
    asked = ["elles ne mangent pas .", "nous dessinons un petit chat ."]
    with apart():
        model, *vocabularies = load_pretrained("general-after")
        with interventions.intervened(model, attempt):
            written = translate(model, asked, *vocabularies)
    words = " and ".join(f"{' '.join(t.words[:4])!r}" for t in written)
    said = f"{verdict.message} With it a trained model begins its translations {words}."
    return Verdict(1.0, said)


def leave_out(attempt: object) -> Verdict:
    """What each written word loses when a read word is left out (exercise 5.5)."""

    def draw(rng: random.Random) -> dict[str, Any]:
        sizes = {"emb": 6, "enc_hid": 3, "hid": 5, "att": 4, "dropout": 0.0}
        model = Seq2Seq(
            ModelConfig(12, 12, order=rng.choice(["after", "before"]), **sizes)
        )
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.8)
        source, target = (
            [*(rng.randint(UNK + 1, 11) for _ in range(length)), EOS]
            for length in rng.sample(range(2, 6), 2)
        )
        model = model.to(pick_device()).eval()
        return {"model": model, "source": source, "target": target}

    def losses(model, source, target, gap=()):
        chosen = log_probs(model, source, target)  # (tgt_len)
        read = range(len(source) - 1)
        without = [[*source[:n], *gap, *source[n + 1 :]] for n in read]
        each = [chosen - log_probs(model, shorter, target) for shorter in without]
        return torch.stack(each, dim=1)  # (tgt_len, src_len - 1)

    def oracle(model, source, target):
        return losses(model, source, target)[:-1]  # (tgt_len - 1, src_len - 1)

    mistakes = {
        "a loss is what a word had in the whole sentence minus what it has left; yours "
        "has the other sign.": lambda *arguments: -oracle(*arguments),
        "a row for each written word, a column for each read one.": (
            lambda *arguments: oracle(*arguments).T
        ),
        "<eos> takes no part: it is the last row here.": losses,
        "that hides the word behind <unk>, as `needs` does. Leave it out.": (
            lambda *arguments: losses(*arguments, gap=[UNK])[:-1]
        ),
    }
    fault = against(oracle, "(tgt_len - 1, src_len - 1)")
    todo = "return the losses, a row for each written word, a column for each read one."
    return judge(attempt, draw, fault, todo=todo, mistakes=mistakes)
