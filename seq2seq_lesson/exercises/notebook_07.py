"""The checks of notebook 07's stages, what stands in for each, and their hints.

Of a class or a loop that may be written in many ways the checks ask what it does, not
how: each law that is broken has a sentence of its own.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_pre_hook

from seq2seq_lesson.attention import Attention
from seq2seq_lesson.batches import Batch, Example, collate, mask_from_lengths, pad_ids
from seq2seq_lesson.decoder import AttendAfter
from seq2seq_lesson.encoder import Encoder
from seq2seq_lesson.exercises import Verdict, judge
from seq2seq_lesson.exercises.comparing import describe, difference
from seq2seq_lesson.exercises.isolation import unbound
from seq2seq_lesson.exercises.workbench import Bench, Told
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, sequence_loss
from seq2seq_lesson.training import one_cycle
from seq2seq_lesson.vocabulary import EOS, PAD, SOS, UNK, Vocabulary

PATIENCE = 60  # calls of a decoder; a right answer needs far fewer


class Letters:
    """Our vocabulary for strings of letters, without spaces between them."""

    def __init__(self, letters: str) -> None:
        self.words = Vocabulary(letters)

    def encode(self, string: str) -> list[int]:
        return self.words.encode(" ".join(string))

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.words.decode(ids))


def train(
    model: nn.Module, batches: Sequence[Batch], loss_of: Callable, peak_rate: float
) -> list[float]:
    """Our loop: a step of AdamW for each batch; the losses."""
    optimizer = torch.optim.AdamW(model.parameters())
    losses = []
    model.train()
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = peak_rate * one_cycle(step / len(batches))
        loss = loss_of(model(batch), batch.tgt_out)  # ()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


OURS: dict[str, Any] = {
    "vocabulary": Letters,
    "batch": collate,
    "encoder": partial(Encoder, bidirectional=True),
    "attention": lambda hid, enc: Attention("general", hid, enc, att=1, max_len=1),
    "decoder": partial(AttendAfter, tied=False, dropout=0.0),
    "loss": sequence_loss,
    "training": train,
    "greedy": Seq2Seq.greedy,
}


class _Seen:
    """The sentence that an examination of a part ends with; "" if all is well."""

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence


class _Examined:
    """A class or loop as a function of a case, for `judge`; a stub stays one.

    Args
        method: the name of the class's method that a stub leaves empty
    """

    def __init__(self, attempt: Any, examine: Callable, method: str = "") -> None:
        self.attempt, self.examine = attempt, examine
        inner = getattr(attempt, method, None) if method else attempt
        self.__code__ = getattr(inner, "__code__", None)

    def __call__(self, *case: Any) -> Any:
        return self.examine(self.attempt, *case)


def _examine(
    attempt: Any, draw: Callable, examine: Callable, todo: str, method: str = ""
) -> Verdict:
    """Judge by what `examine(attempt, *case)` says: "" is right, None is no answer."""

    def examined(*case: Any) -> _Seen | None:
        with unbound("batch", "src_len", "tgt_len"):
            said = examine(*case)
        return None if said is None else _Seen(said)

    tried = _Examined(attempt, examined, method) if callable(attempt) else attempt
    return judge(tried, draw, lambda seen, *_: seen.sentence, todo=todo)


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, 1e-4, 1e-5)


def _silenced(module: nn.Module) -> nn.Module:
    """A copy whose registered parameters are all 0."""
    silent = copy.deepcopy(module)
    for part in silent.parameters():
        nn.init.zeros_(part)
    return silent


def _loudened(module: nn.Module) -> None:
    """Parameters larger than PyTorch draws them: what matters shows."""
    with torch.no_grad():
        for part in module.parameters():
            part.copy_(0.6 * torch.randn_like(part))


def _misses_layers(module: nn.Module, *given: Tensor) -> bool:
    """Whether what it computes leads back to something that it would not train."""
    with torch.enable_grad():
        results = module(*given)
    nodes = [one.grad_fn for one in results if one.grad_fn is not None]
    seen, known = set(nodes), {id(part) for part in module.parameters()}
    while nodes:
        node: Any = nodes.pop()
        if hasattr(node, "variable") and id(node.variable) not in known:
            return True
        new = {after for after, _ in node.next_functions if after} - seen
        seen |= new
        nodes += new
    return False


UNREGISTERED = (
    "some of its layers are not among its parameters(), so nothing would train them: "
    "make each in `__init__` and keep it as `self.name = ...` (lists: nn.ModuleList)."
)


def _tensors(answer: Any, count: int, what: str) -> str:
    """Whether an answer is a tuple of so many tensors, else a sentence."""
    if isinstance(answer, Tensor) or not isinstance(answer, tuple | list):
        return f"came {describe(answer)}, wanted {count} results: {what}."
    if len(answer) != count or not all(isinstance(one, Tensor) for one in answer):
        return f"came {describe(answer)}, wanted {count} tensors: {what}."
    return ""


def _shape(name: str, came: Tensor, wanted: tuple[int, ...], axes: str) -> str:
    if came.shape == wanted:
        return ""
    return f"{name}: came the shape {tuple(came.shape)}, wanted {wanted} = {axes}."


def vocabulary(attempt: Any) -> Verdict:
    """Letters to ids and back. (stage 1)"""

    def drawing(rng: random.Random) -> tuple[str, list[int]]:
        letters = "".join(rng.sample("abcdefgh", rng.randint(3, 6)))
        return letters, [4 + rng.randrange(len(letters)) for _ in range(3)]

    def draw_string(rng: random.Random) -> dict[str, Any]:
        letters, ids = drawing(rng)
        string = "".join(letters[n - 4] for n in ids)
        strange = string[:2] + "z" + string[2:]
        return {"letters": letters, "string": rng.choice([string, strange])}

    def draw_ids(rng: random.Random) -> dict[str, Any]:
        letters, ids = drawing(rng)
        behind = [*rng.sample(ids, rng.randrange(3)), *[PAD] * rng.randrange(3)]
        return {"letters": letters, "ids": [*ids, EOS, *behind]}

    def encode(made: Any, letters: str, string: str) -> Any:
        return made(letters).encode(string)

    def decode(made: Any, letters: str, ids: list[int]) -> Any:
        return made(letters).decode(ids)

    def ids_of(
        letters: str, string: str, first: int = 4, unknown: Any = (UNK,)
    ) -> list[int]:
        found: list[int] = []
        for letter in string:
            place = letters.find(letter)
            found += [first + place] if place >= 0 else unknown
        return [*found, EOS]

    def ids_differ(came: Any, wanted: list[int]) -> str:
        whole = isinstance(came, list) and all(type(n) is int for n in came)
        kind = f"came {describe(came)}, wanted a list of whole numbers."
        return difference(came, wanted) or ("" if whole else kind)

    def text_of(letters: str, ids: list[int]) -> str:
        return "".join(dict(enumerate(letters, start=4)).get(n, "") for n in ids)

    def without_z(find: Callable) -> Callable:
        return lambda letters, string: [find(letters, a) for a in string]

    todo = "fill in `__init__`, `encode` and `decode`."
    asked = "a letter that the vocabulary lacks is read as UNK"
    starts = "PAD, SOS, EOS and UNK have the ids 0 to 3, so the first letter has 4"
    wrong_ids: dict[str, Callable] = {
        f"{starts}, not 0.": partial(ids_of, first=0),
        f"{starts}, not 1.": partial(ids_of, first=1),
        f"{starts}, not 3.": partial(ids_of, first=3),
        "`encode` ends with EOS, from which the decoder learns to stop.": (
            lambda *case: ids_of(*case)[:-1]
        ),
        "SOS is no part of `encode`: the batch will put it in front of tgt_in.": (
            lambda *case: [SOS, *ids_of(*case)]
        ),
        f"{asked}, it is not left out.": partial(ids_of, unknown=()),
        f"{asked}: `dict.get` takes what to give then.": (
            without_z(lambda letters, a: dict.fromkeys(letters, 0)[a])
        ),
        f"{asked}: ask whether it is there before `index`.": (
            without_z(lambda letters, a: letters.index(a))
        ),
        f"{asked}: ask whether it is in the list before `index`.": (
            without_z(lambda letters, a: [*letters].index(a))
        ),
        "`letters` stands in the order in which the ids go: do not sort it.": (
            lambda letters, string: ids_of("".join(sorted(letters)), string)
        ),
    }
    wrong_text: dict[str, Callable] = {
        "stop at the first EOS: what stands behind it was never meant.": text_of,
        "`decode` leaves EOS out: it is no letter.": (
            lambda letters, ids: text_of(letters, ids[: ids.index(EOS)]) + "<eos>"
        ),
        'one string is wanted: `"".join(...)` makes one of a list.': (
            lambda letters, ids: [*text_of(letters, ids[: ids.index(EOS)])]
        ),
        "the letters only, without spaces.": (
            lambda letters, ids: " ".join(text_of(letters, ids[: ids.index(EOS)]))
        ),
        "the last letter before EOS is missing.": (
            lambda letters, ids: text_of(letters, ids[: ids.index(EOS) - 1])
        ),
    }
    tried = [
        _Examined(attempt, use, name) if callable(attempt) else attempt
        for name, use in (("encode", encode), ("decode", decode))
    ]
    first = judge(
        tried[0],
        draw_string,
        lambda came, *case: _named("encode", ids_differ(came, ids_of(*case))),
        todo=todo,
        mistakes=wrong_ids,
    )
    if first.points < 1:
        return Verdict(first.points / 2, first.message)
    second = judge(
        tried[1],
        draw_ids,
        lambda came, letters, ids: _named(
            "decode", difference(came, text_of(letters, ids[: ids.index(EOS)]))
        ),
        todo="`encode` is right; fill in `decode`.",
        mistakes=wrong_text,
    )
    told = second.message.replace("Not tried yet: ", "Not yet: ")
    return Verdict((1 + second.points) / 2, told)


def _named(name: str, told: str) -> str:
    return told and f"`{name}`: {told}"


BATCH = {
    "src_ids": "(batch, src_len)",
    "src_lengths": "(batch,)",
    "src_mask": "(batch, src_len)",
    "tgt_in": "(batch, tgt_len)",
    "tgt_out": "(batch, tgt_len)",
}


def batch(attempt: Any) -> Verdict:
    """Examples side by side: padding, lengths, mask, SOS in front. (stage 2)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        def ids(length: int) -> list[int]:
            return [*rng.choices(range(4, 9), k=length), EOS]

        rows = rng.randint(3, 5)
        sizes = [rng.sample(range(1, 8), rows) for _ in range(2)]
        if [*map(len, sizes)] and max(sizes[0]) == max(sizes[1]):
            sizes[1] = [n + 1 for n in sizes[1]]
        pairs = zip(*sizes, strict=True)
        return {"examples": [(ids(one), ids(other)) for one, other in pairs]}

    def use(make: Callable, examples: list[Example]) -> Any:
        made = make(examples)
        if made is None:
            return None
        if not isinstance(made, Batch):
            return _Seen(f"came {describe(made)}, wanted a Batch of five tensors.")
        told = tuple(getattr(made, field.name) for field in fields(Batch))
        src_ids, lengths, mask, tgt_in, tgt_out = told
        if all(isinstance(one, Tensor) for one in told):
            # What is read behind the end has no part in the loss.
            if tgt_in.shape == tgt_out.shape and tgt_in.dtype == tgt_out.dtype:
                tgt_in = tgt_in.masked_fill(tgt_out == PAD, PAD)
        return src_ids, lengths, mask, tgt_in, tgt_out

    def right(examples: list[Example]) -> tuple:
        return tuple(vars(collate(examples)).values())

    def fault(came: Any, examples: list[Example]) -> str:
        if isinstance(came, _Seen):
            return came.sentence
        wanted = right(examples)
        for (name, axes), one, other in zip(BATCH.items(), came, wanted, strict=True):
            if told := difference(one, other, axes):
                return f"{name}: {told}"
            if name != "src_mask" and one.dtype != torch.long:
                return f"{name}: came {one.dtype}, wanted torch.int64."
        return ""

    def changed(**changes: Callable) -> Callable:
        def function(examples: list[Example]) -> tuple:
            made = collate(examples)
            return tuple(
                changes[name](made, examples) if name in changes else value
                for name, value in vars(made).items()
            )

        return function

    def front(rows: Sequence[list[int]]) -> Tensor:
        longest = max(map(len, rows))
        return torch.tensor([[PAD] * (longest - len(row)) + row for row in rows])

    def in_front(examples: list[Example]) -> tuple:
        sources, targets = zip(*examples, strict=True)
        src_ids, lengths = front(sources), torch.tensor([*map(len, sources)])
        tgt_in = front([[SOS, *target[:-1]] for target in targets])
        return src_ids, lengths, src_ids != PAD, tgt_in, front(targets)

    def swapped(examples: list[Example]) -> tuple:
        return right([(target, source) for source, target in examples])

    def begun(made: Batch, examples: list[Example]) -> Tensor:
        return pad_ids([[SOS, *target] for _, target in examples])[0]

    def numbers(kind: torch.dtype) -> Callable:
        return lambda made, examples: made.src_mask.to(kind)

    mistakes = {
        "True is a real token: your mask has it the other way round.": changed(
            src_mask=lambda made, examples: ~made.src_mask
        ),
        "the mask is True at padding, too.": changed(
            src_mask=lambda made, examples: torch.ones_like(made.src_mask)
        ),
        "a mask is bool: a comparison such as `ids != PAD` makes one.": changed(
            src_mask=numbers(torch.long)
        ),
        "a mask is bool, not float: compare, and leave the answer as it is.": changed(
            src_mask=numbers(torch.float)
        ),
        "EOS is real, too: the mask hides padding, nothing else.": changed(
            src_mask=lambda made, examples: made.src_ids > EOS
        ),
        "EOS counts in a length.": changed(
            src_lengths=lambda made, examples: made.src_lengths - 1
        ),
        "a length is the string's own, not that of the padded row.": changed(
            src_lengths=lambda made, examples: torch.full_like(
                made.src_lengths, made.src_ids.shape[1]
            )
        ),
        "make a tensor of the lengths.": changed(
            src_lengths=lambda made, examples: made.src_lengths.tolist()
        ),
        "tgt_in is one step behind: SOS in front, the last id dropped.": changed(
            tgt_in=lambda made, examples: made.tgt_out
        ),
        "tgt_in is one id too long: nothing is read after the last step, so EOS is "
        "dropped.": changed(tgt_in=begun),
        "SOS is read, never written: tgt_out has none.": changed(tgt_out=begun),
        "SOS is read, never written: tgt_out begins with the first letter.": changed(
            tgt_out=lambda made, examples: made.tgt_in
        ),
        "padding stands behind the ids, not in front.": in_front,
        "padding stands behind the ids, not in front, in the source as well.": changed(
            src_ids=lambda made, examples: front([source for source, _ in examples]),
            src_mask=lambda made, examples: (
                front([source for source, _ in examples]) != PAD
            ),
        ),
        "source and target have changed places.": swapped,
        "batch is the first axis: (batch, src_len), not (src_len, batch).": changed(
            src_ids=lambda made, examples: made.src_ids.T,
            src_mask=lambda made, examples: made.src_mask.T,
            tgt_in=lambda made, examples: made.tgt_in.T,
            tgt_out=lambda made, examples: made.tgt_out.T,
        ),
    }
    tried = _Examined(attempt, use) if callable(attempt) else attempt
    todo = "return a Batch of the five tensors."
    return judge(tried, draw, fault, todo=todo, mistakes=mistakes)


def encoder(attempt: Any) -> Verdict:
    """One state for each letter, read both ways, and the last states. (stage 3)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        src_vocab, emb, enc_hid = rng.sample(range(6, 12), 3)
        lengths = rng.sample(range(3, 8), 3)
        rows = [[rng.randrange(4, src_vocab) for _ in range(n)] for n in lengths]
        src_ids, src_lengths = pad_ids(rows)
        sizes = {"src_vocab": src_vocab, "emb": emb, "enc_hid": enc_hid}
        return sizes | {"src_ids": src_ids, "src_lengths": src_lengths}

    @torch.no_grad()
    def examine(
        made: Any,
        src_vocab: int,
        emb: int,
        enc_hid: int,
        src_ids: Tensor,
        src_lengths: Tensor,
    ) -> str | None:
        module = made(src_vocab, emb, enc_hid)
        if not isinstance(module, nn.Module):
            return f"came {describe(module)}, wanted a class made from nn.Module."
        _loudened(module)
        module.eval()
        answer = module(src_ids, src_lengths)
        if answer is None:
            return None
        told = _tensors(answer, 2, "enc_states and h_n")
        if told:
            return told
        enc_states, h_n = answer
        rows, src_len = src_ids.shape
        if enc_states.ndim == 3 and enc_states.shape[-1] == enc_hid:
            return (
                "enc_states has enc_hid numbers a state, so it reads one way: with "
                "bidirectional=True there are 2 * enc_hid."
            )
        if enc_states.shape[:2] == (src_len, rows) != (rows, src_len):
            return "enc_states comes as (src_len, batch, enc): set batch_first=True."
        wanted = (rows, src_len, 2 * enc_hid)
        told = _shape("enc_states", enc_states, wanted, "(batch, src_len, 2 * enc_hid)")
        if told:
            return told
        if h_n.shape == enc_states.shape:
            return "the second result is h_n, the last states, not all states again."
        if h_n.ndim == 3 and h_n.shape[0] == rows and h_n.shape[1] == 2:
            return "h_n keeps its axes as the GRU gives them: (2, batch, enc_hid)."
        if h_n.ndim != 3 or h_n.shape[0] % 2 or h_n.shape[1:] != (rows, enc_hid):
            wanted = (2, rows, enc_hid)
            return _shape("h_n", h_n, wanted, "(directions, batch, enc_hid)")
        for row in range(rows):
            n = int(src_lengths[row])
            alone, last = module(src_ids[row : row + 1, :n], src_lengths[row : row + 1])
            if not _same(last[:, 0], h_n[:, row]):
                return (
                    "h_n of a string is another in the batch than alone: the state has "
                    "read padding. Pack, with the lengths, before the GRU reads."
                )
            if not _same(alone[0], enc_states[row, :n]):
                return (
                    "a string's states are others in the batch than alone: the "
                    "direction that reads backwards has begun in the padding, or rows "
                    "have changed places (enforce_sorted=False lets them stand)."
                )
        longest = int(src_lengths.argmax())
        string, size = src_ids[longest, None], src_lengths[longest, None]
        first, last_letter = string.clone(), string.clone()
        first[0, 0] = 4 + (first[0, 0] - 3) % (src_vocab - 4)
        last_letter[0, -1] = 4 + (last_letter[0, -1] - 3) % (src_vocab - 4)
        states = enc_states[longest]  # (src_len, enc)
        if _same(module(first, size)[0][0, 0], states[0]):
            return "another first letter, and its state is the same: embed src_ids."
        if _same(module(first, size)[0][0, -1], states[-1]):
            return "the last state has not met the first letter: does a GRU read?"
        if _same(module(last_letter, size)[0][0, 0], states[0]):
            return "the first state has not met the last letter: read both ways."
        if not _same(h_n[-2, longest], states[-1, :enc_hid]) or not _same(
            h_n[-1, longest], states[0, enc_hid:]
        ):
            return (
                "h_n holds each direction's last state: forwards at the last letter, "
                "backwards at the first; forwards comes first in h_n and in each state."
            )
        if _misses_layers(module, src_ids, src_lengths):
            return UNREGISTERED
        return ""

    todo = "fill in `__init__` and `forward`; return enc_states and h_n."
    return _examine(attempt, draw, examine, todo, "forward")


def attention(attempt: Any) -> Verdict:
    """Scores, a masked softmax, the mean of the states. (stage 4)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        rows, tgt_len, src_len, hid, enc = rng.sample(range(3, 9), 5)
        lengths = [src_len, *(rng.randint(1, src_len - 1) for _ in range(rows - 1))]
        mask = mask_from_lengths(torch.tensor(lengths), src_len)
        return {
            "query": torch.randn(rows, tgt_len, hid),
            "enc_states": torch.randn(rows, src_len, enc),
            "src_mask": mask,
        }

    @torch.no_grad()
    def examine(
        made: Any, query: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> str | None:
        rows, tgt_len, hid = query.shape
        _, src_len, enc = enc_states.shape
        module = made(hid, enc)
        if not isinstance(module, nn.Module):
            return f"came {describe(module)}, wanted a class made from nn.Module."
        _loudened(module)
        answer = module(query, enc_states, src_mask)
        if answer is None:
            return None
        told = _tensors(answer, 2, "context and weights")
        if told:
            return told
        context, weights = answer
        if context.shape[-1] == src_len and weights.shape[-1] == enc:
            return "the two results have changed places: context first, then weights."
        told = _shape(
            "weights", weights, (rows, tgt_len, src_len), "(batch, tgt_len, src_len)"
        ) or _shape("context", context, (rows, tgt_len, enc), "(batch, tgt_len, enc)")
        if told:
            return told
        hidden = ~src_mask.unsqueeze(1).expand_as(weights)  # (batch, tgt_len, src_len)
        sums = weights.sum(-1)  # (batch, tgt_len)
        full, ones = sums[0], torch.ones_like(sums)  # (tgt_len), (batch, tgt_len)
        if full.isnan().any() or (
            _same(sums[1:], ones[1:]) and weights[~hidden].max() < 1e-6
        ):
            return "the mask hides the letters and leaves padding: True is a real id."
        if weights.isnan().any():
            return "weights are nan where there is padding: mask the scores."
        if _same(weights.sum(1), torch.ones_like(weights.sum(1))):
            return "weights sum to 1 over the steps: softmax over the last axis."
        if not _same(full, ones[0]) and weights.min() < -1e-6:
            return "weights are below 0: these are scores. A softmax makes weights."
        if _same(full, ones[0]) and not _same(sums, ones):
            return (
                "with padding a row sums to less than 1: the mask came after the "
                "softmax. Mask the scores, then take the softmax."
            )
        if not _same(sums, ones):
            return "a row of weights does not sum to 1: softmax over the last axis."
        if weights[hidden].max() > 1e-6:
            return (
                "padding gets a share of the weight: fill the scores there with -inf "
                "(e^0 is 1, and masked_fill returns new scores)."
            )
        loud = torch.where(src_mask.unsqueeze(-1), enc_states, 1e4 * enc_states)
        _, again = module(query, loud, src_mask)
        if again.isnan().any() or not _same(again, weights):
            return (
                "what stands at padding changes the weights: where padding scores far "
                "above the letters, masking weights is too late. Mask the scores."
            )
        if not _same(context, weights @ enc_states):
            return (
                "context is not the mean of enc_states under these weights: "
                "`weights @ enc_states`."
            )
        turned = enc_states[:1].flip(1)  # (1, src_len, enc); row 0 has no padding
        _, moved = module(query[:1], turned, src_mask[:1])
        if _same(moved, weights[:1]):
            return "states that change places keep their weights: score the states."
        if not _same(moved.flip(2), weights[:1]):
            return (
                "a state's weight hangs on its place: the score should see the query "
                "and that state alone."
            )
        if _same(module(1 - query, enc_states, src_mask)[1], weights):
            return "another query gets the same weights: the score must see the query."
        one, _ = module(query[:, :1], enc_states, src_mask)
        if not _same(one, context[:, :1]):
            return "a step's context hangs on the other steps: each query asks alone."
        silent = _silenced(module)(query, enc_states, src_mask)[1]
        if not _same(silent[0], torch.full_like(silent[0], 1 / src_len)):
            return UNREGISTERED
        return ""

    todo = "fill in `__init__` and `forward`; return context and weights."
    return _examine(attempt, draw, examine, todo, "forward")


class _Spy(nn.Module):
    """An attention that keeps what it was asked; its context may be shifted."""

    def __init__(self, hid: int, enc: int) -> None:
        super().__init__()
        self.inner = Attention("general", hid, enc, att=1, max_len=1)
        self.masks: list[Tensor] = []
        self.looks: list[Tensor] = []
        self.more = 0.0

    def forward(
        self, query: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        if query.ndim != 3:
            raise ValueError(
                f"attention: query has the shape {tuple(query.shape)}, wanted "
                "(batch, tgt_len, hid); `unsqueeze(1)` makes one step of a state"
            )
        context, weights = self.inner(query, enc_states, src_mask)
        self.masks.append(src_mask)
        self.looks.append(weights)
        return context + self.more, weights


def decoder(attempt: Any) -> Verdict:
    """Reads the target so far, looks, and scores each next letter. (stage 5)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        tgt_vocab, emb, enc, hid = rng.sample(range(6, 13), 4)
        rows, tgt_len, src_len = rng.sample(range(3, 6), 3)
        lengths = [src_len, *(rng.randint(1, src_len) for _ in range(rows - 1))]
        return {
            "tgt_vocab": tgt_vocab,
            "emb": emb,
            "tgt_in": torch.randint(4, tgt_vocab, (rows, tgt_len)),
            "dec_state": torch.rand(rows, hid) - 0.5,
            "enc_states": torch.randn(rows, src_len, enc),
            "src_mask": mask_from_lengths(torch.tensor(lengths), src_len),
        }

    @torch.no_grad()
    def examine(
        made: Any,
        tgt_vocab: int,
        emb: int,
        tgt_in: Tensor,
        dec_state: Tensor,
        enc_states: Tensor,
        src_mask: Tensor,
    ) -> str | None:
        (rows, hid), (_, src_len, enc) = dec_state.shape, enc_states.shape
        tgt_len = tgt_in.shape[1]
        spy = _Spy(hid, enc)
        module = made(tgt_vocab, emb, enc, hid, spy)
        if not isinstance(module, nn.Module):
            return f"came {describe(module)}, wanted a class made from nn.Module."
        _loudened(module)
        _loudened(spy)
        module.eval()
        source = enc_states, src_mask
        answer = module(tgt_in, dec_state, *source)
        if answer is None:
            return None
        told = _tensors(answer, 3, "logits, dec_state and weights")
        if told:
            return told
        logits, state, weights = answer
        if state.shape == (1, rows, hid):
            return (
                "dec_state comes as (1, batch, hid): the GRU's h_n has an axis for "
                "layers in front. Take it off."
            )
        told = (
            _shape(
                "logits",
                logits,
                (rows, tgt_len, tgt_vocab),
                "(batch, tgt_len, tgt_vocab)",
            )
            or _shape("dec_state", state, (rows, hid), "(batch, hid)")
            or _shape(
                "weights",
                weights,
                (rows, tgt_len, src_len),
                "(batch, tgt_len, src_len)",
            )
        )
        if told:
            return told
        if not spy.looks:
            return "it never looks: call `self.attention(query, enc_states, src_mask)`."
        if not all(torch.equal(mask, src_mask) for mask in spy.masks):
            return "hand src_mask on to the attention as it is."
        if not _same(torch.cat(spy.looks, 1), weights):
            return "the third result is what the attention gave: its weights."
        if logits.min() >= 0 and _same(logits.sum(-1), torch.ones(rows, tgt_len)):
            return (
                "these are probabilities: return the logits, without a softmax. The "
                "loss and greedy decoding want them so."
            )
        spy.more = 1.0
        with_more = module(tgt_in, dec_state, *source)[0]
        spy.more = 0.0
        if _same(with_more, logits):
            return "the context changes nothing: let the logits be computed from it."
        other = 4 + (tgt_in - 3) % (tgt_vocab - 4)  # (batch, tgt_len)
        late = torch.cat([tgt_in[:, :-1], other[:, -1:]], 1)
        after = module(late, dec_state, *source)[0]
        if not _same(after[:, :-1], logits[:, :-1]):
            return (
                "a step sees letters that come after it: in decoding nobody knows them."
            )
        if _same(after[:, -1], logits[:, -1]):
            return "another letter read, and the logits are the same: embed tgt_in."
        if _same(module(tgt_in, -dec_state, *source)[0], logits):
            return (
                "another first state, and the logits are the same: the GRU begins "
                "with dec_state, not with zeros."
            )
        early = torch.cat([other[:, :1], tgt_in[:, 1:]], 1)
        if _same(module(early, dec_state, *source)[0][:, 1:], logits[:, 1:]):
            return (
                "what was read at the first step is forgotten at the second: carry the "
                "state from step to step."
            )
        first, middle, _ = module(tgt_in[:, :1], dec_state, *source)
        rest, end, _ = module(tgt_in[:, 1:], middle, *source)
        if not _same(torch.cat([first, rest], 1), logits) or not _same(end, state):
            return (
                "step by step it gives other logits than in one call: the dec_state "
                "returned must be the one after the last letter read."
            )
        if _misses_layers(module, tgt_in, dec_state, *source):
            return UNREGISTERED
        return ""

    todo = "fill in `__init__` and `forward`; return logits, dec_state and weights."
    return _examine(attempt, draw, examine, todo, "forward")


def loss(attempt: Any) -> Verdict:
    """Cross-entropy per real token. (stage 6)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        rows, tgt_len, tgt_vocab = rng.sample(range(4, 9), 3)
        lengths = [tgt_len, *(rng.randint(1, tgt_len - 2) for _ in range(rows - 1))]
        real = mask_from_lengths(torch.tensor(lengths), tgt_len)
        tgt_out = torch.randint(2, tgt_vocab, (rows, tgt_len)).masked_fill(~real, PAD)
        logits = 3 * torch.randn(rows, tgt_len, tgt_vocab)
        return {"logits": logits.requires_grad_(), "tgt_out": tgt_out}

    def use(loss_of: Callable, logits: Tensor, tgt_out: Tensor) -> Any:
        return loss_of(logits, tgt_out)

    def each(logits: Tensor, tgt_out: Tensor) -> Tensor:
        nats = F.cross_entropy(logits.mT, tgt_out, reduction="none")
        return nats  # (batch, tgt_len)

    def real(logits: Tensor, tgt_out: Tensor) -> Tensor:
        return each(logits, tgt_out)[tgt_out != PAD]

    def fault(came: Any, logits: Tensor, tgt_out: Tensor) -> str:
        told = difference(came, sequence_loss(logits, tgt_out))
        if not told and not (isinstance(came, Tensor) and came.requires_grad):
            return (
                "the number is right, but nothing leads back from it: return the "
                "tensor itself, without `.item()` or `.detach()`."
            )
        return told

    def jumbled(logits: Tensor, tgt_out: Tensor) -> Tensor:
        rows = logits.transpose(0, 1).flatten(0, 1)
        return F.cross_entropy(rows, tgt_out.flatten(), ignore_index=PAD)

    def reshaped(logits: Tensor, tgt_out: Tensor) -> Tensor:
        turned = logits.reshape(len(logits), logits.shape[2], -1)
        return F.cross_entropy(turned, tgt_out, ignore_index=PAD)

    def of_rows(logits: Tensor, tgt_out: Tensor) -> Tensor:
        mask = tgt_out != PAD
        return ((each(logits, tgt_out) * mask).sum(1) / mask.sum(1)).mean()

    mistakes: dict[str, Callable] = {
        "padding counts: `ignore_index=PAD` leaves it out.": (
            lambda *case: each(*case).mean()
        ),
        "padding is left out of the sum but counted in what you divide by.": (
            lambda logits, tgt_out: real(logits, tgt_out).sum() / tgt_out.numel()
        ),
        "that is the sum: the mean over the real tokens is wanted.": (
            lambda *case: real(*case).sum()
        ),
        "that is the sum over the real tokens divided by the number of strings; divide "
        "by the number of real tokens.": (
            lambda logits, tgt_out: real(logits, tgt_out).sum() / len(logits)
        ),
        "that is the mean of the strings' means: each token was to count the same.": (
            of_rows
        ),
        "cross_entropy takes the softmax itself: hand it logits, not probabilities.": (
            lambda logits, tgt_out: sequence_loss(logits.softmax(-1), tgt_out)
        ),
        "nll_loss wants log-probabilities: log_softmax first, or cross_entropy.": (
            lambda logits, tgt_out: F.nll_loss(
                logits.flatten(0, 1), tgt_out.flatten(), ignore_index=PAD
            )
        ),
        "a probability in the place of its logarithm: -log p is wanted.": (
            lambda logits, tgt_out: F.nll_loss(
                logits.softmax(-1).flatten(0, 1), tgt_out.flatten(), ignore_index=PAD
            )
        ),
        "the sign: a loss is -log p, never below 0.": (
            lambda *case: -sequence_loss(*case)
        ),
        "logits and letters no longer stand beside each other: flatten both in the "
        "same order.": jumbled,
        "`view` does not swap axes: transpose(1, 2), or flatten(0, 1).": reshaped,
        "one number is wanted, the mean, not one for each token.": real,
        "one number is wanted, not a loss for each place.": (lambda *case: each(*case)),
        "EOS is to be learned, too: leave out PAD alone.": (
            lambda logits, tgt_out: each(logits, tgt_out)[tgt_out > EOS].mean()
        ),
        "cross_entropy wants the classes on axis 1: flatten batch and time "
        "together, or use transpose(1, 2).": (
            lambda logits, tgt_out: F.cross_entropy(logits, tgt_out, ignore_index=PAD)
        ),
    }
    tried = _Examined(attempt, use) if callable(attempt) else attempt
    todo = "return the mean loss in nats per real token, a tensor ()."
    return judge(tried, draw, fault, todo=todo, mistakes=mistakes)


class _Pupil(nn.Module):
    """A model whose gradient says from which batch it comes.

    A batch's number is the first id of its tgt_out. The loss of batch n is a scale
    times the n-th weight, so its gradient is that scale at place n, 0 elsewhere.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(count))
        self.bias = nn.Parameter(torch.zeros(1))
        self.modes: list[bool] = []

    def forward(self, batch: Batch) -> Tensor:
        self.modes.append(self.training)
        return self.weight[batch.tgt_out[0, 0]] + self.bias  # (1,)


def training(attempt: Any) -> Verdict:
    """A step for each batch, with all that belongs to one. (stage 7)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        count = rng.randint(12, 20)
        numbers = torch.arange(count).view(-1, 1, 1)
        parts = [torch.zeros(1, 1, dtype=torch.long), torch.ones(1, dtype=torch.long)]
        batches = [
            Batch(parts[0], parts[1], parts[0] == PAD, parts[0], number)
            for number in numbers
        ]
        scale = rng.choice([0.5, 50.0])
        return {
            "batches": batches,
            "peak_rate": rng.choice([0.01, 0.03]),
            "scale": scale,
        }

    def examine(
        loop: Callable, batches: list[Batch], peak_rate: float, scale: float
    ) -> str | None:
        pupil = _Pupil(len(batches)).eval()
        told: list[tuple[int, float]] = []  # the batch and its loss
        steps: list[tuple[int, float, Tensor | None, set[int]]] = []

        def loss_of(logits: Tensor, tgt_out: Tensor) -> Tensor:
            value = scale * logits.squeeze()  # ()
            told.append((int(tgt_out[0, 0]), value.item()))
            return value

        def watch(optimizer: Any, *_: Any) -> None:
            groups = optimizer.param_groups
            held = {id(part) for group in groups for part in group["params"]}
            grad = pupil.weight.grad
            grad = None if grad is None else grad.clone()
            steps.append((id(optimizer), float(groups[0]["lr"]), grad, held))

        hook = register_optimizer_step_pre_hook(watch)
        try:
            losses = loop(pupil, batches, loss_of, peak_rate)
        finally:
            hook.remove()
        if losses is None and not told:
            return None
        return (
            _losses_wrong(losses, told, len(batches))
            or _steps_wrong(pupil, steps, len(batches), peak_rate)
            or (
                ""
                if all(pupil.modes)
                else "the model was in evaluation mode: `model.train()` comes first."
            )
        )

    todo = "take a step for each batch and return the list of losses."
    return _examine(attempt, draw, examine, todo)


def _losses_wrong(losses: Any, told: list[tuple[int, float]], count: int) -> str:
    """What is wrong with the losses and with the batches that were met."""
    met = [number for number, _ in told]
    if met != [*range(count)]:
        return (
            f"of {count} batches the loss was computed for {len(met)}; wanted is one "
            "step for each, in order"
            + (": is the `return` inside the loop?" if len(met) < count else ".")
        )
    if losses is None:
        return "it returned None: collect the losses and return the list."
    if isinstance(losses, Tensor) and losses.ndim == 1:
        losses = [*losses]
    if not isinstance(losses, list | tuple):
        return f"came {describe(losses)}, wanted a list of all losses."
    if len(losses) != count:
        return f"came {len(losses)} losses, wanted {count}: append one for each batch."
    if any(isinstance(one, Tensor) and one.requires_grad for one in losses):
        return (
            "the losses keep their graphs, and so the memory of every step: "
            "`loss.item()` takes the number out."
        )
    wanted = torch.tensor([value for _, value in told])
    if not _same(torch.tensor([float(one) for one in losses]), wanted):
        return "the numbers returned are not the losses of the batches, in order."
    return ""


def _steps_wrong(pupil: _Pupil, steps: list, count: int, peak_rate: float) -> str:
    """What is wrong with the steps: their gradients, their rates, the optimizer."""
    moved = not torch.equal(pupil.weight, torch.ones(count))
    if not steps:
        last = pupil.weight.grad
        if not moved:
            return (
                "no weight has moved: after `loss.backward()` the optimizer must step."
            )
        if last is not None and int((last != 0).sum()) > 1:
            return ACCUMULATED
        return ""
    if len(steps) != count:
        return f"the optimizer stepped {len(steps)} times for {count} batches."
    optimizers, rates, grads, held = zip(*steps, strict=True)
    if len({*optimizers}) > 1:
        return (
            "each step has a new optimizer, which knows nothing of those before: make "
            "it once, in front of the loop."
        )
    if {id(part) for part in pupil.parameters()} - held[0]:
        return "the optimizer lacks some parameters: hand it `model.parameters()`."
    places = [[] if g is None else g.nonzero().flatten().tolist() for g in grads]
    if places[1] == [0]:
        return (
            "a step uses the gradient of the batch before: `backward` comes before "
            "`step`."
        )
    for number, found in enumerate(places):
        if not found:
            return (
                "at a step there was no gradient: `zero_grad`, then `backward`, then "
                "`step`, in this order."
            )
        if found != [number]:
            return ACCUMULATED
    if max(float(grad.norm()) for grad in grads) > 1.01:
        return (
            "a gradient longer than 1 reached the optimizer: clip between `backward` "
            "and `step`."
        )
    if max(rates) > 1.05 * peak_rate:
        return f"the rate rises to {max(rates):.3g}, above peak_rate = {peak_rate}."
    if len({*rates}) == 1:
        return (
            'the learning rate is the same at every step: set `group["lr"]` from '
            "`one_cycle` before each."
        )
    if max(rates) < 0.9 * peak_rate:
        return (
            f"the rate rises to {max(rates):.3g} only, wanted peak_rate = {peak_rate}: "
            "one_cycle gives a share of it."
        )
    if rates[0] > 0.3 * peak_rate or rates[-1] > 0.3 * peak_rate:
        return (
            "the rate should begin low and end low: the progress given to one_cycle "
            "is step / len(batches), from 0 to nearly 1."
        )
    return ""


ACCUMULATED = (
    "a step uses gradients of earlier batches, too: PyTorch adds them up until "
    "`optimizer.zero_grad()` wipes them."
)


def greedy(attempt: Any) -> Verdict:
    """The likeliest letter at each step, for a whole batch. (stage 8)"""

    def write(
        model: Seq2Seq,
        src_ids: Tensor,
        src_lengths: Tensor,
        max_len: int,
        wrong: str = "",
    ) -> tuple[Tensor, ...]:
        enc_states, dec_state = model.encode(src_ids, src_lengths)
        src_mask = mask_from_lengths(src_lengths, src_ids.shape[1])
        src_mask = torch.ones_like(src_mask) if wrong == "mask" else src_mask
        dec_state = 0 * dec_state if wrong == "zeros" else dec_state
        start = EOS if wrong == "first" else SOS
        word = torch.full_like(src_ids[:, :1], start)
        ids, looks = [], []
        for _ in range(max_len + {"longer": 1, "shorter": -1}.get(wrong, 0)):
            logits, state, weights = model.decoder(
                word, dec_state, enc_states, src_mask
            )
            dec_state = dec_state if wrong == "state" else state
            likeliest = logits.argmin(-1) if wrong == "least" else logits.argmax(-1)
            word = word if wrong == "word" else likeliest
            ids.append(likeliest)
            looks.append(weights)
            if wrong == "any" and (likeliest == EOS).any():
                break
        rows = torch.cat(ids, 1)
        if wrong == "sos":
            rows = torch.cat([torch.full_like(rows[:, :1], SOS), rows], 1)
        return _cut(rows, torch.cat(looks, 1))

    def draw(rng: random.Random) -> dict[str, Any]:
        sizes = rng.sample(range(4, 9), 3)
        emb, enc_hid, hid = sizes
        config = ModelConfig(
            9, 9, emb, enc_hid, hid, 3, tied=False, dropout=0.3, max_len=20
        )
        model = Seq2Seq(config)
        _loudened(model)
        with torch.no_grad():
            model.decoder.output.bias[[PAD, SOS]] = -100.0  # never the likeliest
            model.decoder.output.bias[EOS] += 0.8
        lengths = rng.sample(range(2, 7), 4)
        rows = [[rng.randrange(4, 9) for _ in range(n)] for n in lengths]
        src_ids, src_lengths = pad_ids(rows)
        model.eval()
        ids, _ = model.greedy(src_ids, src_lengths, 9)
        ends = [row.index(EOS) if EOS in row else 9 for row in ids.tolist()]
        if len({*ends}) < 2 or min(ends) < 1:
            return draw(rng)
        max_len = max(ends) + rng.randrange(2)  # the longest row is cut, or just not
        model.train(rng.random() < 0.5)
        model.decoder.register_forward_pre_hook(_Patience())
        given = {"src_ids": src_ids, "src_lengths": src_lengths, "max_len": max_len}
        return {"model": model} | given

    def use(
        decode: Callable,
        model: Seq2Seq,
        src_ids: Tensor,
        src_lengths: Tensor,
        max_len: int,
    ) -> Any:
        (patience,) = model.decoder._forward_pre_hooks.values()
        answer = decode(model, src_ids, src_lengths, max_len)
        if answer is None:
            return None
        if told := _tensors(answer, 2, "ids and weights"):
            return _Seen(told)
        ids, weights = answer
        if isinstance(patience, _Patience) and patience.trained:
            return _Seen(
                "the model was in training mode, where dropout is at work: "
                "`model.eval()` comes first."
            )
        if weights.requires_grad:
            return _Seen(
                "the weights lead back to the parameters: nothing is learned here, so "
                "decode within `torch.no_grad()`."
            )
        if ids.ndim != 2 or len(ids) != len(src_ids):
            return _Seen(
                f"ids: came the shape {tuple(ids.shape)}, wanted (batch, tgt_len)."
            )
        if weights.ndim != 3 or weights.shape[2] != src_ids.shape[1]:
            came = f"weights: came the shape {tuple(weights.shape)}, wanted "
            return _Seen(f"{came}(batch, tgt_len, src_len): cat along axis 1.")
        return _cut(ids, weights)

    def fault(came: Any, model: Seq2Seq, *rest: Any) -> str:
        if isinstance(came, _Seen):
            return came.sentence
        model.eval()
        wanted = write(model, *rest)
        rows = len(wanted) // 2
        for n, (one, other) in enumerate(zip(came, wanted, strict=True)):
            what = (
                f"{'ids' if n < rows else 'weights'} of row {n % rows}, up to its EOS"
            )
            if told := difference(one, other, "" if n < rows else "(steps, src_len)"):
                return f"{what}: {told}"
        return ""

    def having(wrong: str) -> Callable:
        def function(
            model: Seq2Seq, src_ids: Tensor, src_lengths: Tensor, max_len: int
        ) -> tuple:
            model.eval()
            with torch.no_grad():
                return write(model, src_ids, src_lengths, max_len, wrong)

        return function

    told = {
        "state": "hand each step's new state on to the next.",
        "word": "the letter just written is the next to be read.",
        "first": "the first id to be read is SOS.",
        "zeros": "the first state is the one that `model.encode` returns.",
        "any": "it stopped when the first row had written EOS: go on until all have.",
        "longer": "max_len ids may be written, and yours are one more.",
        "shorter": "max_len ids may be written, and yours are one fewer.",
        "mask": "padding was looked at: the mask is True at real tokens only.",
        "sos": "SOS is read, not written: leave it out.",
        "least": "that is the least likely letter: argmax.",
    }
    tried = _Examined(attempt, use) if callable(attempt) else attempt
    todo = "return ids and weights, an entry for each step."
    return judge(
        tried,
        draw,
        fault,
        todo=todo,
        mistakes={hint: having(wrong) for wrong, hint in told.items()},
    )


def _cut(ids: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
    """Each row's ids, then each row's weights, up to its EOS; what follows is idle."""
    rows = [row[: row.index(EOS) + 1] if EOS in row else row for row in ids.tolist()]
    looks = [look[: len(row)] for look, row in zip(weights, rows, strict=True)]
    return (*map(torch.tensor, rows), *looks)


class _Patience:
    """A hook before each call of a decoder: not called without end; in which mode?"""

    calls, trained = 0, False

    def __call__(self, model: nn.Module, given: tuple) -> None:
        self.calls += 1
        self.trained |= model.training
        if self.calls > PATIENCE:
            raise TimeoutError("it writes without end: stop at max_len ids")


CHECKS: dict[str, Callable[[Any], Verdict]] = {
    "vocabulary": vocabulary,
    "batch": batch,
    "encoder": encoder,
    "attention": attention,
    "decoder": decoder,
    "loss": loss,
    "training": training,
    "greedy": greedy,
}

HINTS: dict[str, tuple[str, str, str]] = {
    "vocabulary": (
        "Two directions, so two tables. `__init__` makes both once: from a letter to "
        "its id, and from an id to its letter.",
        "A dictionary does each. `enumerate(letters, start=4)` gives the ids, because "
        "0 to 3 are taken. `table.get(letter, UNK)` gives UNK for a stranger.",
        "`encode`: the ids of the letters in a list, then `[EOS]` behind them. "
        "`decode`: walk over the ids, `break` at EOS, join what was collected.",
    ),
    "batch": (
        "First find the longest source and the longest target. Then put `PAD` behind "
        "each shorter list until all are as long, and make a tensor of the lists.",
        "`ids + [PAD] * (longest - len(ids))` pads one list. You need it three times "
        "(sources, targets, shifted targets), so write a small function. The mask is "
        "a comparison: `src_ids != PAD`.",
        "`tgt_in` is made of `[SOS, *target[:-1]]`, `tgt_out` of `target`. The lengths "
        "are `torch.tensor([len(source) for source, _ in examples])`.",
    ),
    "encoder": (
        "Two layers: `nn.Embedding` and `nn.GRU`. Letters become vectors, the GRU "
        "reads them; padding must be taken out before it reads.",
        "`nn.GRU(emb, enc_hid, batch_first=True, bidirectional=True)`. In `forward`: "
        "embed, `pack_padded_sequence` with the lengths, the GRU, "
        "`pad_packed_sequence`.",
        "`pack_padded_sequence(vectors, src_lengths, batch_first=True, "
        "enforce_sorted=False)`. `pad_packed_sequence(packed, batch_first=True)` gives "
        "two things, the states and the lengths. Return the states and the GRU's h_n.",
    ),
    "attention": (
        "Three lines: scores, weights, context. A score that works is the one of "
        "notebook 03 called general: a linear layer on the query, then a product with "
        "each state.",
        "`self.W = nn.Linear(hid, enc, bias=False)`. All scores at once are "
        "`self.W(query) @ enc_states.transpose(1, 2)`. Hide padding in the scores, "
        "then take the softmax over the last axis.",
        '`scores.masked_fill(~src_mask.unsqueeze(1), float("-inf"))`, then '
        "`.softmax(dim=-1)`, then `weights @ enc_states`. Return context, weights.",
    ),
    "decoder": (
        "Embed the letters, let a GRU read them from dec_state on, let each of its "
        "states ask the attention, and compute the logits from what both found.",
        "Layers: `nn.Embedding(tgt_vocab, emb)`, `nn.GRU(emb, hid, batch_first=True)`, "
        "`nn.Linear(enc + hid, tgt_vocab)`; keep the attention as `self.attention`. "
        "The GRU wants its first state as (1, batch, hid).",
        "`states, h_n = self.rnn(vectors, dec_state.unsqueeze(0))`; `context, weights "
        "= self.attention(states, enc_states, src_mask)`; the linear layer reads "
        "`torch.cat([context, states], dim=-1)`. Return `h_n.squeeze(0)`.",
    ),
    "loss": (
        "`F.cross_entropy` does all of it, if logits and letters are brought into two "
        "axes and one: every token of every string is a row.",
        "`logits.flatten(0, 1)` is (batch * tgt_len, tgt_vocab); `tgt_out.flatten()` "
        "is (batch * tgt_len,).",
        "`F.cross_entropy(rows, letters, ignore_index=PAD)` leaves padding out of the "
        "sum and of what it is divided by.",
    ),
    "training": (
        "Before the loop: `model.train()`, one optimizer, an empty list. In it the "
        "five lines of notebook 04, the rate set before them and the clipping inside.",
        "`for step, batch in enumerate(batches)`: set the rate, loss, zero_grad, "
        "backward, clip, step, append. The rate is `peak_rate * one_cycle(step / "
        'len(batches))`, put into `group["lr"]` for each of '
        "`optimizer.param_groups`.",
        "`loss = loss_of(model(batch), batch.tgt_out)`; "
        "`nn.utils.clip_grad_norm_(model.parameters(), 1.0)` behind `backward`; "
        "`losses.append(loss.item())`. Return the list when the loop is done.",
    ),
    "greedy": (
        "Encode once. Then in a loop: the decoder reads a column of letters, (batch, "
        "1), and the likeliest of its logits are the next column. The first is SOS.",
        "`logits, dec_state, weights = model.decoder(word, dec_state, enc_states, "
        "src_mask)`; `word = logits.argmax(dim=-1)` is (batch, 1) again. Collect both "
        "and `torch.cat(..., dim=1)` at the end.",
        "`word = torch.full_like(src_ids[:, :1], SOS)`, `src_mask = src_ids != PAD`. "
        "All inside `with torch.no_grad():`, after `model.eval()`. To stop early, "
        "remember which rows have written EOS: `ended = ended | (word == EOS)`.",
    ),
}


def bench() -> Bench:
    """An empty bench with the eight stages on it."""
    return Bench(CHECKS, OURS, HINTS)


def result(exact: float) -> Told:
    """What a share of unseen strings, reversed exactly, says of what was built."""
    if exact >= 0.9:
        return Told("It reads backwards: at least 90 of 100 unseen strings are exact.")
    return Told(
        f"Not yet: {exact:.0%} of the unseen strings are exact, wanted 90 % or more. "
        'Find the part: put a stage into `bench.take_ours`, such as {"decoder"}, and '
        "run from the assembling on; where it helps, that part is the one."
    )
