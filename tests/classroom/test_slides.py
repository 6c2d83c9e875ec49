"""From cells to slides: what stands there, what is said, and no file but one."""

import re

import nbformat
import pytest
from nbformat import v4

from tests.test_notebooks import NAMES, PATHS
from tools.classroom import slides

PNG = "iVBORw0KGgo="  # the beginning of a picture is enough


def prose(text, kind=None, **more):
    metadata = {"slideshow": {"slide_type": kind, **more}} if kind else {}
    return v4.new_markdown_cell(text, metadata=metadata)


def code(source, kind, *outputs):
    metadata = {"slideshow": {"slide_type": kind}}
    return v4.new_code_cell(source, metadata=metadata, outputs=[*outputs])


def shown(*data):
    return [v4.new_output("display_data", data=dict(pairs)) for pairs in data]


PICTURE = {"image/png": PNG, "text/plain": "<Figure>"}
TABLE = {"text/html": "<table><tr><td>line</td></tr></table>", "text/plain": "line"}


def chosen(*cells):
    return slides.chosen(v4.new_notebook(cells=[*cells])).cells


def test_a_slide_shows_the_first_paragraph_and_the_speaker_says_the_rest():
    text = "## Why?\n\n[![badge](b)](l)\n\nFirst.\n\nSecond.\n\n### More\n\nThird."
    slide, notes = chosen(prose(text, "slide"))
    assert slide.source == "## Why?\n\nFirst."
    assert notes.source == "Second.\n\nThird."
    assert notes.metadata.slideshow.slide_type == "notes"


def test_paragraphs_can_be_chosen():
    text = "Before.\n\n## Why?\n\nFirst.\n\nSecond."
    slide, notes = chosen(prose(text, "slide", paragraphs=[1, 2]))
    assert slide.source == "## Why?\n\nFirst.\n\nSecond."
    assert notes.source == "Before."


def test_cells_without_a_mark_are_on_no_slide_and_give_their_heading():
    cells = chosen(prose("# 01 · Why?\n\nText."), prose("No heading.", "slide"))
    assert [cell.source for cell in cells] == ["## 01 · Why?", "No heading."]
    kinds = [cell.metadata.slideshow.slide_type for cell in cells]
    assert kinds == ["slide", "-"]


def test_an_explorer_on_a_slide_is_run_and_lives_there():
    setup = code("x = 'living-explorer'", "-")
    del setup.metadata["slideshow"]
    cell = code(
        "import os\nfrom IPython.display import HTML\n"
        "HTML(f\"<{x}>{os.environ['SEQ2SEQ_LESSON_TEST']}\")",
        "fragment",
    )
    cell.metadata.tags = ["explorer"]
    other = code("1 / 0", "-")
    del other.metadata["slideshow"]
    cells = [setup, code("", "-"), code("", "-"), other, cell]
    book = slides.enlivened(v4.new_notebook(cells=cells))
    (output,) = book.cells[-1].outputs
    assert output.data["text/html"] == "<living-explorer>page"
    assert not slides.is_table(output)


def test_a_picture_stands_without_its_code_and_with_its_caption():
    cell = code("plt.show()", "fragment", *shown(PICTURE, TABLE))
    picture, notes = chosen(cell, prose("*Figure: a line.*\n\nIt `rises`."))
    assert picture.metadata.transient.remove_source
    assert [{*output.data} for output in picture.outputs] == [{*PICTURE}]
    assert picture.metadata.caption == "a line."
    assert notes.source == "*Figure: a line.*\n\nIt `rises`."


def test_two_pictures_in_a_row_share_the_words_behind_them():
    words = prose("*Figures: a map; below, a line.*")
    pictures = [code("plt.show()", "-", *shown(PICTURE)) for _ in range(2)]
    first, *_ = chosen(*pictures, words)
    assert first.metadata.caption == "a map; below, a line."


@pytest.mark.parametrize(("lines", "hidden"), [(slides.LONGEST, 0), (30, 1)])
def test_long_code_stands_aside_and_its_shapes_stay(lines, hidden):
    (cell,) = chosen(prose("## A"), code("a = 1\n" * lines, "-", *shown(TABLE)))
    assert bool(cell.metadata.get("transient")) == hidden
    assert slides.is_table(cell.outputs[0])


@pytest.mark.parametrize(("show", "kept"), [("output", 2), ("picture", 1)])
def test_an_output_can_stand_without_its_code(show, kept):
    cell = code("f()", "-", v4.new_output("stream", text="1"), *shown(PICTURE))
    cell.metadata.slideshow.show = show
    (cell,) = chosen(prose("## A"), cell)
    assert cell.metadata.transient
    assert len(cell.outputs) == kept
    assert "image/png" in cell.outputs[-1].data


def test_a_table_of_shapes_can_stand_alone():
    cell = code("f()", "-", v4.new_output("stream", text="1"), *shown(PICTURE, TABLE))
    cell.metadata.slideshow.show = "table"
    (cell,) = chosen(prose("## A"), cell)
    assert cell.metadata.transient
    assert [slides.is_table(output) for output in cell.outputs] == [True]


def test_a_prediction_is_a_question_with_its_choices():
    text = "How many?\n   ( ) none\n   ( ) all"
    asked = code("g = predict()", "-", *shown({"text/plain": text}))
    asked.metadata.tags = ["prediction"]
    (cell,) = chosen(prose("## A"), asked)
    assert cell.cell_type == "markdown"
    assert cell.source == "**How many?**\n\n- none\n- all"


def test_an_error_is_told_in_a_line():
    error = v4.new_output("error", ename="E", evalue="so", traceback=["a", "b"])
    (cell,) = chosen(prose("## A"), code("f()", "-", error))
    assert cell.outputs[0].traceback == ["E: so"]


def test_a_deck_is_one_file_with_notes_and_formulas(tmp_path, monkeypatch):
    monkeypatch.setattr(slides, "reveal", lambda: ("/* style */", "// script"))
    book = v4.new_notebook(
        cells=[
            prose("# 01 · Why <b>?\n\nThe sum $a+b$.\n\nSaid.", "slide"),
            code("plt.show()", "fragment", *shown(PICTURE)),
            prose("*Figure: a line.*"),
        ]
    )
    slides.write_deck(book, tmp_path / "deck.html")
    deck = (tmp_path / "deck.html").read_text("utf-8")
    assert "// script" in deck
    assert "<math" in deck
    assert 'alt="a line."' in deck
    assert deck.count("<section") == 2
    assert re.search(r'<aside class="notes">.*?Said', deck, re.S)
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', deck)


def test_without_a_network_and_a_copy_the_remedy_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_DATA", str(tmp_path))
    monkeypatch.setattr(slides, "REVEAL", "http://127.0.0.1:9/reveal.tgz")
    with pytest.raises(ValueError, match="put the file into"):
        slides.reveal()


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_each_notebook_has_slides_for_a_lecture(path):
    cells = slides.chosen(nbformat.read(path, as_version=4)).cells
    kinds = [cell.metadata.slideshow.slide_type for cell in cells]
    assert kinds[0] == "slide"
    assert 10 <= kinds.count("slide") <= 15
    assert set(kinds) <= {"slide", "fragment", "-", "notes"}
