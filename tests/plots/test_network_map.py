"""The map of the network: one picture, and one mark in it."""

import matplotlib.pyplot as plt
import pytest
from matplotlib.patches import FancyBboxPatch
from matplotlib.path import Path

from seq2seq_lesson.plots.network_map import ALL, ALSO, PARTS, WHOLE, network_map

HERE = [*PARTS, *WHOLE]


@pytest.fixture(params=HERE)
def ax(request):
    ax = network_map(request.param)
    ax.figure.draw_without_rendering()
    yield ax
    plt.close(ax.figure)


def written(ax):
    return [text for text in ax.texts if text.get_text()]


@pytest.mark.parametrize("here", HERE)
def test_marks_where_the_reader_is_and_nothing_else(here):
    ax = network_map(here)
    frames = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    thick = [p.get_bbox().bounds for p in frames if p.get_linewidth() > 2]
    marked = [PARTS[name][0] for name in (here, *ALSO.get(here, ())) if name in PARTS]
    assert thick == [pytest.approx(place) for place in marked or [ALL]]
    (flag,) = [t for t in written(ax) if t.get_text() == "you are here"]
    (x, y), (left, bottom, width, _) = flag.get_position(), thick[0]
    assert left < x < left + width
    assert y == bottom


def test_names_every_notebook_and_the_way_from_words_to_loss(ax):
    shown = [text.get_text() for text in written(ax)]
    titles = {"01 data", "02 encoder", "03 decoder", "04 training", "03, 05\nattention"}
    assert titles <= {*shown}
    heights = {text.get_text(): text.get_position()[1] for text in written(ax)}
    way = ("words", "ids", "embedding", "GRU", "logits", "true words")
    assert sorted(way, key=heights.get) == list(way)
    assert heights["logits"] < heights["loss"] < heights["true words"]


def test_no_text_lies_on_another_or_on_an_arrow_and_all_are_large(ax):
    places = [text.get_window_extent() for text in written(ax)]
    for number, place in enumerate(places):
        assert not any(place.overlaps(other) for other in places[:number])
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    legs = [ax.transData.transform_path(Path([a.xyann, a.xy])) for a in arrows]
    for text, place in zip(written(ax), places, strict=True):
        assert not any(leg.intersects_bbox(place, filled=False) for leg in legs), text
    width, height = ax.figure.get_size_inches()
    on_slide = min(1280 / width, 560 / height)  # pixels an inch, below a heading
    for text in written(ax):
        assert text.get_fontsize() * on_slide / 72 >= 18
        assert text.get_fontsize() * min(1, 9 / width) >= 12


def test_stands_on_white_whatever_the_page(ax):
    assert ax.figure.get_facecolor() == (1, 1, 1, 1)


def test_draws_on_the_axes_it_is_given():
    _, ax = plt.subplots()
    assert network_map("data", ax) is ax
    with pytest.raises(ValueError, match="got 'nowhere', wanted one of data, encoder"):
        network_map("nowhere")


def test_the_third_notebook_is_about_the_decoder_and_attention():
    ax = network_map("decoder")
    frames = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    assert sum(frame.get_linewidth() > 2 for frame in frames) == 2
