"""The gradient's picture: what would a small step of a word towards <unk> change?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product

import torch
from torch import Tensor, nn

from seq2seq_lesson.batches import collate
from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.vocabulary import UNK, Vocabulary


@contextmanager
def differentiable(model: Seq2Seq) -> Iterator[None]:
    """No dropout, and yet gradients: cuDNN's recurrent layers must be in training."""
    modes = {part: part.training for part in model.modules()}
    model.eval()
    for part in model.modules():
        if isinstance(part, nn.RNNBase):  # the dropout stands beside it, not in it
            part.train()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


def gradient_map(
    model: Seq2Seq,
    pair: SentencePair,
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    at: Sequence[float] = (1.0,),
) -> Tensor:
    """Gradient times input: a straight line's guess at what hiding a word would cost.

    One source word at a time stands on the way from <unk> (0) to itself (1), at each of
    the places `at`. The gradient of a target word's log-probability there, times the
    whole way from <unk> to the word, is averaged over the places. At 1 alone that is
    gradient times input, with <unk> for zero; at many places, evenly spread from 0 to
    1, it is the integrated gradient, which equals `interventions.needs`.

    Shapes
        return: (tgt_words, src_words) float, in nats, on the CPU
    Source
        Sundararajan, Taly and Yan, arXiv:1703.01365, eq. (1); word by word is ours
    """
    ((source, target),) = encode_pairs([pair], src_vocabulary, tgt_vocabulary)
    size = len(target) - 1, len(source) - 1, len(at)
    told = torch.tensor([*product(*map(range, size))])  # (rows, 3)
    row, (step, word, place) = torch.arange(len(told)), told.unbind(dim=1)
    device = next(model.parameters()).device
    batch = collate([(source, target)] * len(told)).to(device)
    embedding = model.encoder.embedding
    src_emb = embedding(batch.src_ids).detach()  # (rows, src_len, emb)
    unknown = embedding.weight[UNK].detach()  # (emb)
    way = src_emb[row, word] - unknown  # (rows, emb)
    share = torch.tensor(at).to(way)[place].unsqueeze(1)  # (rows, 1)
    src_emb[row, word] = unknown + share * way
    src_emb.requires_grad_()
    hook = embedding.register_forward_hook(lambda *_: src_emb)
    try:
        with differentiable(model):
            log_probs = model(batch).log_softmax(dim=-1)  # (rows, tgt_len, tgt_vocab)
    finally:
        hook.remove()
    true = torch.tensor(target)[step].to(device)  # (rows)
    chosen = log_probs[row, step, true]  # (rows)
    (slopes,) = torch.autograd.grad(chosen.sum(), src_emb)
    gains = (slopes[row, word] * way).sum(dim=-1)  # (rows)
    return gains.view(size).mean(dim=-1).cpu()  # (tgt_words, src_words)
