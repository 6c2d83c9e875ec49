"""The shape explorer: a few lines of code, and the picture of what each line made.

    shape_explorer(piece="encoder: GRU", src_len=9)

The lines can be edited; every axis in them has a slider and a box to type into.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import ipywidgets

from seq2seq_lesson.drawing import Drawing, shorten
from seq2seq_lesson.explorers.controls import (
    button,
    choice,
    several,
    switch,
    typed,
    whole,
)
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.shapes.guess import judge, why
from seq2seq_lesson.explorers.shapes.picture import picture
from seq2seq_lesson.explorers.shapes.presets import MISSIONS, PRESETS
from seq2seq_lesson.explorers.shapes.running import (
    AXES,
    ELSEWHERE,
    IMPORTS,
    MOST,
    Run,
    Seen,
    axes_of,
    by_chance,
    run,
)

SLIDES = 40  # as far as a slider goes
GIVEN = re.compile(r"= torch\.(zeros|ones|randint|linspace|arange)\(")
ON_A_PAGE = {
    "batch slider": (1, 4),
    "src_len slider": (3, 7),
    "layers slider": (1, 3),
    "directions slider": (1, 2),
    "hid slider": (10, 16),
}
START: Settings = {
    "question": 0, "right": 0, "asked": 0, "tries": 0, "said": "",
    "now": ("", ()), "before": ("", ()), "done": (),
}  # fmt: skip


def shape_explorer(piece: str = "encoder: GRU", **sizes: int) -> Explorer:
    """An explorer of shapes, with a piece of the network and sizes to begin with.

    Raises
        ValueError: there is no such piece or axis, or the size is out of bounds.
    """
    if piece not in PRESETS:
        raise ValueError(f"piece: got {piece!r}, wanted one of {', '.join(PRESETS)}")
    if wrong := sizes.keys() - AXES.keys():
        raise ValueError(f"got {sorted(wrong)}, wanted axes: {', '.join(AXES)}")
    chosen = {axis: _size(axis, str(size)) for axis, size in (AXES | sizes).items()}
    controls = {
        "piece": choice("piece", piece, [*PRESETS], "the lines to begin with"),
        "restore": button("restore the lines", "take your changes back"),
        "guessing": switch("guess first", False, "hide the shapes and be asked"),
        "coding": switch("show as code", False, "the whole, to be copied into a cell"),
        "text": several(
            PRESETS[piece], "a few lines of Python, run when the box is left"
        ),
        "copy": several("", "imports, sizes and lines: copy them into a cell"),
        **_sliders(chosen),
        "guess": typed("your guess", "", "(batch, 1, hid)", "names or numbers, Enter"),
        "again": button("next", "ask for another tensor"),
    }
    actions: dict[str, Callable[[Settings], Settings]] = {
        "piece": lambda s: {"text": PRESETS[s["piece"]]},
        "restore": lambda s: {"text": PRESETS[s["piece"]]},
        "guess": _check,
        "again": lambda s: {"question": s["question"] + 1, "tries": 0, "said": ""},
    }
    for axis in AXES:
        actions |= _tied(axis)
    for name in controls.keys() - {"guess", "again"}:
        actions[name] = _forgetting(actions.get(name, lambda s: {}))
    explorer = Explorer(
        draw,
        controls,
        actions=actions,
        settle=settle,
        shown=shown,
        page={"piece": [*PRESETS], **ON_A_PAGE},
        **START,
    )
    explorer.widget.layout = ipywidgets.Layout(flex_flow="row wrap")
    above = explorer.widget.children[0]
    above.layout.width, above.layout.align_self = "600px", "flex-start"
    explorer.picture.layout = ipywidgets.Layout(flex="1 1 460px", min_width="300px")
    return explorer


def draw(settings: Settings) -> Drawing:
    """What the lines make at the chosen sizes, or what is to be guessed of it."""
    text, piece, sizes = settings["text"], settings["piece"], _sizes(settings)
    now, title = run(text, sizes), f"Shapes: {piece}"
    if not settings["guessing"]:
        notes = tuple(
            f"{'☑' if (piece, mission) in settings['done'] else '☐'} Mission: {mission}"
            for mission, _ in MISSIONS.get(piece, ())
        )
        before = run(settings["before"][0], dict(settings["before"][1]))
        return picture(title, now, before, above=_verdict(text, sizes), notes=notes)
    questions = _questions(now)
    if not questions:
        above = ("There is nothing to guess here: mend the lines first.",)
        return picture(title, now, above=above)
    asked, said = questions[settings["question"] % len(questions)], settings["said"]
    secret = {*questions}
    if settings["tries"] == 2:
        secret.remove(asked)
    else:
        said = f"What is the shape of {asked.name}? {said}"
    score = f"Score: {settings['right']} right of {settings['asked']}."
    return picture(title, now, above=(said, score), secret=secret, asked=asked)


def shown(settings: Settings) -> set[str]:
    """The controls that are of use now."""
    axes = axes_of(settings["text"])
    names = {"piece", "guessing", *axes, *(f"{axis} slider" for axis in axes)}
    if settings["guessing"]:
        return names | {"guess", "again"}
    return names | {"coding", "restore", "copy" if settings["coding"] else "text"}


def as_cell(text: str, sizes: dict[str, int]) -> str:
    """The lines as one cell that runs anywhere: imports and sizes come first.

    Where comments are checked, the notebook may have declared other sizes.
    """
    words, names = {"torch", *re.findall(r"\w+", text)}, axes_of(text)
    head = [line for line in IMPORTS.splitlines() if line.split()[-1] in words]
    if axes := [axis for axis in AXES if axis in words]:
        if names:
            numbers = ", ".join(str(sizes[axis]) for axis in names)
            head += ["", f"{', '.join(names)} = {numbers}"]
        declared = ", ".join(f"{a}={a if a in names else None}" for a in axes)
        head += ['if "axes" in globals():', f"    axes({declared})"]
    return "\n".join([*head, "", text])


def _verdict(text: str, sizes: dict[str, int]) -> tuple[str, ...]:
    """Say so if it all fits at these sizes only."""
    line = by_chance(text, sizes)
    if line is None:
        return ()
    where = ", ".join(f"{axis} {ELSEWHERE[axis]}" for axis in axes_of(text))
    return (
        f"True at these sizes, not at every size. At {where}, line {line.number} "
        f"fails: {shorten(' '.join(line.said), 260)}",
    )


def _questions(now: Run) -> list[Seen]:
    """What can be asked: of lines that fit, all whose shape is not in the code."""
    lines = [line for line in now.lines if now.true and not GIVEN.search(line.code)]
    return list(dict.fromkeys(seen for line in lines for seen in line.made))


def _check(settings: Settings) -> Settings:
    """Judge a guess: a hint after the first miss, the answer after the second."""
    typed_in, text = str(settings["guess"]), settings["text"]
    now = run(text, _sizes(settings))
    questions = _questions(now)
    if not questions or not typed_in.strip():
        return {}
    if settings["tries"] == 2:
        return {"said": "This one has been told: press “next” for another."}
    asked = questions[settings["question"] % len(questions)]
    try:
        slip = judge(typed_in, asked, now, text)
    except ValueError as problem:
        return {"said": str(problem)}
    truth = f"{asked.name} is {asked.shape}. {why(asked.name)}"
    count = {"asked": settings["asked"] + 1, "tries": 2, "guess": ""}
    if not slip:
        return {**count, "right": settings["right"] + 1, "said": f"Right: {truth}"}
    if settings["tries"]:
        return {**count, "said": f"Not this time. {slip} {truth}"}
    said = f"Not yet: {shorten(typed_in)}. {slip} {why(asked.name)} Once more."
    return {"tries": 1, "said": said}


def settle(settings: Settings) -> Settings:
    """Keep what was drawn before, fill the copy, and tick missions off."""
    text, piece, sizes = settings["text"], settings["piece"], _sizes(settings)
    now, chance = run(text, sizes), by_chance(text, sizes)
    missions = MISSIONS.get(piece, ())
    reached = {(piece, mission) for mission, reach in missions if reach(now, chance)}
    drawn = text, tuple(sizes.items())
    old, _ = settings["now"]
    other = text != old and text in PRESETS.values()  # there is nothing to compare
    return {
        "before": drawn if other else settings["now"],
        "now": drawn,
        "copy": as_cell(text, sizes) if settings["coding"] else "",
        "done": tuple(sorted({*settings["done"], *reached})),
    }


def _forgetting(action: Callable[[Settings], Settings]) -> Callable:
    """An action after which what was said of a guess holds no more."""
    return lambda settings: {"tries": 0, "said": "", "guess": "", **action(settings)}


def _size(axis: str, text: str) -> int:
    """A size that was typed.

    Raises
        ValueError: it is no whole number, or there is a bound.
    """
    most, number = MOST[axis], text.strip().replace(",", "")
    if number.isdecimal() and number.isascii() and len(number) < 9:
        if 1 <= int(number) <= most:
            return int(number)
    raise ValueError(
        f"{axis}: got “{shorten(text, 30)}”, wanted a whole number from 1 to {most:,}: "
        "type another"
    )


def _sizes(settings: Settings) -> dict[str, int]:
    """Every axis that the lines ask for."""
    return {axis: _size(axis, settings[axis]) for axis in axes_of(settings["text"])}


def _sliders(chosen: dict[str, int]) -> dict[str, ipywidgets.DOMWidget]:
    """A slider and a box for each axis; only the box holds what is long."""
    controls: dict[str, ipywidgets.DOMWidget] = {}
    for axis, size in chosen.items():
        most = min(MOST[axis], SLIDES)
        slider = whole(axis, min(size, most), 1, most, f"{axis}, from 1 to {most}")
        slider.readout, slider.layout.width, slider.layout.margin = False, "212px", "0"
        tip = f"{axis}, from 1 to {MOST[axis]:,}: type a number, then press Enter"
        box = typed("", str(size), axis, tip)
        box.layout.width, box.layout.margin = "60px", "0 18px 0 0"
        controls |= {f"{axis} slider": slider, axis: box}
    return controls


def _tied(axis: str) -> dict[str, Callable[[Settings], Settings]]:
    """The box follows the slider, and the slider the box as far as it goes."""
    slider, most = f"{axis} slider", min(MOST[axis], SLIDES)
    return {
        slider: lambda s: {axis: str(s[slider])},
        axis: lambda s: {slider: min(_size(axis, s[axis]), most)},
    }
