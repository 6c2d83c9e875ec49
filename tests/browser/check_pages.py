"""Open the pages of `make run` in Chromium and hold them to what a reader needs.

`python -m tests.browser.check_pages FOLDER [axe.min.js]` writes screenshots beside the
pages. With axe it looks for what keeps people out who do not see, or use no mouse.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (360, 1280, 1920)
SHRUNK = """[...document.images].filter(i => i.width &&
  i.width < .75 * Math.min(i.naturalWidth, 864) - 1).length"""
PROSE = """[...document.querySelectorAll('.text_cell_render')].map(e => {
  const c = e.cloneNode(true);
  c.querySelectorAll('code, pre, math').forEach(x => x.remove());
  return c.textContent }).join(' ')"""
UNFOLD = "document.querySelectorAll('details').forEach(fold => { fold.open = true })"
AXE = """axe.run({ resultTypes: ['violations'] }).then(found => found.violations
  .filter(v => ['serious', 'critical'].includes(v.impact))
  .map(v => `axe: ${v.id}, ${v.nodes.length} times, at ${v.nodes[0].html}`))"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or else the one of `playwright install chromium`."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def check(page: Page, path: Path) -> list[str]:
    """What is wrong with a page, its folds open: on a phone, a laptop, a wall."""
    wrong: list[str] = []
    page.on("request", lambda request: wrong.append(f"asks for {request.url}"))
    page.on("console", lambda said: wrong.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    wrong = [one for one in wrong if not re.match(r"asks for (file|data|blob):", one)]
    if (size := path.stat().st_size) > 2_000_000:
        wrong.append(f"{size} bytes")
    page.evaluate(UNFOLD)
    if dead := page.evaluate(
        "[...document.images].filter(i => !i.naturalWidth).length"
    ):
        wrong.append(f"{dead} pictures do not show")
    if re.search(r"\$|\\frac", page.evaluate(PROSE)):
        wrong.append("a formula was left as TeX")
    if re.match(r"(deeper-)?\d", path.stem) and not page.evaluate("document.images[0]"):
        wrong.append("no picture at all")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append(f"{wide} pixels wide on a screen of {width}")
        if shrunk := page.evaluate(SHRUNK):
            wrong.append(f"{shrunk} pictures too small on a screen of {width}")
        page.screenshot(path=path.with_name(f"{path.stem}-{width}.png"))
    return wrong


def shut_out(page: Page, axe: Path) -> list[str]:
    """What axe finds serious or critical on an open page, in both themes."""
    page.evaluate(axe.read_text("utf-8"))
    wrong = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        wrong += [f"{scheme}: {one}" for one in page.evaluate(AXE)]
    return wrong


def main(folder: str, axe: str = "") -> int:
    paths = sorted(Path(folder).glob("*.html"))
    if not paths:
        print(f"check_pages: no page lies in {folder}; run `make run` first")
        return 1
    failed = False
    with chromium() as browser:
        for path in paths:
            page = browser.new_page(viewport={"width": 1100, "height": 900})
            wrong = check(page, path.resolve())
            if axe:
                wrong += shut_out(page, Path(axe))
            formulas = page.evaluate("document.querySelectorAll('math').length")
            print(f"  {path.name}: {'; '.join(wrong) or 'ok'}, {formulas} formulas")
            failed |= bool(wrong)
            page.close()
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
