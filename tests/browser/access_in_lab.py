"""JupyterLab by the keyboard alone, and what a screen reader is told there.

All explorers stand in one notebook, and a prediction below them.
"""

import nbformat
import pytest
from nbformat import v4

from tests.browser.books import GUESS, ON_PAGES, cells
from tests.browser.explorers_in_lab import open_book
from tests.browser.keyboard import MOVES, read_aloud, walked
from tests.browser.servers import end_sessions, lab
from tests.browser.stage import browser_page
from tests.fresh_clone import AXE
from tools.address import ROOT
from tools.notebooks import KERNELSPEC

PLACES = [*ON_PAGES]
CODE = [*(code for name in ON_PAGES for code in cells(name)), *GUESS]
READY = f"""document.querySelectorAll('.jp-OutputArea:has(.touch):has(living-explorer)'
  ).length === {len(PLACES)}"""
SLIDERS = """area => [...area.querySelectorAll('.widget-slider')]
  .filter(one => one.checkVisibility()).map(one => [
    one.querySelector('.widget-label').textContent,
    one.querySelector('.widget-readout').textContent,
    one.querySelector('.noUi-handle').ariaValueText])"""
HARM = """area => axe.run(area, { resultTypes: ['violations'] }).then(
  found => found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
  .map(v => `${v.id}: ${v.nodes[0].html}`))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    book = v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    book.cells = [v4.new_code_cell(code) for code in CODE]
    nbformat.write(book, folder / "all.ipynb")
    with lab(folder) as server:
        with browser_page() as page:
            page.emulate_media(reduced_motion="reduce")
            open_book(page, server, "all.ipynb")
            page.evaluate(
                "window.jupyterapp.commands.execute('notebook:run-all-cells')"
            )
            page.wait_for_function(READY, timeout=300_000)
            page.wait_for_selector("text=Guess first")
            yield page
        end_sessions(server)


@pytest.fixture(params=PLACES)
def area(request, page):
    """An explorer's outputs, the keyboard on the cell before them."""
    outputs = page.locator(".jp-OutputArea:has(living-explorer)")
    area = outputs.nth(PLACES.index(request.param))
    area.evaluate("area => area.closest('.jp-CodeCell').focus()")
    return area


def test_the_keyboard_alone_works_it_and_all_is_named(page, area):
    found = walked(page, area)
    assert found["part"] == 1  # a stop
    told = read_aloud(page, area)
    assert all(name for _, name in told), told
    sliders = area.evaluate(SLIDERS)
    assert [name for role, name in told if role == "slider"] == [s[0] for s in sliders]
    assert all(shown == value for _, shown, value in sliders), sliders
    page.evaluate((ROOT / AXE).read_text("utf-8"))
    assert area.evaluate(HARM) == []
    # what changed is told by one region, which is kept
    said = area.locator("[role=status]")
    assert said.count() == 1
    notes = area.locator(".widget-html-content p").all_inner_texts()
    assert said.inner_text() == " ".join(notes)


def test_a_prediction_is_chosen_by_arrow_keys(page):
    asked = page.locator(".jp-CodeCell").nth(-2)
    asked.evaluate("cell => cell.focus()")
    while not page.evaluate("document.activeElement.matches('.widget-select *')"):
        page.keyboard.press("Tab")
    assert ("listbox", "Your guess:") in read_aloud(page, asked)
    told = page.get_by_role("status").filter(has_text="Guess first").element_handle()
    page.keyboard.press("ArrowDown")
    page.get_by_text("✗ You had chosen: this one.").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_text("✓ You had it.").wait_for()
    assert "✓ You had it." in told.inner_text()  # the same region


def test_a_cell_that_runs_again_is_told_too(page):
    cell = page.locator(".jp-CodeCell").nth(2 * PLACES.index("step") + 1)
    old = cell.locator(".said").element_handle()
    cell.evaluate("cell => cell.focus()")
    page.keyboard.press("Control+Enter")
    page.wait_for_function("old => !old.isConnected", arg=old)
    cell.locator("[role=slider]").first.press("ArrowRight")
    cell.get_by_role("status").filter(has_text="you set its score to 3").wait_for()


def test_nothing_moves_for_those_who_ask_for_less(page):
    slider = page.locator(".noUi-target:visible").first
    slider.evaluate("one => one.classList.add('noUi-state-tap')")
    assert page.evaluate(MOVES) == []
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVES)
