"""From cells to slides: what stands there, what is said, and no file but one."""

import re

import nbformat
import pytest
from nbformat import v4

from tests.test_notebooks import NAMES, PATHS
from tools.classroom import slides
from tools.classroom.slides_plan import Part
from tools.exercise_cells import tags

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


def test_a_slide_has_room_for_forty_words():
    text = "## 3. Why?\n\nOne " + "word " * 37 + "ends. Two. Three is said."
    slide, notes = chosen(prose(text, "slide"))
    assert slide.source.startswith("## Why?\n\nOne word")
    assert slide.source.endswith("ends. Two.")
    assert notes.source == "Three is said."


def test_a_slide_may_say_it_in_its_own_words():
    slide, notes = chosen(prose("## Why?\n\nAll of it.", "slide", says="Briefly."))
    assert slide.source == "## Why?\n\nBriefly."
    assert notes.source == "All of it."


def test_numbers_that_begin_a_slide_may_say_what_they_are():
    cell = code("f()", "slide", v4.new_output("stream", text="1"))
    cell.metadata.slideshow.says = "Of three seeds."
    head, *_ = chosen(prose("## 3. Why?"), cell)
    assert head.source == "## Why?\n\nOf three seeds."


def test_notes_are_not_folded():
    folded = "<details><summary>What it means</summary>\n\nIt is so.\n</details>\n\nOr?"
    (*_, notes) = chosen(prose("## A"), code("f()", "slide"), prose(folded))
    assert notes.source == "It is so.\n\n\nOr?"


def test_a_title_has_no_notes_and_no_advice_for_colab():
    text = "# 01 · Why?\n\n[![b](b)](l)\n\nOn Colab, save.\n\nAsked.\n\nYou need time."
    (slide,) = chosen(prose(text, "slide"))
    assert slide.source == "# 01 · Why?\n\nAsked."


def test_a_copy_is_drawn_once_with_figures_as_svg(tmp_path, monkeypatch):
    monkeypatch.setattr(slides, "DRAWN", tmp_path / "drawn")
    source = (
        "import os\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
        "print(os.environ['SEQ2SEQ_LESSON_TEST'])"  # a page: explorers are alive there
    )
    path = tmp_path / "01_toy.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(source)]), path)
    book = slides.drawn([path])["01"]
    kinds = {*(kind for o in book.cells[0].outputs for kind in o.get("data", {}))}
    assert kinds == {"image/svg+xml", "image/png", "text/plain"}
    assert book.cells[0].outputs[-1].text == "page\n"
    monkeypatch.setattr(slides, "execute", lambda *_, **__: "failed: again")
    assert slides.drawn([path])["01"] == book
    path.touch()
    with pytest.raises(RuntimeError, match="again"):
        slides.drawn([path])


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


def answered(*choices):
    """The cells of a prediction: its question, its answer's evidence, what it means."""
    text = "\n".join(["How many?", *(f"   ( ) {choice}" for choice in choices)])
    asked = code("g = predict()", "-", *shown({"text/plain": text}))
    asked.metadata.tags = ["prediction"]
    told = v4.new_output("stream", text="a number: 3\nMeasured: all of them.\n")
    return chosen(
        prose("## 2. A"),
        asked,
        code("g.answer()", "fragment", told),
        prose("It means."),
    )


def test_a_prediction_is_a_question_and_its_answer_comes_last(monkeypatch):
    wrong = {"How many?": "*none*: it sounds so"}
    monkeypatch.setattr(slides, "wrong_answers", lambda: wrong)
    asked, told, evidence, means, measured, again = answered("no <pad>", "all of them")
    assert asked.source == (
        '**How many?**\n\n1. no &lt;pad&gt;\n1. <span class="found">all of them</span>'
    )
    assert evidence.outputs[0].text == "a number: 3\n"
    assert measured.source == "Measured: **B, all of them**"
    assert measured.metadata.slideshow.slide_type == "fragment"
    assert told.source == again.source == "*none*: it sounds so"
    assert means.source == "It means."
    kinds = [cell.metadata.slideshow.slide_type for cell in (told, means, again)]
    assert kinds == ["notes"] * 3


def test_a_slide_takes_its_words_its_pictures_and_its_vote():
    picture = [prose("## A\n\n" + "word " * 26 + "$$x$$", "slide")]
    picture += [code("plt.show()", "-", *shown(PICTURE)), prose("*Figure: a b c.*")]
    (slide,) = slides.slides_of(v4.new_notebook(cells=[prose("# 01 · T"), *picture]))
    assert slide[0].metadata.slideshow.data == {"foot": "01 · T", "timing": 53}
    asked = [cell for cell in answered("none", "all of them") if "asked" in tags(cell)]
    assert slides.seconds(asked) == 90


def test_notes_tell_the_minutes_and_those_gone_by():
    data = {"slide_type": "slide", "data": {"timing": 90}}
    one, two = ([prose("## A", "slide")] for _ in range(2))
    for slide in (one, two):
        slide[0].metadata.slideshow = data
    notes = [slide[1].source for slide in slides.timed([one, two])]
    assert notes == [
        "1.5 minutes; at its end 2 of 3",
        "1.5 minutes; at its end 3 of 3",
    ]


def test_a_plan_takes_slides_in_its_own_order_and_tells_the_rest(monkeypatch):
    parts = [Part(9, "look", "deck 02, slides 2 and 1"), Part(5, "rest", "5 minutes")]
    parts.append(Part(5, "both", "deck 02, slide 1; 4 minutes: talk"))
    monkeypatch.setattr(slides, "plan", lambda name: parts)
    deck = [[prose(f"## {n}", "slide", data={})] for n in (1, 2)]
    found = [slide[0] for slide in slides.parts_of("lecture", {"02": deck})]
    texts = [
        "## 2",
        "## 1",
        "# rest\n\n5 minutes",
        "## 1",
        "# both\n\n4 minutes: talk",
    ]
    assert [cell.source for cell in found] == texts
    assert found[2].metadata.slideshow.data == {"foot": "rest", "timing": 300}


def test_an_error_is_told_in_a_line():
    error = v4.new_output("error", ename="E", evalue="so", traceback=["a", "b"])
    (cell,) = chosen(prose("## A"), code("f()", "-", error))
    assert cell.outputs[0].traceback == ["E: so"]


def test_a_deck_is_one_file_with_notes_and_formulas(tmp_path, monkeypatch):
    monkeypatch.setattr(slides, "reveal", lambda: ("/* style */", "// script"))
    drawing = {"image/svg+xml": "<svg>é</svg>", **PICTURE}
    book = v4.new_notebook(
        cells=[
            prose("# 01 · Why <b>?", "slide"),
            prose("## 1. A\n\nThe sum $a+b$.\n\nSaid.", "slide"),
            code("plt.show()", "fragment", *shown(drawing)),
            prose("*Figure: a line.*"),
        ]
    )
    slides.write_deck("A deck", slides.slides_of(book), tmp_path / "deck.html")
    deck = (tmp_path / "deck.html").read_text("utf-8")
    assert "// script" in deck
    assert "<math" in deck
    assert 'src="data:image/svg+xml;base64,PHN2Zz7DqTwvc3ZnPg=="' in deck
    assert "image/png" not in deck
    assert 'alt="a line."' in deck
    assert deck.count("<section") == 4
    assert 'data-foot="01 · Why &lt;b&gt;?"' in deck
    assert re.search(r'<aside class="notes">.*?Said', deck, re.S)
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', deck)


def test_without_a_network_and_a_copy_the_remedy_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_DATA", str(tmp_path))
    monkeypatch.setattr(slides, "REVEAL", "http://127.0.0.1:9/reveal.tgz")
    with pytest.raises(ValueError, match="put the file into"):
        slides.reveal()


@pytest.fixture(params=PATHS, ids=NAMES, scope="module")
def lesson(request):
    return slides.slides_of(nbformat.read(request.param, as_version=4))


def test_each_notebook_has_slides_for_a_lecture(lesson):
    assert 10 <= len(lesson) <= 16
    kinds = {c.metadata.slideshow.slide_type for slide in lesson for c in slide}
    assert kinds <= {"slide", "fragment", "-", "notes"}


def words_of(slide):
    """A slide's prose: no headings, questions, tables and formulas."""
    there = [
        cell.source
        for cell in slide
        if cell.cell_type == "markdown" and not tags(cell)
        if cell.metadata.slideshow.slide_type != "notes"
    ]
    return re.sub(r"(?ms)^#.*?$|^\|.*?$|\$\$.*?\$\$", "", "\n\n".join(there)).split()


def test_a_slide_has_forty_words_of_prose_at_most(lesson):
    counts = {slide[0].source: len(words_of(slide)) for slide in lesson}
    assert {text: n for text, n in counts.items() if n > slides.MOST} == {}


def test_no_slide_begins_with_a_heading_alone(lesson):
    for slide in lesson:
        first = [c for c in slide if c.metadata.slideshow.slide_type in ("slide", "-")]
        only = all(c.cell_type == "markdown" and not tags(c) for c in first)
        formula = any("$$" in c.source for c in first)
        assert not only or words_of(first) or formula, slide[0].source


def test_numbers_stand_on_no_slide_without_a_word(lesson):
    bare = [
        slide[0].source
        for slide in lesson
        if not words_of(slide) and not any("asked" in tags(c) for c in slide)
        for c in slide
        if c.metadata.get("transient")
        and any(o.output_type == "stream" for o in c.outputs)
    ]
    assert not bare


def test_slides_speak_of_no_section_and_of_no_article_by_its_letter(lesson):
    for slide in lesson:
        for cell in slide:
            if cell.metadata.slideshow.slide_type == "notes":
                continue
            outputs = [o.get("text", "") for o in cell.get("outputs", [])]
            hidden = cell.metadata.get("transient", {}).get("remove_source")
            shown = "\n".join([*outputs, "" if hidden else cell.source])
            elsewhere = r"\b(?:[Ss]ections? \d|[Aa]rticles? [AB]\b|notebook \d)"
            assert not re.findall(elsewhere, shown), shown


def test_each_answer_is_marked_among_its_choices(lesson):
    asked = [c for slide in lesson for c in slide if "asked" in tags(c)]
    marks = [c for slide in lesson for c in slide if "measured" in tags(c)]
    assert len(asked) == len(marks) >= 2
    assert all(cell.source.count('class="found"') == 1 for cell in asked)
    evidence = [
        o.get("text", "") for s in lesson for c in s for o in c.get("outputs", [])
    ]
    assert not any("Measured:" in text for text in evidence)
