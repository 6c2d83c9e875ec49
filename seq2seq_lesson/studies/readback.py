"""What a linear map, or the nearest neighbour, finds in a sentence's last states.

Source
    ours, after the probes of Alain and Bengio, arXiv:1610.01644
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seq2seq_lesson.batches import pad_ids
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.studies.swaps import known_sentences, never_trained_on, translations
from seq2seq_lesson.vocabulary import PAD, Vocabulary

Read = tuple[Tensor, Tensor]  # ids (pairs, src_len), last states (pairs, enc)


@torch.no_grad()
def last_states(
    model: Seq2Seq, sentences: Sequence[str], vocabulary: Vocabulary
) -> Read:
    """The sentences' ids, and both directions' last states side by side, on the CPU.

    Shapes
        return: (pairs, src_len) long, (pairs, enc) float64
    """
    device = next(model.parameters()).device
    ids, lengths = pad_ids([vocabulary.encode(sentence) for sentence in sentences])
    h_n = model.encoder(ids.to(device), lengths)[1]  # (directions, pairs, enc_hid)
    last = h_n.transpose(0, 1).flatten(1)  # (pairs, enc)
    return ids, last.cpu().double()


def read_back(fit: Read, ask: Read, words: int, part: slice = slice(None)) -> Tensor:
    """The share of words that a linear map finds in the last states, by place.

    The map is fitted on `fit` (least squares, with a little weight decay), and asked
    about `ask`.

    Args
        words: how many there are in the vocabulary
        part: the units that it may look at
    Shapes
        return: (places,) float64, without the full stop and <eos>
    """
    (ids, last), (new_ids, new_last) = fit, ask
    known = nn.functional.pad(last[:, part], (0, 1), value=1)  # (pairs, width)
    new = nn.functional.pad(new_last[:, part], (0, 1), value=1)  # (new_pairs, width)
    gram = known.T @ known + 1e-3 * torch.eye(known.shape[1])  # (width, width)
    found = []
    for place in range(ids.shape[1] - 2):
        wanted = nn.functional.one_hot(ids[:, place], words).double()  # (pairs, words)
        weights = torch.linalg.solve(gram, known.T @ wanted)  # (width, words)
        guess = (new @ weights).argmax(dim=1)  # (new_pairs,)
        found.append((guess == new_ids[:, place]).double().mean())
    return torch.stack(found)


def unseen(vocabulary: Vocabulary) -> tuple[list[str], list[int]]:
    """Sentences that no model was trained on, and which of them have a twin.

    Twins are two sentences with a translation in common.
    """
    apart = never_trained_on()
    group = sorted(
        sentence
        for sentences in known_sentences(vocabulary).values()
        for sentence in sentences
        if sentence in apart
    )
    said = Counter(english for french in group for english in translations()[french])
    twins = [
        place
        for place, french in enumerate(group)
        if any(said[english] > 1 for english in translations()[french])
    ]
    return group, twins


def bag_of_words(sentences: Sequence[str], vocabulary: Vocabulary) -> Tensor:
    """Which words a sentence has, whatever their order: the ruler beside the states.

    Shapes
        return: (pairs, words) float64
    """
    ids, _ = pad_ids([vocabulary.encode(sentence) for sentence in sentences])
    bags = torch.zeros(len(ids), len(vocabulary)).double()  # (pairs, words)
    ones = (ids != PAD).double()  # (pairs, src_len)
    return bags.scatter_add(1, ids, ones)  # (pairs, words)


def finds_a_twin(group: Sequence[str], twins: Sequence[int], vectors: Tensor) -> float:
    """The share of twins whose nearest neighbour says the same as they do.

    Shapes
        vectors: (pairs, features) float, one for each sentence of the group
        return:  0 to 1
    """
    apart = torch.cdist(vectors, vectors).fill_diagonal_(torch.inf)  # (pairs, pairs)
    nearest = apart.argmin(dim=1).tolist()
    known = translations()
    hits = [set(known[group[i]]) & set(known[group[nearest[i]]]) for i in twins]
    return sum(map(bool, hits)) / len(hits)
