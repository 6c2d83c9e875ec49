"""The whole model: encoder, bridge, decoder; three ways to run it, and its loss."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seq2seq_lesson.attention import Attention
from seq2seq_lesson.batches import Batch, check_lengths, mask_from_lengths
from seq2seq_lesson.decoder import AttendAfter, AttendBefore, Decoder, PlainDecoder
from seq2seq_lesson.encoder import Encoder
from seq2seq_lesson.vocabulary import EOS, PAD, SOS

ORDERS: dict[str, Callable[..., Decoder]] = {
    "none": PlainDecoder,
    "before": AttendBefore,
    "after": AttendAfter,
}


@dataclass(frozen=True)
class ModelConfig:
    """All that is needed to build a model; `cell` and `layers` are the encoder's."""

    src_vocab: int
    tgt_vocab: int
    emb: int = 64
    enc_hid: int = 64
    hid: int = 128
    att: int = 64
    cell: str = "gru"
    layers: int = 1
    bidirectional: bool = True
    order: str = "after"
    score: str = "general"
    tied: bool = True
    dropout: float = 0.1
    max_len: int = 32


def best_words(logits: Tensor) -> Tensor:
    """The likeliest word of each step; PAD and SOS, which nobody writes, never win.

    Shapes
        logits: (batch, tgt_len, tgt_vocab) float
        return: (batch, tgt_len) long
    """
    return logits[..., EOS:].argmax(dim=-1) + EOS  # (batch, tgt_len)


def sequence_loss(logits: Tensor, tgt_out: Tensor) -> Tensor:
    """Cross-entropy in nats per real target token: PAD has no part in it.

    Shapes
        logits:  (batch, tgt_len, tgt_vocab) float
        tgt_out: (batch, tgt_len) long
        return:  () float, nats per token
    """
    rows = logits.flatten(0, 1)  # (batch*tgt_len, tgt_vocab)
    return F.cross_entropy(rows, tgt_out.flatten(), ignore_index=PAD)  # ()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """No dropout and no gradients inside; afterwards each part's mode is as before."""
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, training in modes.items():
            part.training = training


class Seq2Seq(nn.Module):
    """Reads a source sentence, writes a target sentence.

    Raises ValueError: `order`, `cell` or `score` is unknown; "dot" and hid is not enc.
    Source: Cho et al. 2014, arXiv:1406.1078, for encoder, decoder and what joins them
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        if config.order not in ORDERS:
            raise ValueError(
                f"order: got {config.order!r}, wanted one of {', '.join(ORDERS)}"
            )
        self.config = config
        self.encoder = Encoder(
            config.src_vocab,
            config.emb,
            config.enc_hid,
            cell=config.cell,
            layers=config.layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
        )
        enc, hid = self.encoder.enc, config.hid
        self.bridge = nn.Linear(enc, hid)
        parts: tuple[int | Attention, ...] = (hid,)
        if config.order != "none":
            attention = Attention(config.score, hid, enc, config.att, config.max_len)
            parts = (enc, hid, attention)
        self.decoder = ORDERS[config.order](
            config.tgt_vocab,
            config.emb,
            *parts,
            tied=config.tied,
            dropout=config.dropout,
        )
        # nn.Embedding draws from N(0, 1). A wide word vector is then so long that a
        # tied output layer is sure of itself at once, and wrong. 4.8: by trial.
        for embedding in (self.encoder.embedding, self.decoder.embedding):
            nn.init.normal_(embedding.weight, std=4.8 / config.emb**0.5)

    def encode(self, src_ids: Tensor, src_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read the source; the decoder's first state is made of the last states.

        Shapes
            src_ids:     (batch, src_len) long
            src_lengths: (batch,) long, on the CPU, in tokens
            enc_states:  (batch, src_len, enc) float, 0 at padding
            dec_state:   (batch, hid) float, between -1 and 1
        Raises ValueError: the source is longer than config.max_len; what came is not a
            tensor of ids and one right length for each row.
        """
        if not isinstance(src_ids, Tensor) or src_ids.dim() != 2:
            shape = getattr(src_ids, "shape", "no shape")
            raise ValueError(
                f"src_ids: got a {type(src_ids).__name__}, {shape}, wanted a tensor "
                "(batch, src_len): take the ids that `pad_ids` makes of sentences"
            )
        check_lengths(src_lengths, len(src_ids))
        if src_ids.shape[1] > self.config.max_len:
            raise ValueError(
                f"src_ids: got {src_ids.shape[1]} tokens (EOS counted), but this model "
                f"reads at most {self.config.max_len}: shorten the sentence, or build "
                "the model with a larger max_len"
            )
        enc_states, h_n = self.encoder(
            src_ids, src_lengths
        )  # (batch, src_len, enc), (layers*directions, batch, enc_hid)
        directions = 2 if self.config.bidirectional else 1
        top = h_n[-directions:]  # (directions, batch, enc_hid)
        top = top.transpose(0, 1).flatten(1)  # (batch, enc)
        dec_state = torch.tanh(self.bridge(top))  # (batch, hid)
        return enc_states, dec_state

    def forward(
        self,
        batch: Batch,
        own_words: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Score every target word.

        At each step after the first, with probability `own_words`, the decoder is
        fed the word it found likeliest itself in place of the true one.
        0: teacher forcing, in one call. 1: free running. Between: scheduled sampling.

        Shapes
            return: (batch, tgt_len, tgt_vocab) float, unbounded
        Raises ValueError: `own_words` is not between 0 and 1.
        Source: Bengio et al. 2015, arXiv:1506.03099, sec. 2.4 (there 1 - epsilon_i)
        """
        if not 0 <= own_words <= 1:
            raise ValueError(f"own_words: got {own_words}, wanted a share from 0 to 1")
        enc_states, dec_state = self.encode(
            batch.src_ids, batch.src_lengths
        )  # (batch, src_len, enc), (batch, hid)
        source = enc_states, batch.src_mask
        if own_words == 0:
            logits, _, _ = self.decoder(batch.tgt_in, dec_state, *source)
            return logits  # (batch, tgt_len, tgt_vocab)
        # Drawn on the CPU: one seed, the same coins on every device.
        draws = torch.rand(batch.tgt_in.shape, generator=generator)  # (batch, tgt_len)
        coins = (draws < own_words).to(batch.tgt_in.device)  # (batch, tgt_len)
        steps: list[Tensor] = []
        for true, coin in zip(batch.tgt_in.split(1, 1), coins.split(1, 1), strict=True):
            own = best_words(steps[-1]) if steps else true  # (batch, 1)
            word = torch.where(coin, own, true)  # (batch, 1)
            logits, dec_state, _ = self.decoder(word, dec_state, *source)
            steps.append(logits)
        return torch.cat(steps, dim=1)  # (batch, tgt_len, tgt_vocab)

    def greedy(
        self, src_ids: Tensor, src_lengths: Tensor, max_len: int
    ) -> tuple[Tensor, Tensor | None]:
        """Write the likeliest word at each step, without dropout, until all wrote EOS.

        Shapes
            ids:     (batch, tgt_len) long, PAD after a row's EOS; tgt_len <= max_len
            weights: (batch, tgt_len, src_len) float, or None without attention
        Raises ValueError: `max_len` is below 1; what `encode` refuses.
        """
        if max_len < 1:
            raise ValueError(
                f"max_len: got {max_len}, wanted at least 1 token to write, EOS counted"
            )
        with evaluating(self):
            enc_states, dec_state = self.encode(
                src_ids, src_lengths
            )  # (batch, src_len, enc), (batch, hid)
            src_mask = mask_from_lengths(
                src_lengths, src_ids.shape[1], src_ids.device
            )  # (batch, src_len)
            word = torch.full_like(src_ids[:, :1], SOS)  # (batch, 1)
            ended = torch.zeros_like(word, dtype=torch.bool)  # (batch, 1)
            ids: list[Tensor] = []
            looks: list[Tensor] = []
            while len(ids) < max_len and not ended.all():
                logits, dec_state, weights = self.decoder(
                    word, dec_state, enc_states, src_mask
                )
                word = best_words(logits).masked_fill(ended, PAD)  # (batch, 1)
                ended = ended | (word == EOS)  # (batch, 1)
                ids.append(word)
                if weights is not None:
                    looks.append(weights)
        return torch.cat(ids, dim=1), torch.cat(looks, dim=1) if looks else None
