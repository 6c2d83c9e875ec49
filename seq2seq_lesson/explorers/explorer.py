"""Controls tied to a drawing: all that explorers share of widgets.

    Explorer(draw, {"length": whole("length", 5, 1, 20, "how many letters")})

Whatever is chosen becomes a dictionary of settings; a pure function makes a drawing of
it. Core widgets only, as ipywidgets 7.7 (Colab) and 8 both know them.

Source
    the Elm architecture, for the cycle of settings, drawing and actions
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import ipywidgets
from IPython.display import display

from seq2seq_lesson.drawing import Drawing, shorten
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import notes_to_html, to_html
from seq2seq_lesson.explorers.page import STILL, living
from seq2seq_lesson.runtime import where_am_i

Settings = Mapping[str, Any]  # each control's value, of the type that it holds
VIEW = "application/vnd.jupyter.widget-view+json"
BEHIND = "The controls are ahead of this picture; it follows."


class Explorer:
    """A drawing that follows its controls.

    What `draw` or an action raises is shown as one sentence in the picture's place.
    Of moves that wait behind a drawing only the last is drawn.

    Args
        draw:     settings -> Drawing, pure
        controls: by the name of the setting that each gives; a button gives none
        actions:  by the name of a control: settings -> the settings that change, pure;
                  run when that button is pressed or that control has been moved
        settle:   settings -> the settings that change, pure; run before each drawing
        shown:    settings -> names of the controls of use now (default: all)
        page:     by the name of a control: the values that a page without a kernel
                  offers, in order; the page carries a drawing for each combination
        carried:  settings -> whether a page carries them (default: all)
        state:    settings that no control holds, such as a score
    """

    def __init__(
        self,
        draw: Callable[[Settings], Drawing],
        controls: Mapping[str, ipywidgets.DOMWidget],
        *,
        actions: Mapping[str, Callable[[Settings], Settings]] | None = None,
        settle: Callable[[Settings], Settings] | None = None,
        shown: Callable[[Settings], Collection[str]] | None = None,
        page: Mapping[str, Sequence[object]] | None = None,
        carried: Callable[[Settings], bool] = lambda settings: True,
        **state: object,
    ) -> None:
        self.draw, self.controls = draw, dict(controls)
        self.actions, self.settle, self.shown = dict(actions or {}), settle, shown
        self.page, self.carried = dict(page or {}), carried
        self.state, self.busy = state, False
        self.drawn, self.waiting = 0.0, False  # when; does a drawing stand out?
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

    def frames(self) -> Iterator[tuple[tuple[object, ...], str]]:
        """What a page carries: the values of its controls, and the picture for them.

        Pure; the first control is moved first, and what stays as it is runs no action.
        None stands for a control of no use there. What a control's own action changes
        or refuses, such as a step behind the last, has no picture.
        """
        yield from self._frames(self.settings, ())

    def offers(self, name: str) -> list[Any]:
        """What a page offers for a control, the value that it has now among them."""
        now: Any = self.settings[name]
        values: list[Any] = [*self.page[name]]
        if now not in values:
            values = sorted([now, *values]) if type(now) is int else [now, *values]
        return values

    def _frames(
        self, settings: Settings, chosen: tuple[object, ...]
    ) -> Iterator[tuple[tuple[object, ...], str]]:
        if len(chosen) == len(self.page):
            try:
                html = to_html(self.draw({**settings, **self._settled(settings)}))
            except Exception as problem:
                html = notes_to_html(_sentence(problem))
            yield chosen, html
            return
        name = [*self.page][len(chosen)]
        if self.shown and name not in self.shown(settings):
            yield from self._frames(settings, (*chosen, None))
            return
        for value in self.offers(name):
            moved = {**settings, name: value}
            if name in self.actions and value != settings[name]:
                try:
                    moved |= self.actions[name](moved)
                except ValueError:
                    continue
            if moved[name] == value and self.carried(moved):
                yield from self._frames(moved, (*chosen, value))

    def _settled(self, settings: Settings) -> Settings:
        return self.settle(settings) if self.settle else {}

    def set(self, **changes: object) -> None:
        """Change settings, as if by hand but without their actions; draw once."""
        self._take(changes)
        self._show()

    def _take(self, changes: Settings) -> None:
        """Change settings and draw nothing."""
        self.busy = True  # a control that is set from here reports to nobody
        try:
            for name, value in changes.items():
                if name in self.controls:
                    self.controls[name].value = value
                else:
                    self.state[name] = value
        finally:
            self.busy = False

    def _moved(self, name: str) -> None:
        """A control was moved or a button pressed."""
        if self.busy:
            return
        try:
            if name in self.actions:
                self._take(self.actions[name](self.settings))
        except Exception as problem:
            self.picture.value = notes_to_html(_sentence(problem))
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel, so nothing can wait
            return self._show()
        if self.waiting:
            return
        if perf_counter() - self.drawn > 0.01:
            return self._show()
        # This move has stood in a queue, and others may: let them pass first.
        self.waiting = True
        self.picture.value = _ahead(self.picture.value)
        loop.call_later(0.04, self._show)

    def _show(self) -> None:
        """Draw what is chosen now."""
        self.waiting = False
        try:
            self._take(self._settled(self.settings))
            settings = self.settings
            if self.shown:
                names = self.shown(settings)
                for name, control in self.controls.items():
                    control.layout.display = None if name in names else "none"
            self.picture.value = to_html(self.draw(settings))
        except Exception as problem:
            self.picture.value = notes_to_html(_sentence(problem))
        self.drawn = perf_counter()

    def _ipython_display_(self) -> None:
        """Alive where there is a kernel, and on a page that is made of its outputs.

        A kept widget view would show as an error on a page without a kernel, so the
        notebooks' own runner and tests get none; the stored notebooks hold a picture
        and a line alone. A reader's own copy holds the view, the picture for where only
        that can be shown, and what lives without a kernel; not on Colab, where each
        output is a page of its own, so that two would show.
        """
        drawing, where = self.draw(self.settings), where_am_i()
        png = base64.b64encode(to_png(drawing)).decode()
        bundle: dict[str, object] = {"image/png": png, "text/plain": drawing.title}
        if where in ("jupyter", "colab"):
            bundle[VIEW] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget.model_id,
            }
        display(bundle, raw=True)
        if where != "colab":
            html = living(self) if where in ("jupyter", "page") else f"<em>{STILL}</em>"
            display({"text/plain": STILL, "text/html": html}, raw=True)


def _ahead(html: str) -> str:
    """The picture as it was, and a line over it that takes no room."""
    style = "height:0;overflow:visible;text-align:right;font-style:italic"
    return f'<div style="{style}">{BEHIND}</div>{html}'


def _sentence(problem: Exception) -> str:
    """What went wrong, in one short line; whoever shows it escapes it."""
    said = shorten(str(problem), 300) or "no reason was given"
    kind = "" if isinstance(problem, ValueError) else f" ({type(problem).__name__})"
    return f"This cannot be drawn{kind}: {said}"
