"""A beam search, which can say what it kept and dropped, or make a usual mistake.

Source
    Beams in translation: Sutskever et al. 2014, arXiv:1409.3215, sec. 3.2.
"""

from __future__ import annotations

import math

import torch

from seq2seq_lesson.batches import pad_ids
from seq2seq_lesson.seq2seq import Seq2Seq, evaluating
from seq2seq_lesson.vocabulary import EOS, SOS

Found = tuple[list[int] | None, float]  # the ids, EOS last, and their log-probability
Turn = list[tuple[list[int], float]]  # a step's likeliest: ids so far, log-probability


def search(
    model: Seq2Seq,
    source: list[int],
    width: int,
    wrong: str = "",
    turns: list[Turn] | None = None,
) -> Found:
    """The likeliest target that a beam of this width finds; None if none was ended.

    Each step keeps the `width` likeliest of all continuations. Those that end leave the
    beam and keep their score. `wrong` names a usual mistake to be made. `turns` is
    filled with twice as many of each step as are kept, the likeliest first.

    Raises
        ValueError: `width` is below 1.
    """
    if width < 1:
        raise ValueError(f"width: got {width}, wanted at least 1: 1 is greedy")
    with evaluating(model):
        return _search(model, source, width, wrong, turns)


def _search(
    model: Seq2Seq,
    source: list[int],
    width: int,
    wrong: str,
    turns: list[Turn] | None,
) -> Found:
    src_ids, src_lengths = pad_ids([source])  # (1, src_len), (1,)
    src_ids = src_ids.to(next(model.parameters()).device)
    enc_states, state = model.encode(src_ids, src_lengths)
    mask = torch.ones_like(src_ids, dtype=torch.bool)  # (1, src_len)
    beam = [([SOS], 0.0)]
    best: Found = None, -math.inf
    for _ in range(model.config.max_len):
        size = len(beam)
        last = torch.tensor([ids[-1:] for ids, _ in beam]).to(mask.device)  # (beam, 1)
        read = enc_states.expand(size, -1, -1), mask.expand(size, -1)
        logits, state, _ = model.decoder(last, state, *read)
        logits = logits[:, 0].cpu()  # (beam, tgt_vocab)
        totals = torch.tensor([total for _, total in beam]).unsqueeze(1)  # (beam, 1)
        if wrong == "barred":
            logits[:, :EOS] = -math.inf
        sums = logits if wrong == "logits" else logits.log_softmax(dim=-1)
        sums = sums if wrong == "last" else totals + sums  # (beam, tgt_vocab)
        sums[:, :EOS] = -math.inf  # PAD and SOS are never written
        top = sums.flatten().topk(min(width, sums.numel()))
        if turns is not None:
            more = sums.flatten().topk(min(2 * width, sums.numel()))
            found = zip(more.indices.tolist(), more.values.tolist(), strict=True)
            turns.append(
                [
                    ([*beam[row][0][1:], word], total)
                    for place, total in found
                    for row, word in [divmod(place, sums.shape[1])]
                ]
            )
        grown: Turn = []
        rows: list[int] = []
        for place, total in zip(top.indices.tolist(), top.values.tolist(), strict=True):
            row, word = divmod(place, sums.shape[1])
            if word != EOS:
                grown.append(([*beam[row][0], word], total))
                rows.append(len(rows) if wrong == "state" else row)
            elif total > best[1]:
                best = [*beam[row][0][1:], EOS], total
        done = not grown or (best[0] if wrong == "first" else grown[0][1] <= best[1])
        if done:
            break
        beam = grown
        if wrong != "sizes":
            state = state[[min(row, size - 1) for row in rows]]
    return best
