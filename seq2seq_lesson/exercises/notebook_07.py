"""The checks of notebook 07's stages, what stands in for each, and their hints.

Of a class or a loop that may be written in many ways the checks ask what it does, not
how: each law that is broken has a sentence of its own.
"""

from __future__ import annotations

import copy
import random
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
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
from seq2seq_lesson.exercises.comparing import Raised, describe, difference
from seq2seq_lesson.exercises.isolation import bound, unbound
from seq2seq_lesson.exercises.workbench import Bench, Told
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, sequence_loss
from seq2seq_lesson.shapes import ShapeError
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
        words = self.words.decode(ids)
        return "".join(word for word in words if len(word) == 1)  # no <unk>, no <pad>


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
        loss = loss_of(model(batch), batch.tgt_out)
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

    `line` tells in which line of a cell it first raised, if it did.
    """

    line = ""

    def __init__(self, attempt: Any, examine: Callable, method: str = "") -> None:
        self.attempt, self.examine = attempt, examine
        inner = getattr(attempt, method, None) if method else attempt
        self.__code__ = getattr(inner, "__code__", None)

    def __call__(self, *case: Any) -> Any:
        try:
            return self.examine(self.attempt, *case)
        except Exception as error:
            self.line = self.line or _line_of(error)
            raise

    def located(self, verdict: Verdict) -> Verdict:
        """A verdict on it, with the line in which it raised."""
        told = verdict.message
        return replace(
            verdict, message=told + self.line if " raised " in told else told
        )


def _examine(
    attempt: Any,
    draw: Callable,
    examine: Callable,
    todo: str,
    method: str = "",
    errors: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge by what `examine(attempt, *case)` says: "" is right, None is no answer.

    Args
        errors: hints for an attempt that raises, by a phrase of what PyTorch says then
    """

    def examined(*case: Any) -> _Seen | None:
        try:
            with unbound("batch", "src_len", "tgt_len"):
                said = examine(*case)
        except Exception as error:
            said = _raised(
                error, [h for e, h in (errors or {}).items() if e in str(error)]
            )
        strange = _sizes_of_the_notebook(attempt) if said else ""
        return None if said is None else _Seen(strange or said)

    tried = _Examined(attempt, examined, method) if callable(attempt) else attempt
    return judge(tried, draw, lambda seen, *_: seen.sentence, todo=todo)


def _raised(error: Exception, hints: Sequence[str]) -> str:
    """The error in a sentence, with its line and the first hint there is."""
    told = describe(Raised(error)) + _line_of(error)
    return told + (f" Hint: {hints[0]}" if hints else "")


def _line_of(error: Exception) -> str:
    """The last line of a notebook's cell that an error went through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.line and not Path(frame.filename).is_file():
            return f" In line {frame.lineno}: `{frame.line}`"
    return ""


def _sizes_of_the_notebook(attempt: Any) -> str:
    """Whether a class reads the notebook's sizes in the place of its arguments."""
    parts = [getattr(attempt, name, None) for name in ("__init__", "forward")]
    read = {name for part in parts for name in _names_in(part)}
    strange = sorted(read & {"SIZE", "EMB", "ENC_HID", "HID", "LETTERS"})
    if not strange:
        return ""
    return (
        f"it reads {', '.join(strange)}, the notebook's: take the sizes from the "
        "arguments of `__init__`, for the check uses others."
    )


def _names_in(function: Any) -> tuple[str, ...]:
    code = getattr(function, "__code__", None)
    return code.co_names if code else ()


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
        kind = rng.randrange(4)
        if kind < 2:
            ids.insert(rng.randrange(3), (SOS, UNK)[kind])
        return {"letters": letters, "ids": ids if kind == 2 else [*ids, EOS, *behind]}

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

    def text_of(letters: str, ids: list[int], special: Any = ("",) * 4) -> str:
        found = dict(enumerate([*special, *letters]))
        return "".join(found[n] for n in ids)

    def until_eos(ids: list[int]) -> list[int]:
        return ids[: ids.index(EOS)] if EOS in ids else ids

    def decoded(letters: str, ids: list[int], special: Any = ("",) * 4) -> str:
        return text_of(letters, until_eos(ids), special)

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
    kept = "SOS, UNK and PAD are no letters: `decode` leaves them out"
    no_eos = "a list of ids may have no EOS, if writing was cut: all of it is decoded."
    wrong_text: dict[str, Callable] = {
        "stop at the first EOS: what stands behind it was never meant.": text_of,
        "`decode` leaves EOS out: it is no letter.": (
            lambda letters, ids: decoded(letters, ids) + "<eos>" * (EOS in ids)
        ),
        'one string is wanted: `"".join(...)` makes one of a list.': (
            lambda letters, ids: [*decoded(letters, ids)]
        ),
        "the letters only, without spaces.": (
            lambda letters, ids: " ".join(decoded(letters, ids))
        ),
        "the last letter before EOS is missing.": (
            lambda letters, ids: decoded(letters, ids)[:-1]
        ),
        f"{no_eos} `ids.index(EOS)` raises then.": (
            lambda letters, ids: decoded(letters, ids[: ids.index(EOS)])
        ),
        f"{kept}. `letters[id - 4]` counts from the end below 4.": (
            lambda letters, ids: "".join(letters[n - 4] for n in until_eos(ids))
        ),
        f"{kept}, without a sign in their place.": (
            lambda letters, ids: decoded(letters, ids, "????")
        ),
        f"{kept}, without their names.": (
            lambda letters, ids: decoded(letters, ids, ("<pad>", "<sos>", "", "<unk>"))
        ),
        f'{kept}: `.get(id, "")` gives nothing for them.': (
            lambda letters, ids: "".join(
                dict(enumerate(letters, start=4))[n] for n in until_eos(ids)
            )
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
        lambda came, *case: _named("decode", difference(came, decoded(*case))),
        todo="`encode` is right; fill in `decode`.",
        mistakes=wrong_text,
    )
    told = second.message.replace("Not tried yet: ", "Not yet: ")
    return Verdict((1 + second.points) / 2, told)


def _alike(came: Any, other: Any) -> bool:
    return not difference(came, other)


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
        wanted = collate(examples)
        with bound({"src_mask": wanted.src_mask, "tgt_in": wanted.tgt_in}):
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

    def fault(came: Any, examples: list[Example]) -> str:
        if isinstance(came, _Seen):
            return came.sentence
        wanted = collate(examples)
        for (name, axes), one in zip(BATCH.items(), came, strict=True):
            if told := difference(one, getattr(wanted, name), axes):
                hints = (
                    f" Hint: {hint}"
                    for hint, (field, mistaken) in mistakes.items()
                    if field == name and _alike(one, mistaken(wanted, examples))
                )
                return f"{name}: {told}{next(hints, '')}"
            if name != "src_mask" and one.dtype != torch.long:
                return f"{name}: came {one.dtype}, wanted torch.int64."
        return ""

    def front(rows: Sequence[list[int]]) -> Tensor:
        longest = max(map(len, rows))
        return torch.tensor([[PAD] * (longest - len(row)) + row for row in rows])

    def begun(made: Batch, examples: list[Example]) -> Tensor:
        return pad_ids([[SOS, *target] for _, target in examples])[0]

    axes = "batch is the first axis: (batch, src_len), not (src_len, batch)."
    mistakes: dict[str, tuple[str, Callable[[Batch, list[Example]], Any]]] = {
        "source and target have changed places.": (
            "src_ids",
            lambda made, examples: made.tgt_out,
        ),
        "padding stands behind the ids, not in front.": (
            "src_ids",
            lambda made, examples: front([source for source, _ in examples]),
        ),
        axes: ("src_ids", lambda made, examples: made.src_ids.T),
        "EOS counts in a length.": (
            "src_lengths",
            lambda made, examples: made.src_lengths - 1,
        ),
        "a length is the string's own, not that of the padded row.": (
            "src_lengths",
            lambda made, examples: torch.full_like(
                made.src_lengths, made.src_ids.shape[1]
            ),
        ),
        "that counts the padding: True is a real token in the mask.": (
            "src_lengths",
            lambda made, examples: (~made.src_mask).sum(1),
        ),
        "make a tensor of the lengths.": (
            "src_lengths",
            lambda made, examples: made.src_lengths.tolist(),
        ),
        "True is a real token: your mask has it the other way round.": (
            "src_mask",
            lambda made, examples: ~made.src_mask,
        ),
        "the mask is True at padding, too.": (
            "src_mask",
            lambda made, examples: torch.ones_like(made.src_mask),
        ),
        "a mask is bool: a comparison such as `ids != PAD` makes one.": (
            "src_mask",
            lambda made, examples: made.src_mask.long(),
        ),
        "a mask is bool, not float: compare, and leave the answer as it is.": (
            "src_mask",
            lambda made, examples: made.src_mask.float(),
        ),
        "EOS is real, too: the mask hides padding, nothing else.": (
            "src_mask",
            lambda made, examples: made.src_ids > EOS,
        ),
        "tgt_in is one step behind: SOS in front, the last id dropped.": (
            "tgt_in",
            lambda made, examples: made.tgt_out,
        ),
        "tgt_in is one id too long: nothing is read after the last step, so EOS is "
        "dropped.": ("tgt_in", begun),
        "padding stands behind the ids in the target as well.": (
            "tgt_in",
            lambda made, examples: front([[SOS, *ids[:-1]] for _, ids in examples]),
        ),
        "SOS is read, never written: tgt_out has none.": ("tgt_out", begun),
        "SOS is read, never written: tgt_out begins with the first letter.": (
            "tgt_out",
            lambda made, examples: made.tgt_in,
        ),
    }
    tried = _Examined(attempt, use) if callable(attempt) else attempt
    todo = "return a Batch of the five tensors."
    told = judge(tried, draw, fault, todo=todo)
    return tried.located(told) if isinstance(tried, _Examined) else told


def encoder(attempt: Any) -> Verdict:
    """One state for each letter, read both ways, and the last states. (stage 3)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        src_vocab, emb, enc_hid = rng.sample(range(8, 14), 3)
        lengths = rng.sample(range(4, 8), 3)
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
        with bound({"src_mask": src_ids}):  # for its axes, batch and src_len
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
        if h_n.shape[-1] == 2 * enc_hid:
            return (
                "h_n has both directions side by side: leave it as the GRU gives it, "
                "(2, batch, enc_hid)."
            )
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
                    "direction that reads backwards has begun in the padding, or its "
                    "states were collected from the end and not turned round, or rows "
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
        try:
            with bound({"query": query, "enc_states": enc_states}):
                answer = module(query, enc_states, src_mask)
        except Exception as error:
            hints = _mends_mask(module, query, enc_states, src_mask)
            if "T" in _names_in(made.forward):
                hints.append(
                    "on three axes `.T` turns all of them round: "
                    "`enc_states.transpose(1, 2)`."
                )
            return _raised(error, hints)
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
        down = weights[0].sum(0)  # (src_len,); row 0 has no padding
        if _same(down, torch.ones_like(down)):
            return (
                "weights sum to 1 over the steps: the softmax runs over the wrong "
                "axis. Over src_len, the last: `softmax(dim=-1)`."
            )
        if full.isnan().any() or (
            _same(sums[1:], ones[1:]) and weights[~hidden].max() < 1e-6
        ):
            return "the mask hides the letters and leaves padding: True is a real id."
        if weights.isnan().any():
            return "weights are nan where there is padding: mask the scores."
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
        real = src_mask.unsqueeze(-1)  # (batch, src_len, 1)
        strong = torch.where(real, 1e4 * enc_states, enc_states)
        if max(w[hidden].max() for w in (weights, module(query, strong, src_mask)[1])):
            return (
                "padding does not get exactly 0: a real score may lie below the number "
                'that you fill in. Take `float("-inf")`.'
            )
        loud = torch.where(real, enc_states, 1e4 * enc_states)
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
            return (
                "another query gets the same weights: the score must see the query. "
                "(In `v @ (W_q s + W_k h)` it cancels: a tanh goes around the sum.)"
            )
        one, _ = module(query[:, :1], enc_states, src_mask)
        if not _same(one, context[:, :1]):
            return "a step's context hangs on the other steps: each query asks alone."
        silent = _silenced(module)(query, enc_states, src_mask)[1]
        if not _same(silent[0], torch.full_like(silent[0], 1 / src_len)):
            return UNREGISTERED
        return ""

    todo = "fill in `__init__` and `forward`; return context and weights."
    return _examine(attempt, draw, examine, todo, "forward")


def _mends_mask(
    module: nn.Module, query: Tensor, enc_states: Tensor, src_mask: Tensor
) -> list[str]:
    """A hint, if an attention that raises does not with one more axis in its mask."""
    try:
        module(query, enc_states, src_mask.unsqueeze(1))
    except Exception:
        return []
    return [
        "the scores are (batch, tgt_len, src_len), the mask (batch, src_len): give it "
        "an axis for tgt_len, `src_mask.unsqueeze(1)`."
    ]


class _Spy(nn.Module):
    """An attention that keeps what it was asked; its context may be shifted."""

    def __init__(self, hid: int, enc: int) -> None:
        super().__init__()
        self.inner = Attention("general", hid, enc, att=1, max_len=1)
        self.masks: list[Tensor] = []
        self.looks: list[Tensor] = []
        self.more, self.share = 0.0, 1.0

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
        return self.share * context + self.more, weights


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
        with bound({"tgt_in": tgt_in, "enc_states": enc_states}):
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
        spy.share = 0.0
        bare = [module(ids, dec_state, *source)[0] for ids in (tgt_in, other)]
        spy.share = 1.0
        whole = module(other, dec_state, *source)[0]
        if _same(*bare) and not _same(whole, logits):
            return (
                "the logits see the context alone: compute them from context and "
                "state, `torch.cat([context, states], dim=-1)`."
            )
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

    errors = {
        "must match except in dimension 1": (
            "context and state lie side by side in the last axis: `dim=-1`."
        ),
        "Expected hidden size": (
            "the letters come as (batch, tgt_len, emb): set batch_first=True; the "
            "first state goes in as (1, batch, hid)."
        ),
        "hx should also be": (
            "the GRU wants an axis for layers in front of its first state: "
            "`dec_state.unsqueeze(0)`."
        ),
    }
    todo = "fill in `__init__` and `forward`; return logits, dec_state and weights."
    return _examine(attempt, draw, examine, todo, "forward", errors)


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
        with bound({"tgt_out": tgt_out, "tgt_vocab": logits.shape[-1]}):
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

    def of_columns(logits: Tensor, tgt_out: Tensor) -> Tensor:
        mask = tgt_out != PAD
        return ((each(logits, tgt_out) * mask).sum(0) / mask.sum(0)).mean()

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
        "that is the mean of the steps' means: each token was to count the same.": (
            of_columns
        ),
        "cross_entropy takes the softmax itself: hand it logits, not probabilities.": (
            lambda logits, tgt_out: sequence_loss(logits.softmax(-1), tgt_out)
        ),
        "softmax over the wrong axis: the letters are the last.": (
            lambda logits, tgt_out: F.nll_loss(
                logits.log_softmax(1).flatten(0, 1),
                tgt_out.flatten(),
                ignore_index=PAD,
            )
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
        "EOS is left out and PAD counts: `ignore_index=PAD`.": (
            lambda logits, tgt_out: each(logits, tgt_out)[tgt_out != EOS].mean()
        ),
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
    told = judge(tried, draw, fault, todo=todo, mistakes=mistakes)
    return tried.located(told) if isinstance(tried, _Examined) else told


class _Pupil(nn.Module):
    """A model whose gradient says from which batch it comes.

    A batch's number is the first id of its tgt_out. The loss of batch n is a scale
    times the n-th weight, so its gradient is that scale at place n, 0 elsewhere; the
    bias has three times that gradient, whatever its length is clipped to. All its
    logits are alike, (batch, tgt_len, tgt_vocab), with as many letters as batches.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(count))
        self.bias = nn.Parameter(torch.zeros(1))
        self.modes: list[bool] = []

    def forward(self, batch: Batch) -> Tensor:
        self.modes.append(self.training)
        value = self.weight[batch.tgt_out[0, 0]] + 3 * self.bias  # (1,)
        return value.expand(*batch.tgt_out.shape, len(self.weight))


def training(attempt: Any) -> Verdict:
    """A step for each batch, with all that belongs to one. (stage 7)"""

    def draw(rng: random.Random) -> dict[str, Any]:
        count = rng.randint(12, 20)
        rows, src_len, tgt_len = rng.sample(range(3, 9), 3)
        src_ids, tgt_in = torch.full((rows, src_len), 4), torch.full((rows, tgt_len), 4)
        source = src_ids, torch.full((rows,), src_len), src_ids != PAD
        batches = [
            Batch(*source, tgt_in, torch.full_like(tgt_in, number))
            for number in range(count)
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
        steps: list[tuple[int, float, Tensor | None, Tensor, set[int]]] = []

        def loss_of(logits: Tensor, tgt_out: Tensor) -> Tensor:
            value = scale * logits.mean()  # ()
            told.append((int(tgt_out[0, 0]), value.item()))
            return value

        def watch(optimizer: Any, *_: Any) -> None:
            groups = optimizer.param_groups
            held = {id(part) for group in groups for part in group["params"]}
            grad = pupil.weight.grad
            grad = None if grad is None else grad.clone()
            rest = pupil.bias.grad
            rest = torch.zeros(1) if rest is None else rest.clone()
            steps.append((id(optimizer), float(groups[0]["lr"]), grad, rest, held))

        hook = register_optimizer_step_pre_hook(watch)
        try:
            known = {"src_mask": batches[0].src_mask, "tgt_out": batches[0].tgt_out}
            with bound(known | {"tgt_vocab": len(batches)}):
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
    optimizers, rates, grads, rests, held = zip(*steps, strict=True)
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
    pairs = [*zip(grads, rests, strict=True)]
    if any(not _same(3 * grad.sum(), rest.sum()) for grad, rest in pairs):
        return (
            "the gradient points elsewhere than before: each number was cut alone. "
            "`clip_grad_norm_` shortens all of them together."
        )
    if max(float(torch.cat(pair).norm()) for pair in pairs) > 1.01:
        return (
            "a gradient longer than 1 reached the optimizer: clip between `backward` "
            "and `step`."
        )
    if max(rates) > 1.05 * peak_rate:
        return f"the rate rises to {max(rates):.3g}, above peak_rate = {peak_rate}."
    if len({*rates}) == 1:
        if _same(torch.tensor(rates[0]), torch.tensor(peak_rate * one_cycle(0))):
            return "the rate is that of step 0 at every step: does n grow?"
        return (
            'the learning rate is the same at every step: set `group["lr"]` from '
            "`one_cycle` before each."
        )
    if max(rates) < 0.9 * peak_rate:
        return (
            f"the rate rises to {max(rates):.3g} only, wanted peak_rate = {peak_rate}: "
            "one_cycle gives a share of it."
        )
    late = [peak_rate * one_cycle(n / count) for n in range(1, count + 1)]
    if _same(torch.tensor(rates), torch.tensor(late)):
        return (
            "the rate is one step ahead: the first step has the number 0, as "
            "`enumerate(batches)` counts."
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
        word = torch.full_like(src_ids[:, :1], SOS)
        ids, looks, ended = [], [], word == EOS
        for _ in range(max_len + {"longer": 1, "shorter": -1}.get(wrong, 0)):
            logits, dec_state, weights = model.decoder(
                word, dec_state, enc_states, src_mask
            )
            word = logits.argmin(-1) if wrong == "least" else logits.argmax(-1)
            ended = ended | (word == EOS)
            if wrong == "eos" and ended.all():
                break
            ids.append(word)
            looks.append(weights)
            if wrong == "any" and ended.any():
                break
        return _cut(torch.cat(ids, 1), torch.cat(looks, 1))

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
        lengths = [n for _ in range(8) for n in rng.sample(range(2, 7), 4)]
        rows = [[rng.randrange(4, 9) for _ in range(n)] for n in lengths]
        ids, _ = model.eval().greedy(*pad_ids(rows), 9)
        ends = [row.index(EOS) if EOS in row else 9 for row in ids.tolist()]
        fours = [ends[n : n + 4] for n in range(0, len(ends), 4)]
        good = [n for n, four in enumerate(fours) if len({*four}) > 1 and min(four)]
        if not good:
            return draw(rng)
        src_ids, src_lengths = pad_ids(rows[4 * good[0] : 4 * good[0] + 4])
        longest = max(fours[good[0]])
        max_len = longest + rng.randrange(2)  # the longest row is cut, or just not
        model.train(rng.random() < 0.5)
        model.decoder.register_forward_pre_hook(_CallsSeen(), with_kwargs=True)
        given = {"src_ids": src_ids, "src_lengths": src_lengths, "max_len": max_len}
        return {"model": model} | given

    def use(
        decode: Callable,
        model: Seq2Seq,
        src_ids: Tensor,
        src_lengths: Tensor,
        max_len: int,
    ) -> Any:
        (spy,) = model.decoder._forward_pre_hooks.values()
        assert isinstance(spy, _CallsSeen)
        try:
            answer = decode(model, src_ids, src_lengths, max_len)
        except Exception as error:
            hints = [*spy.hints(model, src_ids, src_lengths)] if spy.calls else []
            if isinstance(error, ShapeError) and "tgt_len" in str(error):
                hints = ["an earlier comment may have given tgt_len a wrong size."]
            return _Seen(_raised(error, hints))
        if answer is None:
            return None
        if told := _tensors(answer, 2, "ids and weights"):
            return _Seen(told)
        ids, weights = answer
        if spy.trained:
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
        fed = spy.calls[1][0] if spy.calls[1:] else ids
        if (ids[:, 0] == SOS).all() and not (fed == SOS).all():
            return _Seen("ids begin with SOS: it is read, not written. Leave it out.")
        if weights.ndim != 3 or weights.shape[2] != src_ids.shape[1]:
            came = f"weights: came the shape {tuple(weights.shape)}, wanted "
            return _Seen(f"{came}(batch, tgt_len, src_len): cat along axis 1.")
        written = _Written(_cut(ids, weights))
        written.hint = next(spy.hints(model, src_ids, src_lengths, ids), "")
        return written

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
                hint = f" Hint: {came.hint}" if came.hint else ""
                return f"{what}: {told}{hint}"
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
        "any": "it stopped when the first row had written EOS: go on until all have.",
        "eos": "the last EOS is missing: it is written, too, and then the loop ends.",
        "longer": "max_len ids may be written, and yours are one more.",
        "shorter": "max_len ids may be written, and yours are one fewer.",
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


class _Written(tuple):
    """What a decoding wrote, and what its calls of the decoder say of a mistake."""

    hint = ""


def _starts(ids: Tensor | None, word: Tensor) -> bool:
    return ids is not None and torch.equal(ids[:, :1], word)


class _CallsSeen:
    """A hook before each call of a decoder: not called without end; with what?"""

    def __init__(self) -> None:
        self.trained = False
        self.calls: list[tuple] = []

    def __call__(self, model: nn.Module, given: tuple, named: dict) -> None:
        self.trained |= model.training
        names = ("tgt_in", "dec_state", "enc_states", "src_mask")
        given = (*given, *(named[n] for n in names[len(given) :]))
        self.calls.append(tuple(one.detach() for one in given))
        if len(self.calls) > PATIENCE:
            raise TimeoutError("it writes without end: stop at max_len ids")

    def hints(
        self,
        model: Seq2Seq,
        src_ids: Tensor,
        src_lengths: Tensor,
        ids: Tensor | None = None,
    ) -> Iterator[str]:
        """What the first calls were given amiss, for a decoding that came out wrong."""
        if len(self.calls) > PATIENCE:
            return
        model.eval()
        with torch.no_grad():
            _, start = model.encode(src_ids, src_lengths)
        real = mask_from_lengths(src_lengths, src_ids.shape[1])
        words, states, _, masks = zip(*[*self.calls, (None,) * 4], strict=True)
        if words[0] is None:
            yield "it never calls `model.decoder`."
            return
        if any(word.ndim != 2 for word in words[:-1]):
            yield (
                "the decoder reads (batch, 1): keep that axis, as `argmax(dim=-1)` of "
                "logits (batch, 1, tgt_vocab) does."
            )
            return
        if words[0].shape[0] != len(src_ids):
            return  # row by row
        if not (words[0] == SOS).all():
            yield "the first id to be read is SOS."
        if not torch.equal(states[0], start):
            yield "the first state is the one that `model.encode` returns."
        if torch.equal(masks[0], ~real):
            yield "the mask is the other way round: True is a real id."
        elif not torch.equal(masks[0], real):
            yield "padding was looked at: the mask is True at real tokens only."
        if words[1] is None:
            return
        if words[1].shape[1] == model.config.tgt_vocab and not words[1].any():
            yield (
                "argmax ran over the steps: over the letters, the last axis, "
                "`argmax(dim=-1)`."
            )
            return
        if torch.equal(states[1], states[0]) and words[1].shape[1] == 1:
            yield "hand each step's new state on to the next."
        if words[1].shape[1] > 1 and not torch.equal(states[1], states[0]):
            yield (
                "the new state has read what came before: hand it the last letter "
                "alone, not all of them again."
            )
        elif torch.equal(words[1], words[0]) and not _starts(ids, words[0]):
            yield "the letter just written is the next to be read."


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


def telling(loss_of: Callable, batches: int) -> Callable:
    """A loss that says how far the training is, in ten lines."""
    losses: list[float] = []

    def told(logits: Tensor, tgt_out: Tensor) -> Tensor:
        loss = loss_of(logits, tgt_out)
        losses.append(loss.item())
        if not len(losses) % max(1, batches // 10):
            print(f"{len(losses):,} of {batches:,} batches, loss {losses[-1]:.4f}")
        return loss

    return told


def result(exact: float) -> Told:
    """What a share of unseen strings, reversed exactly, says of what was built."""
    if exact >= 0.9:
        return Told(
            f"It reads backwards: {exact:.1%} of the unseen strings are exact; 90 % "
            "were wanted."
        )
    return Told(
        f"Not yet: {exact:.0%} of the unseen strings are exact, wanted 90 % or more. "
        'Find the part: put a stage into `bench.take_ours`, such as {"decoder"}, and '
        "run from the assembling on; where it helps, that part is the one."
    )
