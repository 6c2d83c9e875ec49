"""Exercises and predictions in JupyterLab: typed, clicked, folded away."""

import shutil

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.explorers_in_lab import open_book
from tests.browser.explorers_in_lab import theme as wear
from tests.browser.servers import end_sessions, lab
from tests.browser.stage import ARTEFACTS, browser_page
from tools.address import ROOT
from tools.exercise_cells import book, source

BOOK = ROOT / "notebooks" / "01_data_loading.ipynb"
EXERCISE = "01-2"
WRONG = {  # what a learner may type first: the sentence that comes
    "def keep_more(pairs):\n    prepare(pairs, ('',), 15)": "returned None",
    "def keep_more(pairs):\n    return prepar(pairs)": "NameError",
}
RAN = """([cell, before]) => {
  const prompt = cell.querySelector('.jp-InputPrompt').innerText;
  return /\\[\\d+\\]/.test(prompt) && prompt !== before;
}"""


def cell(page: Page, words: str) -> Locator:
    """The first code cell of notebook 01 that has these words."""
    cells = book("01").cells
    fits = [one.cell_type == "code" and words in one.source for one in cells]
    return page.locator(".jp-Notebook .jp-Cell").nth(fits.index(True))


def part(page: Page, kind: str) -> Locator:
    """One of the exercise's cells."""
    return cell(page, source(EXERCISE, kind))


def run(page: Page, one: Locator) -> str:
    """Run one cell; what then stands below it, in one line."""
    prompt = one.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    prompt.click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(RAN, arg=[one.element_handle(), before])
    return " ".join(one.locator(".jp-Cell-outputArea").inner_text().split())


def type_into(page: Page, one: Locator, code: str) -> None:
    one.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """Notebook 01 in JupyterLab, opened and run as it comes."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(BOOK, folder)
    with lab(folder) as server:
        with browser_page() as page:
            open_book(page, server, BOOK.name)
            page.evaluate(
                "window.jupyterapp.commands.execute('notebook:run-all-cells')"
            )
            last = page.locator(".jp-Notebook .jp-CodeCell").last
            end = [last.element_handle(), None]
            page.wait_for_function(RAN, arg=end, timeout=300_000)  # all of 01
            page.wait_for_selector(".widget-select")
            yield page
        end_sessions(server)


def test_an_attempt_is_typed_and_answered(lesson):
    attempt, check = part(lesson, "exercise-attempt"), part(lesson, "exercise-check")
    stub = source(EXERCISE, "exercise-attempt")
    for code, sentence in {stub: "Not tried yet: ", **WRONG}.items():
        type_into(lesson, attempt, code)
        run(lesson, attempt)
        assert sentence in run(lesson, check)
    type_into(lesson, attempt, source(EXERCISE, "solution"))
    run(lesson, attempt)
    check.screenshot(path=ARTEFACTS / "exercise-right.png")
    assert "Right: " in run(lesson, check)


def test_the_solution_is_folded_until_it_is_clicked(lesson):
    solution = part(lesson, "solution")
    assert not solution.locator(".cm-content").is_visible()
    solution.screenshot(path=ARTEFACTS / "solution-folded.png")
    solution.locator(".jp-Placeholder-content").first.click()
    assert "# @title Solution 1.2" in solution.locator(".cm-content").inner_text()


def test_a_guess_is_chosen_and_answered(lesson):
    asked = cell(lesson, "guess_stage = predict(")
    answering = cell(lesson, "guess_stage.answer(")
    shown = answering.locator(".jp-Cell-outputArea")
    before = run(lesson, answering)
    assert "Guess first: " in before
    assert "Measured" not in before
    guesses = asked.get_by_role("listbox", name="Your guess:")
    guesses.focus()
    guesses.press("ArrowDown")  # the keyboard is enough
    choices = [o.get_attribute("value") for o in guesses.locator("option").all()]
    for choice in choices:
        guesses.select_option(choice)
        had = choice == "begins with a prefix"
        said = "✓ You had it." if had else f"✗ You had chosen: {choice}."
        told = shown.get_by_role("status").filter(has_text=said)
        told.wait_for()  # without running the cell again
        assert told.inner_text().endswith("Measured: begins with a prefix.")
        for theme in ("Dark", "Light"):
            wear(lesson, theme)
            asked.screenshot(path=ARTEFACTS / f"prediction-{choice[:2]}-{theme}.png")
            told.screenshot(path=ARTEFACTS / f"verdict-{choice[:2]}-{theme}.png")
    assert said in run(lesson, answering)
    run(lesson, asked)
    assert guesses.input_value() == choices[-1]  # the cell ran again; the choice stays
    assert said in run(lesson, answering)
