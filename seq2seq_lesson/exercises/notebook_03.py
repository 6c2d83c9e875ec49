"""The checks of notebook 03's exercises: where should the decoder look?"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from seq2seq_lesson.attention import Attention, masked_softmax
from seq2seq_lesson.batches import mask_from_lengths
from seq2seq_lesson.decoder import AttendAfter, AttendBefore
from seq2seq_lesson.exercises import Verdict, against, judge, lend
from seq2seq_lesson.exercises.comparing import describe, difference
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.vocabulary import EOS, PAD, SOS

CONTEXT = "(batch, tgt_len, enc)"


def _mask(rng: random.Random, batch: int, src_len: int) -> Tensor:
    lengths = torch.tensor([rng.randint(1, src_len) for _ in range(batch)])
    return mask_from_lengths(lengths, src_len)


def mean_of_states(attempt: object) -> Verdict:
    """A context for each word that is written. (exercise 3.1)"""

    def draw(rng: random.Random) -> dict[str, Tensor]:
        batch, tgt_len, src_len, enc = rng.sample(range(2, 9), 4)
        weights = torch.randn(batch, tgt_len, src_len).softmax(dim=2)
        return {"weights": weights, "enc_states": torch.randn(batch, src_len, enc)}

    def by(letters: str) -> Callable:
        return partial(torch.einsum, letters)

    todo = "return the contexts, (batch, tgt_len, enc): one for each word written."
    letters = "a letter for each axis, in their order: weights (batch, tgt_len, "
    letters += "src_len), enc_states (batch, src_len, enc)."
    mistakes = {
        "a letter that is missing after -> is summed over, and yours lost the words "
        "written.": by("bts,bse->be"),
        "each sentence's weights met every sentence's states: give the batch the "
        "same letter in both.": by("bts,cse->bte"),
        "the letters after -> order the axes; batch is first.": by("bts,bse->tbe"),
        "the letters after -> order the axes; enc is last.": by("bts,bse->bet"),
        "src_len is one axis in both: give it the same letter.": by("bts,bre->bte"),
        # these are errors
        letters: by("bs,bse->be"),
        f"{letters} Your s names axes of two sizes.": by("bst,bse->bte"),
        f"{letters} Your t names axes of two sizes.": by("bts,bte->bse"),
    }
    fault = against(torch.bmm, CONTEXT)
    return judge(attempt, draw, fault, todo=todo, mistakes=mistakes)


def gru_parameters(attempt: object) -> Verdict:
    """How many parameters has a GRU? (exercise 3.2)"""

    def draw(rng: random.Random) -> dict[str, int]:
        return dict(zip(("reads", "hid"), rng.sample(range(3, 40), 2), strict=True))

    def oracle(reads: int, hid: int) -> int:
        return sum(p.numel() for p in nn.GRU(reads, hid, device="meta").parameters())

    def counted(blocks: int, biases: int) -> Callable:
        return lambda reads, hid: blocks * hid * (reads + hid + biases)

    todo = "return how many parameters nn.GRU(reads, hid) has, without building it."
    mistakes = {
        "a bias follows each of the two matrices, a number for each of its rows.": (
            counted(3, 0)
        ),
        "each of the two matrices has a bias of its own; you have one.": counted(3, 1),
        "a bias is as long as its matrix has rows, for all blocks together.": (
            lambda reads, hid: 3 * hid * (reads + hid) + 2 * hid
        ),
        "a bias has a number for each row of its matrix; yours is one number.": (
            lambda reads, hid: 3 * (hid * reads + hid * hid + 2)
        ),
        "a second matrix is applied to the old state.": (
            lambda reads, hid: 3 * hid * reads + 3 * hid
        ),
        "a second matrix is applied to the old state, and both have a bias.": (
            lambda reads, hid: 3 * hid * reads
        ),
        "the word read meets a matrix, too: hid rows a block, reads columns.": (
            lambda reads, hid: 3 * hid * hid + 2 * 3 * hid
        ),
        "how does the word read come in? By its own matrix; and mind the biases.": (
            lambda reads, hid: 3 * hid * hid
        ),
        "the word read meets a matrix, too, reads columns wide, and a second bias.": (
            lambda reads, hid: 3 * hid * hid + 3 * hid
        ),
        "one of the two matrices is applied to the word read: it has reads columns.": (
            lambda reads, hid: 3 * hid * (hid + hid) + 2 * 3 * hid
        ),
    }
    for name, blocks in {"one block": 1, "two blocks": 2, "four blocks": 4}.items():
        hint = f"this would do for {name}. How many blocks has each matrix and bias?"
        mistakes[hint] = counted(blocks, 2)
        mistakes[hint + " Mind the biases."] = counted(blocks, 0)
    otherwise = "count all four, then add: a matrix has rows times columns numbers."
    fault = against(oracle)
    return judge(
        attempt, draw, fault, todo=todo, mistakes=mistakes, otherwise=otherwise
    )


def after_permuting(attempt: object) -> Verdict:
    """What becomes of weights and context if words change places? (exercise 3.3)"""
    measured: tuple[Tensor, ...] = ()

    def draw(rng: random.Random) -> dict[str, Tensor]:
        nonlocal measured
        batch, tgt_len, src_len = rng.sample(range(3, 8), 3)
        width = src_len + rng.randint(1, 4)
        score = rng.choice(["dot", "general", "concat", "additive"])
        model = Attention(score, width, width, att=3, max_len=9)
        query, order = torch.randn(batch, tgt_len, width), torch.randperm(src_len)
        keys, real = torch.randn(batch, src_len, width), torch.ones(batch, src_len) > 0
        with torch.no_grad():
            context, weights = model(query, keys, real)
            measured = model(query, keys[:, order], real)[::-1]
        return {"weights": weights, "context": context, "order": order}

    def fault(answer: Any, *_: Tensor) -> str:
        return difference(answer, measured, f"(batch, tgt_len, src_len); {CONTEXT}")

    todo = "return the weights and the context as they are after the permutation."
    mistakes = {
        "a score that looks follows the states: the weights move too.": (
            lambda weights, context, order: (weights, context)
        ),
        "new place j holds what stood at order[j], as in table[shuffle].": (
            lambda w, context, order: (w[..., order.argsort()], context)
        ),
        "the context's last axis holds a state's numbers, not places to read.": (
            lambda w, context, order: (w[..., order], context[..., order])
        ),
        "the context's axis 1 counts the words written, not the places read.": (
            lambda w, context, order: (w[..., order], context[:, order])
        ),
        "of the weights, the last axis holds the places read.": (
            lambda w, context, order: (w[:, order], context)
        ),
        "order counts places read: which axis of the weights is that?": (
            lambda w, context, order: (w[order], context)
        ),
        "order counts places read: the first axis of the weights is none of these, and "
        "the context has no such axis.": (
            lambda w, context, order: (w[order], context[order])
        ),
    }
    return judge(attempt, draw, fault, todo=todo, mistakes=mistakes)


def additive_context(attempt: object) -> Verdict:
    """Additive attention with three mistakes to mend. (exercise 3.4)"""

    def draw(rng: random.Random, real: bool = True) -> dict[str, Tensor]:
        batch, tgt_len, src_len, hid, enc, att = rng.sample(range(2, 9), 6)
        src_mask = _mask(rng, batch, src_len)
        keys, W_k = torch.randn(batch, src_len, enc), torch.randn(att, enc)
        v = torch.randn(att)
        if rng.random() < 0.5:  # padding scores far above the words
            v *= 400 / v.abs().sum()
            W_k[:, 0] = 20 * v.sign()
            keys[..., 0] = torch.where(src_mask, -0.1, 5.0)
        return {
            "query": torch.randn(batch, tgt_len, hid),
            "keys": keys,
            "src_mask": src_mask & real,
            "W_q": torch.randn(att, hid),
            "W_k": W_k,
            "v": v,
        }

    def having(*faults: str, fill: float = float("-inf")) -> Callable:
        def attend(
            query: Tensor,
            keys: Tensor,
            src_mask: Tensor,
            W_q: Tensor,
            W_k: Tensor,
            v: Tensor,
        ) -> Tensor:
            asks, read = (query @ W_q.T).unsqueeze(2), (keys @ W_k.T).unsqueeze(1)
            features = asks + read if "tanh" in faults else torch.tanh(asks + read)
            features = asks.tanh() + read.tanh() if "each" in faults else features
            scores = features @ v
            scores = torch.tanh((asks + read) @ v) if "late" in faults else scores
            hidden = (src_mask if "mask" in faults else ~src_mask).unsqueeze(1)
            if not {"bare", "after", "mended"} & {*faults}:
                scores = scores.masked_fill(hidden, fill)
            weights = scores.softmax(dim=1 if "axis" in faults else -1)
            if {"after", "mended"} & {*faults}:
                weights = weights * ~hidden
            if "mended" in faults:
                weights = weights / weights.sum(dim=-1, keepdim=True)
            return weights @ keys

        return attend

    hints = {
        "mask": "whom does the mask hide? True is a real token.",
        "axis": "over which axis must the weights sum to 1? Look at the softmax. "
        "(nan: it ran over a column of nothing but -inf.)",
        "tanh": "compare the formula: so far every query gets the same weights.",
    }
    left = [*itertools.combinations(hints, 1), *itertools.combinations(hints, 2)]
    todo = "it holds three mistakes, none of which raises an error. Find and mend them."
    untouched = against(having(*hints))
    # without a real token nothing becomes nan, which would hide what was mended
    if judge(attempt, partial(draw, real=False), untouched, todo=todo).points == 1:
        return Verdict(0.0, f"Not tried yet: {todo}")
    mistakes = {" And: ".join(hints[n] for n in some): having(*some) for some in left}
    # with this softmax it is the keys that get the same weights: first things first
    del mistakes[f"{hints['axis']} And: {hints['tanh']}"]
    mistakes |= {
        f"{hints['axis']} Besides this, one more is left.": having("axis", "tanh"),
        "one tanh, around the sum of the two.": having("each"),
        "the tanh comes before v, not after it.": having("late"),
        "padding still gets a share: masked_fill returns new scores.": having("bare"),
        "0 is no small score, e^0 is 1: fill with -inf.": having(fill=0.0),
        "a word may score below that number: fill with -inf.": having(fill=-100.0),
        "after the mask the weights no longer sum to 1: mask the scores.": (
            having("after")
        ),
        "where padding scores far above the words, 0 / 0 is nan: mask the scores, "
        "before the softmax.": having("mended"),
    }
    fault = against(having(), CONTEXT)
    return judge(attempt, draw, fault, todo=todo, mistakes=mistakes)


class _Multiplications(TorchDispatchMode):
    """Count those in which a weight has a part, by whatever words it is multiplied.

    Its transpose, a copy of it and what it was joined to are the weight still.
    """

    PRODUCTS = ("mul", "mm", "bmm", "addmm", "baddbmm", "mv", "addmv", "dot")
    JOINS = ("cat", "stack")

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.copies, self.count = [weight], 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        with self:  # what is made of simpler calls, as linear is, counts by those
            made = func.decompose(*args, **kwargs)
        if made is not NotImplemented:
            return made
        made = func(*args, **kwargs)
        given = [t for t in tree_flatten(args)[0] if isinstance(t, Tensor)]
        copies = [t for t in given if self._is_a_copy(t)]
        name = func.overloadpacket.__name__.rstrip("_")
        if copies and name in self.PRODUCTS and len(given) > 1:
            terms = 1 if name == "mul" else given[-2].shape[-1]
            self.count += terms * made.numel()
        elif copies and (len(copies) == len(given) or name in self.JOINS):
            self.copies += [t for t in tree_flatten(made)[0] if isinstance(t, Tensor)]
        return made

    def _is_a_copy(self, tensor: Tensor) -> bool:
        place = tensor.untyped_storage().data_ptr()
        return any(place == t.untyped_storage().data_ptr() for t in self.copies)


class _Projecting:
    """An attempt at exercise 3.5 that tells how often the keys met `W_k`."""

    def __init__(self, attempt: Callable) -> None:
        self.attempt, self.times = attempt, 0.0
        self.__code__ = getattr(attempt, "__code__", None)  # is it still a stub?

    def __call__(self, model: AttendBefore, *given: Tensor) -> Any:
        weight = model.attention.score.get_submodule("W_k").get_parameter("weight")
        enc_states = given[2]  # (batch, src_len, enc)
        with _Multiplications(weight) as seen:
            contexts = self.attempt(model, *given)
        self.times = seen.count / (enc_states.numel() * len(weight))
        return contexts


def project_once(attempt: object) -> Verdict:
    """Contexts from keys that were projected a single time. (exercise 3.5)"""
    tried = _Projecting(attempt) if callable(attempt) else attempt

    def draw(rng: random.Random) -> dict[str, Any]:
        batch, tgt_len, src_len, emb, hid, enc, att = rng.sample(range(2, 10), 7)
        look = Attention("additive", hid, enc, att, max_len=9)
        return {
            "model": AttendBefore(12, emb, enc, hid, look, tied=False, dropout=0.0),
            "tgt_in": torch.randint(SOS, 12, (batch, tgt_len)),
            "dec_state": torch.randn(batch, hid),
            "enc_states": 3 * torch.randn(batch, src_len, enc),
            "src_mask": _mask(rng, batch, src_len),
        }

    def contexts(
        model: AttendBefore,
        tgt_in: Tensor,
        dec_state: Tensor,
        enc_states: Tensor,
        src_mask: Tensor,
        wrong: str = "",
    ) -> Tensor:
        found, context = [], torch.zeros_like(enc_states[:, 0])
        for word_emb in model.embedding(tgt_in).unbind(dim=1):
            if wrong == "after":
                cell_in = torch.cat([word_emb, context], dim=-1)
                dec_state = model.cell(cell_in, dec_state)
            query = dec_state.unsqueeze(1)
            context = model.attention(query, enc_states, src_mask)[0].squeeze(1)
            found.append(context)
            if wrong in ("", "swapped"):
                parts = [context, word_emb] if wrong else [word_emb, context]
                dec_state = model.cell(torch.cat(parts, dim=-1), dec_state)
        return torch.stack(found, dim=1)

    def masked(change: Callable) -> Callable:
        return lambda model, tgt_in, dec_state, states, src_mask: contexts(
            model, tgt_in, dec_state, states, change(src_mask)
        )

    def fault(answer: Any, *arguments: Any) -> str:
        times = tried.times if isinstance(tried, _Projecting) else 0.0
        again = "the contexts are right, but W_k multiplies "
        again += f"{times:.3g} times as often as needed."
        again = again if times > 1 else ""
        return difference(answer, contexts(*arguments), CONTEXT) or again

    def no_tanh(
        model: AttendBefore,
        tgt_in: Tensor,
        dec_state: Tensor,
        enc_states: Tensor,
        src_mask: Tensor,
    ) -> Tensor:
        # what the query adds is the same for all keys
        W_k, v = map(model.attention.score.get_submodule, ("W_k", "v"))
        scores = v(W_k(enc_states)).mT  # (batch, 1, src_len)
        context = masked_softmax(scores, src_mask) @ enc_states  # (batch, 1, enc)
        return context.expand(-1, tgt_in.shape[1], -1)

    todo = "return the contexts, (batch, tgt_len, enc); the keys meet W_k once."
    mistakes: dict[str, Callable] = {
        "every word gets the same weights: the tanh of the score is missing.": no_tanh,
        "padding gets a share: masked_softmax hides it.": masked(torch.ones_like),
        "True is a real token: hand src_mask on as it is.": masked(torch.bitwise_not),
        "make one tensor of your list: torch.stack with dim=1.": (
            lambda *arguments: contexts(*arguments).unbind(dim=1)
        ),
        "batch is the first axis: stack with dim=1.": (
            lambda *arguments: contexts(*arguments).transpose(0, 1)
        ),
        "what is the same for every word belongs before the loop.": contexts,
        "the cell's new state must ask next.": partial(contexts, wrong="state"),
        "the old state asks, and then the cell steps.": partial(
            contexts, wrong="after"
        ),
        "the cell reads the word first, then the context.": (
            partial(contexts, wrong="swapped")
        ),
    }
    return judge(tried, draw, fault, todo=todo, mistakes=mistakes)


PATIENCE = 50  # words; a right answer writes nine at most


def write_greedily(attempt: Any) -> Verdict:
    """A decoder's own sentence, the likeliest word each time. (exercise 3.6)"""

    def write(
        model: nn.Module,
        dec_state: Tensor,
        enc_states: Tensor,
        src_mask: Tensor,
        max_len: int,
        wrong: str = "",
    ) -> list[int]:
        word = EOS if wrong == "first" else SOS
        dec_state = 0 * dec_state if wrong == "zeros" else dec_state  # (1, hid)
        ids: list[int] = []
        while len(ids) < max_len and (EOS not in ids or wrong == "end"):
            tgt_in = torch.tensor([[word]])  # (1, 1)
            logits, state, _ = model(tgt_in, dec_state, enc_states, src_mask)
            dec_state = dec_state if wrong == "state" else state  # (1, hid)
            ids.append(int(logits.argmax()))
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
        model.register_forward_pre_hook(_Watch())
        names = ("model", "dec_state", "enc_states", "src_mask", "max_len")
        return dict(zip(names, (model, dec_state, *source, max_len), strict=True))

    def fault(answer: Any, *arguments: Any) -> str:
        answer = answer.tolist() if isinstance(answer, np.ndarray) else answer
        answer = list(answer) if isinstance(answer, tuple | Tensor) else answer
        return difference(answer, write(*arguments))

    def counting(other: int) -> Callable:
        return lambda model, dec_state, states, mask, max_len: write(
            model, dec_state, states, mask, max_len + other
        )

    todo = "return the list of the ids written, <eos> included, at most max_len."
    mistakes: dict[str, Callable] = {
        "hand each step's new state on to the next.": partial(write, wrong="state"),
        "the word just written is the next to be read.": partial(write, wrong="word"),
        "it wrote on behind <eos>: stop there.": partial(write, wrong="end"),
        "the first word to be read is <sos>.": partial(write, wrong="first"),
        "the first state is given: it is dec_state.": partial(write, wrong="zeros"),
        "after <eos> nothing is written, no padding either.": (
            lambda *arguments: [*write(*arguments), *[PAD] * arguments[4]][
                : arguments[4]
            ]
        ),
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


class _Watch:
    """A hook before each call: is it given a word, and is it not called without end?"""

    calls = 0

    def __call__(self, model: nn.Module, arguments: tuple) -> None:
        for word in arguments[:1]:
            shape = tuple(word.shape) if isinstance(word, Tensor) else None
            if shape is None or len(shape) != 2:
                came = describe(word) if shape is None else f"the shape {shape}"
                raise ValueError(
                    f"the model reads a (1, 1) tensor of one id, got {came}"
                )
        self.calls += 1
        if self.calls > PATIENCE:
            raise TimeoutError(
                "it writes without end: stop at <eos>, and at max_len words"
            )


def _written_with(attempt: Callable) -> str:
    """What a trained model writes with the learner's function."""
    sentence = "tu bois du lait ."
    model, french, english = load_pretrained("general-after")
    ids = torch.tensor([french.encode(sentence)])  # (1, tokens)
    source, dec_state = model.encode(ids, torch.tensor([ids.shape[1]]))
    written = attempt(model.decoder, dec_state, source, ids != PAD, 10)
    words = " ".join(english.decode([int(n) for n in written]))
    return f"With it a trained model reads {sentence!r}: {words!r}"


def accident(answer: object) -> Verdict:
    """Sizes at which a comment is false and nothing raises. (exercise 3.7)"""
    axes = ("batch", "queries", "places", "hid")
    if answer is not ... and answer is not None and not isinstance(answer, Mapping):
        what = f"got {describe(answer)}, wanted a dictionary of sizes."
        return Verdict(0.0, f"Not yet: {what}")
    told = answer if isinstance(answer, Mapping) else {}
    if strange := [axis for axis in told if axis not in axes]:
        what = f"no axis is called {describe(strange[0])}; there are {', '.join(axes)}."
        return Verdict(0.0, f"Not yet: {what}")
    left = [n for n in axes if told.get(n) is ... or told.get(n) is None]
    if len(left) == len(axes):
        todo = "four sizes at which a comment of `louder` is false and nothing raises."
        return Verdict(0.0, f"Not tried yet: {todo}")
    if left:
        return Verdict(0.0, f"Not yet: still open: {', '.join(left)}.")
    for axis, size in told.items():
        if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
            what = f"{axis} is {describe(size)}, wanted a whole number from 1 up."
            return Verdict(0.0, f"Not yet: {what}")
    batch, queries, places, hid = (int(told[axis]) for axis in axes)
    if queries == places:
        where = f"at queries = places = {queries} the comment is true. Hint: "
        hint = "batch and hid are in all three comments in their places; which are not?"
        if queries == 1:
            hint = "only one of the two may be 1."
        elif queries != 4:
            hint = "equal numbers are the coincidence, whatever number it is."
        return Verdict(0.0, f"Not yet: {where}{hint}")
    received, louder = (batch, places, 1), (batch, queries, hid)
    try:
        made = torch.broadcast_shapes(louder, received)
    except RuntimeError:
        what = (
            f"false it is, but {louder} times {received} is an error, so you notice. "
        )
        hint = "Hint: which size does broadcasting stretch to any other?"
        return Verdict(0.5, f"Not yet: {what}{hint}")
    said = f"received is {received[:2]} there, the comment promises {louder[:2]}, "
    said += f"and the product is {tuple(made)}, without a word."
    return Verdict(1.0, f"Right: {said}")
