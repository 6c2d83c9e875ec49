"""The figures of notebook 06: what is drawn is what was handed in."""

import pytest
import torch
from matplotlib.colors import to_hex

from seq2seq_lesson.plots.reversal import (
    WRONG,
    learning_band,
    marked_map,
    score_by_length,
    steps_by_length,
)
from seq2seq_lesson.translation import Translation


def translation(words, weights=True):
    source = ["a", "b", "c", "<eos>"]
    looked = torch.eye(len(words), len(source)) if weights else None
    return Translation(source, words, looked, [])


def test_the_band_runs_from_the_worst_run_to_the_best_around_the_mean():
    scores = torch.tensor([[0.2, 0.5, 0.9], [0.4, 0.7, 1.0], [0.3, 0.9, 0.8]])
    ax = learning_band({"one": scores, "two": scores / 2})
    line = ax.lines[0]
    assert list(line.get_xdata()) == [1, 2, 3]
    assert line.get_ydata() == pytest.approx([30, 70, 90])
    band = ax.collections[0].get_paths()[0].vertices
    at_two = [y for x, y in band if x == 2]
    assert (min(at_two), max(at_two)) == pytest.approx((50, 90))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]


def test_the_curves_differ_in_colour_and_in_line():
    ax = learning_band({name: torch.rand(2, 3) for name in "abcdef"})
    assert len({line.get_color() for line in ax.lines}) == 6
    assert len({line._unscaled_dash_pattern for line in ax.lines}) == 6


def test_levels_are_lines_with_their_names_and_none_without():
    curves = {"one": torch.rand(2, 3)}
    ax = learning_band(curves, {"length only": 0.25, "ceiling": 0.75})
    assert [list(line.get_ydata()) for line in ax.lines[-2:]] == [[25, 25], [75, 75]]
    assert [text.get_text() for text in ax.texts] == ["length only", "ceiling"]
    assert [text.get_va() for text in ax.texts] == ["top", "bottom"]
    (alone,) = learning_band(curves, {"length only": 0.25}).texts
    assert (alone.get_va(), alone.get_position()[1]) == ("bottom", 26)
    assert not learning_band(curves).texts


def test_who_reads_nothing_has_a_score_at_each_length():
    runs = {"one": torch.rand(2, 3)}
    ax = score_by_length([4, 5, 8], runs, (4, 5), blind=[0.3, 0.32, 0.35])
    assert ax.lines[-1].get_ydata() == pytest.approx([30, 32, 35])
    assert len(score_by_length([4, 5, 8], runs, (4, 5)).lines) == 1


def test_scores_stand_at_their_lengths_and_the_trained_ones_are_shaded():
    runs = torch.tensor([[1.0, 0.5, 0.2], [1.0, 0.7, 0.4]])
    ax = score_by_length([4, 5, 8], {"one": runs}, (4, 5))
    assert list(ax.lines[0].get_xdata()) == [4, 5, 8]
    assert ax.lines[0].get_ydata() == pytest.approx([100, 60, 30])
    band = ax.collections[0].get_paths()[0].vertices
    assert sorted({round(y) for x, y in band if x == 8}) == [20, 40]
    assert ax.patches[0].get_extents().transformed(
        ax.transData.inverted()
    ).intervalx == pytest.approx([3.5, 5.5])


def test_steps_run_through_the_middle_run_and_end_where_it_gave_up():
    never = float("inf")
    runs = torch.tensor([[50, 100, never], [75, 300, never], [25, never, 900]])
    ax = steps_by_length([4, 6, 8], {"one": runs})
    assert list(ax.lines[0].get_ydata()) == [50, 300, never]
    assert [list(line.get_ydata()) for line in ax.lines[1:]] == runs.tolist()
    assert ax.get_yscale() == "log"


def test_wrong_letters_are_marked_and_right_ones_are_not():
    ax = marked_map(translation(["c", "a", "a", "<eos>"]), ["c", "b", "a"])
    labels = ax.get_yticklabels()
    assert [label.get_text() for label in labels] == ["c", "✗ a", "a", "<eos>"]
    assert [to_hex(label.get_color()) for label in labels] == [
        "#000000",
        WRONG,
        "#000000",
        "#000000",
    ]


def test_an_early_end_and_letters_too_many_are_wrong():
    ax = marked_map(translation(["c", "<eos>"]), ["c", "b", "a"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["c", "✗ <eos>"]
    ax = marked_map(translation(["c", "b", "b"]), ["c"])
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["c", "✗ b", "✗ b"]


def test_a_model_without_attention_has_nothing_to_draw():
    with pytest.raises(ValueError, match="no weights to draw: take a model with"):
        marked_map(translation(["c"], weights=False), ["c"])


@pytest.mark.parametrize(
    "draw",
    [
        learning_band,
        lambda curves: score_by_length([4, 5, 8], curves, (4, 5)),
        lambda curves: steps_by_length([4, 5, 8], curves),
    ],
)
def test_no_model_is_dropped_and_a_seventh_is_refused(draw):
    models = {name: torch.rand(1, 3) for name in "abcdefg"}
    with pytest.raises(ValueError, match="curves: got 7, wanted at most 6"):
        draw(models)
    del models["g"]
    shown = [text.get_text() for text in draw(models).get_legend().get_texts()]
    assert set(models) <= set(shown)
