"""Two switches that have nothing to do with each other."""

import pytest
import torch

from seq2seq_lesson.batches import collate
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.studies import switches
from seq2seq_lesson.vocabulary import EOS

BATCH = collate([([4, 5, EOS], [5, EOS])])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("context", [torch.enable_grad, torch.no_grad])
def test_one_changes_the_numbers_and_one_what_is_kept(training, context):
    model = Seq2Seq(ModelConfig(9, 9, emb=6, enc_hid=5, hid=7, dropout=0.5))
    alike, kept = switches.two_runs(model.train(training), BATCH, context)
    assert alike is not training
    assert (kept > 0) == (context is torch.enable_grad)
