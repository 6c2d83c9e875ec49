"""A notebook that was run, saved and opened again without its kernel: one picture."""

import json

from tests.browser.books import write_small
from tests.browser.explorers_in_classic import READY
from tests.browser.explorers_in_lab import one_live_explorer, open_book, run_all
from tests.browser.servers import CLASSIC, TOKEN, classic, end_sessions, lab
from tests.browser.stage import ARTEFACTS, CONTENT, browser_page

NAME = "landing"
SEEN = """() => {
  const cell = [...document.querySelectorAll('.jp-CodeCell, .code_cell')].at(-1);
  const area = cell.querySelector('.jp-Cell-outputArea, .output_wrapper');
  const seen = what => [...area.querySelectorAll(what)].filter(
    one => one.checkVisibility()).length;
  return {pictures: seen('img, svg[aria-label]'), players: seen('.stage'),
    text: area.innerText};
}"""


def saved(page, command):
    page.evaluate(command)
    page.wait_for_timeout(2000)


def one_picture(page, name, players):
    page.wait_for_timeout(3000)
    page.screenshot(path=ARTEFACTS / f"reopened-{name}.png")
    seen = page.evaluate(SEEN)
    assert (seen["pictures"], seen["players"]) == (1, players), seen
    assert "rror displaying" not in seen["text"]
    assert "could not be displayed" not in seen["text"]


def test_in_lab(tmp_path):
    path = write_small(tmp_path, NAME)
    with lab(tmp_path) as server:
        with browser_page() as page:
            open_book(page, server, path.name)
            run_all(page)
            one_live_explorer(page)
            one_picture(page, "lab-live", players=0)
            saved(page, "window.jupyterapp.commands.execute('docmanager:save')")
        end_sessions(server)
        with browser_page() as page:
            open_book(page, server, path.name)
            one_picture(page, "lab-trusted", players=1)
        end_sessions(server)
        book = json.loads(path.read_text("utf-8"))
        book["cells"][0]["source"] = ["# another's hand\n"]
        path.write_text(json.dumps(book), "utf-8")
        with browser_page() as page:
            open_book(page, server, path.name)
            one_picture(page, "lab-untrusted", players=0)
        end_sessions(server)


def test_in_classic(tmp_path):
    assert CLASSIC.exists(), "run `make test-browser`, which sets .venv-classic up"
    path = write_small(tmp_path, NAME)
    with classic(tmp_path) as server:
        where = f"{server}/notebooks/{path.name}?token={TOKEN}"
        with browser_page() as page:
            page.goto(where)
            page.wait_for_function(READY)
            page.evaluate("Jupyter.notebook.execute_all_cells()")
            page.wait_for_selector(f":is({CONTENT}) svg", timeout=180_000)
            one_picture(page, "classic-live", players=0)
            saved(page, "Jupyter.notebook.save_notebook()")
        end_sessions(server)
        with browser_page() as page:
            page.goto(where)
            page.wait_for_function(READY)
            one_picture(page, "classic-reopened", players=1)
        end_sessions(server)
