"""The check of notebook 03's exercise 3.6: let a decoder speak.

Source
    ours
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq_lesson.attention import Attention
from seq2seq_lesson.decoder import AttendAfter, AttendBefore
from seq2seq_lesson.exercises import Verdict, judge, lend
from seq2seq_lesson.exercises.comparing import describe, difference
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.vocabulary import EOS, PAD, SOS

PATIENCE = 50  # words; a right answer writes nine at most


def write_greedily(attempt: object) -> Verdict:
    """A decoder's own sentence, the likeliest word each time. (exercise 3.6)"""

    def write(model, dec_state, enc_states, src_mask, max_len, wrong=""):
        word, ids = SOS, []
        while len(ids) < max_len and (EOS not in ids or wrong == "end"):
            tgt_in = torch.tensor([[word]])  # (1, 1)
            logits, state, _ = model(tgt_in, dec_state, enc_states, src_mask)
            dec_state = dec_state if wrong == "state" else state  # (1, hid)
            ids.append(logits.argmax().item())
            word = SOS if wrong == "word" else ids[-1]
        return ids

    def draw(rng: random.Random) -> dict[str, Any]:
        src_len, emb, hid, enc = rng.sample(range(3, 9), 4)
        look = Attention("general", hid, enc, att=3, max_len=9)
        order, max_len = rng.choice([AttendAfter, AttendBefore]), rng.randint(5, 9)
        model = order(9, emb, enc, hid, look, tied=False, dropout=0.0)
        for part in model.parameters():
            nn.init.normal_(part, std=1.5)
        model.output.bias.data[[PAD, SOS, EOS]] = -100.0  # not to be written
        source = torch.randn(1, src_len, enc), torch.ones(1, src_len) > 0
        dec_state = torch.randn(1, hid)
        ids = torch.tensor([[SOS, *write(model, dec_state, *source, max_len)]])
        logits = model(ids[:, :-1], dec_state, *source)[0][0]  # (steps, tgt_vocab)
        lead = logits[:, EOS] - logits.max(dim=1).values  # (steps,)
        if rng.random() < 0.8:  # <eos> shall win where it leads most; else: cut off
            model.output.bias.data[EOS] -= lead.topk(2).values.mean()
        if not 1 < lead.argmax() < max_len - 1:
            return draw(rng)
        model.register_forward_pre_hook(_watch)
        names = ("model", "dec_state", "enc_states", "src_mask", "max_len")
        return dict(zip(names, (model, dec_state, *source, max_len), strict=True))

    def fault(answer: Any, *arguments: Any) -> str:
        answer = list(answer) if isinstance(answer, tuple | Tensor) else answer
        return difference(answer, write(*arguments))

    def counting(other: int) -> Callable:
        return lambda *arguments: write(*arguments[:-1], arguments[-1] + other)

    todo = "return the list of the ids written, <eos> included, at most max_len."
    mistakes = {
        "hand each step's new state on to the next.": partial(write, wrong="state"),
        "the word just written is the next to be read.": partial(write, wrong="word"),
        "it wrote on behind <eos>: stop there.": partial(write, wrong="end"),
        "<eos> is written like a word: keep it.": (
            lambda *arguments: [n for n in write(*arguments) if n != EOS]
        ),
        "<sos> is read, not written: leave it out.": (
            lambda *arguments: [SOS, *write(*arguments)]
        ),
        "max_len words may be written, and yours are one more.": counting(1),
        "max_len words may be written, and yours are one fewer.": counting(-1),
    }
    verdict = judge(attempt, draw, fault, todo=todo, mistakes=mistakes)
    return lend(verdict, partial(_written_with, attempt))


def _watch(model: nn.Module, arguments: tuple) -> None:
    """Before each call: is it given a word, and is it not called without end?"""
    for word in arguments[:1]:
        shape = tuple(word.shape) if isinstance(word, Tensor) else None
        if shape is None or len(shape) != 2:
            came = describe(word) if shape is None else f"the shape {shape}"
            raise ValueError(f"the model reads a (1, 1) tensor of one id, got {came}")
    model.calls = getattr(model, "calls", 0) + 1
    if model.calls > PATIENCE:
        raise TimeoutError("it writes without end: stop at <eos>, and at max_len words")


def _written_with(attempt: Callable) -> str:
    """What a trained model writes with the learner's function."""
    sentence = "tu bois du lait ."
    model, french, english = load_pretrained("general-after")
    ids = torch.tensor([french.encode(sentence)])  # (1, tokens)
    source, dec_state = model.encode(ids, torch.tensor([ids.shape[1]]))
    written = attempt(model.decoder, dec_state, source, ids != PAD, 10)
    words = " ".join(english.decode([int(n) for n in written]))
    return f"With it a trained model reads {sentence!r}: {words!r}"
