"""Few sentences, many draws: the loss on them falls, the others' turns."""

import pytest

from seq2seq_lesson.batches import collate
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, sequence_loss
from seq2seq_lesson.studies import overfitting
from seq2seq_lesson.vocabulary import EOS

CONFIG = ModelConfig(9, 9, emb=6, enc_hid=5, hid=7, dropout=0.5)
POOL = [([4, EOS], [5, EOS]), ([6, EOS], [7, EOS])]
OTHERS = [([8, EOS], [8, EOS])]


def test_the_loss_is_that_of_the_model_at_rest():
    model = Seq2Seq(CONFIG)
    batch = collate(POOL)
    found = overfitting.loss_on(model, POOL)
    assert model.training
    model.eval()
    assert found == pytest.approx(sequence_loss(model(batch), batch.tgt_out).item())


def test_what_is_drawn_is_learned_and_what_is_not_is_not(monkeypatch):
    monkeypatch.setattr(overfitting, "ROUNDS", 6)
    found = overfitting.curves(CONFIG, POOL, OTHERS, seed=1)
    seen, unseen = found.values()
    assert len(seen) == len(unseen) == 6
    assert seen[-1] < seen[0] < 3
    assert unseen[-1] > seen[-1] + 1
    assert overfitting.curves(CONFIG, POOL, OTHERS, seed=1) == found


@pytest.mark.parametrize(("pool", "unseen"), [([], OTHERS), (POOL, [])])
def test_nothing_to_draw_from_is_refused(pool, unseen):
    with pytest.raises(ValueError, match="at least one of each"):
        overfitting.curves(CONFIG, pool, unseen, seed=1)


def test_how_far_it_rose_is_told_from_least_to_most(capsys):
    runs = [
        {"trained on": [2.0, 0.1], "validation": [2.0, 1.0, 1.5]},
        {"trained on": [2.0, 0.3], "validation": [2.0, 3.0, 3.0]},
    ]
    assert overfitting.tell(runs, 100) == [0.5, 1.0]
    said = capsys.readouterr().out
    assert "100 sentences, least to most of 2 runs" in said
    assert "0.10 to 0.30" in said
    assert "0.50 to 1.00" in said
