"""A word's need for another is what it loses when that other is hidden."""

import pytest
import torch

from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.interventions import needs
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.vocabulary import EOS, SOS, UNK, Vocabulary

VOCABULARIES = Vocabulary("abcde"), Vocabulary("vwxyz")
PAIR = SentencePair("a b b d", "v w z")


def model(order="after"):
    torch.manual_seed(2)
    config = ModelConfig(9, 9, 6, 5, 10, 4, order=order, max_len=12, dropout=0.5)
    return Seq2Seq(config).eval()


@pytest.mark.parametrize("order", ["none", "before", "after"])
def test_needs_are_a_plain_loops(order):
    net = model(order)
    target = VOCABULARIES[1].encode(PAIR.target)

    def log_probs(source):
        ids = torch.tensor([source])
        enc_states, dec_state = net.encode(ids, torch.tensor([len(source)]))
        mask = torch.ones_like(ids).bool()
        found, word = [], SOS
        for true in target:
            logits, dec_state, _ = net.decoder(
                torch.tensor([[word]]), dec_state, enc_states, mask
            )
            found.append(logits[0, 0].log_softmax(-1)[true].item())
            word = true
        return found

    source = VOCABULARIES[0].encode(PAIR.source)
    assert source[-1] == EOS
    whole = log_probs(source)
    with torch.no_grad():
        for n in range(4):
            hidden = [*source[:n], UNK, *source[n + 1 :]]
            expected = [a - b for a, b in zip(whole, log_probs(hidden), strict=True)]
            torch.testing.assert_close(
                needs(net, PAIR, *VOCABULARIES)[:, n],
                torch.tensor(expected[:-1]),
                atol=1e-5,
                rtol=1e-4,
            )


def test_needs_have_a_row_a_written_and_a_column_a_read_word():
    found = needs(model(), PAIR, *VOCABULARIES)
    assert found.shape == (3, 4)
    assert not found.requires_grad


def test_hiding_a_word_that_is_unknown_already_costs_nothing():
    found = needs(model(), SentencePair("a q d", "v w"), *VOCABULARIES)
    assert torch.equal(found[:, 1], torch.zeros(2))
    assert found[:, [0, 2]].all()


@pytest.mark.parametrize("training", [True, False])
def test_dropout_has_no_say_and_the_mode_comes_back(training):
    net = model()
    wanted = needs(net, PAIR, *VOCABULARIES)
    assert torch.equal(needs(net.train(training), PAIR, *VOCABULARIES), wanted)
    assert net.training == net.encoder.dropout.training == training
