import random

import pytest
import torch

from seq2seq_lesson.batches import (
    bucketed,
    collate,
    mask_from_lengths,
    pad_ids,
    shuffled,
)
from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.vocabulary import EOS, PAD, SOS, UNK, Vocabulary

EXAMPLES = [([4, 5, EOS], [7, EOS]), ([6, EOS], [8, 9, 7, EOS]), ([5, EOS], [9, EOS])]


def many_examples() -> list[tuple[list[int], list[int]]]:
    """100 distinct examples of five source lengths, 20 of each."""
    return [([9] * (n % 5 + 1) + [EOS], [n + 4, EOS]) for n in range(100)]


def test_pad_ids_puts_pad_behind():
    ids, lengths = pad_ids([[4, 5, 6], [7]])
    assert ids.tolist() == [[4, 5, 6], [7, PAD, PAD]]
    assert lengths.tolist() == [3, 1]
    assert ids.dtype == lengths.dtype == torch.long
    assert lengths.device.type == "cpu"


@pytest.mark.parametrize("sequences", [[], [[]], [[4], []]])
def test_pad_ids_refuses_nothing(sequences):
    with pytest.raises(ValueError, match="none empty: leave empty sentences out"):
        pad_ids(sequences)


def test_mask_is_true_at_real_tokens():
    mask = mask_from_lengths(torch.tensor([2, 4, 1]), 4)
    expected = [[place < length for place in range(4)] for length in (2, 4, 1)]
    assert mask.tolist() == expected
    assert mask.dtype == torch.bool


def test_mask_goes_where_it_is_wanted():
    assert mask_from_lengths(torch.tensor([1]), 1, "meta").device.type == "meta"


@pytest.mark.parametrize("lengths", [[0, 3], [5, 3], [-1, 3]])
def test_lengths_that_do_not_fit_are_refused(lengths):
    with pytest.raises(ValueError, match="wanted each from 1 to 4"):
        mask_from_lengths(torch.tensor(lengths), 4)


@pytest.mark.parametrize(
    ("lengths", "came"),
    [
        ([3, 2], "a list"),
        (torch.tensor([3.0, 2.0]), "float32"),
        (torch.tensor([True, True]), "bool"),
        (torch.tensor(3), r"\(\)"),
        (torch.tensor([], dtype=torch.long), r"\(0,\)"),
        (torch.tensor([3, 2]).to("meta"), "on meta"),
    ],
    ids=["list", "fractions", "bool", "one number", "none", "on a device"],
)
def test_what_is_no_tensor_of_lengths_is_refused(lengths, came):
    wanted = rf"lengths: got .*{came}.* wanted a tensor of shape \(batch,\) of whole"
    with pytest.raises(ValueError, match=wanted):
        mask_from_lengths(lengths, 4)


def test_collate_keeps_the_row_order_and_shifts_the_target():
    batch = collate(EXAMPLES)
    assert batch.src_ids.tolist() == [[4, 5, EOS], [6, EOS, PAD], [5, EOS, PAD]]
    assert batch.src_lengths.tolist() == [3, 2, 2]
    assert torch.equal(batch.src_mask, batch.src_ids != PAD)
    assert batch.tgt_in.tolist() == [
        [SOS, 7, PAD, PAD],
        [SOS, 8, 9, 7],
        [SOS, 9, PAD, PAD],
    ]
    assert batch.tgt_out.tolist() == [
        [7, EOS, PAD, PAD],
        [8, 9, 7, EOS],
        [9, EOS, PAD, PAD],
    ]
    assert batch.tokens == 8


def test_collate_refuses_an_empty_batch():
    with pytest.raises(ValueError, match="sequences: got 0"):
        collate([])


def test_lengths_stay_on_the_cpu_when_a_batch_moves():
    moved = collate(EXAMPLES).to("meta")
    places = {name: value.device.type for name, value in vars(moved).items()}
    assert places.pop("src_lengths") == "cpu"
    assert set(places.values()) == {"meta"}
    assert len(places) == 4


def test_encode_pairs_reads_both_sides():
    source, target = Vocabulary(["je", "suis"]), Vocabulary(["i", "am"])
    pairs = [SentencePair("je suis", "i am"), SentencePair("je dors", "i sleep")]
    assert encode_pairs(pairs, source, target) == [
        ([4, 5, EOS], [4, 5, EOS]),
        ([4, UNK, EOS], [4, UNK, EOS]),
    ]


@pytest.mark.parametrize("grouping", [shuffled, bucketed])
def test_grouping_keeps_every_example_once(grouping):
    examples = many_examples()
    groups = grouping(examples, 8, random.Random(0))
    assert sorted(example for group in groups for example in group) == sorted(examples)
    assert max(map(len, groups)) == 8
    assert groups == grouping(examples, 8, random.Random(0))
    assert groups != grouping(examples, 8, random.Random(1))
    assert examples == many_examples()


def test_buckets_have_one_source_length_each_and_keep_small_groups():
    groups = bucketed(many_examples(), 8, random.Random(0))
    assert all(len({len(source) for source, _ in group}) == 1 for group in groups)
    assert sorted(map(len, groups)) == [4] * 5 + [8] * 10  # 20 = 8 + 8 + 4


def test_buckets_come_in_no_order_of_length_and_are_mixed_inside():
    groups = bucketed(many_examples(), 4, random.Random(0))
    lengths = [len(group[0][0]) for group in groups]
    assert sorted(lengths) not in (lengths, lengths[::-1])
    assert any(group != sorted(group) for group in groups)


def test_shuffled_groups_mix_lengths():
    groups = shuffled(many_examples(), 8, random.Random(0))
    assert any(len({len(source) for source, _ in group}) > 1 for group in groups)
    assert [len(group) for group in groups] == [8] * 12 + [4]
