"""Attention: score every source word, turn scores into weights, take the mean.

A score is called with
    query: (batch, tgt_len, hid) float, what the decoder asks with
    keys:  (batch, src_len, enc) float, what it asks of: the encoder's states
and gives back
    scores: (batch, tgt_len, src_len) float, unbounded
In the formulas s is a query and h a key (Luong et al. write h for the query).
"""

import torch
from torch import Tensor, nn


def masked_softmax(scores: Tensor, src_mask: Tensor) -> Tensor:
    """Turn scores into weights that ignore padding.

    Shapes
        scores:   (batch, tgt_len, src_len) float, unbounded
        src_mask: (batch, src_len) bool, True = real token
        return:   (batch, tgt_len, src_len) float, rows sum to 1, exactly 0 at padding
    Raises ValueError: the shapes differ. (A row without a real token is refused where
        batches are made, once, not here at every step.)
    Source: Bahdanau et al., arXiv:1409.0473, eq. (6); the mask is ours.
    """
    batch, _, src_len = scores.shape
    if src_mask.shape != (batch, src_len):
        raise ValueError(
            f"src_mask: got {tuple(src_mask.shape)}, wanted {(batch, src_len)} to fit "
            "the scores: take both from the same batch"
        )
    padding = ~src_mask.unsqueeze(1)  # (batch, 1, src_len)
    scores = scores.masked_fill(padding, float("-inf"))  # (batch, tgt_len, src_len)
    return scores.softmax(dim=-1)  # (batch, tgt_len, src_len)


class PositionScore(nn.Module):
    """W s: one score for each position, whatever word stands there.

    The keys lend their number only, so this score cannot follow a word that moves.

    Raises ValueError: src_len is above max_len, the number of positions it has.
    Source: Luong et al., arXiv:1508.04025, eq. (8), there called location. Article A's
        score is of this kind, with the embedded word in the query too.
    """

    def __init__(self, hid: int, max_len: int) -> None:
        super().__init__()
        self.W = nn.Linear(hid, max_len, bias=False)

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        src_len, max_len = keys.shape[1], self.W.out_features
        if src_len > max_len:
            raise ValueError(
                f"keys: got {src_len} positions, but a position score of max_len "
                f"{max_len} has no more than that: shorten the source or raise max_len"
            )
        return self.W(query)[..., :src_len]  # (batch, tgt_len, src_len)


class DotScore(nn.Module):
    """s · h: as large as query and key point the same way; needs hid = enc.

    Source: Luong et al., arXiv:1508.04025, sec. 3.1, "dot"
    """

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        return query @ keys.transpose(1, 2)  # (batch, tgt_len, src_len)


class GeneralScore(nn.Module):
    """s · W h: a dot product after a learned change of coordinates.

    Source: Luong et al., arXiv:1508.04025, sec. 3.1, "general"
    """

    def __init__(self, hid: int, enc: int) -> None:
        super().__init__()
        self.W = nn.Linear(hid, enc, bias=False)

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        projected = self.W(query)  # (batch, tgt_len, enc)
        return projected @ keys.transpose(1, 2)  # (batch, tgt_len, src_len)


class ConcatScore(nn.Module):
    """v · tanh(W [s; h]): a small network reads query and key side by side.

    Source: Luong et al., arXiv:1508.04025, sec. 3.1, "concat"
    """

    def __init__(self, hid: int, enc: int, att: int) -> None:
        super().__init__()
        self.W = nn.Linear(hid + enc, att, bias=False)
        self.v = nn.Linear(att, 1, bias=False)

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        tgt_len, src_len = query.shape[1], keys.shape[1]
        both = torch.cat(
            [
                query.unsqueeze(2).expand(-1, -1, src_len, -1),
                keys.unsqueeze(1).expand(-1, tgt_len, -1, -1),
            ],
            dim=-1,
        )  # (batch, tgt_len, src_len, hid + enc)
        features = torch.tanh(self.W(both))  # (batch, tgt_len, src_len, att)
        return self.v(features).squeeze(-1)  # (batch, tgt_len, src_len)


class AdditiveScore(nn.Module):
    """v · tanh(W_q s + W_k h): what concat computes, with W cut in two.

    Source: Bahdanau et al., arXiv:1409.0473, appendix A.1.2 (W_a and U_a there)
    """

    def __init__(self, hid: int, enc: int, att: int) -> None:
        super().__init__()
        self.W_q = nn.Linear(hid, att, bias=False)
        self.W_k = nn.Linear(enc, att, bias=False)
        self.v = nn.Linear(att, 1, bias=False)

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        query_proj = self.W_q(query).unsqueeze(2)  # (batch, tgt_len, 1, att)
        keys_proj = self.W_k(keys).unsqueeze(1)  # (batch, 1, src_len, att)
        features = torch.tanh(query_proj + keys_proj)  # (batch, tgt_len, src_len, att)
        return self.v(features).squeeze(-1)  # (batch, tgt_len, src_len)


SCORES = {
    "position": lambda hid, enc, att, max_len: PositionScore(hid, max_len),
    "dot": lambda hid, enc, att, max_len: DotScore(),
    "general": lambda hid, enc, att, max_len: GeneralScore(hid, enc),
    "concat": lambda hid, enc, att, max_len: ConcatScore(hid, enc, att),
    "additive": lambda hid, enc, att, max_len: AdditiveScore(hid, enc, att),
}


class Attention(nn.Module):
    """Scores, weights, and the mean of the encoder's states under those weights.

    Shapes
        query:      (batch, tgt_len, hid) float
        enc_states: (batch, src_len, enc) float
        src_mask:   (batch, src_len) bool, True = real token
        context:    (batch, tgt_len, enc) float
        weights:    (batch, tgt_len, src_len) float, rows sum to 1, 0 at padding
    Raises ValueError: `score` is unknown, or is "dot" although hid and enc differ.
    Source: Bahdanau et al., arXiv:1409.0473, eq. (5) and (6)
    """

    def __init__(self, score: str, hid: int, enc: int, att: int, max_len: int) -> None:
        super().__init__()
        if score not in SCORES:
            raise ValueError(f"score: got {score!r}, wanted one of {', '.join(SCORES)}")
        if score == "dot" and hid != enc:
            raise ValueError(
                f"score: 'dot' needs hid = enc, got hid = {hid} and enc = {enc}: "
                f"set hid = {enc}, or take 'general'"
            )
        self.score = SCORES[score](hid, enc, att, max_len)

    def forward(
        self, query: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        scores = self.score(query, enc_states)  # (batch, tgt_len, src_len)
        weights = masked_softmax(scores, src_mask)  # (batch, tgt_len, src_len)
        context = weights @ enc_states  # (batch, tgt_len, enc)
        return context, weights
