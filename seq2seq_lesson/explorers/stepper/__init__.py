"""The decoding stepper: one word at a time, forwards and back, and by force.

    stepper()                             # the models of French that come along
    letter_stepper(model, letters, "abc") # a model of one's own that reads letters

as the last line of a cell shows it. Force another word, and the rest of the sentence
follows from that.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from ipywidgets import DOMWidget

from seq2seq_lesson.drawing import Drawing, shorten
from seq2seq_lesson.explorers.controls import button, choice, typed, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.sentences import (
    EXAMPLES,
    MODELS,
    OWN,
    TITLES,
    Reader,
    cleaned,
    listed,
    loaded,
    no_longer,
    unknown_note,
)
from seq2seq_lesson.explorers.stepper.picture import step_picture
from seq2seq_lesson.explorers.stepper.steps import Step, can_be_written, text, write
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.vocabulary import Vocabulary


def stepper(name: str = "general-after", step: int = 1) -> Explorer:
    """A trained model's decoder, one step at a time.

    Raises
        ValueError: no such model comes along.
    """
    loaded(name)
    explorer = _explorer(
        {
            "example": choice(
                "sentence",
                EXAMPLES[0],
                [OWN, *EXAMPLES],
                "French sentences that the model can read",
            ),
            "sentence": typed(
                "or type", EXAMPLES[0], "French", "Type French, then press Enter"
            ),
            "model": choice(
                "model", TITLES[name], [*MODELS], "Which trained model writes"
            ),
        },
        step,
        {
            "example": lambda s: (
                {"sentence": s["example"], **START} if s["example"] != OWN else {}
            ),
            "sentence": lambda s: {"example": listed(s["sentence"]), **START},
            "model": lambda s: START,
        },
        guest=None,
        page={"example": EXAMPLES, "model": (TITLES["plain"],)},
    )
    for control in ("example", "sentence", "model"):
        explorer.controls[control].layout.width = "340px"  # whole sentences, one line
    return explorer


def letter_stepper(
    model: Seq2Seq, vocabulary: Vocabulary, string: str, step: int = 1
) -> Explorer:
    """The decoder of a model that reads letters, one step at a time.

    A copy of the model is kept, on the CPU: what is trained later is not seen here.

    Raises
        ValueError: the string is empty, or longer than the model can read.
    """
    copied = copy.deepcopy(model).cpu().eval()
    box = typed("letters", string, "letters", "Type letters, then press Enter")
    actions: Actions = {"sentence": lambda s: START}
    guest = copied, vocabulary, vocabulary
    explorer = _explorer({"sentence": box}, step, actions, guest, page={})
    read(explorer.settings)
    return explorer


Actions = dict[str, Callable[[Settings], Settings]]


def _explorer(
    controls: dict[str, DOMWidget],
    step: int,
    actions: Actions,
    guest: Reader | None,
    page: dict[str, Sequence[object]],
) -> Explorer:
    """What is read is chosen by the controls given; the steps by those added here."""
    steering: Actions = {
        "back": lambda s: moved(s, s["step"] - 1),
        "forward": lambda s: moved(s, s["step"] + 1),
        "step": lambda s: moved(s, s["step"]),
        "word": force,
        "free": lambda s: {"forced": (), "word": ""},
    }
    explorer = Explorer(
        draw,
        {
            **controls,
            "step": whole("step", step, 1, 32, "Which word is being written"),
            "back": button("◀ back", "One word back"),
            "forward": button("forward ▶", "Write the next word"),
            "word": typed(
                "write here",
                "",
                "another word",
                "A word to be written at this step, then press Enter; <eos> ends the "
                "sentence, nothing lets the model choose",
            ),
            "free": button("its own words", "Take all your words back"),
        },
        actions=actions | steering,
        page={**page, "step": range(1, 33)},
        forced=(),
        guest=guest,
    )

    def follow(_: object) -> None:
        """The slider ends where the sentence does."""
        try:
            explorer.controls["step"].max = len(written(explorer.settings))
        except ValueError:
            pass  # there is no sentence; the picture's place says why

    follow(None)
    explorer.picture.observe(follow, "value")
    return explorer


START = {"step": 1, "forced": (), "word": ""}


def reader(settings: Settings) -> Reader:
    """The model that writes, and its vocabularies."""
    return settings.get("guest") or loaded(MODELS[settings["model"]])


def read(settings: Settings) -> str:
    """What was typed, as that model can read it.

    Raises
        ValueError: nothing is left of it, or it is longer than the model can read.
    """
    if not settings.get("guest"):
        return cleaned(settings["sentence"], MODELS[settings["model"]])
    letters = " ".join("".join(settings["sentence"].split()))
    if not letters:
        raise ValueError("letters: got none, wanted at least one: type some")
    return no_longer(letters, reader(settings)[0].config.max_len - 1)


def written(settings: Settings) -> tuple[Step, ...]:
    """All steps of the sentence, the forced words in place."""
    return write(reader(settings), read(settings), settings["forced"])


def moved(settings: Settings, step: int) -> Settings:
    """Go to that step, or to the nearest that there is."""
    step = min(max(step, 1), len(written(settings)))
    return {"step": step, "word": dict(settings["forced"]).get(step, "")}


def force(settings: Settings) -> Settings:
    """Have the typed word written at this step; what was forced later is let go."""
    word, step = settings["word"].strip().lower(), settings["step"]
    if word and word not in can_be_written(reader(settings)):
        return {}  # the picture says that this word cannot be
    kept = tuple((n, other) for n, other in settings["forced"] if n < step)
    return {"forced": (*kept, (step, word)) if word else kept, "word": word}


def draw(settings: Settings) -> Drawing:
    """The step that is chosen."""
    model, vocabulary, _ = reader(settings)
    steps, source = written(settings), read(settings).split()
    unknown = [w for w in dict.fromkeys(source) if w not in vocabulary]
    step = min(settings["step"], len(steps))
    notes = impossible(settings, step) + changed(settings) + unknown_note(unknown)
    order = model.config.order
    return step_picture(steps, step, source, set(unknown), order, notes)


def impossible(settings: Settings, step: int) -> tuple[str, ...]:
    """Say so if the word in the box cannot be written, and which ones are near it."""
    word = settings["word"].strip().lower()
    if word == dict(settings["forced"]).get(step, ""):
        return ()
    words = can_be_written(reader(settings))
    near = " or ".join(f"“{other}”" for other in get_close_matches(word[:40], words, 3))
    return (
        f"“{shorten(word, 24)}” is none of the {len(words)} words that this model can "
        f"write{f': did you mean {near}' if near else ''}. It chose by itself.",
    )


def changed(settings: Settings) -> tuple[str, ...]:
    """What the model would have written without the forced words."""
    if not settings["forced"]:
        return ()
    alone = text(written({**settings, "forced": ()}))
    words = ", ".join(f"“{word}”" for _, word in settings["forced"])
    return (f"You made it write {words}. By itself it writes “{alone}”.",)
