"""The checks of notebook 05's exercises; `beam.py` has that of 5.6."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq_lesson import interventions
from seq2seq_lesson.batches import collate
from seq2seq_lesson.exercises import Verdict, against, judge, judge_parts, lend
from seq2seq_lesson.metrics import Links, alignment_scores, hard_alignment
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.runtime import pick_device
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.tasks import bundled
from seq2seq_lesson.translation import log_probs, translate, translate_forced
from seq2seq_lesson.vocabulary import EOS, PAD, UNK

SLEEPING = {  # a row of weights over "elle ne dort pas" for each written word
    "she": (0.90, 0.05, 0.05, 0.00),
    "is": (0.10, 0.00, 0.30, 0.60),
    "not": (0.00, 0.40, 0.00, 0.60),
    "sleeping": (0.00, 0.00, 1.00, 0.00),
}
MADE = {(0, 0), (1, 2), (3, 2), (2, 1), (2, 3)}  # all true links: (source, target)
Maps = list[Tensor]  # weights, (tgt_len, src_len) each


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
            "That is the number of true links, whatever was drawn.": {
                "links by argmax": 5
            },
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
            "Rounded: write the fraction.": {
                "precision over 0.25": 0.833,
                "AER over 0.25": 0.091,
            },
            "Still to be taken from 1: it is an error.": {"AER over 0.25": 10 / 11},
        },
    )


def score_maps(attempt: Any) -> Verdict:
    """Many maps held against the truth at one threshold (exercise 5.2)."""

    def draw(rng: random.Random) -> dict[str, Any]:
        maps: Maps = []
        truth: set[tuple[int, ...]] = set()
        for n in range(rng.randint(2, 4)):
            rows, columns = rng.sample(range(2, 7), 2)
            maps.append((3 * torch.randn(rows, columns)).softmax(dim=-1))
            truth |= {(n, rng.randrange(columns), row) for row in range(rows)}
            truth |= {(n, *link) for link in hard_alignment(maps[-1], 0.7)}
        threshold = rng.choice([0.1, 0.25, 0.5])
        return {"maps": maps, "truth": truth, "threshold": threshold}

    def numbered(maps: Maps, threshold: float | None) -> Links:
        links = (hard_alignment(weights, threshold) for weights in maps)
        return {(n, *link) for n, some in enumerate(links) for link in some}

    def oracle(maps: Maps, truth: Links, threshold: float | None) -> tuple[float, ...]:
        return tuple(alignment_scores(numbered(maps, threshold), truth))

    def renamed(rename: Callable) -> Callable:
        """The score of all links, each written in another way."""

        def scores(
            maps: Maps, truth: Links, threshold: float | None
        ) -> tuple[float, ...]:
            links = {rename(*link) for link in numbered(maps, threshold)}
            return tuple(alignment_scores(links, truth))

        return scores

    def alone(maps: Maps, truth: Links, threshold: float | None) -> tuple[float, ...]:
        each = [
            alignment_scores(
                hard_alignment(weights, threshold),
                {(s, t) for m, s, t in truth if m == n},
            )
            for n, weights in enumerate(maps)
        ]
        return tuple(sum(column) / len(each) for column in zip(*each, strict=True))

    def heaped(maps: Maps, truth: Links, threshold: float | None) -> tuple[float, ...]:
        links = {(s, t) for _, s, t in numbered(maps, threshold)}
        return tuple(alignment_scores(links, {(s, t) for _, s, t in truth}))

    def last(maps: Maps, truth: Links, threshold: float | None) -> tuple[float, ...]:
        links = numbered(maps, threshold) - numbered(maps[:-1], threshold)
        return tuple(alignment_scores(links, truth))

    def swapped(maps: Maps, truth: Links, threshold: float | None) -> tuple[float, ...]:
        precision, recall, aer = oracle(maps, truth, threshold)
        return recall, precision, aer

    def listed(maps: Maps, truth: Links, threshold: float | None) -> tuple[float, ...]:
        links: Any = list(numbered(maps, threshold))
        return tuple(alignment_scores(links, truth))  # an error: a set is wanted

    mistakes: dict[str, Callable] = {
        "a mean of the sentences' scores lets a short one weigh as much as a long one; "
        "score all links at once.": alone,
        "links of different sentences fall together: keep the sentence's number.": (
            heaped
        ),
        "no link of yours is a true one; those are (sentence, source, target), three "
        "plain numbers each.": renamed(lambda n, s, t: (s, t)),
        "that is argmax. Hand the threshold on.": (
            lambda maps, truth, threshold: oracle(maps, truth, None)
        ),
        "the first sentence has the number 0.": renamed(lambda n, s, t: (n + 1, s, t)),
        "source and target have changed places in your links.": (
            renamed(lambda n, s, t: (n, t, s))
        ),
        "those are the first sentence's links alone: is a `return` inside the loop?": (
            lambda maps, truth, threshold: oracle(maps[:1], truth, threshold)
        ),
        "those are the last sentence's links alone: make the set before the loop.": (
            last
        ),
        "collect your links in a set.": listed,
        "`maps` is a list: take one matrix after the other.": (
            lambda maps, truth, threshold: hard_alignment(maps, threshold)
        ),
        "precision and recall have changed places: precision comes first, and "
        "`alignment_scores` takes your links before the true ones.": swapped,
    }
    todo = "return precision, recall and AER of all the maps' links together."
    verdict = judge(attempt, draw, against(oracle), todo=todo, mistakes=mistakes)

    def use() -> str:
        model, *vocabularies = load_pretrained("additive-after")
        pairs = bundled().test[:50]
        found = translate_forced(model, pairs, *vocabularies)
        maps = [translation.word_weights for translation in found]
        truth = {
            (n, *link) for n, pair in enumerate(pairs) for link in pair.alignment or ()
        }
        told = []
        for threshold in (0.1, 0.5, 0.9):
            precision, recall, _ = attempt(maps, truth, threshold)
            told.append(
                f"above {threshold} precision {precision:.2f}, recall {recall:.2f}"
            )
        return f"Maps of a trained model: {'; '.join(told)}."

    return lend(verdict, use)


def leave_out(attempt: object) -> Verdict:
    """What each written word loses when a read word is left out (exercise 5.5)."""

    def draw(rng: random.Random) -> dict[str, Any]:
        order = rng.choice(["after", "before"])
        model = Seq2Seq(
            ModelConfig(12, 12, 6, enc_hid=3, hid=5, att=4, order=order, dropout=0.0)
        )
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.8)
        source, target = (
            [*(rng.randint(UNK + 1, 11) for _ in range(length)), EOS]
            for length in rng.sample(range(2, 6), 2)
        )
        model = model.to(pick_device()).eval()
        return {"model": model, "source": source, "target": target}

    def losses(
        model: Seq2Seq, source: list[int], target: list[int], shorter: list[list[int]]
    ) -> Tensor:
        chosen = log_probs(model, [(source, target)])[0]  # (tgt_len)
        each = [chosen - log_probs(model, [(ids, target)])[0] for ids in shorter]
        return torch.stack(each, dim=1)  # a column for each of them

    def without(source: list[int], gap: Sequence[int] = ()) -> list[list[int]]:
        """The source without each of its words in turn, at the end without EOS."""
        return [[*source[:n], *gap, *source[n + 1 :]] for n in range(len(source))]

    def against_each(shorten: Callable) -> Callable:
        return lambda model, source, target: losses(
            model, source, target, shorten(source)
        )[:-1]

    oracle = against_each(lambda source: without(source)[:-1])
    mistakes = {
        "a loss is what a word had in the whole sentence minus what it has left; yours "
        "has the other sign.": lambda *arguments: -oracle(*arguments),
        "a row for each written word, a column for each read one.": (
            lambda *arguments: oracle(*arguments).T
        ),
        "<eos> takes no part: it is the last row here.": (
            lambda model, source, target: losses(
                model, source, target, without(source)[:-1]
            )
        ),
        "<eos> takes no part: in the last column it is left out.": (
            against_each(without)
        ),
        "your columns begin with the second word and end with `<eos>`.": (
            against_each(lambda source: without(source)[1:])
        ),
        "the first column holds the whole sentence against itself.": (
            against_each(lambda source: [source, *without(source)[:-1]])
        ),
        "all are held against the first of your batch: put the whole sentence there.": (
            lambda model, source, target: losses(
                model, without(source)[0], target, without(source)[1:-1]
            )[:-1]
        ),
        "that hides the word behind <unk>, as `needs` does. Leave it out.": (
            against_each(lambda source: without(source, [UNK])[:-1])
        ),
        "that puts <pad> where the word was. Leave it out.": (
            against_each(lambda source: without(source, [PAD])[:-1])
        ),
        "`collate` wants pairs: the target beside each source.": (
            lambda model, source, target: collate([source])
        ),
        "a word that comes twice loses both its places: go by the place, not by the "
        "word.": against_each(
            lambda source: [[w for w in source if w != gone] for gone in source[:-1]]
        ),
        "of a word that comes twice always the first goes: `remove` and `index` see "
        "the word, not its place.": against_each(
            lambda source: [without(source)[source.index(w)] for w in source[:-1]]
        ),
    }
    fault = against(oracle, "(tgt_len - 1, src_len - 1)")
    todo = "return the losses, a row for each written word, a column for each read one."
    return judge(attempt, draw, fault, todo=todo, mistakes=mistakes)


AXES = "(batch, tgt_len, src_len)"


def _draw(rng: random.Random) -> dict[str, Any]:
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

    todo = "a batch still goes wrong. Mend it."
    if judge(attempt, _draw, against(untouched, AXES), todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")

    def shared(count: Callable) -> Callable:
        """Even weights over the mask, divided by a count of it, in every row."""
        return lambda weights, mask, step: (
            (mask / count(mask)).unsqueeze(1).expand_as(weights)
        )

    def words(mask: Tensor) -> Tensor:
        return mask.sum(dim=1, keepdim=True)  # (batch, 1)

    mistakes = {
        "padding has no weight now; but what do the rows of a short sentence sum to?": (
            shared(lambda mask: mask.shape[1])
        ),
        "the count is right, but padding gets its share as well.": (
            lambda weights, mask, step: (
                torch.ones_like(weights) / words(mask).unsqueeze(1)
            )
        ),
        "each sentence has words of its own: do not count those of the whole batch.": (
            shared(torch.sum)
        ),
        "`dim=0` counts sentences; the words of a sentence lie along `dim=1`.": (
            shared(lambda mask: mask.sum(dim=0))
        ),
        "that counts the words written; a row sums to 1 over the words read.": (
            lambda weights, mask, step: (
                (mask / (mask * weights.shape[1])).unsqueeze(1).expand_as(weights)
            )
        ),
        "whom does the mask hide? True is a real token.": (
            lambda weights, mask, step: shared(words)(weights, ~mask, step)
        ),
        "those are still the model's own weights.": (
            lambda weights, mask, step: weights
        ),
        "right, but once a sentence; every written word wants its row: `expand_as`.": (
            lambda weights, mask, step: (mask / words(mask)).unsqueeze(1)
        ),
        "the axis of the written words is missing: `unsqueeze(1)`, then `expand_as`.": (
            lambda weights, mask, step: mask / words(mask)
        ),
        "the axis of the written words is the middle one: `unsqueeze(1)`.": (
            lambda weights, mask, step: mask.unsqueeze(2).expand_as(weights)
        ),
        "if it is the sizes: the mask is (batch, src_len) and lacks the axis of the "
        "written words, `unsqueeze(1)`.": lambda weights, mask, step: weights * mask,
    }
    todo = f"return the same weight for every word and 0 for padding, {AXES}."
    fault = against(interventions.uniform, AXES)
    return judge(attempt, _draw, fault, todo=todo, mistakes=mistakes)


def first_word(attempt: Any) -> Verdict:
    """All weight to the first word that was read (exercise 5.4)."""

    def oracle(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        return torch.eye(weights.shape[-1])[0].expand_as(weights)

    def put(place: Any, over: Callable = torch.zeros_like) -> Callable:
        def change(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
            changed = over(weights)  # (batch, tgt_len, src_len)
            changed[place] = 1
            return changed

        return change

    mistakes = {
        "the other words keep their weights, so a row sums to more than 1.": (
            put((..., 0), torch.clone)
        ),
        "every word has weight 1 there; a row sums to 1.": put(..., torch.ones_like),
        "the first word keeps what it had: it gets all of the row, 1.": (
            lambda weights, mask, step: weights * oracle(weights, mask, step)
        ),
        "that is the first written word's row; the first read word has a column.": (
            put((slice(None), 0))
        ),
        "that is the row of the first written word alone: mend every row.": (
            put((slice(None), 0, 0))
        ),
        "that is the first sentence of the batch.": put(0),
        "that is the first sentence of the batch alone: mend them all.": (
            put((0, slice(None), 0))
        ),
        "that is the second column: Python counts from 0.": put((..., 1)),
        "that is the last column, where <eos> or padding stands.": put((..., -1)),
    }
    todo = f"return weights {AXES}, all of them on the first word."
    compared = against(oracle, AXES)

    def fault(answer: Any, *given: Any) -> str:
        if isinstance(answer, Tensor) and not answer.is_floating_point():
            answer = answer.float()  # `one_hot` makes whole numbers, as good as any
        return compared(answer, *given)

    verdict = judge(attempt, _draw, fault, todo=todo, mistakes=mistakes)

    def change(weights: Tensor, *told: Any) -> Tensor:
        return attempt(weights, *told).to(weights)  # the check takes float64 as well

    def use() -> str:
        model, *vocabularies = load_pretrained("general-after")
        asked = ["elles ne mangent pas .", "nous dessinons un petit chat ."]
        with interventions.intervened(model, change):
            written = translate(model, asked, *vocabularies)
        begun = " and ".join(f"{' '.join(t.words[:4])!r}" for t in written)
        return f"With it a trained model begins its translations {begun}."

    return lend(verdict, use)
