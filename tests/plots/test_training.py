"""Notebook 04's figures draw the numbers that they are given."""

import matplotlib.pyplot as plt
import pytest
import torch

from seq2seq_lesson.plots import training as plots

FIGURES = [
    {"epoch": 1, "loss": 3.0, "bleu": 10.0},
    {"epoch": 2, "loss": 1.0, "bleu": 60.0},
]


def points(ax):
    return [line.get_xydata().tolist() for line in ax.lines]


def test_losses_stand_at_their_steps():
    ax = plots.losses({"one": [4, 2], "other": [5]})
    assert points(ax) == [[[1, 4], [2, 2]], [[1, 5]]]
    assert len({line.get_color() for line in ax.lines}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "other"]
    assert ax.get_ylim()[0] == 0


def test_losses_stand_at_given_places():
    ax = plots.losses({"one": [4, 2]}, places=[0, 16], place="columns")
    assert points(ax) == [[[0, 4], [16, 2]]]
    assert ax.get_xlabel() == "columns"
    assert ax.get_legend() is None


def test_a_history_shows_loss_and_bleu_on_two_scales():
    ax = plots.history(FIGURES)
    left, right = ax.figure.axes
    assert points(left) == [[[1, 3], [2, 1]]]
    assert points(right) == [[[1, 10], [2, 60]]]
    assert right.get_ylim() == (0, 105)
    assert "nats" in left.get_ylabel()
    assert "BLEU" in right.get_ylabel()


def test_a_history_can_be_redrawn_and_leaves_no_old_line():
    figure, (ax, neighbour) = plt.subplots(1, 2)
    plots.history(FIGURES[:1], ax=ax)
    plots.history(FIGURES, ax=ax)
    assert len(figure.axes) == 3
    assert neighbour in figure.axes
    assert points(ax) == [[[1, 3], [2, 1]]]


def test_speeds_are_labelled_with_the_ratio_to_the_first():
    ax = plots.speeds({"slow": 100.0, "fast": 5000.0})
    assert [bar.get_width() for bar in ax.patches] == [100, 5000]
    assert [text.get_text() for text in ax.texts] == ["100  (×1)", "5,000  (×50)"]
    assert ax.yaxis_inverted()


def test_bleu_by_scale_draws_a_line_of_means_and_a_dot_a_training():
    runs = torch.tensor([[20.0, 80.0], [30.0, 90.0]])
    ax = plots.bleu_by_scale([0.1, 1.0], {"tied": runs, "not tied": runs + 1})
    assert points(ax)[:3] == [
        [[0.1, 25], [1, 85]],
        [[0.1, 20], [1, 80]],
        [[0.1, 30], [1, 90]],
    ]
    assert len(points(ax)) == 6
    assert ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.1", "1"]
    _, given = plt.subplots()
    assert plots.bleu_by_scale([0.1, 1.0], {"tied": runs}, given) is given
    assert "standard deviation" in given.get_xlabel()
    assert "BLEU" in given.get_ylabel()


@pytest.mark.parametrize(
    ("draw", "data"),
    [
        (plots.losses, {"one": [2, 1]}),
        (plots.history, FIGURES),
        (plots.speeds, {"slow": 1.0}),
    ],
)
def test_each_draws_on_the_given_axes_and_names_both(draw, data):
    _, given = plt.subplots()
    assert draw(data, ax=given) is given
    assert given.get_xlabel()
    assert given.get_ylabel()


def test_no_curve_is_dropped_each_has_its_own_line_and_a_seventh_is_refused():
    ax = plots.losses({str(n): [n, 1] for n in range(6)})
    assert [line.get_ydata()[0] for line in ax.lines] == [0, 1, 2, 3, 4, 5]
    for look in ("color", "_unscaled_dash_pattern", "marker"):
        looks = [getattr(line, f"get_{look}", lambda: None)() for line in ax.lines]
        looks = looks if looks[0] else [getattr(line, look) for line in ax.lines]
        assert len(set(looks)) == 6
    drawn = plt.get_fignums()
    with pytest.raises(ValueError, match="curves: got 7, wanted at most 6"):
        plots.losses({str(n): [n, 1] for n in range(7)})
    assert plt.get_fignums() == drawn  # and no empty figure is left behind
