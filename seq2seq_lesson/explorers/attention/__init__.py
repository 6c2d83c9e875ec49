"""The attention explorer: two models side by side, and what their weights are worth.

    attention_explorer()

as the last line of a cell shows it.
"""

from __future__ import annotations

from seq2seq_lesson.drawing import Drawing, Item
from seq2seq_lesson.explorers.attention.picture import in_words, panel, size
from seq2seq_lesson.explorers.attention.reading import (
    CHANGES,
    LEARNED,
    Links,
    found,
    known_links,
    reading,
)
from seq2seq_lesson.explorers.controls import choice, switch, typed
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.sentences import (
    EXAMPLES,
    MODELS,
    OWN,
    TITLES,
    cleaned,
    listed,
    unknown_note,
)
from seq2seq_lesson.translation import Translation

SIDES = ("left", "right")


def attention_explorer(
    left: str = "general-after", right: str = "position-after"
) -> Explorer:
    """Two trained models and one sentence: translations, bands and heat maps.

    Raises
        ValueError: no such model comes along.
    """
    for name in (left, right):
        if name not in TITLES:
            raise ValueError(
                f"model: got {name!r}, wanted one of {', '.join(TITLES)}, which come "
                "along"
            )
    controls = {
        "example": choice(
            "sentence",
            EXAMPLES[0],
            [OWN, *EXAMPLES],
            "French sentences whose alignment is known",
        ),
        "sentence": typed(
            "or type", EXAMPLES[0], "French", "Type French, then press Enter"
        ),
        "truth": switch(
            "known alignment", True, "Frame the words that really belong together"
        ),
    }
    for side, name in zip(SIDES, (left, right), strict=True):
        controls[side] = choice(
            side, TITLES[name], [*MODELS], f"Which trained model writes on the {side}"
        )
        controls[f"{side}_weights"] = choice(
            f"{side} weights",
            LEARNED,
            [*CHANGES],
            f"What the model on the {side} has in place of its own weights",
        )
        for control in (side, f"{side}_weights"):
            controls[control].layout.width = "262px"  # both sides fit into one line
    for control in ("example", "sentence", "truth"):
        controls[control].layout.width = "340px"  # and the sentence into another
    return Explorer(
        draw,
        controls,
        actions={
            "example": lambda s: (
                {"sentence": s["example"]} if s["example"] != OWN else {}
            ),
            "sentence": lambda s: {"example": listed(s["sentence"])},
        },
        page={
            "example": EXAMPLES,
            "left": [TITLES[name] for name in ("general-after", "additive-before")],
            "left_weights": [*CHANGES],
        },
    )


def draw(settings: Settings) -> Drawing:
    """Both models on the sentence that is chosen."""
    items: list[list[Item]] = []
    verdicts: list[str] = []
    readings = []
    for side in SIDES:
        name, change = MODELS[settings[side]], settings[f"{side}_weights"]
        translation = reading(name, change, cleaned(settings["sentence"], name))
        links = known_links(translation) if settings["truth"] else None
        title = settings[side] + (f" · weights {change}" * (change != LEARNED))
        items.append(panel(translation, 8, 4, title, links or (), side=f"{side} "))
        verdicts.append(_verdict(side, translation, change, links, settings["truth"]))
        readings.append(translation)
    wide, high = map(max, zip(*map(size, readings), strict=True))
    said = " ".join(
        f"{s}: {in_words(t)}." for s, t in zip(SIDES, readings, strict=True)
    )
    notes = unknown_note(readings[0].unknown)
    title = "Where two models look while they write"
    left, right = map(tuple, items)
    size_ = wide + 16, high + 8
    return Drawing(*size_, title, said, left, notes, tuple(verdicts), beside=right)


def _verdict(
    side: str, translation: Translation, change: str, links: Links | None, wanted: bool
) -> str:
    """What was written, and how the looks agree with the known alignment."""
    written = translation.text or "(nothing)"
    said = f"{side.capitalize()}: “{written}”."
    if translation.weights is None and change != LEARNED:
        return said + " Without attention there are no weights to change."
    if change != LEARNED:
        said += f" Changed: {CHANGES[change]}."
    if not wanted or translation.weights is None:
        return said
    if links is None:
        return said + " The corpus does not hold this pair: no alignment is known."
    hits, words = found(translation, links)
    return said + f" {hits} of {words} words look most at a word they were made of."
