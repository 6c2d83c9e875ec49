"""The committed notebooks: executed, clean, sized and shaped as a reader expects."""

import json
import re

import nbformat
import pytest
from address import ROOT, slug

NAMES = [
    "01_data_loading",
    "02_encoder_dissection",
    "03_decoder_dissection",
    "04_training_loop",
    "05_attention_visualization",
    "06_reversal_task",
]
PATHS = [ROOT / "notebooks" / f"{name}.ipynb" for name in NAMES]
INSTALL = f"""\
try:
    import seq2seq_lesson
except ImportError:  # Colab, Kaggle, a bare laptop
    %pip install -q "git+https://github.com/{slug()}\""""


@pytest.fixture(params=PATHS, ids=NAMES)
def path(request):
    return request.param


@pytest.fixture
def book(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def test_the_six_notebooks_are_there_and_no_other():
    assert sorted((ROOT / "notebooks").glob("*.ipynb")) == PATHS


def test_executed_once_from_top_to_bottom(code):
    counts = [cell.execution_count for cell in code]
    assert counts == list(range(1, len(code) + 1))


def test_metadata_is_the_same_on_every_machine(book):
    assert book.metadata == {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }


def test_no_widget_and_no_path_in_the_outputs(code):
    text = json.dumps([cell.outputs for cell in code])
    assert "widget-view" not in text
    assert not re.search(r"/(home|root|tmp|work|Users|site-packages)/", text)


def test_a_page_without_a_kernel_shows_every_output(code):
    """GitHub takes scripts, styles and inline SVG away, and shows no widget."""
    for data in [out.data for cell in code for out in cell.outputs if "data" in out]:
        assert set(data) <= {"text/plain", "text/html", "image/png"}
        html = data.get("text/html", "")
        assert not re.search(r"<(script|style|svg|iframe|link|img)\b", html)
        assert "image/png" in data or re.sub(r"<[^>]*>", "", html).strip()


def test_only_cells_meant_to_fail_hold_an_error(code):
    for cell in code:
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in tags(cell)), cell.source


def test_page_stays_under_one_megabyte(path):
    assert path.stat().st_size < 1_000_000


def test_title_is_a_question_and_the_first_code_cell_installs(book, code):
    title = book.cells[0].source.splitlines()[0]
    assert title.startswith("# ")
    assert title.endswith("?")
    assert code[0].source == INSTALL


def test_cells_are_short(code):
    lengths = [len(re.findall(r"^.*\S", cell.source, re.M)) for cell in code]
    assert max(lengths) <= 30
    assert sorted(lengths)[len(lengths) // 2] < 12


def test_outputs_that_are_not_compared_are_few_and_assert(code):
    ignored = [cell for cell in code if "nbval-ignore-output" in tags(cell)]
    assert not [cell for cell in code if "nbval-skip" in tags(cell)]
    assert len(ignored) <= len(code) / 3
    for cell in ignored:
        assert re.search(r"\bassert\b|assert_|allclose|check", cell.source), cell.source


def test_prose_comes_in_small_portions(book):
    previous = 0
    for cell in book.cells[1:]:
        words = len(cell.source.split()) if cell.cell_type == "markdown" else 0
        if previous and words and not cell.source.startswith(("## ", "# ")):
            assert previous + words <= 140, cell.source[:80]
        previous = words


def test_ends_with_simplifications_exercises_and_sources(book):
    text = "\n".join(c.source for c in book.cells if c.cell_type == "markdown")
    for heading in ("simplified", "Exercises", "Sources"):
        assert re.search(rf"^#+ .*{heading}", text, re.M | re.I), heading
