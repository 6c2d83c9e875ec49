import pytest
import torch
from torch.nn import functional as F

from seq2seq_lesson.attention import (
    SCORES,
    AdditiveScore,
    Attention,
    ConcatScore,
    DotScore,
    GeneralScore,
    PositionScore,
    masked_softmax,
)

BATCH, TGT_LEN, SRC_LEN, HID, ENC, ATT, MAX_LEN = 2, 3, 4, 6, 5, 7, 9
MASK = torch.tensor([[True, True, False, False], [True, True, True, True]])


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def questions(enc: int = ENC) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(BATCH, TGT_LEN, HID), torch.randn(BATCH, SRC_LEN, enc)


@torch.no_grad()
def one_by_one(formula, query, keys) -> torch.Tensor:
    """A score for every pair of vectors, each from the formula by itself."""
    rows = [
        [[formula(h, s, place) for place, s in enumerate(key)] for h in row]
        for row, key in zip(query, keys, strict=True)
    ]
    return torch.tensor(rows)


def test_position_score_is_its_formula():
    score, (query, keys) = PositionScore(HID, MAX_LEN), questions()
    expected = one_by_one(lambda h, s, place: score.W.weight[place] @ h, query, keys)
    torch.testing.assert_close(score(query, keys), expected)


def test_dot_score_is_its_formula():
    query, keys = questions(enc=HID)
    expected = one_by_one(lambda h, s, place: h @ s, query, keys)
    torch.testing.assert_close(DotScore()(query, keys), expected)


def test_general_score_is_its_formula():
    score, (query, keys) = GeneralScore(HID, ENC), questions()
    W = score.W.weight.T
    expected = one_by_one(lambda h, s, place: h @ W @ s, query, keys)
    torch.testing.assert_close(score(query, keys), expected)


def test_concat_score_is_its_formula():
    score, (query, keys) = ConcatScore(HID, ENC, ATT), questions()
    W, v = score.W.weight, score.v.weight[0]
    expected = one_by_one(
        lambda h, s, place: v @ torch.tanh(W @ torch.cat([h, s])), query, keys
    )
    torch.testing.assert_close(score(query, keys), expected)


def test_additive_score_is_its_formula():
    score, (query, keys) = AdditiveScore(HID, ENC, ATT), questions()
    W_q, W_k, v = score.W_q.weight, score.W_k.weight, score.v.weight[0]
    expected = one_by_one(
        lambda h, s, place: v @ torch.tanh(W_q @ h + W_k @ s), query, keys
    )
    torch.testing.assert_close(score(query, keys), expected)


def test_additive_is_concat_with_its_matrix_cut_in_two():
    concat, additive = ConcatScore(HID, ENC, ATT), AdditiveScore(HID, ENC, ATT)
    with torch.no_grad():
        additive.W_q.weight.copy_(concat.W.weight[:, :HID])
        additive.W_k.weight.copy_(concat.W.weight[:, HID:])
        additive.v.weight.copy_(concat.v.weight)
    query, keys = questions()
    torch.testing.assert_close(additive(query, keys), concat(query, keys))


def test_dot_attention_is_torchs_own_without_the_root():
    query, keys = questions(enc=HID)
    context, _ = Attention("dot", HID, HID, ATT, MAX_LEN)(query, keys, MASK)
    expected = F.scaled_dot_product_attention(
        query, keys, keys, attn_mask=MASK.unsqueeze(1), scale=1.0
    )
    torch.testing.assert_close(context, expected)


def test_position_score_is_blind_to_the_keys():
    score, (query, keys) = PositionScore(HID, MAX_LEN), questions()
    assert torch.equal(score(query, keys), score(query, torch.zeros_like(keys)))


def test_position_score_refuses_more_keys_than_it_has_positions():
    query, keys = questions()
    assert PositionScore(HID, SRC_LEN)(query, keys).shape == (BATCH, TGT_LEN, SRC_LEN)
    with pytest.raises(ValueError, match=r"got 4 positions, but .* max_len 3"):
        PositionScore(HID, SRC_LEN - 1)(query, keys)


def test_masked_softmax_is_softmax_over_the_real_words():
    scores = 10 * torch.randn(BATCH, TGT_LEN, SRC_LEN)
    weights = masked_softmax(scores, MASK)
    torch.testing.assert_close(weights[0, :, :2], scores[0, :, :2].softmax(dim=-1))
    torch.testing.assert_close(weights[1], scores[1].softmax(dim=-1))
    assert weights[0, :, 2:].eq(0).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(BATCH, TGT_LEN))


@pytest.mark.parametrize("shape", [(BATCH, SRC_LEN + 1), (1, SRC_LEN), (SRC_LEN,)])
def test_masked_softmax_refuses_a_mask_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"src_mask: got .*, wanted \(2, 4\)"):
        masked_softmax(torch.zeros(BATCH, TGT_LEN, SRC_LEN), torch.ones(shape) > 0)


@pytest.mark.parametrize("score", SCORES)
def test_padding_changes_nothing(score):
    enc = HID if score == "dot" else ENC
    attention = Attention(score, HID, enc, ATT, MAX_LEN).double()
    query, keys = (part.double() for part in questions(enc))
    keys[0, 2:] = 0  # as the encoder leaves padding
    found, weights = attention(query, keys, MASK)
    wide_keys = torch.cat([keys, torch.randn(BATCH, 3, enc).double()], dim=1)
    wide_mask = torch.cat([MASK, torch.zeros(BATCH, 3, dtype=torch.bool)], dim=1)
    wide_found, wide_weights = attention(query, wide_keys, wide_mask)
    torch.testing.assert_close(wide_found, found)
    torch.testing.assert_close(wide_weights[..., :SRC_LEN], weights)
    assert wide_weights[..., SRC_LEN:].eq(0).all()
    alone, _ = attention(query[:1], keys[:1, :2], MASK[:1, :2])
    torch.testing.assert_close(found[:1], alone)
    torch.testing.assert_close(found, torch.einsum("bts,bse->bte", weights, keys))


@pytest.mark.parametrize("score", SCORES)
def test_steps_do_not_know_each_other(score):
    enc = HID if score == "dot" else ENC
    attention = Attention(score, HID, enc, ATT, MAX_LEN)
    query, keys = questions(enc)
    together = attention(query, keys, MASK)
    for step in range(TGT_LEN):
        one = attention(query[:, step : step + 1], keys, MASK)
        for whole, single in zip(together, one, strict=True):
            torch.testing.assert_close(whole[:, step : step + 1], single)


def test_an_unknown_score_is_refused_with_the_known_ones():
    known = "position, dot, general, concat, additive"
    with pytest.raises(ValueError, match=f"got 'luong', wanted one of {known}"):
        Attention("luong", HID, ENC, ATT, MAX_LEN)


def test_dot_is_refused_where_query_and_keys_differ_in_size():
    with pytest.raises(ValueError, match="hid = 6 and enc = 5: set hid = 5, or take"):
        Attention("dot", HID, ENC, ATT, MAX_LEN)
