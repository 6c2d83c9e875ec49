"""`make reversal-study`: the trainings behind the curves and tables of notebook 06.

plateau  article B's set-up over its 20 epochs, and one thing at a time changed
band     the state dropped, carried, and attention: same strings, as many parameters;
         then the carried state with more steps, and with a larger state
steps    steps of 64 strings of one length until 95 % edit accuracy on unseen strings
scores   five scores, asked before or after the cell
longer   trained on 5 to 14 letters, tested to 40
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

import torch
from torch import Tensor, nn

from seq2seq_lesson import metrics
from seq2seq_lesson.attention import SCORES
from seq2seq_lesson.batches import Example, collate, shuffled
from seq2seq_lesson.corpus import encode_pairs
from seq2seq_lesson.reversal import (
    LETTERS,
    draw_strings,
    reversal_pairs,
    unseen_strings,
)
from seq2seq_lesson.seq2seq import Seq2Seq, sequence_loss
from seq2seq_lesson.studies.reversal_models import (
    Published,
    attending,
    published_accuracy,
    rival,
)
from seq2seq_lesson.training import Recipe, fit
from seq2seq_lesson.translation import translate, translate_forced
from seq2seq_lesson.vocabulary import Vocabulary, refuse_string

Measured = Iterator[tuple[str, int, float]]  # measure, at, value
letters = Vocabulary(LETTERS)
LENGTHS = (5, 10, 14, 17, 20, 25, 30, 35, 40)
STEPS = 25  # between two looks at how good it is; of 64 strings each
LEARN = Recipe(epochs=16, batch_size=64, peak_rate=5e-3)


def examples(strings: Sequence[str]) -> list[Example]:
    return encode_pairs(reversal_pairs(strings), letters, letters)


def drawn(number: int, shortest: int = 5) -> Callable:
    """A function that draws an epoch's examples, none of them set aside."""
    aside = set(unseen_strings())

    def fresh(rng: random.Random) -> list[Example]:
        return examples(draw_strings(number, rng, LETTERS, shortest, 14, aside))

    return fresh


def grade(model: Seq2Seq, strings: Sequence[str]) -> dict[str, float]:
    """Edit accuracy, exact match, and how often the model knew where to end."""
    refuse_string("strings", strings)
    sources = [" ".join(string) for string in strings]
    room = max(map(len, strings)) + 2  # for <eos>, and one letter too many
    done = translate(model, sources, letters, letters, max_len=room, batch_size=500)
    written = [answer.text for answer in done]
    wanted = [[" ".join(reversed(string))] for string in strings]
    return {
        "edit": metrics.edit_accuracy(written, wanted),
        "exact": metrics.exact_match(written, wanted),
        "ended": sum("<eos>" in answer.words for answer in done) / len(done),
    }


def looks(model: Seq2Seq, strings: Sequence[str]) -> tuple[float, float, Counter]:
    """How sharp and how right the attention is, the known targets being written.

    Args
        return: the share of the weight that lies on the anti-diagonal, 0 to 1; the
                alignment error rate, 0 to 1; how often the brightest place lies how
                many places from the right one (+: nearer to the source's end)
    """
    pairs = reversal_pairs(strings)
    shares: list[float] = []
    predicted: set[tuple[int, ...]] = set()
    offsets: Counter[int] = Counter()
    for n, answer in enumerate(translate_forced(model, pairs, letters, letters)):
        weights = answer.word_weights
        assert weights is not None, "a model without attention looks nowhere"
        shares += weights.flip(1).diagonal().tolist()
        links = metrics.hard_alignment(weights)
        predicted |= {(n, *link) for link in links}
        last = len(answer.words) - 2
        offsets.update(read - (last - written) for read, written in links)
    sure: set[tuple[int, ...]] = {
        (n, *link) for n, pair in enumerate(pairs) for link in pair.alignment or ()
    }
    error = metrics.alignment_scores(predicted, sure).aer
    return sum(shares) / len(shares), error, offsets


def edit_score(logits: Tensor, tgt_out: Tensor) -> float:
    """The edit accuracy of the likeliest letters, each text ended by its own EOS."""
    likeliest = logits.argmax(dim=-1)  # (batch, tgt_len)
    written, wanted = (
        [" ".join(letters.decode(row)) for row in ids.tolist()]
        for ids in (likeliest, tgt_out)
    )
    return metrics.edit_accuracy(written, [[text] for text in wanted])


def published(alphabet: str, carry_state: bool, epochs: int = 20) -> Callable:
    """Article B's recipe: 3,000 strings, batches of 30, Adam at 0.001, hidden 64."""

    def run(seed: int) -> Measured:
        model, rng = Published(len(letters), 64, carry_state), random.Random(seed)
        held_out = collate(examples(draw_strings(300, rng, alphabet)))
        strings = examples(draw_strings(3000, rng, alphabet))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(1, epochs + 1):
            model.train()
            for group in shuffled(strings, 30, rng):
                batch = collate(group)
                loss = sequence_loss(model(batch), batch.tgt_out)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                logits = model.eval()(held_out)
            yield "published", epoch, published_accuracy(logits, held_out.tgt_out)
            yield "edit", epoch, edit_score(logits, held_out.tgt_out)

    return run


def band(kind: str, hid: int = 64, epochs: int = 20) -> Callable:
    def run(seed: int) -> Measured:
        unseen = unseen_strings()
        strings = examples(draw_strings(3000, random.Random(seed), exclude=unseen))
        recipe = Recipe(epochs, batch_size=60, peak_rate=8e-3, seed=seed)
        model = rival(kind, hid)
        for row in fit(
            model,
            strings,
            recipe,
            validate=lambda model: grade(model, unseen[:200]),
            progress=False,
        ):
            yield "edit by epoch", int(row["epoch"]), row["edit"]
        yield from ((name, 0, value) for name, value in grade(model, unseen).items())

    return run


def steps_to_95(kind: str, patience: int = 1500) -> Callable:
    """Steps of 64 strings, at a steady rate; infinite where patience ends first."""

    def run(seed: int) -> Measured:
        for length in (4, 6, 9, 12, 14):
            rng, model = random.Random(seed), rival(kind)
            test = draw_strings(200, rng, LETTERS, length, length)
            optimizer = torch.optim.AdamW(model.parameters(), 3e-3, fused=True)
            for step in count(0, STEPS):
                if step > patience or grade(model, test)["edit"] >= 0.95:
                    break
                model.train()
                for _ in range(STEPS):
                    strings = draw_strings(64, rng, LETTERS, length, length, test)
                    batch = collate(examples(strings))
                    loss = sequence_loss(model(batch), batch.tgt_out)
                    optimizer.zero_grad()
                    loss.backward()
                    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    optimizer.step()
            yield "steps", length, step if step <= patience else float("inf")

    return run


def learn(
    build: Callable[[], Seq2Seq],
    shortest: int = 5,
    lengths: Sequence[int] = LENGTHS,
) -> Callable:
    """Train on fresh strings, score on the strings set aside, then by length."""

    def run(seed: int) -> Measured:
        model, unseen = build(), unseen_strings()
        recipe = replace(LEARN, seed=seed)
        history = fit(
            model,
            drawn(64 * STEPS, shortest),
            recipe,
            validate=lambda model: grade(model, unseen[:100]),
            progress=False,
        )
        there = [STEPS * row["epoch"] for row in history if row["edit"] >= 0.99]
        yield "steps", 0, min(there, default=float("inf"))
        yield from ((name, 0, value) for name, value in grade(model, unseen).items())
        share, error, offsets = looks(model, unseen[:300])
        yield from (("weight", 0, share), ("aer", 0, error))
        yield "offset", 0, offsets.most_common(1)[0][0]
        for length in lengths:
            test = draw_strings(100, random.Random(length), LETTERS, length, length)
            scores = grade(model, test)
            yield "edit at", length, scores["edit"]
            yield "exact at", length, scores["exact"]

    return run


RUNS = {
    ("plateau", "as published"): published("abc", carry_state=False),
    ("plateau", "letters: all four"): published("abcd", carry_state=False),
    ("plateau", "decoder: state carried"): published("abc", carry_state=True),
    ("plateau", "both"): published("abcd", carry_state=True),
    ("band", "state dropped"): band("state dropped"),
    ("band", "state carried"): band("state carried"),
    ("band", "attention"): band("attention"),
    ("band", "carried, 40 epochs"): band("state carried", epochs=40),
    ("band", "carried, hidden 128"): band("state carried", hid=128),
    ("steps", "attention"): steps_to_95("attention"),
    ("steps", "state carried"): steps_to_95("state carried"),
    **{
        ("scores", f"{score} {order}"): learn(
            partial(attending, order, score), lengths=()
        )
        for score in SCORES
        for order in ("before", "after")
    },
    ("vectors", "long"): learn(
        partial(attending, "after", "general", std=0.85), lengths=()
    ),
    ("longer", "both directions"): learn(partial(attending, "after", "general")),
    ("longer", "one direction"): learn(
        partial(attending, "after", "general", both=False)
    ),
    ("longer", "14 letters only"): learn(
        partial(attending, "after", "general"), shortest=14
    ),
    ("longer", "content, relative"): learn(
        partial(attending, "after", "content, relative")
    ),
    ("longer", "relative alone"): learn(partial(attending, "after", "relative")),
    ("longer", "location-aware"): learn(partial(attending, "before", "location")),
}
