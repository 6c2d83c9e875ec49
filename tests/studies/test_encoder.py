"""What notebook 02 and its companion measure on trained and on fresh encoders."""

import pytest
import torch
from torch import nn

from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.studies import first_state, memory, read_study, readback, swaps
from seq2seq_lesson.studies.agreement import agree

PLAIN = load_pretrained("plain")
GENERAL = load_pretrained("general-after")


@pytest.fixture(scope="module")
def few():
    return swaps.known_sentences(PLAIN[1])[4][:20]


def test_without_a_wrong_part_the_models_translate_as_ever(few):
    for model, src, tgt in (PLAIN, GENERAL):
        ids, lengths = swaps.padded(few, src, 0)
        written, _ = model.greedy(ids, lengths, max_len=20)
        wanted = [" ".join(tgt.decode(row)) for row in written.tolist()]
        assert swaps.swap(model, few, src, tgt, ()) == wanted


def test_all_parts_wrong_is_what_the_model_does_with_pads_as_words(few):
    for model, src, tgt in (PLAIN, GENERAL):
        ids, lengths = swaps.padded(few, src, 6)
        written, _ = model.greedy(ids, torch.full_like(lengths, 11), max_len=20)
        wanted = [" ".join(tgt.decode(row)) for row in written.tolist()]
        assert swaps.swap(model, few, src, tgt, swaps.PARTS) == wanted
        assert swaps.swap(model, few, src, tgt, ()) != wanted


def test_without_attention_only_the_last_state_counts(few):
    model, src, tgt = PLAIN
    clean = swaps.swap(model, few, src, tgt, ())
    assert swaps.swap(model, few, src, tgt, swaps.PARTS[1:]) == clean
    with pytest.raises(ValueError, match=r"parts: got .*'mask'"):
        swaps.swap(model, few, src, tgt, ["mask"])


def test_the_table_holds_every_run_and_its_first_row_comes_out_again():
    held = {(row.experiment, row.model, row.seed) for row in read_study("swaps")}
    assert held == {(*key, seed) for key in swaps.RUNS for seed in range(3)}
    (known,) = (
        row.value
        for row in read_study("swaps")
        if row[1:4] == ("plain", 0, "last state")
    )
    turned, _ = swaps.broken(*PLAIN, ["last state"])  # the model that comes along
    assert abs(turned - known) < 50


def test_a_gradient_is_the_product_of_the_slopes():
    layer = memory.fresh_layer("orthogonal rnn", 0).double()
    words = torch.zeros(1, 2, memory.WIDTH).double()
    start = torch.zeros(memory.WIDTH).double()

    def read(state):
        return layer(words, state.view(1, 1, -1))[1].flatten()

    jacobian = torch.autograd.functional.jacobian(read, start)
    wanted = jacobian.norm() / memory.WIDTH**0.5
    assert memory._share(layer, words) == pytest.approx(wanted.item())
    with pytest.raises(ValueError, match="wanted rnn"):
        memory.fresh_layer("lstm", 0)


def test_the_update_gate_is_measured_as_the_layer_has_it(few):
    model, src, _ = PLAIN
    ids, _ = swaps.padded(few, src, 0)
    words = model.encoder.embedding(ids)
    rnn, means = model.encoder.rnn, memory.mean_update(model, few, src)
    cell = nn.GRUCell(48, 48)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    for name in names:
        getattr(cell, name).data = getattr(rnn, f"{name}_l0").data
    state = torch.zeros(len(few), 48)
    for place in range(ids.shape[1]):
        parts = [
            nn.functional.linear(x, getattr(cell, w), getattr(cell, b)).chunk(3, 1)[1]
            for x, w, b in zip(
                (words[:, place], state), names[:2], names[2:], strict=True
            )
        ]
        assert torch.sigmoid(sum(parts)).mean().item() == pytest.approx(means[place])
        state = cell(words[:, place], state)


def test_a_first_state_is_put_in_and_taken_out_again(few):
    model, src, tgt = PLAIN
    zeros = torch.zeros(2, 48)
    clean = swaps.swap(model, few, src, tgt, (), pads=0)
    assert first_state.translate_from(model, few, src, tgt, zeros) == clean
    start = first_state.random_start(model, 0)
    ids, lengths = swaps.padded(few, src, 0)
    shares = first_state.left(model, ids, start)
    assert 0 < shares[-1] < shares[0] < 1
    assert not model.encoder.rnn._forward_pre_hooks
    with first_state.started_from(model, start):
        moved = model.encoder(ids, lengths)[1]
    assert not torch.equal(moved, model.encoder(ids, lengths)[1])


def test_a_learned_start_lowers_the_loss_and_leaves_the_weights(few):
    from seq2seq_lesson.batches import collate
    from seq2seq_lesson.corpus import SentencePair, encode_pairs

    model, src, tgt = PLAIN
    before = {k: v.clone() for k, v in model.state_dict().items()}
    pairs = [SentencePair(s, swaps.translations()[s][0]) for s in few]
    batch = collate(encode_pairs(pairs, src, tgt))
    _, zeros, learned = first_state.learn_start(model, batch, steps=5)
    assert learned < zeros
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert not any(module.training for module in model.modules())


def test_words_are_read_back_where_they_stand():
    ids = torch.tensor([[4, 5, 3, 2], [5, 4, 3, 2], [4, 4, 3, 2]])
    told = nn.functional.one_hot(ids[:, :2], 6).flatten(1).double()
    assert readback.read_back((ids, told), (ids, told), 6).tolist() == [1, 1]
    blind = torch.zeros_like(told)
    assert max(readback.read_back((ids, blind), (ids, blind), 6)) < 1


def test_a_twin_says_the_same():
    french = ["tu es grand .", "vous etes grand .", "tu es fort ."]
    if not all(line in swaps.translations() for line in french):
        french = readback.unseen(PLAIN[1])[0][:3]
    near = torch.tensor([[0.0], [0.1], [5.0]])
    known = swaps.translations()
    same = bool(set(known[french[0]]) & set(known[french[1]]))
    assert readback.finds_a_twin(french, [0, 1], near) == float(same)


def test_results_that_differ_do_not_agree(capsys):
    x = torch.ones(3, requires_grad=True)
    agree(2 * x, x + x, [x])
    assert capsys.readouterr().out == (
        "3 numbers agree, and so do the gradients into 1 tensor\n"
    )
    with pytest.raises(AssertionError):
        agree(2 * x, x * x * 2, [x])  # equal here, other gradients
    with pytest.raises(AssertionError):
        agree(2 * x, x)


def test_fading_is_claimed_only_where_it_was_measured(monkeypatch):
    memory.check_fading([2.0, 3.0])
    with pytest.raises(ValueError, match="otherwise: the forward state moves more"):
        memory.check_fading([2.0, 1.0])
    monkeypatch.setattr(memory, "pads_before_and_after", lambda *_: torch.eye(2))
    with pytest.raises(ValueError, match="eight words fade"):
        memory.check_fading([2.0])


def test_attention_does_without_the_last_state_but_not_without_its_mask():
    last, right = swaps.broken(*GENERAL, ["last state"])
    masked, _ = swaps.broken(*GENERAL, ["attention's mask"])
    assert last < 0.01 * right < 0.02 * right < masked
