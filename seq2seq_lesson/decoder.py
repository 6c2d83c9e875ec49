"""Three decoders: no attention, attention before the cell, attention after it.

All three are called alike, for one step as for a whole target:
    tgt_in:     (batch, tgt_len) long, the words the decoder reads
    dec_state:  (batch, hid) float, the state before the first of them
    enc_states: (batch, src_len, enc) float
    src_mask:   (batch, src_len) bool, True = real token
and give back
    logits:     (batch, tgt_len, tgt_vocab) float, unbounded
    dec_state:  (batch, hid) float, the state after the last word
    weights:    (batch, tgt_len, src_len) float, rows sum to 1; None without attention
"""

import torch
from torch import Tensor, nn

from seq2seq_lesson.attention import Attention

Decoded = tuple[Tensor, Tensor, Tensor | None]  # logits, dec_state, weights


class Decoder(nn.Module):
    """What the three share: how a word is read, and how the next one is written.

    Tied, the output layer's weight is the embedding's own.

    Source: `write`: Luong et al., arXiv:1508.04025, eq. (5) and (6); tying: Press and
        Wolf, arXiv:1608.05859
    """

    def __init__(
        self, tgt_vocab: int, emb: int, features: int, tied: bool, dropout: float
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tgt_vocab, emb)
        self.dropout = nn.Dropout(dropout)
        self.combine = nn.Linear(features, emb)
        self.output = nn.Linear(emb, tgt_vocab)
        if tied:
            self.output.weight = self.embedding.weight

    def read(self, tgt_in: Tensor) -> Tensor:
        return self.dropout(self.embedding(tgt_in))  # (batch, tgt_len, emb)

    def write(self, features: Tensor) -> Tensor:
        combined = torch.tanh(self.combine(features))  # (batch, tgt_len, emb)
        return self.output(self.dropout(combined))  # (batch, tgt_len, tgt_vocab)


class PlainDecoder(Decoder):
    """No attention: all it knows of the source is its first state.

    Source: Sutskever et al. 2014, arXiv:1409.3215, with the GRU of Cho et al. 2014,
        arXiv:1406.1078
    """

    def __init__(
        self, tgt_vocab: int, emb: int, hid: int, *, tied: bool, dropout: float
    ) -> None:
        super().__init__(tgt_vocab, emb, hid, tied, dropout)
        self.rnn = nn.GRU(emb, hid, batch_first=True)

    def forward(
        self, tgt_in: Tensor, dec_state: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> Decoded:
        tgt_emb = self.read(tgt_in)  # (batch, tgt_len, emb)
        first = dec_state.unsqueeze(0)  # (1, batch, hid)
        states, h_n = self.rnn(tgt_emb, first)  # (batch, tgt_len, hid), (1, batch, hid)
        logits = self.write(states)  # (batch, tgt_len, tgt_vocab)
        dec_state = h_n.squeeze(0)  # (batch, hid)
        return logits, dec_state, None


class AttendBefore(Decoder):
    """The last state asks, and what it finds goes into the cell: a loop over steps.

    Source: Bahdanau et al., arXiv:1409.0473, sec. 3.1 and appendix A.2.2; `write` is
        Luong's here, as in the next decoder, whose cell reads less: the word alone.
    """

    def __init__(
        self,
        tgt_vocab: int,
        emb: int,
        enc: int,
        hid: int,
        attention: Attention,
        *,
        tied: bool,
        dropout: float,
    ) -> None:
        super().__init__(tgt_vocab, emb, enc + hid, tied, dropout)
        self.attention = attention
        self.cell = nn.GRUCell(emb + enc, hid)

    def forward(
        self, tgt_in: Tensor, dec_state: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> Decoded:
        steps, looks = [], []
        for word_emb in self.read(tgt_in).unbind(dim=1):
            query = dec_state.unsqueeze(1)  # (batch, 1, hid)
            context, weights = self.attention(
                query, enc_states, src_mask
            )  # (batch, 1, enc), (batch, 1, src_len)
            found = context.squeeze(1)  # (batch, enc)
            cell_in = torch.cat([word_emb, found], dim=-1)  # (batch, emb + enc)
            dec_state = self.cell(cell_in, dec_state)  # (batch, hid)
            steps.append(torch.cat([found, dec_state], dim=-1))
            looks.append(weights)
        features = torch.stack(steps, dim=1)  # (batch, tgt_len, enc + hid)
        weights = torch.cat(looks, dim=1)  # (batch, tgt_len, src_len)
        logits = self.write(features)  # (batch, tgt_len, tgt_vocab)
        return logits, dec_state, weights


class AttendAfter(Decoder):
    """The new state asks, and what it finds helps to write: all steps in one call.

    No step waits for what another found. Luong et al. also feed what was combined
    into the next step ("input feeding"); that would bring the loop back.

    Source: Luong et al., arXiv:1508.04025, sec. 3.1. Chan et al., arXiv:1508.01211,
        eq. (6) to (8), attend after the cell too, and feed the context forward.
    """

    def __init__(
        self,
        tgt_vocab: int,
        emb: int,
        enc: int,
        hid: int,
        attention: Attention,
        *,
        tied: bool,
        dropout: float,
    ) -> None:
        super().__init__(tgt_vocab, emb, enc + hid, tied, dropout)
        self.attention = attention
        self.rnn = nn.GRU(emb, hid, batch_first=True)

    def forward(
        self, tgt_in: Tensor, dec_state: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> Decoded:
        tgt_emb = self.read(tgt_in)  # (batch, tgt_len, emb)
        first = dec_state.unsqueeze(0)  # (1, batch, hid)
        states, h_n = self.rnn(tgt_emb, first)  # (batch, tgt_len, hid), (1, batch, hid)
        context, weights = self.attention(
            states, enc_states, src_mask
        )  # (batch, tgt_len, enc), (batch, tgt_len, src_len)
        features = torch.cat([context, states], dim=-1)  # (batch, tgt_len, enc + hid)
        logits = self.write(features)  # (batch, tgt_len, tgt_vocab)
        dec_state = h_n.squeeze(0)  # (batch, hid)
        return logits, dec_state, weights
