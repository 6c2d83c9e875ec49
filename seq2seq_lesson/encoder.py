"""The encoder: reads a sentence and leaves one state behind for every word."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq_lesson.batches import mask_from_lengths

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}


class DensePrenet(nn.Module):
    """A dense layer on each word by itself.

    Shapes
        src_emb: (batch, src_len, emb) float
        return:  (batch, src_len, out_features) float, from 0 up
    Source: the dense layers before the recurrence in article B
    """

    def __init__(self, emb: int, out_features: int) -> None:
        super().__init__()
        self.out_features = out_features
        self.dense = nn.Linear(emb, out_features)

    def forward(self, src_emb: Tensor) -> Tensor:
        return torch.relu(self.dense(src_emb))  # (batch, src_len, out_features)


class ConvPrenet(nn.Module):
    """A convolution over each word and its two neighbours; beyond the ends lie zeros.

    Shapes
        src_emb: (batch, src_len, emb) float, 0 at padding
        return:  (batch, src_len, out_features) float, from 0 up
    Source: the convolutions before the recurrence that article B speaks of
    """

    def __init__(self, emb: int, out_features: int) -> None:
        super().__init__()
        self.out_features = out_features
        self.conv = nn.Conv1d(emb, out_features, kernel_size=3, padding=1)

    def forward(self, src_emb: Tensor) -> Tensor:
        channels = src_emb.transpose(1, 2)  # (batch, emb, src_len)
        features = torch.relu(self.conv(channels))  # (batch, out_features, src_len)
        return features.transpose(1, 2)  # (batch, src_len, out_features)


class Encoder(nn.Module):
    """Word ids in, one state for each word and the last states out.

    Padding is never read: a sentence gets the same states alone and in any batch.

    Shapes
        src_ids:     (batch, src_len) long
        src_lengths: (batch,) long, on the CPU, in tokens
        enc_states:  (batch, src_len, enc) float, 0 at padding
        h_n:         (layers*directions, batch, enc_hid) float; of an LSTM h_n alone
    Raises ValueError: `cell` is unknown; a length does not fit the columns.
    Source: Cho et al. 2014, arXiv:1406.1078 (the GRU); Bahdanau et al.,
        arXiv:1409.0473, sec. 3.2 (both directions); article B (the prenet)
    """

    def __init__(
        self,
        src_vocab: int,
        emb: int,
        enc_hid: int,
        *,
        cell: str = "gru",
        layers: int = 1,
        bidirectional: bool = False,
        prenet: nn.Module | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"cell: got {cell!r}, wanted one of {', '.join(CELLS)}")
        self.enc = enc_hid * (2 if bidirectional else 1)
        self.embedding = nn.Embedding(src_vocab, emb)
        self.dropout = nn.Dropout(dropout)
        self.prenet = prenet or nn.Identity()
        self.rnn = CELLS[cell](
            prenet.out_features if prenet else emb,
            enc_hid,
            layers,
            batch_first=True,
            bidirectional=bidirectional,
        )

    def forward(self, src_ids: Tensor, src_lengths: Tensor) -> tuple[Tensor, Tensor]:
        src_len = src_ids.shape[1]
        src_mask = mask_from_lengths(
            src_lengths, src_len, src_ids.device
        )  # (batch, src_len)
        src_emb = self.dropout(self.embedding(src_ids))  # (batch, src_len, emb)
        # A convolution looks at its neighbours: padding must hold nothing to see.
        src_emb = src_emb * src_mask.unsqueeze(-1)  # (batch, src_len, emb)
        features = self.prenet(src_emb)  # (batch, src_len, features)
        if src_lengths.min() == src_len:  # nothing is padded
            enc_states, h_n = self.rnn(features)
        else:
            packed = pack_padded_sequence(
                features, src_lengths, batch_first=True, enforce_sorted=False
            )  # packed (tokens, features)
            packed_states, h_n = self.rnn(packed)
            enc_states, _ = pad_packed_sequence(
                packed_states, batch_first=True, total_length=src_len
            )  # (batch, src_len, enc), (batch,)
        if isinstance(h_n, tuple):  # an LSTM's last state has two parts
            h_n = h_n[0]  # (layers*directions, batch, enc_hid)
        return enc_states, h_n
