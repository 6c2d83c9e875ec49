"""Useless columns change the rectangle and no sentence."""

import torch

from seq2seq_lesson.batches import collate
from seq2seq_lesson.seq2seq import sequence_loss
from seq2seq_lesson.studies import padding
from seq2seq_lesson.vocabulary import EOS, PAD


def test_a_wider_batch_holds_the_same_words():
    batch = collate([([4, EOS], [5, 6, EOS]), ([7, EOS], [EOS])])
    wide = padding.wider(batch, 2)
    assert wide.tokens == batch.tokens
    for was, now in ((batch.tgt_in, wide.tgt_in), (batch.tgt_out, wide.tgt_out)):
        assert now.shape == (2, 5)
        assert torch.equal(now[:, :3], was)
        assert (now[:, 3:] == PAD).all()
    assert wide.src_ids is batch.src_ids


def test_words_and_pads_have_a_loss_each():
    logits, tgt_out = torch.randn(2, 3, 8), torch.tensor([[4, EOS, PAD], [5, 6, EOS]])
    word, pad = padding.mean_losses(logits, tgt_out)
    torch.testing.assert_close(word, sequence_loss(logits, tgt_out))
    torch.testing.assert_close(pad, -logits[0, 2].log_softmax(dim=0)[PAD])
