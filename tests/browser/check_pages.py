"""Open the pages of `make run` in Chromium and hold them to what a reader needs.

`python -m tests.browser.check_pages FOLDER` writes screenshots beside the pages.
"""

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


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or else the one of `playwright install chromium`."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def check(page: Page, path: Path) -> list[str]:
    """What is wrong with one page: requests to elsewhere, dead pictures, raw TeX."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    wrong = [
        f"asks for {url}" for url in asked if not url.startswith(("file:", "data:"))
    ]
    dead = page.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
    if dead:
        wrong.append(f"{dead} pictures do not show")
    prose = page.evaluate(
        "[...document.querySelectorAll('.text_cell_render')]"
        ".map(e => { const c = e.cloneNode(true);"
        " c.querySelectorAll('code, pre, math').forEach(x => x.remove());"
        " return c.textContent }).join(' ')"
    )
    if "$" in prose or "\\frac" in prose:
        wrong.append("a formula was left as TeX")
    if path.stem != "index" and not page.evaluate("document.images.length"):
        wrong.append("no picture at all")
    page.screenshot(path=path.with_suffix(".png"), full_page=True)
    return wrong


def main(folder: str) -> int:
    paths = sorted(Path(folder).glob("*.html"))
    if not paths:
        print(f"check_pages: no page lies in {folder}; run `make run` first")
        return 1
    failed = False
    with chromium() as browser:
        for path in paths:
            page = browser.new_page(viewport={"width": 1100, "height": 900})
            wrong = check(page, path.resolve())
            formulas = page.evaluate("document.querySelectorAll('math').length")
            print(f"  {path.name}: {'; '.join(wrong) or 'ok'}, {formulas} formulas")
            failed |= bool(wrong)
            page.close()
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
