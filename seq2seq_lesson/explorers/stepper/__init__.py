"""The decoding stepper: one word at a time, forwards and back, and by force.

    stepper()                             # the models of French that come along
    letter_stepper(model, letters, "abc") # a model of one's own that reads letters

as the last line of a cell shows it. Guess each word before it is shown, or force
another one, and the rest of the sentence follows from that.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from ipywidgets import DOMWidget

from seq2seq_lesson.drawing import Drawing, shorten
from seq2seq_lesson.explorers.controls import button, choice, switch, typed, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.sentences import (
    EXAMPLES,
    MODELS,
    OWN,
    RIVALS,
    TITLES,
    Reader,
    cleaned,
    listed,
    loaded,
    no_longer,
    unknown_note,
)
from seq2seq_lesson.explorers.stepper.picture import choices, step_picture
from seq2seq_lesson.explorers.stepper.steps import (
    SHOWN,
    Step,
    can_be_written,
    text,
    write,
)
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
                [OWN, *OFFERED],
                "French sentences; in the first six a second word often comes near",
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
            "sentence": lambda s: {"example": listed(s["sentence"], OFFERED), **START},
            "model": lambda s: START,
        },
        guest=None,
        page={"example": (*RIVALS[:4], *EXAMPLES[:3]), "model": (TITLES["plain"],)},
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
    noun = "letter" if guest else "word"
    steering: Actions = {
        "back": lambda s: moved(s, s["step"] - 1),
        "forward": lambda s: moved(s, s["step"] + 1),
        "step": lambda s: moved(s, s["step"]),
        "word": force,
        "free": lambda s: {**START, "step": s["step"]},
        "guess": guessed,
    }
    controls |= {
        "step": whole("step", step, 1, 32, f"Which {noun} is being written"),
        "back": button("◀ back", f"One {noun} back"),
        "forward": button("forward ▶", f"Write the next {noun}"),
        "word": typed(
            "write here",
            "",
            f"another {noun}",
            f"A {noun} to be written at this step, then press Enter; <eos> ends "
            "it all, nothing lets the model choose",
        ),
        "free": button(f"its own {noun}s", f"Take all your {noun}s back"),
        "temperature": choice(
            "temperature",
            "1",
            TEMPERATURES,
            "The logits are divided by it before the softmax: below 1 the likeliest "
            f"{noun} gets more, above 1 less; what is written stays",
        ),
        "guessing": switch(
            f"guess each {noun} first", False, "Hide what is written until asked"
        ),
        "guess": choice(
            "my guess",
            HIDDEN,
            GUESSES,
            f"The number of a {noun}, as it is listed below",
        ),
    }
    explorer = Explorer(
        draw,
        controls,
        actions=actions | steering,
        shown=lambda s: {*controls} - {"temperature" if s["guessing"] else "guess"},
        page={
            **page,
            "step": range(1, 33),
            "guessing": (False, True),
            "guess": GUESSES,
            "temperature": ("0.5", "1", "2"),
        },
        carried=lambda s: s.get("model") != TITLES["plain"] or alone(s),
        forced=(),
        guest=guest,
        noun=noun,
        answers=(),
        score=(0, 0),
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


OFFERED = RIVALS + EXAMPLES
TEMPERATURES = [
    ("0.5 (sharper)", "0.5"),
    ("0.7 (sharper)", "0.7"),
    ("1 (as trained)", "1"),
    ("1.4 (flatter)", "1.4"),
    ("2 (flatter)", "2"),
]
HIDDEN, ASKED = "?", "show me"
GUESSES = [HIDDEN, *map(str, range(1, SHOWN + 1)), ASKED]
START = {"step": 1, "forced": (), "word": "", "guess": HIDDEN, "answers": ()}


def alone(settings: Settings) -> bool:
    """Whether the step is shown as it is, nothing hidden and nothing warmed."""
    return not settings["guessing"] and settings["temperature"] == "1"


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
    hot = float(settings["temperature"])
    return write(reader(settings), read(settings), settings["forced"], hot)


def moved(settings: Settings, step: int) -> Settings:
    """Go to that step, or to the nearest that there is."""
    step = min(max(step, 1), len(written(settings)))
    return {
        "step": step,
        "word": dict(settings["forced"]).get(step, ""),
        "guess": dict(settings["answers"]).get(step, HIDDEN),
    }


def guessed(settings: Settings) -> Settings:
    """Keep what was guessed at this step, and the score; the first guess counts."""
    step, guess = settings["step"], settings["guess"]
    answers = dict(settings["answers"])
    if step in answers or step in dict(settings["forced"]) or guess == HIDDEN:
        return {"guess": answers.get(step, HIDDEN)}
    right, of = settings["score"]
    if guess != ASKED:
        now = written(settings)[step - 1]
        right, of = right + (picked(guess, now) == now.wrote), of + 1
    return {"answers": (*settings["answers"], (step, guess)), "score": (right, of)}


def picked(guess: str, step: Step) -> str:
    """The word that a guess at this step stands for; "" if there is none."""
    return "" if guess in (HIDDEN, ASKED) else choices(step)[int(guess) - 1]


def force(settings: Settings) -> Settings:
    """Have the typed word written at this step; what was forced later is let go."""
    word, step = settings["word"].strip().lower(), settings["step"]
    if word and word not in can_be_written(reader(settings)):
        return {}  # the picture says that this word cannot be
    kept = tuple((n, other) for n, other in settings["forced"] if n < step)
    answers = tuple((n, guess) for n, guess in settings["answers"] if n < step)
    forced = (*kept, (step, word)) if word else kept
    return {"forced": forced, "word": word, "answers": answers, "guess": HIDDEN}


def draw(settings: Settings) -> Drawing:
    """The step that is chosen."""
    model, vocabulary, _ = reader(settings)
    steps, source = written(settings), tuple(read(settings).split())
    unknown = [w for w in dict.fromkeys(source) if w not in vocabulary]
    step = min(settings["step"], len(steps))
    forced = step in dict(settings["forced"])
    hidden = settings["guessing"] and settings["guess"] == HIDDEN and not forced
    notes = (
        *scored(settings, steps[step - 1]),
        *warmed(settings),
        *impossible(settings, step),
        *changed(settings, step, hidden),
        *unknown_note(unknown),
    )
    kind = model.config.order, settings["noun"], hidden
    picture = step_picture(steps, step, source, frozenset(unknown), *kind)
    return replace(picture, above=(*picture.above, *notes))


def scored(settings: Settings, step: Step) -> tuple[str, ...]:
    """What became of the guess at this step, and of all."""
    right, of = settings["score"]
    if not settings["guessing"]:
        return ()
    told = []
    if word := picked(settings["guess"], step):
        verdict = "right" if word == step.wrote else "wrong"
        told.append(f"Your guess “{word}” was {verdict}.")
    if of > 1:  # a page without a kernel keeps none, so it tells of one alone
        told.append(f"Right so far: {right} of {of} guesses.")
    return (" ".join(told),) if told else ()


def warmed(settings: Settings) -> tuple[str, ...]:
    """What a temperature does, and what it does not."""
    if settings["temperature"] == "1":
        return ()
    flat = "nearer to" if float(settings["temperature"]) > 1 else "further from"
    return (
        f"Temperature {settings['temperature']}: divided by it, the same logits give "
        f"probabilities {flat} each other. Their order stays, so the model, which "
        f"takes the likeliest {settings['noun']}, writes the same.",
    )


def impossible(settings: Settings, step: int) -> tuple[str, ...]:
    """Say so if the word in the box cannot be written, and which ones are near it."""
    word = settings["word"].strip().lower()
    forced = dict(settings["forced"]).get(step, "")
    if word == forced:
        return ()
    words = can_be_written(reader(settings))
    near = " or ".join(f"“{other}”" for other in get_close_matches(word[:40], words, 3))
    stays = f"Your “{forced}” stays." if forced else "It chooses by itself."
    return (
        f"“{shorten(word, 24)}” is none of the {len(words)} {settings['noun']}s that "
        f"this model can write{f': did you mean {near}' if near else ''}. {stays}",
    )


def changed(settings: Settings, step: int, hidden: bool) -> tuple[str, ...]:
    """What the model would have written up to this step without the forced words."""
    told = [(n, word) for n, word in settings["forced"] if n <= step]
    if not told:
        return ()
    alone = text(written({**settings, "forced": ()})[: step - hidden])
    words = ", ".join(f"“{word}”" for _, word in told)
    return (f"You made it write {words}. By itself it writes “{alone}” up to here.",)
