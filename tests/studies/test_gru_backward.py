"""What goes back through a GRU, word by word, against autograd's own sums."""

import torch
from torch import nn

from seq2seq_lesson.studies import gru_backward

torch.manual_seed(0)
GRU = nn.GRU(3, 4, batch_first=True)
WORDS, FIRST = torch.randn(5, 3), torch.randn(4).tanh()  # (tgt_len, emb), (hid)


def test_steps_are_the_sequence():
    states = gru_backward.states(GRU, WORDS, FIRST)
    wanted, _ = GRU(WORDS, FIRST[None])
    torch.testing.assert_close(torch.stack(states[1:]), wanted)


def test_slopes_have_the_new_state_in_their_rows():
    found = gru_backward.slopes(GRU, WORDS[0], FIRST)
    old = FIRST.clone().requires_grad_()
    new = gru_backward.step(GRU, WORDS[0], old)
    (row,) = torch.autograd.grad(new[1], old)
    torch.testing.assert_close(found[1], row)


def test_the_words_shares_add_up_to_the_gradient():
    GRU.zero_grad()
    states = gru_backward.states(GRU, WORDS, FIRST)
    torch.stack(states[1:]).square().sum().backward()
    found = gru_backward.shares(GRU, WORDS, states)
    assert found.shape == (5, 12, 4)
    torch.testing.assert_close(found.sum(dim=0), GRU.weight_hh_l0.grad)
    assert not torch.allclose(found[0], GRU.weight_hh_l0.grad)
