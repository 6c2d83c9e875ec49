import math
import random
import warnings
from collections import Counter

import pytest
import torch

from seq2seq_lesson.metrics import (
    alignment_scores,
    bleu,
    edit_accuracy,
    exact_match,
    hard_alignment,
)


def plain_bleu(hypotheses, references):
    """BLEU from its definition: clipped n-gram precisions and the brevity penalty."""
    hits, totals = [0] * 4, [0] * 4
    written = wanted = 0
    for hypothesis, known in zip(hypotheses, references, strict=True):
        words = hypothesis.split()
        written += len(words)
        lengths = [len(reference.split()) for reference in known]
        wanted += min(lengths, key=lambda n: (abs(n - len(words)), n))
        for order in range(1, 5):
            counts = [
                Counter(zip(*(text.split()[n:] for n in range(order)), strict=False))
                for text in [hypothesis, *known]
            ]
            for gram, count in counts[0].items():
                hits[order - 1] += min(count, max(c[gram] for c in counts[1:]))
            totals[order - 1] += sum(counts[0].values())
    mean = sum(math.log(h / t) for h, t in zip(hits, totals, strict=True)) / 4
    return 100 * math.exp(mean + min(0.0, 1 - wanted / written))


def test_bleu_is_the_definition_with_differing_numbers_of_references():
    rng = random.Random(0)

    def sentence():
        return " ".join(rng.choices("ab.", k=rng.randint(4, 9)))

    hypotheses = [sentence() for _ in range(40)]
    references = [[sentence() for _ in range(rng.randint(1, 4))] for _ in hypotheses]
    assert {len(known) for known in references} == {1, 2, 3, 4}
    assert bleu(hypotheses, references) == pytest.approx(
        plain_bleu(hypotheses, references)
    )


def test_bleu_splits_at_spaces_only():
    # sacrebleu's own tokeniser would find six tokens in "a(b)c!"
    hypotheses, references = ["i see a(b)c! now", "x y z w"], [["i see a(b)c! now"]] * 2
    assert bleu(hypotheses, references) == pytest.approx(
        plain_bleu(hypotheses, references)
    )


def test_what_bleu_needs_is_told():
    with pytest.warns(UserWarning, match="no reference has four: .* exact_ma"):
        assert bleu(["go on"], [["go on", "go"]]) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bleu(["go on"], [["go on", "do go on ."]]) == 0


def test_bleu_writes_no_warning(caplog, capsys):
    bleu(["it is a cat ."] * 150, [["it is a cat ."]] * 150)
    assert not caplog.records
    assert capsys.readouterr().err == ""


def test_exact_match_takes_any_known_translation():
    assert exact_match(["a b", "c", "d"], [["x", "a b"], ["c"], ["d d"]]) == 2 / 3


def test_edit_accuracy_counts_tokens_and_takes_the_best_reference():
    assert edit_accuracy(["a b c"], [["a b c d"]]) == pytest.approx(3 / 4)
    assert edit_accuracy(["long words here"], [["long word here"]]) == pytest.approx(
        2 / 3
    )
    assert edit_accuracy(["a b"], [["x y z", "b a", "a b c"]]) == pytest.approx(2 / 3)
    assert edit_accuracy(["a b", "q"], [["a b"], ["r s"]]) == pytest.approx(1 / 2)
    assert edit_accuracy(["", ""], [["a b"], [""]]) == pytest.approx(1 / 2)


@pytest.mark.parametrize("metric", [bleu, exact_match, edit_accuracy])
def test_metrics_refuse_what_cannot_be_scored(metric):
    with pytest.raises(ValueError, match="0 sentences and references has 0"):
        metric([], [])
    with pytest.raises(ValueError, match="1 sentences and references has 2"):
        metric(["a"], [["a"], ["b"]])
    with pytest.raises(ValueError, match=r"\[\] for the hypothesis 'b'"):
        metric(["a", "b"], [["a"], []])
    with pytest.raises(ValueError, match="give a list"):
        metric(["a"], ["a"])


def test_alignment_scores_by_hand():
    perfect = {(0, 0), (1, 2), (2, 1)}
    assert alignment_scores(perfect, perfect) == (1, 1, 0)
    assert alignment_scores({(3, 3)}, perfect) == (0, 0, 1)
    assert alignment_scores(set(), perfect) == (1, 0, 1)
    assert alignment_scores({(3, 3)}, set()) == (0, 1, 1)
    assert alignment_scores(set(), set()) == (1, 1, 0)
    # two of three right, one of four missed twice over
    scores = alignment_scores(
        {(0, 0), (1, 1), (2, 2)}, {(0, 0), (1, 1), (3, 3), (4, 4)}
    )
    assert scores == pytest.approx((2 / 3, 2 / 4, 1 - (2 + 2) / (3 + 4)))


def test_alignment_scores_forgive_possible_links():
    # precision looks at the possible links, recall at the sure ones, AER at both
    predicted, sure = {(0, 0), (0, 1), (1, 0)}, {(0, 0), (1, 1)}
    scores = alignment_scores(predicted, sure, possible={(0, 1)})
    assert scores == pytest.approx((2 / 3, 1 / 2, 1 - (1 + 2) / (3 + 2)))
    assert scores.aer < alignment_scores(predicted, sure).aer


def test_alignment_scores_of_a_published_worked_example():
    # "Resumption of the session", "Reprise de la session", as worked out in NLTK's
    # "Sample usage for translate", www.nltk.org/howto/translate.html, section
    # Evaluation: precision 0.6, recall 0.75, AER 0.333..., and 0.222... with two
    # possible links. (Precision and recall there are of sets, given the other way
    # round from ours; with sure links alone the definitions are the same.)
    sure = {(0, 0), (1, 1), (2, 2), (3, 3)}
    predicted = {(0, 0), (3, 3), (1, 2), (1, 1), (1, 3)}
    assert alignment_scores(predicted, sure) == pytest.approx((0.6, 0.75, 1 / 3))
    possible = {(1, 2), (2, 1)}
    assert alignment_scores(predicted, sure, possible).aer == pytest.approx(2 / 9)
    # the other one, in the docstring of nltk.translate.metrics
    sure, predicted = {(0, 0), (1, 1), (2, 2)}, {(0, 0), (1, 2), (2, 1)}
    assert alignment_scores(predicted, sure).aer == pytest.approx(0.6666666666666667)


def test_alignment_scores_have_the_limits_of_their_definition():
    """Och and Ney: 0 exactly where all sure links and none but possible are drawn."""
    sure, possible = {(0, 0), (1, 1)}, {(0, 1), (1, 0), (2, 2)}
    for extra in (set(), {(0, 1)}, possible):
        assert alignment_scores(sure | extra, sure, possible) == (1, 1, 0)
    assert alignment_scores(sure | {(3, 3)}, sure, possible).aer > 0
    assert alignment_scores({(0, 0)}, sure, possible).aer > 0
    disjoint = {(5, 5), (6, 6), (7, 7)}
    assert alignment_scores(disjoint, sure, possible) == (0, 0, 1)
    assert alignment_scores(set(), sure, possible) == (1, 0, 1)
    # with sure links alone it is one minus the harmonic mean of the other two
    rng = random.Random(0)
    cells = [(i, j) for i in range(4) for j in range(4)]
    for _ in range(50):
        predicted, sure = (set(rng.sample(cells, rng.randint(1, 9))) for _ in "ab")
        precision, recall, aer = alignment_scores(predicted, sure)
        total = precision + recall
        f1 = 2 * precision * recall / total if total else 0
        assert aer == pytest.approx(1 - f1)


def test_one_link_a_written_word_cannot_find_both_halves_of_a_negation():
    # elle ne dort pas / she is not sleeping: "not" was made by "ne" and by "pas"
    truth = {(0, 0), (2, 1), (1, 2), (3, 2), (2, 3)}
    weights = torch.tensor(
        [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0.45, 0, 0.55], [0, 0, 1.0, 0]]
    )
    one = alignment_scores(hard_alignment(weights), truth)
    assert one == pytest.approx((1, 4 / 5, 1 / 9))
    assert alignment_scores(hard_alignment(weights, 0.25), truth) == (1, 1, 0)


def test_alignment_scores_of_a_corpus_are_those_of_all_links_together():
    predicted = {(0, 0, 0), (0, 1, 1), (1, 0, 0)}
    sure = {(0, 0, 0), (1, 0, 1)}
    assert alignment_scores(predicted, sure) == pytest.approx((1 / 3, 1 / 2, 3 / 5))


def test_hard_alignment_links_source_to_target():
    weights = torch.tensor([[0.1, 0.2, 0.7], [0.45, 0.55, 0.0]])  # rows are written
    assert hard_alignment(weights) == {(2, 0), (1, 1)}
    assert hard_alignment(weights, threshold=0.4) == {(2, 0), (0, 1), (1, 1)}
    assert hard_alignment(weights, threshold=0.9) == set()
    assert hard_alignment(weights[:0]) == set()


def test_a_word_that_looked_mostly_at_eos_is_linked_to_none():
    # columns without EOS, which got 0.6, 0.4 and (a tie, so a link) 0.25
    weights = torch.tensor([[0.1, 0.3, 0.0], [0.5, 0.0, 0.1], [0.25, 0.25, 0.25]])
    assert hard_alignment(weights) == {(0, 1), (0, 2)}
    # a tie is a link however its sum is rounded
    for words in range(2, 12):
        uniform = torch.full((1, words), 1 / (words + 1))
        assert len(hard_alignment(uniform)) == 1


def test_hard_alignment_refuses_a_batch():
    with pytest.raises(ValueError, match=r"shape \(2, 3, 4\).*one sentence at a time"):
        hard_alignment(torch.zeros(2, 3, 4))


@pytest.mark.parametrize("metric", [bleu, exact_match, edit_accuracy])
def test_one_hypothesis_in_place_of_several_is_refused(metric):
    with pytest.raises(ValueError, match=r"hypotheses: .* hand in \['ab'\]"):
        metric("ab", [["a"], ["b"]])
