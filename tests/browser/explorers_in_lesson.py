"""Each explorer in the lesson's own notebook, in JupyterLab.

Of the notebook only the cells that the explorer needs are run: imports, settings, what
is tagged `explorer-needs`, and the explorer. Its stored outputs stand there first, and
the live explorer must take their place.
"""

import pytest

from seq2seq_lesson.explorers.sentences import EXAMPLES
from tests.browser.books import SMALL, lesson_explorers, twin, twin_of, write_lesson
from tests.browser.explorers_in_lab import DRAGGED, one_live_explorer, open_book
from tests.browser.servers import end_sessions, lab
from tests.browser.stage import CONTENT, Stage, browser_page

WALKS = {  # short ones, that begin anywhere
    "shape": [("batch slider", 6), ("batch", "9"), ("piece", "embedding")],
    "landing": [("batch", 2), ("pair", "flatten")],
    "stepper": [("forward", None), ("step", 4), ("word", "dog")],
    "attention": [("example", EXAMPLES[2]), ("right_weights", "uniform")],
    "step": [("score 2", 3), ("mask", True), ("score 0", 0)],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def server(folder):
    with lab(folder) as url:
        yield url


EXPLORERS = lesson_explorers()
NAMES = [f"{path.stem}-{number + 1}" for path, number in EXPLORERS]


@pytest.mark.parametrize(("path", "number"), EXPLORERS, ids=NAMES)
def test_it_lives_in_its_notebook(server, folder, path, number):
    copy, call = write_lesson(folder, path, number)
    name = next(n for n in SMALL if SMALL[n][1].startswith(call.partition("(")[0]))
    own = twin_of(call)
    with browser_page() as page:
        open_book(page, server, copy.name)
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_selector(f":is({CONTENT}) svg", timeout=300_000)
        one_live_explorer(page)
        stage = Stage(page, own or twin(name))
        stage.keep(f"{copy.stem}-first")
        if own:
            stage.agrees()
            for control, value in WALKS[name]:
                stage.move(control, value)
        else:  # only the notebook has what it is made of
            before = stage.shown()
            stage.control(DRAGGED[name]).locator(".noUi-handle").press("ArrowRight")
            page.wait_for_function("window.times.length > 0")
            assert stage.shown() != before
        stage.keep(f"{copy.stem}-moved")
    end_sessions(server)
