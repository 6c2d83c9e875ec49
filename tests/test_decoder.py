import pytest
import torch
from torch import nn

from seq2seq_lesson.attention import SCORES, Attention
from seq2seq_lesson.decoder import AttendAfter, AttendBefore, Decoder, PlainDecoder

BATCH, TGT_LEN, SRC_LEN = 3, 4, 5
TGT_VOCAB, EMB, HID, ATT, MAX_LEN = 13, 6, 8, 7, 9
MASK = torch.arange(SRC_LEN) < torch.tensor([[5], [2], [3]])


def size_of_keys(score: str) -> int:
    return HID if score == "dot" else 10


def build(order: type[Decoder], score: str = "general", **options) -> Decoder:
    torch.manual_seed(0)
    options = {"tied": True, "dropout": 0.0} | options
    if order is PlainDecoder:
        return PlainDecoder(TGT_VOCAB, EMB, HID, **options).double()
    enc = size_of_keys(score)
    attention = Attention(score, HID, enc, ATT, MAX_LEN)
    return order(TGT_VOCAB, EMB, enc, HID, attention, **options).double()


def material(score: str = "general") -> tuple[torch.Tensor, ...]:
    """tgt_in, dec_state, enc_states (0 at padding) and src_mask."""
    torch.manual_seed(1)
    tgt_in = torch.randint(TGT_VOCAB, (BATCH, TGT_LEN))
    dec_state = torch.randn(BATCH, HID, dtype=torch.double)
    enc_states = torch.randn(BATCH, SRC_LEN, size_of_keys(score), dtype=torch.double)
    return tgt_in, dec_state, enc_states * MASK.unsqueeze(-1), MASK


def with_gradients(model: nn.Module, outputs) -> list[torch.Tensor]:
    """The outputs, then the gradients of a sum that weighs every logit differently."""
    logits = outputs[0]
    weighed = logits * torch.arange(logits.numel()).view_as(logits)
    gradients = torch.autograd.grad(weighed.sum(), list(model.parameters()))
    return [output for output in outputs if output is not None] + list(gradients)


def step_by_step(decoder: Decoder, tgt_in, dec_state, enc_states, src_mask):
    logits, weights = [], []
    for step in range(TGT_LEN):
        word = tgt_in[:, step : step + 1]
        one, dec_state, look = decoder(word, dec_state, enc_states, src_mask)
        logits.append(one)
        weights.append(look)
    plain = weights[0] is None
    return torch.cat(logits, 1), dec_state, None if plain else torch.cat(weights, 1)


def by_hand_plain(decoder, tgt_in, dec_state, enc_states, src_mask):
    """Step by step from the weights, with PyTorch's single GRU cell."""
    cell = nn.GRUCell(EMB, HID)
    shared = dict(zip(cell.state_dict(), decoder.rnn.parameters(), strict=True))
    steps = []
    for step in range(TGT_LEN):
        word = decoder.embedding.weight[tgt_in[:, step]]
        dec_state = torch.func.functional_call(cell, shared, (word, dec_state))
        combined = torch.tanh(decoder.combine(dec_state))
        steps.append(combined @ decoder.output.weight.T + decoder.output.bias)
    return torch.stack(steps, dim=1), dec_state, None


def by_hand_after(decoder, tgt_in, dec_state, enc_states, src_mask):
    """Luong's order, step by step and row by row, padding cut off."""
    cell = nn.GRUCell(EMB, HID)
    shared = dict(zip(cell.state_dict(), decoder.rnn.parameters(), strict=True))
    steps, looks = [], []
    for step in range(TGT_LEN):
        word = decoder.embedding.weight[tgt_in[:, step]]
        dec_state = torch.func.functional_call(cell, shared, (word, dec_state))
        context, look = look_by_hand(decoder, dec_state, enc_states, src_mask)
        combined = torch.tanh(decoder.combine(torch.cat([context, dec_state], 1)))
        steps.append(combined @ decoder.output.weight.T + decoder.output.bias)
        looks.append(look)
    return torch.stack(steps, dim=1), dec_state, torch.stack(looks, dim=1)


def by_hand_before(decoder, tgt_in, dec_state, enc_states, src_mask):
    """Bahdanau's order, step by step and row by row, padding cut off."""
    steps, looks = [], []
    for step in range(TGT_LEN):
        context, look = look_by_hand(decoder, dec_state, enc_states, src_mask)
        word = decoder.embedding.weight[tgt_in[:, step]]
        dec_state = decoder.cell(torch.cat([word, context], 1), dec_state)
        combined = torch.tanh(decoder.combine(torch.cat([context, dec_state], 1)))
        steps.append(combined @ decoder.output.weight.T + decoder.output.bias)
        looks.append(look)
    return torch.stack(steps, dim=1), dec_state, torch.stack(looks, dim=1)


def look_by_hand(decoder, query, enc_states, src_mask):
    contexts, looks = [], []
    for row in range(BATCH):
        keys = enc_states[row, src_mask[row]]
        scores = decoder.attention.score(query[row].view(1, 1, -1), keys[None])[0, 0]
        look = scores.softmax(dim=0)
        contexts.append(look @ keys)
        looks.append(nn.functional.pad(look, (0, SRC_LEN - len(keys))))
    return torch.stack(contexts), torch.stack(looks)


BY_HAND = {
    PlainDecoder: by_hand_plain,
    AttendBefore: by_hand_before,
    AttendAfter: by_hand_after,
}
KINDS = [(PlainDecoder, "general")]
KINDS += [(order, score) for order in (AttendBefore, AttendAfter) for score in SCORES]
every_kind = pytest.mark.parametrize(("order", "score"), KINDS)
every_order = pytest.mark.parametrize("order", BY_HAND)


@every_kind
def test_a_whole_target_is_its_steps_one_by_one(order, score):
    decoder, given = build(order, score), material(score)
    whole = with_gradients(decoder, decoder(*given))
    torch.testing.assert_close(
        whole, with_gradients(decoder, step_by_step(decoder, *given))
    )


@every_kind
def test_a_decoder_is_the_loop_written_by_hand(order, score):
    decoder, given = build(order, score), material(score)
    ours = with_gradients(decoder, decoder(*given))
    theirs = with_gradients(decoder, BY_HAND[order](decoder, *given))
    torch.testing.assert_close(ours, theirs)


@every_kind
def test_padding_changes_nothing(order, score):
    decoder, (tgt_in, dec_state, enc_states, src_mask) = (
        build(order, score),
        material(score),
    )
    narrow = decoder(tgt_in, dec_state, enc_states, src_mask)
    more = torch.randn(BATCH, 3, enc_states.shape[2], dtype=torch.double)
    wide_states = torch.cat([enc_states, more], dim=1)
    wide_mask = nn.functional.pad(src_mask, (0, 3))
    wide = decoder(tgt_in, dec_state, wide_states, wide_mask)
    if order is not PlainDecoder:
        assert wide[2][~wide_mask.unsqueeze(1).expand_as(wide[2])].eq(0).all()
        wide = (*wide[:2], wide[2][..., :SRC_LEN])
    torch.testing.assert_close(
        with_gradients(decoder, wide), with_gradients(decoder, narrow)
    )


@every_kind
def test_rows_do_not_know_each_other(order, score):
    decoder, given = build(order, score), material(score)
    together = decoder(*given)
    rows = torch.tensor([2, 0, 1])
    moved = decoder(*(part[rows] for part in given))
    for whole, other in zip(together, moved, strict=True):
        if whole is not None:
            torch.testing.assert_close(whole[rows], other)


@every_order
def test_a_word_knows_nothing_of_later_ones(order):
    decoder, (tgt_in, *rest) = build(order), material()
    other = tgt_in.clone()
    other[:, 2] = (other[:, 2] + 1) % TGT_VOCAB
    before, after = decoder(tgt_in, *rest)[0], decoder(other, *rest)[0]
    torch.testing.assert_close(before[:, :2], after[:, :2])
    assert not torch.equal(before[:, 2], after[:, 2])


@every_order
def test_tied_weights_are_one_and_the_same(order):
    tied, free = build(order), build(order, tied=False)
    assert tied.output.weight is tied.embedding.weight
    assert free.output.weight is not free.embedding.weight
    count = [sum(p.numel() for p in model.parameters()) for model in (free, tied)]
    assert count[0] - count[1] == TGT_VOCAB * EMB


@every_order
def test_dropout_acts_on_reading_and_on_writing_in_training_alone(order):
    decoder, given = build(order, dropout=0.5), material()
    features = torch.randn(BATCH, TGT_LEN, decoder.combine.in_features).double()
    for part, value in ((decoder.read, given[0]), (decoder.write, features)):
        assert not torch.equal(part(value), part(value))
    decoder.eval()
    torch.testing.assert_close(decoder(*given)[0], build(order)(*given)[0])
