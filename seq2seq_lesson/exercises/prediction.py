"""A question that the learner answers before the experiment does.

guess = predict("Which stage removes most?", "the lengths", "the prefixes")
...                                        # the experiment
guess.answer("the prefixes" if ... else "the lengths")
"""

from __future__ import annotations

import html

import ipywidgets
from IPython.display import display

from seq2seq_lesson.runtime import where_am_i

VIEW = "application/vnd.jupyter.widget-view+json"


class Prediction:
    """A question with its choices, and what the learner has chosen so far.

    Live it shows radio buttons; where no kernel answers (GitHub, a printed page) the
    same cell shows the question as text.
    """

    def __init__(self, question: str, choices: tuple[str, ...]) -> None:
        self.question, self.choices = question, choices
        self.buttons = self.view = None
        if where_am_i() in ("jupyter", "colab"):
            wide = ipywidgets.Layout(width="auto")
            self.buttons = ipywidgets.RadioButtons(
                options=choices, value=None, layout=wide
            )
            words = ipywidgets.HTML(html.escape(question), layout=wide)
            self.view = ipywidgets.VBox([words, self.buttons])

    @property
    def chosen(self) -> str | None:
        """The learner's choice, if there is one."""
        return self.buttons.value if self.buttons else None

    def answer(self, found: str) -> None:
        """Say what the experiment has found, and whether the learner had it.

        Raises
            ValueError: it is none of the choices.
        """
        if found not in self.choices:
            raise ValueError(
                f"found is {found!r}, but one of {self.choices} was wanted: give "
                "`predict` a choice for every result that the experiment can have."
            )
        said = ""
        if self.chosen is not None:
            had = self.chosen == found
            said = " You had it." if had else f" You had chosen: {self.chosen}."
        print(f"Measured: {found}.{said}")

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
    return prediction
