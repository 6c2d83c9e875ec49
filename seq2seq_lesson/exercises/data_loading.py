"""The checks of notebook 01's exercises.

Source
    ours
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable

import torch
from torch import Tensor

from seq2seq_lesson.batches import Example, pad_ids
from seq2seq_lesson.corpus import SentencePair, normalise, prepare
from seq2seq_lesson.exercises import Verdict, against, judge, judge_parts
from seq2seq_lesson.exercises.comparing import describe
from seq2seq_lesson.vocabulary import EOS, PAD, SOS, Vocabulary


def cleaned(answers: object) -> Verdict:
    """What cleaning leaves, and how many ids that makes (exercise 1.1)."""
    summer, egg = "C'est l'été : 35 °C !", "Un œuf, s'il te plaît."
    ids = Vocabulary.from_sentences([normalise(summer)]).encode(normalise(summer))
    wanted = {"summer": normalise(summer), "ids": len(ids), "egg": normalise(egg)}
    letters = "The last step turns whatever is not a-z or one of . ! ? into a blank"
    return judge_parts(
        answers,
        wanted,
        todo="put the tokens, in quotes and one blank apart, and a number for `...`.",
        hints={
            "summer": "Go through the five steps on paper, one line each.",
            "ids": "Count the tokens of your first line, and remember what stands "
            "behind every sentence.",
            "egg": "œ is a letter of its own, not an o with a mark.",
        },
        mistakes={
            f"{letters}, digits too.": {"summer": "c est l ete 35 c !"},
            f"{letters}, apostrophes too.": {
                "summer": "c'est l'ete c !",
                "egg": "un uf s'il te plait .",
            },
            "Look again at what NFD does with œ, which is not two letters.": {
                "egg": "un oeuf s il te plait ."
            },
            "And where does the sentence end? One id says so.": {"ids": len(ids) - 1},
        },
    )


def clean_better(attempt: object) -> Verdict:
    """Cleaning that keeps digits and the letters œ, æ and ß (exercise 1.2)."""
    words = "Sœur Œuvre œuf groß Straße Lætitia Ærø 20 365 été Noël ça va J'ai «Moi» où"
    letters = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})

    def draw(rng: random.Random) -> dict:
        chosen = rng.choices(words.split(), k=rng.randint(2, 6))
        return {"text": " ".join(chosen) + rng.choice([".", " !", "... ", " »"])}

    def last_steps(text: str, allowed: str = "a-z0-9.!?") -> str:
        text = unicodedata.normalize("NFD", text)
        text = "".join(c for c in text if unicodedata.category(c) != "Mn")
        text = re.sub(r"([.!?])", r" \1", text)
        return re.sub(f"[^{allowed}]+", " ", text)

    return judge(
        attempt,
        draw,
        against(lambda text: last_steps(text.lower().translate(letters)).strip()),
        todo="let `clean_better` return the cleaned text.",
        mistakes={
            "That is `normalise` itself: replace œ, æ and ß before the other steps, "
            "and let the last pattern keep digits.": normalise,
            "The digits are still lost: the last pattern names what may stay.": (
                lambda text: normalise(text.lower().translate(letters))
            ),
            "The letters are still lost: `str.replace` or `str.translate` can write "
            "œ as oe before the pattern removes it.": (
                lambda text: last_steps(text.lower()).strip()
            ),
            "A capital Œ or Æ is lost: take the lower case first, then replace.": (
                lambda text: last_steps(text.translate(letters).lower()).strip()
            ),
            "A blank is left at an end: `strip`, or join what `split()` gives.": (
                lambda text: last_steps(text.lower().translate(letters))
            ),
        },
    )


def keep_more(attempt: object) -> Verdict:
    """Longer sentences, with any beginning (exercise 1.3)."""

    def draw(rng: random.Random) -> dict:
        pairs = [SentencePair("Je dors.", "I'm asleep.")]
        for _ in range(12):
            begin = rng.choice(["I am", "They sing", "He smiled", "You are"])
            french, english = rng.randint(5, 16), rng.randint(5, 16)
            english = f"{begin} {'so ' * (english - 3)}."
            pairs.append(SentencePair(f"{'si ' * (french - 1)}!", english))
        return {"pairs": pairs}

    def kept(prefixes: tuple, words: int) -> Callable:
        return lambda pairs: prepare(pairs, prefixes, words)

    return judge(
        attempt,
        draw,
        against(lambda pairs: prepare(pairs, ("",), 15)),
        todo="let `keep_more` return what `prepare` gives with other arguments.",
        mistakes={
            "With an empty tuple no beginning is allowed. Which text does *every* "
            "sentence begin with?": kept((), 15),
            "Those are still only the sentences of the old beginnings: give "
            "`prefixes` too.": lambda pairs: prepare(pairs, max_words=15),
            "`max_words` itself is too long already: fewer than 15.": kept(("",), 16),
            "The limit of the length is still the old one.": kept(("",), 10),
            "14 tokens are fewer than 15, and are to stay.": kept(("",), 14),
        },
    )


def commonest(attempt: object) -> Verdict:
    """A vocabulary of the commonest words (exercise 1.4)."""

    def draw(rng: random.Random) -> dict:
        words = rng.sample("je tu il elle nous vous dors ris .".split(), 9)
        read = [word for i, word in enumerate(words, start=1) for _ in range(i)]
        rng.shuffle(read)  # 45 words, no two of them equally often
        sentences = [" ".join(read[i : i + 5]) for i in range(0, len(read), 5)]
        return {"sentences": sentences, "size": rng.randint(5, 8)}

    def fault(answer: object, sentences: list[str], size: int) -> str:
        if not isinstance(answer, Vocabulary):
            return f"came {describe(answer)}, wanted a Vocabulary."
        counts = Counter(" ".join(sentences).split())
        came, wanted = answer.words[4:], [w for w, _ in counts.most_common(size)]
        if came == wanted:
            return ""
        hint = "count the words first; the commonest ones are wanted."
        if len(came) == size - 4 or not came:
            hint = "the four special words do not count; `Vocabulary` adds them."
        elif sorted(came) == sorted(wanted):
            hint = "the right words, but not in the right order."
        elif came == list(counts)[: len(came)]:
            hint = "these were read first; which are read most often?"
        return f"came the words {came}, wanted {wanted}. Hint: {hint}"

    todo = "let `commonest` return a Vocabulary of the commonest words."
    return judge(attempt, draw, fault, todo=todo)


def shift(attempt: object) -> Verdict:
    """What the decoder reads, from what it should write (exercise 1.5)."""

    def draw(rng: random.Random) -> dict:
        lengths = [rng.randint(1, 7) for _ in range(rng.randint(2, 5))]
        lengths[rng.randrange(len(lengths))] = 8
        return {"tgt_out": pad_ids([_sentence(rng, n) for n in lengths])[0]}

    def careless(tgt_out: Tensor) -> Tensor:
        begin = torch.full((len(tgt_out), 1), SOS)  # (batch, 1)
        return torch.cat([begin, tgt_out[:, :-1]], dim=1)  # (batch, tgt_len)

    def oracle(tgt_out: Tensor) -> Tensor:
        tgt_in = careless(tgt_out)  # (batch, tgt_len)
        return tgt_in.masked_fill(tgt_in == EOS, PAD)  # (batch, tgt_len)

    return judge(
        attempt,
        draw,
        against(oracle, "(batch, tgt_len)"),
        todo="let `shift` return `tgt_in`, of the shape of `tgt_out`.",
        mistakes={
            "The shorter rows still hold their <eos>, in front of the padding: the "
            "decoder would read it. Set PAD there.": careless,
            "No column was cut: as many are wanted as `tgt_out` has.": lambda out: (
                torch.cat([torch.full((len(out), 1), SOS), out], dim=1)
            ),
            "The first column is what stood last: put SOS there.": lambda out: out.roll(
                1, dims=1
            ),
        },
    )


def tighter(attempt: object) -> Verdict:
    """Groups with no padding in the sources and less in the targets (exercise 1.6)."""

    def draw(rng: random.Random) -> dict:
        lengths = [(rng.randint(2, 5), rng.randint(2, 9)) for _ in range(50)]
        examples = [(_sentence(rng, a), _sentence(rng, b)) for a, b in lengths]
        return {"examples": examples, "size": rng.choice([3, 4, 5])}

    def fault(groups: list[list[Example]], examples: list[Example], size: int) -> str:
        if sorted(e for group in groups for e in group) != sorted(examples):
            return (
                f"came {sum(map(len, groups))} examples, wanted all {len(examples)} "
                "once. Hint: the last group of a length may be smaller than the rest."
            )
        if any(not 0 < len(group) <= size for group in groups):
            return f"came a group of {max(map(len, groups))}, wanted 1 to {size}."
        if any(len({len(source) for source, _ in group}) > 1 for group in groups):
            return (
                "in a group are sources of several lengths. Hint: one list for each "
                "source length first, as above."
            )
        sorted_ways = [_tight(examples, size, down) for down in (False, True)]
        came, wanted = _padding(groups), max(map(_padding, sorted_ways))
        if came > wanted:
            return (
                f"{came} <pad> on the target side, {wanted} are enough. Hint: in which "
                "order must the sentences of a bucket stand before the cut?"
            )
        return ""

    return judge(
        attempt, draw, fault, todo="let `tighter` return a list of groups of examples."
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
