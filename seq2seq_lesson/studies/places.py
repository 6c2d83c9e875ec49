"""Does a trained model look at places or at words? Every word is moved by one place.

`moved` moves the words, or only their places in the list that attention reads;
`make places-study` trains two models with three seeds each and does so in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import torch

from seq2seq_lesson.batches import mask_from_lengths
from seq2seq_lesson.corpus import prepare, read_pairs, split
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.studies import read_study, span, values
from seq2seq_lesson.studies.swaps import padded, retrained, write, wrong
from seq2seq_lesson.translation import Translation, translate
from seq2seq_lesson.vocabulary import Vocabulary

Model = tuple[Seq2Seq, Vocabulary, Vocabulary]
KINDS = {  # how each looks at the source, and the model that comes along
    "one vector": "plain",
    "by place": "position-after",
    "by comparing": "general-after",
}
STUDIED = ("position-after", "general-after")
FRONT = ". "  # a token that the encoder knows, but never at the start of a sentence
MOVES = (
    "as it is",
    "stop in front",
    "places only",
    "all but places",
    "state at the end",  # a control: as many states as "places only"
)


def trained(device: torch.device) -> dict[str, Model]:
    """The models that come along, each with its two vocabularies, without dropout."""
    found = {}
    for how, name in KINDS.items():
        model, src, tgt = load_pretrained(name)
        found[how] = model.to(device).eval(), src, tgt
    return found


def unseen() -> list[str]:
    """The bundled corpus's French sentences that no model was trained on."""
    return sorted({pair.source for pair in split(prepare(read_pairs("bundled"))).test})


def look(parts: Model, sentence: str) -> Translation:
    """One sentence's translation, with the weights of every step."""
    model, src, tgt = parts
    (told,) = translate(model, [sentence], src, tgt)
    return told


def by_length(sentences: Sequence[str]) -> dict[int, list[str]]:
    """Sentences by their number of tokens, the full stop counted, `<eos>` not."""
    found = defaultdict(list)
    for sentence in sentences:
        found[len(sentence.split())].append(sentence)
    return {length: found[length] for length in sorted(found)}


@torch.no_grad()
def moved(parts: Model, sentences: Sequence[str], move: str = "as it is") -> list[str]:
    """Translate sentences of one length with a full stop that does not belong there.

    "stop in front": it is read before the sentence, so all words move by one place, and
    all states and the last one have read it. "places only": the sentence is read as it
    is, and the stop's state is put before those of the words: only places change.
    "all but places": it is read, then its state is taken away: all states have read it,
    and each word stands where it stood. "state at the end": the stop's state is put
    behind those of the words: it can be looked at, and no place changes.

    Args
        move: one of `MOVES`
    Raises
        ValueError: the move is unknown.
    """
    if move not in MOVES:
        raise ValueError(f"move: got {move!r}, wanted one of {MOVES}")
    model, src, tgt = parts
    device = next(model.parameters()).device
    front = [FRONT + sentence for sentence in sentences]
    ids, lengths = padded(sentences, src, 0)  # (pairs, width), (pairs,)
    longer, _ = padded(front, src, 0)  # (pairs, width + 1), (pairs,)
    states, last = model.encode(ids.to(device), lengths)
    read, moved_last = model.encode(longer.to(device), lengths + 1)
    if move == "stop in front":
        states, last = read, moved_last  # (pairs, width + 1, enc), (pairs, hid)
    elif move == "places only":
        states = torch.cat([read[:, :1], states], dim=1)  # (pairs, width + 1, enc)
    elif move == "state at the end":
        states = torch.cat([states, read[:, :1]], dim=1)  # (pairs, width + 1, enc)
    elif move == "all but places":
        states, last = read[:, 1:], moved_last  # (pairs, width, enc), (pairs, hid)
    width = states.shape[1]
    real = mask_from_lengths(torch.full_like(lengths, width), width, device)
    return write(model, last, states, real, tgt)


def right(
    parts: Model, sentences: Sequence[str], move: str = "as it is"
) -> dict[int, tuple[int, int]]:
    """How many translations equal a known one, and of how many sentences.

    Shapes
        return: length in tokens -> (right ones, sentences of this length)
    """
    found = {}
    for length, some in by_length(sentences).items():
        told = moved(parts, some, move)
        found[length] = len(some) - wrong(some, told), len(some)
    return found


def share(counts: dict[int, tuple[int, int]]) -> float:
    """The share of right ones over all lengths."""
    hits, sizes = zip(*counts.values(), strict=True)
    return sum(hits) / sum(sizes)


def shares(
    models: dict[str, Model], sentences: Sequence[str], *moves: str
) -> dict[str, list[float]]:
    """Of the two models that attend, the share of right ones after each move.

    Args
        models: as `trained` returns them
        moves: each as in `moved`
    """
    return {
        how: [share(right(models[how], sentences, move)) for move in moves]
        for how, name in KINDS.items()
        if name in STUDIED
    }


def _study(name: str) -> Callable[[int], Iterator[tuple[str, int, float]]]:
    """Train a model with a seed; per cent right of unseen sentences after each move."""

    def run(seed: int) -> Iterator[tuple[str, int, float]]:
        parts = retrained(name, seed)
        for move in MOVES:
            yield move, 0, 100 * share(right(parts, unseen(), move))

    return run


RUNS = {("moved", name): _study(name) for name in STUDIED}


def study() -> dict[str, list[str]]:
    """Per cent right after each move, the least and the most of the seeds.

    Shapes
        return: move -> a text for each model of `STUDIED`, such as "0 to 2 %"
    """
    rows = read_study("places")
    found = {}
    for move in MOVES:
        percents = values(rows, "moved", move)
        found[move] = [span(percents[model] / 100) for model in STUDIED]
    return found
