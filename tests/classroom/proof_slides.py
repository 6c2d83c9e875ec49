"""The decks, shown in Chromium at 1280 x 720: nothing cut off, nothing too small."""

import pytest

from tests.browser.check_pages import chromium
from tests.test_notebooks import NAMES
from tools.address import ROOT

DECKS = ROOT / "build" / "slides"
SHOW = """([n, f]) => {
  const {h, v} = Reveal.getIndices(Reveal.getSlides()[n]);
  Reveal.slide(h, v, f);
  return Reveal.getSlides()[n].querySelectorAll('.fragment').length;
}"""
# Of a slide as it is shown: each piece of text and each picture, where it lies, how
# large its letters are, and whether it was drawn.
LOOK = """() => {
  const seen = element => element.checkVisibility({visibilityProperty: true})
    && !element.closest('.notes');
  const place = range => { const r = range.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom, r.height]; };
  const slide = Reveal.getCurrentSlide(), found = {texts: [], pictures: []};
  const walk = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode, holder = text.parentElement;
    if (!text.data.trim() || !seen(holder) || holder.closest('svg, .said')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    found.texts.push({text: text.data.trim(), place: place(range),
      size: parseFloat(getComputedStyle(holder).fontSize) * Reveal.getScale()});
  }
  for (const img of [...slide.querySelectorAll('img')].filter(seen))
    found.pictures.push({place: place(img), alt: img.alt, drawn: img.naturalWidth});
  for (const svg of [...slide.querySelectorAll('.stage svg')].filter(seen))
    found.pictures.push({place: place(svg), alt: svg.ariaLabel, drawn: 1});
  found.tables = [...slide.querySelectorAll('.jp-RenderedHTML table')].filter(seen);
  found.tables = found.tables.length;
  found.headed = [...slide.querySelectorAll('h1, h2, h3')].some(seen);
  found.raw = [...slide.querySelectorAll('p, li')].filter(e => seen(e)
    && /[$]|\\\\frac/.test(e.textContent)).length;
  return found;
}"""
# Of a deck made for printing: each page, and the pictures on it.
PRINTED = """() => [...document.querySelectorAll('.pdf-page')].map(page => {
  const place = e => { const r = e.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom, r.height]; };
  const shown = e => e.checkVisibility({visibilityProperty: true});
  return {page: place(page),
    pictures: [...page.querySelectorAll('img')].filter(shown).map(place)};
})"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(params=NAMES, scope="module")
def deck(request, browser):
    """What a deck asks for, and what is seen on each slide, after each of its keys."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    asked, errors, slides = [], [], []
    page.on("request", lambda sent: asked.append(sent.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((DECKS / f"{request.param}.html").as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    page.add_style_tag(content="* { transition: none !important; }")
    for n in range(page.evaluate("Reveal.getTotalSlides()")):
        states = []
        for key in range(-1, page.evaluate(SHOW, [n, -1])):
            page.evaluate(SHOW, [n, key])
            states.append(page.evaluate(LOOK))
        slides.append(states)
    notes = page.evaluate("document.querySelectorAll('aside.notes').length")
    page.goto((DECKS / f"{request.param}.html").as_uri() + "?print-pdf")
    page.wait_for_selector(".pdf-page")
    printed = page.evaluate(PRINTED)
    page.close()
    return {
        "asked": asked,
        "errors": errors,
        "slides": [states[-1] for states in slides],
        "states": [(n, one) for n, all_ in enumerate(slides, start=1) for one in all_],
        "notes": notes,
        "printed": printed,
    }


def test_a_deck_needs_nothing_from_elsewhere(deck):
    assert not [url for url in deck["asked"] if not url.startswith(("file:", "data:"))]
    assert not deck["errors"]


def test_a_deck_is_a_lecture(deck):
    slides = deck["slides"]
    assert 10 <= len(slides) <= 15
    assert deck["notes"] >= len(slides) / 2
    assert sum(bool(slide["pictures"]) for slide in slides) >= 3
    assert sum(slide["tables"] for slide in slides) >= 1


def test_every_slide_has_its_heading(deck):
    slides = enumerate(deck["slides"], start=1)
    assert not [number for number, slide in slides if not slide["headed"]]


def test_nothing_is_cut_off(deck):
    outside = [
        (number, thing.get("text", "a picture"), thing["place"])
        for number, slide in deck["states"]
        for thing in slide["texts"] + slide["pictures"]
        for left, top, right, bottom, _ in [thing["place"]]
        if left < 0 or top < 0 or right > 1280 or bottom > 690  # the foot is below
    ]
    assert not outside


def test_all_text_can_be_read_from_the_last_row(deck):
    small = [
        (number, piece["text"], piece["size"])
        for number, slide in deck["states"]
        for piece in slide["texts"]
        if piece["size"] < 18
    ]
    assert not small


def test_pictures_are_large_and_described(deck):
    for number, slide in deck["states"]:
        for picture in slide["pictures"]:
            assert picture["drawn"], number
            assert picture["place"][4] >= 220, (number, picture["place"])
            assert len(picture["alt"]) > 20, number


def test_each_state_is_printed_on_a_page_with_its_pictures(deck):
    assert len(deck["printed"]) >= len(deck["slides"])
    for number, printed in enumerate(deck["printed"], start=1):
        _, top, _, bottom, _ = printed["page"]
        for picture in printed["pictures"]:
            assert picture[4] >= 220, (number, picture)
            assert top <= picture[1], number
            assert picture[3] <= bottom, number
    pictures = sum(len(page["pictures"]) for page in deck["printed"])
    assert pictures >= sum(len(slide["pictures"]) for slide in deck["slides"])


def test_no_formula_is_left_as_tex(deck):
    assert not any(slide["raw"] for slide in deck["slides"])
