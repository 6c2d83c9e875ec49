"""The checks of notebook 02's exercises."""

from __future__ import annotations

import copy
import random
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq_lesson.batches import mask_from_lengths
from seq2seq_lesson.exercises import Verdict, against, judge, judge_parts
from seq2seq_lesson.exercises.comparing import describe, difference
from seq2seq_lesson.exercises.isolation import apart


def _lengths(rng: random.Random) -> Tensor:
    """Lengths (batch,) of some sentences, exactly one of which is the longest."""
    longest = rng.randint(4, 8)
    lengths = [rng.randint(1, longest - 1) for _ in range(rng.randint(2, 5))]
    lengths.insert(rng.randrange(len(lengths)), longest)
    return torch.tensor(lengths)


def turn(attempt: object) -> Verdict:
    """From batch first to sequence first (exercise 2.1)."""

    def draw(rng: random.Random) -> dict:
        return {"src_emb": torch.randn(*rng.sample(range(2, 8), 3))}

    return judge(
        attempt,
        draw,
        against(lambda src_emb: src_emb.transpose(0, 1), "(src_len, batch, emb)"),
        todo="let `turn` return a tensor (src_len, batch, emb).",
        mistakes={
            "That deals the numbers out anew. Axes are to be swapped.": lambda emb: (
                emb.reshape(emb.shape[1], emb.shape[0], -1)
            ),
            "The wrong axes are swapped: count them from 0, batch and src_len are the "
            "first two.": lambda src_emb: src_emb.transpose(1, 2),
            "`.T` and the like turn all axes round; emb is to stay where it is.": (
                lambda src_emb: src_emb.permute(2, 1, 0)
            ),
            "These are the notebook's sizes; this tensor's are in `src_emb.shape`. And "
            "reshape does not swap axes.": lambda src_emb: src_emb.reshape(7, 4, 5),
        },
    )


def same_for_both(attempt: object) -> Verdict:
    """A reset gate for which PyTorch's GRU and Cho's agree (exercise 2.2)."""

    def draw(rng: random.Random) -> dict:
        return {"enc_hid": rng.randint(2, 9)}

    def fault(reset: object, enc_hid: int) -> str:
        if not isinstance(reset, Tensor) or reset.shape != (enc_hid,):
            return difference(reset, torch.ones(enc_hid), "(enc_hid,)")
        reset = reset.detach().cpu().float()
        old_state = torch.rand(enc_hid) * 2 - 1  # (enc_hid,)
        W_hn, b_hn = torch.randn(enc_hid, enc_hid), torch.randn(enc_hid)
        after = reset * (W_hn @ old_state + b_hn)  # (enc_hid,); PyTorch
        before = W_hn @ (reset * old_state) + b_hn  # (enc_hid,); Cho
        if torch.allclose(after, before, atol=1e-5):
            return ""
        gap = (after - before).abs().max()
        hint = "does W (r * h) equal r * (W h) when r differs from unit to unit?"
        if reset.min() == reset.max():
            hint = (
                "a number that is the same for all units can be drawn through the "
                "matrix, but what does PyTorch's gate do to the bias?"
            )
        return f"with random weights the two still differ by {gap:.2g}. Hint: {hint}"

    return judge(
        attempt,
        draw,
        fault,
        todo="let `same_for_both` return a reset gate, a tensor (enc_hid,).",
    )


def never_resets(attempt: object) -> Verdict:
    """A GRU whose reset gate stays at 1 (exercise 2.3)."""

    def draw(rng: random.Random) -> dict:
        return {"gru": nn.GRU(*rng.sample(range(2, 9), 2), batch_first=True)}

    def fault(answer: Any, gru: nn.GRU) -> str:
        if repr(answer) != repr(gru):
            came = answer if isinstance(answer, nn.GRU) else describe(answer)
            return f"came {came}, wanted the {gru} that you were given, changed."
        word_emb = torch.randn(3, 1, gru.input_size)  # (batch, 1, emb)
        old_state = torch.rand(1, 3, gru.hidden_size) * 2 - 1  # (1, batch, enc_hid)
        open_gate = copy.deepcopy(gru)
        with torch.no_grad():
            open_gate.get_parameter("bias_ih_l0")[: gru.hidden_size] = 100
            came, wanted = (rnn(word_emb, old_state)[1] for rnn in (answer, open_gate))
        off = (came - wanted).abs().max()
        if off < 1e-3:
            return ""
        return f"its next state is off by {off:.2g}. Hint: {_what_changed(answer, gru)}"

    return judge(
        attempt,
        draw,
        fault,
        todo="let `never_resets` return the GRU with its reset gate held at 1.",
        mistakes={
            "A parameter is changed by hand under `with torch.no_grad():`, as the "
            "update gate's bias was above.": lambda gru: gru.bias_ih_l0[:1].fill_(1)
        },
    )


def _what_changed(answer: nn.GRU, gru: nn.GRU) -> str:
    """Which of the three blocks of rows differ, as a hint."""
    changed = {
        block
        for ours, theirs in zip(answer.parameters(), gru.parameters(), strict=True)
        for block in range(3)
        if not torch.equal(ours.chunk(3)[block], theirs.chunk(3)[block])
    }
    if not changed:
        return "in the layer that you return no number has changed."
    if changed != {0}:
        return (
            "rows of other blocks have changed: reset has the first `gru.hidden_size`."
        )
    return "the right block; but all its rows want a large positive bias."


def own_last(attempt: object) -> Verdict:
    """Each sentence's own last state (exercise 2.4)."""

    def draw(rng: random.Random) -> dict:
        src_lengths = _lengths(rng)  # (batch,)
        real = mask_from_lengths(src_lengths, int(src_lengths.max()))  # (batch, width)
        enc_states = torch.randn(*real.shape, 9) * real.unsqueeze(-1)
        return {"enc_states": enc_states, "src_lengths": src_lengths}

    def at(enc_states: Tensor, places: Tensor) -> Tensor:
        return enc_states[torch.arange(len(enc_states)), places]

    return judge(
        attempt,
        draw,
        against(lambda states, n: at(states, n - 1), "(batch, enc_hid)"),
        todo="let `own_last` return a tensor (batch, enc_hid).",
        mistakes={
            "For the shorter sentences the last column holds the zeros after their "
            "end: take each one's own last place.": lambda states, n: states[:, -1],
            "x[rows, columns] wants as many rows as columns, whole numbers all, and a "
            "sentence of 3 words has its last word at place 2.": at,
            "That is each sentence's last word but one: lengths count from 1, places "
            "from 0.": lambda states, n: at(states, n - 2),
            "Rows first, then columns: a row is a sentence.": (
                lambda states, n: states[n - 1, torch.arange(len(n))]
            ),
            "`batch` is the notebook's; these are `len(src_lengths)` sentences.": (
                lambda states, n: states[torch.arange(4), n - 1]
            ),
            "A single index chooses whole sentences.": lambda states, n: states[n - 1],
            "That takes every length from every sentence. Give the rows as well.": (
                lambda states, n: states[:, n - 1]
            ),
        },
    )


def turn_round(attempt: object) -> Verdict:
    """Each sentence from its end, its padding where it was (exercise 2.5)."""

    def draw(rng: random.Random) -> dict:
        src_lengths = _lengths(rng)  # (batch,)
        src_emb = torch.randn(len(src_lengths), int(src_lengths.max()), 9)
        return {"src_emb": src_emb, "src_lengths": src_lengths}

    def oracle(src_emb: Tensor, src_lengths: Tensor) -> Tensor:
        turned = src_emb.clone()  # (batch, src_len, emb)
        for row, length in enumerate(src_lengths.tolist()):
            turned[row, :length] = src_emb[row, :length].flip(0)
        return turned

    def real(src_emb: Tensor, src_lengths: Tensor) -> Tensor:
        return mask_from_lengths(src_lengths, src_emb.shape[1]).unsqueeze(-1)

    return judge(
        attempt,
        draw,
        against(oracle, "(batch, src_len, emb)"),
        todo="let `turn_round` return a tensor (batch, src_len, emb).",
        mistakes={
            "The padding has come to the front, where the layer would read it first: "
            "turn each sentence within its own length.": lambda emb, n: emb.flip(1),
            "The sentences have changed places, their words have not: the batch is "
            "axis 0.": lambda emb, n: emb.flip(0),
            "After the end stand zeros; padding was to stay as it is.": (
                lambda emb, n: oracle(emb, n) * real(emb, n)
            ),
            "Nothing has moved: `flip` returns a new tensor.": lambda emb, n: emb,
            "Only the first sentence is turned: is `return` inside the loop?": (
                lambda emb, n: torch.cat([oracle(emb[:1], n[:1]), emb[1:]])
            ),
            "Each sentence's last word has stayed.": lambda e, n: oracle(e, n - 1),
            "One padding was turned as well.": lambda emb, n: oracle(emb, n + 1),
            "Each word's own numbers are turned: of one sentence, words are axis 0.": (
                lambda emb, n: torch.where(real(emb, n), emb.flip(2), emb)
            ),
            "A tensor takes no step of -1; `flip(0)` does it.": lambda e, n: e[::-1],
            "Of n words the last has place n - 1.": lambda emb, n: emb[:, emb.shape[1]],
        },
    )


def lstm_shapes(answers: object) -> Verdict:
    """What an LSTM of three layers and two directions returns (exercise 2.6)."""
    with apart():
        layer = nn.LSTM(5, 8, num_layers=3, bidirectional=True, batch_first=True)
    outputs, (h_n, c_n) = layer(torch.zeros(4, 7, 5))
    tensors = {"outputs": outputs, "h_n": h_n, "c_n": c_n}
    tensors["weight_ih_l1"] = layer.weight_ih_l1
    wanted = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    every = "An entry for every layer and every direction: how many are these?"
    return judge_parts(
        answers,
        wanted,
        todo="write a shape, such as (4, 7, 5), for each `...`.",
        hints={
            "outputs": "(batch, src_len, directions*enc_hid).",
            "h_n": "(layers*directions, batch, enc_hid).",
            "c_n": "It is made like `h_n`, unit for unit.",
            "weight_ih_l1": "(blocks*enc_hid, what layer 1 reads).",
        },
        mistakes={
            "Two directions stand side by side in it.": {"outputs": (4, 7, 8)},
            "The batch is in the middle, whatever `batch_first` says.": {
                "h_n": (4, 6, 8),
                "c_n": (4, 6, 8),
            },
            every: {"h_n": (3, 4, 8), "c_n": (3, 4, 8)},
            "Here directions do not lie side by side.": {"h_n": (3, 4, 16)},
            "Only the top layer stands in it.": {"outputs": (4, 7, 48)},
            "A GRU has three blocks; an LSTM has more.": {"weight_ih_l1": (24, 16)},
            "Layer 1 does not read words.": {"weight_ih_l1": (32, 5)},
            "Layer 1 reads both directions of layer 0.": {"weight_ih_l1": (32, 8)},
        },
    )
