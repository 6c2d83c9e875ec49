"""Notebook 05's figures: ticks, scale and cut, a dot for each seed."""

import matplotlib.pyplot as plt
import pytest
import torch

from seq2seq_lesson.plots.attention import (
    attention_map,
    attention_panels,
    beside,
    need_map,
    translation_map,
)
from seq2seq_lesson.plots.attention_study import seed_dots
from seq2seq_lesson.translation import Translation

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


def found(*words):
    weights = torch.rand(len(words), len(SOURCE))
    return Translation(SOURCE, list(words), weights, [])


def test_panels_share_one_scale_and_one_colour_bar():
    translations = [found("a", "cat"), found("black"), found("a"), found("b", "c", "d")]
    figure = attention_panels(translations, ["one", "two", "three", "four"], 3)
    *panels, bar = figure.axes
    assert [ax.get_title() for ax in panels] == ["one", "two", "three", "four"]
    assert bar.get_ylabel() == "attention weight"
    left, top = "target (written)", "source (read)"
    assert [ax.get_ylabel() for ax in panels] == [left, "", "", left]
    assert [ax.get_xlabel() for ax in panels] == [top, top, top, ""]
    sizes = {word.get_fontsize() for ax in panels for word in ax.get_yticklabels()}
    assert sizes == {16}
    assert plt.rcParams["font.size"] == 10
    for ax, translation in zip(panels, translations, strict=True):
        assert ax.images[0].get_clim() == (0, 1)
        assert [y.get_text() for y in ax.get_yticklabels()] == translation.words
    plt.close(figure)


def test_panels_want_a_title_each():
    with pytest.raises(ValueError, match="zip"):
        attention_panels([found("a")], [])
    plt.close("all")


def test_each_seed_is_a_dot_on_its_models_line():
    series = {
        "with": {"dot": torch.tensor([[0.1], [0.2]]), "all": torch.tensor([[0.3]])},
        "without": {"all": torch.tensor([[0.4], [0.5], [0.6]])},
    }
    ax = seed_dots(series, "error")
    drawn = [dots.get_offsets().tolist() for dots in ax.collections]
    assert [[x for x, _ in dots] for dots in drawn] == [
        pytest.approx([0.1, 0.2]),
        pytest.approx([0.3]),
        pytest.approx([0.4, 0.5, 0.6]),
    ]
    assert [round(dots[0][1]) for dots in drawn] == [0, 1, 1]
    assert [y.get_text() for y in ax.get_yticklabels()] == ["dot", "all"]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["with", "without"]
    assert ax.get_xlabel() == "error"
    plt.close(ax.figure)


def test_needs_are_drawn_from_zero_with_every_word_at_its_tick():
    _, ax = plt.subplots()
    need_map(torch.tensor([[2.0, -1.0], [0.5, 4.0]]), ["un", "chat"], ["a", "cat"], ax)
    assert ax.images[0].get_array().tolist() == [[2, 0], [0.5, 4]]
    assert ax.images[0].get_clim() == (0, 4)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["un", "chat"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "cat"]
    plt.close(ax.figure)


def test_dots_that_mean_a_third_thing_are_refused():
    series = {name: {"dot": torch.rand(2, 1)} for name in "abc"}
    with pytest.raises(ValueError, match="curves: got 3, wanted at most 2"):
        seed_dots(series, "error")


def test_a_sentence_in_place_of_its_words_is_refused():
    weights = torch.rand(12, 12)
    for words in [("il dort .", TARGET), (SOURCE, "he sleeps .")]:
        with pytest.raises(ValueError, match="split the sentence into words"):
            attention_map(weights, *words)


def test_words_that_the_model_does_not_know_are_marked():
    strange = Translation(SOURCE, ["a", "cat"], torch.rand(2, 4), ["noir"])
    ax = translation_map(strange)
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["un", "chat", "noir = <unk>", "<eos>"]
    plt.close(ax.figure)
    with pytest.raises(ValueError, match="got a translation without weights"):
        translation_map(Translation(SOURCE, ["a"], None, []))


def test_weights_and_nats_stand_beside_each_other_each_on_its_scale():
    numbers = torch.tensor([[2.0, -1.0], [0.5, 4.0]])
    words = ["un", "chat"], ["a", "cat"]
    figure = beside({"weight": numbers / 4, "need (nats)": numbers}, *words)
    left, right, *bars = figure.axes
    assert [ax.images[0].get_clim() for ax in (left, right)] == [(0, 1), (0, 4)]
    assert [bar.get_ylabel() for bar in bars] == ["weight", "need (nats)"]
    assert (left.get_ylabel(), right.get_ylabel()) == ("target (written)", "")
    assert [x.get_text() for x in right.get_xticklabels()] == words[0]
    plt.close(figure)
