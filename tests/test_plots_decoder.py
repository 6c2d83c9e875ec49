"""The decoder's figures: what they show is what they were given."""

import matplotlib.pyplot as plt
import pytest
import torch

from seq2seq_lesson.plots.decoder import (
    aligned_positions,
    decoder_flow,
    dot_variance,
    exact_by_length,
    weights_by_treatment,
)

SIZES = {
    "enc_states": (2, 5, 14),
    "word_emb": (2, 3),
    "context": (2, 14),
    "dec_state": (2, 11),
    "logits": (2, 17),
}


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def path(*names):
    return {name: torch.zeros(SIZES[name]) for name in names}


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def heights(ax):
    return {text.get_text(): text.get_position()[1] for text in ax.texts}


BEFORE = ("enc_states", "word_emb", "context", "dec_state", "logits")
AFTER = ("enc_states", "word_emb", "dec_state", "context", "logits")


@pytest.mark.parametrize("names", [BEFORE, AFTER])
def test_every_tensor_is_named_with_the_size_it_has(names):
    shown = texts(decoder_flow(path(*names), ["<sos>"], ["i"]))
    for label in (
        "enc_states\n(batch 2, src_len 5, enc 14)",
        "word_emb\n(batch 2, emb 3)",
        "context\n(batch 2, enc 14)",
        "dec_state\n(batch 2, hid 11)",
        "logits\n(batch 2, tgt_vocab 17)",
    ):
        assert label in shown


def test_boxes_stand_in_the_order_in_which_they_were_computed():
    before = heights(decoder_flow(path(*BEFORE), ["<sos>"], ["i"]))
    after = heights(decoder_flow(path(*AFTER), ["<sos>"], ["i"]))
    assert before["embedding"] < before["attention"] < before["GRU cell"]
    assert after["embedding"] < after["GRU cell"] < after["attention"]
    assert before["GRU cell"] < before["write"] > after["attention"]


def test_without_attention_nothing_of_it_is_drawn():
    shown = texts(decoder_flow(path("word_emb", "dec_state", "logits"), ["a"], ["b"]))
    assert "attention" not in shown
    assert "encoder" in shown


def test_unrolled_has_a_column_a_word():
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
    assert shown.count("logits\n(batch 2, tgt_vocab 17)") == 3


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
    ax = exact_by_length({"plain": {5: 0.5, 3: 0.9}, "looking": {3: 1.0, 5: 0.8}})
    plain, looking = ax.lines
    assert list(plain.get_xdata()) == [3, 5]
    assert list(plain.get_ydata()) == [0.9, 0.5]
    assert list(looking.get_ydata()) == [1.0, 0.8]
    assert [text.get_text() for text in ax.get_legend().texts] == ["plain", "looking"]


def test_treatments_are_rows():
    rows = {"as they are": torch.tensor([0.2, 0.8]), "zeros": torch.tensor([0.5, 0.5])}
    ax = weights_by_treatment(rows, ["0", "1"])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(rows)
    torch.testing.assert_close(
        torch.tensor(ax.images[0].get_array().data), torch.stack([*rows.values()])
    )


def test_links_are_counted_target_by_source():
    ax = aligned_positions([((0, 0), (2, 1)), ((0, 1),)])
    shares = ax.images[0].get_array().data.tolist()
    assert shares == [[1.0, 0.0, 0.0], [0.5, 0.0, 0.5]]
    assert ax.get_xlabel() == "position in the source"


def test_variance_has_two_lines():
    ax = dot_variance([4, 16], [4.1, 15.8], [1.02, 0.99])
    assert [list(line.get_ydata()) for line in ax.lines] == [[4.1, 15.8], [1.02, 0.99]]
