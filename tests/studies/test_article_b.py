"""Article B's own decoder, loop and measure, each with its flaw."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from seq2seq_lesson.studies.reversal_models import (
    ReversalPlainDecoder,
    published_accuracy,
    published_reversal_loop,
)
from seq2seq_lesson.vocabulary import EOS, PAD, SOS

HID = 8


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def article_b() -> tuple[ReversalPlainDecoder, torch.Tensor, torch.Tensor]:
    tgt_out = torch.tensor([[4, 5, 6, 4, EOS], [6, 5, EOS, PAD, PAD]])
    return ReversalPlainDecoder(7, HID), torch.randn(2, HID), tgt_out


def test_the_published_loop_restarts_at_every_step():
    decoder, enc_state, tgt_out = article_b()
    logits = published_reversal_loop(decoder, enc_state, tgt_out)
    read = torch.cat([torch.full((2, 1), SOS), tgt_out[:, :-1]], dim=1)
    for at in range(5):  # nothing but the last word and the encoder's state
        expected, _ = decoder(read[:, at], enc_state)
        torch.testing.assert_close(logits[:, at], expected)
    torch.testing.assert_close(logits[0, 1], logits[0, 4])  # both after the word 4


def test_the_mended_loop_is_the_gru_over_the_whole_target():
    decoder, enc_state, tgt_out = article_b()
    logits = published_reversal_loop(decoder, enc_state, tgt_out, carry_state=True)
    read = torch.cat([torch.full((2, 1), SOS), tgt_out[:, :-1]], dim=1)
    states, _ = decoder.rnn(decoder.embedding(read), enc_state.unsqueeze(0))
    torch.testing.assert_close(logits, decoder.output(states))
    assert not torch.allclose(logits[0, 1], logits[0, 4])


@pytest.mark.parametrize("carry_state", [False, True])
def test_out_of_training_it_reads_its_own_words(carry_state):
    decoder, enc_state, tgt_out = article_b()
    decoder.eval()
    logits = published_reversal_loop(
        decoder, enc_state, tgt_out, carry_state=carry_state
    )
    blind = published_reversal_loop(
        decoder, enc_state, torch.full_like(tgt_out, 5), carry_state=carry_state
    )
    assert torch.equal(logits, blind)
    decoder.train()  # fed with what it wrote, it writes the same
    fed = published_reversal_loop(
        decoder, enc_state, logits.argmax(dim=-1), carry_state=carry_state
    )
    torch.testing.assert_close(fed, logits)


def test_without_its_state_it_goes_round_in_circles():
    decoder, enc_state, _ = article_b()
    logits = published_reversal_loop(
        decoder.eval(), enc_state, torch.zeros(2, 40, dtype=torch.long)
    )
    for row in logits.argmax(dim=-1).tolist():
        followers = {word: set() for word in row}
        for word, follower in pairwise(row):
            followers[word].add(follower)
        assert all(len(after) <= 1 for after in followers.values())
        assert len(set(row[20:])) < 7  # the same few words for ever


def words(rows: list[list[int]]) -> torch.Tensor:
    """Logits of a model that writes these words."""
    return F.one_hot(torch.tensor(rows), 7).float()


def test_published_accuracy_forgives_whatever_is_behind_the_end():
    _, _, tgt_out = article_b()
    right = [[4, 5, 6, 4, EOS], [6, 5, EOS, 3, 3]]
    assert published_accuracy(words(right), tgt_out) == 1
    none = [[3, 3, 3, 3, 3], [3, 3, 3, 3, 3]]
    assert published_accuracy(words(none), tgt_out) == pytest.approx(2 / 10)


def test_published_accuracy_counts_edits_over_the_glued_rows():
    _, _, tgt_out = article_b()
    one_off = [[4, 5, 6, 4, 5], [6, 5, EOS, PAD, PAD]]
    assert published_accuracy(words(one_off), tgt_out) == pytest.approx(9 / 10)
    # Shifted by one: one word left out in front, one too many at the row's end.
    shifted = [[5, 6, 4, EOS, 6], [6, 5, EOS, PAD, PAD]]
    assert published_accuracy(words(shifted), tgt_out) == pytest.approx(8 / 10)
