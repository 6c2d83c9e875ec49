"""The adversary: other weights, as far away as can be found, and the same words.

Source
    Jain and Wallace, arXiv:1902.10186, sec. 4.2.2, who do so with classifiers of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq_lesson.batches import collate
from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.interventions import intervened
from seq2seq_lesson.seq2seq import Seq2Seq, best_words
from seq2seq_lesson.vocabulary import PAD, Vocabulary

ROOM = 0.05  # so much probability may move at each written word
PRICE = 100.0  # of what moves beyond it


class Maps(NamedTuple):
    """A sentence's own weights, the adversary's, and whether every word stayed.

    Shapes
        own, other: (tgt_len, src_len) float, rows sum to 1, on the CPU, EOS included
    """

    own: Tensor
    other: Tensor
    kept: bool


def total_variation(first: Tensor, second: Tensor) -> Tensor:
    """How much of one spread must be moved to make the other: 0 none, 1 all of it.

    Shapes
        first, second: (..., places) float, rows sum to 1
        return:        (...) float, 0 to 1
    """
    return (first - second).abs().sum(dim=-1) / 2


def divergence(first: Tensor, second: Tensor) -> Tensor:
    """Jensen and Shannon's, in nats: how easily are two spreads told apart?

    Shapes
        first, second: (..., places) float, rows sum to 1
        return:        (...) float, 0 to log 2
    Source
        Lin, IEEE Transactions on Information Theory 37(1), 1991
    """
    middle = (first + second) / 2
    parts = [
        (spread * (spread.clamp(min=1e-9) / middle.clamp(min=1e-9)).log()).sum(dim=-1)
        for spread in (first, second)
    ]
    return (parts[0] + parts[1]) / 2


def adversary(
    model: Seq2Seq,
    pairs: Sequence[SentencePair],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    *,
    steps: int = 400,
    seed: int = 0,
) -> list[Maps]:
    """Look for weights far from the model's own that leave the written words alone.

    The model is frozen; free are the scores of every row, before the softmax, drawn
    with the seed. Adam makes the rows' divergence from the model's own large, with a
    price on what the words' probabilities move by. The targets, which should be what
    the model writes, are fed as they are; a sentence is kept if each of its words is
    still the likeliest, so that greedy decoding under these weights writes it again.

    Raises
        ValueError: the model has no attention.
    """
    device = next(model.parameters()).device
    batch = collate(encode_pairs(pairs, src_vocabulary, tgt_vocabulary)).to(device)
    tgt_len = batch.tgt_in.shape[1]
    real = batch.tgt_out != PAD  # (batch, tgt_len)
    padding = ~batch.src_mask.unsqueeze(1)  # (batch, 1, src_len)
    seen: list[Tensor] = []

    def keep(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        seen.append(weights)
        return weights  # (batch, tgt_len, src_len)

    model.eval()
    with torch.no_grad(), intervened(model, keep):
        before = model(batch).softmax(dim=-1)  # (batch, tgt_len, tgt_vocab)
        enc_states, dec_state = model.encode(batch.src_ids, batch.src_lengths)
    own = torch.cat(seen, dim=1)  # (batch, tgt_len, src_len)
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(own.shape, generator=generator).to(device)
    scores.requires_grad_()  # (batch, tgt_len, src_len)
    optimizer = torch.optim.Adam([scores], lr=0.1)

    def rows() -> Tensor:
        hidden = scores.masked_fill(padding, float("-inf"))
        return hidden.softmax(dim=-1)  # (batch, tgt_len, src_len)

    def write(other: Tensor) -> Tensor:
        def put(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
            first = step % tgt_len
            return other[:, first : first + weights.shape[1]]

        with intervened(model, put):
            logits, _, _ = model.decoder(
                batch.tgt_in, dec_state, enc_states, batch.src_mask
            )
        return logits  # (batch, tgt_len, tgt_vocab)

    for _ in range(steps):
        other = rows()  # (batch, tgt_len, src_len)
        after = write(other).softmax(dim=-1)  # (batch, tgt_len, tgt_vocab)
        moved = (total_variation(before, after) - ROOM).clamp(min=0)
        gain = divergence(own, other) - PRICE * moved  # (batch, tgt_len)
        optimizer.zero_grad()
        (-gain[real].sum()).backward(inputs=[scores])
        optimizer.step()
    with torch.no_grad():
        other = rows()  # (batch, tgt_len, src_len)
        same = best_words(write(other)) == batch.tgt_out  # (batch, tgt_len)
    kept = (same | ~real).all(dim=1).tolist()
    return [
        Maps(own[n, :tall, :wide].cpu(), other[n, :tall, :wide].cpu(), kept[n])
        for n, (tall, wide) in enumerate(
            zip(real.sum(dim=1).tolist(), batch.src_lengths.tolist(), strict=True)
        )
    ]


def aimed(
    model: Seq2Seq,
    pair: SentencePair,
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    share: float,
    room: float = 1.0,
) -> Maps:
    """Aim each row at one other cell, and leave its word alone; no more is asked.

    The cell gets `share` of the row's weight, the row's own brightest one the rest.
    Every cell is tried. Of those with which the word stays the likeliest, and no more
    than `room` of its step's probabilities moves, the row takes the one that leaves the
    word the most; if there is none, it stays as it was. A decoder that asks after its
    step uses a row for that row's word alone, so each row has an answer of its own.
    """
    device = next(model.parameters()).device
    (example,) = encode_pairs([pair], src_vocabulary, tgt_vocabulary)
    batch = collate([example] * len(example[0])).to(device)  # a copy for each cell
    cells = torch.arange(len(example[0]), device=device).view(-1, 1)  # (batch, 1)
    seen: list[Tensor] = []

    def aim(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        own = weights.argmax(dim=-1, keepdim=True)  # (batch, tgt_len, 1)
        other = cells.unsqueeze(1).expand_as(own)  # (batch, tgt_len, 1)
        rows = torch.zeros_like(weights).scatter(-1, own, 1 - share)
        rows = rows.scatter_add(-1, other, torch.full_like(weights[..., :1], share))
        seen.extend((weights, rows))
        return rows  # (batch, tgt_len, src_len)

    model.eval()
    with torch.no_grad():
        before = model(batch).softmax(dim=-1)  # (batch, tgt_len, tgt_vocab)
        with intervened(model, aim):
            after = model(batch).softmax(dim=-1)  # (batch, tgt_len, tgt_vocab)
    weights, rows = seen  # each (batch, tgt_len, src_len)
    left = after.gather(-1, batch.tgt_out.unsqueeze(-1)).squeeze(-1)  # (batch, tgt_len)
    fits = best_words(after) == batch.tgt_out  # (batch, tgt_len)
    fits &= total_variation(before, after) <= room
    fits &= weights.argmax(dim=-1) != cells
    best = (left * fits).argmax(dim=0)  # (tgt_len)
    taken = rows[best, torch.arange(len(best), device=device)]  # (tgt_len, src_len)
    other = torch.where(fits.any(dim=0).unsqueeze(-1), taken, weights[0])
    return Maps(weights[0].cpu(), other.cpu(), kept=True)


def apart(maps: Sequence[Maps]) -> tuple[float, float, float]:
    """How many sentences were kept, and how far their maps are apart, as shares.

    Return the share kept; of those the mean total variation of a row, and the share of
    rows whose brightest cell is another.

    Raises
        ValueError: no sentence was kept.
    """
    kept = [found for found in maps if found.kept]
    if not kept:
        raise ValueError(
            f"maps: got {len(maps)}, of which none kept its words: there is nothing "
            "to compare; take other sentences, or fewer"
        )
    far = [total_variation(found.own, found.other) for found in kept]
    moved = [found.own.argmax(1) != found.other.argmax(1) for found in kept]
    share = len(kept) / len(maps)
    return share, float(torch.cat(far).mean()), float(torch.cat(moved).float().mean())
