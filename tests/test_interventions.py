"""Interventions change the weights they should, and nothing else."""

import copy

import pytest
import torch

from seq2seq_lesson.batches import collate
from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.decoder import AttendAfter
from seq2seq_lesson.interventions import (
    hardened,
    identity,
    intervened,
    position_only,
    shuffled,
    uniform,
)
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.studies.reversal_models import attending
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
    assert "forward" not in vars(own)
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


RIVALS = [("before", "location"), ("after", "relative"), ("after", "content, relative")]


@pytest.mark.parametrize(("order", "score"), RIVALS)
def test_a_score_of_another_kind_is_changed_too(order, score):
    torch.manual_seed(0)
    letters, strings = Vocabulary("abcd"), ["a b c d a", "c b", "d a b"]
    pairs = [SentencePair(string, string) for string in strings]
    net = attending(order, score, std=(1.0, 1.0)).eval()
    with torch.no_grad():
        net.decoder.output.bias.normal_(std=0.1)
        for name, parameter in net.decoder.named_parameters():
            if name == "bias":
                parameter.normal_()
    plain = translate_forced(net, pairs, letters, letters)
    with intervened(net, identity):
        same = translate_forced(net, pairs, letters, letters)
    with intervened(net, hardened):
        hard = translate_forced(net, pairs, letters, letters)
    with intervened(net, uniform):
        even = translate_forced(net, pairs, letters, letters)
    for a, b, c, d in zip(plain, same, hard, even, strict=True):
        assert torch.equal(a.weights, b.weights)
        assert not torch.equal(a.weights, c.weights)
        assert set(c.weights.unique().tolist()) == {0.0, 1.0}
        torch.testing.assert_close(d.weights, torch.ones_like(d.weights) / len(d.words))
    # and the words: what is looked at comes into the logits
    batch = collate(encode_pairs(pairs, letters, letters))
    logits = net(batch)
    with intervened(net, uniform):
        assert (net(batch) - logits).abs().max() > 0.01
    assert torch.equal(net(batch), logits)


@pytest.mark.parametrize("order", ["before", "after"])
def test_the_words_written_are_counted_over_calls_and_anew_for_each_batch(order):
    net, ids, steps = model(order), torch.tensor([[4, 5, 6, 7, 2]]), []

    def note(weights, src_mask, step):
        steps.append(step)
        return weights

    with intervened(net, note):
        for _ in range(2):
            enc_states, state = net.encode(ids, torch.tensor([5]))
            read = enc_states, torch.ones_like(ids).bool()
            for words in (ids[:, :2], ids[:, 2:], ids[:, :1]):
                _, state, _ = net.decoder(words, state, *read)
    assert steps == {"before": [0, 1, 2, 3, 4, 5] * 2, "after": [0, 2, 5] * 2}[order]


class Deaf(AttendAfter):
    """A decoder that has an attention and never calls it."""

    def forward(self, tgt_in, dec_state, enc_states, src_mask):
        scores = self.attention.score(dec_state.unsqueeze(1), enc_states)
        weights = scores.softmax(-1).expand(-1, tgt_in.shape[1], -1)
        return self.output(self.embedding(tgt_in)), dec_state, weights


def test_a_change_that_was_never_applied_is_told_on_the_way_out():
    net = model()
    net.decoder = Deaf(13, 6, 10, 10, net.decoder.attention, tied=True, dropout=0.0)
    with (
        pytest.raises(ValueError, match="change: it was never applied"),
        intervened(net, hardened),
    ):
        translate(net, SENTENCES, *VOCABULARIES)
    with (
        pytest.raises(ValueError, match="change: it was never applied"),
        intervened(model(), hardened),
    ):
        translate(net, SENTENCES, *VOCABULARIES)  # another model than the changed one
    assert "forward" not in vars(net.decoder.attention)
    with pytest.raises(ZeroDivisionError), intervened(net, hardened):
        raise ZeroDivisionError  # an error of one's own is not covered up


def test_one_change_within_another():
    net = model()
    with intervened(net, uniform), intervened(net, hardened):
        found = translate_forced(net, PAIRS, *VOCABULARIES)[0]
    assert found.weights[:, 0].eq(1).all()  # of equal weights the first is taken
    with intervened(net, uniform):
        with intervened(net, hardened):
            translate_forced(net, PAIRS, *VOCABULARIES)
        found = translate_forced(net, PAIRS, *VOCABULARIES)[0]
    torch.testing.assert_close(found.weights, torch.full((6, 6), 1 / 6))


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


def test_shuffled_goes_on_from_batch_to_batch_and_anew_deals_the_same():
    # as its docstring says
    weights, mask = torch.rand(2, 3, 8), torch.ones(2, 8).bool()
    change, again = shuffled(0), shuffled(0)
    first, second = change(weights, mask, 0), change(weights, mask, 0)
    assert not torch.equal(first, second)
    assert torch.equal(first, again(weights, mask, 0))
    assert torch.equal(second, again(weights, mask, 0))
    alone = shuffled(0)(weights[1:], mask[1:], 0)
    assert not torch.equal(first[1:], alone)
