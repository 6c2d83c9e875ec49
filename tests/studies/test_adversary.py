"""The adversary keeps the words, moves the weights, and leaves padding alone."""

import math

import pytest
import torch

from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.interventions import intervened
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.studies.adversary import Maps, adversary, aimed, apart, divergence
from seq2seq_lesson.studies.adversary import total_variation as variation
from seq2seq_lesson.translation import translate

SENTENCES = [
    "elles ne mangent pas .",
    "nous dessinons un petit chat .",
    "elle a faim .",
]


@pytest.mark.parametrize("name", ["general-after", "additive-before"])
def test_other_weights_write_the_same_words(name):
    model, *vocabularies = load_pretrained(name)
    kept = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    own = translate(model, SENTENCES, *vocabularies)
    pairs = [SentencePair(s, t.text) for s, t in zip(SENTENCES, own, strict=True)]
    maps = adversary(model, pairs, *vocabularies, steps=60)
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, kept[key])
    share, far, moved = apart(maps)
    assert share > 0.6
    assert far > 0.3
    assert moved > 0.2
    for found, told in zip(maps, own, strict=True):
        assert found.other.shape == found.own.shape == told.weights.shape
        torch.testing.assert_close(found.own, told.weights)
        torch.testing.assert_close(found.other.sum(dim=1), torch.ones(len(told.words)))
    # greedy decoding under these weights writes the very words
    one = next(n for n, found in enumerate(maps) if found.kept)

    def put(weights, src_mask, step):
        return maps[one].other[step : step + weights.shape[1]].unsqueeze(0)

    with intervened(model, put):
        again = translate(model, SENTENCES[one : one + 1], *vocabularies)[0]
    assert again.words == own[one].words


def test_distances_by_hand():
    first, second = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.25, 0.75, 0.0])
    assert variation(first, second).item() == 0.75
    assert divergence(first, first).item() == pytest.approx(0, abs=1e-6)
    apart_all = torch.tensor([0.0, 0.0, 1.0])
    assert divergence(first, apart_all).item() == pytest.approx(math.log(2))
    expected = (math.log(1 / 0.625) + 0.25 * math.log(0.25 / 0.625)) / 2
    expected += 0.75 * math.log(0.75 / 0.375) / 2
    assert divergence(first, second).item() == pytest.approx(expected)


def test_only_kept_sentences_are_compared():
    row, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    maps = [Maps(row, other, True), Maps(row, row, True), Maps(row, other, False)]
    assert apart(maps) == pytest.approx((2 / 3, 0.5, 0.5))
    with pytest.raises(ValueError, match="got 1, of which none kept its words"):
        apart(maps[2:])


def test_a_model_without_attention_is_refused():
    model, *vocabularies = load_pretrained("plain")
    with pytest.raises(ValueError, match="without attention"):
        adversary(model, [SentencePair("il dort .", "he sleeps .")], *vocabularies)


def test_an_aimed_row_has_another_brightest_cell_and_the_same_word():
    model, *vocabularies = load_pretrained("general-after")
    pair = SentencePair("elles ne mangent pas .", "they re not eating .")
    own, other, _ = aimed(model, pair, *vocabularies, 0.75)
    brightest, new = own.argmax(dim=1), other.argmax(dim=1)
    assert other.sum(dim=1).tolist() == pytest.approx([1] * 6)
    moved = (brightest != new).nonzero().flatten().tolist()
    assert len(moved) > 3
    for row in moved:
        assert other[row].max().item() == pytest.approx(0.75)
        assert other[row, brightest[row]].item() == pytest.approx(0.25)
    for row in {*range(6)} - {*moved}:
        assert torch.equal(other[row], own[row])

    def put(weights, src_mask, step):
        return other[step : step + weights.shape[1]].unsqueeze(0)

    with intervened(model, put):  # greedy decoding under these weights
        assert translate(model, [pair.source], *vocabularies)[0].text == pair.target


def test_the_less_may_move_the_fewer_rows_can_be_aimed():
    model, *vocabularies = load_pretrained("general-after")
    pair = SentencePair("elles ne mangent pas .", "they re not eating .")

    def moved(share, room):
        own, other, _ = aimed(model, pair, *vocabularies, share, room)
        return int((own.argmax(dim=1) != other.argmax(dim=1)).sum())

    assert moved(0.51, 1.0) > moved(1.0, 1.0) >= moved(1.0, 0.05)
    assert moved(0.51, 0.0) == 0
