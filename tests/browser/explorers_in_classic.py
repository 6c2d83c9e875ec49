"""Explorers and predictions in the classic notebook, with Colab's versions."""

import subprocess

import nbformat
import pytest
from nbformat import v4

from tests.browser.books import GUESS, SMALL, twin, write_small
from tests.browser.explorers_in_lab import MOVES
from tests.browser.servers import CLASSIC, TOKEN, classic, end_sessions
from tests.browser.stage import ARTEFACTS, CONTENT, Stage, browser_page
from tools.notebooks import KERNELSPEC

READY = """
  window.Jupyter?.notebook?._fully_loaded && Jupyter.notebook.kernel?.is_connected()
  && Jupyter.notebook.kernel.info_reply?.protocol_version
  && Jupyter.notebook.kernel.widget_manager
"""
WALK = 3  # moves; the rest is JupyterLab's matter


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def server(folder):
    assert CLASSIC.exists(), "run `make test-browser`, which sets .venv-classic up"
    with classic(folder) as url:
        yield url


def test_the_server_is_the_last_classic_one():
    asked = [CLASSIC, "-m", "notebook", "--version"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "6.5.7"


@pytest.mark.parametrize("name", SMALL)
def test_it_shows_and_follows(server, folder, name):
    write_small(folder, name)
    with browser_page() as page:
        page.goto(f"{server}/notebooks/{name}.ipynb?token={TOKEN}")
        page.wait_for_function(READY)
        page.evaluate("Jupyter.notebook.execute_all_cells()")
        page.wait_for_selector(f":is({CONTENT}) svg", timeout=180_000)
        stage = Stage(page, twin(name))
        stage.agrees()
        for control, value in MOVES[name][:WALK]:
            stage.move(control, value)
        stage.keep(f"classic-{name}")
    end_sessions(server)


def test_a_guess_is_clicked_and_answered(server, folder):
    book = v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    book.cells = [v4.new_code_cell(code) for code in GUESS]
    nbformat.write(book, folder / "guess.ipynb")
    with browser_page() as page:
        page.goto(f"{server}/notebooks/guess.ipynb?token={TOKEN}")
        page.wait_for_function(READY)
        page.evaluate("Jupyter.notebook.execute_cells([0])")
        page.evaluate("Jupyter.notebook.execute_cells([1])")
        page.wait_for_selector("text=Guess first")
        page.locator(".widget-select select").select_option("this one")
        page.wait_for_selector("text='✗ You had chosen: this one. Measured: that one.'")
        page.screenshot(path=ARTEFACTS / "classic-guess.png")
    end_sessions(server)
