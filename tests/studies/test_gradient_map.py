"""The gradient map against a plain loop, and against what hiding a word costs."""

import pytest
import torch
from torch import nn

from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.interventions import needs
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.studies.gradient_map import gradient_map
from seq2seq_lesson.vocabulary import EOS, SOS, UNK, Vocabulary

FRENCH, ENGLISH = Vocabulary(["a", "b", "c"]), Vocabulary(["x", "y", "z"])
PAIR = SentencePair("b a c", "y z")


def net(order):
    torch.manual_seed(3)
    config = ModelConfig(7, 7, emb=4, enc_hid=3, hid=5, att=4, order=order)
    model = Seq2Seq(config)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.6)
    return model


@pytest.mark.parametrize("order", ["before", "after"])
def test_the_map_is_that_of_a_plain_loop(order):
    model = net(order)
    found = gradient_map(model, PAIR, FRENCH, ENGLISH)
    assert found.shape == (2, 3)
    assert all(part.training for part in model.modules())  # as it was
    assert all(parameter.grad is None for parameter in model.parameters())
    model.eval()
    source = torch.tensor([FRENCH.encode(PAIR.source)])
    target = ENGLISH.encode(PAIR.target)
    assert source[0, -1] == EOS
    for t in range(2):
        src_emb = model.encoder.embedding(source).detach().requires_grad_()
        states, last = model.encoder.rnn(src_emb)
        state = torch.tanh(model.bridge(torch.cat([last[0], last[1]], dim=1)))
        mask = torch.ones(1, 4, dtype=torch.bool)
        tgt_in = torch.tensor([[SOS, *target[:-1]]])
        logits, _, _ = model.decoder(tgt_in, state, states, mask)
        logits[0].log_softmax(dim=-1)[t, target[t]].backward()
        for n in range(3):
            way = (src_emb[0, n] - model.encoder.embedding.weight[UNK]).detach()
            expected = (src_emb.grad[0, n] * way).sum()
            torch.testing.assert_close(found[t, n], expected)


@pytest.mark.parametrize("order", ["before", "after"])
def test_the_integrated_gradient_is_what_hiding_the_word_costs(order):
    model = net(order)
    places = [(n + 0.5) / 64 for n in range(64)]
    found = gradient_map(model, PAIR, FRENCH, ENGLISH, at=places)
    expected = needs(model, PAIR, FRENCH, ENGLISH)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
    straight = gradient_map(model, PAIR, FRENCH, ENGLISH)
    assert (straight - expected).abs().max() > 0.01  # the line is a guess
