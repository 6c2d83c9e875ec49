"""Few sentences, many draws: the loss on them falls, the others' turns."""

from functools import partial

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


def test_each_set_has_its_loss():
    model = Seq2Seq(CONFIG)
    found = overfitting.losses_on(pool=POOL, others=OTHERS)(model)
    assert found == {
        "pool": overfitting.loss_on(model, POOL),
        "others": overfitting.loss_on(model, OTHERS),
    }


def test_what_is_drawn_is_learned_and_what_is_not_is_not(monkeypatch):
    monkeypatch.setattr(overfitting, "ROUNDS", 6)
    score = partial(overfitting.loss_on, examples=OTHERS)
    found = overfitting.trained(CONFIG, POOL, OTHERS, 1, score=score)
    seen, unseen = found.losses.values()
    assert len(seen) == len(unseen) == 6
    assert seen[-1] < seen[0] < 3
    assert unseen[-1] > seen[-1] + 1
    assert found.early == pytest.approx(min(unseen)) != pytest.approx(unseen[-1])
    assert found.late == pytest.approx(unseen[-1])
    assert overfitting.trained(CONFIG, POOL, OTHERS, 1, score=score) == found


@pytest.mark.parametrize(("pool", "unseen"), [([], OTHERS), (POOL, [])])
def test_nothing_to_draw_from_is_refused(pool, unseen):
    with pytest.raises(ValueError, match="at least one of each"):
        overfitting.trained(CONFIG, pool, unseen, 1)


def test_how_far_it_rose_is_told_from_least_to_most(capsys):
    losses = [
        {"trained on": [2.0, 0.1], "validation": [2.0, 1.0, 1.5]},
        {"trained on": [2.0, 0.3], "validation": [2.0, 3.0, 3.0]},
    ]
    runs = [
        overfitting.Run(*run)
        for run in zip(losses, [9.0, 10.0], [14.0, 8.0], strict=True)
    ]
    told = overfitting.tell(runs, 100)
    assert told == {"risen": [0.5, 1.0], "gained": [5.0, -2.0], "bleu": [14.0, 8.0]}
    said = capsys.readouterr().out
    assert "100 sentences, least to most of 2 runs" in said
    for ends in ("0.10 to 0.30", "0.50 to 1.00", "9 to 10", "8 to 14"):
        assert ends in said


def test_without_a_score_the_losses_alone_are_told(capsys):
    told = overfitting.tell([overfitting.Run({"validation": [1.0, 1.5]})], 2)
    assert told["risen"] == [0.5]
    assert "BLEU" not in capsys.readouterr().out
