"""A question that the learner answers before the experiment does.

guess = predict("Which stage removes most?", "the lengths", "the prefixes")
...                                        # the experiment
guess.answer("the prefixes" if ... else "the lengths")
"""

from __future__ import annotations

import html

import ipywidgets
from IPython.display import display

from seq2seq_lesson.palette import ROLES
from seq2seq_lesson.runtime import where_am_i

VIEW = "application/vnd.jupyter.widget-view+json"
KEYS = """<script>
document.currentScript?.closest(".jp-OutputArea")?.addEventListener("keydown",
  event => { if (event.key.startsWith("Arrow")) event.stopPropagation() });
</script>"""
# What holds a verdict stays while the verdict changes, so that is read aloud.
SPOKEN = """<script>for (const verdict of document.querySelectorAll(".told"))
  verdict.parentElement.role = "status";</script>"""
_CHOSEN: dict[str, str] = {}  # by question, so that a cell that runs again keeps it


class Prediction:
    """A question with its choices, and what the learner has chosen so far.

    Live it shows a list to choose from, which has a name and follows the arrow keys
    (ipywidgets' radio buttons do neither); where no kernel answers (GitHub, a printed
    page) the same cell shows the question as text.
    """

    def __init__(self, question: str, choices: tuple[str, ...]) -> None:
        self.question, self.choices = question, choices
        self.list = self.view = self.shown = None
        self.found = ""
        if where_am_i() in ("jupyter", "colab"):
            remembered = _CHOSEN.get(question)
            self.list = ipywidgets.Select(
                description="Your guess:",
                options=choices,
                value=remembered if remembered in choices else None,
                rows=len(choices) + 1,
                layout=ipywidgets.Layout(width="auto", max_width="40em"),
            )
            self.list.observe(self._choose, "value")
            words = ipywidgets.HTML(f"<b>{html.escape(question)}</b>")
            words.layout.width = "auto"
            self.view = ipywidgets.VBox([words, self.list])

    @property
    def chosen(self) -> str | None:
        """The learner's choice, if there is one."""
        return self.list.value if self.list else None

    def answer(self, found: str) -> None:
        """Say what the experiment has found, and whether the learner had it.

        Live, nothing is told before there is a choice.

        Raises
            ValueError: it is none of the choices.
        """
        if found not in self.choices:
            raise ValueError(
                f"found is {found!r}, but one of {self.choices} was wanted: give "
                "`predict` a choice for every result that the experiment can have."
            )
        self.found = found
        if self.list:
            self.shown = display(self._verdict(), raw=True, display_id=True)
        else:
            print(measured(found))

    def _choose(self, change: dict[str, str]) -> None:
        """Keep the choice; an answer that waited for it is shown."""
        _CHOSEN[self.question] = change["new"]
        if self.shown:
            self.shown.update(self._verdict(), raw=True)

    def _verdict(self) -> dict[str, str]:
        if self.chosen is None:
            told = "Choose above, and it is told here; if not, run this cell again."
            said = f"Guess first: “{self.question}” {told}"
            html = boxed(said, "quiet")
        else:
            said, html = (f(self.found, self.chosen) for f in (measured, verdict))
        return {"text/plain": said, "text/html": html + SPOKEN}

    def __repr__(self) -> str:
        return "\n".join([self.question, *(f"   ( ) {c}" for c in self.choices)])

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        bundle: dict[str, object] = {"text/plain": repr(self)}
        if self.view:
            bundle[VIEW] = {
                "model_id": self.view.model_id,
                "version_major": 2,
                "version_minor": 0,
            }
        return bundle


def measured(found: str, chosen: str | None = None) -> str:
    """What was found, and beside it what was chosen, if anything was."""
    if chosen is None:
        return f"Measured: {found}."
    had = "✓ You had it." if chosen == found else f"✗ You had chosen: {chosen}."
    return f"{had} Measured: {found}."


def verdict(found: str, chosen: str) -> str:
    """What `measured` says as HTML, in a box; ✓ or ✗ tell it beside the colour."""
    return boxed(measured(found, chosen), "right" if chosen == found else "wrong")


def boxed(said: str, role: str) -> str:
    """A sentence in a box that keeps the page's own colours; escaped."""
    style = (
        f"border:1px solid {ROLES[role]};border-left-width:8px;border-radius:4px;"
        "padding:.5em .9em;margin:.4em 0;max-width:40em;font-weight:600"
    )
    return f'<div class="told" style="{style}">{html.escape(said)}</div>'


def predict(question: str, *choices: str) -> Prediction:
    """Ask, before the experiment, and show the choices.

    Raises
        ValueError: there are fewer than two choices, or one comes twice.
    """
    if len(set(choices)) < max(2, len(choices)):
        raise ValueError(
            f"choices: got {choices}, wanted at least two, all different: a question "
            "with one answer is none"
        )
    prediction = Prediction(question, choices)
    display(prediction)
    if where_am_i() == "jupyter":  # JupyterLab's arrow keys would leave the list
        display({"text/plain": "", "text/html": KEYS}, raw=True)
    return prediction
