"""Each exercise of notebook 05: its stub, its solution, and wrong answers' hints."""

import itertools
import math
import random
import re

import pytest
import torch

from seq2seq_lesson.exercises import beam, notebook_05
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.translation import log_probs
from seq2seq_lesson.vocabulary import EOS
from tests import exercise_cells
from tools.exercise_cells import answer, numbers, source

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
    text = answer(source(number, "solution"))
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


KEPT = """
def my_beam_search(model, source, width):
    src_ids, src_lengths = pad_ids([source])
    with torch.no_grad():
        enc_states, state = model.encode(src_ids, src_lengths)
        mask = torch.ones_like(src_ids, dtype=torch.bool)
        beam = [([SOS], 0.0, state)]
        for _ in range(model.config.max_len):
            found = [one for one in beam if one[0][-1] == EOS]
            for ids, total, old in beam:
                if ids[-1] != EOS:
                    last = torch.tensor([ids[-1:]])
                    logits, new, _ = model.decoder(last, old, enc_states, mask)
                    sums = logits[0, 0].log_softmax(dim=-1)
                    sums[[PAD, SOS]] = float("-inf")
                    top = sums.topk(width)
                    for word, nats in zip(top.indices.tolist(), top.values.tolist()):
                        found.append((ids + [word], total + nats, new))
            beam = sorted(found, key=lambda one: -one[1])[:width]
            if all(ids[-1] == EOS for ids, *_ in beam):
                break
    ended = [one for one in beam if one[0][-1] == EOS]
    ids, total, _ = max(ended, key=lambda one: one[1])
    return ids[1:], total
"""

WRONG = {  # a phrase of the hint: a wrong attempt
    "05-1": {
        "number of true links": by_hand(links_by_argmax=5),
        "one link a row": by_hand(links_by_argmax=3),
        "have two such cells": "by_hand = {'links over 0.25': 5}",
        "That is the precision": by_hand(recall_by_argmax=0.75),
        "That is the recall": "by_hand = {'precision over 0.25': 1}",
        "Rounded too far": "by_hand = {'precision over 0.25': 0.83}",
        "Rounded: write the fraction": "by_hand = {'AER over 0.25': 0.091}",
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
        "no link of yours is a true one": SCORED.format(
            body=HEAPED.format(truth="truth")
        ),
        "that is argmax": altered("05-2", (", threshold)\n", ")\n")),
        "has the number 0": altered("05-2", ("enumerate(maps)", "enumerate(maps, 1)")),
        "source and target have changed": altered(
            "05-2", ("(sentence, source, target)", "(sentence, target, source)")
        ),
        "the first sentence's links alone": altered(
            "05-2", ("    return align", "        return align")
        ),
        "the last sentence's links alone": altered("05-2", ("links |=", "links =")),
        "in a set": altered("05-2", ("res(links", "res(list(links)")),
        "one matrix after the other": SCORED.format(
            body="return alignment_scores(hard_alignment(maps, threshold), truth)"
        ),
        "precision and recall have changed": altered(
            "05-2", ("(links, truth)", "(truth, links)")
        ),
    },
    "05-3": {
        "sum to?": CHANGED.format(
            name="evenly", body=EVENLY.format(answer="full * src_mask.unsqueeze(1)")
        ),
        "if it is the sizes": altered("05-3", (".unsqueeze(1).float()", " * weights")),
        "the middle one": altered(
            "05-3", ("src_mask.unsqueeze(1)", "src_mask.unsqueeze(2)")
        ),
        "padding gets its share": altered("05-3", ("real / real", "1 / real")),
        "`dim=0` counts sentences": altered(
            "05-3", ("sum(dim=-1, keepdim=True)", "sum(dim=0)")
        ),
        "counts the words written": altered(
            "05-3",
            ("unsqueeze(1)", "unsqueeze(1).expand_as(weights)"),
            ("dim=-1", "dim=1"),
        ),
        "the model's own weights": CHANGED.format(
            name="evenly", body="return weights * src_mask.unsqueeze(1)"
        ),
        "of the whole batch": altered(
            "05-3", ("real.sum(dim=-1, keepdim=True)", "real.sum()")
        ),
        "whom does the mask hide": altered("05-3", ("= src_mask", "= (~src_mask)")),
        "right, but once a sentence": altered("05-3", (".expand_as(weights)", "")),
        "the axis of the written words is missing": altered(
            "05-3", (".unsqueeze(1)", ""), (".expand_as(weights)", "")
        ),
    },
    "05-4": {
        "sums to more than 1": CHANGED.format(
            name="first_word", body="weights[..., 0] = 1\n    return weights"
        ),
        "first written word's row": CHANGED.format(
            name="first_word", body=FIRST.format(place=":, 0")
        ),
        "every word has weight 1": CHANGED.format(
            name="first_word", body="return torch.ones_like(weights)"
        ),
        "keeps what it had": CHANGED.format(
            name="first_word", body="weights[..., 1:] = 0\n    return weights"
        ),
        "first written word alone": CHANGED.format(
            name="first_word", body=FIRST.format(place=":, 0, 0")
        ),
        "first sentence of the batch.": CHANGED.format(
            name="first_word", body=FIRST.format(place="0")
        ),
        "first sentence of the batch alone": CHANGED.format(
            name="first_word", body=FIRST.format(place="0, :, 0")
        ),
        "the second column": CHANGED.format(
            name="first_word", body=FIRST.format(place="..., 1")
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
        "in the last column it is left out": altered(
            "05-5", ("range(len(source) - 1)", "range(len(source))")
        ),
        "begin with the second word": altered(
            "05-5", ("range(len(source) - 1)", "range(1, len(source))")
        ),
        "the whole sentence against itself": altered("05-5", ("chosen[1:]", "chosen")),
        "put the whole sentence there": altered(
            "05-5", ("[source, *shorter]", "shorter")
        ),
        "puts <pad>": altered("05-5", ("[:n] + ", "[:n] + [PAD] + ")),
        "`collate` wants pairs": altered(
            "05-5", ("(ids, target) for ids", "ids for ids")
        ),
        "loses both its places": altered(
            "05-5",
            ("source[:n] + source[n + 1 :]", "[w for w in source if w != source[n]]"),
        ),
        "always the first goes": altered(
            "05-5",
            ("[source[:n] + source[n + 1 :] for n", "[source.copy() for n"),
            (
                "    batch",
                "    for n, ids in enumerate(shorter):\n"
                "        ids.remove(source[n])\n    batch",
            ),
        ),
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
        "behind `log_softmax`": altered(
            "05-6",
            ('log_probs[:, [PAD, SOS]] = float("-inf")', "pass"),
            (
                "logits[:, 0].log",
                "logits[:, 0].index_fill(1, torch.tensor([PAD, SOS]), -1e9).log",
            ),
        ),
        "if it is the sizes": altered("05-6", ("state = state[", "_ = state[")),
        "keeps its place in your beam": KEPT,
        "that is the probability": altered(
            "05-6", ("return best", "return best[0], 2.718282 ** best[1]")
        ),
        "that is the mean over the words": altered(
            "05-6", ("return best", "return best[0], best[1] / len(best[0])")
        ),
        "wanted the ids first": altered("05-6", ("return best", "return best[::-1]")),
        "it writes without end": altered(
            "05-6",
            ("range(model.config.max_len)", "iter(int, 1)"),
            ("if not going or top.values[going[0]] <= best[1]", "if not going"),
        ),
        "ended no target": altered("05-6", ("return best", "return None, 0.0")),
        "wanted two values": altered("05-6", ("return best", "return best[0]")),
    },
}


def test_every_exercise_is_tested():
    assert numbers("05") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_exercise(number):
    exercise_cells.behaves(number, WRONG[number])


def test_the_weights_shown_are_those_that_are_scored():
    shown = source("05-1", "exercise-attempt")
    rows = re.findall(r"^# (\w+) +([\d. ]+)$", shown, re.M)
    numbers = {word: tuple(map(float, row.split())) for word, row in rows}
    assert numbers == notebook_05.SLEEPING


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
        totals = [log_probs(model, [(source, ids)]).sum().item() for ids in every]
        ids, total = beam.search(model, source, 1000)
        assert ids == every[totals.index(max(totals))]
        assert math.isclose(total, max(totals), rel_tol=1e-4)
        greedy = model.greedy(torch.tensor([source]), torch.tensor([4]), 4)[0][0]
        ids, _ = beam.search(model, source, 1)
        assert ids is None or ids == greedy.tolist()[: len(ids)]


def test_a_search_has_no_dropout_and_a_beam_at_least_one_target():
    torch.manual_seed(0)
    model = Seq2Seq(ModelConfig(7, 7, emb=4, enc_hid=3, hid=4, att=3, dropout=0.5))
    source, target = [4, 5, EOS], [6, 5, EOS]
    found = [beam.search(model.train(mode), source, 4) for mode in (True, False, True)]
    assert found[0] == found[1] == found[2]
    sure = [
        log_probs(model.train(mode), [(source, target)])[0] for mode in (True, False)
    ]
    assert torch.equal(*sure)
    with pytest.raises(ValueError, match="width: got 0, wanted at least 1"):
        beam.search(model, source, 0)


def test_forgotten_bars_and_lengths_show():
    unbarred = altered("05-6", ('log_probs[:, [PAD, SOS]] = float("-inf")', "pass"))
    assert exercise_cells.verdict("05-6", unbarred).points < 1
    by_length = altered(
        "05-6",
        ("total > best[1]", "total / len(ids) > best[1] / len(best[0] or [0])"),
        (" or top.values[going[0]] <= best[1]", ""),
    )
    assert exercise_cells.verdict("05-6", by_length).points < 1


def test_right_in_another_kind():
    listed = altered(
        "05-2", ("return align", "import numpy as np\n    return np.array(align")
    )
    listed = listed.replace("(links, truth)", "(links, truth))")
    assert exercise_cells.verdict("05-2", listed).points == 1
    whole = "torch.nn.functional.one_hot(torch.tensor(0), weights.shape[-1])"
    body = f"return {whole}.expand(weights.shape)"
    told = exercise_cells.verdict("05-4", CHANGED.format(name="first_word", body=body))
    assert told.points == 1


def test_right_in_another_number():
    counts = "by_hand = {'links by argmax': 4.0, 'links over 0.25': 6.0}"
    assert exercise_cells.verdict("05-1", counts).points == 2 / 5
    double = "weights.double() * 0 + torch.eye(weights.shape[-1])[0]"
    body = f"return {double}"
    told = exercise_cells.verdict("05-4", CHANGED.format(name="first_word", body=body))
    assert "begins its translations" in told.message
