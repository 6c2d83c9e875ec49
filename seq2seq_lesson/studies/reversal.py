"""`make reversal-study`: the trainings behind the curves and tables of notebook 06.

plateau  article B's set-up over its 20 epochs, and one thing at a time changed; at the
         end the share of letters right at each place
band     the state dropped, carried, and attention: same strings, as many parameters;
         then the carried state with more steps, and with a larger state
steps    for strings of one length, the shortest training that ends with 95 % edit
         accuracy on unseen strings; the recipe is that of `band`
scores   five scores, asked before or after the cell
vectors  the letters' first vectors long: all of them, those read, those written
longer   trained on 5 to 14 letters, tested to 40: as it learned, with all weight on
         its brightest letter, with all weight on the right one
far      trained on 1 to 40 of two letters, tested on 41 to 500
"""

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor
from torch.nn.functional import one_hot

from seq2seq_lesson import metrics
from seq2seq_lesson.attention import SCORES
from seq2seq_lesson.batches import Example, collate, shuffled
from seq2seq_lesson.corpus import encode_pairs
from seq2seq_lesson.interventions import Change, hardened, intervened
from seq2seq_lesson.reversal import (
    LETTERS,
    draw_strings,
    reversal_pairs,
    unseen_strings,
)
from seq2seq_lesson.runtime import seed_everything
from seq2seq_lesson.seq2seq import Seq2Seq, sequence_loss
from seq2seq_lesson.studies.reversal_models import (
    Published,
    RelativePosition,
    attending,
    published_accuracy,
    rival,
)
from seq2seq_lesson.training import Recipe, fit
from seq2seq_lesson.translation import translate, translate_forced
from seq2seq_lesson.vocabulary import EOS, PAD, SOS, SPECIALS, Vocabulary, refuse_string

Measured = Iterator[tuple[str, int, float]]  # measure, at, value
Writer = Callable[[str], list[int]]  # a string -> the ids that are written
letters = Vocabulary(LETTERS)
LENGTHS = (5, 10, 14, 17, 20, 25, 30, 35, 40)
FAR = (41, 100, 200, 300, 400, 500)
BUDGETS = (25, 50, 100, 200, 400, 800, 1600, 3200)  # steps
BATCH = 60
STEPS = 25  # between two looks at how good it is; of 64 strings each
LEARN = Recipe(epochs=16, batch_size=64, peak_rate=5e-3)


def examples(strings: Sequence[str]) -> list[Example]:
    return encode_pairs(reversal_pairs(strings), letters, letters)


def drawn(
    number: int,
    shortest: int = 5,
    longest: int = 14,
    aside: Sequence[str] = (),
    letters: str = LETTERS,
) -> Callable:
    """A function that draws an epoch's examples, none of them set aside."""
    kept = {*unseen_strings(), *aside}

    def fresh(rng: random.Random) -> list[Example]:
        return examples(draw_strings(number, rng, letters, shortest, longest, kept))

    return fresh


def of_length(length: int, count: int = 100) -> list[str]:
    """Strings of one length, always the same."""
    return draw_strings(count, random.Random(length), LETTERS, length, length)


def grade(model: Seq2Seq, strings: Sequence[str]) -> dict[str, float]:
    """Edit accuracy, exact match, and how often the model knew where to end.

    Who runs on is stopped two symbols after the longest string's last letter.
    """
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


def size(model: Seq2Seq) -> int:
    """How many numbers a model can learn, shared ones counted once."""
    return sum(weight.numel() for weight in model.parameters())


def learn_in_stages(model: Seq2Seq, draw: Callable) -> list[tuple[str, Seq2Seq]]:
    """Train by `LEARN`; a copy of the model as it came, then one after each epoch."""
    stages = [("after 0 steps", copy.deepcopy(model.eval()))]

    def keep(learner: Seq2Seq) -> dict[str, float]:
        stages.append(
            (f"after {STEPS * len(stages)} steps", copy.deepcopy(learner).eval())
        )
        return {}

    fit(model, draw, LEARN, validate=keep, progress=False)
    return stages


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


def published(
    alphabet: str = "abc",
    carry_state: bool = False,
    shuffle: bool = False,
    epochs: int = 20,
    **changes: bool,
) -> Callable:
    """Article B's recipe: 3,000 strings, batches of 30, Adam at 0.001, hidden 64.

    Args
        shuffle: deal the batches anew for each epoch, as the article does not
        changes: `one_hot` or `xavier`, see `Published`
    """

    def run(seed: int) -> Measured:
        model = Published(len(letters), 64, carry_state, **changes)
        rng = random.Random(seed)
        held_out = examples(draw_strings(300, rng, alphabet))
        strings = examples(draw_strings(3000, rng, alphabet))
        weights = [w for w in model.parameters() if w.requires_grad]
        optimizer = torch.optim.Adam(weights, lr=1e-3, fused=True)
        same = [collate(group) for group in in_order(strings, 30)]
        for epoch in range(1, epochs + 1):
            model.train()
            dealt = shuffled(strings, 30, rng) if shuffle else []
            for batch in [collate(group) for group in dealt] or same:
                loss = sequence_loss(model(batch), batch.tgt_out)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            for name, value in judged(model, held_out).items():
                yield name, epoch, value
        batch = collate(held_out)
        with torch.no_grad():
            written = model.eval()(batch).argmax(-1)
        shares = right_by_place(written, batch.tgt_out).tolist()
        yield from (("right at", place, s) for place, s in enumerate(shares, 1))

    return run


def published_again(epochs: int) -> Tensor:
    """The published accuracy of the first seed's first epochs, trained just now.

    Shapes
        return: (1, epochs) float, 0 to 1
    """
    seed_everything(0)
    run = published(epochs=epochs)(0)
    return torch.tensor([[value for name, _, value in run if name == "published"]])


def right_by_place(written: Tensor, tgt_out: Tensor) -> Tensor:
    """The share of letters right at each place, 0 to 1, of the strings that reach it.

    Shapes
        written, tgt_out: (batch, tgt_len) long, special tokens ahead of all letters
        return:           (longest,) float, as many as the longest string has letters
    """
    wanted = tgt_out >= len(SPECIALS)  # (batch, tgt_len); letters, no EOS or PAD
    right = ((written == tgt_out) & wanted).sum(0) / wanted.sum(0)  # (tgt_len,)
    return right[wanted.any(0)]


def in_order(strings: Sequence[Example], size: int) -> list[Sequence[Example]]:
    return [strings[at : at + size] for at in range(0, len(strings), size)]


def judged(model: Published, held_out: Sequence[Example]) -> dict[str, float]:
    """Four measures: article B's, edit accuracy, exact match, and B's when it is fed.

    The first three run free, as B's evaluation does; in the last, `fed`, the true
    letters are fed, as in training.
    """
    found = []
    for group in in_order(held_out, 30):
        batch = collate(group)
        with torch.no_grad():
            fed = model.train()(batch)  # (batch, tgt_len, tgt_vocab); it has no dropout
            free = model.eval()(batch)  # (batch, tgt_len, tgt_vocab)
        marks = marked(free.argmax(-1), batch.tgt_out)
        found.append(marks | {"fed": published_accuracy(fed, batch.tgt_out)})
    return {name: sum(m[name] for m in found) / len(found) for name in found[0]}


def marked(written: Tensor, tgt_out: Tensor) -> dict[str, float]:
    """Article B's accuracy, edit accuracy and exact match of one batch.

    Shapes
        written, tgt_out: (batch, tgt_len) long
    """
    logits = one_hot(written, len(letters)).float()  # (batch, tgt_len, tgt_vocab)
    came, wanted = (
        [" ".join(letters.decode(row)) for row in ids.tolist()]
        for ids in (written, tgt_out)
    )
    known = [[text] for text in wanted]
    return {
        "published": published_accuracy(logits, tgt_out),
        "edit": metrics.edit_accuracy(came, known),
        "exact": metrics.exact_match(came, known),
    }


def marks_of(writer: Writer, strings: Sequence[str]) -> dict[str, float]:
    """What a writer's answers to strings are worth: the means over batches of 30."""
    found = []
    for at in range(0, len(strings), 30):
        group = strings[at : at + 30]
        wanted = collate(examples(group)).tgt_out  # (batch, tgt_len)
        written = torch.full_like(wanted, PAD)  # (batch, tgt_len)
        for row, string in zip(written, group, strict=True):
            ids = writer(string)[: len(row)]
            row[: len(ids)] = torch.tensor(ids)
        found.append(marked(written, wanted))
    return {name: sum(m[name] for m in found) / len(found) for name in found[0]}


def repeating(alphabet: str) -> Writer:
    """A writer who knows the length only: the alphabet, over and over."""
    ids = letters.encode(" ".join(alphabet))[:-1]
    return lambda string: [*(ids * len(string))[: len(string)], EOS]


def never_ending(alphabet: str) -> Writer:
    """A writer who reads nothing, not even the length: the alphabet, over and over."""
    ids = letters.encode(" ".join(alphabet))[:-1]
    return lambda string: ids * 100  # far more than anybody marks


def forgetful(alphabet: str) -> Writer:
    """The best writer without a memory, running free: it knows the string, and yet.

    Each symbol, EOS too, has one follower, which it may choose as it likes for each
    string. Best by the edit distance of this string alone.
    """
    symbols = [*letters.encode(" ".join(alphabet))[:-1], EOS]
    choices = [
        dict(zip([SOS, *symbols], followers, strict=True))
        for followers in product(symbols, repeat=len(symbols) + 1)
    ]

    def write(string: str) -> list[int]:
        wanted = letters.encode(" ".join(reversed(string)))
        best, least = wanted, len(wanted) + 1
        for follows in choices:
            written, word = [], SOS
            for _ in wanted:
                word = follows[word]
                written.append(word)
            if (wrong := Levenshtein.distance(written, wanted)) < least:
                best, least = written, wrong
        return best

    return write


def band(kind: str, hid: int = 64, epochs: int = 20) -> Callable:
    def run(seed: int) -> Measured:
        unseen = unseen_strings()
        strings = examples(draw_strings(3000, random.Random(seed), exclude=unseen))
        recipe = Recipe(epochs, BATCH, peak_rate=8e-3, seed=seed)
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


def enough_steps(kind: str, peak_rate: float = 8e-3) -> Callable:
    """The shortest whole training of `BUDGETS` that ends with 95 % edit accuracy."""

    def run(seed: int) -> Measured:
        for length in (4, 6, 9, 12, 14):
            test = draw_strings(200, random.Random(seed), LETTERS, length, length)
            enough = float("inf")
            for steps in BUDGETS:
                seed_everything(seed)
                model, count = rival(kind), BATCH * steps
                recipe = Recipe(1, BATCH, peak_rate, seed=seed)
                fit(model, drawn(count, length, length, test), recipe, progress=False)
                if grade(model, test)["edit"] >= 0.95:
                    enough = steps
                    break
            yield "steps", length, enough

    return run


def right_places(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
    """The place of the letter that each row is to write, -1 where none is left.

    Shapes
        return: (batch, tgt_len, 1) long
    """
    written = step + torch.arange(weights.shape[1], device=weights.device)  # (tgt_len)
    last = src_mask.sum(1, keepdim=True) - 2  # (batch, 1); the last letter's place
    return (last - written).clamp(min=-1).unsqueeze(-1)  # (batch, tgt_len, 1)


def told_where(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
    """All weight to the right letter; once all are written, the weights as they are."""
    right = right_places(weights, src_mask, step)  # (batch, tgt_len, 1)
    told = torch.zeros_like(weights).scatter(-1, right.clamp(min=0), 1)
    return torch.where(right >= 0, told, weights)  # (batch, tgt_len, src_len)


def to_its_brightest(weights: Tensor, src_mask: Tensor, step: int) -> Tensor:
    """All weight to the brightest letter; once all are written, as they are."""
    right = right_places(weights, src_mask, step)  # (batch, tgt_len, 1)
    hard = hardened(weights, src_mask, step)  # (batch, tgt_len, src_len)
    return torch.where(right >= 0, hard, weights)  # (batch, tgt_len, src_len)


CHANGES: dict[str, Change] = {"brightest": to_its_brightest, "told": told_where}


def learn(
    build: Callable[[], Seq2Seq],
    shortest: int = 5,
    lengths: Sequence[int] = LENGTHS,
    changes: Mapping[str, Change] = CHANGES,
) -> Callable:
    """Train on fresh strings, score on the strings set aside, then by length.

    Args
        changes: what is then done to the weights of strings of 30 letters, by its name
    """

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
            scores = grade(model, of_length(length))
            yield "edit at", length, scores["edit"]
            yield "exact at", length, scores["exact"]
        for name, change in changes.items() if lengths else ():
            with intervened(model, change):
                scores = grade(model, of_length(30))
            yield f"edit, {name}", 30, scores["edit"]
            yield f"exact, {name}", 30, scores["exact"]
        if isinstance(model.decoder, RelativePosition) and not model.decoder.content:
            model.decoder.sharpen()
            for length in lengths:
                scores = grade(model, of_length(length))
                yield "edit at, sharpened", length, scores["edit"]
                yield "exact at, sharpened", length, scores["exact"]

    return run


def probed(vectors: Tensor, told: Tensor) -> float:
    """How often a line through vectors tells yes from no, on some not fitted to.

    Least squares on the first three quarters; the share right on the last.

    Shapes
        vectors: (n, width) float
        told:    (n,) bool
    """
    rows = torch.cat([vectors, torch.ones_like(vectors[:, :1])], 1).cpu()
    signs = 2 * told.cpu().float() - 1
    fit_on = 3 * len(rows) // 4
    line = torch.linalg.lstsq(rows[:fit_on], signs[:fit_on, None]).solution
    guessed = (rows[fit_on:] @ line).squeeze(1)
    return (guessed.sign() == signs[fit_on:]).float().mean().item()


def in_place(model: Seq2Seq, strings: Sequence[str]) -> float:
    """The share of letters written right in their own place, as Delétang et al. count.

    Source
        arXiv:2207.02098, where no end has to be found either
    """
    sources = [" ".join(string) for string in strings]
    room = max(map(len, strings)) + 1
    hits, total = 0, 0
    for string, answer in zip(
        strings,
        translate(model, sources, letters, letters, max_len=room, batch_size=500),
        strict=True,
    ):
        hits += sum(map(str.__eq__, reversed(string), answer.text.split()))
        total += len(string)
    return hits / total


def far(score: str, order: str = "after", steps: int = 300) -> Callable:
    """Train on 1 to 40 letters, a or b, and test far beyond."""

    def run(seed: int) -> Measured:
        model = attending(order, score, max_len=FAR[-1] + 1)
        recipe = Recipe(1, batch_size=64, peak_rate=5e-3, seed=seed)
        count = 64 * steps
        fit(model, drawn(count, 1, 40, letters="ab"), recipe, progress=False)
        tests = [draw_strings(16, random.Random(n), "ab", n, n) for n in FAR]
        for n, test in zip(FAR, tests, strict=True):
            yield "in place", n, in_place(model, test)
        if isinstance(model.decoder, RelativePosition):
            model.decoder.sharpen()
            for n, test in zip(FAR, tests, strict=True):
                yield "in place, sharpened", n, in_place(model, test)

    return run


RUNS = {
    ("plateau", "as published"): published(),
    ("plateau", "decoder: state carried"): published(carry_state=True),
    ("plateau", "letters: all four"): published("abcd", epochs=10),
    ("plateau", "source: embedded, <eos>"): published(one_hot=False, epochs=10),
    ("plateau", "first weights: PyTorch's"): published(xavier=False, epochs=10),
    ("plateau", "batches: shuffled"): published(shuffle=True, epochs=10),
    ("band", "state dropped"): band("state dropped"),
    ("band", "state carried"): band("state carried"),
    ("band", "attention"): band("attention"),
    ("band", "carried, 40 epochs"): band("state carried", epochs=40),
    ("band", "carried, hidden 128"): band("state carried", hid=128),
    ("steps", "attention"): enough_steps("attention"),
    ("steps", "state carried"): enough_steps("state carried"),
    **{
        ("scores", f"{score} {order}"): learn(
            partial(attending, order, score), lengths=()
        )
        for score in SCORES
        for order in ("before", "after")
    },
    **{
        ("vectors", name): learn(
            partial(attending, "after", "general", std=std), lengths=()
        )
        for name, std in {
            "long": (0.85, 0.85),
            "long, those read": (0.85, 0.3),
            "long, those written": (0.3, 0.85),
        }.items()
    },
    ("longer", "both directions"): learn(partial(attending, "after", "general")),
    ("longer", "one direction"): learn(
        partial(attending, "after", "general", "forwards"), changes={}
    ),
    ("longer", "one direction, backwards"): learn(
        partial(attending, "after", "general", "backwards"), changes={}
    ),
    ("longer", "14 letters only"): learn(
        partial(attending, "after", "general"), shortest=14, changes={}
    ),
    ("longer", "content, relative"): learn(
        partial(attending, "after", "content, relative"), changes={}
    ),
    ("longer", "relative alone"): learn(partial(attending, "after", "relative")),
    ("longer", "additive before"): learn(partial(attending, "before", "additive")),
    ("longer", "location-aware"): learn(
        partial(attending, "before", "location"), changes={}
    ),
    ("far", "location-aware"): far("location", "before"),
    ("far", "relative alone"): far("relative"),
    ("far", "stack"): far("stack", "none"),
}
