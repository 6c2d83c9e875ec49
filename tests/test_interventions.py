"""Interventions change the weights they should, and nothing else."""

import copy

import pytest
import torch

from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.interventions import (
    hardened,
    identity,
    intervened,
    position_only,
    shuffled,
    uniform,
)
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.translation import Translation, translate, translate_forced
from seq2seq_lesson.vocabulary import Vocabulary

WORDS = [f"w{n}" for n in range(9)]
VOCABULARIES = Vocabulary(WORDS), Vocabulary(WORDS)
SENTENCES = ["w0 w1 w2 w3 w4", "w5", "w6 w7 w8", "w8 w0 w2", "w1 w1"]
PAIRS = [SentencePair(sentence, sentence) for sentence in SENTENCES]
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
WEIGHTS = torch.tensor(
    [
        [[0.1, 0.6, 0.2, 0.1], [0.25, 0.25, 0.4, 0.1], [0.4, 0.4, 0.1, 0.1]],
        [[0.3, 0.7, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]],
    ]
)


def model(order="after", score="general"):
    torch.manual_seed(1)
    config = ModelConfig(13, 13, 6, 5, 10, 4, order=order, score=score, max_len=12)
    return Seq2Seq(config).eval()


def translate_forced_with(net, change):
    with intervened(net, change):
        return translate_forced(net, PAIRS, *VOCABULARIES)


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("score", ["position", "dot", "general", "concat", "additive"])
def test_identity_leaves_every_bit_of_every_output(order, score):
    net = model(order, score)
    plain = translate(net, SENTENCES, *VOCABULARIES)
    forced = translate_forced(net, PAIRS, *VOCABULARIES)
    with intervened(net, identity):
        again = translate(net, SENTENCES, *VOCABULARIES)
        forced_again = translate_forced(net, PAIRS, *VOCABULARIES)
    for before, after in zip(plain + forced, again + forced_again, strict=True):
        assert before.words == after.words
        assert torch.equal(before.weights, after.weights)


@pytest.mark.parametrize("order", ["before", "after"])
def test_identity_leaves_every_bit_of_the_logits(order):
    net, ids = model(order), torch.tensor([[4, 5, 6], [7, 8, 2]])
    enc_states, dec_state = net.encode(ids, torch.tensor([3, 3]))
    told = ids, dec_state, enc_states, torch.ones_like(ids).bool()
    plain = net.decoder(*told)
    with intervened(net, identity):
        again = net.decoder(*told)
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))


def test_the_model_is_as_it_was_afterwards_whatever_happened():
    net = model()
    own, before = net.decoder.attention, copy.deepcopy(net.state_dict())
    with pytest.raises(ValueError, match="got ''"), intervened(net, uniform):
        translate(net, [""], *VOCABULARIES)
    assert net.decoder.attention is own
    assert not net.encoder._forward_hooks
    after = net.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_changed_weights_make_the_context():
    net, ids = model(), torch.tensor([[4, 5, 6, 2]])
    enc_states, _ = net.encode(ids, torch.tensor([4]))
    query, mask = torch.randn(1, 3, 10), torch.ones(1, 4).bool()
    with intervened(net, uniform):
        context, weights = net.decoder.attention(query, enc_states, mask)
    mean = enc_states.mean(dim=1, keepdim=True).expand(-1, 3, -1)
    torch.testing.assert_close(context, mean)
    torch.testing.assert_close(weights, torch.full((1, 3, 4), 0.25))


def test_uniform_is_even_over_real_words():
    changed = uniform(WEIGHTS, MASK, 0)
    torch.testing.assert_close(changed[0], torch.full((3, 4), 0.25))
    half = torch.tensor([0.5, 0.5, 0.0, 0.0]).expand(3, 4)
    torch.testing.assert_close(changed[1], half)


def test_hardened_gives_all_to_the_first_largest():
    assert hardened(WEIGHTS, MASK, 0).argmax(-1).tolist() == [[1, 2, 0], [1, 0, 0]]
    assert hardened(WEIGHTS, MASK, 0).unique().tolist() == [0, 1]
    assert (hardened(WEIGHTS, MASK, 0).sum(-1) == 1).all()


def test_shuffled_deals_the_same_numbers_among_real_words():
    changed = shuffled(0)(WEIGHTS, MASK, 0)
    torch.testing.assert_close(changed.sort(-1).values, WEIGHTS.sort(-1).values)
    assert not changed[1, :, 2:].any()
    assert not torch.equal(changed, WEIGHTS)
    assert torch.equal(changed, shuffled(0)(WEIGHTS, MASK, 0))
    assert not torch.equal(changed, shuffled(1)(WEIGHTS, MASK, 0))
    many = WEIGHTS[:1, :1].expand(4000, 1, 4)
    dealt = shuffled(2)(many, MASK[:1].expand(4000, 4), 0)
    torch.testing.assert_close(  # each place is as likely as any other
        dealt.mean(0), torch.full((1, 4), 0.25), atol=0.02, rtol=0
    )


def test_shuffled_draws_nothing_from_the_global_generator():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    shuffled(0)(WEIGHTS, MASK, 0)
    assert torch.equal(torch.rand(2), expected)


def test_position_only_is_the_mean_row_of_sentences_of_the_same_length():
    def seen(rows):
        rows = torch.tensor(rows)
        return Translation(["a"] * rows.shape[1], ["b"] * len(rows), rows, [])

    change = position_only(
        [
            seen([[1.0, 0.0], [0.0, 1.0]]),
            seen([[0.5, 0.5]]),
            seen([[0.2, 0.3, 0.1, 0.4]]),
        ]
    )
    changed = change(WEIGHTS, MASK, 0)
    torch.testing.assert_close(changed[0, 0], torch.tensor([0.2, 0.3, 0.1, 0.4]))
    torch.testing.assert_close(changed[1, 0], torch.tensor([0.75, 0.25, 0.0, 0.0]))
    torch.testing.assert_close(changed[1, 1], torch.tensor([0.0, 1.0, 0.0, 0.0]))
    # what nobody has seen is uniform: later steps, other lengths
    torch.testing.assert_close(changed[0, 1:], torch.full((2, 4), 0.25))
    three = torch.tensor([[True, True, True, False]])
    torch.testing.assert_close(
        change(WEIGHTS[:1], three, 0)[0, 0], torch.tensor([1 / 3, 1 / 3, 1 / 3, 0.0])
    )
    five = torch.full((1, 1, 5), 0.2)
    torch.testing.assert_close(change(five, torch.ones(1, 5).bool(), 0), five)
    # one word at a time it goes down the table
    torch.testing.assert_close(change(WEIGHTS[:, :1], MASK, 1)[:, 0], changed[:, 1])


@pytest.mark.parametrize("order", ["before", "after"])
def test_position_only_does_not_look_at_the_words(order):
    net = model(order)
    change = position_only(translate_forced(net, PAIRS, *VOCABULARIES))
    swapped = [
        SentencePair("w4 w3 w2 w1 w0", PAIRS[0].target),
        SentencePair("w7 w7 w1", PAIRS[2].target),
    ]
    same = [PAIRS[0], PAIRS[2]]
    with intervened(net, change):
        first, second = (
            translate_forced(net, p, *VOCABULARIES) for p in (same, swapped)
        )
        written = translate(net, SENTENCES, *VOCABULARIES, max_len=4)
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a.weights, b.weights)
    # the steps are counted within a sentence, and anew for each batch
    for found, forced in zip(written, translate_forced_with(net, change), strict=True):
        steps = min(len(found.words), len(forced.words))
        torch.testing.assert_close(found.weights[:steps], forced.weights[:steps])
    assert not torch.equal(first[0].weights[0], first[0].weights[1])


def test_a_change_of_shape_is_refused():
    net = model()
    with (
        intervened(net, lambda weights, mask, step: weights[:, :, :1]),
        pytest.raises(ValueError, match=r"change: gave weights of shape .*wanted"),
    ):
        translate(net, SENTENCES, *VOCABULARIES)


def test_a_model_without_attention_is_refused():
    with (
        pytest.raises(ValueError, match="without attention"),
        intervened(model("none"), identity),
    ):
        pass


def test_position_only_needs_weights():
    with pytest.raises(ValueError, match="got 0, wanted at least one"):
        position_only([])
    found = translate(model("none"), SENTENCES[:1], *VOCABULARIES)
    with pytest.raises(ValueError, match="model with attention"):
        position_only(found)
