"""The decks, shown in Chromium at 1280 x 720: nothing cut off, nothing too small."""

import base64
import io
import re

import pytest
from PIL import Image, ImageColor

from tests.browser.check_pages import chromium
from tests.test_notebooks import NAMES
from tools.address import ROOT
from tools.classroom.slides_plan import PLANS

DECKS = ROOT / "build" / "slides"
SHOW = """([n, f]) => {
  const {h, v} = Reveal.getIndices(Reveal.getSlides()[n]);
  Reveal.slide(h, v, f);
  return Reveal.getSlides()[n].querySelectorAll('.fragment').length;
}"""
ALIVE = """() => [...Reveal.getCurrentSlide().querySelectorAll('living-explorer')]
  .every(e => !e.checkVisibility() || e.querySelector('.stage svg'))"""
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
  for (const img of [...slide.querySelectorAll('img')].filter(seen)) {
    const {width, height} = img.getBoundingClientRect();
    const scale = Math.min(width / img.naturalWidth, height / img.naturalHeight);
    found.pictures.push({place: place(img), alt: img.alt, source: img.src, scale,
      drawn: img.naturalWidth});
  }
  for (const svg of [...slide.querySelectorAll('.stage svg')].filter(seen))
    found.pictures.push({place: place(svg.closest('.stage')), drawn: 1,
      alt: svg.closest('[aria-label]').ariaLabel,
      letters: [...svg.querySelectorAll('text')].map(text =>
        parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)});
  const asked = [...slide.querySelectorAll('.celltag_asked')];
  found.asked = asked.length;
  found.choices = [...slide.querySelectorAll('.celltag_asked :is(p, li)')].filter(seen);
  found.choices = found.choices.length;
  found.marked = [...slide.querySelectorAll('.celltag_asked li')].filter(
    e => getComputedStyle(e).outlineStyle !== 'none').map(e => e.textContent);
  found.right = asked.map(e => e.querySelector('.found').textContent);
  const scale = Reveal.getScale();
  found.foot = parseFloat(getComputedStyle(slide, '::after').fontSize) * scale;
  found.number = parseFloat(getComputedStyle(
    document.querySelector('.slide-number')).fontSize);
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
  const walk = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  let all = '';
  while (walk.nextNode())
    if (shown(walk.currentNode.parentElement)) all += walk.currentNode.data;
  return {page: place(page), all,
    number: parseFloat(getComputedStyle(page.querySelector('.slide-number')).fontSize),
    texts: [...page.querySelectorAll('h1, h2, h3, p, li, td, pre')].filter(shown)
      .map(e => [e.textContent.trim(), ...place(e)]),
    pictures: [...page.querySelectorAll('img, .stage svg')].filter(shown).map(place)};
})"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


# Of a figure's letters: where each piece stands, and its colour.
LETTERS = """() => [...document.querySelectorAll('g[id^=text_]:has(use)')].map(text => {
  const {x, y, width, height} = text.getBoundingClientRect();
  const ink = getComputedStyle(text.querySelector('use')).fill;
  return [[x, y, x + width, y + height], ink];
})"""


@pytest.fixture(params=[*NAMES, *PLANS], scope="module")
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
            page.wait_for_function(ALIVE)
            states.append(page.evaluate(LOOK))
        slides.append(states)
    notes = page.evaluate("document.querySelectorAll('aside.notes').length")
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.evaluate("Reveal.layout()")
    large = page.evaluate(LOOK)
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto((DECKS / f"{request.param}.html").as_uri() + "?print-pdf")
    page.wait_for_selector(".pdf-page")
    page.wait_for_timeout(500)  # explorers unpack their drawings
    printed = page.evaluate(PRINTED)
    page.close()
    return {
        "name": request.param,
        "large": large,
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
    if deck["name"] in NAMES:
        assert 10 <= len(slides) <= 16
        assert sum(slide["tables"] for slide in slides) >= 1
    assert deck["notes"] >= len(slides) / 2
    assert sum(bool(slide["pictures"]) for slide in slides) >= 3


def test_every_slide_has_its_heading(deck):
    slides = enumerate(deck["slides"], start=1)
    assert not [number for number, slide in slides if not slide["headed"]]


def test_nothing_is_cut_off(deck):
    outside = [
        (number, thing.get("text", "a picture"), thing["place"])
        for number, slide in deck["states"]
        for thing in slide["texts"] + slide["pictures"]
        for left, top, right, bottom, _ in [thing["place"]]
        # the foot is below, but where an explorer has the slide
        if left < 0
        or top < 0
        or right > 1280
        or bottom > 690 + 22 * ("letters" in thing)
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


def figures(deck):
    """Each of the deck's figures that is seen: its slide, its SVG, its scale."""
    for number, slide in deck["states"]:
        for picture in slide["pictures"]:
            if "source" in picture:
                kind, _, data = picture["source"].partition(";base64,")
                assert kind == "data:image/svg+xml", number
                yield number, base64.b64decode(data).decode(), picture["scale"]


def test_letters_in_figures_can_be_read_from_the_last_row(deck):
    small = []
    for number, svg, scale in figures(deck):
        # matplotlib's letters are shapes of 100 units, scaled to their size in points
        sizes = [100 * float(n) for n in re.findall(r"scale\(([\d.]+) -[\d.]+\)", svg)]
        least = min(size for size in sizes if size < 100) * 4 / 3 * scale
        small += [(number, least)] if least < 18 else []
    for number, slide in deck["states"]:
        letters = [n for p in slide["pictures"] for n in p.get("letters", [])]
        small += [(number, least) for least in letters if least < 17.99]
    assert not small


def luminance(colour):
    parts = [c / 255 for c in colour[:3]]
    red, green, blue = (
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_letters_in_figures_stand_out(deck, browser):
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    faint = []
    for svg, number in {svg: number for number, svg, _ in figures(deck)}.items():
        page.set_content(f"<body style='margin:0'>{svg[svg.index('<svg') :]}")
        letters = page.evaluate(LETTERS)
        page.add_style_tag(content="g[id^=text_] use { visibility: hidden }")
        grounds = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        for place, ink in letters:
            ground = grounds.crop([round(n) for n in place])
            _, common = max(ground.getcolors(maxcolors=ground.width * ground.height))
            lights = [luminance(ImageColor.getrgb(ink)), luminance(common)]
            contrast = (max(lights) + 0.05) / (min(lights) + 0.05)
            faint += [(number, ink, common, contrast)] if contrast < 4.5 else []
    page.close()
    assert not faint


def test_a_question_stays_and_its_answer_is_marked_last(deck):
    states = {}
    for number, slide in deck["states"]:
        if slide["asked"]:
            states.setdefault(number, []).append(slide)
    assert bool(states) == (deck["name"] != "workshop")  # there at the keyboard
    for number, shown in states.items():
        assert len({slide["choices"] for slide in shown}) == 1, number
        assert shown[0]["choices"] >= 4, number
        assert [slide["marked"] for slide in shown[:-1]] == [[]] * (len(shown) - 1)
        assert shown[-1]["marked"] == shown[-1]["right"], number
        assert len(shown) >= 3, number


def test_feet_grow_with_the_screen(deck):
    for slide, least in ((deck["slides"][0], 18), (deck["large"], 27)):
        assert slide["foot"] >= least
        assert slide["number"] >= least


def test_a_slider_that_was_dragged_gives_the_keys_back(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto((DECKS / "lecture.html").as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    at = "Reveal.getSlides().findIndex(s => s.querySelector('living-explorer'))"
    n = page.evaluate(at)
    page.evaluate(SHOW, [n, 0])
    slider = page.locator("section.present living-explorer input[type=range]").first
    place = slider.bounding_box()
    page.mouse.move(place["x"] + 8, place["y"] + place["height"] / 2)
    page.mouse.down()
    page.mouse.move(place["x"] + 60, place["y"] + place["height"] / 2, steps=5)
    page.mouse.up()
    assert int(slider.input_value()) > 0
    page.keyboard.press("PageDown")
    gone = page.evaluate("Reveal.getSlides().indexOf(Reveal.getCurrentSlide())")
    page.close()
    assert gone == n + 1


def test_pictures_are_large_and_described(deck):
    for number, slide in deck["states"]:
        for picture in slide["pictures"]:
            assert picture["drawn"], number
            assert picture["place"][4] >= 220, (number, picture["place"])
            assert len(picture["alt"]) > 20, number


def test_a_slide_is_printed_once_with_all_it_holds_and_a_question_before_it(deck):
    asked = sum(bool(slide["asked"]) for slide in deck["slides"])
    assert len(deck["printed"]) == len(deck["slides"]) + asked
    told = "".join("".join(page["all"].split()) for page in deck["printed"])
    for number, slide in deck["states"]:
        for piece in slide["texts"]:
            assert "".join(piece["text"].split()) in told, (number, piece)
    for number, printed in enumerate(deck["printed"], start=1):
        _, top, _, bottom, _ = printed["page"]
        assert printed["number"] >= 18
        for text, _, first, _, last, _ in printed["texts"]:
            assert top <= first <= last <= bottom - 26, (number, text)
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
