"""The committed notebooks: executed, clean, sized and shaped as a reader expects."""

import ast
import json
import re

import nbformat
import pytest

from tools.address import ROOT, ref, slug, version
from tools.exercise_cells import tags
from tools.pages import flat_name

NAMES = [
    "01_data_loading",
    "02_encoder_dissection",
    "03_decoder_dissection",
    "04_training_loop",
    "05_attention_visualization",
    "06_reversal_task",
]
PATHS = [ROOT / "notebooks" / f"{name}.ipynb" for name in NAMES]
CAPSTONE = ROOT / "notebooks" / "07_build_it_yourself.ipynb"  # no frame, but manners
DEEPER = sorted((ROOT / "notebooks" / "deeper").glob("*.ipynb"))
INSTALL = f"""\
try:
    import seq2seq_lesson
except ImportError:  # Colab, Kaggle, a bare laptop
    %pip install -q "git+https://github.com/{slug()}@{ref(version())}\""""

KIND = r"(Predict|Change|Repair|Build) \(\d+ minutes, ★{1,3}\)"


@pytest.fixture(params=[*PATHS, CAPSTONE, *DEEPER], ids=flat_name)
def path(request):
    return request.param


@pytest.fixture
def main_book(path):
    if path not in PATHS:
        pytest.skip("a rule for main notebooks")
    return nbformat.read(path, as_version=4)


@pytest.fixture
def book(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_the_seven_notebooks_are_there_and_no_other():
    assert sorted((ROOT / "notebooks").glob("*.ipynb")) == [*PATHS, CAPSTONE]
    assert {path.stem for path in DEEPER} <= set(NAMES)


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
        html = re.sub(r"(?s)<style>.*?</style>", "", data.get("text/html", ""))
        assert not re.search(r"<(script|style|svg|iframe|link|img)\b", html)
        words = re.sub(r"<[^>]*>", "", html).strip()
        if not html and not re.match(r"<|\w+\(", data["text/plain"]):
            words = data["text/plain"]  # and no object's mere name
        assert "image/png" in data or words


def test_only_cells_meant_to_fail_hold_an_error(code):
    for cell in code:
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in tags(cell)), cell.source


def test_page_stays_under_one_megabyte(path):
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("path", [*PATHS, CAPSTONE], ids=flat_name)
def test_title_is_a_question(path):
    book = nbformat.read(path, as_version=4)
    assert book.cells[0].source.splitlines()[0].endswith("?")


def test_a_title_comes_first_and_the_first_code_cell_installs(book, code):
    assert book.cells[0].source.startswith("# ")
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
        if "exercise" in tags(cell):
            assert words <= 120, cell.source[:80]
        elif previous and words and not cell.source.startswith(("## ", "# ")):
            assert previous + words <= 140, cell.source[:80]
        previous = words


def exercises(book):
    """Of each exercise its four cells, from the text to the solution."""
    places = [i for i, cell in enumerate(book.cells) if "exercise" in tags(cell)]
    return [book.cells[i : i + 4] for i in places]


def test_each_exercise_has_its_four_cells_as_they_ran(book, path):
    """Main notebooks count from 1, and the deeper ones go on."""
    prefix = path.stem[:2]
    found, first = exercises(book), 1
    if path in DEEPER:
        first += len(exercises(nbformat.read(path.parents[1] / path.name, 4)))
    for number, cells in enumerate(found, start=first):
        text, *code = cells
        name, tag = f"{int(prefix)}.{number}", f"exercise:{prefix}-{number}"
        assert re.match(rf"\*\*Exercise {name} · {KIND}\.\*\* ", text.source), (
            text.source
        )
        kinds = ["exercise-attempt", "exercise-check", "solution"]
        assert [tags(cell) for cell in code] == [[kind, tag] for kind in kinds]
        shown = [cell.outputs[0].data["text/plain"] for cell in code[1:]]
        assert shown[0].startswith("Not tried yet: ")
        assert shown[1].startswith("Right: ")
        assert code[2].source.startswith(f"# @title Solution {name}\n")
        assert code[2].metadata.jupyter.source_hidden
        assert code[2].metadata.cellView == "form"
    assert sum("solution" in tags(cell) for cell in book.cells) == len(found)


def test_the_exercises_are_of_four_kinds(main_book):
    texts = [cells[0].source for cells in exercises(main_book)]
    kinds = {re.search(r"Predict|Change|Repair|Build", text)[0] for text in texts}
    assert len(texts) >= 4
    assert len(kinds) == 4


def test_no_attempt_changes_what_the_other_cells_see(book):
    """What attempts and solutions define, no other cell but their check reads."""
    defined, read = set(), set()
    for cell in book.cells:
        if cell.cell_type != "code" or cell.source == INSTALL:
            continue
        tree = ast.parse(cell.source)
        if {"exercise-attempt", "solution"} & set(tags(cell)):
            defined |= {
                getattr(node, "name", None) or node.targets[0].id
                for node in tree.body
                if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign)
            }
        elif "exercise-check" not in tags(cell):
            read |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert bool(defined) == bool(exercises(book))
    assert sorted(defined & read) == []


def test_predictions_come_before_what_answers_them(book):
    code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    asked = [cell for cell in book.cells if "prediction" in tags(cell)]
    for cell in asked:
        guess = cell.source.partition(" = predict(")[0]
        assert guess.isidentifier()
        assert list(cell.outputs[0].data) == ["text/plain"]
        answers = [i for i, text in enumerate(code) if f"{guess}.answer(" in text]
        assert answers
        assert answers[0] > code.index(cell.source)


def test_main_notebooks_ask_two_to_four_times(main_book):
    assert 2 <= sum("prediction" in tags(cell) for cell in main_book.cells) <= 4


@pytest.mark.parametrize("path", [*PATHS, CAPSTONE], ids=flat_name)
def test_ends_with_simplifications_exercises_and_sources(path):
    book = nbformat.read(path, as_version=4)
    text = "\n".join(c.source for c in book.cells if c.cell_type == "markdown")
    for heading in ("simplified", "Exercises", "Sources"):
        assert re.search(rf"^#+ .*{heading}", text, re.M | re.I), heading
