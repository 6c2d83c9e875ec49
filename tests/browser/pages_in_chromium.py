"""Every page of the site: on a phone, on a wall, in both themes, by keyboard."""

import pytest

from tests.browser.check_pages import check, shut_out
from tests.browser.stage import browser_page
from tests.fresh_clone import AXE
from tests.site import books, stored
from tools.address import ROOT

OTHERS = ["index", "look-up", "claims", "teaching", "search", "licence"]
SCRIPT = ROOT / AXE
BAD = """<!doctype html><html><meta charset="utf-8"><title>x</title>
<main><p style="color: #999; background: #aaa; width: 2000px">$x$</p>
<img src="http://localhost:9/x.png" alt="x"><script>console.log("so")</script></main>"""


@pytest.fixture
def page():
    with browser_page() as page:
        yield page


@pytest.mark.parametrize("name", [*books(), *OTHERS])
def test_a_page_is_there_for_every_reader(name, page):
    path = stored() / f"{name}.html"
    assert check(page, path) + shut_out(page, SCRIPT) == []


def test_what_is_wrong_with_a_page_is_seen(page, tmp_path):
    path = tmp_path / "01_bad.html"
    path.write_text(BAD.replace("<p ", '<p class="text_cell_render" '), "utf-8")
    said = "\n".join(check(page, path) + shut_out(page, SCRIPT))
    for fault in (
        "asks for http://localhost:9/x.png",
        "console: so",
        "1 pictures do not show",
        "a formula was left as TeX",
        "pixels wide on a screen of 360",
        "light: axe: color-contrast",
        "axe: html-has-lang",
    ):
        assert fault in said


def test_the_search_of_a_page_leads_to_the_headings_and_claims_that_fit(page):
    page.goto((stored() / "01_data_loading.html").as_uri())
    page.get_by_role("searchbox").fill("PADDING leak")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    shown = page.locator("#entries li:visible").all_inner_texts()
    assert shown
    assert all("padding" in one.lower() and "leak" in one.lower() for one in shown)
    count = len(page.locator("#entries li").all())
    assert page.get_by_role("status").inner_text() == f"{len(shown)} of {count}"
    page.locator("main input").fill("")
    assert len(page.locator("#entries li:visible").all()) == count


def test_the_first_key_skips_to_the_text_and_what_is_wide_moves_by_keys(page):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto((stored() / "03_decoder_dissection.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#text"
    wide = page.locator("pre[role=group]:visible, div[role=group]:visible").first
    wide.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    assert "more" in wide.get_attribute("class")  # it fades
    wide.evaluate("box => { box.scrollLeft = box.scrollWidth }")
    page.wait_for_function("!document.activeElement.matches('.more')")
