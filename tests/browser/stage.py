"""An explorer on a page, moved by keyboard and mouse, and what it then shows."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ipywidgets import (
    Button,
    Checkbox,
    Dropdown,
    IntSlider,
    SelectionSlider,
    Text,
    Textarea,
)
from playwright.sync_api import Locator, Page, sync_playwright

from seq2seq_lesson.explorers.explorer import Explorer
from tests.browser.check_pages import chromium
from tools.address import ROOT

ARTEFACTS = ROOT / "build" / "browser"
PATIENCE = 60_000  # milliseconds, on a machine that has much else to do
MISSING = (
    "no Chromium was found here, so nothing was tested in a browser: "
    "`apt-get install chromium`, or `python -m playwright install chromium`"
)
CONTENT = ".jp-OutputArea .widget-html-content, .output_area .widget-html-content"
CLOCK = """
window.times = []; window.began = null;
for (const kind of ['keydown', 'change', 'click'])
  document.addEventListener(kind, () => { window.began = performance.now() }, true);
new MutationObserver(found => {
  const there = found.some(m => m.target.closest?.('.widget-html-content'));
  if (!there || window.began === null) return;
  const began = window.began; window.began = null;
  requestAnimationFrame(() => window.times.push(performance.now() - began));
}).observe(document, { childList: true, subtree: true });
"""
PLAIN = """html => {  // without what the player adds or takes away
  const rest = document.createElement('div'); rest.innerHTML = html;
  for (const one of rest.querySelectorAll('[role=status]')) one.role = null;
  for (const one of rest.querySelectorAll('.part')) one.tabIndex = -1;
  for (const one of rest.querySelectorAll('.touch')) one.ariaDescription = null;
  return rest.innerHTML;
}"""
SAME = f"""([where, html]) => {{
  const plain = {PLAIN}, here = document.querySelector(where);
  return here && plain(here.innerHTML) === plain(html);
}}"""


def chromium_path() -> str | None:
    """The system's Chromium, or the one of `playwright install chromium`."""
    if found := shutil.which("chromium") or shutil.which("chromium-browser"):
        return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if os.path.exists(own) else None


@contextmanager
def browser_page(scheme: str = "light") -> Iterator[Page]:
    """A page of a fresh browser; what goes wrong in its scripts is kept in `.wrong`."""
    if chromium_path() is None:
        pytest.skip(MISSING)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        context = browser.new_context(
            viewport={"width": 1280, "height": 1700}, color_scheme=scheme
        )
        context.add_init_script(CLOCK)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        yield page


class Stage:
    """One explorer on a page and its twin here, moved alike."""

    def __init__(self, page: Page, twin: Explorer | None) -> None:
        self.page, self.twin = page, twin
        self.content = page.locator(CONTENT).first

    def shown(self) -> str:
        """What stands in the picture's place now."""
        return self.content.inner_html()

    def agrees(self) -> None:
        """Wait until the page shows what the pure function says, and nothing else."""
        self.page.wait_for_function(SAME, arg=[CONTENT, self.twin.picture.value])

    def control(self, name: str) -> Locator:
        """The box around a control, found by its label as a reader finds it."""
        label = self.twin.controls[name].description
        if isinstance(self.twin.controls[name], Button):
            return self.page.get_by_role("button", name=label, exact=True)
        if not label:  # a box that says in its hint what it is for
            hint = self.twin.controls[name].placeholder
            box = self.page.locator(f"[placeholder='{hint}']:visible")
            return self.page.locator(".jupyter-widgets").filter(has=box).last
        boxes = self.page.locator(".widget-inline-hbox:visible")
        own = self.page.locator(f".widget-label:text-is('{label}')")
        ticks = self.page.locator(f".widget-checkbox:visible:has-text('{label}')")
        both = boxes.filter(has=own)
        return ticks if isinstance(self.twin.controls[name], Checkbox) else both

    def move(self, name: str, value: object = None) -> None:
        """Move one control by hand, and the twin; hold their two pictures together."""
        control, box = self.twin.controls[name], self.control(name)
        match control:
            case Button():
                box.click()
                control.click()
            case Checkbox():
                box.locator("input").click()
                control.value = value
            case Dropdown():
                label = dict(zip(values(control), control._options_labels, strict=True))
                box.locator("select").select_option(label=label[value])
                control.value = value
            case Text():
                box.locator("input").fill(value)
                box.locator("input").press("Enter")
                control.value = value
            case Textarea():
                box.locator("textarea").fill(value)
                box.locator("textarea").blur()
                control.value = value
            case IntSlider() | SelectionSlider():
                self.arrows(name, value)
        self.agrees()

    def arrows(self, name: str, value: object) -> None:
        """Work a slider by the arrow keys, a step at a time."""
        control = self.twin.controls[name]
        handle = self.control(name).locator(".noUi-handle, .ui-slider-handle")
        handle.focus()
        scale = values(control)
        at, end = scale.index(control.value), scale.index(value)
        for place in range(at, end, 1 if end > at else -1):
            handle.press("ArrowRight" if end > at else "ArrowLeft")
            control.value = scale[place + (1 if end > at else -1)]
            self.agrees()

    def drag(self, name: str, share: float) -> None:
        """Drag a slider by the mouse to a share of its length."""
        base = self.control(name).locator(".noUi-base, .ui-slider").bounding_box()
        handle = self.control(name).locator(".noUi-handle, .ui-slider-handle")
        box = handle.bounding_box()
        mouse = self.page.mouse
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        mouse.down()
        middle = base["y"] + base["height"] / 2
        mouse.move(base["x"] + share * base["width"], middle, steps=5)
        mouse.up()
        readout = self.control(name).locator(".widget-readout").inner_text()
        self.twin.controls[name].value = int(readout.replace(",", "").replace("−", "-"))
        self.agrees()

    def times(self) -> list[float]:
        """Milliseconds from input to drawing since the last call, as the page saw."""
        self.page.wait_for_timeout(100)
        return self.page.evaluate("window.times.splice(0)")

    def keep(self, name: str) -> Path:
        """Keep a picture of the explorer as an artefact."""
        path = ARTEFACTS / f"{name}.png"
        box = self.page.locator(".widget-vbox:visible").first
        box.scroll_into_view_if_needed()
        box.screenshot(path=path)
        return path


def values(control) -> list:
    """All values of a slider or a list, in order."""
    if isinstance(control, IntSlider):
        return list(range(control.min, control.max + 1))
    return list(control._options_values)
