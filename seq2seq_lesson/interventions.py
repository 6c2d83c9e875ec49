"""Interventions: put other weights in the place of attention's own, and see.

A change is a function of the weights that attention has just computed:
    weights:  (batch, tgt_len, src_len) float, rows sum to 1
    src_mask: (batch, src_len) bool, True = real token
    step:     how many words were written before the first of these rows
    return:   (batch, tgt_len, src_len) float, the weights to be used instead
While `intervened(model, change)` lasts, the model reads with those; nothing else in it
is touched, and afterwards it is as it was. `needs` changes what is read instead: it
hides one word after the other.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.translation import Translation, log_probs
from seq2seq_lesson.vocabulary import UNK, Vocabulary

Change = Callable[[Tensor, Tensor, int], Tensor]


class Changed:
    """What takes the place of an attention's `forward`, `look`: its weights change.

    Raises ValueError: the change gives back weights of another shape.
    Source: after Jain and Wallace, arXiv:1902.10186, who do so with classifiers
    """

    def __init__(self, look: Callable, change: Change) -> None:
        self.look, self.change = look, change
        self.step, self.used = 0, False

    def begin(self, *_: object) -> None:
        """A new batch was read, so writing begins anew."""
        self.step = 0

    def forward(
        self, query: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        self.used = True
        _, weights = self.look(query, enc_states, src_mask)
        wanted = weights.shape
        weights = self.change(weights, src_mask, self.step)  # (batch, tgt_len, src_len)
        if weights.shape != wanted:
            raise ValueError(
                f"change: gave weights of shape {tuple(weights.shape)}, wanted "
                f"{tuple(wanted)}: a row a written word, a column a word read"
            )
        self.step += wanted[1]
        context = weights @ enc_states  # (batch, tgt_len, enc)
        return context, weights


@contextmanager
def intervened(model: Seq2Seq, change: Change) -> Iterator[None]:
    """While this lasts, the model's decoder reads with the changed weights.

    Only the attention's `forward` is replaced, so every parameter keeps its name: a
    checkpoint saved meanwhile is one of the model.

    Raises ValueError: the model has no attention, or its decoder never called it.
    """
    attention = getattr(model.decoder, "attention", None)
    if attention is None:
        raise ValueError(
            "model: got one without attention (order 'none'), which has no weights to "
            "change: take order 'before' or 'after'"
        )
    outer = vars(attention).get("forward")  # where another change is going on already
    changed = Changed(attention.forward, change)
    hook = model.encoder.register_forward_hook(changed.begin)
    attention.forward = changed.forward
    try:
        yield
    finally:
        hook.remove()
        del attention.forward
        if outer is not None:
            attention.forward = outer
    if not changed.used:
        raise ValueError(
            "change: it was never applied, for meanwhile the decoder of this model did "
            "not call its `attention`: let this very model write inside the `with`, "
            "and let its decoder take context and weights from `self.attention(...)`"
        )


def identity(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
    """The weights as they are: no output may differ by a single bit."""
    return weights  # (batch, tgt_len, src_len)


def uniform(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
    """The same weight for each real word."""
    real = src_mask.unsqueeze(1).to(weights.dtype)  # (batch, 1, src_len)
    share = real / real.sum(dim=-1, keepdim=True)  # (batch, 1, src_len)
    return share.expand_as(weights)  # (batch, tgt_len, src_len)


def hardened(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
    """All weight to the word that had most; of several, to the first."""
    best = weights.argmax(dim=-1, keepdim=True)  # (batch, tgt_len, 1)
    return torch.zeros_like(weights).scatter(-1, best, 1)  # (batch, tgt_len, src_len)


def shuffled(seed: int) -> Change:
    """The same numbers, dealt anew in each row among the real words of its sentence.

    The cards come from one generator, on the CPU: alike on every device. It goes on
    from batch to batch: to deal the same again, make the change anew and hand in the
    same batches.
    """
    generator = torch.Generator().manual_seed(seed)

    def change(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        drawn = torch.rand(weights.shape, generator=generator)
        cards = drawn.to(weights.device)  # (batch, tgt_len, src_len)
        padding = ~src_mask.unsqueeze(1)  # (batch, 1, src_len)
        deal = cards.masked_fill(padding, 2).argsort(-1)  # (batch, tgt_len, src_len)
        return weights.gather(-1, deal)  # (batch, tgt_len, src_len)

    return change


def position_only(translations: Sequence[Translation]) -> Change:
    """What these translations looked at on average, whatever words stand there.

    The mean is over all sentences of the same length, row by row: it knows how long
    the source is and how many words are written. Where none can tell, it is uniform.

    Raises ValueError: there is no translation, or one has no weights.
    """
    maps = [t.weights for t in translations if t.weights is not None]
    if not maps or len(maps) < len(translations):
        raise ValueError(
            f"translations: got {len(translations)}, wanted at least one, all by a "
            "model with attention: hand in what `translate_forced` gives"
        )
    steps = max(len(weights) for weights in maps)
    longest = max(weights.shape[1] for weights in maps)
    sums = torch.zeros(longest + 1, steps, longest)  # (lengths, steps, longest)
    for weights in maps:
        rows, columns = weights.shape
        sums[columns, :rows, :columns] += weights
    seen = sums.sum(dim=-1, keepdim=True)  # (lengths, steps, 1)
    means = sums / seen.clamp(min=1)  # (lengths, steps, longest)

    def change(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
        tgt_len = weights.shape[1]
        table = torch.zeros_like(weights)  # (batch, tgt_len, src_len)
        for n, length in enumerate(src_mask.sum(dim=1).tolist()):
            if length <= longest:
                rows = means[length, step : step + tgt_len, :length].to(table.device)
                table[n, : len(rows), :length] = rows
        unknown = table.sum(dim=-1, keepdim=True) == 0  # (batch, tgt_len, 1)
        even = uniform(weights, src_mask, step)  # (batch, tgt_len, src_len)
        return torch.where(unknown, even, table)  # (batch, tgt_len, src_len)

    return change


def needs(
    model: Seq2Seq,
    pair: SentencePair,
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
) -> Tensor:
    """What each target word loses in log-probability when a source word is hidden.

    One source word at a time is replaced by UNK, so the sentence stays as long as it
    was and every other word stays in its place. EOS takes no part.

    Shapes
        return: (tgt_words, src_words) float, in nats, on the CPU; above 0: less likely
    Source: Li, Monroe and Jurafsky, arXiv:1612.08220 (erasure); putting UNK is ours
    """
    ((source, target),) = encode_pairs([pair], src_vocabulary, tgt_vocabulary)
    words = range(len(source) - 1)
    hidden = [[*source[:n], UNK, *source[n + 1 :]] for n in words]
    readings = [(ids, target) for ids in [source, *hidden]]
    chosen = log_probs(model, readings)  # (readings, tgt_len)
    losses = chosen[0] - chosen[1:]  # (src_words, tgt_len)
    return losses.T[:-1]  # (tgt_words, src_words)
