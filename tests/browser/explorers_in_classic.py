"""Each explorer in the classic notebook 6.5.7, with Colab's versions in the kernel."""

import subprocess

import pytest
from books import SMALL, twin, write_small
from explorers_in_lab import MOVES
from servers import CLASSIC, TOKEN, classic, end_sessions
from stage import CONTENT, Stage, browser_page

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
