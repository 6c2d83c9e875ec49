"""Pages with living explorers, from file:// and without a network, moved by keyboard.

Every frame shown must be the pure function's drawing. `python -m pytest` on this file
takes the pages of `make run` as well, if they lie in build/site.
"""

import os
from pathlib import Path
from unittest.mock import patch

import nbformat
import pytest
from nbconvert import HTMLExporter, SlidesExporter
from nbformat import v4
from playwright.sync_api import Page

from seq2seq_lesson.explorers.page import unpacked
from tests.browser.books import GUESS, ON_PAGES, cells, twin
from tests.browser.keyboard import MOVES, read_aloud, walked
from tests.browser.stage import ARTEFACTS, PLAIN, browser_page
from tests.explorers.test_page import data
from tools.address import ROOT
from tools.notebooks import KERNELSPEC, execute, normalise
from tools.pages import write_page

MOST = 2_000_000  # bytes of a page
BUILT = sorted((ROOT / "build" / "site").glob("*.html"))
WALK = """async ([number, every]) => {
  const plain = PLAIN;
  const player = document.querySelectorAll('living-explorer')[number];
  const {data, controls} = player, found = [], small = [];
  const shown = () => {
    const key = player.chosen.join();
    const n = data.keys.findIndex(one => one.join() === key);
    found.push(n);
    if (n % every) return;
    if (plain(player.stage.innerHTML) !== plain(player.frame(n)))
      throw `frame ${n} differs`;
    for (const {box} of controls)
      if (box.hidden === box.checkVisibility()) throw `a control of no use is seen`;
    for (const svg of player.stage.querySelectorAll('svg')) {
      const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
      for (const text of svg.querySelectorAll('text')) {
        const size = scale * parseFloat(text.getAttribute('font-size'));
        if (size < 10.99) small.push([size, text.textContent]);
      }
    }
  };
  const walk = c => {
    if (c === controls.length) return shown();
    const {box, input, buttons} = controls[c];
    if (box.hidden) return walk(c + 1);
    if (!buttons) {
      for (const option of [...input.options].map(o => o.value)) {
        input.value = option;
        input.dispatchEvent(new Event('change'));
        walk(c + 1);
      }
      return;
    }
    input.value = 0;
    input.dispatchEvent(new Event('input'));
    walk(c + 1);
    for (let n = 0; n < input.max; n++) { buttons[1].click(); walk(c + 1); }
  };
  shown();
  walk(0);
  return {found: new Set(found).size, frames: data.frames.length, small,
    wide: document.documentElement.scrollWidth - innerWidth};
}""".replace("PLAIN", PLAIN)
THICKEST = """stepper => [...stepper.querySelectorAll('path')].sort((one, other) =>
  other.getAttribute('stroke-width') - one.getAttribute('stroke-width')
)[0].getBoundingClientRect().right"""


@pytest.fixture(scope="module")
def small_page(tmp_path_factory) -> Path:
    """All explorers on one page, written as `make run` writes its own."""
    folder = tmp_path_factory.mktemp("pages")
    book = v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    book.cells = [
        v4.new_markdown_cell(
            "# Explorers\n\n[Colab](https://colab.research.google.com/github/one/two)"
        ),
        *(v4.new_code_cell(code) for name in ON_PAGES for code in cells(name)),
        *(v4.new_code_cell(code) for code in GUESS),
    ]
    with patch.dict(os.environ, {"SEQ2SEQ_LESSON_TEST": "page"}):
        assert execute(book, folder) == "ok"
    normalise(book)
    nbformat.write(book, folder / "page.ipynb")
    write_page(book, folder / "page.html")
    return folder / "page.html"


def started(page: Page, path: Path) -> int:
    """Open a page without a network, and wait for its players."""
    page.wrong = []
    page.on("console", lambda said: page.wrong.append(said.text))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.evaluate(
        "document.querySelectorAll('details').forEach(d => { d.open = true })"
    )
    players = page.locator("living-explorer")
    for one in players.all():
        one.scroll_into_view_if_needed()
        one.locator(".stage").wait_for()
    return players.count()


def test_the_page_carries_what_the_pure_functions_draw(small_page):
    frames = [unpacked(data(part)) for part in
              small_page.read_text("utf-8").split("<living-explorer ")[1:]]  # fmt: skip
    for name, shown in zip(ON_PAGES, frames, strict=True):
        assert shown == [frame for _, frame in twin(name).frames()], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_every_frame_is_reached_and_shown(small_page, width, scheme):
    every = 1 if (width, scheme) == (360, "light") else 10
    with browser_page(scheme) as page:
        page.set_viewport_size({"width": width, "height": 900})
        for path in [small_page, *BUILT]:
            assert path.stat().st_size < MOST
            for number in range(started(page, path)):
                walked = page.evaluate(WALK, [number, every])
                assert walked["found"] == walked["frames"], (path.stem, number)
                assert not walked["small"], (path.stem, number, walked["small"][:3])
                assert walked["wide"] <= 0
            assert not page.wrong
            page.screenshot(
                path=ARTEFACTS / f"alive-{path.stem}-{width}-{scheme}.png",
                full_page=True,
            )


@pytest.mark.parametrize("name", ON_PAGES)
def test_the_keyboard_alone_works_it_and_all_is_named(small_page, name):
    with browser_page() as page:
        page.emulate_media(reduced_motion="reduce")
        started(page, small_page)
        assert page.evaluate(MOVES) == []
        player = page.locator("living-explorer").nth([*ON_PAGES].index(name))
        player.locator(":is(select, input):visible").first.focus()
        page.keyboard.press("Shift+Tab")
        found = walked(page, player)
        assert found["part"] == 1  # a stop
        told = read_aloud(page, player)
        assert all(name for _, name in told), told
        page.emulate_media(reduced_motion="no-preference")
        assert page.evaluate(MOVES)


def test_the_arrow_keys_choose_a_guess(small_page):
    with browser_page() as page:
        page.goto(small_page.as_uri())
        first, second = page.get_by_role("radio").all()
        first.focus()
        page.keyboard.press("Space")
        page.get_by_text("✗ You had chosen: this one.").wait_for()
        page.keyboard.press("ArrowDown")
        assert second.is_checked()
        page.get_by_text("✓ You had it.").wait_for()


def test_the_keyboard_alone_moves_it_and_says_so(small_page):
    with browser_page() as page:
        started(page, small_page)
        stepper = page.locator("living-explorer").nth([*ON_PAGES].index("stepper"))
        said = stepper.locator(".said").element_handle()
        assert said.inner_text() == ""  # nobody has moved anything
        stepper.locator("select").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        slider = stepper.locator("input")
        assert slider.get_attribute("aria-valuetext") == "2"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # ▶
        assert slider.get_attribute("aria-valuetext") == "3"
        assert said.inner_text().startswith("Step 3: ")  # the same region
        assert stepper.locator("[role=status]").count() == 1
        stepper.locator("select").first.select_option(index=0)
        assert slider.get_attribute("aria-valuetext") == "1"  # a sentence begins there
        link = stepper.get_by_role("link", name="open the notebook on Colab")
        assert link.get_attribute("href").endswith("/github/one/two")


def test_a_tapped_node_of_the_beam_tree_keeps_its_way(small_page):
    with browser_page() as page:
        page.set_viewport_size({"width": 360, "height": 740})
        started(page, small_page)
        tree = page.locator("living-explorer").nth([*ON_PAGES].index("beams"))
        tree.get_by_role("button", name="width: forward").click()
        assert tree.locator("input").get_attribute("aria-valuetext") == "3"
        parts = tree.locator(".part").all()
        says = [part.locator("title").text_content() for part in parts]
        node = next(n for n, said in enumerate(says) if said.count(" ") > 3)
        way = says[node].partition(":")[0]
        parts[node].locator("text").first.click()
        page.mouse.move(0, 0)  # it stays, like after a finger
        page.wait_for_timeout(300)  # it fades
        stays = [part.evaluate("e => getComputedStyle(e).opacity") for part in parts]
        for said, opacity in zip(says, stays, strict=True):
            words = said.partition(":")[0]
            if f"{way} ".startswith(f"{words} "):
                assert opacity == "1", said
        assert "0.2" in stays


def test_a_phone_shows_what_a_step_is_about_and_fingers_have_room(small_page):
    with browser_page() as page:
        browser = page.context.browser
        size = {"width": 360, "height": 740}
        phone = browser.new_context(viewport=size, has_touch=True).new_page()
        started(phone, small_page)
        stepper = phone.locator("living-explorer").nth([*ON_PAGES].index("stepper"))
        for _ in range(8):
            stepper.get_by_role("button", name="step: forward").tap()
            assert stepper.evaluate(THICKEST) <= 360
        controls = phone.locator("living-explorer :is(select, input, button):visible")
        for box in [control.bounding_box() for control in controls.all()]:
            assert box["height"] >= 40
            assert box["x"] + box["width"] <= 360


@pytest.mark.parametrize("exporter", [HTMLExporter, SlidesExporter])
def test_what_nbconvert_exports_is_alive_too(small_page, exporter):
    """Its own scripts and fonts lie elsewhere, so slides stand one below the other."""
    html, _ = exporter().from_filename(small_page.with_suffix(".ipynb"))
    path = small_page.with_name("exported.html")
    path.write_text(html, "utf-8")
    with browser_page() as page:
        assert started(page, path) == len(ON_PAGES)
        said = page.locator("living-explorer .said")
        page.locator("living-explorer button").last.click()
        assert said.last.inner_text().startswith("A beam of 3 finds")
        assert page.locator(".jp-OutputArea img:visible").count() == 0


def test_without_a_script_the_picture_stays(small_page):
    with browser_page() as page:
        context = page.context.browser.new_context(java_script_enabled=False)
        still = context.new_page()
        still.goto(small_page.as_uri())
        assert still.locator("img:visible").count() == len(ON_PAGES)
        assert still.get_by_text("bring it alive").count() == len(ON_PAGES)
