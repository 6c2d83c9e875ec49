"""Each exercise of notebook 05: its stub, its solution, and wrong answers' hints."""

import itertools
import math
import random
import re

import exercise_cells
import pytest
import torch

from seq2seq_lesson.exercises import attention, beam
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.vocabulary import EOS

SCORED = """
def score_maps(maps, truth, threshold):
    {body}
"""
HEAPED = """links = set().union(*(hard_alignment(w, threshold) for w in maps))
    return alignment_scores(links, {truth})"""
CHANGED = """
def {name}(weights, src_mask, step):
    {body}
"""
EVENLY = "full = torch.full_like(weights, 1 / weights.shape[-1])\n    return {answer}"
FIRST = "new = torch.zeros_like(weights)\n    new[{place}] = 1\n    return new"


def by_hand(**parts):
    return "by_hand = " + repr({name.replace("_", " "): v for name, v in parts.items()})


def altered(number, *changes):
    """The notebook's solution with some of its text changed."""
    text = exercise_cells.source(number, "solution")
    text = text.rpartition("\n")[0]  # the check belongs to the solution's cell
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


WRONG = {  # a phrase of the hint: a wrong attempt
    "05-1": {
        "number of true links": by_hand(links_by_argmax=5),
        "one link a row": by_hand(links_by_argmax=3),
        "That is the precision": by_hand(recall_by_argmax=0.75),
        "That is the recall": "by_hand = {'precision over 0.25': 1}",
        "Rounded too far": "by_hand = {'precision over 0.25': 0.83}",
        "Still to be taken from 1": "by_hand = {'AER over 0.25': 10 / 11}",
    },
    "05-2": {
        "a mean of the sentences' scores": SCORED.format(
            body="""every = []
    for n, weights in enumerate(maps):
        true = {(s, t) for m, s, t in truth if m == n}
        every.append(alignment_scores(hard_alignment(weights, threshold), true))
    return tuple(sum(column) / len(maps) for column in zip(*every))"""
        ),
        "fall together": SCORED.format(
            body=HEAPED.format(truth="{(s, t) for _, s, t in truth}")
        ),
        "put the sentence's number in front": SCORED.format(
            body=HEAPED.format(truth="truth")
        ),
        "that is argmax": altered("05-2", (", threshold)\n", ")\n")),
    },
    "05-3": {
        "sum to?": CHANGED.format(
            name="evenly", body=EVENLY.format(answer="full * src_mask.unsqueeze(1)")
        ),
        "it lacks an axis": altered("05-3", (".unsqueeze(1).float()", " * weights")),
        "of the whole batch": altered(
            "05-3", ("real.sum(dim=-1, keepdim=True)", "real.sum()")
        ),
        "whom does the mask hide": altered("05-3", ("= src_mask", "= (~src_mask)")),
        "came the shape": altered("05-3", (".expand_as(weights)", "")),
    },
    "05-4": {
        "sums to more than 1": CHANGED.format(
            name="first_word", body="weights[..., 0] = 1\n    return weights"
        ),
        "first written word's row": CHANGED.format(
            name="first_word", body=FIRST.format(place=":, 0")
        ),
        "first sentence of the batch": CHANGED.format(
            name="first_word", body=FIRST.format(place="0")
        ),
        "the last column": CHANGED.format(
            name="first_word", body=FIRST.format(place="..., -1")
        ),
    },
    "05-5": {
        "has the other sign": altered(
            "05-5", ("chosen[0] - chosen[1:]", "chosen[1:] - chosen[0]")
        ),
        "a column for each read one": altered("05-5", (".T[:-1]", "[:, :-1]")),
        "it is the last row here": altered("05-5", (".T[:-1]", ".T")),
        "behind <unk>": altered("05-5", ("[:n] + ", "[:n] + [UNK] + ")),
    },
    "05-6": {
        "keep `width` of them": altered("05-6", ("topk(width)", "topk(1)")),
        "not the last word's": altered("05-6", ("totals + log_probs", "log_probs")),
        "log_softmax.": altered("05-6", (".log_softmax(dim=-1)", "")),
        "reorder the states": altered(
            "05-6", ("found[n][1] for", "min(n, len(state)-1) for")
        ),
        "need not be the likeliest": altered(
            "05-6", ("if not going or", "if best[0] or not going or")
        ),
        "at the end, and no PAD": altered(
            "05-6", ("ids[1:], total", "ids[1:-1], total")
        ),
        "ended no target": altered("05-6", ("return best", "return None, 0.0")),
        "wanted two values": altered("05-6", ("return best", "return best[0]")),
    },
}


def test_every_exercise_is_tested():
    assert exercise_cells.numbers("05") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_exercise(number):
    exercise_cells.behaves(number, WRONG[number])


def test_the_weights_shown_are_those_that_are_scored():
    shown = exercise_cells.source("05-1", "exercise-attempt")
    rows = re.findall(r"^# (\w+) +([\d. ]+)$", shown, re.M)
    numbers = {word: tuple(map(float, row.split())) for word, row in rows}
    assert numbers == attention.SLEEPING


def test_a_wide_beam_finds_the_likeliest_of_all_targets():
    torch.manual_seed(0)
    config = ModelConfig(7, 7, emb=4, enc_hid=3, hid=4, att=3, max_len=4, dropout=0.0)
    for seed in range(5):
        model = Seq2Seq(config).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter)
        bias = model.decoder.output.bias.data
        bias[:EOS] += 3  # PAD and SOS would win if they could be written
        bias[EOS] -= 2
        source = [*random.Random(seed).choices(range(4, 7), k=3), EOS]
        written = (itertools.product(range(3, 7), repeat=n) for n in range(4))
        every = [[*words, EOS] for some in written for words in some]
        totals = [beam.log_probs(model, source, ids).sum().item() for ids in every]
        ids, total = beam.search(model, source, 1000)
        assert ids == every[totals.index(max(totals))]
        assert math.isclose(total, max(totals), rel_tol=1e-4)
        greedy = model.greedy(torch.tensor([source]), torch.tensor([4]), 4)[0][0]
        ids, _ = beam.search(model, source, 1)
        assert ids is None or ids == greedy.tolist()[: len(ids)]
