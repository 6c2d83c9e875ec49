"""The attention map's ticks, scale and cut."""

import pytest
import torch

from seq2seq_lesson.plots.attention import attention_map

SOURCE = ["un", "chat", "noir", "<eos>"]
TARGET = ["a", "black", "cat"]


def test_every_word_labels_its_own_row_or_column():
    ax = attention_map(torch.rand(3, 4), SOURCE, TARGET)
    assert [label.get_text() for label in ax.get_xticklabels()] == SOURCE
    assert [label.get_text() for label in ax.get_yticklabels()] == TARGET
    assert list(ax.get_xticks()) == [0, 1, 2, 3]
    assert list(ax.get_yticks()) == [0, 1, 2]


def test_padding_is_cut_and_the_scale_is_shared():
    weights = torch.rand(5, 7)
    image = attention_map(weights, SOURCE, TARGET).images[0]
    assert image.get_array().shape == (3, 4)
    torch.testing.assert_close(torch.tensor(image.get_array().data), weights[:3, :4])
    assert image.get_clim() == (0, 1)


def test_fewer_weights_than_words_are_refused():
    with pytest.raises(ValueError, match="3 written and 4 read words"):
        attention_map(torch.rand(3, 3), SOURCE, TARGET)
