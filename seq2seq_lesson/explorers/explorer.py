"""Controls tied to a drawing: all that explorers share of widgets.

    Explorer(draw, {"length": whole("length", 5, 1, 20, "how many letters")})

Whatever is chosen becomes a dictionary of settings; a pure function makes a drawing of
it. Core widgets only, as ipywidgets 7.7 (Colab) and 8 both know them.

Source
    the Elm architecture, for the cycle of settings, drawing and actions
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from typing import Any

import ipywidgets
from IPython.display import display

from seq2seq_lesson.drawing import Drawing, shorten
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import notes_to_html, to_html
from seq2seq_lesson.runtime import where_am_i

Settings = Mapping[str, Any]  # each control's value, of the type that it holds
VIEW = "application/vnd.jupyter.widget-view+json"
STILL = "A picture of the explorer's first state: run this cell to bring it alive."


class Explorer:
    """A drawing that follows its controls.

    What `draw` or an action raises is shown as one sentence in the picture's place.

    Args
        draw:     settings -> Drawing, pure
        controls: by the name of the setting that each gives; a button gives none
        actions:  by the name of a control: settings -> the settings that change, pure;
                  run when that button is pressed or that control has been moved
        shown:    settings -> names of the controls of use now (default: all)
        state:    settings that no control holds, such as a score
    """

    def __init__(
        self,
        draw: Callable[[Settings], Drawing],
        controls: Mapping[str, ipywidgets.DOMWidget],
        *,
        actions: Mapping[str, Callable[[Settings], Settings]] | None = None,
        shown: Callable[[Settings], Collection[str]] | None = None,
        **state: object,
    ) -> None:
        self.draw, self.controls = draw, dict(controls)
        self.actions, self.shown = dict(actions or {}), shown
        self.state, self.busy = state, False
        self.picture = ipywidgets.HTML()
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        above = ipywidgets.HBox([*self.controls.values()], layout=row)
        self.widget = ipywidgets.VBox([above, self.picture])
        for name, control in self.controls.items():
            if isinstance(control, ipywidgets.Button):
                control.on_click(lambda _, name=name: self._moved(name))
            else:
                control.observe(lambda _, name=name: self._moved(name), "value")
        self._show()

    @property
    def settings(self) -> Settings:
        """What is chosen now."""
        chosen = {
            name: control.value
            for name, control in self.controls.items()
            if not isinstance(control, ipywidgets.Button)
        }
        return {**self.state, **chosen}

    def set(self, **changes: object) -> None:
        """Change settings, as if by hand but without their actions; draw once."""
        self.busy = True  # a control that is set from here reports to nobody
        try:
            for name, value in changes.items():
                if name in self.controls:
                    self.controls[name].value = value
                else:
                    self.state[name] = value
        finally:
            self.busy = False
        self._show()

    def _moved(self, name: str) -> None:
        """A control was moved or a button pressed."""
        if self.busy:
            return
        try:
            changes = self.actions[name](self.settings) if name in self.actions else {}
        except Exception as problem:
            self.picture.value = notes_to_html(_sentence(problem))
        else:
            self.set(**changes)

    def _show(self) -> None:
        """Draw what is chosen now."""
        settings = self.settings
        try:
            if self.shown:
                names = self.shown(settings)
                for name, control in self.controls.items():
                    control.layout.display = None if name in names else "none"
            self.picture.value = to_html(self.draw(settings))
        except Exception as problem:
            self.picture.value = notes_to_html(_sentence(problem))

    def _ipython_display_(self) -> None:
        """Alive where there is a kernel; a picture and a line where outputs are kept.

        A kept widget view would show as an error on a page without a kernel, so the
        notebooks' own runner and tests get none. A reader's own copy keeps the picture
        beside the view, for whoever turns it into a page.
        """
        drawing = self.draw(self.settings)
        png = base64.b64encode(to_png(drawing)).decode()
        bundle: dict[str, object] = {"image/png": png, "text/plain": drawing.title}
        if where_am_i() in ("jupyter", "colab"):
            bundle[VIEW] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget.model_id,
            }
            display(bundle, raw=True)
            return
        display(bundle, raw=True)
        display({"text/plain": STILL, "text/html": f"<em>{STILL}</em>"}, raw=True)


def _sentence(problem: Exception) -> str:
    """What went wrong, in one short line; whoever shows it escapes it."""
    said = shorten(str(problem), 300) or "no reason was given"
    kind = "" if isinstance(problem, ValueError) else f" ({type(problem).__name__})"
    return f"This cannot be drawn{kind}: {said}"
