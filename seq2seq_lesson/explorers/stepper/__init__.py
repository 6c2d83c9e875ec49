"""The decoding stepper: one word at a time, forwards and back, and by force.

    stepper()

as the last line of a cell shows it. Force another word, and the rest of the sentence
follows from that.
"""

from __future__ import annotations

from difflib import get_close_matches

from seq2seq_lesson.drawing import Drawing, shorten
from seq2seq_lesson.explorers.controls import button, choice, typed, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.sentences import (
    EXAMPLES,
    MODELS,
    OWN,
    TITLES,
    cleaned,
    listed,
    loaded,
    unknown_note,
)
from seq2seq_lesson.explorers.stepper.picture import step_picture
from seq2seq_lesson.explorers.stepper.steps import Step, can_be_written, text, write


def stepper(name: str = "general-after", step: int = 1) -> Explorer:
    """A trained model's decoder, one step at a time.

    Raises
        ValueError: no such model comes along.
    """
    loaded(name)
    explorer = Explorer(
        draw,
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
            "step": whole("step", step, 1, 32, "Which word is being written"),
            "back": button("◀ back", "One word back"),
            "forward": button("forward ▶", "Write the next word"),
            "word": typed(
                "write here",
                "",
                "another word",
                "An English word to be written at this step, then press Enter; "
                "<eos> ends the sentence, nothing lets the model choose",
            ),
            "free": button("its own words", "Take all your words back"),
        },
        actions={
            "example": lambda s: (
                {"sentence": s["example"], **START} if s["example"] != OWN else {}
            ),
            "sentence": lambda s: {"example": listed(s["sentence"]), **START},
            "model": lambda s: START,
            "back": lambda s: moved(s, s["step"] - 1),
            "forward": lambda s: moved(s, s["step"] + 1),
            "step": lambda s: moved(s, s["step"]),
            "word": force,
            "free": lambda s: {"forced": (), "word": ""},
        },
        forced=(),
    )

    for control in ("example", "sentence", "model"):
        explorer.controls[control].layout.width = "340px"  # whole sentences, one line

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


def written(settings: Settings) -> tuple[Step, ...]:
    """All steps of the sentence, the forced words in place."""
    name = MODELS[settings["model"]]
    return write(name, cleaned(settings["sentence"], name), settings["forced"])


def moved(settings: Settings, step: int) -> Settings:
    """Go to that step, or to the nearest that there is."""
    step = min(max(step, 1), len(written(settings)))
    return {"step": step, "word": dict(settings["forced"]).get(step, "")}


def force(settings: Settings) -> Settings:
    """Have the typed word written at this step; what was forced later is let go."""
    word, step = settings["word"].strip().lower(), settings["step"]
    if word and word not in can_be_written(MODELS[settings["model"]]):
        return {}  # the picture says that this word cannot be
    kept = tuple((n, other) for n, other in settings["forced"] if n < step)
    return {"forced": (*kept, (step, word)) if word else kept, "word": word}


def draw(settings: Settings) -> Drawing:
    """The step that is chosen."""
    name, steps = MODELS[settings["model"]], written(settings)
    source = cleaned(settings["sentence"], name).split()
    unknown = [w for w in dict.fromkeys(source) if w not in loaded(name)[1]]
    step = min(settings["step"], len(steps))
    notes = impossible(settings, step) + changed(settings) + unknown_note(unknown)
    order = loaded(name)[0].config.order
    return step_picture(steps, step, source, set(unknown), order, notes)


def impossible(settings: Settings, step: int) -> tuple[str, ...]:
    """Say so if the word in the box cannot be written, and which ones are near it."""
    word = settings["word"].strip().lower()
    if word == dict(settings["forced"]).get(step, ""):
        return ()
    words = can_be_written(MODELS[settings["model"]])
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
