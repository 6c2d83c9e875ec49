import pytest
import torch
from torch import nn

from seq2seq_lesson import encoder as encoder_module
from seq2seq_lesson.encoder import ConvPrenet, DensePrenet, Encoder
from seq2seq_lesson.vocabulary import PAD

SRC_VOCAB, EMB, ENC_HID = 11, 5, 3
SENTENCES = [[4, 9, 7, 2], [8, 2], [5, 10, 2], [6, 2]]
LENGTHS = torch.tensor([len(ids) for ids in SENTENCES])
REFERENCE = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}
PRENETS = {"none": lambda: None}
PRENETS["dense"] = lambda: DensePrenet(EMB, 7)
PRENETS["conv"] = lambda: ConvPrenet(EMB, 7)

every_cell = pytest.mark.parametrize("cell", REFERENCE)
every_direction = pytest.mark.parametrize("bidirectional", [False, True])
every_layers = pytest.mark.parametrize("layers", [1, 2])
every_prenet = pytest.mark.parametrize("prenet", PRENETS)


def padded(columns: int = 4, filling: int = PAD) -> torch.Tensor:
    return torch.tensor([ids + [filling] * (columns - len(ids)) for ids in SENTENCES])


def build(seed: int = 0, **options) -> Encoder:
    torch.manual_seed(seed)
    return Encoder(SRC_VOCAB, EMB, ENC_HID, **options).double()


def gradients(model: nn.Module, *outputs: torch.Tensor) -> list[torch.Tensor]:
    """Of a sum in which every number counts differently, but alike in every call."""
    total = sum(
        (output * output.detach().cos()).sum() + output.sum() for output in outputs
    )
    return list(torch.autograd.grad(total, list(model.parameters())))


@every_cell
@every_direction
@every_layers
def test_a_batch_gives_what_torch_gives_sentence_by_sentence(
    cell, bidirectional, layers
):
    ours = build(cell=cell, bidirectional=bidirectional, layers=layers)
    rnn = REFERENCE[cell](
        EMB, ENC_HID, layers, bidirectional=bidirectional, batch_first=True
    ).double()
    rnn.load_state_dict(ours.rnn.state_dict())
    enc_states, h_n = ours(padded(), LENGTHS)
    for row, ids in enumerate(SENTENCES):
        states, last = rnn(ours.embedding.weight[torch.tensor([ids])])
        last = last[0] if cell == "lstm" else last
        torch.testing.assert_close(enc_states[row, : len(ids)], states[0])
        torch.testing.assert_close(h_n[:, row], last[:, 0])
        assert enc_states[row, len(ids) :].eq(0).all()
    directions = 2 if bidirectional else 1
    assert ours.enc == directions * ENC_HID == enc_states.shape[2]
    assert h_n.shape == (layers * directions, len(SENTENCES), ENC_HID)


@every_cell
@every_direction
@every_layers
@every_prenet
def test_batching_changes_no_value_and_no_gradient(cell, bidirectional, layers, prenet):
    model = build(
        cell=cell, bidirectional=bidirectional, layers=layers, prenet=PRENETS[prenet]()
    )
    enc_states, h_n = model(padded(), LENGTHS)
    together = gradients(model, enc_states, h_n)
    alone = [torch.zeros_like(gradient) for gradient in together]
    for row, ids in enumerate(SENTENCES):
        states, last = model(torch.tensor([ids]), LENGTHS[row : row + 1])
        torch.testing.assert_close(enc_states[row, : len(ids)], states[0])
        torch.testing.assert_close(h_n[:, row], last[:, 0])
        for total, gradient in zip(alone, gradients(model, states, last), strict=True):
            total += gradient
    torch.testing.assert_close(together, alone)


@every_cell
@every_direction
@every_layers
@every_prenet
def test_nothing_behind_the_end_is_read(cell, bidirectional, layers, prenet):
    model = build(
        cell=cell, bidirectional=bidirectional, layers=layers, prenet=PRENETS[prenet]()
    )
    narrow, narrow_last = model(padded(), LENGTHS)
    wide, wide_last = model(padded(7, filling=9), LENGTHS)
    torch.testing.assert_close(wide[:, :4], narrow)
    torch.testing.assert_close(wide_last, narrow_last)
    assert wide.shape[1] == 7
    assert wide[:, 4:].eq(0).all()
    torch.testing.assert_close(
        gradients(model, wide, wide_last), gradients(model, narrow, narrow_last)
    )


@every_cell
@every_prenet
def test_rows_do_not_know_each_other(cell, prenet):
    model = build(cell=cell, bidirectional=True, prenet=PRENETS[prenet]())
    order = torch.tensor([2, 0, 3, 1])
    enc_states, h_n = model(padded(), LENGTHS)
    moved_states, moved_h_n = model(padded()[order], LENGTHS[order])
    torch.testing.assert_close(moved_states, enc_states[order])
    torch.testing.assert_close(moved_h_n, h_n[:, order])


def test_it_packs_only_where_something_is_padded(monkeypatch):
    calls = []
    pack = encoder_module.pack_padded_sequence
    monkeypatch.setattr(
        encoder_module,
        "pack_padded_sequence",
        lambda *args, **options: calls.append(args) or pack(*args, **options),
    )
    model = build()
    model(torch.tensor([[4, 2], [5, 2]]), torch.tensor([2, 2]))
    assert not calls
    model(torch.tensor([[4, 2, PAD], [5, 2, PAD]]), torch.tensor([2, 2]))
    assert len(calls) == 1


def test_a_dense_prenet_is_a_layer_on_each_word():
    prenet, src_emb = DensePrenet(EMB, 7), torch.randn(2, 4, EMB)
    weight, bias = prenet.dense.weight, prenet.dense.bias
    for row in range(2):
        for place in range(4):
            expected = (weight @ src_emb[row, place] + bias).clamp(min=0)
            torch.testing.assert_close(prenet(src_emb)[row, place], expected)


def test_a_convolution_reads_a_word_and_its_neighbours():
    prenet, src_emb = ConvPrenet(EMB, 7), torch.randn(2, 4, EMB)
    fenced = torch.cat([torch.zeros(2, 1, EMB), src_emb, torch.zeros(2, 1, EMB)], dim=1)
    for row in range(2):
        for place in range(4):
            window = fenced[row, place : place + 3]
            expected = torch.einsum("oct,tc->o", prenet.conv.weight, window)
            expected = (expected + prenet.conv.bias).clamp(min=0)
            torch.testing.assert_close(prenet(src_emb)[row, place], expected)


def test_dropout_acts_in_training_alone():
    model = build(dropout=0.5)
    torch.manual_seed(0)
    noisy = [model(padded(), LENGTHS)[0] for _ in range(2)]
    assert not torch.equal(*noisy)
    model.eval()
    torch.testing.assert_close(
        model(padded(), LENGTHS)[0], build()(padded(), LENGTHS)[0]
    )


def test_an_unknown_cell_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="got 'gruu', wanted one of gru, lstm, rnn"):
        Encoder(SRC_VOCAB, EMB, ENC_HID, cell="gruu")


@pytest.mark.parametrize("lengths", [[4, 0, 3, 2], [4, 5, 3, 2]])
def test_wrong_lengths_are_refused(lengths):
    with pytest.raises(ValueError, match="wanted each from 1 to 4"):
        build()(padded(), torch.tensor(lengths))


@pytest.mark.parametrize(
    ("lengths", "came"), [([4, 2, 3, 2], "a list"), (LENGTHS.double(), "float64")]
)
def test_what_is_no_tensor_of_lengths_is_refused(lengths, came):
    wanted = f"lengths: got .*{came}.* wanted a tensor .* on the CPU"
    with pytest.raises(ValueError, match=wanted):
        build()(padded(), lengths)
