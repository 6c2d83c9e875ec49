"""The checks of notebook 01's exercises, main and deeper."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from seq2seq_lesson.batches import Example, pad_ids
from seq2seq_lesson.corpus import (
    CLOSED_PREFIXES,
    SentencePair,
    keep,
    normalise,
    prepare,
)
from seq2seq_lesson.exercises import Verdict, judge, judge_parts
from seq2seq_lesson.exercises.comparing import describe, difference
from seq2seq_lesson.vocabulary import EOS, PAD, SOS, Vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyz.!?"


def cleaned(answers: object) -> Verdict:
    """What cleaning leaves, and how many ids that makes (exercise 1.1)."""
    summer, egg = (
        normalise(s) for s in ("C'est l'été : 35 °C !", "Un œuf, s'il te plaît.")
    )
    ids = len(Vocabulary.from_sentences([summer]).encode(summer))
    given = answers if isinstance(answers, Mapping) else {}
    count = "Count the tokens of your first line. And where does the sentence end?"
    if not isinstance(given.get("ids"), int):
        count = "How many? One whole number."
    return judge_parts(
        answers,
        {"summer": summer, "ids": ids, "egg": egg},
        todo="put the tokens, in quotes and one space apart, and a number for `...`.",
        hints={
            "summer": _told(given.get("summer"), summer, LETTERS)
            or "Go through the five steps on paper, one line each.",
            "ids": count,
            "egg": _told(given.get("egg"), egg, LETTERS)
            or "Go through the five steps. œ is a letter of its own for NFD.",
        },
        mistakes={"A sign for the end stands after every sentence.": {"ids": ids - 1}},
    )


def clean_better(attempt: object) -> Verdict:
    """Cleaning that keeps digits and the letters œ, æ and ß (exercise 1.5)."""
    words = "Sœur Œuvre œuf groß Straße Lætitia Æther 20 365 été Noël J'ai «Moi» Tromsø"
    letters = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})

    def draw(rng: random.Random) -> dict:
        chosen = rng.choices(words.split(), k=rng.randint(2, 5))
        return {"text": " ".join(chosen) + rng.choice([".", " !", "... ", " »"])}

    def oracle(text: str) -> str:
        text = unicodedata.normalize("NFD", text.lower().translate(letters))
        text = "".join(c for c in text if unicodedata.category(c) != "Mn")
        text = re.sub(r"([.!?])", r" \1", text)
        return re.sub("[^a-z0-9.!?]+", " ", text).strip()

    def fault(came: object, text: str) -> str:
        wanted, digits = oracle(text), "0123456789"
        sentence, hint = difference(came, wanted), _told(came, wanted, LETTERS + digits)
        if isinstance(came, str) and not hint:
            if any(came.count(two) < wanted.count(two) for two in ("oe", "ae", "ss")):
                hint = (
                    "œ, æ or ß is lost: after `lower()` and before the last pattern, "
                    "`text = text.replace('œ', 'oe')` keeps it."
                )
            elif any(came.count(digit) < wanted.count(digit) for digit in digits):
                hint = "A digit is lost: the last pattern names all that may stay."
        return sentence + (f" Hint: {hint}" if sentence and hint else "")

    return judge(
        attempt, draw, fault, todo="let `clean_better` return the cleaned text."
    )


def _told(came: object, wanted: str, stays: str) -> str:
    """What a cleaned text has wrong, as the step that mends it; "" if none does."""
    if not isinstance(came, str):
        return "One text is wanted: the tokens with a space between them."
    stray = next((c for c in came if c not in stays + " "), "")
    if "<eos>" in came:
        return "<eos> is no part of the text: it comes with the ids."
    if stray and stray.lower() in stays:
        return "The first step makes all letters small."
    if stray and unicodedata.normalize("NFD", stray) != stray:
        return (
            "An accent is left: NFD parts it from its letter, the next step drops it."
        )
    if stray:
        return f"{stray!r} may not stay: the last step makes a space of it."
    if came != " ".join(came.split()):
        return "One space between two tokens, and none at the ends: join `split()`."
    if came.replace(" ", "") == wanted.replace(" ", ""):
        return (
            "The right signs, but not the right spaces: a mark gets one in front, what "
            "is removed leaves one, an accent leaves none."
        )
    if any(came.count(mark) < wanted.count(mark) for mark in ".!?"):
        return "The marks . ! ? stay, as tokens of their own."
    return ""


def keep_more(attempt: object) -> Verdict:
    """Longer sentences, with any beginning (exercise 1.2)."""

    def draw(rng: random.Random) -> dict:
        pairs = [SentencePair("Je dors.", "I'm asleep.")] * 2
        for _ in range(12):
            begin = rng.choice(["I am", "They sing", "He smiled", "You are"])
            read, written = rng.randint(5, 16), rng.randint(5, 16)
            english = f"{begin} {'so ' * (written - 3)}."
            pairs.append(SentencePair(f"{'si ' * (read - 1)}!", english))
        return {"pairs": pairs}

    def fault(came: object, pairs: list[SentencePair]) -> str:
        wanted = prepare(pairs, ("",), 15)
        if not isinstance(came, list) or any(type(p) is not SentencePair for p in came):
            return f"came {describe(came)}, wanted the list that `prepare` gives."
        wrong = {"too much": {*came} - {*wanted}, "missing": {*wanted} - {*came}}
        for what, those in wrong.items():
            for pair in sorted(those, key=lambda pair: pair.target)[:1]:
                sizes = [len(side.split()) for side in (pair.source, pair.target)]
                words = f"{pair.source!r} / {pair.target!r}, {sizes[0]} and {sizes[1]}"
                return f"{len(came)} pairs came; {what} is {words} tokens."
        if came != wanted:
            return "the right pairs, but one of them twice, or in another order."
        return ""

    def kept(prefixes: Any, words: Any) -> Callable:
        return lambda pairs: prepare(pairs, prefixes, words)

    return judge(
        attempt,
        draw,
        fault,
        todo="let `keep_more` return what `prepare` gives with other arguments.",
        mistakes={
            "None of your beginnings begins a sentence. Which text does *every* "
            "sentence begin with? Put it into a tuple.": kept((), 15),
            "`prefixes` is a tuple of texts and comes second, `max_words` is a number "
            "and comes third.": kept(15, ("",)),
            "`keep` looks at one pair; `prepare` takes the whole list.": (
                lambda pairs: pairs.source
            ),
            "Those are still only the sentences of the old beginnings: give "
            "`prefixes` too.": kept(CLOSED_PREFIXES, 15),
            "Beginnings and limit are still the old ones: give `prepare` both.": (
                prepare
            ),
            "`max_words` itself is too long already: fewer than 15.": kept(("",), 16),
            "The limit of the length is still the old one.": kept(("",), 10),
            "14 tokens are fewer than 15, and are to stay.": kept(("",), 14),
            "`prepare` also cleans the pairs and drops repetitions.": lambda pairs: [
                p for p in pairs if keep(p, ("",), 15)
            ],
        },
    )


def commonest(attempt: object) -> Verdict:
    """A vocabulary of the commonest words (exercise 1.3)."""

    def draw(rng: random.Random) -> dict:
        words = rng.sample(["je", "tu", "il", "elle", "nous", "."], 6)
        read = [word for i, word in enumerate(words, start=1) for _ in range(i)]
        rng.shuffle(read)  # 21 words, no two of them equally often
        sentences = [" ".join(read[i : i + 7]) for i in range(0, len(read), 7)]
        return {"sentences": sentences, "size": rng.randint(3, 5)}

    def fault(answer: object, sentences: list[str], size: int) -> str:
        if not isinstance(answer, Vocabulary):
            made = "Hint: `Vocabulary(words)` makes one of a list of words."
            return f"came {describe(answer)}, wanted a Vocabulary. {made}"
        counts = Counter(" ".join(sentences).split())
        came, wanted = answer.words[4:], [w for w, _ in counts.most_common(size)]
        if came == wanted:
            return ""
        hint = "the words that stand most often are wanted, marks such as . too."
        if len(came) == size - 4 or not came:
            hint = "the four special words do not count; `Vocabulary` adds them."
        elif not {*came} <= {*counts}:
            hint = "not all of these stand in `sentences`: count what you are given."
        elif came == list(counts)[: len(came)]:
            hint = "these were read first; which are read most often?"
        elif len(came) != size:
            hint = f"{len(came)} words came, and `size` is {size}."
        elif sorted(came) == sorted(wanted):
            hint = "the right words, but not in the right order."
        return f"came the words {came}, wanted {wanted}. Hint: {hint}"

    couples: list[Any] = [("je", 2)]  # what `most_common` gives, and are no words
    return judge(
        attempt,
        draw,
        fault,
        todo="let `commonest` return a Vocabulary of the commonest words.",
        mistakes={
            "`Vocabulary` wants single words, each once, and adds the four special "
            "ones itself.": lambda *_: Vocabulary(["<pad>"]),
            "`sentences` is a list: split each of its sentences. And what "
            "`most_common` gives are couples of a word and its count.": (
                lambda *_: Vocabulary(couples)
            ),
        },
    )


def shift(attempt: object) -> Verdict:
    """What the decoder reads, from what it should write (exercise 1.4)."""

    def draw(rng: random.Random) -> dict:
        lengths = [rng.randint(1, 5) for _ in range(rng.choice([2, 4, 5]))]
        lengths[rng.randrange(1, len(lengths))] = 6
        return {"tgt_out": pad_ids([_sentence(rng, n) for n in lengths])[0]}

    def oracle(tgt_out: Tensor) -> Tensor:
        begin = torch.full((len(tgt_out), 1), SOS)  # (batch, 1)
        tgt_in = torch.cat([begin, tgt_out[:, :-1]], dim=1)  # (batch, tgt_len)
        return tgt_in.masked_fill(tgt_in == EOS, PAD)  # (batch, tgt_len)

    def fault(came: Any, tgt_out: Tensor) -> str:
        wanted = oracle(tgt_out)  # (batch, tgt_len)
        told, hint = difference(came, wanted, "(batch, tgt_len)"), ""
        shape = getattr(came, "shape", ())
        if shape == wanted.shape and (wrong := (came != wanted).any(dim=1)).any():
            row = int(wrong.nonzero()[0])
            given, ours, right = (t[row].tolist() for t in (tgt_out, came, wanted))
            told = f"of the row {given} came {ours}, wanted {right}."
            if ours[0] != SOS or SOS in ours[1:]:
                hint = " Hint: put SOS into the first column, and only there."
            elif EOS in ours:
                hint = (
                    " Hint: your row still holds an <eos>, in front of the padding: "
                    "the decoder would read it. Set PAD there."
                )
        elif shape == (len(tgt_out), tgt_out.shape[1] + 1):
            hint = " Hint: no column was cut; the last one must go."
        return told + hint

    return judge(
        attempt,
        draw,
        fault,
        todo="let `shift` return `tgt_in`, of the shape of `tgt_out`.",
        mistakes={
            "The column of SOS needs a row for each row of `tgt_out`, and stands "
            "beside it with `dim=1`.": lambda _: torch.cat(
                [torch.zeros(2, 1), torch.zeros(3, 1)], dim=1
            )
        },
    )


def tighter(attempt: object) -> Verdict:
    """Groups with no padding in the sources and less in the targets (exercise 1.6)."""

    def draw(rng: random.Random) -> dict:
        lengths = [(rng.randint(2, 5), rng.randint(2, 9)) for _ in range(50)]
        examples = [(_sentence(rng, a), _sentence(rng, b)) for a, b in lengths]
        return {"examples": examples, "size": rng.choice([3, 4, 5])}

    def fault(answer: Any, examples: list[Example], size: int) -> str:
        groups = list(answer)
        if not all(isinstance(group, list) for group in groups):
            return f"came {describe(answer)}, wanted a list of lists of examples."
        inside = [example for group in groups for example in group]
        if strange := [item for item in inside if item not in examples]:
            return (
                f"in a group stands {describe(strange[0])}, which is no example. Hint: "
                "hand the examples on as they came; and `+=` joins two lists, where "
                "`append` puts one into the other."
            )
        if sorted(inside) != sorted(examples):
            hint = "the last group of a length may be smaller than the rest."
            if len(inside) > len(examples):
                hint = "no two groups may overlap."
            wanted = f"wanted all {len(examples)} once"
            return f"came {len(inside)} examples, {wanted}. Hint: {hint}"
        if wrong := [len(group) for group in groups if not 0 < len(group) <= size]:
            return (
                f"came a group of {wrong[0]}, wanted 1 to {size}. Hint: cut what is of "
                "one length into pieces of `size`."
            )
        if any(len({len(source) for source, _ in group}) > 1 for group in groups):
            return (
                "in a group are sources of several lengths. Hint: one list for each "
                "source length first, as above."
            )
        ways = [_tight(examples, size, down) for down in (False, True)]
        if len(groups) > len(ways[0]):
            return (
                f"came {len(groups)} groups, {len(ways[0])} are enough. Hint: only the "
                "last group of a length may be smaller than `size`."
            )
        came, enough = _padding(groups), max(map(_padding, ways))
        if came > enough:
            return (
                f"{came} <pad> on the target side, {enough} are enough. Hint: in which "
                "order must the sentences of one length stand before the cut?"
            )
        return ""

    return judge(
        attempt,
        draw,
        fault,
        todo="let `tighter` return a list of groups of examples.",
        mistakes={
            "A dictionary has no list at a new key: `defaultdict(list)` makes one.": (
                lambda *_: dict[int, list]()[0]
            )
        },
    )


def _sentence(rng: random.Random, tokens: int) -> list[int]:
    return [*rng.choices(range(4, 99), k=tokens - 1), EOS]


def _padding(groups: list[list[Example]]) -> int:
    """How many PAD the targets of all groups need."""
    widths = [[len(target) for _, target in group] for group in groups]
    return sum(max(row) * len(row) - sum(row) for row in widths)


def _tight(examples: list[Example], size: int, down: bool) -> list[list[Example]]:
    buckets: dict[int, list[Example]] = defaultdict(list)
    for example in sorted(examples, key=lambda e: len(e[1]), reverse=down):
        buckets[len(example[0])].append(example)
    return [b[i : i + size] for b in buckets.values() for i in range(0, len(b), size)]
