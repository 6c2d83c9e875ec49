"""The reversal playground: letters, read backwards, at every stage of a training.

    reversal_playground([("before training", model_0), ("after 1 epoch", model_1)])

as the last line of a cell shows it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from seq2seq_lesson.drawing import Drawing, shorten
from seq2seq_lesson.explorers.controls import stages, typed, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.reversal.picture import share, training_picture
from seq2seq_lesson.reversal import LETTERS
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.translation import Translation, translate
from seq2seq_lesson.vocabulary import Vocabulary

LONGEST = 30  # letters
MORE = "".join(random.Random(11).choices(LETTERS, k=LONGEST))  # when the string grows
Answers = Callable[[str], list[Translation]]  # letters -> what each model makes of them


def reversal_playground(
    models: Sequence[tuple[str, Seq2Seq]], letters: str = "abcadbbd"
) -> Explorer:
    """Type letters or drag the length; sweep through the stages of a training.

    Args
        models: at least one (label, model), in the order of the training, all with
                attention and with the vocabulary of the task's letters
    Raises
        ValueError: there is no model, or one has no attention.
    """
    if not models or any(model.config.order == "none" for _, model in models):
        raise ValueError(
            f"models: got {len(models)}, wanted at least one (label, model), all with "
            "attention (order 'before' or 'after'): keep copies while you train"
        )
    labels = [label for label, _ in models]
    answers = lru_cache(maxsize=128)(partial(answer_all, [m for _, m in models]))
    last = len(models) - 1
    explorer = Explorer(
        partial(draw, labels, answers),
        {
            "letters": typed(
                "letters", letters, "abcd", "Type letters from a to d, then press Enter"
            ),
            "length": whole(
                "length", len(letters), 1, LONGEST, "How many letters are read"
            ),
            "epoch": stages(
                "training",
                last,
                [(label, place) for place, label in enumerate(labels)],
                "Sweep through the training",
            ),
        },
        actions={
            "letters": lambda s: {
                "typed": usable(s["letters"]),
                "length": max(len(usable(s["letters"])), 1),
            },
            "length": lambda s: {"letters": (s["typed"] + MORE)[: s["length"]]},
        },
        page={
            "length": [*range(2, 11), 12, 14, 16, 18, 22],
            "epoch": range(len(labels)),
        },
        typed=usable(letters),  # what a string that was shortened grows from again
    )
    explorer.controls["letters"].layout.width = "340px"  # for the longest
    return explorer


def usable(text: str) -> str:
    """The letters that the models know, as many as they are asked to read."""
    return "".join(letter for letter in text.lower() if letter in LETTERS)[:LONGEST]


def answer_all(models: Sequence[Seq2Seq], letters: str) -> list[Translation]:
    """What each of the models writes when it reads these letters."""
    vocabulary, room = Vocabulary(LETTERS), len(letters) + 2
    return [
        translate(model, [" ".join(letters)], vocabulary, vocabulary, max_len=room)[0]
        for model in models
    ]


def draw(labels: Sequence[str], answers: Answers, settings: Settings) -> Drawing:
    """The letters that are typed, read by the model that is chosen."""
    text, letters = settings["letters"], usable(settings["letters"])
    if not letters:
        raise ValueError(
            f"letters: none of {LETTERS!r} is in “{shorten(text, 40)}”, and these "
            "models know no other: type some of them, such as “abcadbbd”"
        )
    translations = answers(letters)
    chosen = translations[settings["epoch"]]
    label = labels[settings["epoch"]]
    above = [verdict(label, chosen), *left_out(text, letters)]
    return training_picture(translations, labels, settings["epoch"], above)


def verdict(label: str, answer: Translation) -> str:
    """Right or wrong, and where the weight lies."""
    letters = answer.source_words[:-1]
    wanted = letters[::-1]
    written = answer.text.split()
    hits = sum(a == b for a, b in zip(written, wanted, strict=False))
    right = written == wanted and len(answer.words) == len(wanted) + 1
    late = ", but it does not end there" if hits == len(wanted) else ""
    how = (
        "✓ all right" if right else f"✗ {hits} of {len(wanted)} letters in place{late}"
    )
    return (
        f"{label}: “{''.join(letters)}” becomes “{''.join(written)}”, {how}. "
        f"{share(answer):.0%} of the weight lies on the anti-diagonal."
    )


def left_out(text: str, letters: str) -> list[str]:
    """Say which letters were not read."""
    notes = []
    strange = sorted({c for c in text.lower() if c not in LETTERS and not c.isspace()})
    if strange:
        shown = shorten("".join(strange), 30)
        notes.append(f"Left out, since only {LETTERS!r} are known: “{shown}”.")
    known = sum(c in LETTERS for c in text.lower())
    if known > len(letters):
        notes.append(f"Only the first {LONGEST} of {known:,} letters are read.")
    return notes
