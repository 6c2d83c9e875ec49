"""Writing a sentence one word at a time, and keeping what happened on the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from seq2seq_lesson.attention import Attention
from seq2seq_lesson.batches import pad_ids
from seq2seq_lesson.explorers.sentences import Reader
from seq2seq_lesson.seq2seq import best_words
from seq2seq_lesson.vocabulary import EOS, SOS, SPECIALS

Forced = tuple[tuple[int, str], ...]  # pairs of step (from 1) and word, in order
SHOWN = 5  # of the likeliest words


@dataclass(frozen=True, eq=False)
class Step:
    """One turn of the decoder: a word is read, the next one is written.

    Shapes
        before, after: (hid,) float, the state before and after the word was read
        scores:        (src_len,) float, unbounded; None without attention
        weights:       (src_len,) float, sum to 1; None without attention
    Args
        likeliest:     the five likeliest next words, each with its probability
        chance:        0 to 1, the probability of the word that was written
    """

    read: str
    before: torch.Tensor
    after: torch.Tensor
    scores: torch.Tensor | None
    weights: torch.Tensor | None
    likeliest: tuple[tuple[str, float], ...]
    wrote: str
    chance: float
    forced: bool


@lru_cache(maxsize=64)
@torch.no_grad()
def write(
    reader: Reader, sentence: str, forced: Forced = (), temperature: float = 1
) -> tuple[Step, ...]:
    """Let a model write, greedily but for the words that are forced on it.

    It is `Seq2Seq.greedy`, taken apart. A decoder whose attention shows no score has
    the logarithms of its weights as scores: the softmax makes the weights of them.

    Args
        reader:      a model on the CPU and its two vocabularies
        sentence:    normalised, at least one word, no longer than the model can read
        temperature: what the logits are divided by before the softmax
        return:      a Step for each word written, "<eos>" included if it came
    """
    model, src_vocabulary, tgt_vocabulary = reader
    src_ids, src_lengths = pad_ids([src_vocabulary.encode(sentence)])
    enc_states, state = model.encode(src_ids, src_lengths)
    src_mask = torch.ones_like(src_ids, dtype=torch.bool)
    words, wanted, word_id = tgt_vocabulary.words, dict(forced), SOS
    steps: list[Step] = []
    while word_id != EOS and len(steps) < model.config.max_len:
        before = state
        logits, state, weights = model.decoder(
            torch.tensor([[word_id]]), before, enc_states, src_mask
        )
        read, word_id = words[word_id], int(best_words(logits))
        own = wanted.get(len(steps) + 1)
        if own is not None:
            word_id = words.index(own)
        scores = None
        if weights is not None:
            asks = before if model.config.order == "before" else state
            weights = weights[0, 0]
            scores = weights.clamp(min=1e-9).log()
            attention = getattr(model.decoder, "attention", None)
            if isinstance(attention, Attention):
                scores = attention.score(asks.unsqueeze(1), enc_states)[0, 0]
        chances = (logits[0, 0] / temperature).softmax(dim=-1)
        top = [(words[n], float(chances[n])) for n in chances.topk(SHOWN).indices]
        steps.append(
            Step(
                read,
                before[0],
                state[0],
                scores,
                weights,
                tuple(top),
                words[word_id],
                float(chances[word_id]),
                own is not None,
            )
        )
    return tuple(steps)


def can_be_written(reader: Reader) -> list[str]:
    """The words that may be forced on a model; "<eos>" ends the sentence."""
    tgt_vocabulary = reader[2]
    return [SPECIALS[EOS], *tgt_vocabulary.words[len(SPECIALS) :]]


def text(steps: tuple[Step, ...]) -> str:
    """What was written, without "<eos>"."""
    return " ".join(step.wrote for step in steps if step.wrote != SPECIALS[EOS])
