"""The meta device as "the other device": there a stray CPU tensor is refused.

Nothing is computed, so what is proved is where tensors are made and their shapes.
"""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from seq2seq_lesson import encoder as encoder_module
from seq2seq_lesson.attention import SCORES
from seq2seq_lesson.batches import collate
from seq2seq_lesson.encoder import CELLS, ConvPrenet, DensePrenet, Encoder
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, sequence_loss

KINDS = [{"order": "none"}]
KINDS += [{"order": o, "score": s} for o in ("before", "after") for s in SCORES]
KINDS += [{"cell": cell, "layers": 2} for cell in ("lstm", "rnn")]
MIXED = collate([([4, 9, 2], [5, 8, 2]), ([8, 2], [7, 6, 4, 2])]).to("meta")
EQUAL = collate([([4, 9, 2], [5, 8, 2]), ([8, 5, 2], [7, 2])]).to("meta")


@pytest.fixture(autouse=True)
def _unpack_on_meta(monkeypatch):
    """Unpack without PyTorch's own look-up on the CPU of where each row was."""
    unpack = encoder_module.pad_packed_sequence

    def meta_unpack(packed: PackedSequence, **options):
        states, lengths = unpack(
            PackedSequence(packed.data, packed.batch_sizes), **options
        )
        return states.index_select(0, packed.unsorted_indices), lengths

    monkeypatch.setattr(encoder_module, "pad_packed_sequence", meta_unpack)


def build(**options) -> Seq2Seq:
    sizes = {"emb": 5, "enc_hid": 3, "hid": 6, "att": 4}
    return Seq2Seq(ModelConfig(11, 9, **(sizes | options))).to("meta")


@pytest.mark.parametrize("own_words", [0.0, 0.5])
@pytest.mark.parametrize("batch", [MIXED, EQUAL], ids=["mixed", "equal"])
@pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values()))
)
def test_a_training_step_stays_on_its_device(kind, batch, own_words):
    model = build(**kind)
    logits = model(batch, own_words)
    assert logits.shape == (*batch.tgt_out.shape, 9)
    loss = sequence_loss(logits, batch.tgt_out)
    loss.backward()
    assert {parameter.grad.device.type for parameter in model.parameters()} == {"meta"}


@pytest.mark.parametrize("prenet", [DensePrenet, ConvPrenet])
@pytest.mark.parametrize("batch", [MIXED, EQUAL], ids=["mixed", "equal"])
def test_an_encoder_with_a_prenet_stays_on_its_device(prenet, batch):
    encoder = Encoder(11, 5, 3, prenet=prenet(5, 7)).to("meta")
    enc_states, h_n = encoder(batch.src_ids, batch.src_lengths)
    assert enc_states.device.type == h_n.device.type == "meta"
    enc_states.sum().backward()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("batch", [MIXED, EQUAL], ids=["mixed", "equal"])
def test_the_encoder_looks_at_no_number_on_its_device(cell, batch):
    """It would have to wait for the card; the lengths it looks at are on the CPU."""
    assert batch.src_lengths.is_cpu
    encoder = Encoder(11, 5, 3, cell=cell, bidirectional=True).to("meta")
    encoder(batch.src_ids, batch.src_lengths)


@pytest.mark.parametrize(
    "look",
    [Tensor.item, Tensor.tolist, Tensor.cpu, Tensor.nonzero, bool, int],
    ids=lambda look: look.__name__,
)
def test_a_look_at_the_device_would_be_noticed(look, monkeypatch):
    mask = encoder_module.mask_from_lengths

    def looking(*told):
        found = mask(*told)
        look(found.all())
        return found

    monkeypatch.setattr(encoder_module, "mask_from_lengths", looking)
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        Encoder(11, 5, 3).to("meta")(MIXED.src_ids, MIXED.src_lengths)


def test_lengths_on_the_device_are_refused():
    with pytest.raises(ValueError, match=r"lengths: got .* on meta, wanted .* the CPU"):
        Encoder(11, 5, 3).to("meta")(MIXED.src_ids, MIXED.src_lengths.to("meta"))


def test_a_stray_cpu_mask_would_be_noticed():
    stray = replace(MIXED, src_mask=torch.ones(2, 3, dtype=torch.bool))
    with pytest.raises(RuntimeError, match="device"):
        build()(stray)


@pytest.mark.parametrize("order", ["none", "before", "after"])
def test_greedy_stays_on_its_device(order, monkeypatch):
    """`ended.all()` asks for a number, which meta has not: answer for it."""
    ask = torch.Tensor.__bool__
    answer = lambda tensor: not tensor.is_meta and ask(tensor)  # noqa: E731
    monkeypatch.setattr(torch.Tensor, "__bool__", answer)
    ids, weights = build(order=order).eval().greedy(EQUAL.src_ids, EQUAL.src_lengths, 6)
    assert ids.shape == (2, 6)
    assert ids.device.type == "meta"
    if order != "none":
        assert weights.shape == (2, 6, 3)
        assert weights.device.type == "meta"
