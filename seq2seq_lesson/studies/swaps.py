"""Which part of a trained model do pads spoil that are read as words?

`swap` puts one wrong part at a time into a model; `make swaps-study` trains four
models with three seeds each and does so in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from seq2seq_lesson.batches import mask_from_lengths
from seq2seq_lesson.corpus import known_translations, prepare, read_pairs, split
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, best_words
from seq2seq_lesson.studies import read_study, span, values
from seq2seq_lesson.tasks import MODELS, bundled
from seq2seq_lesson.training import fit
from seq2seq_lesson.vocabulary import EOS, PAD, SOS, Vocabulary

LENGTHS = (4, 5, 6, 7)  # tokens of most sentences, the full stop counted
PARTS = ("last state", "word states", "attention's mask")
STUDIED = ("plain", "position-after", "dot-after", "general-after")


@cache
def translations() -> dict[str, list[str]]:
    """All known translations of every sentence of the bundled corpus."""
    return known_translations(prepare(read_pairs("bundled")))


def known_sentences(vocabulary: Vocabulary) -> dict[int, list[str]]:
    """The bundled corpus's French sentences without an unknown word, by their length.

    Shapes
        return: tokens, the full stop counted -> sentences in alphabetical order
    """
    found = defaultdict(list)
    for sentence in sorted(translations()):
        words = sentence.split()
        if all(word in vocabulary for word in words):
            found[len(words)].append(sentence)
    return {length: found[length] for length in sorted(found)}


def never_trained_on() -> set[str]:
    """The sentences that no trained model of the lesson has seen."""
    train = split(prepare(read_pairs("bundled"))).train
    return set(translations()) - {pair.source for pair in train}


def wrong(sentences: Sequence[str], written: Sequence[str]) -> int:
    """How many were written that are none of their sentence's known translations."""
    pairs = zip(sentences, written, strict=True)
    return sum(text not in translations()[sentence] for sentence, text in pairs)


def padded(
    sentences: Sequence[str], vocabulary: Vocabulary, pads: int
) -> tuple[Tensor, Tensor]:
    """Sentences of one length with pads after each, and their true lengths.

    Shapes
        ids:     (pairs, width) long
        lengths: (pairs,) long, on the CPU
    """
    encoded = [vocabulary.encode(sentence) for sentence in sentences]
    ids = torch.tensor([row + [PAD] * pads for row in encoded])  # (pairs, width)
    lengths = torch.tensor([len(row) for row in encoded])  # (pairs,)
    return ids, lengths


@torch.no_grad()
def swap(
    model: Seq2Seq,
    sentences: Sequence[str],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    parts: Sequence[str],
    pads: int = 6,
) -> list[str]:
    """Translate with some parts as they are when pads were read as words.

    All other parts are as they should be. The decoder uses three: the last state, with
    which it begins; the states of the real words, at which attention may look; and
    attention's mask, which, if wrong, shows it the states of the pads as well.

    Args
        parts: some of `PARTS`, or none
    Shapes
        sentences: all of one length
    Raises
        ValueError: a part is unknown.
    """
    if unknown := set(parts) - set(PARTS):
        raise ValueError(f"parts: got {sorted(unknown)}, wanted some of {PARTS}")
    device = next(model.parameters()).device
    ids, true = padded(sentences, src_vocabulary, pads)  # (pairs, width), (pairs,)
    ids, taken = ids.to(device), torch.full_like(true, ids.shape[1])
    good, right_state = model.encode(ids, true)  # (pairs, width, enc), (pairs, hid)
    bad, bad_state = model.encode(ids, taken)  # (pairs, width, enc), (pairs, hid)
    width = ids.shape[1]
    real = mask_from_lengths(true, width, device)  # (pairs, width)
    every = mask_from_lengths(taken, width, device)  # (pairs, width)
    words = bad if "word states" in parts else good  # (pairs, width, enc)
    states = torch.where(real.unsqueeze(-1), words, bad)  # (pairs, width, enc)
    return write(
        model,
        bad_state if "last state" in parts else right_state,
        states,
        every if "attention's mask" in parts else real,
        tgt_vocabulary,
    )


def write(
    model: Seq2Seq,
    dec_state: Tensor,
    enc_states: Tensor,
    src_mask: Tensor,
    tgt_vocabulary: Vocabulary,
    max_len: int = 20,
) -> list[str]:
    """Greedy decoding from these very parts."""
    first = torch.full((len(dec_state), 1), SOS)  # (pairs, 1)
    word = first.to(dec_state.device)  # (pairs, 1)
    ended = torch.zeros_like(word, dtype=torch.bool)  # (pairs, 1)
    ids: list[Tensor] = []
    while len(ids) < max_len and not ended.all():
        logits, dec_state, _ = model.decoder(word, dec_state, enc_states, src_mask)
        word = best_words(logits).masked_fill(ended, PAD)  # (pairs, 1)
        ended = ended | (word == EOS)  # (pairs, 1)
        ids.append(word)
    rows = torch.cat(ids, dim=1).tolist()
    return [" ".join(tgt_vocabulary.decode(row)) for row in rows]


def broken(
    model: Seq2Seq,
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    parts: Sequence[str],
) -> tuple[int, int]:
    """What swapping parts costs: right ones that turn wrong, and all right ones.

    Counted over all known sentences of LENGTHS.
    """
    turned = total = 0
    told = (src_vocabulary, tgt_vocabulary)
    known = known_sentences(src_vocabulary)
    for sentences in (known[length] for length in LENGTHS if length in known):
        before = swap(model, sentences, *told, ())
        pairs = zip(sentences, before, strict=True)
        right = [s for s, text in pairs if text in translations()[s]]
        if right:
            turned += wrong(right, swap(model, right, *told, parts))
            total += len(right)
    return turned, total


def retrained(name: str, seed: int) -> tuple[Seq2Seq, Vocabulary, Vocabulary]:
    """A model that comes along, trained anew with another seed; its vocabularies."""
    task = bundled()
    _, sizes, recipe = MODELS[name]
    src, tgt = task.vocabularies
    model = Seq2Seq(ModelConfig(len(src), len(tgt), **sizes))
    fit(model, task.examples, replace(recipe, seed=seed), progress=False)
    return model.eval(), src, tgt


def _study(name: str) -> Callable[[int], Iterator[tuple[str, int, float]]]:
    """Train a model with a seed; of each part how many right ones it breaks."""

    def run(seed: int) -> Iterator[tuple[str, int, float]]:
        parts = retrained(name, seed)
        for part in PARTS:
            turned, right = broken(*parts, [part])
            yield part, 0, turned
        yield "right", 0, right

    return run


RUNS = {("swap", name): _study(name) for name in STUDIED}


def study() -> dict[str, dict[str, str]]:
    """What each part alone breaks, in per cent, the least and the most of the seeds.

    Shapes
        return: model -> part -> text, such as "91 to 96 %"
    """
    rows = read_study("swaps")
    right = values(rows, "swap", "right")
    found: dict[str, dict[str, str]] = {}
    for part in PARTS:
        for model, turned in values(rows, "swap", part).items():
            shares = turned / right[model]  # (seeds, 1)
            found.setdefault(model, {})[part] = span(shares, 1)
    return found
