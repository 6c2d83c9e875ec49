import random

import pytest
import torch

from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.reversal import draw_strings, reversal_pairs
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.translation import Translation
from seq2seq_lesson.vocabulary import Vocabulary
from tools.make_pretrained import evaluate_alignment

WORDS = Vocabulary("abcd")
PAIRS = reversal_pairs(draw_strings(4, random.Random(0), shortest=2, longest=4))


def test_evaluate_alignment_scores_all_links_of_the_corpus(monkeypatch):
    weights = [
        [[0.1, 0.9, 0.0], [0.3, 0.2, 0.5], [0.0, 0.0, 1.0]],  # 1-0, and EOS
        [[0.6, 0.4], [0.0, 1.0]],  # 0-0
    ]
    found = [
        Translation(
            ["a", "b", "<eos>"], ["x", "y", "<eos>"], torch.tensor(weights[0]), []
        ),
        Translation(["c", "<eos>"], ["z", "<eos>"], torch.tensor(weights[1]), []),
    ]
    monkeypatch.setattr("tools.make_pretrained.translate_forced", lambda *_: found)
    pairs = [
        SentencePair("a b", "x y", ((0, 0), (1, 0), (0, 1))),
        SentencePair("c", "z", ()),
    ]
    scores = evaluate_alignment(None, pairs, WORDS, WORDS)
    assert scores == pytest.approx((1 / 2, 1 / 3, 1 - (1 + 1) / (2 + 3)))


def test_an_alignment_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="'a b' has the alignment None"):
        evaluate_alignment(
            Seq2Seq(ModelConfig(8, 8)), [SentencePair("a b", "b a")], WORDS, WORDS
        )
    plain = Seq2Seq(ModelConfig(8, 8, order="none"))
    with pytest.raises(ValueError, match="model's order is 'none'"):
        evaluate_alignment(plain, PAIRS, WORDS, WORDS)
