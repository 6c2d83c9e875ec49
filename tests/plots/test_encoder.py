"""The encoder's figures show what they were given: words, shapes, colours, order."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from seq2seq_lesson.plots import encoder as plots
from seq2seq_lesson.plots import encoder_diagrams as diagrams

ROWS = [["il", "dort", "."], ["non"], ["elle", "dort", "bien", "."]]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_every_arrow_of_the_unrolled_encoder_carries_its_live_shape():
    src_ids, src_emb = torch.ones(4, 3).long(), torch.rand(4, 3, 5)
    enc_states, h_n = nn.GRU(5, 8, batch_first=True)(src_emb)
    words = ["a", "b", "c"]
    shown = texts(diagrams.unrolled_encoder(words, src_ids, src_emb, enc_states, h_n))
    assert set(words) < set(shown)
    assert shown.count("(4,)") == 3
    assert shown.count("(4, 5)") == 3
    assert shown.count("(4, 8)") == 3 + 2
    whole = {"src_ids\n(4, 3)", "src_emb\n(4, 3, 5)", "enc_states\n(4, 3, 8)"}
    assert whole | {"zeros\n(1, 4, 8)", "h_n\n(1, 4, 8)"} < set(shown)


def test_an_unrolled_encoder_wants_a_word_a_column():
    src_ids, src_emb = torch.ones(4, 3).long(), torch.rand(4, 3, 5)
    enc_states, h_n = nn.GRU(5, 8, batch_first=True)(src_emb)
    with pytest.raises(ValueError, match="zip"):
        diagrams.unrolled_encoder(["a", "b"], src_ids, src_emb, enc_states, h_n)


def test_a_gru_step_has_a_cell_for_every_number_in_the_right_colour():
    gates = [torch.full((6,), value) for value in (0.0, 1.0)]
    states = [torch.full((6,), value) for value in (-1.0, 0.0, 1.0)]
    ax = diagrams.gru_step(torch.zeros(4), states[0], *gates, states[1], states[2])
    assert len(ax.patches) == 4 + 5 * 6
    assert "reset gate $r_t$\n(6,)" in texts(ax)
    assert "word $x_t$\n(4,)" in texts(ax)
    colours = [patch.get_facecolor() for patch in ax.patches]
    old, word, reset, update, candidate, new = (
        colours[i] for i in (0, 6, 10, 16, 22, 28)
    )
    assert old == plots.STATES.to_rgba(-1)
    assert word == candidate == plots.STATES.to_rgba(0)
    assert new == plots.STATES.to_rgba(1)
    assert (reset, update) == (plots.GATES.to_rgba(0), plots.GATES.to_rgba(1))


def test_a_gate_map_has_a_column_a_word_and_a_fixed_scale():
    values = torch.rand(3, 7)
    ax = plots.gate_map(values, ["a", "b", "c"], "update gate")
    image = ax.images[0]
    torch.testing.assert_close(torch.tensor(image.get_array().data), values.T)
    assert image.get_clim() == (0, 1)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    signed = plots.gate_map(values, ["a", "b", "c"], "state", signed=True)
    assert signed.images[0].get_clim() == (-1, 1)
    with pytest.raises(ValueError, match="number of FixedLocator"):
        plots.gate_map(values, ["a", "b"], "update gate")


def test_padding_is_hollow_and_every_sentence_has_its_colour():
    ax = plots.padded_blocks(ROWS)
    assert texts(ax).count("<pad>") == 1 + 3
    colours = [patch.get_facecolor() for patch in ax.patches]
    assert len(colours) == 3 * 4
    assert len(set(colours)) == 3 + 1
    assert colours[:3] == [colours[0]] * 3
    assert colours[3] == (1, 1, 1, 1)


@pytest.mark.parametrize("sort", [True, False])
def test_packed_blocks_stand_in_the_order_of_the_packed_data(sort):
    rows = sorted(ROWS, key=len, reverse=True) if sort else ROWS
    lengths = torch.tensor([len(row) for row in rows])
    # the number of a word's row and column, so that `data` itself tells the order
    places = torch.tensor([[[r * 10 + c] for c in range(4)] for r in range(3)])
    packed = pack_padded_sequence(places, lengths, True, enforce_sorted=sort)
    ax = plots.packed_blocks(packed, rows)
    inside = [t for t in ax.texts if t.get_ha() == t.get_va() == "center"]
    inside = [t for t in inside if t.get_weight() != "bold"]
    wanted = [rows[int(p) // 10][int(p) % 10] for p in packed.data]
    assert [t.get_text() for t in inside] == wanted
    corners = [t.get_text() for t in ax.texts if t.get_fontsize() == 10.5]
    assert corners == [str(i) for i in range(8)]
    bold = [t.get_text() for t in ax.texts if t.get_weight() == "bold"]
    assert bold == ["3", "2", "2", "1", "batch_sizes"]


def test_blocks_of_other_sentences_are_refused():
    packed = pack_padded_sequence(torch.rand(3, 4, 5), [4, 3, 1], True)
    with pytest.raises(ValueError, match="got 4 words, wanted 8"):
        plots.packed_blocks(packed, ROWS[:2])


def test_curves_begin_where_they_are_told_and_are_named():
    lines = {"fresh": torch.rand(4), "trained": torch.rand(4)}
    ax = plots.curves(lines, "words read", "distance", log=True, first=1)
    assert list(ax.lines[0].get_xdata()) == [1, 2, 3, 4]
    assert ax.lines[1].get_ydata() == pytest.approx(lines["trained"].tolist())
    assert [t.get_text() for t in ax.get_legend().get_texts()] == list(lines)
    assert (ax.get_xlabel(), ax.get_yscale()) == ("words read", "log")


def test_curves_of_several_runs_show_their_mean_and_a_band():
    runs = torch.tensor([[1.0, 0.2], [0.5, 0.1]])
    ax = plots.curves({"fresh": runs}, "words read", "share left", log=True)
    assert ax.lines[0].get_ydata() == pytest.approx([0.75, 0.15])
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((0.1, 1))
    ax.figure.canvas.draw()
    shown = {label.get_text() for label in ax.get_yticklabels()}
    assert {"100 %", "50 %", "20 %", "10 %"} <= shown


def test_a_sentence_in_place_of_its_words_is_refused():
    with pytest.raises(ValueError, match=r"'non', wanted .* split each sentence"):
        plots.padded_blocks([["il", "dort"], "non"])
