"""The keyboard alone: where it comes to, what its keys do, and what is read aloud."""

from collections import Counter
from collections.abc import Callable

from playwright.sync_api import ElementHandle, Locator, Page

WORDS = {  # what is typed into a box of that name; where a number stands, another
    "or type": "j ai faim .",
    "write here": "dog",
    "letters": "abba",
    "one way": "t.flatten()",
    "the other": "t.flatten()",
}
QUIET = ("restore the lines",)  # nothing has been changed yet
TWICE = "guess first", "show as code"  # these change what else there is
HERE = """area => {
  const e = document.activeElement, label = e.labels?.[0]?.textContent;
  if (!area.contains(e)) return null;
  const style = one => getComputedStyle(one);
  const kind = e.getAttribute('role') ?? e.type ?? e.localName;
  return {
    kind: e.matches('.part') ? 'part' : kind,
    parts: e.closest('.touch')?.querySelectorAll('.part').length,
    name: e.ariaLabel || label || e.textContent,
    value: e.getAttribute('aria-valuetext') ?? e.value,
    off: e.ariaDisabled === 'true',
    outline: style(e).outlineStyle,
    opacity: +style(e).opacity,
    numbers: [...e.querySelectorAll('.numbers')].every(
      one => style(one).visibility === 'visible'),
  };
}"""
SHOWN = """area => [...area.querySelectorAll('.widget-html-content, .stage, textarea')]
  .map(one => one.checkVisibility() && (one.placeholder ?? one.innerHTML)).join()"""
OTHER = f"([area, before]) => ({SHOWN})(area) !== before"
MOVES = """[...document.querySelectorAll(
  '.part, living-explorer *, .noUi-target *')].filter(one => {
  const style = getComputedStyle(one);
  return style.transitionDuration !== '0s' || style.animationName !== 'none';
}).map(one => one.outerHTML.slice(0, 80))"""


def walked(page: Page, area: Locator) -> Counter:
    """Tab through an area; the keys of each control must change the picture in it.

    How many of each kind had the focus, until it left the area.
    """
    inside, found = area.element_handle(), Counter()
    while sum(found.values()) < 1_000:
        page.keyboard.press("Tab")
        here = inside.evaluate(HERE)
        if not here:
            if found:
                return found
            continue
        found[here["kind"]] += 1
        if here["kind"] == "part":  # arrow keys lead round all of its picture
            assert here["parts"] > 3
            for _ in range(here["parts"]):
                part = inside.evaluate(HERE)
                assert part["outline"] != "none", part
                assert part["opacity"] == 1, part
                assert part["numbers"], part
                page.keyboard.press("ArrowRight")
            assert inside.evaluate(HERE) == here
            page.keyboard.press("ArrowLeft")
            assert inside.evaluate(HERE) != here
        elif here["kind"] in KEYS and not here["off"] and here["name"] not in QUIET:
            for _ in range(1 + (here["name"] in TWICE)):
                before = inside.evaluate(SHOWN)
                KEYS[here["kind"]](page, inside, here)
                page.wait_for_function(OTHER, arg=[inside, before])
    raise AssertionError(f"the keyboard cannot leave: {found}")


def to_and_fro(there: str, back: str) -> Callable:
    """One key; or the other, where the first finds no more."""

    def press(page: Page, inside: ElementHandle, here: dict) -> None:
        page.keyboard.press(there)
        if inside.evaluate(HERE)["value"] == here["value"]:
            page.keyboard.press(back)

    return press


def one_key(key: str) -> Callable:
    return lambda page, inside, here: page.keyboard.press(key)


def type_over(page: Page, inside: ElementHandle, here: dict) -> None:
    """Something else, then Enter."""
    number = "2" if here["value"] == "1" else "1"
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(WORDS.get(here["name"], number))
    page.keyboard.press("Enter")


def add_a_line(page: Page, inside: ElementHandle, here: dict) -> None:
    """One more line at the end, handed on when the box is left."""
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("\nx = torch.zeros(batch)  # (batch)")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")


KEYS = {
    "slider": to_and_fro("ArrowRight", "ArrowLeft"),
    "range": to_and_fro("ArrowRight", "ArrowLeft"),
    "select-one": to_and_fro("ArrowDown", "ArrowUp"),
    "checkbox": one_key("Space"),
    "button": one_key("Enter"),
    "submit": one_key("Enter"),
    "text": type_over,
    "textarea": add_a_line,
}


def read_aloud(page: Page, area: Locator) -> list[tuple[str, str]]:
    """Role and name of all in an area that can have the focus."""
    area.evaluate("area => { window.area = area }")
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    found = session.send("Runtime.evaluate", {"expression": "window.area"})
    node = {"objectId": found["result"]["objectId"]}
    tree = session.send("Accessibility.queryAXTree", node)["nodes"]
    session.detach()
    return [
        (one["role"]["value"], one.get("name", {}).get("value", "").strip())
        for one in tree
        for has in one.get("properties", ())
        if has["name"] == "focusable"
    ]
