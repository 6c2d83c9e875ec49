"""Notebook 04's figures draw the numbers that they are given."""

import math

import matplotlib.pyplot as plt
import pytest
import torch

from seq2seq_lesson.plots import lettered
from seq2seq_lesson.plots import training as plots


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


def test_surprise_stands_on_the_curve_with_each_word():
    ax = plots.surprise(
        {"fresh": {"he": 0.1, ".": 0.15, "is": 0.2}, "trained": {"he": 0.9}}
    )
    (_, fresh, trained) = points(ax)
    assert [place for place, _ in fresh + trained] == [0.1, 0.15, 0.2, 0.9]
    assert [y for _, y in fresh + trained] == pytest.approx(
        [-math.log(p) for p in (0.1, 0.15, 0.2, 0.9)]
    )
    named = [text.get_text() for text in ax.texts]
    assert named == ['"he"', '"is"', '"he"']  # the least and the most of each model


def test_pushes_are_a_bar_a_word_and_the_right_one_is_bold():
    ax = plots.pushes(["he", "is"], torch.tensor([0.25, -0.5]), "is")
    assert [bar.get_height() for bar in ax.patches] == [0.25, -0.5]
    weights = {t.get_text(): t.get_fontweight() for t in ax.get_xticklabels()}
    assert weights == {"he": "normal", "is": "bold"}


def test_a_chain_shows_its_slopes_and_their_product():
    stations = dict(zip(("a", "b", "loss"), torch.tensor([1.0, 2, 3]), strict=True))
    slopes = dict(zip(("double", "log"), torch.tensor([2.0, 0.25]), strict=True))
    ax = plots.chain(stations, slopes)
    said = [text.get_text() for text in ax.texts]
    assert {"a\n1.000", "loss\n3.000", "double", "× 2.000", "× 0.250"} <= {*said}
    assert said[-1].endswith("multiplied: 0.5000")
    with pytest.raises(ValueError, match="got 2, wanted 1"):
        plots.chain({"a": stations["a"], "loss": stations["loss"]}, slopes)


def test_slopes_between_states_stand_in_their_rows_and_columns():
    ax = plots.between_states(torch.tensor([[0.5, -0.25], [0.0, 1.0]]))
    said = {text.get_position(): text.get_text() for text in ax.texts}
    assert said == {(0, 0): "0.50", (1, 0): "-0.25", (0, 1): "0.00", (1, 1): "1.00"}
    assert "new" in ax.get_ylabel()
    _, given = plt.subplots()
    assert plots.between_states(torch.eye(3), given) is given


def test_the_rate_is_drawn_from_the_first_step_to_the_last():
    ax = plots.rate(lambda progress: progress**2)
    (line,) = points(ax)
    assert [line[0], line[50], line[-1]] == [[0, 0], [0.5, 0.25], [1, 1]]


def test_a_live_figure_is_one_figure_drawn_anew(monkeypatch):
    shown = []

    class Handle:
        def update(self, figure):
            shown.append(figure)

    def display(figure, display_id):
        shown.append(figure)
        return Handle()

    monkeypatch.setattr(plots, "display", display)
    redraw = plots.live({"loss": "training", "valid": "validation"})
    redraw([{"loss": 3.0, "valid": 4.0}])
    redraw([{"loss": 3.0, "valid": 4.0}, {"loss": 1.0, "valid": 2.0}])
    assert len(shown) == 3
    assert len({id(figure) for figure in shown}) == 1
    (ax,) = shown[0].axes
    assert points(ax) == [[[1, 3], [2, 1]], [[1, 4], [2, 2]]]
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["training", "validation"]
    assert not plt.fignum_exists(shown[0].number)


def test_speeds_are_labelled_with_the_ratio_to_the_bar_above():
    ax = plots.speeds({"slow": 100.0, "fast": 5000.0, "faster": 10000.0})
    assert [bar.get_width() for bar in ax.patches] == [100, 5000, 10000]
    said = [text.get_text() for text in ax.texts]
    assert said[0] == "100"
    assert said[1:] == ["5,000  (50 × the bar above)", "10,000  (2 × the bar above)"]
    ax.figure.canvas.draw()
    right = max(text.get_window_extent().x1 for text in ax.texts)
    assert right < ax.get_window_extent().x1
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
        (plots.surprise, {"fresh": {"he": 0.5}}),
        (plots.rate, lambda progress: progress),
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


def test_letters_of_a_curves_colour_stand_out_on_white():
    for colour, *_ in plots.STYLES:
        parts = [int(lettered(colour)[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
            for part in parts
        )
        assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5
