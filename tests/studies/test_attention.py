"""The table behind notebook 05 is whole, and what it says can be measured again."""

import math

import pytest
import torch

from seq2seq_lesson.interventions import identity, uniform
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.studies import SEEDS, read_study, values
from seq2seq_lesson.studies import attention as study

FINDINGS = read_study("attention")


def test_the_table_holds_every_run_and_no_other():
    runs = {(found.experiment, found.model) for found in FINDINGS}
    assert runs == set(study.RUNS)
    for run in runs:
        measures = {}
        for found in FINDINGS:
            if (found.experiment, found.model) == run:
                measures.setdefault(found.seed, []).append((found.measure, found.at))
        assert set(measures) == set(SEEDS)
        assert len({tuple(rows) for rows in measures.values()}) == 1


def test_shares_are_shares():
    for found in FINDINGS:
        assert 0 <= found.value <= (100 if found.measure.startswith("bleu") else 1)


def test_the_table_agrees_with_itself():
    """AER follows from precision and recall; no shift is the unshifted rate."""
    for experiment in study.EXPERIMENTS:
        table = {
            measure: values(FINDINGS, experiment, measure)
            for measure in ("aer", "precision", "recall", "aer shifted")
        }
        for model, aer in table["aer"].items():
            precision, recall = (table[m][model] for m in ("precision", "recall"))
            f1 = 2 * precision * recall / (precision + recall)
            torch.testing.assert_close(1 - f1, aer, atol=1e-3, rtol=0)
            torch.testing.assert_close(table["aer shifted"][model][:, 1:2], aer)


# one short row of each experiment whose training takes no loop over the words
@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "model", "seed"),
    [("mask", "general-after", 0), ("no mask", "position-after", 1)],
)
def test_a_row_can_be_measured_again(experiment, model, seed):
    again = {(m, at): v for m, at, v in study.RUNS[experiment, model](seed)}
    stored = {
        (found.measure, found.at): found.value
        for found in FINDINGS
        if (found.experiment, found.model, found.seed) == (experiment, model, seed)
    }
    assert again.keys() == stored.keys()
    # another machine rounds otherwise, and a training goes its own way from there
    for key in ("aer", 0), ("precision", 0), ("recall", 0):
        assert again[key] == pytest.approx(stored[key], abs=0.08)
    if experiment == "mask":
        assert again["exact identity", 0] == pytest.approx(
            stored["exact identity", 0], abs=0.03
        )
        assert again["exact shuffled", 0] < 0.3


def test_rank_correlation_by_hand():
    first = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0.1, 0.7, 0.2]])
    second = torch.tensor([[10.0, 200.0, 201.0], [3.0, 2.0, 1.0], [1.0, 2.0, 2.0]])
    # the last: ranks 1 3 2 and 1 2.5 2.5
    expected = torch.tensor([1.0, -1.0, 1.5 / math.sqrt(2 * 1.5)])
    torch.testing.assert_close(study.rank_correlation(first, second), expected)


def test_rank_correlation_without_ties_is_spearmans_formula():
    torch.manual_seed(0)
    first, second = torch.rand(2, 20, 7)
    ranks = [numbers.argsort().argsort() for numbers in (first, second)]
    squares = ((ranks[0] - ranks[1]) ** 2).sum(dim=-1)
    expected = 1 - 6 * squares / (7 * (49 - 1))
    torch.testing.assert_close(study.rank_correlation(first, second), expected)


def test_rank_correlation_of_what_is_all_equal_is_nan():
    assert study.rank_correlation(torch.ones(1, 3), torch.rand(1, 3)).isnan().all()


def test_a_change_of_one_row_leaves_the_others():
    weights, mask = torch.rand(1, 1, 4), torch.ones(1, 4, dtype=torch.bool)
    change = study.only_at(2, uniform)
    assert torch.equal(change(weights, mask, 1), weights)
    assert torch.equal(change(weights, mask, 2), torch.full((1, 1, 4), 0.25))


def test_all_goes_to_the_second_word():
    weights, mask = torch.rand(2, 3, 4), torch.ones(2, 4, dtype=torch.bool)
    changed = study.second_word(weights, mask, 0)
    assert torch.equal(changed, torch.eye(4)[1].expand(2, 3, 4))


def test_words_are_the_same_where_nothing_is_changed_and_others_where_much_is():
    model = load_pretrained("general-after")[0].eval()
    assert study.same_words(model, 3, identity) == study.PROBED
    assert study.same_words(model, 3, study.second_word) < 0.5 * study.PROBED


@pytest.mark.parametrize(
    ("name", "teller"), [("position-after", "noun"), ("general-after", "adjective")]
)
def test_the_colour_comes_from_the_state_that_is_looked_at(name, teller):
    model = load_pretrained(name)[0].eval()
    red = dict.fromkeys(study.EXCHANGED, 0.0)
    for measure, at, share in study.exchanged(model):
        assert measure == "red"
        red[study.EXCHANGED[at]] = share
    other = {"noun": "adjective", "adjective": "noun"}[teller]
    assert red["nothing"] == red["first state"] == 0
    assert red["all"] > 0.9
    assert red[teller] > 0.8 > 0.2 > red[other]


def test_the_table_says_what_the_first_row_is_for():
    even = values(FINDINGS, "first row", "same even")
    assert even["additive-before"][:, 0].min() > 0.9
    assert even["additive-before, no bridge"][:, 0].max() < 0.8
