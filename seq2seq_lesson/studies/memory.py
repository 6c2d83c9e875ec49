"""How long a recurrent layer remembers: gradients through steps, and what fades.

Source
    ours; the gradient after Bengio, Simard and Frasconi 1994, who look at its norm
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.studies.swaps import LENGTHS, known_sentences, padded
from seq2seq_lesson.vocabulary import Vocabulary

WIDTH = 48  # numbers for a word and in a state, as in the trained models
SEEDS = range(10)
STEPS = (1, 5, 10, 20, 40, 80)


def fresh_layer(
    cell: str, seed: int, update_bias: float | None = None
) -> nn.RNN | nn.GRU:
    """An untrained layer on the CPU.

    Args
        cell: "rnn", "orthogonal rnn" (its state goes through a rotation) or "gru"
        update_bias: if given, the bias of a GRU's update gate: far below 0 the gate is
            near 0, far above 0 it is near 1
    Raises
        ValueError: there is no such cell.
    """
    if cell not in ("rnn", "orthogonal rnn", "gru"):
        raise ValueError(f"cell: got {cell!r}, wanted rnn, orthogonal rnn or gru")
    torch.manual_seed(seed)
    kind = nn.GRU if cell == "gru" else nn.RNN
    layer = kind(WIDTH, WIDTH, batch_first=True)
    weights = dict(layer.named_parameters())
    if cell == "orthogonal rnn":
        nn.init.orthogonal_(weights["weight_hh_l0"])
    if update_bias is not None:
        with torch.no_grad():
            weights["bias_ih_l0"][WIDTH : 2 * WIDTH] = update_bias
    return layer


def gradients_back(cell: str, update_bias: float | None = None) -> Tensor:
    """How much of a gradient comes back through steps: 1 is all of it.

    The length of d(last state)/d(first state), as a root mean square over the units, in
    fresh layers that read random words.

    Shapes
        return: (seeds, steps) float64, a column for each of STEPS
    """
    rows = []
    for seed in SEEDS:
        layer = fresh_layer(cell, seed, update_bias).double()
        torch.manual_seed(seed + 1000)
        words = torch.randn(1, max(STEPS), WIDTH).double()  # (1, longest, width)
        rows.append([_share(layer, words[:, :steps]) for steps in STEPS])
    return torch.tensor(rows)  # (seeds, steps)


def _share(layer: nn.RNN | nn.GRU, words: Tensor) -> float:
    # One copy of the sentence for each unit: copy i asks for the gradient of unit i.
    start = torch.zeros(1, WIDTH, WIDTH).to(words).requires_grad_()  # (1, width, width)
    last = layer(words.expand(WIDTH, -1, -1), start)[1]  # (1, width, width)
    (back,) = torch.autograd.grad(last[0].trace(), start)
    return (back.norm() / WIDTH**0.5).item()


def spread(numbers: Tensor) -> str:
    """The least and the most of some runs, as text."""
    least, most = numbers.min().item(), numbers.max().item()
    return f"{least:.0e} to {most:.0e}"


@torch.no_grad()
def pads_before_and_after(
    words_read: int, update_bias: float | None = None, pads: int = 6
) -> tuple[Tensor, Tensor]:
    """How far pads move the last state of fresh GRUs, read before or after the words.

    Shapes
        return: (seeds,), (seeds,) float, the mean over 200 random sentences each
    """
    before: list[Tensor] = []
    after: list[Tensor] = []
    for seed in SEEDS:
        layer = fresh_layer("gru", seed, update_bias)
        vectors = torch.randn(300, WIDTH) * 4.8 / WIDTH**0.5  # (vocabulary, width)
        read = vectors[torch.randint(1, 300, (200, words_read))]  # (200, words, width)
        silence = vectors[0].expand(200, pads, WIDTH)  # (200, pads, width)
        alone = layer(read)[1]  # (1, 200, width)
        for order, moved in (((silence, read), before), ((read, silence), after)):
            there = layer(torch.cat(order, dim=1))[1]  # (1, 200, width)
            moved.append((there - alone).norm(dim=-1).mean())
    return torch.stack(before), torch.stack(after)


def check_fading(ratios: Sequence[float]) -> None:
    """Stop unless pads read before the words fade, as notebook 02 says they do.

    Args
        ratios: how much further pads move the forward last state of a trained model
            than the backward one, for sentences of some lengths
    Raises
        ValueError: one of the measurements says otherwise.
    """
    before, after = pads_before_and_after(8)  # (seeds,), (seeds,)
    slow_before, slow_after = pads_before_and_after(8, 4)  # (seeds,), (seeds,)
    findings = {
        "the forward state moves more in the trained model": min(ratios) > 1.5,
        "eight words fade the pads before them": bool((before < 0.1 * after).all()),
        "update gates near 1 keep them": bool((slow_before > 0.7 * slow_after).all()),
    }
    if failed := [finding for finding, held in findings.items() if not held]:
        raise ValueError(f"measured otherwise: {'; '.join(failed)}")


@torch.no_grad()
def moved_by_pads(
    model: Seq2Seq, src_vocabulary: Vocabulary, pads: int = 6
) -> Iterator[tuple[int, float, float]]:
    """How far each direction's last state moves when pads are read as words.

    Shapes
        return: for each length (tokens, forward, backward), means over its sentences
    """
    device = next(model.parameters()).device
    for length, sentences in known_sentences(src_vocabulary).items():
        if length in LENGTHS:
            ids, true = padded(sentences, src_vocabulary, pads)
            ids, taken = ids.to(device), torch.full_like(true, ids.shape[1])
            apart = model.encoder(ids, taken)[1] - model.encoder(ids, true)[1]
            forward, backward = apart.norm(dim=-1).mean(dim=1).tolist()
            yield length, forward, backward


@torch.no_grad()
def mean_update(
    model: Seq2Seq, sentences: Sequence[str], vocabulary: Vocabulary
) -> list[float]:
    """The mean update gate of the forward direction, place by place.

    Shapes
        sentences: all of one length
    """
    rnn, device = model.encoder.rnn, next(model.parameters()).device
    ids, lengths = padded(sentences, vocabulary, 0)
    words = model.encoder.embedding(ids.to(device))  # (pairs, src_len, emb)
    states, _ = model.encoder(ids.to(device), lengths)
    hid = rnn.hidden_size
    before = states[..., :hid].roll(1, dims=1)  # (pairs, src_len, enc_hid)
    before[:, 0] = 0  # the first state
    rows = slice(hid, 2 * hid)  # update's block
    from_word = words @ rnn.weight_ih_l0[rows].T + rnn.bias_ih_l0[rows]
    from_state = before @ rnn.weight_hh_l0[rows].T + rnn.bias_hh_l0[rows]
    update = torch.sigmoid(from_word + from_state)  # (pairs, src_len, enc_hid)
    return update.mean(dim=(0, 2)).tolist()
