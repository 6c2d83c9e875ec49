"""What a split lets through: counted by hand, and learnt by small models."""

import pytest
import torch

from seq2seq_lesson.corpus import SentencePair, prepare, read_pairs
from seq2seq_lesson.studies import leakage

PAIRS = prepare(read_pairs("bundled"))


def test_a_split_by_pair_loses_and_repeats_no_pair():
    train, test = leakage.split_by_pair(PAIRS, 1)
    assert len(test) == len(PAIRS) // 10
    assert len(train) == len(PAIRS) - 2 * len(test)
    assert not {*train} & {*test}
    assert leakage.split_by_pair(PAIRS, 1) == (train, test)
    assert leakage.split_by_pair(PAIRS, 2) != (train, test)


def test_the_twin_that_read_them_has_more_of_the_leaked_right():
    train, test = leakage.split_by_pair(PAIRS, 1)
    seed = torch.get_rng_state()
    found = leakage.memory(train, test, 200, 12, 0)
    assert torch.equal(seed, torch.get_rng_state())
    assert found.leaked == len({p.source for p in train} & {p.source for p in test})
    assert found.seen > found.new + 20
    assert found.seen <= found.leaked


def test_without_rounds_twins_are_one():
    train, test = leakage.split_by_pair(PAIRS, 1)
    found = leakage.memory(train, test, 200, 0, 0)
    assert found.seen == found.new


@pytest.mark.parametrize("size", [10, 10_000])
def test_a_size_without_room_is_refused(size):
    train, test = leakage.split_by_pair(PAIRS, 1)
    with pytest.raises(ValueError, match=f"size: got {size}, wanted more than the 85"):
        leakage.memory(train, test, size, 1, 0)


def test_a_test_without_a_leak_is_refused():
    with pytest.raises(ValueError, match="more than the 0 pairs that leak"):
        leakage.memory(PAIRS[:50], [SentencePair("autre", "other")], 10, 1, 0)


def test_a_neighbour_differs_in_one_word_and_lends_its_translation():
    train = [SentencePair("je suis la .", "i am here .")]
    sources = ["je suis las .", "tu es la .", "je suis la", "je suis la ."]
    found = leakage.neighbour_answers(train, sources)
    assert found == dict.fromkeys(["je suis las .", "je suis la ."], "i am here .")
    assert leakage.neighbours("a b") == {(0, "b"), (1, "a")}
