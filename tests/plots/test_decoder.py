"""The decoder's figures: what they show is what they were given."""

import re

import pytest
import torch
from matplotlib.path import Path

from seq2seq_lesson.plots.decoder import (
    dot_variance,
    exact_by_length,
    vectors,
    weights_by_treatment,
)
from seq2seq_lesson.plots.decoder_flow import decoder_flow

SIZES = {
    "enc_states": (2, 5, 14),
    "word_emb": (2, 3),
    "context": (2, 14),
    "dec_state": (2, 11),
    "logits": (2, 17),
}


def path(*names):
    return {name: torch.zeros(SIZES[name]) for name in names}


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def heights(ax):
    return {text.get_text(): text.get_position()[1] for text in ax.texts}


BEFORE = ("enc_states", "word_emb", "context", "dec_state", "logits")
AFTER = ("enc_states", "word_emb", "dec_state", "context", "logits")


PLAIN = ("word_emb", "dec_state", "logits")


@pytest.mark.parametrize("names", [BEFORE, AFTER])
def test_every_tensor_is_named_with_the_size_it_has(names):
    shown = texts(decoder_flow(path(*names), ["<sos>"], ["i"]))
    for label in (
        "word id\n(batch 2)",
        "enc_states\n(batch 2,\nsrc_len 5,\nenc 14)",
        "word_emb\n(batch 2,\nemb 3)",
        "context\n(batch 2,\nenc 14)",
        "old state\n(batch 2,\nhid 11)",
        "new state\n(batch 2,\nhid 11)",
        "logits\n(batch 2,\ntgt_vocab 17)",
    ):
        assert label in shown


@pytest.mark.parametrize("names", [PLAIN, BEFORE, AFTER])
@pytest.mark.parametrize("steps", [1, 3])
def test_no_text_lies_on_another_or_on_a_line(names, steps):
    ax = decoder_flow(path(*names), ["word"] * steps, ["word"] * steps)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    name = r"(?s)(\w+_\w+|word id|logits|context|old state|new state)(\n\(batch.*)?"
    labels = [text for text in ax.texts if re.fullmatch(name, text.get_text())]
    said = [text.get_text() for text in labels]
    assert len(arrows) > 3 * steps
    if steps == 1:
        assert len(arrows) == len(labels)
    else:
        assert len({*said}) == len(said)  # each name once
    ax.figure.draw_without_rendering()
    written = [text for text in ax.texts if text.get_text()]
    places = [text.get_window_extent() for text in written]
    for number, place in enumerate(places):
        assert not any(place.overlaps(other) for other in places[:number])
    boxes = [patch.get_window_extent() for patch in ax.patches]
    legs = [Path([arrow.xyann, arrow.xy]) for arrow in arrows]
    legs += [line.get_path() for line in ax.lines if len(line.get_xdata()) > 1]
    lines = [ax.transData.transform_path(leg) for leg in legs]
    for label in labels:
        place = label.get_window_extent()
        assert not any(place.overlaps(box) for box in boxes), label
        assert not any(line.intersects_bbox(place, filled=False) for line in lines)


def test_attention_is_asked_by_the_old_state_before_and_by_the_new_one_after():
    def asked_by(names):
        ax = decoder_flow(path(*names), ["<sos>"], ["i"])
        places = {text.get_text(): text.get_position() for text in ax.texts}
        middle, level = places["attention"]
        arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
        ends = [arrow.xy for arrow in arrows]
        below = any(x == middle and y < level for x, y in ends)
        beside = any(x > middle and y == level for x, y in ends)
        return below, beside

    assert asked_by(BEFORE) == (True, False)  # the old state runs past below it
    assert asked_by(AFTER) == (False, True)  # the new one comes from the cell


def test_the_context_enters_the_cell_in_the_order_before_alone():
    def count(names):
        shown = texts(decoder_flow(path(*names), ["<sos>"], ["i"]))
        return shown.count("context\n(batch 2,\nenc 14)")

    assert count(BEFORE) == 2  # into the cell, and to the words
    assert count(AFTER) == 1  # to the words


def test_boxes_stand_from_bottom_to_top():
    for names in (BEFORE, AFTER):
        shown = heights(decoder_flow(path(*names), ["<sos>"], ["i"]))
        assert shown["embedding"] < shown["GRU cell"] < shown["write"]
        assert shown["GRU cell"] < shown["attention"] < shown["write"]


def test_without_attention_nothing_of_it_is_drawn():
    shown = texts(decoder_flow(path(*PLAIN), ["a"], ["b"]))
    assert "attention" not in shown
    assert "encoder" in shown


def test_unrolled_has_a_column_a_word_and_numbered_states():
    words_in, words_out = ["<sos>", "i", "am"], ["i", "am", "<eos>"]
    shown = texts(decoder_flow(path(*AFTER), words_in, words_out))
    assert shown.count("GRU cell") == 3
    assert [word for word in shown if word in words_in] == [
        "<sos>",
        "i",
        "i",
        "am",
        "am",
    ]
    names = ["word id", "word_emb", "enc_states", "context", "logits"]
    names += [f"state_{number}" for number in range(4)]
    assert [shown.count(name) for name in names] == [1] * 9
    assert not [text for text in shown if "(batch" in text]


def test_tensors_that_do_not_belong_together_are_refused():
    stale = path(*BEFORE) | {"context": torch.zeros(2, 15)}
    with pytest.raises(ValueError, match="enc is 14 in one tensor, 15 in context"):
        decoder_flow(stale, ["<sos>"], ["i"])
    whole = path(*BEFORE) | {"dec_state": torch.zeros(2, 4, 11)}
    with pytest.raises(ValueError, match=r"got dec_state of size \(2, 4, 11\)"):
        decoder_flow(whole, ["<sos>"], ["i"])
    with pytest.raises(ValueError, match="1, but 2 words_out"):
        decoder_flow(path(*BEFORE), ["<sos>"], ["i", "am"])


def test_exactness_is_drawn_over_length():
    counts = {"plain": {5: (1, 2), 3: (9, 10)}, "looking": {3: (10, 10), 5: (8, 10)}}
    ax = exact_by_length(counts)
    plain, looking = ax.lines
    assert list(plain.get_xdata()) == [3, 5]
    assert list(plain.get_ydata()) == [0.9, 0.5]
    assert list(looking.get_ydata()) == [1.0, 0.8]
    assert plain.get_zorder() > looking.get_zorder()  # hollow, so both are seen
    assert plain.get_fillstyle() == "none"
    assert [text.get_text() for text in ax.get_legend().texts] == ["plain", "looking"]


def test_lengths_with_few_sentences_are_left_out_and_the_rest_say_how_many():
    ax = exact_by_length({"plain": {3: (9, 10), 5: (1, 2)}}, fewest=3)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["3\n(10)"]
    assert list(ax.lines[0].get_xdata()) == [3]


def test_vectors_are_arrows_as_thick_as_their_weights():
    keys = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 2.0]])
    weights = torch.tensor([0.7, 0.2, 0.1])
    ax = vectors(torch.tensor([2.0, 1.0]), keys, weights, weights @ keys)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    wanted = [[2.0, 1.0], *keys.tolist(), (weights @ keys).tolist()]
    assert [list(arrow.xy) for arrow in arrows] == wanted
    thick = [arrow.arrow_patch.get_linewidth() for arrow in arrows[1:4]]
    assert thick[0] > thick[1] > thick[2]
    assert texts(ax) == ["query", "key 0: 70%", "key 1: 20%", "key 2: 10%", "context"]
    ax.figure.draw_without_rendering()
    written = [text for text in ax.texts if text.get_text()]
    places = [text.get_window_extent() for text in written]
    for number, place in enumerate(places):
        assert not any(place.overlaps(other) for other in places[:number])


def test_treatments_are_rows_and_scores_are_panels_on_one_scale():
    place = {name: torch.tensor([0.1, 0.9]) for name in ("one", "two", "three")}
    dot = {name: torch.tensor([0.4, 0.6]) for name in place}
    figure = weights_by_treatment({"place": place, "dot": dot})
    assert len(figure.axes) == 2
    for ax, rows in zip(figure.axes, (place, dot), strict=True):
        assert [label.get_text() for label in ax.get_yticklabels()] == list(rows)
        shown = torch.tensor(ax.images[0].get_array().data)
        torch.testing.assert_close(shown, torch.stack([*rows.values()]))
        assert ax.images[0].get_clim() == (0, 0.5)
        assert [line.get_ydata()[0] for line in ax.lines] == [0.5, 1.5]
    assert texts(figure.axes[0]) == ["10", "90"] * 3  # per cent
    titles = [ax.get_title().partition(":")[0] for ax in figure.axes]
    assert titles == ["place", "dot"]


def test_variance_has_two_lines():
    ax = dot_variance([4, 16], [4.1, 15.8], [1.02, 0.99])
    assert [list(line.get_ydata()) for line in ax.lines] == [[4.1, 15.8], [1.02, 0.99]]


def test_every_model_and_every_length_is_drawn_and_a_sixth_model_is_refused():
    counts = {name: {3: (5, 9), 4: (4, 9)} for name in "abcd"} | {"e": {7: (1, 9)}}
    ax = exact_by_length(counts)
    assert [text.get_text() for text in ax.get_legend().texts] == list("abcde")
    assert len({line.get_color() for line in ax.lines}) == 5
    assert len({line.get_marker() for line in ax.lines}) == 5
    assert list(ax.get_xticks()) == [3, 4, 7]
    with pytest.raises(ValueError, match="curves: got 6, wanted at most 5"):
        exact_by_length(counts | {"f": {3: (2, 9)}})
