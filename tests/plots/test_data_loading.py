"""Notebook 01's figures draw the numbers that they are given."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_hex

from seq2seq_lesson.corpus import prepare, read_pairs
from seq2seq_lesson.plots import data_loading as plots
from seq2seq_lesson.vocabulary import EOS, PAD, SOS


def texts(ax):
    return [text.get_text() for text in ax.texts]


def colours(ax):
    return [to_hex(patch.get_facecolor()) for patch in ax.patches]


def test_sentence_steps_show_the_text_then_every_token_and_id():
    ax = plots.sentence_steps("Va !", ["va", "!", "<eos>"], [7, 5, EOS])
    assert texts(ax) == ["Va !", "va", "7", "!", "5", "<eos>", str(EOS)]
    assert ax.get_yticklabels()[0].get_text() == "as typed"
    assert colours(ax)[-2:] == [plots.EDGE] * 2


def test_sentence_steps_refuse_tokens_without_ids():
    with pytest.raises(ValueError, match="got 2 of them for 3 ids"):
        plots.sentence_steps("Va !", ["va", "!"], [7, 5, EOS])


def test_the_funnel_has_a_bar_a_stage_from_top_to_bottom():
    ax = plots.funnel({"read": 1200, "kept": 30})
    assert [bar.get_width() for bar in ax.patches] == [1200, 30]
    assert texts(ax) == ["1,200", "30  (−1,170)"]
    assert ax.yaxis_inverted()


def test_the_largest_loss_is_the_stage_that_takes_most():
    assert plots.largest_loss({"read": 90, "short": 80, "kept": 20, "one": 9}) == "kept"


def test_the_rank_curve_falls_whatever_the_order():
    ax = plots.rank_curve({"French": [1, 9, 4], "English": [2, 2]})
    lines = [line.get_xydata().tolist() for line in ax.lines]
    assert lines == [[[1, 9], [2, 4], [3, 1]], [[1, 2], [2, 2]]]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert lines_differ_in_colour(ax)


def lines_differ_in_colour(ax):
    return len({line.get_color() for line in ax.lines}) == len(ax.lines)


def test_batch_blocks_tell_words_edges_and_padding_apart():
    ids = torch.tensor([[SOS, 4, 5], [6, EOS, PAD]])
    ax = plots.batch_blocks(ids)
    assert colours(ax) == [plots.EDGE, *[plots.WORD] * 3, plots.EDGE, plots.EMPTY]
    assert not texts(ax)
    assert ax.get_xlim() == (-0.5, 2.5)
    assert ax.get_ylim() == (1.5, -0.5)


def test_batch_blocks_write_each_word_with_its_id():
    words = ["<pad>", "<sos>", "<eos>", "<unk>", "va"]
    ax = plots.batch_blocks(torch.tensor([[4, EOS]]), words)
    assert texts(ax) == ["va\n4", "<eos>\n2"]


def test_the_longest_words_of_the_corpus_stay_inside_their_blocks():
    words = {
        word for pair in prepare(read_pairs("bundled")) for word in pair.source.split()
    }
    longest = ["<pad>", *sorted(words, key=len)[-7:], "intelligemment"]
    ax = plots.batch_blocks(torch.arange(9).view(3, 3), longest)
    ax.figure.draw_without_rendering()
    for text, block in zip(ax.texts, ax.patches, strict=True):
        assert text.get_window_extent().width < block.get_window_extent().width


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ([4, EOS, PAD], ["word", "<eos>", "<pad>"]),
        ([SOS, 4, EOS], ["word", "<sos> or <eos>", "<pad>"]),
        ([4, 5, PAD], ["word", "<pad>"]),
    ],
)
def test_the_legend_names_only_the_edges_that_are_there(row, wanted):
    ax = plots.batch_blocks(torch.tensor([row]))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == wanted


def test_padding_waste_is_drawn_in_per_cent():
    ax = plots.padding_waste({"random": (0.25, 0.5), "bucketed": (0.0, 0.125)})
    assert [bar.get_height() for bar in ax.patches] == [25, 0, 50, 12.5]
    names = [tick.get_text() for tick in ax.get_xticklabels()]
    assert names == ["random", "bucketed"]


@pytest.mark.parametrize(
    ("draw", "data"),
    [
        (plots.funnel, {"read": 2}),
        (plots.rank_curve, {"French": [2, 1]}),
        (plots.batch_blocks, torch.tensor([[4, EOS]])),
        (plots.padding_waste, {"random": (0.1, 0.2)}),
    ],
)
def test_each_draws_on_the_given_axes_and_names_both(draw, data):
    _, given = plt.subplots()
    assert draw(data, ax=given) is given
    assert given.get_xlabel()
    assert given.get_ylabel()


def test_a_third_language_is_refused():
    with pytest.raises(ValueError, match="curves: got 3, wanted at most 2"):
        plots.rank_curve({name: [2, 1] for name in "abc"})
